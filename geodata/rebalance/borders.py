"""Which base units lie side by side, and along how much border."""

from dataclasses import dataclass

import numpy as np
import shapely

from geodata.rebalance.units import BoolArray, FloatArray, GeometryArray, IntArray, Units, sums

LEAST_BORDER_M = 0.01
"""Units that share less touch at a corner only."""
GRID_PER_M = 1_000
"""Ends of edges are the same when they agree to a millimetre."""


@dataclass(frozen=True)
class Borders:
    """Pairs of neighbours inside a community (rook), ordered by community.

    Attributes:
        one, other: (m,) rows of units, `one < other`.
        length_m: (m,) shared border.
        on_street: (m,) whether it lies between two street blocks; False where that is unknown.
        passable: (m,) whether a cell may hold together across it; False at barriers.
        starts: (communities + 1,) first pair of each community, and m.
    """

    one: IntArray
    other: IntArray
    length_m: FloatArray
    on_street: BoolArray
    passable: BoolArray
    starts: IntArray


def between(units: Units) -> Borders:
    """The borders of units that share their edges, as those of a coverage do.

    Outer and inner rings count. O(e log e) in the number of edges; 174,000 units take about 1 s.
    """
    one, other, length_m = _shared_edges(units.geometry)
    inside = units.community_code[one] == units.community_code[other]
    one, other, length_m = one[inside], other[inside], length_m[inside]
    pair, where = np.unique(one * len(units) + other, return_inverse=True)
    total_m = sums(where, length_m, len(pair))
    pair, total_m = pair[total_m > LEAST_BORDER_M], total_m[total_m > LEAST_BORDER_M]
    one, other = pair // len(units), pair % len(units)
    blocks = units.street_block
    on_street = (
        np.zeros(len(one), dtype=np.bool_) if blocks is None else blocks[one] != blocks[other]
    )
    sides = units.barrier_block
    passable = np.ones(len(one), dtype=np.bool_) if sides is None else sides[one] == sides[other]
    # Rows of a community are side by side, so pairs ordered by their first row are, too.
    starts = np.searchsorted(one, units.starts)
    return Borders(one, other, total_m, on_street, passable, starts.astype(np.int64))


def _shared_edges(geometry: GeometryArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Both owners (the lower row first) and the length of every edge that two polygons have."""
    rings, owner_of_ring = shapely.get_rings(geometry, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    on_grid = np.round(xy * GRID_PER_M).astype(np.int64)
    goes_on = ring[1:] == ring[:-1]
    begin, end = on_grid[:-1][goes_on], on_grid[1:][goes_on]
    length_m = np.hypot(*np.diff(xy, axis=0)[goes_on].T)
    owner = owner_of_ring[ring[:-1][goes_on]]
    backwards = (begin[:, 0] > end[:, 0]) | ((begin[:, 0] == end[:, 0]) & (begin[:, 1] > end[:, 1]))
    begin[backwards], end[backwards] = end[backwards], begin[backwards].copy()
    order = np.lexsort((owner, end[:, 1], end[:, 0], begin[:, 1], begin[:, 0]))
    begin, end, owner, length_m = begin[order], end[order], owner[order], length_m[order]
    same = np.all(begin[1:] == begin[:-1], axis=1) & np.all(end[1:] == end[:-1], axis=1)
    same &= owner[1:] != owner[:-1]
    return owner[:-1][same].astype(np.int64), owner[1:][same].astype(np.int64), length_m[:-1][same]
