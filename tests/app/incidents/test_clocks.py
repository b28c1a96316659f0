"""Deadlines: worked out by hand, and what must hold for all of them.

Seen to fail with the thing it guards removed: the worked Saturdays, the end of a span, the noon
break, midnight in local time, the refusal of an unknown year.
"""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.incidents.clocks import limits as clocks
from app.incidents.clocks.limits import (
    ZONE,
    CalendarUnknown,
    Limit,
    Span,
    Unit,
    after,
    counted,
    due,
)
from app.incidents.clocks.workdays import CityCalendar, WorkingDaysError, city_calendar
from tests.conftest import run_command

CALENDAR = CityCalendar()
CASES = Path(__file__).with_name("deadline_cases.csv")
HAND_WORKED = list(csv.DictReader(CASES.open(encoding="utf-8")))
# From the autumn of 2024 to that of 2026: two Spring Festivals, two National Days, all 调休 days.
FIRST = datetime(2024, 9, 1, tzinfo=ZONE)
minutes = st.integers(0, 2 * 365 * 24 * 60)
near_edges = st.builds(
    lambda day, hour, slip_s: day * 86_400 + hour * 3600 + slip_s,
    st.integers(0, 730),
    st.sampled_from([0, 8, 12, 14, 18, 24]),
    st.sampled_from([-1, 0, 1]),
)
instants = st.one_of(minutes.map(lambda m: m * 60), near_edges).map(
    lambda s: FIRST + timedelta(seconds=s)
)
units = st.sampled_from(Unit)
amounts = st.integers(1, 30_000).map(lambda n: Decimal(n) / 1000)
limits = st.builds(Limit, amounts, units)


def local(text: str) -> datetime:
    """An instant from local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_there_are_enough_hand_worked_cases() -> None:
    """Of every unit."""
    assert len(HAND_WORKED) >= 40
    assert {Limit.parse(case["limit"]).unit for case in HAND_WORKED} == set(Unit)


@pytest.mark.parametrize("case", HAND_WORKED, ids=lambda c: f"{c['limit']} from {c['start']}")
def test_hand_worked(case: dict[str, str]) -> None:
    """Each was worked out on paper from the State Council's notices."""
    start, limit = local(case["start"]), Limit.parse(case["limit"])
    deadline = due(start, limit, CALENDAR)
    assert deadline == local(case["due"]), case["why"]
    assert deadline.tzinfo is UTC


@given(instants, limits)
def test_the_limit_is_what_is_counted_up_to_the_deadline(start: datetime, limit: Limit) -> None:
    """Exactly, and not a microsecond before."""
    deadline = due(start, limit, CALENDAR)
    assert counted(start, deadline, limit.unit, CALENDAR) == limit.length
    before = deadline - timedelta(microseconds=1)
    assert counted(start, before, limit.unit, CALENDAR) < limit.length


@given(instants, units, amounts, amounts)
def test_deadlines_add_up(start: datetime, unit: Unit, a: Decimal, b: Decimal) -> None:
    """One limit after the other is their sum: an extension may be counted from the deadline."""
    both = Limit(a + b, unit)
    one_by_one = due(due(start, Limit(a, unit), CALENDAR), Limit(b, unit), CALENDAR)
    assert due(start, both, CALENDAR) == one_by_one


@given(instants, instants, limits)
def test_who_starts_later_is_due_later(one: datetime, other: datetime, limit: Limit) -> None:
    """Or at the same time, never before."""
    first, second = sorted((one, other))
    assert due(first, limit, CALENDAR) <= due(second, limit, CALENDAR)


@given(instants, units, amounts, amounts)
def test_more_takes_longer(start: datetime, unit: Unit, a: Decimal, b: Decimal) -> None:
    """Strictly."""
    less, more = sorted((a, b))
    deadlines = [due(start, Limit(amount, unit), CALENDAR) for amount in (less, more)]
    assert (deadlines[0] < deadlines[1]) == (less < more)
    assert deadlines[0] > start


