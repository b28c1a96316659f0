"""The row beside the log: at every minute it says what the fold of the log says.

Seen to fail with the thing it guards removed: a clock that has ended.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.identity.rules import Role
from app.incidents.clocks.limits import Limit
from app.incidents.clocks.rules import Limits, LimitVersion, clock_of
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle.who_may import Post, Unit
from app.incidents.reading import rules as reading
from app.incidents.rules import Tier
from tests.app.incidents.test_lifecycle import FIRST, History, histories

CALENDAR = CityCalendar()
NEVER = FIRST - timedelta(days=99)
KINDS = st.sampled_from([
    Limits((LimitVersion(NEVER, None, (Limit.parse(words),)),))
    for words in ("4 work_hour", "2 urgent_hour", "5 work_day", "0.333 work_hour", "3 calendar_day")
] + [
    Limits(),
    Limits((LimitVersion(NEVER, None, (Limit.parse("1 work_day"), Limit.parse("7 work_day"),
                                       Limit.parse("20 work_day"))),), is_ladder=True),
])  # fmt: skip


def as_read(history: History, limits: Limits) -> Iterator[tuple[int, reading.Reading]]:
    """The row of every event of a case, with the place of that event."""
    for place in range(len(history.log)):
        yield place, reading.read(history.log[: place + 1], limits, CALENDAR)[0]


def minutes_of(history: History, place: int, row: reading.Reading) -> list[datetime]:
    """Minutes for which a row answers: both ends, and around all that is compared with them."""
    since = history.log[place].at
    until = history.log[place + 1].at if place + 1 < len(history.log) else since + timedelta(99)
    second = timedelta(seconds=1)
    marks = [row.due_at, row.raw_due_at, row.soon_at, row.paused_until, row.resumes_at]
    wanted = {since, since + (until - since) / 3, until - timedelta(microseconds=1)}
    wanted |= {mark + d for mark in marks if mark for d in (-second, 0 * second, second)}
    return sorted(at for at in wanted if since <= at < until)


@given(histories(), KINDS)
def test_a_row_says_what_the_log_says(history: History, limits: Limits) -> None:
    """Clock and state, from each event to the next, to the microsecond."""
    for place, row in as_read(history, limits):
        known = history.log[: place + 1]
        for at in minutes_of(history, place, row):
            folded = clock_of(known, limits, CALENDAR, at)
            assert reading.clock_at(row, CALENDAR, at) == replace(folded, unknown_year=None)
            case = lifecycle.replay(known, at)
            assert case is not None
            assert reading.status_at(row, at) is case.status
            assert (row.tier, row.unit_id, row.version) == (case.tier, case.unit_id, case.version)


@given(histories())
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


@given(histories(), UNITS)
def test_the_lists_of_tasks_are_those_of_each_post(history: History, unit: Unit | None) -> None:
    """Looked up or asked one by one: the same cases wait for the same posts."""
    for case in history.cases:
        waiting = who_may.waiting_of(case, unit)
        for post in POSTS:
            step = who_may.task_of(case, post, unit)
            assert (step in who_may.WHY_A_TASK) == who_may.waits_for(waiting, case, post)
