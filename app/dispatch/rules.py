"""Who there is and how many are needed where. Pure: imports nothing of ours.

Source: reference vocabulary; 一区一警两辅 (one officer and two auxiliaries for an urban community),
一村一警 (one officer for a village).
"""

from enum import StrEnum


class StationKind(StrEnum):
    """From where work is led, widest first; the order is that of the tile's `k`."""

    CITY_CENTRE = "city_centre"
    SUB_CENTRE = "sub_centre"
    COMMAND_POST = "command_post"
    WORKSTATION = "workstation"
    GRID_POST = "grid_post"
    POLICE_STATION = "police_station"
    ANTI_FRAUD_CENTRE = "anti_fraud_centre"


class UnitRole(StrEnum):
    """What a duty unit does."""

    GRID_WORKER = "grid_worker"
    GRID_LEAD = "grid_lead"
    OFFICER = "officer"
    AUXILIARY = "auxiliary"
    MEDIATOR = "mediator"
    LEGAL_ADVISER = "legal_adviser"
    DUTY_OFFICER = "duty_officer"
    DISPATCHER = "dispatcher"


class Duty(StrEnum):
    """In which capacity a unit answers for an area."""

    PRIMARY = "primary"
    BACKUP = "backup"
    STAFF = "staff"


# area kind -> role -> how many
REQUIRED_STAFF: dict[str, dict[UnitRole, int]] = {
    "community": {UnitRole.OFFICER: 1, UnitRole.AUXILIARY: 2},
    "village": {UnitRole.OFFICER: 1},
}
STAFFING_RULE_NAME = {"community": "one_officer_two_auxiliaries", "village": "one_officer"}


def meets_rule(area_kind: str, present: dict[str, int]) -> bool:
    """Whether an area of that kind has the staff that the rule asks for.

    Args:
        area_kind: `community` or `village`; any other kind has no rule and meets it.
        present: role -> number of different units assigned.
    """
    needed = REQUIRED_STAFF.get(area_kind, {})
    return all(present.get(role, 0) >= count for role, count in needed.items())
