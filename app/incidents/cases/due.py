"""What is overdue, and what soon will be. Bounded by the cases that are open."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.paging import cut, decode_cursor
from app.incidents.cases import service
from app.incidents.cases.schemas import DuePage
from app.incidents.clocks import queries as clock_queries
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.rules import Clock, ClockState
from app.incidents.clocks.schemas import ClockSummary, DueQuery, DueState
from app.incidents.clocks.service import read_all
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.rules import Event


def list_due(
    session: Session, query: DueQuery, now: datetime, calendar: Calendar | None = None
) -> DuePage:
    """The cases of an area that are overdue or soon due, by what is due first.

    Raises:
        Problem: 422 on `cursor`.
    """
    calendar = calendar or CityCalendar()
    key = decode_cursor(query.cursor, (int, int))
    after = (key[0], key[1]) if key else None
    found, reported_at = _running(session, query.area, calendar, now)
    chosen = sorted(
        (service.for_cursor(clock.due_at), no)
        for no, clock in found.items()
        if clock.due_at is not None and _is_wanted(clock, query, now)
    )
    rest = [place for place in chosen if after is None or place > after]
    sent, following = cut(rest, query.limit, list)
    rows = clock_queries.incidents(session, [(reported_at[no], no) for _, no in sent])
    items = service.as_they_stand(session, [rows[no] for _, no in sent if no in rows], found, now)
    return DuePage(total=len(chosen), items=items, next=following)


def summary(
    session: Session, area: int | None, now: datetime, calendar: Calendar | None = None
) -> ClockSummary:
    """How many clocks of an area run, and how they stand."""
    found, _ = _running(session, area, calendar or CityCalendar(), now)
    states = Counter(clock.state for clock in found.values())
    return ClockSummary(
        area=area,
        as_of=now,
        running=len(found),
        overdue=states[ClockState.OVERDUE],
        raw_overdue=sum(clock.raw_state is ClockState.OVERDUE for clock in found.values()),
        due_soon=states[ClockState.DUE_SOON],
        ok=states[ClockState.OK],
        no_limit=states[ClockState.NO_LIMIT],
        unknown=states[ClockState.UNKNOWN],
        provisional=sum(clock.provisional for clock in found.values()),
        paused=sum(clock.is_paused for clock in found.values()),
    )


def _running(
    session: Session, area: int | None, calendar: Calendar, now: datetime
) -> tuple[dict[int, Clock], dict[int, datetime]]:
    """The clocks that run, by number, and when those cases were reported."""
    logs: dict[int, list[Event]] = {}
    category_of: dict[int, str] = {}
    reported_at: dict[int, datetime] = {}
    for row in clock_queries.running(session, area, now):
        logs.setdefault(row.no, []).append(clock_queries.event_of(row))
        category_of[row.no] = row.category
        reported_at[row.no] = row.reported_at
    clocks = read_all(session, category_of, logs, calendar, now)
    return {no: clock for no, clock in clocks.items() if clock.is_running}, reported_at


def _is_wanted(clock: Clock, query: DueQuery, now: datetime) -> bool:
    is_overdue = clock.state is ClockState.OVERDUE
    is_soon = clock.state is ClockState.DUE_SOON
    if query.within_s is not None and clock.due_at is not None:
        is_soon = not is_overdue and clock.due_at <= now + timedelta(seconds=query.within_s)
    if query.state is DueState.OVERDUE:
        return is_overdue
    if query.state is DueState.DUE_SOON:
        return is_soon
    return is_overdue or is_soon
