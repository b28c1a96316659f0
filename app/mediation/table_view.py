"""Tables as they are sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.errors import not_found
from app.dispatch import queries as dispatch
from app.dispatch.schemas import StationRef
from app.identity import rules as who
from app.identity.rules import Actor
from app.incidents.lifecycle.posts import post_of
from app.incidents.lifecycle.who_may import LEADERS, ORDER
from app.incidents.rules import Tier
from app.mediation import queries, rules
from app.mediation.queries import AnyRow
from app.mediation.rules import Act, Table
from app.mediation.schemas import (
    AgreementMade,
    CaseOfMediation,
    HistoryEntry,
    Mediation,
    MeetingTime,
    Participant,
    Room,
)
from app.places import service as places

OPERATION_OF = {
    Act.CALL_IN: "call_in_unit",
    Act.ANSWER: "answer_call",
    Act.MEETING: "set_meeting",
    Act.MET: "note_met",
    Act.OUTCOME: "record_outcome",
    Act.PERFORMANCE: "record_performance",
    Act.FOLLOW_UP: "record_follow_up",
    Act.CANCEL: "cancel_mediation",
}
"""By which operation something is done; who may do it stands in `identity.rules`."""


def leads(actor: Actor, tier: str) -> bool:
    """Whether a post may lead the table of a case that a tier carries. Units that sit at it are
    asked by role alone."""
    post = post_of(actor)
    if post.role not in LEADERS:
        return True
    carrying = max(Tier(tier), Tier.WORKSTATION, key=ORDER.__getitem__)
    return ORDER[post.tier] >= ORDER[carrying]


def table_of(session: Session, mediation_id: UUID) -> Table:
    """A table as its last event left it.

    Raises:
        Problem: 404.
    """
    log = queries.logs(session, [mediation_id]).get(mediation_id, [])
    table = rules.replay(map(queries.event_of, log))
    if table is None:
        raise not_found("mediation", mediation_id)
    return table


def views(session: Session, rows: Sequence[AnyRow], actor: Actor, now: datetime) -> list[Mediation]:
    """Tables as they stand now, in the order of `rows`."""
    logs = queries.logs(session, [row.id for row in rows])
    folded = {key: rules.replay(map(queries.event_of, log)) for key, log in logs.items()}
    tables = {key: table for key, table in folded.items() if table is not None}
    units = dispatch.units_by_id(
        session, sorted({unit for table in tables.values() for unit in table.units})
    )
    rooms = queries.rooms_by_id(
        session, (table.meeting.room_id for table in tables.values() if table.meeting)
    )
    chains = places.chains(session, (row.cell_code for row in rows), now)
    return [
        Mediation(
            id=row.id,
            version=tables[row.id].version,
            state=tables[row.id].state,
            incident=CaseOfMediation(
                id=row.incident_id, no=row.no, title=row.title, category=row.category,
                status=row.status, chain=chains[row.cell_code],
            ),
            participants=_participants(tables[row.id], units),
            meeting=_meeting(tables[row.id], rooms),
            outcome=tables[row.id].outcome,
            agreement=_agreement(tables[row.id]),
            satisfaction=tables[row.id].satisfaction,
            history=_history(logs[row.id], units),
            next=_next(tables[row.id], row, actor),
        )
        for row in rows
        if row.id in tables
    ]  # fmt: skip


def room(row: AnyRow) -> Room:
    """A room as it is sent."""
    return Room(id=row.id, name=row.name, seats=row.seats, station=_station(row))


def _station(row: AnyRow) -> StationRef:
    return StationRef(
        id=row.station_id, name=row.station_name, kind=row.station_kind,
        area_code=row.station_area,
    )  # fmt: skip


def _participants(table: Table, units: dict[int, AnyRow]) -> list[Participant]:
    return [
        Participant(
            unit_id=unit_id,
            call_sign=units[unit_id].call_sign if unit_id in units else "",
            role=units[unit_id].role if unit_id in units else "",
            station=_station(units[unit_id]) if unit_id in units else None,
            answer=answer,
        )
        for unit_id, answer in table.units.items()
    ]


def _meeting(table: Table, rooms: dict[int, AnyRow]) -> MeetingTime | None:
    meeting = table.meeting
    if meeting is None or meeting.room_id not in rooms:
        return None
    return MeetingTime(
        starts_at=meeting.starts_at, ends_at=meeting.ends_at, room=room(rooms[meeting.room_id])
    )


def _agreement(table: Table) -> AgreementMade | None:
    made = table.agreement
    if made is None:
        return None
    return AgreementMade(
        terms=made.terms,
        amount_yuan=float(made.amount_yuan) if made.amount_yuan is not None else None,
        due_on=made.due_on,
        performance=made.performance,
        performed_at=made.performed_at,
    )


def _history(log: Sequence[AnyRow], units: dict[int, AnyRow]) -> list[HistoryEntry]:
    return [
        HistoryEntry(
            at=row.at,
            what=row.what,
            by_role=row.role,
            unit=units[row.unit_id].call_sign if row.unit_id in units else None,
            reason=row.reason,
        )
        for row in log
    ]


def _next(table: Table, row: AnyRow, actor: Actor) -> list[Act]:
    if not leads(actor, row.tier):
        return []
    return [act for act in rules.possible(table) if who.may(actor.role, OPERATION_OF[act])]
