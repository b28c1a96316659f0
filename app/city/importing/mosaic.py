"""Whether outlines fit together: side by side without overlap, and filling what is above them."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.ground import area_m2

GeometryArray = NDArray[np.object_]

SLIVER_M2 = 10.0
"""Overlaps and gaps up to this size are taken for inaccuracy of surveying."""
STRAY_SHARE = 0.01
"""Share of an area that may lie outside its parent, or a sliver, before it is refused."""


@dataclass(frozen=True)
class Overlap:
    """Two outlines that cover the same ground."""

    first: int
    second: int
    area_m2: float


def overlaps(outlines: GeometryArray) -> list[Overlap]:
    """Pairs of outlines (EPSG:4326) that share more than a sliver of ground.

    Raises:
        shapely.GEOSException: GEOS cannot work with the outlines.
    """
    if len(outlines) < 2 or shapely.coverage_is_valid(outlines):
        return []
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(outlines)))
    left, right = shapely.STRtree(outlines[suspects]).query(
        outlines[suspects], predicate="intersects"
    )
    pairs = left < right
    first, second = suspects[left[pairs]], suspects[right[pairs]]
    shared_m2 = area_m2(shapely.intersection(outlines[first], outlines[second]))
    return [
        Overlap(int(first[row]), int(second[row]), float(shared_m2[row]))
        for row in np.flatnonzero(shared_m2 > SLIVER_M2)
    ]


def outside_m2(outlines: GeometryArray, parents: GeometryArray) -> NDArray[np.float64]:
    """How much of each outline lies outside its parent (both EPSG:4326, paired)."""
    answer = np.zeros(len(outlines))
    beyond = np.flatnonzero(~shapely.covers(parents, outlines))
    answer[beyond] = area_m2(shapely.difference(outlines[beyond], parents[beyond]))
    return answer


def strays(outlines: GeometryArray, parents: GeometryArray) -> NDArray[np.float64]:
    """Share of each outline outside its parent, 0 where it is not worth a word."""
    beyond_m2 = outside_m2(outlines, parents)
    shares: NDArray[np.float64] = beyond_m2 / np.maximum(area_m2(outlines), 1e-9)
    return np.where((shares > STRAY_SHARE) & (beyond_m2 > SLIVER_M2), shares, 0.0)


def gap_m2(parent: object, children: GeometryArray) -> float:
    """How much of a parent none of its children covers (EPSG:4326)."""
    left = shapely.difference(np.array([parent]), shapely.union_all(children))
    return float(area_m2(left)[0])


def tolerance_m2(parent: object) -> float:
    """The gap in a parent (EPSG:4326) that is taken for inaccuracy: a sliver, or a millionth."""
    return max(SLIVER_M2, 1e-6 * float(area_m2(np.array([parent]))[0]))
