"""The past of many cases, computed side by side, is what the rules say of each case.

Seen to fail with the thing it guards removed: the quarter before a deadline, rows of no length, the
climb of a dispute, the end of a clock once more after it was sent back.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.binary_copy import Field
from app.incidents.clocks.limits import Limit, Unit
from app.incidents.clocks.rules import Limits, LimitVersion
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.reading import bulk
from app.incidents.reading.openhours import NO_INSTANT, OpenHours, years_of
from app.incidents.reading.queries import values_of
from app.incidents.reading.rules import read
from app.incidents.rules import STATUS_NUMBERS, TIER_NUMBERS, Event, Step
from geodata.instants import from_us, to_us
from tests.app.incidents.led import Leading
from tests.app.incidents.test_lifecycle import FIRST, History, histories

CALENDAR = CityCalendar()
CHANGE = FIRST + timedelta(days=2)


def limits(*words: str, **fields: Any) -> Limits:
    """Other limits from a day on, so that versions matter."""
    found = tuple(Limit.parse(each) for each in words)
    before = LimitVersion(FIRST - timedelta(days=99), CHANGE, found)
    doubled = tuple(Limit(each.amount * 2, each.unit) for each in found)
    return Limits((before, LimitVersion(CHANGE, None, doubled)), **fields)


# In force from a day on only, and nothing said for some days.
GAP = Limits((
    LimitVersion(CHANGE + timedelta(days=9), None, (Limit.parse("2 calendar_day"),)),
    LimitVersion(FIRST - timedelta(days=999), CHANGE, ()),
    LimitVersion(FIRST - timedelta(days=999), CHANGE, (Limit.parse("9 work_hour"), None)),
))  # fmt: skip
LIMITS = {
    107: limits("2 urgent_hour"),
    110: limits("4 work_hour"),
    111: limits("0.5 work_day"),
    112: limits("20 work_day"),
    113: GAP,
    1001: limits("1 work_day", "7 work_day", "20 work_day", is_ladder=True),
    1002: limits("4 work_hour", "1 urgent_work_day", is_ladder=True),
    1101: limits("0.5 urgent_hour", starts_with=Step.ASSIGN),
    1401: Limits(),
}
STANDARD = bulk.Standard.of(LIMITS, CALENDAR, 2026, 2028)


def logs_of(cases: list[tuple[History, int]]) -> bulk.Logs:
    """Histories side by side."""
    events = [(case, event) for case, (history, _) in enumerate(cases) for event in history.log]

    def column(value: Any) -> Any:
        return np.array([value(event) for _, event in events], dtype=np.int64)

    return bulk.Logs(
        no=np.arange(100, 100 + len(cases)),
        category=np.array([category for _, category in cases], dtype=np.int64),
        case=np.array([case for case, _ in events], dtype=np.int64),
        at=column(lambda e: to_us(e.at)),
        ordinal=column(lambda e: e.ordinal),
        step=column(lambda e: bulk.STEPS.index(Step(e.step))),
        status=column(lambda e: STATUS_NUMBERS[e.status]),
        tier=column(lambda e: TIER_NUMBERS[e.tier]),
        unit_id=column(lambda e: bulk.NO_UNIT if e.unit_id is None else e.unit_id),
        until=column(lambda e: NO_INSTANT if e.until is None else to_us(e.until)),
        cell_code=np.array([case + 7 for case, _ in events], dtype=np.int64),
    )


def as_rows(fields: list[Field]) -> list[dict[str, Any]]:
    """Columns as rows of Python values."""
    rows = []
    for row in range(len(fields[0].values)):
        values: dict[str, Any] = {}
        for field in fields:
            value = field.values[row].item()
            if field.valid is not None and not field.valid[row]:
                value = None
            elif field.name.endswith(("_at", "since", "until")):
                value = from_us(value)
            values[field.name] = value.decode() if isinstance(value, bytes) else value
        rows.append(values)
    return rows


def expected(cases: list[tuple[History, int]]) -> list[dict[str, Any]]:
    """The same by the rules, event by event."""
    rows = []
    for case, (history, category) in enumerate(cases):
        for count, event in enumerate(history.log, 1):
            following: list[Event] = list(history.log[count : count + 1])
            row, _ = read(history.log[:count], LIMITS[category], CALENDAR)
            if row.is_open and following and following[0].at > event.at:
                rows.append({
                    "no": 100 + case, "category": f"{category:04d}", "cell_code": case + 7,
                    "until": following[0].at, **values_of(row),
                })  # fmt: skip
    return rows


def led(category: int, seed: int) -> History:
    """A history of ordinary steps alone, some of them where its clock changes."""

    def marks(log: list[Event]) -> list[datetime | None]:
        row, _ = read(log, LIMITS[category], CALENDAR)
        return [row.due_at, row.soon_at, CHANGE]

    return Leading(bulk.ORDINARY, marks).history(f"{category} {seed}")


def climbed(row: dict[str, Any], log: Sequence[Event]) -> bool:
    """Whether a clock that runs started with another step than the first that could start it."""
    first = next((event.at for event in log if event.step == Step.REGISTER), None)
    return None not in (row["started_at"], first) and row["started_at"] > first


PLACES: dict[str, Callable[[dict[str, Any], Sequence[Event]], bool]] = {
    "a rung was climbed": lambda row, log: row["category"][:2] == "10" and climbed(row, log),
    "handed back": lambda row, log: row["ended_at"] is not None,
    "sent back, runs again": lambda row, log: (
        row["ended_at"] is None and any(event.step == Step.HAND_BACK for event in log)
    ),
    "handed back again": lambda row, log: (
        row["ended_at"] is not None
        and sum(event.step == Step.HAND_BACK for event in log) > 1
    ),
    "handed back, and something followed": lambda row, log: (
        row["ended_at"] is not None and row["ended_at"] < row["since"]
    ),
    "due soon at once": lambda row, log: (
        row["soon_at"] == row["since"] and row["since"] < row["due_at"]
    ),
    "overdue": lambda row, log: row["due_at"] is not None and row["due_at"] < row["since"],
    "provisional": lambda row, log: row["provisional"],
    "assigned to another unit": lambda row, log: (
        len({event.unit_id for event in log if event.step == Step.ASSIGN}) > 1
    ),
    "held longer than since": lambda row, log: row["held_since"] < row["since"],
    "limits of later": lambda row, log: row["started_at"] is not None
        and row["started_at"] >= CHANGE and row["limit_unit"] is not None,
    "started without a limit": lambda row, log: (
        row["started_at"] is not None and row["limit_unit"] is None
    ),
}  # fmt: skip


def test_ordinary_courses_side_by_side() -> None:
    """Wherever ordinary steps lead a case: the same rows, and every such place is reached."""
    cases = [(led(category, seed), category) for category in LIMITS for seed in range(80)]
    side_by_side_or_one_by_one(cases)
    met = Counter[str]()
    for row in expected(cases):
        log = cases[row["no"] - 100][0].log[: row["version"]]
        met.update(name for name, lies in PLACES.items() if lies(row, log))
    assert [name for name in PLACES if met[name] < 10] == []


@settings(max_examples=80)
@given(st.lists(st.tuples(histories(), st.sampled_from(sorted(LIMITS))), min_size=1, max_size=8))
def test_side_by_side_or_one_by_one(cases: list[tuple[History, int]]) -> None:
    """The same rows after any steps."""
    side_by_side_or_one_by_one(cases)


def side_by_side_or_one_by_one(cases: list[tuple[History, int]]) -> None:
    """Hold that both ways give the same rows, every column of each."""
    logs = logs_of(cases)
    found = as_rows(bulk.ordinary_past(logs, STANDARD))
    found += list(bulk.strange_past(logs, STANDARD))

    def key(row: dict[str, Any]) -> tuple[int, int]:
        return row["no"], row["version"]

    assert sorted(found, key=key) == sorted(expected(cases), key=key)


@given(
    st.sampled_from(Unit),
    st.integers(0, 300 * 1440),
    st.integers(0, 60 * 1440),
)
def test_open_hours(unit: Unit, minute: int, length: int) -> None:
    """Counted and walked as the limits do, for arrays."""
    from app.incidents.clocks.limits import after, counted

    hours = OpenHours.of(unit, CALENDAR, 2025, 2026)
    start = datetime(2026, 1, 1, 12, tzinfo=FIRST.tzinfo) + timedelta(minutes=minute)
    at = np.array([to_us(start)])
    span = timedelta(minutes=length)
    reached = hours.after(at, np.array([length * 60_000_000]))
    if reached[0] == NO_INSTANT:
        assert start + 3 * span > datetime(2026, 11, 1, tzinfo=FIRST.tzinfo)
        return
    assert from_us(reached[0]) == after(start, span, unit, CALENDAR)
    open_us = hours.opened(reached) - hours.opened(at)
    assert open_us[0] == counted(start, from_us(reached[0]), unit, CALENDAR) / timedelta(
        microseconds=1
    )


@pytest.mark.parametrize(
    ("local", "year"), [("2026-12-31T23:59:59", 2026), ("2027-01-01T00:00:00", 2027)]
)
def test_local_years(local: str, year: int) -> None:
    """By the city's midnight."""
    at = datetime.fromisoformat(local).replace(tzinfo=FIRST.tzinfo)
    assert years_of(np.array([to_us(at)])).tolist() == [year]
