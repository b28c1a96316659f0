"""Edges at which cells do not meet their neighbours, and those beside a narrow gap.

`shapely.coverage_invalid_edges` with a gap width names every edge on the rim of the cells that runs
beside an edge of another cell. It does not ask what lies between the two: a short border that two
cells share, running away from the rim at an acute angle, counts too, though the ground between is a
cell's own. So what it names is looked at once more here.
"""

from typing import NamedTuple

import numpy as np
import shapely

from geodata.rebalance.borders import edges_of
from geodata.rebalance.units import BoolArray, FloatArray, GeometryArray, IntArray


class _Segments(NamedTuple):
    """Straight pieces of outlines: (s, 2) ends in metres, (s,) the row of the cell of each."""

    begin: FloatArray
    end: FloatArray
    owner: IntArray

    def take(self, which: IntArray | BoolArray) -> "_Segments":
        return _Segments(self.begin[which], self.end[which], self.owner[which])

    def lines(self) -> GeometryArray:
        return np.asarray(shapely.linestrings(np.stack([self.begin, self.end], axis=1)))


def unmet_edges(cells: GeometryArray, width_m: float) -> GeometryArray:
    """The edges at which cells overlap, do not meet point for point, or leave a narrow gap.

    Args:
        cells: (c,) Polygons or MultiPolygons in a CRS in metres.
        width_m: a gap is ground of no cell between two cells that is at most so wide for more than
            as much of its length.

    Returns:
        (c,) lines for each cell; empty where it meets its neighbours.
    """
    suspected = shapely.coverage_invalid_edges(cells, gap_width=width_m)
    if shapely.is_empty(suspected).all():
        return np.asarray(suspected)
    unmet = shapely.coverage_invalid_edges(cells)
    beside = _beside_gaps(cells, _segments_of(suspected), width_m)
    lines, owner = beside.lines(), beside.owner
    for cell in np.unique(owner).tolist():
        unmet[cell] = shapely.line_merge(shapely.union_all([unmet[cell], *lines[owner == cell]]))
    return np.asarray(unmet)


def _segments_of(lines: GeometryArray) -> _Segments:
    parts, owner_of_part = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    goes_on = part[1:] == part[:-1]
    owner = owner_of_part[part[:-1][goes_on]].astype(np.int64)
    return _Segments(xy[:-1][goes_on], xy[1:][goes_on], owner)


def _beside_gaps(cells: GeometryArray, suspected: _Segments, width_m: float) -> _Segments:
    """Those of the suspected edges that run beside an edge of another cell on the rim.

    An edge that two cells share has cells on both of its sides, so no gap ends there.
    """
    edges = edges_of(cells).owned_once()
    rim = _Segments(edges.begin, edges.end, edges.owner)
    tree = shapely.STRtree(rim.lines())
    mine, other = tree.query(suspected.lines(), predicate="dwithin", distance=width_m)
    apart = suspected.owner[mine] != rim.owner[other]
    mine, other = mine[apart], other[apart]
    near = _side_by_side(suspected.take(mine), rim.take(other), width_m)
    return suspected.take(np.unique(mine[near]))


def _side_by_side(one: _Segments, other: _Segments, width_m: float) -> BoolArray:
    """(p,) whether two segments are at most so far apart for more than as much of their length, the
    measure of `coverage_invalid_edges`."""
    begin, end = _projected(one, other)
    far_begin, far_end = _projected(other, one)
    long_enough = np.minimum(_length(end - begin), _length(far_end - far_begin)) > width_m
    turned = _length(begin - far_end) < _length(begin - far_begin)
    far_begin, far_end = (
        np.where(turned[:, None], far_end, far_begin),
        np.where(turned[:, None], far_begin, far_end),
    )
    apart_m = np.maximum(_length(begin - far_begin), _length(end - far_end))
    side_by_side: BoolArray = long_enough & (apart_m <= width_m)
    return side_by_side


def _projected(one: _Segments, onto: _Segments) -> tuple[FloatArray, FloatArray]:
    """(p, 2) the ends of the part of `onto` that lies straight across from `one`."""
    along = onto.end - onto.begin
    square = np.maximum((along**2).sum(axis=1), np.finfo(np.float64).tiny)  # a doubled point
    share = [
        np.clip(((point - onto.begin) * along).sum(axis=1) / square, 0.0, 1.0)
        for point in (one.begin, one.end)
    ]
    return onto.begin + share[0][:, None] * along, onto.begin + share[1][:, None] * along


def _length(vector: FloatArray) -> FloatArray:
    return np.hypot(vector[:, 0], vector[:, 1])
