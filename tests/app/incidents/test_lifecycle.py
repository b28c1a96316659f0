"""The life cycle as rules: any legal history replays to one state, anything else is refused.

Seen to fail with the thing it guards removed: the second suspension, the third extension, the
asker's own approval, the end of a suspension by itself, the state before a merge.
"""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import CITY_ZONE
from app.identity.rules import Role
from app.incidents import rules
from app.incidents.clocks.limits import Limit
from app.incidents.clocks.rules import Limits, LimitVersion, clocks_of
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle import words as step_words
from app.incidents.lifecycle.rules import Case, IllegalStep
from app.incidents.lifecycle.transitions import NEEDS_REASON, STATUS_AFTER
from app.incidents.lifecycle.who_may import MAY, Post, Unit
from app.incidents.lifecycle.words import Said
from app.incidents.rules import (
    CheckOutcome,
    Event,
    Satisfaction,
    Status,
    Step,
    Tier,
    Verification,
    is_open,
)

FIRST = datetime(2026, 3, 2, 9, tzinfo=CITY_ZONE)
LIMITS = Limits((LimitVersion(FIRST - timedelta(days=99), None, (Limit.parse("5 work_day"),)),))
CALENDAR = CityCalendar()
OUTCOMES = {
    Step.VERIFY: tuple(Verification),
    Step.CHECK: (None, *CheckOutcome),
    Step.FOLLOW_UP: tuple(Satisfaction),
}


@dataclass(frozen=True)
class History:
    """A log, and the case as it was after each step."""

    log: tuple[Event, ...]
    cases: tuple[Case, ...]


def reported() -> Event:
    """The first step."""
    return Event(FIRST, 1, Step.REPORT, Status.REPORTED, Tier.GRID)


def after(case: Case, step: Step, at: datetime, **said: object) -> Event:
    """The event of a step, as `steps` would log it."""
    standing = case.at(at)
    status = lifecycle.status_after(standing, step, said.get("outcome"))  # type: ignore[arg-type]
    tier = lifecycle.tier_after(standing.tier, step)
    return Event(at, case.version + 1, step, status, tier, **said)  # type: ignore[arg-type]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Legal steps of one case, taken by accounts 1 to 3, with waits of minutes or months."""
    log = [reported()]
    cases = [lifecycle.apply(None, log[0])]
    waits = st.one_of(st.integers(0, 600), st.integers(0, 200 * 1440))
    for _ in range(draw(st.integers(0, 25))):
        at = log[-1].at + timedelta(minutes=draw(waits))
        standing = cases[-1].at(at)
        step = draw(st.sampled_from(_likely(standing)))
        said: dict[str, object] = {"account_id": draw(st.integers(1, 3))}
        if step in OUTCOMES:
            said["outcome"] = draw(st.sampled_from(OUTCOMES[step]))
        if step is Step.SUSPEND:
            said["until"] = at + timedelta(days=draw(st.integers(1, 365)))
        if step is Step.ASSIGN:
            said["unit_id"] = draw(st.integers(1, 9))
        if step is Step.MERGE:
            said["other_no"] = 7
        log.append(after(cases[-1], step, at, **said))
        cases.append(lifecycle.apply(cases[-1], log[-1]))
    return History(tuple(log), tuple(cases))


def _likely(case: Case) -> list[Step]:
    """Every possible step, those more often without which little would be reached."""
    possible = lifecycle.possible_steps(case)
    often = {lifecycle.ordinary_step(case), Step.ASK_EXTENSION, Step.EXTEND, Step.SUSPEND,
             Step.UNMERGE, Step.REOPEN}  # fmt: skip
    return [step for step in possible for _ in range(4 if step in often else 1)]


minutes = st.integers(-10, 500 * 1440).map(lambda m: FIRST + timedelta(minutes=m))


