"""What is overdue, and what soon will be: looked up in the reading model, never folded."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.paging import cut, decode_cursor
from app.incidents.cases import service
from app.incidents.cases.schemas import DuePage
from app.incidents.clocks import queries as clock_queries
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.rules import Clock
from app.incidents.clocks.schemas import ClockSummary, DueQuery, DueState
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.queries import AnyRow
from app.incidents.reading import queries as reading_queries
from app.incidents.reading.queries import Due
from app.incidents.reading.rules import clock_at
from geodata import codes


def list_due(
    session: Session, query: DueQuery, now: datetime, calendar: Calendar | None = None
) -> DuePage:
    """The cases of an area that are overdue or soon due, by what is due first; suspended ones by
    the deadline that they have if the suspension runs to its end.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, int))
    after = (service.from_cursor(key[0]), int(key[1])) if key else None
    wanted = Due(
        overdue=query.state is not DueState.DUE_SOON,
        soon=query.state is not DueState.OVERDUE,
        before=now + timedelta(seconds=query.within_s) if query.within_s is not None else None,
    )
    total, rows = reading_queries.due(
        session, _codes(query.area), wanted, now, after=after, limit=query.limit + 1
    )
    sent, following = cut(rows, query.limit, lambda row: [service.for_cursor(row.due_at), row.no])
    items = service.as_they_stand(
        session, in_order(session, sent), clocks_of(sent, calendar or CityCalendar(), now), now
    )
    return DuePage(total=total.n, total_is_exact=total.is_exact, items=items, next=following)


def in_order(session: Session, rows: Sequence[AnyRow]) -> list[AnyRow]:
    """The cases of some rows of the reading model, in their order."""
    known = clock_queries.incidents(session, [(row.reported_at, row.no) for row in rows])
    return [known[row.no] for row in rows if row.no in known]


def clocks_of(rows: Sequence[AnyRow], calendar: Calendar, now: datetime) -> dict[int, Clock]:
    """The clocks of rows of the reading model as of `now`, by number."""
    return {row.no: clock_at(reading_queries.reading_of(row), calendar, now) for row in rows}


def summary_then(session: Session, area: int | None, at: datetime) -> ClockSummary:
    """How many clocks of an area ran at a minute of the past, and how they stood."""
    found = reading_queries.summary_then(session, _codes(area), at)
    return ClockSummary(area=area, as_of=at, **found._mapping)


def _codes(area: int | None) -> tuple[int, int]:
    return codes.code_range(area) if area is not None else (0, 10**15)
