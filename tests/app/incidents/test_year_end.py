"""Years of which nobody has published the working days yet: what is expected, and what is marked.

Seen to fail with the thing it guards removed: the days made up for a weekend, the day before a
midnight, the mark of an adjusted deadline, the amendment of 2025.
"""

import csv
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from chinese_calendar.constants import holidays as published
from hypothesis import example, given
from hypothesis import strategies as st

from app.incidents.clocks import statutory
from app.incidents.clocks.limits import WORKING_SPANS, ZONE, CalendarUnknown, Limit, Unit, due
from app.incidents.clocks.own_days import DayKind, OwnDay, OwnDays
from app.incidents.clocks.rules import Clock, ClockState, Limits, LimitVersion, clocks_of
from app.incidents.clocks.workdays import CityCalendar, Source
from app.incidents.rules import Event, Status, Step, Tier

CALENDAR = CityCalendar()
LUNAR_DAYS = list(csv.DictReader(Path(__file__).with_name("lunar_days.csv").open()))
TO_COME = range(2027, statutory.LAST_YEAR + 1)
DAY = timedelta(days=1)


def local(text: str) -> datetime:
    """An instant from local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def days_of(year: int) -> list[date]:
    """All days of a year."""
    first = date(year, 1, 1)
    return [first + n * DAY for n in range((date(year + 1, 1, 1) - first).days)]


def covering(year: int, days: dict[date, DayKind]) -> CityCalendar:
    """The calendar of a city that took a year with these days."""
    own = [OwnDay(day, kind) for day, kind in days.items()]
    return CityCalendar(OwnDays().with_year(year, own, ""))


@pytest.mark.parametrize("row", LUNAR_DAYS, ids=lambda row: str(row["year"]))
def test_lunar_days_are_those_of_another_calculation(row: dict[str, str]) -> None:
    """The table was made with the package `sxtwl` 2.0.7, which shares no code with ours."""
    year = int(row["year"])
    assert row == {
        "year": str(year),
        "spring_festival": str(statutory.lunar_day(year, 1, 1)),
        "qingming": str(statutory.qingming(year)),
        "dragon_boat": str(statutory.lunar_day(year, 5, 5)),
        "mid_autumn": str(statutory.lunar_day(year, 8, 15)),
    }


def test_the_table_has_every_year() -> None:
    """That is told."""
    years = range(statutory.FIRST_YEAR, statutory.LAST_YEAR + 1)
    assert [int(row["year"]) for row in LUNAR_DAYS] == list(years)
    for year in (years.start - 1, years.stop):
        with pytest.raises(ValueError, match="2014 to 2099"):
            statutory.holidays(year)


@pytest.mark.parametrize("year", range(statutory.FIRST_YEAR, 2027))
def test_what_is_expected_was_free_in_every_year_published(year: int) -> None:
    """Each statutory day, by the decision that was in force."""
    days = [day for holiday in statutory.holidays(year) for day in holiday.days]
    assert [day for day in days if day not in published] == []
    assert len(days) == (13 if year >= 2025 else 11)


def test_2027_by_hand() -> None:
    """The thirteen days, and on which weekdays they are free."""
    free = [f"{day:%m-%d}" for day in statutory.free_weekdays(2027)]
    assert free == [
        "01-01", "02-05", "02-08", "02-09", "02-10", "04-05", "05-03", "05-04", "06-09", "09-15",
        "10-01", "10-04", "10-05",
    ]  # fmt: skip
    assert [h.name for h in statutory.holidays(2028)][-2:] == ["国庆节", "中秋节"]
    assert statutory.lunar_day(2028, 8, 15) == date(2028, 10, 3)


@pytest.mark.parametrize("year", TO_COME)
def test_every_statutory_day_takes_one_working_day(year: int) -> None:
    """On a weekend the next worked day is free instead; no weekend is worked."""
    statutory_days = {day for holiday in statutory.holidays(year) for day in holiday.days}
    free = statutory.free_weekdays(year)
    assert len(free) == len(statutory_days) <= 13
    assert all(day.weekday() < 5 and day.year == year for day in free)
    for day in days_of(year):
        assert CALENDAR.is_working(day) == (day.weekday() < 5 and day not in free)
    assert not any(CALENDAR.is_working(day) for day in statutory_days)


def test_where_a_year_comes_from() -> None:
    """From the city, the package, what is expected; before and beyond them nobody can say."""
    own = covering(2027, {date(2027, 1, 1): DayKind.HOLIDAY})
    sources = [own.source_of(year) for year in (2003, 2004, 2026, 2027, 2028, 2099, 2100)]
    assert sources == [
        None, Source.NATIONAL, Source.NATIONAL, Source.CITY, Source.PROVISIONAL,
        Source.PROVISIONAL, None,
    ]  # fmt: skip
    assert [own.is_provisional(year) for year in (2003, 2026, 2027, 2028, 2100)] == [
        False, False, False, True, False,
    ]  # fmt: skip
    with pytest.raises(CalendarUnknown, match="2100"):
        own.days_of(2100)


def test_the_days_of_a_year_say_what_they_are() -> None:
    """Those that are not as their weekday says, and the city's own, each with its source."""
    national = {day.day: day for day in CALENDAR.days_of(2026)}
    worked = national[date(2026, 10, 10)]
    assert worked == (date(2026, 10, 10), DayKind.WORKING, Source.NATIONAL, "国庆节")
    assert national[date(2026, 10, 1)].note == "国庆节"
    expected = CALENDAR.days_of(2027)
    assert [day.day for day in expected] == list(statutory.free_weekdays(2027))
    assert {day.source for day in expected} == {Source.PROVISIONAL}
    own = covering(2027, {date(2027, 1, 2): DayKind.WORKING, date(2027, 1, 3): DayKind.HOLIDAY})
    assert [(f"{d.day:%m-%d}", d.kind, d.source) for d in own.days_of(2027)] == [
        ("01-02", DayKind.WORKING, Source.CITY), ("01-03", DayKind.HOLIDAY, Source.CITY)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "limit", "due_at", "is_marked"),
    [
        ("2026-12-31 16:00", "4 work_hour", "2027-01-04 10:00", True),
        ("2026-12-31 14:00", "4 work_hour", "2026-12-31 18:00", False),
        ("2026-12-31 20:00", "1 work_hour", "2027-01-04 09:00", True),
        ("2026-12-31 12:00", "0.5 work_day", "2027-01-01 00:00", False),
        ("2026-12-30 10:00", "2 work_day", "2027-01-04 10:00", True),
        ("2026-12-31 16:00", "4 urgent_hour", "2026-12-31 20:00", False),
        ("2026-12-31 16:00", "7 calendar_day", "2027-01-07 16:00", False),
        ("2026-12-31 16:00", "2 urgent_work_day", "2027-01-02 16:00", False),
        ("2027-02-03 09:00", "5 work_day", "2027-02-16 09:00", True),
        ("2099-12-29 09:00", "1 work_day", "2099-12-30 09:00", True),
    ],
)
def test_by_hand_over_the_years_end(start: str, limit: str, due_at: str, is_marked: bool) -> None:
    """Deadlines that rest on a day of 2027 are marked, as long as nobody has taken that year."""
    clock = clock_of(start, limit, CALENDAR)
    assert (clock.due_at, clock.provisional) == (local(due_at), is_marked)
    assert clock.raw_due_at == clock.due_at and clock.state is ClockState.OK
    everything_as_expected = CityCalendar(
        OwnDays(
            tuple(OwnDay(d.day, d.kind) for y in (2027, 2099) for d in CALENDAR.days_of(y)),
            {2027: "", 2099: ""},
        )
    )
    taken = clock_of(start, limit, everything_as_expected)
    assert (taken.due_at, taken.provisional) == (local(due_at), False)


