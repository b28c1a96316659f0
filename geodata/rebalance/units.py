"""Base units as arrays, checked: what comes from a file is a plan only after this."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import codes
from geodata.codes import Level

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
GeometryArray = NDArray[np.object_]

MOST_NAMED = 20
MOST_WEIGHT = 1e100
"""Far beyond what a unit can carry; sums and squares of more are no numbers any longer."""
LOAD_OF_INCIDENT = 2.0
"""Households that one incident a year weighs as much as, where nothing else is said."""


class UnitsError(ValueError):
    """Base units from which nothing can be drawn; `faults` names each kind with its units."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Units:
    """Base units, those of a community side by side, communities by their codes.

    Attributes:
        unit_id: (n,) names of the units.
        community_code, cell_code: (n,) 15-digit codes; the cell is today's.
        households, incidents: (n,) finite, not negative; incidents a year.
        load: (n,) the work that each unit makes, in households; finite, not negative.
        street_block: (n,) blocks; an edge between two lies on a street. None where unknown.
        barrier_block: (n,) blocks; no cell holds together across an edge between two (a railway, a
            river). None where there is no barrier.
        together: (n,) sets that stay in one cell (an estate); -1 for units on their own. None where
            there are none.
        locked: (n,) units whose cell must stay as it is. A cell of locked units alone is dedicated:
            it neither gives nor takes, and does not count for the mean.
        geometry: (n,) Polygons in a CRS in metres.
        area_m2, rim_m: (n,) area and length of each outline.
        starts: (communities + 1,) first unit of each community, and n.
        row: (n,) the row of each unit in what was given.
    """

    unit_id: IntArray
    community_code: IntArray
    cell_code: IntArray
    households: FloatArray
    incidents: FloatArray
    load: FloatArray
    street_block: IntArray | None
    barrier_block: IntArray | None
    together: IntArray | None
    locked: BoolArray
    geometry: GeometryArray
    area_m2: FloatArray
    rim_m: FloatArray
    starts: IntArray
    row: IntArray

    def __len__(self) -> int:
        """How many units."""
        return len(self.unit_id)

    def with_load(self, load: Any) -> "Units":
        """The same units making other work, as another workload model says.

        Args:
            load: (n,) in the order of these units.

        Raises:
            UnitsError: a load that is no number or negative.
            ValueError: not one for each unit.
        """
        given = np.asarray(load, dtype=np.float64)
        if given.shape != self.load.shape:
            raise ValueError(f"{len(self)} loads are needed, not {given.shape}")
        faults = _weight_faults(self.unit_id, "load", given)
        if faults:
            raise UnitsError(faults)
        return replace(self, load=given)

    def with_locked(self, locked: Any) -> "Units":
        """The same units, of which these stay besides those that are locked already.

        Args:
            locked: (n,) in the order of these units.

        Raises:
            ValueError: not one for each unit.
        """
        given = np.asarray(locked, dtype=np.bool_)
        if given.shape != self.locked.shape:
            raise ValueError(f"{len(self)} flags are needed, not {given.shape}")
        return replace(self, locked=self.locked | given)


def sums(index: IntArray, values: Any, count: int) -> FloatArray:
    """(count,) the sum of the values of each group."""
    return np.bincount(index, weights=values, minlength=count).astype(np.float64)


