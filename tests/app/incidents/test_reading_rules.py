"""The row beside the log: at every minute it says what the fold of the log says.

Seen to fail with the thing it guards removed: a clock that has ended, the deadline that moves while
it is paused, a suspension that has run out, due soon while it is paused (by `soon_at` alone, too).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.identity.rules import Role
from app.incidents.clocks.limits import Limit
from app.incidents.clocks.rules import Clock, ClockState, Limits, LimitVersion, clock_of
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle.who_may import Post, Unit
from app.incidents.reading import rules as reading
from app.incidents.rules import Event, Status, Step, Tier
from tests.app.incidents.led import Leading, looks
from tests.app.incidents.test_lifecycle import FIRST, History, histories

CALENDAR = CityCalendar()
NEVER = FIRST - timedelta(days=99)


def limits(*words: str | None, **fields: Any) -> Limits:
    """One line of the standard, or the rungs of a ladder; None for a line without a limit."""
    found = tuple(Limit.parse(each) if each else None for each in words)
    return Limits((LimitVersion(NEVER, None, found),), **fields)


KINDS = {
    "none": Limits(),
    "hours": limits("4 work_hour"),
    "urgent": limits("2 urgent_hour"),
    "part of an hour": limits("0.333 work_hour"),
    "days": limits("5 work_day"),
    "days of any kind": limits("9.999 calendar_day"),
    "from the assignment": limits("1 work_day", starts_with=Step.ASSIGN),
    "ladder": limits("1 work_day", "7 work_day", "20 work_day", is_ladder=True),
    "two rungs": limits("4 work_hour", None, is_ladder=True),
}
LED = range(60)
"""Seeds of the histories that are led, of each kind of limit."""


def led(kind: str, seed: int) -> History:
    """A history with steps where the clock of these limits changes."""

    def marks(log: list[Event]) -> list[datetime | None]:
        row = reading.read(log, KINDS[kind], CALENDAR)[0]
        clock = clock_of(log, KINDS[kind], CALENDAR, log[-1].at)
        return [clock.due_at, row.due_at, row.soon_at]

    return Leading(marks=marks).history(f"{kind} {seed}")


HISTORIES = st.one_of(
    histories(), st.builds(led, st.sampled_from(list(KINDS)), st.sampled_from(LED))
)


def as_read(history: History, limits: Limits) -> Iterator[tuple[int, reading.Reading]]:
    """The row of every event of a case, with the place of that event."""
    for place in range(len(history.log)):
        yield place, reading.read(history.log[: place + 1], limits, CALENDAR)[0]


def minutes_of(history: History, place: int, row: reading.Reading) -> list[datetime]:
    """Minutes for which a row answers: both ends, all that is compared with them, and between."""
    since = history.log[place].at
    until = history.log[place + 1].at if place + 1 < len(history.log) else since + timedelta(999)
    return looks(since, until, [row.due_at, row.raw_due_at, row.soon_at, row.paused_until,
                                row.resumes_at])  # fmt: skip


def paused(row: reading.Reading, clock: Clock, at: datetime) -> bool:
    """Whether a deadline moves with the minute now."""
    return clock.is_paused and clock.due_at not in (None, row.due_at)


PLACES: dict[str, Callable[[reading.Reading, Clock, datetime], bool]] = {
    "paused": paused,
    "paused, overdue": lambda row, clock, at: clock.is_paused and clock.state is ClockState.OVERDUE,
    "paused, due soon": lambda row, clock, at: (
        paused(row, clock, at) and clock.state is ClockState.DUE_SOON
    ),
    "paused, due soon afterwards": lambda row, clock, at: (
        paused(row, clock, at) and clock.state is ClockState.OK
    ),
    "paused, provisional by what is left of it only": lambda row, clock, at: (
        clock.is_paused and clock.provisional is not row.provisional
    ),
    "paused without a limit": lambda row, clock, at: clock.limit is None and clock.is_paused,
    "a suspension has run out": lambda row, clock, at: (
        row.status is Status.SUSPENDED and row.resumes_at is not None and at >= row.resumes_at
    ),
    "a suspension without an end": lambda row, clock, at: (
        row.status is Status.SUSPENDED and row.resumes_at is None
    ),
    "overdue without its extension": lambda row, clock, at: (
        clock.raw_state is ClockState.OVERDUE and clock.state is ClockState.DUE_SOON
    ),
    "due soon": lambda row, clock, at: clock.state is ClockState.DUE_SOON,
    "ended in time": lambda row, clock, at: (
        clock.ended_at is not None and row.is_open and clock.state is ClockState.OK
    ),
    "ended late": lambda row, clock, at: (
        clock.ended_at is not None and row.is_open and clock.state is ClockState.OVERDUE
    ),
    "sent back": lambda row, clock, at: clock.is_running and row.status is Status.RETURNED,
    "no limit": lambda row, clock, at: clock.state is ClockState.NO_LIMIT,
}


def holds(history: History, limits: Limits) -> Counter[str]:
    """Hold that every row says what the log says: clock and state, from each event to the next, to
    the microsecond. How often it was asked in each of PLACES."""
    met = Counter[str]()
    for place, row in as_read(history, limits):
        known = history.log[: place + 1]
        for at in minutes_of(history, place, row):
            folded = clock_of(known, limits, CALENDAR, at)
            assert reading.clock_at(row, CALENDAR, at) == replace(folded, unknown_year=None)
            case = lifecycle.replay(known, at)
            assert case is not None
            assert reading.status_at(row, at) is case.status
            assert (row.tier, row.unit_id, row.version) == (case.tier, case.unit_id, case.version)
            met.update(name for name, lies in PLACES.items() if lies(row, folded, at))
    return met


def test_a_row_says_what_the_log_says() -> None:
    """Wherever cases can be led, and every such place is reached."""
    met = Counter[str]()
    for kind, seed in product(KINDS, LED):
        try:
            met += holds(led(kind, seed), KINDS[kind])
        except AssertionError as error:
            error.add_note(f"{kind}, seed {seed}")
            raise
    assert [name for name in PLACES if met[name] < 10] == []


@given(histories(), st.sampled_from(list(KINDS.values())))
def test_a_row_says_what_any_log_says(history: History, limits: Limits) -> None:
    """After random steps with random waits."""
    holds(history, limits)


LATE = ClockState.OVERDUE, ClockState.DUE_SOON


def holds_soon_at(history: History, limits: Limits) -> Counter[ClockState]:
    """Hold that a running clock is overdue or due soon exactly from `soon_at` on, by the log; how
    often it was in each state."""
    met = Counter[ClockState]()
    for place, row in as_read(history, limits):
        assert (row.soon_at is None) is (row.due_at is None)
        if row.soon_at is not None and row.due_at is not None:
            assert row.since <= row.soon_at <= max(row.since, row.due_at)
        for at in minutes_of(history, place, row):
            folded = clock_of(history.log[: place + 1], limits, CALENDAR, at)
            if folded.is_running:
                is_soon = row.soon_at is not None and row.soon_at <= at
                assert (folded.state in LATE) is is_soon, (place, at)
                met[folded.state] += 1
    return met


def test_late_or_soon_due_is_one_comparison() -> None:
    """Wherever cases can be led: lists of what is due go by `soon_at` alone."""
    met = Counter[ClockState]()
    for kind, seed in product(KINDS, LED):
        met += holds_soon_at(led(kind, seed), KINDS[kind])
    assert all(met[state] > 100 for state in (*LATE, ClockState.OK, ClockState.NO_LIMIT))


@given(histories(), st.sampled_from(list(KINDS.values())))
def test_late_or_soon_due_is_one_comparison_after_any_steps(
    history: History, limits: Limits
) -> None:
    """After random steps with random waits."""
    holds_soon_at(history, limits)


@given(HISTORIES)
def test_held_since(history: History) -> None:
    """The first of the last events with the same tier and unit."""
    for place, row in as_read(history, Limits()):
        holders = [(case.tier, case.unit_id) for case in history.cases[: place + 1]]
        first = place
        while first and holders[first - 1] == holders[place]:
            first -= 1
        assert row.held_since == history.cases[first].last_at


POSTS = [Post(role, tier, account) for role in Role for tier in Tier for account in (1, 2, 9)]
UNITS = st.one_of(
    st.none(), st.builds(Unit, st.sampled_from(["grid_worker", "officer"]), st.sampled_from(Tier))
)


@given(HISTORIES, UNITS)
def test_the_lists_of_tasks_are_those_of_each_post(history: History, unit: Unit | None) -> None:
    """Looked up or asked one by one: the same cases wait for the same posts."""
    for case in history.cases:
        waiting = who_may.waiting_of(case, unit)
        for post in POSTS:
            step = who_may.task_of(case, post, unit)
            assert (step in who_may.WHY_A_TASK) == who_may.waits_for(waiting, case, post)
