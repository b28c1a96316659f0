"""Proposals as an admin sees them, and whether they could be the second person."""

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.identity import service
from app.identity.queries import AnyRow, Rows
from app.identity.rules import Actor, Role
from app.identity.second_person import queries, rules
from app.identity.second_person.rules import Hindrance, ProposalKind, ProposalState
from app.identity.second_person.schemas import Proposal
from app.places import queries as places


def shown(session: Session, actor: Actor | None, rows: Rows) -> list[Proposal]:
    """Rows of `queries` as they are answered to somebody; None: to the console."""
    named = places.names(session, {row.area_code for row in rows}, utc_now())
    return [_shown(session, actor, row, named.get(row.area_code)) for row in rows]


def _shown(session: Session, actor: Actor | None, row: AnyRow, area: AnyRow | None) -> Proposal:
    now_is = rules.state(row.ended_how, row.expires_at, utc_now())
    is_waiting = now_is is ProposalState.WAITING
    return Proposal(
        no=row.no,
        kind=ProposalKind(row.kind),
        account=row.account,
        known_to=list(row.known_to),
        role=Role(row.role) if row.role else None,
        area=service.granted_area(row.area_code, area),
        until=row.until,
        grants=row.grants,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        state=now_is,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
        own=actor is not None and row.proposed_by == actor.name,
        hindrance=hindrance(session, actor, row) if is_waiting else None,
    )


def hindrance(session: Session, actor: Actor | None, row: AnyRow) -> Hindrance | None:
    """Why somebody cannot confirm a proposal; None where they can, as the console always can:
    it is nobody's account, and whoever has it has the database."""
    if actor is None:
        return None
    return rules.hindrance(
        rules.Second(
            proposer=row.proposed_by,
            confirmer=actor.name,
            proposer_circle=queries.circle(session, [row.proposed_by]),
            confirmer_circle=queries.circle(session, [actor.name]),
            subject_circle=queries.circle(session, _about(session, row)),
            admin_since=queries.granted_at(session, actor.grant_id),
            proposed_at=row.proposed_at,
            proposer_administers=queries.administers(session, row.proposed_by, row.area_code),
        )
    )


def _about(session: Session, row: AnyRow) -> set[str]:
    if row.account is not None:
        return {row.account}
    return {one["account"] for one in queries.grants_of(session, row.no)}