def make(
    *,
    unit_id: Any,
    community_code: Any,
    cell_code: Any,
    households: Any,
    incidents: Any,
    geometry: GeometryArray,
    load: Any = None,
    street_block: Any = None,
    barrier_block: Any = None,
    together: Any = None,
    locked: Any = None,
) -> Units:
    """Check columns and put them in order.

    Args:
        geometry: (n,) in a CRS in metres.
        load: None for households and `LOAD_OF_INCIDENT` for each incident.
        street_block, barrier_block, together, locked: None where there is no such column.

    Raises:
        UnitsError: doubled units, no units, codes that are none, cells outside their community,
            weights that are no number or negative, shapes that are no valid Polygon or come twice.
    """
    ids, communities, cells = (
        np.asarray(column, dtype=np.int64) for column in (unit_id, community_code, cell_code)
    )
    given = {"households": households, "incidents": incidents, "load": load}
    weights = {
        name: np.asarray(column, dtype=np.float64)
        for name, column in given.items()
        if column is not None
    }
    faults = [
        *_id_faults(ids),
        *_code_faults(ids, communities, cells),
        *(fault for name, values in weights.items() for fault in _weight_faults(ids, name, values)),
        *_shape_faults(ids, geometry),
    ]
    if faults:
        raise UnitsError(faults)
    weights.setdefault("load", weights["households"] + LOAD_OF_INCIDENT * weights["incidents"])
    order = np.lexsort((ids, communities))
    sorted_communities = communities[order]
    starts = np.flatnonzero(np.diff(sorted_communities, prepend=-1))

    def sorted_whole(column: Any) -> IntArray | None:
        return None if column is None else np.asarray(column, dtype=np.int64)[order]

    return Units(
        unit_id=ids[order],
        community_code=sorted_communities,
        cell_code=cells[order],
        households=weights["households"][order],
        incidents=weights["incidents"][order],
        load=weights["load"][order],
        street_block=sorted_whole(street_block),
        barrier_block=sorted_whole(barrier_block),
        together=sorted_whole(together),
        locked=np.zeros(len(ids), dtype=np.bool_) if locked is None
        else np.asarray(locked, dtype=np.bool_)[order],
        geometry=geometry[order],
        area_m2=shapely.area(geometry)[order],
        rim_m=shapely.length(geometry)[order],
        starts=np.append(starts, len(ids)).astype(np.int64),
        row=order.astype(np.int64),
    )  # fmt: skip


def named(ids: IntArray | Sequence[int], most: int = MOST_NAMED) -> str:
    """The first of some ids, and how many more there are."""
    shown = ", ".join(map(str, ids[:most]))
    return shown if len(ids) <= most else f"{shown} and {len(ids) - most} more"


def _id_faults(ids: IntArray) -> list[str]:
    if len(ids) == 0:
        return ["unit_id: there are no units"]
    unique, count = np.unique(ids, return_counts=True)
    doubled = unique[count > 1]
    return [f"unit_id: more than once: {named(doubled)}"] if len(doubled) else []


def _code_faults(ids: IntArray, communities: IntArray, cells: IntArray) -> list[str]:
    faults = []
    ranks = codes.ranks_of(communities)
    wrong = ids[ranks != list(Level).index(Level.COMMUNITY)]
    if len(wrong):
        faults.append(f"community_code: no code of a community: units {named(wrong)}")
    outside = ids[(cells // 1000 != communities // 1000) | (cells % 1000 == 0)]
    if len(outside):
        faults.append(f"cell_code: no cell of its community: units {named(outside)}")
    return faults


def _weight_faults(ids: IntArray, name: str, values: FloatArray) -> list[str]:
    wrong, huge = ids[~np.isfinite(values) | (values < 0)], ids[values > MOST_WEIGHT]
    if len(wrong):
        return [f"{name}: must be a number of 0 or more: units {named(wrong)}"]
    return [f"{name}: more than {MOST_WEIGHT:.0e}: units {named(huge)}"] if len(huge) else []


def _shape_faults(ids: IntArray, geometry: GeometryArray) -> list[str]:
    polygon = shapely.get_type_id(geometry) == shapely.GeometryType.POLYGON
    good = polygon & ~shapely.is_empty(geometry)
    good[good] = shapely.is_valid(geometry[good])
    wrong = ids[~good]
    if len(wrong):
        return [f"geometry: no valid Polygon: units {named(wrong)}"]
    doubled = ids[_doubled(geometry)]
    return [f"geometry: drawn more than once: units {named(doubled)}"] if len(doubled) else []


def _doubled(geometry: GeometryArray) -> BoolArray:
    """(n,) polygons that are drawn a second time, ring by ring from wherever."""
    # What is the same has the same sum; few others have, and those are looked at.
    corners = np.column_stack([shapely.bounds(geometry), shapely.area(geometry)])
    _, where, count = np.unique(
        corners @ np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0]), return_inverse=True, return_counts=True
    )
    found: BoolArray = count[where] > 1
    same = np.array(shapely.to_wkb(shapely.normalize(geometry[found])), dtype=np.object_)
    _, where, count = np.unique(same, return_inverse=True, return_counts=True)
    found[found] = count[where] > 1
    return found
