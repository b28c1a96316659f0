"""What a case is after everything that happened to it, and which step may follow. Pure.

A case is folded from its log alone. A step is refused with the reason, in words for whoever tried.
Who may take it stands in `who_may`; what it must say in `words`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.incidents.clocks.rules import MOST_EXTENSIONS, a_year_after
from app.incidents.lifecycle.transitions import STATUS_AFTER, steps_after
from app.incidents.rules import (
    CaseState,
    CheckOutcome,
    Event,
    Satisfaction,
    Status,
    Step,
    Tier,
    Verification,
    is_open,
)


class IllegalStep(ValueError):
    """A step that may not follow; the message says why."""


@dataclass(frozen=True)
class Case:
    """How a case stands after its last step.

    Attributes:
        version: ordinal of that step.
        last_at: its instant (UTC).
        unit_id: the duty unit of the last assignment.
        registered: whether it was ever filed.
        verified: what was found before filing, the last time.
        checked, checked_at: what was found before closing, the last time since it was handed back,
            and when.
        before: the state from which it was merged or suspended.
        suspended_until: when its suspension ends by itself.
        was_suspended: a suspension is granted once.
        returned: how often it was sent back, by its receiver or by the check.
        reopened: how often.
        extensions: how many were granted.
        asks_extension, appeals: whether somebody waits for an answer, and which account it is.
        duplicate_of: number of the case into which it is merged.
        satisfaction: what the last follow-up found, since it was last closed.
    """

    status: Status
    tier: Tier
    version: int
    last_at: datetime
    closed_at: datetime | None = None
    unit_id: int | None = None
    registered: bool = False
    verified: str | None = None
    checked: str | None = None
    checked_at: datetime | None = None
    before: Status = Status.HANDLING
    suspended_until: datetime | None = None
    was_suspended: bool = False
    returned: int = 0
    reopened: int = 0
    extensions: int = 0
    asks_extension: bool = False
    extension_asked_by: int | None = None
    appeals: bool = False
    appealed_by: int | None = None
    duplicate_of: int | None = None
    satisfaction: str | None = None

    @property
    def state(self) -> CaseState:
        """The part of it that lists show."""
        return CaseState(self.status, self.tier, self.closed_at)

    def at(self, now: datetime) -> "Case":
        """The same at a later minute: a suspension that has run out is over."""
        until = self.suspended_until
        if self.status is not Status.SUSPENDED or until is None or now < until:
            return self
        return replace(self, status=self.before, suspended_until=None)


def replay(events: Iterable[Event], at: datetime | None = None) -> Case | None:
    """A case from its log, in any order; None without a step.

    Args:
        at: as of this minute (UTC), later steps left out; None for all of it, as it was left.
    """
    case: Case | None = None
    for event in sorted(events, key=lambda event: (event.at, event.ordinal)):
        if at is not None and event.at > at:
            break
        case = apply(case, event)
    return case.at(at) if case is not None and at is not None else case


def apply(case: Case | None, event: Event) -> Case:
    """The case after one more step, whose state and tier the log tells."""
    if case is None:
        case = Case(event.status, event.tier, event.ordinal, event.at)
    case = case.at(event.at)
    by_step = _EFFECTS.get(event.step)
    changed = _by_status(case, event) | (by_step(case, event) if by_step else {})
    closed_at = None if is_open(event.status) else case.closed_at or event.at
    return replace(
        case, status=event.status, tier=event.tier, version=event.ordinal, last_at=event.at,
        closed_at=closed_at, **changed,
    )  # fmt: skip


def _by_status(case: Case, event: Event) -> dict[str, Any]:
    """What follows from the state alone: older logs close a case as a duplicate, without a step."""
    changed: dict[str, Any] = {}
    if event.status is Status.REGISTERED:
        changed["registered"] = True
    if event.status is Status.DUPLICATE and case.status is not Status.DUPLICATE:
        changed |= {"before": case.status, "duplicate_of": event.other_no}
    if not is_open(event.status) or event.status is Status.HANDLED:
        changed |= {"asks_extension": False}
    if not is_open(event.status):
        changed |= {"appeals": False}
    return changed


# What a step changes beside state and tier.
_EFFECTS: dict[str, Callable[[Case, Event], dict[str, Any]]] = {
    Step.VERIFY: lambda case, event: {"verified": event.outcome},
    Step.ASSIGN: lambda case, event: {"unit_id": event.unit_id},
    Step.REZONE: lambda case, event: {"unit_id": event.unit_id},
    Step.RETURN: lambda case, event: {"returned": case.returned + 1, "checked": None},
    Step.HAND_BACK: lambda case, event: {"checked": None},
    Step.CHECK: lambda case, event: {
        "checked": event.outcome, "checked_at": event.at,
        "returned": case.returned + (event.outcome == CheckOutcome.NOT_PASS),
    },
    Step.SUSPEND: lambda case, event: {
        "before": case.status, "suspended_until": event.until, "was_suspended": True,
    },
    Step.RESUME: lambda case, event: {"suspended_until": None},
    Step.ASK_EXTENSION: lambda case, event: {
        "asks_extension": True, "extension_asked_by": event.account_id,
    },
    Step.EXTEND: lambda case, event: {
        "asks_extension": False, "extensions": case.extensions + 1,
    },
    Step.REFUSE_EXTENSION: lambda case, event: {"asks_extension": False},
    Step.APPEAL: lambda case, event: {"appeals": True, "appealed_by": event.account_id},
    Step.GRANT_APPEAL: lambda case, event: {"appeals": False},
    Step.REFUSE_APPEAL: lambda case, event: {"appeals": False},
    Step.UNMERGE: lambda case, event: {"duplicate_of": None},
    Step.REOPEN: lambda case, event: {
        "reopened": case.reopened + 1, "satisfaction": None, "checked": None, "verified": None,
    },
    Step.FOLLOW_UP: lambda case, event: {"satisfaction": event.outcome},
}  # fmt: skip


def ordinary_step(case: Case) -> Step | None:
    """The step that comes next in the ordinary course; None where the case has ended."""
    if not is_open(case.status):
        return None
    if case.status is Status.REPORTED and case.verified == Verification.DOES_NOT_EXIST:
        return Step.REFUSE
    if case.status is Status.PENDING_CHECK and case.checked == CheckOutcome.UNABLE:
        return Step.CHECK
    return steps_after(case.status)[0]


def possible_steps(case: Case) -> tuple[Step, ...]:
    """Every step that may follow now, whoever takes it."""
    return tuple(step for step in steps_after(case.status) if why_not(case, step) is None)


def why_not(case: Case, step: Step) -> str | None:
    """Why a step may not follow, as far as it hangs on the case; None when it may."""
    if step not in STATUS_AFTER[case.status]:
        return f"{step} may not follow in state {case.status}"
    refused = {
        Step.REGISTER: (case.verified == Verification.DOES_NOT_EXIST,
                        "it was verified that it does not exist"),
        Step.ESCALATE: (case.tier is Tier.CITY_CENTRE, "there is no tier above the city centre"),
        Step.SUSPEND: (case.was_suspended, "it was suspended before; that is granted once"),
        Step.CLOSE: (case.checked == CheckOutcome.UNABLE, "the check could not tell: check again"),
        Step.CHECK: (case.status is Status.PENDING_CHECK and case.checked != CheckOutcome.UNABLE,
                     "it was checked already"),
        Step.EXTEND: (not case.asks_extension, "nobody has asked for an extension"),
        Step.REFUSE_EXTENSION: (not case.asks_extension, "nobody has asked for an extension"),
        Step.APPEAL: (case.appeals, "an appeal waits for its answer already"),
        Step.GRANT_APPEAL: (not case.appeals, "nobody has appealed"),
        Step.REFUSE_APPEAL: (not case.appeals, "nobody has appealed"),
        Step.FOLLOW_UP: (case.satisfaction not in (None, Satisfaction.NOT_REACHED),
                         "it was followed up already"),
    }  # fmt: skip
    if step is Step.ASK_EXTENSION:
        return _why_no_extension(case)
    is_refused, why = refused.get(step, (False, ""))
    return f"{step} may not follow: {why}" if is_refused else None


def _why_no_extension(case: Case) -> str | None:
    if case.asks_extension:
        return "ask_extension may not follow: it was asked for already"
    if case.extensions >= MOST_EXTENSIONS:
        return f"ask_extension may not follow: it was extended {MOST_EXTENSIONS} times"
    return None


def status_after(case: Case, step: Step, outcome: str | None = None) -> Status:
    """The state to which a step leads.

    Args:
        outcome: of a check; none given counts as passed.

    Raises:
        IllegalStep: that step may not follow.
    """
    why = why_not(case, step)
    if why is not None:
        raise IllegalStep(f"{why}; possible: {', '.join(possible_steps(case)) or 'nothing'}")
    if step is Step.CHECK and outcome == CheckOutcome.NOT_PASS:
        return Status.RETURNED
    if step is Step.REFUSE and case.verified == Verification.DOES_NOT_EXIST:
        return Status.NOT_REPRODUCIBLE
    if step is Step.REOPEN and not case.registered:
        return Status.REPORTED
    if step in (Step.RESUME, Step.UNMERGE):
        return case.before
    return STATUS_AFTER[case.status][step] or case.status


def tier_after(tier: Tier, step: Step) -> Tier:
    """Who carries a case after a step: registering takes it off the grid, escalating one up."""
    tiers = list(Tier)
    if step is Step.REGISTER:
        return max(tier, Tier.WORKSTATION, key=tiers.index)
    if step is Step.ESCALATE:
        return tiers[min(tiers.index(tier) + 1, len(tiers) - 1)]
    return tier


def why_not_until(until: datetime, now: datetime) -> str | None:
    """Why a suspension may not end then (UTC); None when it may."""
    if until <= now:
        return "must lie ahead"
    if until > a_year_after(now):
        return "may lie a year ahead at most"
    return None
