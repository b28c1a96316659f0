"""Seeded points inside polygons, and which polygons lie side by side."""

import numpy as np
import shapely

from geodata.demo.arrays import FloatArray, GeometryArray, IntArray
from geodata.rebalance.borders import edges_of

_ROUNDS = 12
_DIGITS = 7  # degrees to about a centimetre, so that what is written down is what was checked

_FINER = 1e6  # degrees as `edges_of` wants metres: corners agree to 1e-9 of a degree


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
    """Pairs (i < j) of polygons of a coverage that share a stretch of border, m x 2, in order.

    Args:
        polygons: (n,) in EPSG:4326; what two of them share, both have corner by corner.
        group: (n,) only pairs whose two members carry the same group number; None for all.
    """
    edges = edges_of(shapely.transform(polygons, lambda xy: xy * _FINER))
    order = np.argsort(edges.key, kind="stable")
    key, owner = edges.key[order], edges.owner[order]
    shared = (key[1:] == key[:-1]) & (owner[1:] != owner[:-1])
    one, other = owner[:-1][shared], owner[1:][shared]
    low, high = np.minimum(one, other), np.maximum(one, other)
    found = np.unique(low * len(polygons) + high)
    pairs: IntArray = np.column_stack([found // len(polygons), found % len(polygons)])
    return pairs if group is None else pairs[group[pairs[:, 0]] == group[pairs[:, 1]]]
