"""What a planner wants of a plan: how even, how compact, how little changed."""

from dataclasses import dataclass, replace
from enum import StrEnum


class ProfileName(StrEnum):
    """The profiles that come with the product."""

    STANDARD = "standard"
    LITTLE_CHANGE = "little_change"
    TIGHT = "tight"


@dataclass(frozen=True)
class Profile:
    """Weights of the objective (all without unit).

    A community's objective is the mean over its free cells of
    `beyond * max(0, |d| - tolerance) + uneven * d**2`, with d the cell's load over the mean load,
    less 1; plus `ragged` times the inner border (half where it lies on a street) over today's;
    plus `moved` times the share of households in units that change their cell; plus `touched`
    times the share of cells whose units change.
    """

    tolerance: float
    beyond: float
    uneven: float
    ragged: float
    moved: float
    touched: float

    def but(self, **changes: float) -> "Profile":
        """The same with other weights."""
        return replace(self, **changes)


PROFILES: dict[ProfileName, Profile] = {
    ProfileName.STANDARD: Profile(0.12, 40.0, 1.0, 0.3, 0.8, 0.15),
    ProfileName.LITTLE_CHANGE: Profile(0.14, 40.0, 1.0, 0.33, 1.6, 0.6),
    ProfileName.TIGHT: Profile(0.09, 80.0, 1.0, 0.32, 1.0, 0.2),
}
