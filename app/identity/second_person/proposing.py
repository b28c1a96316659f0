"""Proposing what takes two persons, instead of doing it."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import FieldError, Problem
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.identity.rules import Actor, Role
from app.identity.second_person import queries
from app.identity.second_person.rules import ProposalKind


@dataclass(frozen=True)
class Wish:
    """What an admin wants done.

    Attributes:
        account: login of the post; None for a sheet.
        area_code: of the grant; else where the account belongs.
        password_hash, subject_hash: what is to be set.
        grants: of a sheet, each as {account, role, area}.
    """

    kind: ProposalKind
    account_id: int | None
    account: str | None
    area_code: int
    role: Role | None = None
    until: datetime | None = None
    password_hash: str | None = None
    subject_hash: bytes | None = None
    grants: list[dict[str, Any]] | None = None


_FIELDS = {
    ProposalKind.GRANT: "role",
    ProposalKind.RESET: "password",
    ProposalKind.LINK: "subject",
    ProposalKind.ENABLE: "disabled",
    ProposalKind.FACTOR: "second_factor",
    ProposalKind.SHEET: "file",
}


def propose(session: Session, actor: Actor, wish: Wish) -> int:
    """Let a wish wait for a second person; its number.

    Raises:
        Problem: 409 where the same waits already.
    """
    role = wish.role.value if wish.role else None
    if wish.account_id is not None and queries.is_waiting(
        session, wish.account_id, wish.kind, role, wish.area_code
    ):
        raise Problem(
            HTTPStatus.CONFLICT,
            "already-proposed",
            "Already proposed",
            f"That waits for a second person already: see the proposals of {wish.account}.",
            (FieldError(_FIELDS[wish.kind], "is proposed already"),),
        )
    no = queries.add(
        session,
        {
            "kind": wish.kind.value,
            "account_id": wish.account_id,
            "area_code": wish.area_code,
            "role": role,
            "until": wish.until,
            "password_hash": wish.password_hash,
            "subject_hash": wish.subject_hash,
            "grants": wish.grants,
            "proposed_by": actor.name,
        },
    )
    detail = f"{no}: {in_words(wish.kind, wish.account, role, wish.area_code, wish.grants)}"
    audit.record(session, actor, AuditKind.PROPOSAL_MADE, area_code=wish.area_code, detail=detail)
    return no


def in_words(
    kind: ProposalKind,
    account: str | None,
    role: str | None,
    area_code: int,
    grants: list[dict[str, Any]] | int | None = None,
) -> str:
    """A proposal as the audit tells it."""
    if kind is ProposalKind.SHEET:
        return f"{grants if isinstance(grants, int) else len(grants or [])} grants of a sheet"
    return f"{kind.value} {account}" + (f": {role} in {area_code}" if role else "")
