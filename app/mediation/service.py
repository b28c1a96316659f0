"""Deciding about joint mediation: every act under a lock, logged, told; the case goes along."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import NoReturn
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from app.core.audiences import Audience
from app.core.clock import CITY_ZONE
from app.core.errors import FieldError, Problem, invalid, not_found
from app.core.outbox import emit
from app.core.paging import cut, decode_cursor
from app.dispatch import queries as dispatch
from app.dispatch.rules import UnitRole
from app.identity.rules import Actor
from app.incidents import queries as incident_queries
from app.incidents import rules as cases
from app.incidents.cases.service import for_cursor, from_cursor
from app.incidents.clocks.limits import Calendar
from app.incidents.rules import Status, Step
from app.incidents.steps import carrying
from app.incidents.steps import service as steps
from app.mediation import openings, queries, rules, table_view
from app.mediation.openings import Taken
from app.mediation.queries import AnyRow
from app.mediation.rules import Act, Answer, Event, Performance, Table, TableState
from app.mediation.schemas import (
    CalledUnit,
    Cancelled,
    Mediation,
    MediationPage,
    MediationQuery,
    MeetingTime,
    NewFollowUp,
    NewOutcome,
    NewPerformance,
    OpeningPage,
    PlannedMeeting,
    RoomPage,
    UnitAnswer,
    Versioned,
)

CHANGED_TOPIC = "mediation.changed"
MOST_OPENINGS = 400
log = structlog.get_logger()
LATEST_DUE = timedelta(days=3660)
# States of a case that wait for something else first.
NOT_NOW = frozenset({Status.PENDING_VERIFY, Status.SUSPENDED})


def open_table(session: Session, report_id: UUID, actor: Actor, now: datetime) -> Mediation:
    """Open the table of a dispute.

    Raises:
        Problem: 404; 409 where the case is no dispute, has ended or waits for something else, or a
            table stands already; 403 where another tier carries it.
    """
    known = incident_queries.receipt(session, report_id)
    if known is None:
        raise not_found("incident", report_id)
    case = incident_queries.lock(session, known.no, known.reported_at)
    status = carrying.status_of(session, known.no, now)
    if cases.kind_of(case.category) != "dispute":
        _refuse("no-dispute", "Not a dispute", "Only a dispute (10xx) is mediated.")
    if not cases.is_open(status) or status in NOT_NOW:
        _refuse("case-not-open", "The case is not open", f"It stands at {status}.")
    row = incident_queries.one(session, known.no, known.reported_at)
    if not table_view.leads(actor, row.tier):
        raise _not_yours(row.tier)
    mediation_id = uuid4()
    if not queries.add(
        session, id=mediation_id, no=known.no, cell_code=case.cell_code, opened_at=now,
        state=TableState.CALLED,
    ):  # fmt: skip
        _refuse("already-open", "A table stands already", "The dispute has a table already.")
    opened = Event(now, 1, Act.OPENED)
    _log(session, _known(session, mediation_id), opened, actor)
    return _told(session, mediation_id, rules.apply(None, opened), actor, now)


def list_mediations(
    session: Session, query: MediationQuery, actor: Actor, now: datetime
) -> MediationPage:
    """The tables that the query selects, the newest first.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, int))
    before = (from_cursor(key[0]), int(key[1])) if key else None
    total, rows = queries.page(session, query.area, query.state, query.limit, before)
    sent, following = cut(rows, query.limit, lambda row: [for_cursor(row.opened_at), row.no])
    items = table_view.views(session, sent, actor, now)
    return MediationPage(total=total, items=items, next=following)


def get_mediation(session: Session, mediation_id: UUID, actor: Actor, now: datetime) -> Mediation:
    """One table as it stands now.

    Raises:
        Problem: 404.
    """
    return table_view.views(session, [_known(session, mediation_id)], actor, now)[0]


def list_rooms(session: Session, area: int | None, now: datetime) -> RoomPage:
    """Rooms in an area or above it."""
    items = [table_view.room(row) for row in queries.rooms(session, area, now)]
    return RoomPage(total=len(items), items=items, next=None)


