"""Ending a proposal: another admin confirms or refuses it, or its own takes it back.

Who confirms must be able to do by themselves what is proposed, apart from being the second person.
"""

from collections.abc import Iterator
from http import HTTPStatus
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import reading
from app.core.errors import Problem, not_found
from app.core.paging import cut, decode_cursor
from app.identity import accounts, audit, linking
from app.identity.account_view import area_of
from app.identity.audit_words import AuditKind
from app.identity.changes.rules import ChangeStage
from app.identity.changes.service import Progress, changing_many
from app.identity.queries import AnyRow
from app.identity.rules import Actor, Role
from app.identity.second_factor import resetting
from app.identity.second_person import proposing, queries, release, rules
from app.identity.second_person.rules import Hindrance, ProposalKind, ProposalState
from app.identity.second_person.schemas import (
    Confirmed,
    Proposal,
    ProposalDetail,
    ProposalPage,
    ProposalsQuery,
    ProposedGrant,
    ReleaseCode,
)
from app.identity.second_person.view import hindrance, shown
from app.identity.step_up import require_step_up


def list_proposals(engine: Engine, actor: Actor | None, query: ProposalsQuery) -> ProposalPage:
    """Proposals about the actor's area, newest first; None: all of them, for the console."""
    after = decode_cursor(query.cursor, (int,))
    with reading(engine) as session:
        total, rows = queries.page(
            session,
            area_of(actor),
            waiting=query.waiting,
            before=after[0] if after else None,
            limit=query.limit + 1,
        )
        sent, following = cut(rows, query.limit, lambda row: [row.no])
        return ProposalPage(total=total, items=shown(session, actor, sent), next=following)


def get_proposal(engine: Engine, actor: Actor | None, no: int) -> ProposalDetail:
    """One proposal, with each grant of its sheet.

    Raises:
        Problem: 404 where there is none such about the actor's area.
    """
    with reading(engine) as session:
        row = _seen(session, actor, no)
        lines = [
            ProposedGrant(account=one["account"], role=Role(one["role"]), area=one["area"])
            for one in queries.grants_of(session, no)
        ]
        return ProposalDetail(**shown(session, actor, [row])[0].model_dump(), lines=lines)


def confirm(
    engine: Engine, actor: Actor | None, no: int, change_id: UUID | None = None
) -> Confirmed:
    """Do what was proposed, in the name of two persons; None: the console is the second one.

    Args:
        change_id: by which the confirmer asks how far it is, and can cancel it (`changes`).

    Raises:
        Problem: 403 `step-up`; 404; 403 `not-second-person` where the actor cannot be the second;
            409 `proposal-ended`, `change-cancelled`; what doing it by oneself would be refused for.
    """
    if actor is not None:
        require_step_up(actor)
    with changing_many(engine, actor, change_id) as progress:
        progress.tell(ChangeStage.WRITING)
        return _confirmed(engine, actor, no, progress)


def _confirmed(engine: Engine, actor: Actor | None, no: int, progress: Progress) -> Confirmed:
    with accounts.changing(engine) as session:
        row = _waiting(session, actor, no)
        why_not = hindrance(session, actor, row)
        if why_not is not None:
            raise _not_second(why_not)
        codes = list(_carry_out(session, actor, row))
        progress.end_in(session)
        _end(session, actor, row, ProposalState.CONFIRMED, AuditKind.PROPOSAL_CONFIRMED)
        return Confirmed(proposal=_again(session, actor, no), codes=codes)


def refuse(engine: Engine, actor: Actor, no: int) -> Proposal:
    """Let nothing come of a proposal of somebody else.

    Raises:
        Problem: 404; 409 `proposal-ended`; 403 `not-second-person` for one's own.
    """
    with accounts.changing(engine) as session:
        row = _waiting(session, actor, no)
        if row.proposed_by == actor.name:
            raise _not_second(Hindrance.OWN)
        _end(session, actor, row, ProposalState.REFUSED, AuditKind.PROPOSAL_REFUSED)
        return _again(session, actor, no)


def withdraw(engine: Engine, actor: Actor, no: int) -> Proposal:
    """Take back what one proposed oneself.

    Raises:
        Problem: 404, also for somebody else's; 409 `proposal-ended`.
    """
    with accounts.changing(engine) as session:
        row = _waiting(session, actor, no)
        if row.proposed_by != actor.name:
            raise not_found("proposal of your own:", no)
        _end(session, actor, row, ProposalState.WITHDRAWN, AuditKind.PROPOSAL_WITHDRAWN)
        return _again(session, actor, no)


def _seen(session: Session, actor: Actor | None, no: int) -> AnyRow:
    row = queries.one(session, area_of(actor), no)
    if row is None:
        raise not_found("proposal", no)
    return row


def _waiting(session: Session, actor: Actor | None, no: int) -> AnyRow:
    row = _seen(session, actor, no)
    now_is = rules.state(row.ended_how, row.expires_at, utc_now())
    if now_is is not ProposalState.WAITING:
        raise Problem(
            HTTPStatus.CONFLICT,
            "proposal-ended",
            "Ended already",
            f"Proposal {no} does not wait any more: it is {now_is.value}.",
        )
    return row


def _carry_out(session: Session, actor: Actor | None, row: AnyRow) -> Iterator[ReleaseCode]:
    """What was proposed, as the confirmer's own deed."""
    kind, how = ProposalKind(row.kind), f"proposed by {row.proposed_by}"
    if kind is ProposalKind.SHEET:
        yield from _carry_out_sheet(session, actor, row, how)
        return
    if kind is ProposalKind.GRANT:
        terms = accounts.Terms(Role(row.role), row.area_code, row.until)
        accounts.add_grant(session, actor, row.account, terms, how)
    elif kind is ProposalKind.FACTOR:
        resetting.reset_in(session, actor, row.account, how)
    elif kind is ProposalKind.LINK:
        linking.link_in(session, actor, row.account, bytes(row.subject_hash), how)
    else:
        accounts.change_in(
            session,
            actor,
            row.account,
            secret=row.password_hash,
            disabled=False if kind is ProposalKind.ENABLE else None,
            how=how,
        )
    code = release.lock_up(session, row.account_id, kind)
    if code is not None:
        yield ReleaseCode(account=row.account, code=code)


def _carry_out_sheet(
    session: Session, actor: Actor | None, row: AnyRow, how: str
) -> Iterator[ReleaseCode]:
    given = queries.grants_of(session, row.no)
    added = accounts.add_grants(session, actor, given)
    ids = accounts.ids_of(session, {one["account"] for one in given})
    for name, code in release.lock_up_several(session, ids).items():
        yield ReleaseCode(account=name, code=code)
    accounts.record_grants(session, actor, added, how)


def _end(
    session: Session, actor: Actor | None, row: AnyRow, how: ProposalState, kind: AuditKind
) -> None:
    queries.end(session, row.no, how, actor.name if actor else None)
    words = proposing.in_words(
        ProposalKind(row.kind), row.account, row.role, row.area_code, row.grants
    )
    detail = f"{row.no}: {words}, proposed by {row.proposed_by}"
    audit.record(session, actor, kind, area_code=row.area_code, detail=detail)


def _again(session: Session, actor: Actor | None, no: int) -> Proposal:
    return shown(session, actor, [_seen(session, actor, no)])[0]


def _not_second(why: Hindrance) -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "not-second-person",
        "Another person must do it",
        rules.HINDERED[why],
    )