def clock_of(start: str | datetime, limit: str, calendar: CityCalendar, *more: Event) -> Clock:
    """The clock of a case that was registered at `start`, just then or after what came later."""
    began = local(start) if isinstance(start, str) else start
    log = [Event(began, 1, Step.REGISTER, Status.REGISTERED, Tier.GRID), *more]
    limits = Limits((LimitVersion(local("2000-01-01 00:00"), None, (Limit.parse(limit),)),))
    return clocks_of(log, limits, calendar, max(event.at for event in log)).total


def test_an_adjusted_deadline_alone_marks_a_clock() -> None:
    """The raw one lies in 2026, an extension or a suspension takes the other beyond it."""
    at = local("2026-12-29 10:00")
    extended = Event(at, 2, Step.EXTEND, Status.REGISTERED, Tier.GRID)
    clock = clock_of("2026-12-29 09:00", "2 work_day", CALENDAR)
    assert (clock.raw_due_at, clock.provisional) == (local("2026-12-31 09:00"), False)
    clock = clock_of("2026-12-29 09:00", "2 work_day", CALENDAR, extended)
    assert clock.raw_due_at == local("2026-12-31 09:00")
    assert (clock.due_at, clock.provisional) == (local("2027-01-05 09:00"), True)
    paused = Event(at, 2, Step.SUSPEND, Status.SUSPENDED, Tier.GRID)
    resumed = Event(local("2027-01-04 10:00"), 3, Step.RESUME, Status.HANDLING, Tier.GRID)
    clock = clock_of("2026-12-29 09:00", "2 work_day", CALENDAR, paused, resumed)
    assert clock.raw_due_at == local("2026-12-31 09:00")
    assert (clock.due_at, clock.provisional) == (local("2027-01-06 09:00"), True)


@given(
    st.integers(0, 45 * 24 * 60).map(lambda m: local("2026-12-01 00:00") + timedelta(minutes=m)),
    st.builds(
        Limit, st.integers(1, 20_000).map(lambda n: Decimal(n) / 1000), st.sampled_from(Unit)
    ),
)
@example(local("2026-12-31 08:00"), Limit.parse("8 work_hour"))
@example(local("2026-12-31 00:00"), Limit.parse("1 work_day"))
def test_a_deadline_is_marked_exactly_if_the_notice_can_move_it(
    start: datetime, limit: Limit
) -> None:
    """Not marked: it is the same whatever 2027 turns out to be. Marked: it is not."""
    all_free = covering(2027, dict.fromkeys(days_of(2027), DayKind.HOLIDAY))
    all_worked = covering(2027, dict.fromkeys(days_of(2027), DayKind.WORKING))
    deadlines = {due(start, limit, calendar) for calendar in (all_free, all_worked)}
    marked = clock_of(start, str(limit), CALENDAR).provisional
    assert marked == (len(deadlines) == 2)
    assert not marked or limit.unit in WORKING_SPANS