def list_openings(
    session: Session, mediation_id: UUID, days: int, calendar: Calendar, now: datetime
) -> OpeningPage:
    """Hours of work in which everybody who did not say no, and a room of this place, are free.

    Raises:
        Problem: 404.
    """
    row = _known(session, mediation_id)
    table = table_view.table_of(session, mediation_id)
    rooms = {one.id: one for one in queries.rooms(session, row.cell_code, now)}
    during = (now, now + timedelta(days=days + 1))
    taken = queries.taken(session, list(rooms), table.coming, during, mediation_id)
    rooms_taken: dict[int, list[Taken]] = {}
    for one in taken:
        if one.room_id is not None:
            rooms_taken.setdefault(one.room_id, []).append(Taken(one.since, one.until))
    units_taken = [Taken(one.since, one.until) for one in taken if one.unit_id is not None]
    hours = openings.work_hours(calendar, now, days)
    found = list(openings.openings(list(rooms), rooms_taken, units_taken, hours))
    items = [
        MeetingTime(
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            room=table_view.room(rooms[one.room_id]),
        )
        for one in found[:MOST_OPENINGS]
    ]
    return OpeningPage(total=len(found), items=items, next=None)


def call_in(
    session: Session, mediation_id: UUID, given: CalledUnit, actor: Actor, now: datetime
) -> Mediation:
    """Call a unit in; a mediator is assigned the case.

    Raises:
        Problem: as `_begin`; 422 on `unit_id`; 409 when it is taken at the time of the meeting.
    """
    row, table = _begin(session, mediation_id, Act.CALL_IN, given, actor)
    if table.units.get(given.unit_id) in (Answer.ASKED, Answer.ACCEPTED):
        raise invalid("unit_id", "was called in already")
    area = (actor.lo, actor.hi)
    if not dispatch.may_serve(session, given.unit_id, row.cell_code, area, now):
        raise invalid("unit_id", "is no unit on duty that serves this place or stands in your area")
    _book_unit(session, row, table, given.unit_id)
    if dispatch.units_by_id(session, [given.unit_id])[given.unit_id].role == UnitRole.MEDIATOR:
        _go_along(session, row, Status.ASSIGNED, actor, now, unit_id=given.unit_id)
    said = Event(now, 0, Act.CALL_IN, unit_id=given.unit_id)
    return _end(session, row, table, said, actor)


def answer(
    session: Session,
    mediation_id: UUID,
    given: UnitAnswer,
    actor: Actor,
    now: datetime,
    *,
    unit_id: int,
) -> Mediation:
    """Note what a unit said.

    Raises:
        Problem: as `_begin`; 404 for a unit that was not called in; 409 when it is taken.
    """
    row, table = _begin(session, mediation_id, Act.ANSWER, given, actor)
    if unit_id not in table.units:
        raise not_found("unit at this table", unit_id)
    if given.answer is Answer.DECLINED:
        queries.release(session, mediation_id, unit_id)
    elif table.units[unit_id] is Answer.DECLINED:
        _book_unit(session, row, table, unit_id)
    said = Event(now, 0, Act.ANSWER, unit_id=unit_id, answer=given.answer)
    return _end(session, row, table, said, actor)


def set_meeting(
    session: Session, mediation_id: UUID, given: PlannedMeeting, actor: Actor, now: datetime
) -> Mediation:
    """Set, or move, the meeting: room and units are taken for it.

    Raises:
        Problem: as `_begin`; 422 naming the field; 409 `taken`, naming what is.
    """
    row, table = _begin(session, mediation_id, Act.MEETING, given, actor)
    fault = rules.why_no_meeting(given.starts_at, given.ends_at, now)
    if fault is not None:
        raise invalid(*fault)
    if given.room_id not in {room.id for room in queries.rooms(session, row.cell_code, now)}:
        raise invalid("room_id", "is no room of a station that serves this place")
    during = (given.starts_at, given.ends_at)
    taken = queries.taken(session, [given.room_id], table.coming, during, mediation_id)
    if taken:
        raise _taken([one.unit_id for one in taken if one.unit_id is not None])
    queries.release(session, mediation_id)
    if not queries.book(session, row, given.room_id, table.coming, during):
        raise _taken([])
    unit_id = _who_handles(session, table)
    _go_along(session, row, Status.ACKNOWLEDGED, actor, now, unit_id=unit_id)
    said = Event(now, 0, Act.MEETING, room_id=given.room_id, starts_at=given.starts_at,
                 ends_at=given.ends_at)  # fmt: skip
    return _end(session, row, table, said, actor)


