"""The clocks of cases that are being shown: computed for them, and kept nowhere."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from app.core.db import data_dir_of
from app.core.errors import unavailable
from app.incidents import queries
from app.incidents.clocks import queries as clock_queries
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.rules import Clock, StageClock, clock_of
from app.incidents.clocks.schemas import CaseClock, StageStay
from app.incidents.clocks.workdays import CityCalendar, WorkingDaysError, city_calendar
from app.incidents.queries import AnyRow
from app.incidents.rules import Event


def calendar_in(data_dir: Path) -> CityCalendar:
    """The working days of the city whose data lie in a folder.

    Raises:
        Problem: 503 while its own file of them cannot be used.
    """
    try:
        return city_calendar(data_dir)
    except WorkingDaysError as error:
        raise unavailable(f"{error}.") from error


def calendar_of(session: Session) -> CityCalendar:
    """The working days of the city whose database a session is in; raises as `calendar_in`."""
    data_dir = data_dir_of(session)
    return CityCalendar() if data_dir is None else calendar_in(data_dir)


def clocks_at(
    session: Session, rows: Sequence[AnyRow], calendar: Calendar, at: datetime
) -> dict[int, Clock]:
    """The clocks of some cases as of a minute, by number.

    Args:
        rows: with `no`, `category`, `reported_at`.
    """
    if not rows:
        return {}
    logs: dict[int, list[Event]] = {row.no: [] for row in rows}
    earliest = min(row.reported_at for row in rows)
    for step in queries.events(session, list(logs), earliest, at):
        logs[step.no].append(clock_queries.event_of(step))
    return read_all(session, {row.no: row.category for row in rows}, logs, calendar, at)


def read_all(
    session: Session,
    category_of: Mapping[int, str],
    logs: Mapping[int, Iterable[Event]],
    calendar: Calendar,
    at: datetime,
) -> dict[int, Clock]:
    """The clocks of some cases from their logs, by number."""
    limits = clock_queries.limits_of(session, category_of.values())
    return {
        no: clock_of(logs[no], limits[category], calendar, at)
        for no, category in category_of.items()
    }


def as_sent(clock: Clock) -> CaseClock:
    """A clock as the paths tell it."""
    fields = {name: getattr(clock, name) for name in CaseClock.model_fields}
    return CaseClock(**fields | {"limit": None if clock.limit is None else str(clock.limit)})


def stays_as_sent(stays: Iterable[StageClock]) -> list[StageStay]:
    """The stays of a case in stages, as the paths tell them."""
    return [
        StageStay(
            stage=stay.stage,
            tier=stay.tier,
            started_at=stay.started_at,
            ended_at=stay.ended_at,
            elapsed_s=stay.elapsed_s,
        )
        for stay in stays
    ]
