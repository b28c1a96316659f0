"""Plans from outside and beside each other: reading an assignment, difference, merging, mending."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geodata.rebalance import mending
from geodata.rebalance.borders import Borders
from geodata.rebalance.units import IntArray, Units, UnitsError


@dataclass(frozen=True)
class Change:
    """One unit that changes its cell."""

    unit_id: int
    before: int
    after: int
    households: float


def difference(units: Units, before: IntArray, after: IntArray) -> list[Change]:
    """The units that lie in another cell in `after` than in `before`, by their ids."""
    rows = np.flatnonzero(before != after)
    rows = rows[np.argsort(units.unit_id[rows], kind="stable")]
    return [
        Change(int(units.unit_id[r]), int(before[r]), int(after[r]), float(units.households[r]))
        for r in rows
    ]


@dataclass(frozen=True)
class Conflict:
    """A unit that both plans move, to different cells."""

    unit_id: int
    base: int
    ours: int
    theirs: int


def merge(
    units: Units, base: IntArray, ours: IntArray, theirs: IntArray
) -> tuple[IntArray, list[Conflict]]:
    """Both plans' changes since `base` in one; where they differ ours stands, and is told."""
    both = (ours != base) & (theirs != base) & (ours != theirs)
    merged = np.where(ours != base, ours, theirs)
    conflicts = [
        Conflict(int(units.unit_id[r]), int(base[r]), int(ours[r]), int(theirs[r]))
        for r in np.flatnonzero(both)
    ]
    return merged, conflicts


def from_assignment(units: Units, cell_of: Mapping[int, int]) -> IntArray:
    """(n,) a plan from unit id -> cell code.

    Raises:
        UnitsError: unknown ids, or units that are left out.
    """
    known = set(units.unit_id.tolist())
    unknown = sorted(cell_of.keys() - known)
    missing = sorted(known - cell_of.keys())
    faults = [
        f"unit_id: {what}: {', '.join(map(str, ids[:20]))}" + (" …" if len(ids) > 20 else "")
        for what, ids in (("unknown", unknown), ("left out", missing))
        if ids
    ]
    if faults:
        raise UnitsError(faults)
    return np.array([cell_of[unit] for unit in units.unit_id.tolist()], dtype=np.int64)


def mend(units: Units, borders: Borders, plan: IntArray) -> IntArray:
    """(n,) the plan with every cell in one piece, as `mending.mend` does it, by households."""
    open_ = borders.passable
    ways = mending.Ways(borders.one[open_], borders.other[open_], borders.length_m[open_])
    return mending.mend(plan, ways, units.households, units.locked)
