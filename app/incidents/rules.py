"""The words of a case: sources, steps, states, stages, tiers. Pure: imports nothing of ours.

Source: reference vocabulary, "Life cycle". The stage names are the public ones (Open311 maps
`closed` and `not_accepted` to its closed, all others to open).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """Through which door a report came."""

    VISIT = "visit"
    PATROL = "patrol"
    HOTLINE = "hotline"
    MINI_PROGRAM = "mini_program"
    POLICE_CALL = "police_call"
    WARNING = "warning"
    LEADER = "leader"
    TRANSFER = "transfer"
    SENSOR = "sensor"


class Step(StrEnum):
    """What was done to a case."""

    REPORT = "report"
    REGISTER = "register"
    REFUSE = "refuse"
    ASSIGN = "assign"
    ACKNOWLEDGE = "acknowledge"
    RETURN = "return"
    HANDLE = "handle"
    HAND_BACK = "hand_back"
    CHECK = "check"
    CLOSE = "close"
    ESCALATE = "escalate"


class Stage(StrEnum):
    """The public stage, in the order in which a case passes them."""

    REPORTED = "reported"
    REGISTERED = "registered"
    ASSIGNED = "assigned"
    HANDLING = "handling"
    CHECKING = "checking"
    CLOSED = "closed"


class Status(StrEnum):
    """The internal state."""

    REPORTED = "reported"
    PENDING_VERIFY = "pending_verify"
    REGISTERED = "registered"
    NOT_ACCEPTED = "not_accepted"
    PENDING_DISPATCH = "pending_dispatch"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    HANDLING = "handling"
    HANDLED = "handled"
    SUSPENDED = "suspended"
    PENDING_CHECK = "pending_check"
    CLOSED = "closed"
    FORCED_CLOSE = "forced_close"
    DUPLICATE = "duplicate"
    NOT_REPRODUCIBLE = "not_reproducible"


class Tier(StrEnum):
    """Who carries a case, from the cell up."""

    GRID = "grid"
    WORKSTATION = "workstation"
    COMMAND_POST = "command_post"
    SUB_CENTRE = "sub_centre"
    CITY_CENTRE = "city_centre"


STAGE_OF: dict[Status, Stage] = {
    Status.REPORTED: Stage.REPORTED,
    Status.PENDING_VERIFY: Stage.REPORTED,
    Status.REGISTERED: Stage.REGISTERED,
    Status.NOT_ACCEPTED: Stage.CLOSED,
    Status.PENDING_DISPATCH: Stage.ASSIGNED,
    Status.ASSIGNED: Stage.ASSIGNED,
    Status.RETURNED: Stage.ASSIGNED,
    Status.ACKNOWLEDGED: Stage.HANDLING,
    Status.HANDLING: Stage.HANDLING,
    Status.HANDLED: Stage.HANDLING,
    Status.SUSPENDED: Stage.HANDLING,
    Status.PENDING_CHECK: Stage.CHECKING,
    Status.CLOSED: Stage.CLOSED,
    Status.FORCED_CLOSE: Stage.CLOSED,
    Status.DUPLICATE: Stage.CLOSED,
    Status.NOT_REPRODUCIBLE: Stage.CLOSED,
}


def is_open(status: Status) -> bool:
    """Whether somebody still has something to do."""
    return STAGE_OF[status] is not Stage.CLOSED


# What a first pair of digits of the filing standard stands for on the map.
KIND_OF_PREFIX = {
    "10": "dispute",
    "11": "warning",
    "12": "rescue",
    "13": "traffic",
    "14": "consultation",
    "15": "hazard",
    "16": "obstruction",
}


def kind_of(category: str) -> str:
    """The kind of a category: one of the named kinds, else `request`.

    Args:
        category: two or four digits of the filing standard.
    """
    return KIND_OF_PREFIX.get(category[:2], "request")


STATUS_WORDS = tuple(dict.fromkeys(["open", "closed", *Stage, *Status]))
"""Everything that the query word `status` may say."""


def statuses_matching(word: str) -> frozenset[Status]:
    """The states that the query word `status` selects.

    `open` and `closed` are all states on that side; the name of a stage is every state of that
    stage (where a state has the same name, the stage is meant); any other word is that state alone.

    Raises:
        ValueError: no such word.
    """
    if word == "open":
        return frozenset(status for status in Status if is_open(status))
    if word in set(Stage):
        return frozenset(status for status, stage in STAGE_OF.items() if stage == word)
    if word not in set(Status):
        raise ValueError(f"must be one of {', '.join(STATUS_WORDS)}")
    return frozenset({Status(word)})


@dataclass(frozen=True)
class Event:
    """One step of a case, as the append-only log keeps it."""

    at: datetime
    ordinal: int
    step: str
    status: Status
    tier: Tier


@dataclass(frozen=True)
class CaseState:
    """How a case stands at some minute."""

    status: Status
    tier: Tier
    closed_at: datetime | None

    @property
    def stage(self) -> Stage:
        """The public stage of the status."""
        return STAGE_OF[self.status]


def state_as_of(events: Iterable[Event], at: datetime) -> CaseState | None:
    """How a case stood at `at`, from its events alone; None when it was not yet reported.

    The order of `events` does not matter. `closed_at` is the instant of the step that closed the
    case for good: a case closed, reopened and closed again has the second one.
    """
    state: CaseState | None = None
    for event in sorted(events, key=lambda event: (event.at, event.ordinal)):
        if event.at > at:
            break
        before = state.closed_at if state else None
        closed_at = None if is_open(event.status) else before or event.at
        state = CaseState(event.status, event.tier, closed_at)
    return state


# What may follow what. The receiver cannot jump a stage; a case that ended stays as it is.
STATUS_AFTER: dict[Status, dict[Step, Status]] = {
    Status.REPORTED: {Step.REGISTER: Status.REGISTERED, Step.REFUSE: Status.NOT_ACCEPTED},
    Status.PENDING_VERIFY: {Step.REGISTER: Status.REGISTERED, Step.REFUSE: Status.NOT_ACCEPTED},
    Status.REGISTERED: {Step.ASSIGN: Status.ASSIGNED},
    Status.PENDING_DISPATCH: {Step.ASSIGN: Status.ASSIGNED},
    Status.ASSIGNED: {Step.ACKNOWLEDGE: Status.ACKNOWLEDGED, Step.RETURN: Status.RETURNED},
    Status.RETURNED: {Step.ASSIGN: Status.ASSIGNED},
    Status.ACKNOWLEDGED: {Step.HANDLE: Status.HANDLING},
    Status.HANDLING: {Step.HAND_BACK: Status.HANDLED, Step.ESCALATE: Status.PENDING_DISPATCH},
    Status.SUSPENDED: {Step.HANDLE: Status.HANDLING},
    Status.HANDLED: {Step.CHECK: Status.PENDING_CHECK},
    Status.PENDING_CHECK: {Step.CLOSE: Status.CLOSED, Step.RETURN: Status.RETURNED},
}
NEEDS_REASON = frozenset({Step.REFUSE, Step.RETURN, Step.ESCALATE})
"""Steps that go against the ordinary course: a later reader must find out why."""


def steps_after(status: Status) -> tuple[Step, ...]:
    """What may be done to a case in this state, the ordinary course first."""
    return tuple(STATUS_AFTER.get(status, {}))


def status_after(status: Status, step: Step) -> Status:
    """The state to which a step leads.

    Raises:
        ValueError: that step may not follow in this state.
    """
    following = STATUS_AFTER.get(status, {})
    if step not in following:
        allowed = ", ".join(following) or "nothing"
        raise ValueError(f"{step} may not follow in state {status}; allowed: {allowed}")
    return following[step]


def tier_after(tier: Tier, step: Step) -> Tier:
    """Who carries a case after a step: registering takes it off the grid, escalating one up."""
    tiers = list(Tier)
    if step is Step.REGISTER:
        return max(tier, Tier.WORKSTATION, key=tiers.index)
    if step is Step.ESCALATE:
        return tiers[min(tiers.index(tier) + 1, len(tiers) - 1)]
    return tier