@given(instants, instants, instants, units)
def test_counting_adds_up(a: datetime, b: datetime, c: datetime, unit: Unit) -> None:
    """In whatever order the three lie; backwards is negative."""
    whole = counted(a, c, unit, CALENDAR)
    assert whole == counted(a, b, unit, CALENDAR) + counted(b, c, unit, CALENDAR)
    assert counted(c, a, unit, CALENDAR) == -whole


@given(instants, limits)
def test_deadlines_lie_inside_what_is_open(start: datetime, limit: Limit) -> None:
    """The moment before a deadline is working time, on the clock on the wall."""
    moment = (due(start, limit, CALENDAR) - timedelta(microseconds=1)).astimezone(ZONE)
    if limit.unit in {Unit.WORK_HOUR, Unit.WORK_DAY}:
        assert CALENDAR.is_working(moment.date())
    if limit.unit is Unit.WORK_HOUR:
        assert 8 <= moment.hour < 12 or 14 <= moment.hour < 18


@given(instants, limits)
def test_continuous_units_know_no_night(start: datetime, limit: Limit) -> None:
    """They are plain addition."""
    if limit.unit not in clocks.WORKING_SPANS:
        assert due(start, limit, CALENDAR) == start + limit.length


@given(instants, limits, st.integers(0, 60), st.integers(0, 60))
def test_a_pause_is_left_out(start: datetime, limit: Limit, wait_h: int, stay_h: int) -> None:
    """What was counted, pause apart, is the limit still; and the deadline is not before."""
    since = start + timedelta(hours=wait_h)
    pauses = [Span(since, since + timedelta(hours=stay_h))]
    deadline = after(start, limit.length, limit.unit, CALENDAR, pauses)
    assert counted(start, deadline, limit.unit, CALENDAR, pauses) == limit.length
    assert deadline >= due(start, limit, CALENDAR)


@given(instants, limits)
def test_the_zone_of_the_question_does_not_matter(start: datetime, limit: Limit) -> None:
    """UTC in or local in: one instant out."""
    assert due(start.astimezone(UTC), limit, CALENDAR) == due(start, limit, CALENDAR)


@given(limits)
def test_limits_are_read_as_they_are_written(limit: Limit) -> None:
    """`4 work_hour` and back."""
    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize(
    "words",
    ["", "4", "work_hour", "4 hours", "0 work_day", "-1 work_day", "1e3 work_day", "٤ work_day",
     "4 work_hour|2 urgent_hour", "0.0001 work_day", "99999 work_day", "nan work_day"],
)  # fmt: skip
def test_words_that_are_no_limit(words: str) -> None:
    """Refused, saying what would be."""
    with pytest.raises(ValueError, match=r"such as|none of the units"):
        Limit.parse(words)


@pytest.mark.parametrize("year", [2003, 2100])
def test_a_year_that_nobody_knows_is_refused(year: int) -> None:
    """By name, instead of being guessed."""
    start = datetime(year, 3, 1, tzinfo=ZONE)
    for unit in clocks.WORKING_SPANS:
        with pytest.raises(CalendarUnknown, match=str(year)):
            due(start, Limit(Decimal(1), unit), CALENDAR)
        with pytest.raises(CalendarUnknown, match=str(year)):
            counted(start, start + timedelta(days=1), unit, CALENDAR)
    assert due(start, Limit.parse("1 calendar_day"), CALENDAR)


def test_it_is_refused_on_the_way_too() -> None:
    """A deadline that would lie in 2100, by a start in 2099."""
    with pytest.raises(CalendarUnknown, match="2100"):
        due(local("2099-12-30 10:00"), Limit.parse("3 work_day"), CALENDAR)


