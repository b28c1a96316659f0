"""Seeded points inside polygons, and which polygons lie side by side."""

import numpy as np
import shapely

from geodata.demo.arrays import FloatArray, GeometryArray, IntArray

_ROUNDS = 12
_DIGITS = 7  # degrees to about a centimetre, so that what is written down is what was checked


def points_in(
    polygons: GeometryArray, which: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """One point for each entry of `which`, evenly spread inside `polygons[which]`.

    Args:
        polygons: distinct polygons, any CRS in degrees.
        which: index into `polygons` for every point wanted (n).
        rng: source of chance.

    Returns:
        lon and lat, each float64 of length n. Every point lies strictly inside its polygon; one
        that chance keeps missing gets the polygon's representative point.
    """
    bounds = shapely.bounds(polygons)
    lon = np.empty(len(which))
    lat = np.empty(len(which))
    missing = np.arange(len(which))
    for _ in range(_ROUNDS):
        if not len(missing):
            return lon, lat
        owner = which[missing]
        west, south, east, north = bounds[owner].T
        x = np.round(west + rng.random(len(missing)) * (east - west), _DIGITS)
        y = np.round(south + rng.random(len(missing)) * (north - south), _DIGITS)
        inside = shapely.contains_xy(polygons[owner], x, y)
        hit = missing[inside]
        lon[hit], lat[hit] = x[inside], y[inside]
        missing = missing[~inside]
    left, back = np.unique(which[missing], return_inverse=True)
    spare = shapely.point_on_surface(polygons[left])
    lon[missing], lat[missing] = shapely.get_x(spare)[back], shapely.get_y(spare)[back]
    return lon, lat


def neighbour_pairs(polygons: GeometryArray, group: IntArray | None = None) -> IntArray:
    """Pairs (i < j) of polygons that share a stretch of border, m x 2, in order.

    With `group`, only pairs whose two members carry the same group number.
    """
    left, right = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    keep = left < right
    if group is not None:
        keep &= group[left] == group[right]
    left, right = left[keep], right[keep]
    shared = shapely.length(shapely.intersection(polygons[left], polygons[right]))
    pairs = np.column_stack([left, right])[shared > 0].astype(np.int64)
    ordered: IntArray = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return ordered