@given(histories(), st.integers(0, 99), minutes)
def test_any_legal_history_replays_to_the_same_state(
    history: History, seed: int, at: datetime
) -> None:
    """In any order of reading, as of any minute, and from what was done alone."""
    shuffled = random.Random(seed).sample(history.log, len(history.log))
    assert lifecycle.replay(shuffled) == history.cases[-1]
    standing = lifecycle.replay(shuffled, at)
    past = [case for case in history.cases if case.last_at <= at]
    assert standing == (past[-1].at(at) if past else None)
    assert (standing.state if standing else None) == rules.state_as_of(shuffled, at)
    again = lifecycle.apply(None, history.log[0])
    for event in history.log[1:]:  # the states that the log holds follow from its steps
        bare = replace(event, status=Status.REPORTED, tier=Tier.GRID)
        words = {name: getattr(bare, name) for name in
                 ("account_id", "unit_id", "until", "outcome", "other_no")}  # fmt: skip
        again = lifecycle.apply(again, after(again, Step(bare.step), bare.at, **words))
    assert again == history.cases[-1]


@given(histories(), st.integers(0, 400 * 1440))
def test_every_illegal_step_is_refused_in_words(history: History, wait_m: int) -> None:
    """With the reason and what is possible instead; a legal one leads to a state."""
    now = history.log[-1].at + timedelta(minutes=wait_m)
    case = history.cases[-1].at(now)
    possible = lifecycle.possible_steps(case)
    assert Step.REPORT not in possible
    for step in Step:
        if step in possible:
            assert lifecycle.status_after(case, step) in set(Status)
            continue
        with pytest.raises(IllegalStep) as refused:
            lifecycle.status_after(case, step)
        why, _, instead = str(refused.value).partition("; possible: ")
        assert why.startswith(f"{step} may not follow")
        assert tuple(instead.split(", ")) == (possible or ("nothing",))


@given(histories())
def test_what_holds_in_every_history(history: History) -> None:
    """Tiers never sink, one suspension, two extensions, a stage is never jumped."""
    order = list(Tier)
    words = [event.step for event in history.log]
    assert words.count(Step.SUSPEND) <= 1 and words.count(Step.EXTEND) <= 2
    for before, event, case in zip(history.cases, history.log[1:], history.cases[1:], strict=False):
        assert order.index(case.tier) - order.index(before.tier) in (0, 1)
        assert (case.closed_at is None) == is_open(case.status)
        assert case.version == before.version + 1
        if event.step == Step.UNMERGE:
            merged = next(c for c in reversed(history.cases[: before.version])
                          if c.status is not Status.DUPLICATE)  # fmt: skip
            assert (case.status, case.tier) == (merged.status, merged.tier)
        if case.status is Status.HANDLING and before.status is not Status.SUSPENDED:
            assert before.at(event.at).status in (
                Status.ACKNOWLEDGED, Status.HANDLING, Status.DUPLICATE,
            )  # fmt: skip
    final = history.cases[-1]
    assert final.returned == sum(
        e.step == Step.RETURN or e.outcome == CheckOutcome.NOT_PASS for e in history.log
    )
    assert final.reopened == words.count(Step.REOPEN)


@given(histories(), minutes)
@settings(max_examples=60)
def test_the_clock_agrees_with_the_case(history: History, at: datetime) -> None:
    """Extensions, pauses and the end are the same, whether one asks the rules or the clock."""
    case = lifecycle.replay(history.log, at)
    clock = clocks_of(history.log, LIMITS, CALENDAR, at).total
    if case is None or clock.started_at is None:
        return
    assert clock.extensions == case.extensions
    assert clock.is_paused == (case.status is Status.SUSPENDED)
    handed_back = case.status in (Status.HANDLED, Status.PENDING_CHECK)
    assert clock.is_running == (is_open(case.status) and not handed_back)
    assert clock.raw_due_at is not None and clock.due_at is not None
    assert clock.due_at >= clock.raw_due_at


# --- a suspension ends by itself -----------------------------------------------------------------


def course(*steps: tuple[float, Step, dict[str, object]]) -> list[Event]:
    """A log from (hours after the report, step, words)."""
    log = [reported()]
    case = lifecycle.apply(None, log[0])
    for hours, step, said in steps:
        log.append(after(case, step, FIRST + timedelta(hours=hours), **said))
        case = lifecycle.apply(case, log[-1])
    return log


HANDLING = (
    (0.1, Step.REGISTER, {}),
    (0.2, Step.ASSIGN, {"unit_id": 4}),
    (0.3, Step.ACKNOWLEDGE, {}),
    (0.4, Step.HANDLE, {}),
)


