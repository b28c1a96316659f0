"""Which base units lie side by side, and along how much border."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

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


def by_unit(count: int, one: IntArray, other: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Pairs as neighbours of each of `count` units (CSR), both ways, by row.

    Returns:
        (count + 1,) first neighbour of each unit, and their number; (2m,) the neighbours; (2m,) the
        pair by which each is one.
    """
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.lexsort((target, source))
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=count))])
    return first.astype(np.int64), target[order], order % max(len(one), 1)


def _shared_edges(geometry: GeometryArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Both owners (the lower row first) and the length of every edge that two polygons have."""
    edges = edges_of(geometry)
    order = np.argsort(edges.key, kind="stable")
    key, owner = edges.key[order], edges.owner[order]
    same = (key[1:] == key[:-1]) & (owner[1:] != owner[:-1])
    length_m = np.hypot(*(edges.end - edges.begin)[order[:-1][same]].T)
    return owner[:-1][same], owner[1:][same], length_m


class Edges(NamedTuple):
    """Every edge of some polygons, by their rows.

    Attributes:
        begin, end: (e, 2) in metres.
        owner: (e,) the row of the polygon.
        key: (e,) the same for edges between the same two places, whatever their direction.
    """

    begin: FloatArray
    end: FloatArray
    owner: IntArray
    key: NDArray[np.uint64]

    def owned_once(self) -> "Edges":
        """Those that lie nowhere a second time."""
        order = np.argsort(self.key)
        same = self.key[order[1:]] == self.key[order[:-1]]
        once = np.ones(len(self.key), dtype=np.bool_)
        once[order[1:][same]] = False
        once[order[:-1][same]] = False
        return Edges(self.begin[once], self.end[once], self.owner[once], self.key[once])


def edges_of(geometry: GeometryArray) -> Edges:
    """The edges of all rings."""
    rings, owner_of_ring = shapely.get_rings(geometry, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    on_grid = np.round(xy * GRID_PER_M).astype(np.int64).view(np.uint64)
    place = _mixed(_mixed(on_grid[:, 0]) ^ on_grid[:, 1])
    goes_on = ring[1:] == ring[:-1]
    return Edges(
        begin=xy[:-1][goes_on],
        end=xy[1:][goes_on],
        owner=owner_of_ring[ring[:-1][goes_on]].astype(np.int64),
        key=place[:-1][goes_on] + place[1:][goes_on],
    )


def _mixed(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each word as another, so that near ones lie far apart (the finish of splitmix64)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
