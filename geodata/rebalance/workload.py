"""What work a base unit makes: a planner's weights over households, cases, ground and streets.

The unit of load is the household: a weight says how many households one thing weighs as much as.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import numpy as np

from geodata.rebalance.borders import Borders
from geodata.rebalance.units import LOAD_OF_INCIDENT, BoolArray, FloatArray, Units, sums

HEAVIEST = 1e6
"""No weight is larger: load sums over a city stay exact."""
LONGEST_DAYS = 3_660
YEAR_DAYS = 365.0
_GROUP = re.compile(r"[0-9]{2}", re.ASCII)
_MOST_GROUPS = 100
_WEIGHTS = ("household", "incident", "per_km2", "per_street_km")
_AREA_M2, _STREET_M = 1e6, 1e3


class Counting(StrEnum):
    """Which cases of a unit are weighed."""

    LISTED = "listed"
    """Those that the base units themselves name, a year."""
    COUNTED = "counted"
    """Those that were reported in the last `period_days`, as many as that is a year."""
    FORECAST = "forecast"
    """Those that are expected next year after the last `period_days`."""


class WorkloadError(ValueError):
    """A model that cannot be used; `field` names what is wrong and `reason` says why."""

    def __init__(self, field_: str, reason: str) -> None:
        super().__init__(f"{field_}: {reason}")
        self.field = field_
        self.reason = reason


@dataclass(frozen=True)
class WorkloadModel:
    """Weights, each in households.

    Attributes:
        household: of one household.
        incident: of one case a year, of every group that `incident_by_group` does not name.
        incident_by_group: of one case a year by the first two digits of its category.
        per_km2: of a square kilometre of ground.
        per_street_km: of a kilometre of outline along streets.
        incidents: which cases are weighed.
        period_days: how many days of cases they are counted or forecast from; of no use for
            `listed`.
    """

    household: float = 1.0
    incident: float = LOAD_OF_INCIDENT
    incident_by_group: Mapping[str, float] = field(default_factory=dict)
    per_km2: float = 0.0
    per_street_km: float = 0.0
    incidents: Counting = Counting.LISTED
    period_days: int = 365

    def __post_init__(self) -> None:
        """Refuse what no load can be made of.

        Raises:
            WorkloadError: a weight that is no number, negative or too large; all are 0; a group
                that is no two digits; groups without cases that have one; a period too short or
                too long.
        """
        for name in _WEIGHTS:
            object.__setattr__(self, name, _weight(name, getattr(self, name)))
        object.__setattr__(self, "incident_by_group", _groups(self.incident_by_group))
        if not isinstance(self.incidents, Counting):
            raise WorkloadError("incidents", f"must be one of {', '.join(Counting)}")
        if type(self.period_days) is not int or not 1 <= self.period_days <= LONGEST_DAYS:
            raise WorkloadError("period_days", f"must be a whole number, 1 to {LONGEST_DAYS}")
        if self.incident_by_group and self.incidents is Counting.LISTED:
            raise WorkloadError(
                "incident_by_group", "cases that units list have no category; count or forecast"
            )
        if not any([*(getattr(self, name) for name in _WEIGHTS), *self.incident_by_group.values()]):
            raise WorkloadError("household", "the weights must not all be 0")

    def weight_of(self, group: str) -> float:
        """What one case a year of a group weighs."""
        return self.incident_by_group.get(group, self.incident)

    def to_json(self) -> dict[str, Any]:
        """The same as plain values; `from_json` reads it back."""
        return {
            **{name: getattr(self, name) for name in _WEIGHTS},
            "incident_by_group": dict(sorted(self.incident_by_group.items())),
            "incidents": self.incidents.value,
            "period_days": self.period_days,
        }


def from_json(said: object) -> WorkloadModel:
    """A model from plain values, as JSON gives them; what is left out is as in the default.

    Raises:
        WorkloadError: no object, unknown fields, or values that `WorkloadModel` refuses.
    """
    if not isinstance(said, Mapping):
        raise WorkloadError("model", "must be an object")
    known = {one.name for one in fields(WorkloadModel)}
    for name in said:
        if name not in known:
            raise WorkloadError(str(name)[:60], "there is no such field")
    values = dict(said)
    if "incidents" in values:
        if values["incidents"] not in list(Counting):
            raise WorkloadError("incidents", f"must be one of {', '.join(Counting)}")
        values["incidents"] = Counting(values["incidents"])
    return WorkloadModel(**values)


def load_of(
    model: WorkloadModel,
    households: FloatArray,
    incidents_by_group: Mapping[str, FloatArray],
    area_m2: FloatArray,
    street_m: FloatArray,
) -> FloatArray:
    """(n,) the work that each unit makes, in households.

    Args:
        households, area_m2, street_m: (n,) of the units.
        incidents_by_group: (n,) cases a year of each unit by the first two digits of their
            category; those without one under "".
    """
    load = model.household * households
    for group, incidents in incidents_by_group.items():
        load = load + model.weight_of(group) * incidents
    load = load + model.per_km2 * area_m2 / _AREA_M2
    whole: FloatArray = load + model.per_street_km * street_m / _STREET_M
    return whole


def a_year(count: FloatArray, period_days: int) -> FloatArray:
    """As many as `count` in `period_days` are in 365 days."""
    return count * (YEAR_DAYS / period_days)


def street_m_of(units: Units, borders: Borders) -> FloatArray:
    """(n,) metres of each unit's outline that lie on a street; 0 where blocks are unknown.

    That is all of its outline that is not shared with a unit of its own block: every street counts
    once for each side, the edge of the community too.
    """
    if units.street_block is None:
        return np.zeros(len(units))
    inner: BoolArray = ~borders.on_street
    count = len(units)
    shared_m = sums(borders.one[inner], borders.length_m[inner], count)
    shared_m += sums(borders.other[inner], borders.length_m[inner], count)
    street_m: FloatArray = np.maximum(units.rim_m - shared_m, 0.0)
    return street_m


def _weight(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WorkloadError(name, "must be a number")
    if not 0.0 <= value <= HEAVIEST or math.isnan(value):
        raise WorkloadError(name, f"must be from 0 to {HEAVIEST:,.0f}")
    return float(value)


def _groups(said: object) -> dict[str, float]:
    if not isinstance(said, Mapping):
        raise WorkloadError("incident_by_group", "must be an object")
    if len(said) > _MOST_GROUPS:
        raise WorkloadError("incident_by_group", f"must name at most {_MOST_GROUPS} groups")
    for group in said:
        if not isinstance(group, str) or not _GROUP.fullmatch(group):
            raise WorkloadError("incident_by_group", "a group is two digits, such as 04")
    return {group: _weight(f"incident_by_group.{group}", one) for group, one in said.items()}


DEFAULT = WorkloadModel()
"""Households, and twice the cases that units list."""
