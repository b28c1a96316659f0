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
    ASK_VERIFICATION = "ask_verification"
    VERIFY = "verify"
    REGISTER = "register"
    REFUSE = "refuse"
    ASSIGN = "assign"
    ACKNOWLEDGE = "acknowledge"
    RETURN = "return"
    HANDLE = "handle"
    HAND_BACK = "hand_back"
    CHECK = "check"
    CLOSE = "close"
    FORCE_CLOSE = "force_close"
    ESCALATE = "escalate"
    SUSPEND = "suspend"
    RESUME = "resume"
    ASK_EXTENSION = "ask_extension"
    EXTEND = "extend"
    REFUSE_EXTENSION = "refuse_extension"
    APPEAL = "appeal"
    GRANT_APPEAL = "grant_appeal"
    REFUSE_APPEAL = "refuse_appeal"
    SUPERVISE = "supervise"
    REMIND = "remind"
    MERGE = "merge"
    UNMERGE = "unmerge"
    REOPEN = "reopen"
    FOLLOW_UP = "follow_up"
    REZONE = "rezone"


class Verification(StrEnum):
    """What was found before filing."""

    EXISTS = "exists"
    DOES_NOT_EXIST = "does_not_exist"
    UNABLE = "unable"


class CheckOutcome(StrEnum):
    """What was found before closing."""

    PASS = "pass"
    NOT_PASS = "not_pass"
    UNABLE = "unable"


class DisputeOutcome(StrEnum):
    """How a dispute ended."""

    MEDIATED = "mediated"
    NOT_MEDIATED = "not_mediated"
    WITHDRAWN = "withdrawn"
    TO_COURT = "to_court"
    TO_PETITION = "to_petition"
    TO_ADMINISTRATION = "to_administration"


class Satisfaction(StrEnum):
    """What whoever had told of it said afterwards; a record, not a state."""

    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    DISSATISFIED = "dissatisfied"
    NOT_REACHED = "not_reached"


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


STATUS_NUMBERS: dict[Status, int] = {
    Status.REPORTED: 1,
    Status.PENDING_VERIFY: 2,
    Status.REGISTERED: 3,
    Status.PENDING_DISPATCH: 4,
    Status.ASSIGNED: 5,
    Status.RETURNED: 6,
    Status.ACKNOWLEDGED: 7,
    Status.HANDLING: 8,
    Status.SUSPENDED: 9,
    Status.HANDLED: 10,
    Status.PENDING_CHECK: 11,
    Status.CLOSED: 21,
    Status.FORCED_CLOSE: 22,
    Status.DUPLICATE: 23,
    Status.NOT_REPRODUCIBLE: 24,
    Status.NOT_ACCEPTED: 25,
}
"""States as the reading model writes them: a number stays its state's for ever."""
TIER_NUMBERS: dict[Tier, int] = {
    Tier.GRID: 1,
    Tier.WORKSTATION: 2,
    Tier.COMMAND_POST: 3,
    Tier.SUB_CENTRE: 4,
    Tier.CITY_CENTRE: 5,
}
"""Tiers, likewise."""

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
    """One step of a case, as the append-only log keeps it.

    Attributes:
        account_id: of the staff post that took it; None for what a program did.
        unit_id: to whom it was assigned.
        until: when a suspension ends by itself.
        outcome: what was found, or how it ended; a word of that step's.
        other_no: number of the case into which it was merged.
        from_cell: the cell that the case left, where boundaries were redrawn under it.
    """

    at: datetime
    ordinal: int
    step: str
    status: Status
    tier: Tier
    account_id: int | None = None
    unit_id: int | None = None
    until: datetime | None = None
    outcome: str | None = None
    other_no: int | None = None
    from_cell: int | None = None


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
    case for good: a case closed, reopened and closed again has the second one. A suspension that
    has run out is over, whether or not anybody has noted it.
    """
    state: CaseState | None = None
    before, until = Status.HANDLING, None
    for event in sorted(events, key=lambda event: (event.at, event.ordinal)):
        if event.at > at:
            break
        closed_at = None if is_open(event.status) else (state and state.closed_at) or event.at
        if event.step == Step.SUSPEND:
            before, until = state.status if state else before, event.until
        state = CaseState(event.status, event.tier, closed_at)
    if state and state.status is Status.SUSPENDED and until is not None and until <= at:
        return CaseState(before, state.tier, None)
    return state