def test_the_worked_weekends_of_2026() -> None:
    """As the notice of November 2025 has them."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    worked = [str(day) for day in days if day.weekday() > 4 and CALENDAR.is_working(day)]
    assert worked == ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20",
                      "2026-10-10"]  # fmt: skip


def own_days(folder: Path, *lines: str) -> CityCalendar:
    """The calendar of a city with these lines of its own."""
    text = "\n".join(["day,kind,note", *lines])
    (folder / "working_days.csv").write_text(text, encoding="utf-8")
    return city_calendar(folder)


def test_a_city_adds_its_own_days(tmp_path: Path) -> None:
    """A day off, a worked day, a whole year of which the package knows nothing."""
    assert city_calendar(tmp_path) == CALENDAR
    calendar = own_days(
        tmp_path, "2026-11-24,holiday,", "2026-11-28,working,市内调整",
        "2027,covered,", "2027-01-01,holiday,",
    )  # fmt: skip
    one_day = Limit.parse("1 work_day")
    assert due(local("2026-11-23 09:00"), one_day, calendar) == local("2026-11-25 09:00")
    assert due(local("2026-11-27 09:00"), one_day, calendar) == local("2026-11-28 09:00")
    assert due(local("2026-12-31 09:00"), one_day, calendar) == local("2027-01-04 09:00")
    assert [calendar.is_provisional(year) for year in (2026, 2027, 2028)] == [False, False, True]


def test_single_days_do_not_make_a_year_known(tmp_path: Path) -> None:
    """One holiday of 2027 says nothing of the other days; one of 2100 not even of itself."""
    calendar = own_days(tmp_path, "2027-01-04,holiday,", "2100-01-04,holiday,")
    assert not calendar.is_working(date(2027, 1, 4)) and calendar.is_working(date(2027, 1, 5))
    assert calendar.is_provisional(2027)
    with pytest.raises(CalendarUnknown, match="2100"):
        calendar.is_working(date(2100, 1, 4))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-02-30,holiday,", "not a day of the calendar"),
        ("26-1-1,holiday,", "not a day such as"),
        ("2026-01-01,free,", "none of holiday, working, covered"),
        ("soon,covered,", "not a year"),
        ("2026-01-05,holiday,\n2026-01-05,working,", "line 3.* both holiday and working .line 2"),
        ("2026-01-05,holiday,\n\n2026-01-05,holiday,", "line 4.* given twice .line 2"),
        ("2027,covered,\n2027,covered,", "line 3: 2027 is said to be covered twice"),
        ("2026-01-05,holiday", "has 2 cells instead of 3"),
        ('2026-01-05,holiday,"', "unexpected end of data"),
        (f"2026-01-05,holiday,{'x' * 201}", "line 2: is longer than 200"),
        ("2026-02-30,holiday,\n2026-02-31,holiday,", r"line 2.*\(1 more\)"),
    ],
)
def test_lines_that_cannot_be_used(tmp_path: Path, line: str, said: str) -> None:
    """Are named, with file and line."""
    with pytest.raises(WorkingDaysError, match=said) as refused:
        own_days(tmp_path, line)
    assert "working_days.csv, line" in str(refused.value)


def test_the_command(tmp_path: Path) -> None:
    """Local time and UTC; a time without an offset is local, and that is said."""
    own = {"MINQING_DATA_DIR": str(tmp_path)}
    said = run_command(
        "clock", "due", "--limit", "4 work_hour", "--from", "2026-09-30T17:00:00+08:00", env=own
    )
    assert said.stdout == "2026-10-08T11:00:00+08:00\n2026-10-08T03:00:00Z\n"
    assert (said.stderr, said.returncode) == ("", 0)
    bare = run_command("clock", "due", "--limit", "1 work_day", "--from", "2026-11-21 15:00")
    assert bare.stdout == "2026-11-24T00:00:00+08:00\n2026-11-23T16:00:00Z\n"
    assert "taken as Asia/Shanghai" in bare.stderr


@pytest.mark.parametrize(
    ("limit", "start", "said"),
    [
        ("4 work_hours", "2026-09-30T17:00", "--limit:"),
        ("1 work_day", "tomorrow", "--from:"),
        ("1 work_day", "2026-09-30", "--from:"),
        ("1 work_day", "2026-09-31T10:00", "--from:"),
        ("1 work_day", "2100-03-01T10:00Z", "2100"),
        ("9999 calendar_day", "9990-01-01T00:00Z", "9999"),
    ],
)
def test_the_command_refuses(limit: str, start: str, said: str) -> None:
    """In one sentence that names the option, with exit code 1."""
    answer = run_command("clock", "due", "--limit", limit, "--from", start)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert said in answer.stderr and "Traceback" not in answer.stderr
