"""Histories that lead a case where random steps seldom bring it, with instants worth a look.

Random steps hand few cases back, suspend fewer, and hardly ever look at one while it is paused.
Here a case is led by its ordinary course to each step of a list, with waits that end at office
hours, at the end of a suspension, or where its clock changes. The same seed gives the same history,
so what a test reaches is reached in every run.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from app.core.clock import CITY_ZONE
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle.rules import Case
from app.incidents.rules import CheckOutcome, Event, Status, Step, Tier, Verification
from tests.app.incidents.test_lifecycle import FIRST, OUTCOMES, History, after

MOST_STEPS = 40
SECOND = timedelta(seconds=1)
STARTS = (
    FIRST,
    datetime(2026, 2, 13, 17, 30, tzinfo=CITY_ZONE),  # before a worked Saturday and nine free days
    datetime(2026, 12, 30, 16, tzinfo=CITY_ZONE),  # before a year that is only expected
    datetime(2027, 1, 1, tzinfo=CITY_ZONE),
)
GOALS = (
    Step.REGISTER, Step.ASSIGN, Step.ESCALATE, Step.RETURN, Step.HAND_BACK, Step.CHECK, Step.CLOSE,
    Step.SUSPEND, Step.SUSPEND, Step.RESUME, Step.EXTEND, Step.GRANT_APPEAL, Step.REFUSE_APPEAL,
    Step.UNMERGE, Step.REOPEN, Step.FORCE_CLOSE, Step.REMIND,
)  # fmt: skip
ASKED_BY = {
    Step.EXTEND: Step.ASK_EXTENSION,
    Step.GRANT_APPEAL: Step.APPEAL,
    Step.REFUSE_APPEAL: Step.APPEAL,
    Step.UNMERGE: Step.MERGE,
    Step.RESUME: Step.SUSPEND,
    Step.REOPEN: Step.CLOSE,
}
LONGEST_WAITS_M = (0, 3, 3, 600, 9 * 1440)
ODD = (timedelta(0), timedelta(0), timedelta(microseconds=1), timedelta(seconds=41))


@dataclass(frozen=True)
class Leading:
    """How cases are led.

    Attributes:
        among: steps that may be taken.
        marks: instants after the end of a log at which, or a second around which, some are taken.
    """

    among: frozenset[Step] = frozenset(Step)
    marks: Callable[[list[Event]], Iterable[datetime | None]] = lambda log: ()

    def history(self, seed: int | str) -> History:
        """Legal steps of one case, always the same for a seed."""
        chosen = Random(seed)
        log = [Event(chosen.choice(STARTS), 1, Step.REPORT, Status.REPORTED, Tier.GRID)]
        cases = [lifecycle.apply(None, log[0])]
        goals = [step for step in GOALS if step in self.among]
        for goal in chosen.choices(goals, k=chosen.randint(0, 7)):
            for _ in range(8):
                at = _instant(chosen, cases[-1], self.marks(log))
                step = self._towards(goal, cases[-1].at(at))
                if step is None or len(log) >= MOST_STEPS:
                    break
                log.append(after(cases[-1], step, at, **_words(chosen, step, at)))
                cases.append(lifecycle.apply(cases[-1], log[-1]))
                if step is goal:
                    break
        return History(tuple(log), tuple(cases))

    def _towards(self, goal: Step, case: Case) -> Step | None:
        """The goal, what is asked before it, or the next step of the ordinary course."""
        possible = lifecycle.possible_steps(case)
        wanted = [goal, ASKED_BY.get(goal), lifecycle.ordinary_step(case)]
        return next((step for step in wanted if step in possible and step in self.among), None)


def _instant(chosen: Random, case: Case, marks: Iterable[datetime | None]) -> datetime:
    """When the next step is taken: after a wait, at an office hour, where something changes."""
    wait_m = chosen.randint(0, chosen.choice(LONGEST_WAITS_M))
    at = case.last_at + timedelta(minutes=wait_m) + chosen.choice(ODD)
    midnight = at.astimezone(CITY_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [midnight + timedelta(hours=chosen.choice((0, 8, 12, 14, 18, 24)))]
    for mark in (*marks, case.suspended_until):
        if mark is not None:
            ends += [mark - SECOND, mark, mark + SECOND, case.last_at + (mark - case.last_at) / 2]
    ahead = [end for end in ends if end >= case.last_at]
    return chosen.choice(ahead) if ahead and chosen.random() < 0.4 else at


def _words(chosen: Random, step: Step, at: datetime) -> dict[str, Any]:
    """What a step says; mostly what lets the case go on."""
    said: dict[str, Any] = {"account_id": chosen.randint(1, 3)}
    if step in OUTCOMES:
        good = {Step.VERIFY: Verification.EXISTS, Step.CHECK: CheckOutcome.PASS}.get(step)
        said["outcome"] = good if chosen.random() < 0.6 else chosen.choice(OUTCOMES[step])
    if step is Step.SUSPEND:
        hours = chosen.randint(1, chosen.choice((2, 72, 24 * 365)))
        said["until"] = at + timedelta(hours=hours) if chosen.random() < 0.9 else None
    if step is Step.ASSIGN:
        said["unit_id"] = chosen.randint(1, 3)
    if step is Step.MERGE:
        said["other_no"] = 7
    return said


def looks(since: datetime, until: datetime, marks: Iterable[datetime | None]) -> list[datetime]:
    """Instants from `since` to before `until` at which something may change: both ends, those of
    `marks` and a second around them, and the middle between every two of these."""
    wanted = {since, until - timedelta(microseconds=1)}
    wanted |= {mark + d for mark in marks if mark for d in (-SECOND, 0 * SECOND, SECOND)}
    inside = sorted(at for at in wanted if since <= at < until)
    return sorted({*inside, *(a + (b - a) / 2 for a, b in pairwise(inside))})
