"""The words of a case: sources, steps, states, stages, tiers. Pure: imports nothing of ours.

Source: reference vocabulary, "Life cycle". The stage names are the public ones (Open311 maps
`closed` and `not_accepted` to its closed, all others to open).
"""

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
