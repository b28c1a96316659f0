"""The clock of a case, from its log: start, stop, and what moves a deadline.

Seen to fail with the thing it guards removed: the hand-back as the end, the limit of two
extensions, the year of a suspension, the limit in force at the start.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.incidents.clocks.limits import ZONE, Limit, due
from app.incidents.clocks.rules import (
    Clock,
    ClockState,
    Limits,
    LimitVersion,
    a_year_after,
    clocks_of,
)
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.lifecycle.rules import tier_after
from app.incidents.lifecycle.transitions import STATUS_AFTER
from app.incidents.rules import Event, Stage, Status, Step, Tier, is_open

CALENDAR = CityCalendar()
LONG_AGO = datetime(2020, 1, 1, tzinfo=ZONE)


def at(text: str) -> datetime:
    """An instant of November 2026 in local time: `23 09:00` is a Monday morning."""
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE)


def log(*steps: tuple[str, str, Status] | tuple[str, str, Status, Tier]) -> list[Event]:
    """A log from (time, step, status[, tier])."""
    return [
        Event(at(step[0]), n, step[1], step[2], step[3] if len(step) == 4 else Tier.WORKSTATION)
        for n, step in enumerate(steps, 1)
    ]


def limits(*words: str | None, **other: bool | Step) -> Limits:
    """One version, for ever."""
    parsed = tuple(None if word is None else Limit.parse(word) for word in words)
    return Limits((LimitVersion(LONG_AGO, None, parsed),), **other)  # type: ignore[arg-type]


START = [
    ("23 08:30", "report", Status.REPORTED, Tier.GRID),
    ("23 09:00", "register", Status.REGISTERED),
    ("23 09:10", "assign", Status.ASSIGNED),
    ("23 09:20", "acknowledge", Status.ACKNOWLEDGED),
    ("23 09:30", "handle", Status.HANDLING),
]


def total(events: Sequence[Event], rules: Limits, now: str) -> Clock:
    """The clock of the case."""
    return clocks_of(events, rules, CALENDAR, at(now)).total


def test_it_runs_from_registration_to_hand_back() -> None:
    """4 work hours from 09:00 are 15:00; handed back at 14:59 is in time, whenever it is closed."""
    rules = limits("4 work_hour")
    running = log(*START)
    assert total(running, rules, "23 08:45").state is ClockState.NOT_STARTED
    for now, state, left in (
        ("23 09:00", ClockState.OK, 6 * 3600),
        ("23 11:59", ClockState.OK, 3 * 3600 + 60),
        ("23 12:00", ClockState.OK, 3 * 3600),
        ("23 14:00", ClockState.DUE_SOON, 3600),
        ("23 15:00", ClockState.DUE_SOON, 0),
        ("23 15:01", ClockState.OVERDUE, -60),
    ):
        clock = total(running, rules, now)
        # At 12:00 a quarter is left already: the noon break does not count.
        expected = ClockState.DUE_SOON if now == "23 12:00" else state
        assert (clock.state, clock.remaining_s) == (expected, left), now
        assert clock.raw_due_at == clock.due_at == at("23 15:00")
        assert clock.is_running
    ended = log(
        *START,
        ("23 14:59", "hand_back", Status.HANDLED),
        ("26 09:00", "check", Status.PENDING_CHECK),
        ("27 09:00", "close", Status.CLOSED),
    )
    clock = total(ended, rules, "30 09:00")
    assert (clock.ended_at, clock.state, clock.remaining_s) == (at("23 14:59"), ClockState.OK, 60)
    assert not clock.is_running


@pytest.mark.parametrize(("handed", "state"), [("15:00", "ok"), ("15:01", "overdue")])
def test_at_the_very_deadline_is_in_time(handed: str, state: str) -> None:
    """And a minute later is not, though the worker was done long before."""
    events = log(*START, (f"23 {handed}", "hand_back", Status.HANDLED))
    assert total(events, limits("4 work_hour"), "24 09:00").state == state


def test_sent_back_by_the_check_it_was_not_handed_back() -> None:
    """The clock goes on under its old deadline, until it is handed back again."""
    events = log(
        *START,
        ("23 10:00", "hand_back", Status.HANDLED),
        ("23 11:00", "check", Status.PENDING_CHECK),
        ("23 11:30", "return", Status.RETURNED),
        ("23 11:40", "assign", Status.ASSIGNED),
        ("23 17:00", "hand_back", Status.HANDLED),
    )
    rules = limits("4 work_hour")
    assert total(events, rules, "23 11:20").ended_at == at("23 10:00")
    again = total(events, rules, "23 11:40")
    assert (again.ended_at, again.due_at, again.state) == (None, at("23 15:00"), ClockState.OK)
    assert total(events, rules, "24 08:00").state is ClockState.OVERDUE


def test_extensions() -> None:
    """Each adds one original limit to the current deadline; the third adds nothing; asking does
    not either; raw stays."""
    rules = limits("1 work_day")
    extend = ("23 10:00", "extend", Status.HANDLING)
    asked = ("23 09:40", "ask_extension", Status.HANDLING)
    refused = ("23 09:50", "refuse_extension", Status.HANDLING)
    for approvals, day in ((0, "24"), (1, "25"), (2, "26"), (3, "26")):
        clock = total(log(*START, asked, refused, *[extend] * approvals), rules, "25 12:00")
        assert clock.due_at == at(f"{day} 09:00")
        assert clock.raw_due_at == at("24 09:00")
        assert clock.extensions == min(approvals, 2)
        assert clock.raw_state is ClockState.OVERDUE


def test_an_extension_over_a_weekend() -> None:
    """Friday's deadline and one work day more is Monday's."""
    events = [
        Event(at("26 15:00"), 1, "register", Status.REGISTERED, Tier.WORKSTATION),
        Event(at("27 10:00"), 2, "extend", Status.REGISTERED, Tier.WORKSTATION),
    ]
    assert total(events, limits("1 work_day"), "27 11:00").due_at == at("30 15:00")


SUSPENDED = [
    *START,
    ("23 11:00", "suspend", Status.SUSPENDED),
    ("25 16:00", "resume", Status.HANDLING),
]


def test_a_suspension() -> None:
    """2 of 4 work hours were used up at 11:00; from 16:00 on there are 2 more."""
    rules = limits("4 work_hour")
    clock = total(log(*SUSPENDED), rules, "25 16:00")
    assert (clock.raw_due_at, clock.due_at) == (at("23 15:00"), at("25 18:00"))
    assert (clock.raw_state, clock.state) == (ClockState.OVERDUE, ClockState.OK)
    paused = total(log(*SUSPENDED), rules, "24 10:00")
    assert paused.is_paused and paused.state is ClockState.OK
    assert paused.due_at == at("24 12:00"), "if it went on now"
    assert not clock.is_paused


def test_only_the_first_suspension_counts() -> None:
    """A second one stops nothing."""
    again = [
        ("25 16:30", "suspend", Status.SUSPENDED),
        ("30 09:00", "resume", Status.HANDLING),
    ]
    clock = total(log(*SUSPENDED, *again), limits("4 work_hour"), "30 10:00")
    assert clock.due_at == at("25 18:00") and not clock.is_paused
    during = total(log(*SUSPENDED, *again), limits("4 work_hour"), "27 10:00")
    assert during.state is ClockState.OVERDUE and not during.is_paused


def test_a_suspension_ends_by_itself_after_a_year() -> None:
    """Whether or not anybody wakes it up."""
    start = datetime(2024, 11, 25, 9, tzinfo=ZONE)
    events = [
        Event(start, 1, "register", Status.REGISTERED, Tier.WORKSTATION),
        Event(start + timedelta(hours=2), 2, "suspend", Status.SUSPENDED, Tier.WORKSTATION),
    ]
    year = start.replace(year=2025, hour=11)
    for now in (year, year + timedelta(days=90)):
        clock = clocks_of(events, limits("4 urgent_hour"), CALENDAR, now).total
        assert clock.due_at == year + timedelta(hours=2)
        assert not clock.is_paused
    leap_day = datetime(2024, 2, 29, 9, tzinfo=ZONE)
    assert a_year_after(leap_day) == datetime(2025, 2, 28, 9, tzinfo=ZONE)


def test_a_suspension_beyond_the_deadline_moves_nothing() -> None:
    """What was overdue before stays so; an extension then runs through no pause."""
    late = [
        *START,
        ("23 16:00", "suspend", Status.SUSPENDED),
        ("24 16:00", "resume", Status.HANDLING),
    ]
    rules = limits("4 work_hour")
    assert total(log(*late), rules, "24 17:00").due_at == at("23 15:00")
    extended = log(*late, ("24 16:30", "extend", Status.HANDLING))
    # 1 h from 15:00 to 16:00, the pause, 2 h to 18:00, and one of the next morning.
    assert total(extended, rules, "24 17:00").due_at == at("25 09:00")


def test_appeals() -> None:
    """Granted: the time from the appeal to the grant, and what was overrun, do not count.
    Refused or undecided: nothing."""
    rules = limits("4 work_hour")
    appeal = ("23 14:00", "appeal", Status.HANDLING)
    early = log(*START, appeal, ("24 10:00", "grant_appeal", Status.HANDLING))
    assert total(early, rules, "24 10:00").due_at == at("24 11:00")
    assert total(early, rules, "24 09:00").due_at == at("23 15:00"), "undecided"
    refused = log(*START, appeal, ("24 10:00", "refuse_appeal", Status.HANDLING))
    assert total(refused, rules, "24 11:00").due_at == at("23 15:00")
    late = log(
        *START,
        ("23 17:00", "hand_back", Status.HANDLED),
        ("24 09:00", "appeal", Status.HANDLED),
        ("25 09:00", "grant_appeal", Status.HANDLED),
    )
    before, after = total(late, rules, "24 12:00"), total(late, rules, "25 09:00")
    assert (before.state, before.raw_state) == (ClockState.OVERDUE, ClockState.OVERDUE)
    assert (after.state, after.raw_state) == (ClockState.OK, ClockState.OVERDUE)


def test_an_appeal_and_a_suspension_count_once() -> None:
    """Where one lies inside the other, or at its end, the clock stood for both together."""
    rules = limits("4 work_hour")
    inside = log(
        *START,
        ("23 14:00", "appeal", Status.HANDLING),
        ("23 14:10", "suspend", Status.SUSPENDED),
        ("23 14:30", "resume", Status.HANDLING),
        ("23 16:00", "grant_appeal", Status.HANDLING),
    )
    assert total(inside, rules, "23 14:40").due_at == at("23 15:20"), "suspended only"
    assert total(inside, rules, "23 16:00").due_at == at("23 17:00"), "from the appeal to the grant"
    during = log(
        *START,
        ("23 14:00", "appeal", Status.HANDLING),
        ("23 14:10", "suspend", Status.SUSPENDED),
        ("23 14:30", "grant_appeal", Status.SUSPENDED),
    )
    for now in ("23 14:30", "23 14:31", "23 15:30"):
        clock = total(during, rules, now)
        assert (clock.is_paused, clock.due_at) == (True, at(now) + timedelta(hours=1)), now


def test_the_time_as_a_duplicate_does_not_count() -> None:
    """Unmerged again, a case has what it had left; merged, its clock stands."""
    merged = [*START, ("23 11:00", "merge", Status.DUPLICATE)]
    rules = limits("4 work_hour")
    stopped = total(log(*merged), rules, "24 10:00")
    assert (stopped.ended_at, stopped.state) == (at("23 11:00"), ClockState.OK)
    assert stopped.due_at == at("23 15:00")
    back = total(log(*merged, ("25 16:00", "unmerge", Status.HANDLING)), rules, "25 16:30")
    assert (back.raw_due_at, back.due_at) == (at("23 15:00"), at("25 18:00"))


LADDER = limits("1 work_day", "7 work_day", "20 work_day", is_ladder=True)


@pytest.mark.parametrize(
    ("tier", "deadline"),
    [
        (Tier.WORKSTATION, "2026-11-24 09:00"),
        (Tier.COMMAND_POST, "2026-12-02 09:00"),
        (Tier.SUB_CENTRE, "2026-12-21 09:00"),
        (Tier.CITY_CENTRE, "2026-12-21 09:00"),
    ],
)
def test_the_ladder_of_disputes(tier: Tier, deadline: str) -> None:
    """Simple 1 day at the village, general 7 at the township, complex 20 at the district."""
    events = log(("23 09:00", "register", Status.REGISTERED, tier))
    clock = total(events, LADDER, "23 10:00")
    assert clock.due_at == datetime.fromisoformat(deadline).replace(tzinfo=ZONE)


def test_up_a_rung_the_clock_starts_anew() -> None:
    """From sub-centre to city centre is no rung."""
    events = log(
        *START,
        ("24 08:00", "escalate", Status.PENDING_DISPATCH, Tier.COMMAND_POST),
        ("24 10:00", "assign", Status.ASSIGNED, Tier.COMMAND_POST),
        ("25 08:00", "escalate", Status.PENDING_DISPATCH, Tier.SUB_CENTRE),
        ("26 08:00", "escalate", Status.PENDING_DISPATCH, Tier.CITY_CENTRE),
    )
    assert total(events, LADDER, "23 20:00").due_at == at("24 09:00")
    general = total(events, LADDER, "24 20:00")
    assert (general.started_at, str(general.limit)) == (at("24 08:00"), "7 work_day")
    assert total(events, LADDER, "26 20:00").started_at == at("25 08:00")
    plain = total(events, limits("1 work_day"), "26 20:00")
    assert plain.started_at == at("23 09:00"), "where there is no ladder"


def test_a_warning_runs_from_its_assignment() -> None:
    """30 minutes from the dispatch."""
    rules = limits("0.5 urgent_hour", starts_with=Step.ASSIGN)
    clock = total(log(*START), rules, "23 09:30")
    assert (clock.started_at, clock.due_at) == (at("23 09:10"), at("23 09:40"))


def test_the_limit_in_force_at_the_start_counts() -> None:
    """A new rule changes no clock that runs; one that starts at its first instant goes by it."""
    change = at("23 09:00")
    versions = (
        LimitVersion(LONG_AGO, change, (Limit.parse("4 work_hour"),)),
        LimitVersion(change, None, (Limit.parse("1 work_hour"),)),
    )
    rules = Limits(versions)
    for start, limit in (("08:59", "4 work_hour"), ("09:00", "1 work_hour")):
        events = log((f"23 {start}", "register", Status.REGISTERED))
        for now in ("23 09:00", "30 09:00"):
            assert str(total(events, rules, now).limit) == limit
    removed = Limits(versions[:1])
    kept = total(log(("23 08:59", "register", Status.REGISTERED)), removed, "30 09:00")
    assert kept.due_at == at("23 14:59"), "the rule was withdrawn since"


def test_no_limit() -> None:
    """As fast as possible: there is a clock and no deadline."""
    for rules in (limits(None), Limits()):
        clock = total(log(*START), rules, "30 09:00")
        assert (clock.state, clock.due_at, clock.limit) == (ClockState.NO_LIMIT, None, None)
        assert clock.started_at == at("23 09:00")


def test_a_deadline_in_a_year_that_nobody_knows() -> None:
    """Is said to be unknown, by year, and not guessed."""
    events = [
        Event(datetime(2099, 12, 20, 9, tzinfo=ZONE), 1, "register", Status.REGISTERED, Tier.GRID)
    ]
    now = datetime(2099, 12, 20, 10, tzinfo=ZONE)
    clock = clocks_of(events, limits("20 work_day"), CALENDAR, now).total
    assert (clock.state, clock.due_at, clock.unknown_year) == (ClockState.UNKNOWN, None, 2100)


def test_a_stay_with_two_pauses_after_its_beginning() -> None:
    """Acknowledged at 09:20: the hour of the suspension is left out; merged, it is in no stay."""
    events = log(
        *START,
        ("23 11:00", "suspend", Status.SUSPENDED),
        ("23 12:00", "resume", Status.HANDLING),
        ("23 13:00", "merge", Status.DUPLICATE),
        ("23 15:00", "unmerge", Status.HANDLING),
    )
    stages = clocks_of(events, limits("4 work_hour"), CALENDAR, at("23 17:00")).stages
    handling = [stay for stay in stages if stay.stage is Stage.HANDLING]
    assert [stay.elapsed_s // 60 for stay in handling] == [160, 120]


def test_stays_in_stages() -> None:
    """Each with its length; once handed back it is the checker's time; closed is no stay."""
    events = log(
        *START,
        ("23 10:30", "hand_back", Status.HANDLED),
        ("23 11:30", "check", Status.PENDING_CHECK),
        ("23 12:30", "close", Status.CLOSED),
    )
    stages = clocks_of(events, limits("4 work_hour"), CALENDAR, at("24 09:00")).stages
    assert [(stay.stage.value, stay.elapsed_s // 60) for stay in stages] == [
        ("reported", 30), ("registered", 10), ("assigned", 10), ("handling", 70),
        ("checking", 120),
    ]  # fmt: skip
    by_stage = Limits(stages={Stage.ASSIGNED: Limit.parse("0.1 urgent_hour")})
    stay = clocks_of(events, by_stage, CALENDAR, at("24 09:00")).stages[2]
    assert (stay.clock.state, stay.clock.due_at) == (ClockState.OVERDUE, at("23 09:16"))


# --- what holds for every history ----------------------------------------------------------------

FIRST = datetime(2025, 9, 20, tzinfo=ZONE)
LIMIT_WORDS = ("4 work_hour", "2 urgent_hour", "1 work_day", "5 work_day", "7 calendar_day")
moments = st.integers(0, 300 * 24 * 60).map(lambda m: FIRST + timedelta(minutes=m))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Legal steps of one case, with steps that only a clock cares for between them."""
    times = sorted(draw(st.lists(moments, min_size=1, max_size=14)))
    status, tier = Status.REPORTED, Tier.GRID
    events = [Event(times[0], 1, "report", status, tier)]
    for ordinal, now in enumerate(times[1:], 2):
        choices: list[tuple[str, Status]] = [
            (step, after or status)
            for step, after in STATUS_AFTER[status].items()
            if step not in (Step.MERGE, Step.UNMERGE, Step.REOPEN)
        ]
        choices += [(word, status) for word in ("extend", "appeal", "grant_appeal", "note")]
        step, status = draw(st.sampled_from(choices))
        tier = tier_after(tier, Step(step)) if step in set(Step) else tier
        events.append(Event(now, ordinal, step, status, tier))
    return events


rules_of_any_kind = st.builds(
    lambda words, ladder: limits(*words, is_ladder=ladder),
    st.lists(st.sampled_from(LIMIT_WORDS), min_size=3, max_size=3),
    st.booleans(),
)


@given(histories(), rules_of_any_kind, moments, st.integers(0, 99))
def test_any_history(history: list[Event], rules: Limits, now: datetime, seed: int) -> None:
    """Order of reading and later steps do not matter; raw is start plus limit; adjusted is never
    before it; the states say what the deadlines say."""
    shuffled = random.Random(seed).sample(history, len(history))
    clocks = clocks_of(shuffled, rules, CALENDAR, now)
    past = [event for event in history if event.at <= now]
    assert clocks == clocks_of(past, rules, CALENDAR, now)
    clock = clocks.total
    if clock.started_at is None:
        assert clock == Clock()
        return
    assert clock.limit is not None and clock.raw_due_at is not None and clock.due_at is not None
    assert clock.raw_due_at == due(clock.started_at, clock.limit, CALENDAR)
    assert clock.due_at >= clock.raw_due_at
    until = clock.ended_at or now
    assert (clock.state is ClockState.OVERDUE) == (until > clock.due_at)
    assert (clock.raw_state is ClockState.OVERDUE) == (until > clock.raw_due_at)
    words = {event.step for event in past}
    if not words & {"extend", "suspend", "grant_appeal"}:
        assert clock.due_at == clock.raw_due_at
    for one, other in pairwise(clocks.stages):
        assert one.ended_at is not None and one.ended_at <= other.started_at


@given(histories(), rules_of_any_kind, moments, st.integers(0, 10_000), st.integers(0, 10_000))
def test_merged_and_unmerged(
    history: list[Event], rules: Limits, now: datetime, wait_m: int, stay_m: int
) -> None:
    """A duplicate's clock stops; unmerged it goes on where it stood: raw as if nothing had been,
    and at the instant of the unmerging exactly so much later as the clock stood."""
    if not is_open(history[-1].status):
        return
    last = history[-1]
    merged_at = last.at + timedelta(minutes=wait_m)
    unmerged_at = merged_at + timedelta(minutes=stay_m)
    merge = Event(merged_at, last.ordinal + 1, "merge", Status.DUPLICATE, last.tier)
    unmerge = Event(unmerged_at, last.ordinal + 2, "unmerge", last.status, last.tier)
    alone = clocks_of(history, rules, CALENDAR, unmerged_at).total
    merged = clocks_of([*history, merge], rules, CALENDAR, unmerged_at).total
    back = clocks_of([*history, merge, unmerge], rules, CALENDAR, unmerged_at).total
    assert (merged.raw_due_at, back.raw_due_at) == (alone.raw_due_at, alone.raw_due_at)
    if alone.is_running:
        assert merged.ended_at == merged_at
        assert merged.remaining_s is not None and back.ended_at is None
        assert back.due_at is not None and alone.due_at is not None
        assert back.due_at >= alone.due_at
        if stay_m == 0:
            assert back.due_at == alone.due_at


@given(histories(), moments, st.sampled_from(LIMIT_WORDS), moments)
def test_no_later_rule_moves_a_clock(
    history: list[Event], change: datetime, word: str, now: datetime
) -> None:
    """A version that begins after the start, and the end of the one before, change nothing."""
    before = limits("4 work_hour")
    start = clocks_of(history, before, CALENDAR, now).total.started_at
    versions = (
        LimitVersion(LONG_AGO, change, (Limit.parse("4 work_hour"),)),
        LimitVersion(change, None, (Limit.parse(word),)),
    )
    after = clocks_of(history, Limits(versions), CALENDAR, now)
    if start is not None and start < change:
        assert after == clocks_of(history, before, CALENDAR, now)
    elif start is not None:
        assert after == clocks_of(history, limits(word), CALENDAR, now)