def test_a_suspension_ends_by_itself() -> None:
    """Without anybody noting it: state, steps and clock go on at that instant; once noted, the
    same; and there is no second one."""
    until = FIRST + timedelta(hours=48)
    log = course(*HANDLING, (1, Step.SUSPEND, {"until": until}))
    for hours, status in ((47.9, Status.SUSPENDED), (48, Status.HANDLING), (99, Status.HANDLING)):
        case = lifecycle.replay(log, FIRST + timedelta(hours=hours))
        assert case is not None and case.status is status
    assert Step.RESUME not in lifecycle.possible_steps(case)
    assert Step.HAND_BACK in lifecycle.possible_steps(case)
    assert lifecycle.why_not(case, Step.SUSPEND) is not None
    noted = [*log, Event(FIRST + timedelta(hours=60), 7, Step.RESUME, Status.HANDLING,
                         Tier.WORKSTATION)]  # fmt: skip
    late = FIRST + timedelta(hours=70)
    assert clocks_of(log, LIMITS, CALENDAR, late).total == clocks_of(
        noted, LIMITS, CALENDAR, late
    ).total  # fmt: skip
    clock = clocks_of(log, LIMITS, CALENDAR, late).total
    assert clock.raw_due_at is not None and clock.due_at is not None
    # 5 work days, of which the clock stood for 47 hours of working days.
    assert clock.due_at - clock.raw_due_at >= timedelta(hours=47)


ASKED = ((5, Step.ASK_EXTENSION, {"account_id": 1}), (6, Step.EXTEND, {"account_id": 2}))
REFUSED = ((7, Step.ASK_EXTENSION, {}), (8, Step.REFUSE_EXTENSION, {}))
SUSPENDED = ((9, Step.SUSPEND, {"until": FIRST + timedelta(hours=99)}), (10, Step.RESUME, {}))


@pytest.mark.parametrize(
    ("taken", "step", "why"),
    [
        ((*ASKED, *REFUSED, *ASKED), Step.ASK_EXTENSION, "extended 2 times"),
        (ASKED[:1], Step.ASK_EXTENSION, "asked for already"),
        ((), Step.EXTEND, "nobody has asked"),
        (SUSPENDED, Step.SUSPEND, "granted once"),
        (SUSPENDED, Step.RESUME, "in state handling"),
        ((), Step.CHECK, "in state handling"),
        (((5, Step.APPEAL, {}),), Step.APPEAL, "already"),
        ((), Step.REFUSE_APPEAL, "nobody has appealed"),
        (tuple((n, s, {}) for n, s in enumerate(
            (Step.ESCALATE, Step.ESCALATE, Step.ESCALATE), 5)), Step.ESCALATE, "no tier above"),
        (((5, Step.HAND_BACK, {}), (6, Step.CHECK, {"outcome": "unable"})), Step.CLOSE, "again"),
        (((5, Step.HAND_BACK, {}), (6, Step.CHECK, {"outcome": "pass"})), Step.CHECK, "already"),
        (((5, Step.FORCE_CLOSE, {}), (6, Step.FOLLOW_UP, {"outcome": "neutral"})), Step.FOLLOW_UP,
         "already"),
    ],
)  # fmt: skip
def test_what_hangs_on_more_than_the_state(
    taken: tuple[tuple[float, Step, dict[str, object]], ...], step: Step, why: str
) -> None:
    """Counts, open requests, the last check: refused in words."""
    log = course(*HANDLING)
    for hours, (_, one, said) in enumerate(taken, 5):
        case = lifecycle.replay(log)
        assert case is not None
        log.append(after(case, one, FIRST + timedelta(hours=hours), **said))
    final = lifecycle.replay(log)
    assert final is not None
    assert why in (lifecycle.why_not(final, step) or "")


@pytest.mark.parametrize(
    ("days", "refused"), [(0, True), (-1, True), (1, False), (365, False), (366, True)]
)
def test_how_long_a_suspension_may_be(days: int, refused: bool) -> None:
    """A year at most, and never into the past."""
    why = lifecycle.why_not_until(FIRST + timedelta(days=days), FIRST)
    assert (why is not None) == refused