def _who_handles(session: Session, table: Table) -> int | None:
    """The mediator among those who come, else the first of them."""
    units = dispatch.units_by_id(session, table.coming)
    by_role = sorted(table.coming, key=lambda unit: units[unit].role != UnitRole.MEDIATOR)
    return by_role[0] if by_role else None


def met(
    session: Session, mediation_id: UUID, given: Versioned, actor: Actor, now: datetime
) -> Mediation:
    """Note that they met.

    Raises:
        Problem: as `_begin`; 409 where the meeting has not begun.
    """
    row, table = _begin(session, mediation_id, Act.MET, given, actor)
    if table.meeting is not None and table.meeting.starts_at > now:
        why = f"met may not follow: the meeting begins at {table.meeting.starts_at.isoformat()}"
        raise _illegal(why, table)
    _go_along(session, row, Status.HANDLING, actor, now)
    return _end(session, row, table, Event(now, 0, Act.MET), actor)


def record_outcome(
    session: Session, mediation_id: UUID, given: NewOutcome, actor: Actor, now: datetime
) -> Mediation:
    """Record how the dispute ended. What was agreed has yet to be performed; without an agreement
    the case is closed with this outcome.

    Raises:
        Problem: as `_begin`; 422 on `agreement` or `due_on`.
    """
    row, table = _begin(session, mediation_id, Act.OUTCOME, given, actor)
    made, is_mediated = given.agreement, given.outcome == rules.MEDIATED
    if is_mediated and made is None:
        raise invalid("agreement", "is needed for the outcome mediated")
    if made is not None and not is_mediated:
        raise invalid("agreement", f"means nothing to the outcome {given.outcome}")
    if made is not None and made.due_on is not None:
        today = now.astimezone(CITY_ZONE).date()
        if not today <= made.due_on <= today + LATEST_DUE:
            raise invalid("due_on", "must lie between today and ten years ahead")
    until = Status.HANDLED if is_mediated else Status.CLOSED
    _must_reach(session, row, until, actor, now, outcome=given.outcome)
    said = Event(
        now, 0, Act.OUTCOME, outcome=given.outcome,
        terms=made.terms if made else None,
        amount_yuan=Decimal(str(made.amount_yuan))
        if made and made.amount_yuan is not None else None,
        due_on=made.due_on if made else None,
    )  # fmt: skip
    return _end(session, row, table, said, actor)


def record_performance(
    session: Session, mediation_id: UUID, given: NewPerformance, actor: Actor, now: datetime
) -> Mediation:
    """Record how much of the agreement was done; all of it closes the case.

    Raises:
        Problem: as `_begin`; 409 where the case cannot be closed.
    """
    row, table = _begin(session, mediation_id, Act.PERFORMANCE, given, actor)
    if given.performance is Performance.FULLY:
        _must_reach(session, row, Status.CLOSED, actor, now, outcome=rules.MEDIATED)
    said = Event(now, 0, Act.PERFORMANCE, performance=given.performance)
    return _end(session, row, table, said, actor)


def record_follow_up(
    session: Session, mediation_id: UUID, given: NewFollowUp, actor: Actor, now: datetime
) -> Mediation:
    """Record what whoever had told of it said afterwards, here and with the case.

    Raises:
        Problem: as `_begin`; 409 where the case was followed up already.
    """
    row, table = _begin(session, mediation_id, Act.FOLLOW_UP, given, actor)
    steps.advance(session, row.no, Step.FOLLOW_UP, now, outcome=given.satisfaction, actor=actor)
    said = Event(now, 0, Act.FOLLOW_UP, satisfaction=given.satisfaction)
    return _end(session, row, table, said, actor)


def cancel(
    session: Session, mediation_id: UUID, given: Cancelled, actor: Actor, now: datetime
) -> Mediation:
    """End a table at which nothing was decided; room and units are free again.

    Raises:
        Problem: as `_begin`.
    """
    row, table = _begin(session, mediation_id, Act.CANCEL, given, actor)
    queries.release(session, mediation_id)
    return _end(session, row, table, Event(now, 0, Act.CANCEL, reason=given.reason), actor)


def _known(session: Session, mediation_id: UUID) -> AnyRow:
    row = queries.one(session, mediation_id)
    if row is None:
        raise not_found("mediation", mediation_id)
    return row


