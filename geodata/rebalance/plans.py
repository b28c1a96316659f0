"""Plans from outside and beside each other: reading an assignment, difference, merging, mending."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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
    """The plan with every cell in one piece: smaller pieces go to the neighbour along most border.

    The largest piece by load of households and units stays. A piece without any neighbour in its
    community (an island) stays as it is.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    plan = plan.copy()
    for _ in range(len(units)):
        inside = plan[borders.one] == plan[borders.other]
        pairs = (borders.one[inside], borders.other[inside])
        graph = coo_array((np.ones(len(pairs[0]), dtype=np.int8), pairs), shape=(len(plan),) * 2)
        _, piece = connected_components(graph, directed=False)
        stray = _strays(units, plan, piece)
        moves = _homes(borders, plan, piece, stray)
        if not moves:
            return plan
        # One at a time: a piece that found its home may be the bridge for the next.
        index, cell = moves
        plan[piece == index] = cell
    return plan


def _strays(units: Units, plan: IntArray, piece: IntArray) -> IntArray:
    """Pieces that are not the main one of their cell."""
    count = int(piece.max()) + 1
    size = np.bincount(piece, weights=units.households, minlength=count) * 1e6
    size += np.bincount(piece, minlength=count)
    cell = np.zeros(count, dtype=np.int64)
    cell[piece] = plan
    held = np.bincount(piece, weights=units.locked, minlength=count) > 0
    order = np.lexsort((np.arange(count), -size, ~held, cell))
    main = order[np.diff(cell[order], prepend=-1) != 0]
    return np.setdiff1d(np.flatnonzero(~held), main)


def _homes(
    borders: Borders, plan: IntArray, piece: IntArray, stray: IntArray
) -> tuple[int, int] | None:
    """The stray piece with the longest border to another cell, and that cell; None when none."""
    best: tuple[float, int, int] | None = None
    one, other = piece[borders.one], piece[borders.other]
    for index in stray.tolist():
        at = (one == index) ^ (other == index)
        cells = np.where(one[at] == index, plan[borders.other[at]], plan[borders.one[at]])
        if not len(cells):
            continue
        names, where = np.unique(cells, return_inverse=True)
        length_m = np.bincount(where, weights=borders.length_m[at])
        found = (float(length_m.max()), index, int(names[int(np.argmax(length_m))]))
        best = max(best, found) if best else found
    return (best[1], best[2]) if best else None
