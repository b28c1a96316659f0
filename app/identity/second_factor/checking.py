"""Checking a code: of the authenticator app, or a recovery code. Each is used once."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import FieldError, Problem
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.identity.queries import AnyRow
from app.identity.rules import Role
from app.identity.second_factor import queries, rules
from app.identity.second_factor.sealing import Seal, Sealed


@dataclass(frozen=True)
class Passed:
    """What a code that was right has used.

    Attributes:
        recovery_left: how many recovery codes are left, where one of them was used; else None.
    """

    recovery_left: int | None = None


@dataclass(frozen=True)
class By:
    """Who is signing in, as the audit names them."""

    name: str
    role: Role


def check(
    session: Session,
    seal: Seal,
    account_id: int,
    code: str | None,
    now: datetime,
    *,
    status: HTTPStatus,
) -> Passed:
    """Let whoever gave the right code go on; an account without a factor needs none.

    What is used is used when the caller's transaction ends well; no other one uses it meanwhile.

    Args:
        code: None where none was given.
        status: with which it is refused: 401 at sign-in, 403 in a session.

    Raises:
        Problem: `code-needed` without a code; `wrong-code`; 503 where the key file cannot be used.
    """
    if code is None and queries.recovery_codes(session, account_id) is None:
        return Passed()
    if code is None:
        raise code_needed(status)
    # A recovery code opens without the key file, too.
    ring = seal.ring(session) if rules.is_of_app(code) else None
    held = queries.held(session, account_id)
    if held is None:
        return Passed()
    if ring is None:
        return _recovered(session, held, account_id, code, status)
    secret = rules.as_secret(ring.open(held.id, sealed_of(held)).decode())
    step = rules.matching_step(secret, code, now, held.last_step)
    if step is None:
        raise wrong_code(status)
    queries.change(session, held.id, {"last_step": step})
    return Passed()


def _recovered(
    session: Session, held: AnyRow, account_id: int, code: str, status: HTTPStatus
) -> Passed:
    given = rules.recovery_hash(account_id, code)
    left = [kept for kept in held.recovery_hashes if not hmac.compare_digest(bytes(kept), given)]
    if len(left) == len(held.recovery_hashes):
        raise wrong_code(status)
    queries.change(session, held.id, {"recovery_hashes": left})
    return Passed(recovery_left=len(left))


def note(session: Session, passed: Passed, by: audit.Acting, area_code: int) -> None:
    """Write down that a recovery code was used; codes of the app are used every day."""
    if passed.recovery_left is None:
        return
    detail = f"{by.name}: {passed.recovery_left} left"
    audit.record(session, by, AuditKind.RECOVERY_CODE_USED, area_code=area_code, detail=detail)


def sealed_of(row: AnyRow) -> Sealed:
    """The sealed secret of a row of `queries`."""
    return Sealed(row.key_id, bytes(row.nonce), bytes(row.sealed))


def code_needed(status: HTTPStatus) -> Problem:
    """The password is right, and the account has a second factor."""
    return Problem(
        status,
        "code-needed",
        "Code needed",
        "This account has a second factor: give the code of its authenticator app as well.",
        (FieldError("code", "is needed"),),
    )


def wrong_code(status: HTTPStatus) -> Problem:
    """Neither a code of these minutes nor a recovery code, or one that was used before."""
    return Problem(
        status,
        "wrong-code",
        "Wrong code",
        "That code is wrong, or was used before: each is good for one use.",
        (FieldError("code", "is not that of this account"),),
    )
