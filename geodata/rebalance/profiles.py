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


def by_sliders(base: Profile, balance: float, shape: float, little_change: float) -> Profile:
    """A profile between extremes: each slider from 0 (hardly) over 0.5 (as it is) to 1 (above all).

    A slider multiplies its weights by a quarter up to four; `balance` also halves or doubles the
    tolerance.

    Args:
        balance: how even the work is to be.
        shape: how compact the cells, and how much of their borders on streets.
        little_change: how few households and cells are to be touched.
    """
    even, neat, still = (4.0 ** (2.0 * value - 1.0) for value in (balance, shape, little_change))
    return base.but(
        tolerance=base.tolerance / even**0.5,
        beyond=base.beyond * even,
        uneven=base.uneven * even,
        ragged=base.ragged * neat,
        moved=base.moved * still,
        touched=base.touched * still,
    )
