"""Working time for arrays says what the clocks of cases say."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from app.incidents.clocks import limits as clocks
from app.incidents.clocks.limits import CalendarUnknown, Limit, Unit
from app.incidents.clocks.rules import Limits, LimitVersion
from app.incidents.clocks.workdays import CityCalendar, city_calendar
from app.planning.drafts.case_queries import CaseRows
from app.planning.studies import clock

SINCE = datetime(2026, 1, 20, 5, 17, 3, tzinfo=UTC)
UNTIL = SINCE + timedelta(weeks=10)


@pytest.fixture(scope="module")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> CityCalendar:
    """The national one: Spring Festival with its worked weekends lies in the period."""
    return city_calendar(tmp_path_factory.mktemp("days"))


@pytest.mark.parametrize("unit", [Unit.WORK_HOUR, Unit.WORK_DAY])
@pytest.mark.parametrize("amount", ["0.5", "4", "8", "15"])
def test_as_the_clocks_of_cases(calendar: CityCalendar, unit: Unit, amount: str) -> None:
    """The same deadline to the second, from any instant and from the very ends of spans."""
    hours = clock.work_hours(unit, SINCE, UNTIL, calendar)
    limit = Limit.of(amount, unit)
    rng = np.random.default_rng(1)
    at_s = np.concatenate([
        rng.integers(0, 70 * 86_400, 200), hours.begin_s[:30], hours.end_s[:30]
    ]).astype(float)  # fmt: skip
    found = clock.after(at_s, limit.length.total_seconds(), hours)
    expected = [
        (clocks.due(SINCE + timedelta(seconds=at), limit, calendar) - SINCE).total_seconds()
        for at in at_s.tolist()
    ]
    assert found.tolist() == expected


def test_beyond_the_spans_nothing_ends(calendar: CityCalendar) -> None:
    """Longer than everything that was looked up."""
    hours = clock.work_hours(Unit.WORK_HOUR, SINCE, UNTIL, calendar)
    assert clock.after(np.array([0.0, 1e9]), 1e8, hours).tolist() == [np.inf, np.inf]


def test_a_year_that_nobody_knows(calendar: CityCalendar) -> None:
    """Behind the period the spans end with what is known; inside it nothing is guessed."""
    until = datetime(2099, 12, 20, tzinfo=UTC)
    hours = clock.work_hours(Unit.WORK_DAY, until - timedelta(days=30), until, calendar)
    last = until - timedelta(days=30) + timedelta(seconds=float(hours.end_s[-1]))
    assert last == clocks.local_midnight(date(2100, 1, 1))
    with pytest.raises(CalendarUnknown):
        clock.work_hours(Unit.WORK_DAY, until, until + timedelta(days=300), calendar)
    with pytest.raises(CalendarUnknown):
        clock.work_hours(
            Unit.WORK_DAY, until + timedelta(days=60), until + timedelta(days=90), calendar
        )


def test_limits_by_category_tier_and_time(calendar: CityCalendar) -> None:
    """A ladder goes by tier; a version that begins later holds for what is reported later."""
    day = timedelta(days=1).total_seconds()
    urgent, calm = Limit.of("2", Unit.URGENT_HOUR), Limit.of("3", Unit.CALENDAR_DAY)
    limits = {
        "0107": Limits((LimitVersion(SINCE, SINCE + timedelta(days=5), (urgent,)),
                        LimitVersion(SINCE + timedelta(days=5), None, (None,)))),
        "1001": Limits((LimitVersion(SINCE, None, (urgent, calm)),), is_ladder=True),
        "1201": Limits(()),
    }  # fmt: skip
    rows = CaseRows(
        category=np.array(["0107", "0107", "1001", "1001", "1201", "9999"]),
        tier=np.array(["grid", "grid", "grid", "city_centre", "grid", "grid"]),
        at_s=np.array([0.0, 5 * day, 10.0, 10.0, 0.0, 0.0]), lon=np.zeros(6), lat=np.zeros(6),
        returned=np.zeros(6, dtype=np.bool_),
    )  # fmt: skip
    due_s, at_once = clock.deadlines(rows, limits, hours={}, since=SINCE)
    assert due_s.tolist() == [7200.0, np.inf, 7210.0, 3 * day + 10, np.inf, np.inf]
    assert at_once.tolist() == [True, False, True, False, False, False]