def _begin(
    session: Session, mediation_id: UUID, act: Act, given: Versioned, actor: Actor
) -> tuple[AnyRow, Table]:
    """The table, held until the transaction ends, if this may be done by this post now.

    Raises:
        Problem: 404; 409 `stale-version` or `illegal-step`, with what is possible; 403.
    """
    queries.lock(session, mediation_id)
    row = _known(session, mediation_id)
    table = table_view.table_of(session, mediation_id)
    if given.version is not None and given.version != table.version:
        raise _stale(table.version)
    if not table_view.leads(actor, row.tier):
        raise _not_yours(row.tier)
    why = rules.why_not(table, act)
    if why is not None:
        raise _illegal(why, table)
    return row, table


def _end(session: Session, row: AnyRow, table: Table, said: Event, actor: Actor) -> Mediation:
    """Log what was done, tell of it, and give the table as it then stands."""
    event = replace(said, at=max(said.at, table.last_at), ordinal=table.version + 1)
    after = rules.apply(table, event)
    _log(session, row, event, actor)
    queries.set_state(session, row.id, after.state)
    return _told(session, row.id, after, actor, event.at)


def _log(session: Session, row: AnyRow, event: Event, actor: Actor) -> None:
    queries.add_event(
        session, mediation_id=row.id, cell_code=row.cell_code, account_id=actor.account_id,
        role=actor.role.value, area_code=actor.area_code, **vars(event),
    )  # fmt: skip


def _told(
    session: Session, mediation_id: UUID, table: Table, actor: Actor, at: datetime
) -> Mediation:
    row = _known(session, mediation_id)
    payload = {
        "id": str(mediation_id),
        "no": row.no,
        "version": table.version,
        "state": table.state.value,
        "at": at.isoformat().replace("+00:00", "Z"),
    }
    emit(session, CHANGED_TOPIC, row.cell_code, Audience.MEDIATION, payload)
    return table_view.views(session, [row], actor, at)[0]


def _book_unit(session: Session, row: AnyRow, table: Table, unit_id: int) -> None:
    if table.meeting is None:
        return
    during = (table.meeting.starts_at, table.meeting.ends_at)
    if not queries.book(session, row, None, [unit_id], during):
        raise _taken([unit_id])


def _must_reach(
    session: Session, row: AnyRow, until: Status, actor: Actor, now: datetime, *, outcome: str
) -> None:
    carrying.carry(session, row.no, until, now, actor=actor, outcome=outcome).or_refuse()


def _go_along(
    session: Session,
    row: AnyRow,
    until: Status,
    actor: Actor,
    now: datetime,
    *,
    unit_id: int | None = None,
) -> None:
    """Let the case follow the table. One that waits for something else stays where it is: what was
    done at the table is noted all the same, and the next act takes the case along."""
    carried = carrying.carry(session, row.no, until, now, actor=actor, unit_id=unit_id)
    if carried.waits:
        log.info("case stays behind its table", no=row.no, status=carried.status.value)


def _refuse(slug: str, title: str, detail: str) -> NoReturn:
    raise Problem(HTTPStatus.CONFLICT, slug, title, detail)


def _taken(units: list[int]) -> Problem:
    field = "unit_id" if units else "room_id"
    what = f"unit {', '.join(map(str, units))}" if units else "the room, or a unit,"
    return Problem(
        HTTPStatus.CONFLICT, "taken", "Taken at that time", f"{what} is taken at that time.",
        (FieldError(field, "is taken at that time"),),
    )  # fmt: skip


def _not_yours(tier: str) -> Problem:
    detail = f"The {'workstation' if tier == 'grid' else tier} carries the case."
    return Problem(HTTPStatus.FORBIDDEN, "step-not-yours", "Not a table of yours", detail)


def _stale(version: int) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT, "stale-version", "The table has moved on",
        f"version: it stands at version {version} now. Look at it again.",
        (FieldError("version", f"is {version} now"),),
    )  # fmt: skip


def _illegal(why: str, table: Table) -> Problem:
    allowed = [act.value for act in rules.possible(table)]
    detail = f"{why}; possible: {', '.join(allowed) or 'nothing'}"
    return Problem(
        HTTPStatus.CONFLICT, "illegal-step", "This may not be done now", detail,
        (FieldError("state", detail),), extra={"allowed": allowed},
    )  # fmt: skip
