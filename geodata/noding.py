"""Linework cut wherever it meets, on a grid: the borders of a coverage from rings drawn apart.

The general way (`coverage.node`) looks at every segment for every crossing. Borders that were
drawn as parts of parts hardly cross; what they do is end on one another. So corners are put into
the segments on which they lie, and the general way is left the few that are in doubt after that.
All functions are planar; arrays hold shapely LineStrings of two points.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.coverage import GeometryArray, node, steps

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_PIXEL = 0.5
_DOUBTFUL = 1.0
"""In cells of the grid: no segment may pass a corner of another at less, unless it ends there."""
_KEY_BITS = 31


def cut_where_others_end(lines: GeometryArray, grid_size: float) -> GeometryArray:
    """Every segment of the lines, its ends on the grid, cut at each end of another that it passes.

    What crosses another without a corner there stays as it is: see `node_doubtful`.

    Args:
        lines: (n,) LineStrings or LinearRings whose extent has at most 2e9 cells of the grid.
        grid_size: in the unit of the coordinates.

    Returns:
        Segments between neighbouring corners, each once, in no order that matters.
    """
    xy, same = steps(lines)
    scale = 1.0 / grid_size
    origin = np.floor(xy.min(axis=0) * scale)
    xy = xy * scale - origin
    corner = _key(np.rint(xy))
    ends = np.stack([corner[:-1], corner[1:]], axis=1)[same]
    exact = np.stack([xy[:-1], xy[1:]], axis=1)[same]
    keep = _distinct(ends)
    ends, exact = ends[keep], exact[keep]
    segment, along, at = _passed(exact, ends, np.unique(corner))
    return _drawn(_cut(ends, segment, along, at), origin, scale)


def node_doubtful(segments: GeometryArray, grid_size: float) -> GeometryArray:
    """Segments put on the grid, and those that cross, or nearly touch, noded the general way.

    Args:
        segments: (n,) LineStrings of two points, noded but for a few.
        grid_size: in the unit of the coordinates.

    Returns:
        Segments that meet at their ends only, each once.
    """
    xy = shapely.get_coordinates(segments)
    scale = 1.0 / grid_size
    origin = np.floor(xy.min(axis=0) * scale)
    ends = _key(np.rint(xy * scale - origin)).reshape(-1, 2)
    ends = ends[_distinct(ends)]
    doubtful = _in_doubt(ends)
    clear = _drawn(ends[~doubtful], origin, scale)
    if not doubtful.any():
        return clear
    return np.concatenate([clear, node(_drawn(ends[doubtful], origin, scale), grid_size)])


def _key(cells: FloatArray) -> IntArray:
    """(n,) one number for each place on the grid, from (n, 2) whole numbers, none negative."""
    whole = cells.astype(np.int64)
    return np.asarray(whole[:, 0] << _KEY_BITS | whole[:, 1])


def _place(key: IntArray) -> FloatArray:
    """The other way round: (..., 2)."""
    return np.stack([key >> _KEY_BITS, key & ((1 << _KEY_BITS) - 1)], axis=-1).astype(np.float64)


def _distinct(ends: IntArray) -> IntArray:
    """Rows of (n, 2) ends that have a length, the first of each, whichever way round."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    order = np.lexsort((high, low))
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
    rows: IntArray = order[fresh & (low[order] < high[order])]
    return rows


def _passed(
    exact: FloatArray, ends: IntArray, corners: IntArray
) -> tuple[IntArray, FloatArray, IntArray]:
    """Which segment (n, 2, 2) runs through the grid cell of which corner, and how far along.

    Measured on the segments before they were put on the grid: borders that were one line run
    through the same cells, however they were divided.
    """
    tree = shapely.STRtree(np.asarray(shapely.linestrings(exact)))
    places = _place(corners)
    corner, segment = tree.query(
        shapely.points(places), predicate="dwithin", distance=_PIXEL * 2**0.5
    )
    begin, way = exact[segment, 0], exact[segment, 1] - exact[segment, 0]
    off = places[corner] - begin
    aside = np.abs(way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0])
    along = (way * off).sum(axis=1) / (way * way).sum(axis=1)
    inner = (corners[corner] != ends[segment, 0]) & (corners[corner] != ends[segment, 1])
    inner &= (aside <= _PIXEL * np.abs(way).sum(axis=1)) & (along > 0) & (along < 1)
    return segment[inner], along[inner], corners[corner[inner]]


def _cut(ends: IntArray, segment: IntArray, along: FloatArray, at: IntArray) -> IntArray:
    """The segments with those that are passed cut, each piece once."""
    cut = np.unique(segment)
    rows = np.concatenate([segment, cut, cut])
    order = np.lexsort(
        (np.concatenate([along, np.full(len(cut), -1.0), np.full(len(cut), 2.0)]), rows)
    )
    rows = rows[order]
    stops = np.concatenate([at, ends[cut, 0], ends[cut, 1]])[order]
    pieces = np.stack([stops[:-1], stops[1:]], axis=1)[rows[1:] == rows[:-1]]
    whole = np.ones(len(ends), dtype=np.bool_)
    whole[cut] = False
    made = np.concatenate([ends[whole], pieces])
    return made[_distinct(made)]


def _in_doubt(ends: IntArray) -> NDArray[np.bool_]:
    """Segments that cross another, or pass a corner of another too near."""
    place = _place(ends)
    low, high = place.min(axis=1) - _DOUBTFUL, place.max(axis=1) + _DOUBTFUL
    tree = shapely.STRtree(np.asarray(shapely.linestrings(place)))
    one, other = tree.query(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
    one, other = one[one < other], other[one < other]
    found = np.zeros(len(ends), dtype=np.bool_)
    sides = []
    for mine, theirs in ((one, other), (other, one)):
        begin, way = place[mine, 0], place[mine, 1] - place[mine, 0]
        for end in (0, 1):
            off = place[theirs, end] - begin
            side = way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0]
            along = (way * off).sum(axis=1)
            square = (way * way).sum(axis=1)
            near = (side * side < _DOUBTFUL**2 * square) & (along > 0) & (along < square)
            near &= (ends[theirs, end] != ends[mine, 0]) & (ends[theirs, end] != ends[mine, 1])
            found[mine[near]] = True
            found[theirs[near]] = True
            sides.append(np.sign(side))
    crossing = (sides[0] * sides[1] < 0) & (sides[2] * sides[3] < 0)
    found[one[crossing]] = True
    found[other[crossing]] = True
    return found


def _drawn(ends: IntArray, origin: FloatArray, scale: float) -> GeometryArray:
    # Divided as the general way divides, so that both name a place by the same number.
    return np.asarray(shapely.linestrings((_place(ends) + origin) / scale))
