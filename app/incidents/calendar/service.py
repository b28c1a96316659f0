"""The working days of a year: what they are, and taking them with what that changes."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from http import HTTPStatus
from pathlib import Path

from sqlalchemy.orm import Session

from app.core import jobs
from app.core.errors import FieldError, Problem, invalid, not_found, unavailable
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.identity.rules import Actor
from app.incidents.calendar import queries, writing
from app.incidents.calendar.schemas import (
    CalendarOverview,
    Day,
    GivenYear,
    MovedCase,
    StatutoryDay,
    TakenYear,
    YearCalendar,
)
from app.incidents.clocks import own_days, statutory, workdays
from app.incidents.clocks.limits import local_midnight
from app.incidents.clocks.own_days import DayFault, DaysUnfit, OwnDays
from app.incidents.clocks.rules import Clock
from app.incidents.clocks.service import clocks_at
from app.incidents.clocks.workdays import FILE_NAME, CityCalendar, WorkingDaysError, city_calendar
from app.incidents.queries import AnyRow
from app.places import queries as place_queries

MOST_ITEMS, MOST_FAULTS, CASES_AT_ONCE = 100, 200, 1_000
FIRST_YEAR = 2004
"""The first year that the package of the national calendar has."""


def year_of(calendar: CityCalendar, year: int) -> YearCalendar:
    """The working days of a year.

    Raises:
        Problem: 404 for a year that nobody can tell.
    """
    source = calendar.source_of(year)
    if source is None:
        raise not_found("working days of the year", year)
    return YearCalendar(
        year=year,
        source=source,
        is_provisional=calendar.is_provisional(year),
        note=calendar.own.covered.get(year, ""),
        days=[Day.model_validate(day) for day in calendar.days_of(year)],
    )


def overview(calendar: CityCalendar, now: datetime) -> CalendarOverview:
    """Which year should be taken now."""
    return CalendarOverview(untaken_year=workdays.untaken_year(calendar, now))


def given(year: int, body: GivenYear | str) -> OwnDays:
    """The days of a year as they were sent: as JSON, or as the text of a CSV file.

    Returns:
        One covered year, with its note, and its days.

    Raises:
        Problem: 422 with every day that cannot be taken, by line of the file or place in `days`.
    """
    try:
        if isinstance(body, str):
            return only(year, own_days.parse(body))
        rows = [(one.day, one.kind.value, one.note) for one in body.days]
        return only(year, own_days.parse_rows([(f"{year}", own_days.COVERED, body.note), *rows]))
    except DaysUnfit as error:
        raise _refused(error.faults, is_file=isinstance(body, str)) from error


def only(year: int, own: OwnDays) -> OwnDays:
    """Days that are those of one year alone, and describe it whole.

    Raises:
        DaysUnfit: there are others among them.
    """
    others = [one.day for one in own.days if one.day.year != year]
    foreign = [*map(str, others), *(f"{each}" for each in own.covered if each != year)]
    if foreign:
        raise DaysUnfit([DayFault(1, "day", f"{words} is not of {year}") for words in foreign])
    return OwnDays().with_year(year, own.days, own.covered.get(year, ""))


def take(
    session: Session,
    actor: Actor | None,
    data_dir: Path,
    *,
    year: int,
    days: OwnDays,
    now: datetime,
    dry_run: bool,
) -> TakenYear:
    """Take the days of a year as the city's own, or say what that would change.

    The city's file follows once this is committed: by the caller (`writing.write_taken`), or by a
    task where the caller is gone.

    Args:
        session: in a writing transaction of the caller's.
        actor: must act for the whole city; None for the command line.
        days: as `given`.

    Raises:
        Problem: 403; 422 on `year`; 503 while there is no city, or its file cannot be read or
            written.
    """
    if not FIRST_YEAR <= year <= statutory.LAST_YEAR:
        raise invalid("year", f"must lie between {FIRST_YEAR} and {statutory.LAST_YEAR}")
    city_code = _whole_city(session, actor)
    if not dry_run:
        queries.hold_days(session)
    before = _calendar_before(session, data_dir)
    own = before.own.with_year(year, days.days, days.covered.get(year, ""))
    examined, moved = _moved(session, year, before, CityCalendar(own), now)
    if not dry_run:
        detail = f"{year}, {len(days.days)} days, {len(moved)} deadlines moved"
        audit.record(
            session, actor, AuditKind.WORKING_DAYS_TAKEN, area_code=city_code, detail=detail
        )
        content = own_days.render(own)
        writing.refuse_unwritable(data_dir / FILE_NAME, content)
        jobs.ask_for(session, writing.WRITE, queries.add_taken(session, year, content))
    return TakenYear(
        year=year,
        taken=not dry_run,
        days=len(days.days),
        worked_holidays=_worked_holidays(year, CityCalendar(own)),
        examined=examined,
        moved=len(moved),
        items=moved[:MOST_ITEMS],
    )


def _calendar_before(session: Session, data_dir: Path) -> CityCalendar:
    """The calendar as it was taken last, even if that does not stand in the file yet."""
    waiting = queries.taken(session)
    if waiting:
        return CityCalendar(own_days.parse(waiting[-1].content))
    try:
        return city_calendar(data_dir)
    except WorkingDaysError as error:
        raise unavailable(f"{error}.") from error


def _whole_city(session: Session, actor: Actor | None) -> int:
    city = place_queries.city(session)
    if city is None:
        raise unavailable("No city is loaded yet. Run `minqing city load`.")
    if actor is not None and actor.area_code != city.code:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "outside-scope",
            "Outside your area",
            "The working days are those of the whole city; act under a grant for the city.",
        )
    return int(city.code)


def _moved(
    session: Session, year: int, before: CityCalendar, after: CityCalendar, now: datetime
) -> tuple[int, list[MovedCase]]:
    """How many open cases rest on days of a year, and those that another calendar moves."""
    since, until = (local_midnight(date(each, 1, 1)) for each in (year, year + 1))
    rows = queries.open_cases(session, since, until)
    found: list[MovedCase] = []
    for first in range(0, len(rows), CASES_AT_ONCE):
        some = rows[first : first + CASES_AT_ONCE]
        old, new = (clocks_at(session, some, calendar, now) for calendar in (before, after))
        found += _differing(some, old, new)
    latest = datetime.max.replace(tzinfo=now.tzinfo)
    return len(rows), sorted(found, key=lambda case: (case.due_before or latest, case.no))


def _differing(
    rows: Iterable[AnyRow], old: dict[int, Clock], new: dict[int, Clock]
) -> Iterator[MovedCase]:
    for row in rows:
        before, after = old[row.no], new[row.no]
        if (before.due_at, before.raw_due_at) != (after.due_at, after.raw_due_at):
            yield MovedCase(
                no=row.no, title=row.title, due_before=before.due_at, due_after=after.due_at
            )


def _worked_holidays(year: int, calendar: CityCalendar) -> list[StatutoryDay]:
    if year < statutory.FIRST_YEAR:
        return []
    return [
        StatutoryDay(day=day, name=holiday.name)
        for holiday in statutory.holidays(year)
        for day in holiday.days
        if calendar.is_working(day)
    ]


def _refused(faults: Iterable[DayFault], *, is_file: bool) -> Problem:
    errors = tuple(FieldError(_field(fault, is_file=is_file), fault.reason) for fault in faults)
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-input",
        "Invalid input",
        f"Days that cannot be taken: {len(errors):,}. Nothing was changed.",
        errors[:MOST_FAULTS],
    )


def _field(fault: DayFault, *, is_file: bool) -> str:
    """The input's name: a line of a file as an editor counts it, a place in `days` from 0."""
    if is_file:
        return f"line {fault.line}, {fault.column}".removesuffix(", ")
    first = 3  # the headings and the year itself come before
    return f"days.{fault.line - first}.{fault.column}".removesuffix(".")