def test_what_was_verified_decides_filing() -> None:
    """What does not exist is not filed, but refused as not reproducible."""
    asked = ((1, Step.ASK_VERIFICATION, {}), (2, Step.VERIFY, {"outcome": "does_not_exist"}))
    case = lifecycle.replay(course(*asked))
    assert case is not None and lifecycle.ordinary_step(case) is Step.REFUSE
    assert lifecycle.why_not(case, Step.REGISTER) is not None
    assert lifecycle.status_after(case, Step.REFUSE) is Status.NOT_REPRODUCIBLE
    # Reopened it has to be decided anew.
    log = course(*asked, (3, Step.REFUSE, {}), (4, Step.REOPEN, {}))
    again = lifecycle.replay(log)
    assert again is not None and again.status is Status.REPORTED
    assert lifecycle.ordinary_step(again) is Step.REGISTER


# --- who may -------------------------------------------------------------------------------------

EVERY_POST = [Post(role, tier, 9) for role in Role for tier in Tier]
units = st.one_of(
    st.none(),
    st.builds(Unit, st.sampled_from(("grid_worker", "officer", "mediator")), st.sampled_from(Tier)),
)


def test_every_step_and_state_has_its_row() -> None:
    """A new word without a row fails here."""
    assert set(MAY) == set(Step)
    assert set(STATUS_AFTER) == set(Status)
    led = {step for following in STATUS_AFTER.values() for step in following}
    assert led == set(Step) - {Step.REPORT, Step.REZONE}


@given(histories(), units)
def test_no_case_is_stuck_for_want_of_somebody(history: History, unit: Unit | None) -> None:
    """Whatever may follow, some post may do it; whoever must, is shown it as a task."""
    case = history.cases[-1]
    for step in lifecycle.possible_steps(case):
        assert any(who_may.why_not_yours(case, step, post, unit) is None for post in EVERY_POST)
    ordinary = lifecycle.ordinary_step(case)
    if ordinary in who_may.WHY_A_TASK:
        shown = {who_may.task_of(case, post, unit) for post in EVERY_POST}
        assert ordinary in shown


@given(histories(), units)
def test_nobody_acts_beyond_their_role_and_tier(history: History, unit: Unit | None) -> None:
    """Readers take no step; who leads below the carrying tier takes none of its steps; and
    whoever asked for something does not grant it."""
    case = history.cases[-1]
    order = who_may.ORDER
    for post in EVERY_POST:
        may = set(who_may.steps_of(case, post, unit))
        assert may <= set(lifecycle.possible_steps(case))
        if post.role in (Role.AUDITOR, Role.WALL_DISPLAY, Role.PLANNER):
            assert not may
        if post.role in who_may.LEADERS:
            below = order[post.tier] < order[who_may.carrying_tier(case)]
            assert not may if below else True
        if post.role is not Role.DUTY_OFFICER and post.role is not Role.CITY_ADMIN:
            assert not may & {Step.EXTEND, Step.FORCE_CLOSE, Step.SUPERVISE, Step.GRANT_APPEAL}
    if case.asks_extension:
        asker = Post(Role.CITY_ADMIN, Tier.CITY_CENTRE, case.extension_asked_by or 0)
        assert Step.EXTEND not in who_may.steps_of(case, asker, unit)


# --- what a step says ----------------------------------------------------------------------------


@pytest.mark.parametrize("step", list(Step))
def test_each_step_says_what_it_must_and_nothing_else(step: Step) -> None:
    """Every missing and every superfluous word is named."""
    words = step_words.words_of(step, is_dispute=False)
    needed = {word.name for word in words if word.required}
    assert ("reason" in needed) == (step in NEEDS_REASON)
    bare = {name for name, _ in step_words.faults(Said(step), is_dispute=False)}
    assert bare == needed | ({"outcome"} if step in OUTCOMES else set())
    full = Said(step, "因", 1, FIRST, "nonsense", 1)
    known = {word.name for word in words if not word.choices}
    wrong = {name for name, _ in step_words.faults(full, is_dispute=False)}
    assert wrong == {"reason", "unit_id", "until", "outcome", "other_id"} - known


def test_a_dispute_ends_with_an_outcome() -> None:
    """And nothing else does."""
    assert step_words.faults(Said(Step.CLOSE), is_dispute=True)[0][0] == "outcome"
    assert not step_words.faults(Said(Step.CLOSE, outcome="mediated"), is_dispute=True)
    assert step_words.faults(Said(Step.CLOSE, outcome="mediated"), is_dispute=False)
