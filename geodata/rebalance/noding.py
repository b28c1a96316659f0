"""Base units whose borders do not meet point for point, brought to borders that do.

A long edge beside two short ones (a T-junction), and borders a few millimetres apart, are common in
files from a GIS or a cadastre. Neighbours are found by the edges they share, so such units would
have none.
"""

from dataclasses import replace

import numpy as np
import shapely

from geodata.rebalance.borders import LEAST_BORDER_M, edges_of
from geodata.rebalance.units import BoolArray, GeometryArray, Units

SNAP_M = LEAST_BORDER_M
"""Points and lines no farther apart than this are meant to be the same."""


def noded(units: Units) -> Units:
    """The units with a point wherever a neighbour has one, and hair-wide gaps and overlaps closed.

    Units that meet point for point come back as they are, at the cost of looking for edges. What
    overlaps or gapes by more than `SNAP_M` is no matter of points, and stays for the gate to name.
    """
    suspects = _suspects(units.geometry)
    among = units.geometry[suspects]
    if not len(among) or shapely.coverage_is_valid(among, gap_width=SNAP_M):
        return units
    try:
        cleaned = shapely.coverage_clean(  # type: ignore[attr-defined]  # not in its stubs yet
            units.geometry, snapping_distance=SNAP_M, gap_width=SNAP_M
        )
    except shapely.GEOSException:
        return units
    area_m2 = shapely.area(cleaned)
    # A border may wander by SNAP_M on both sides; a unit that lost more was covered by another.
    kept = np.abs(area_m2 - units.area_m2) <= 2.0 * SNAP_M * units.rim_m
    kept &= shapely.get_type_id(cleaned) == shapely.GeometryType.POLYGON
    if not kept.all():
        return units
    return replace(units, geometry=cleaned, area_m2=area_m2, rim_m=shapely.length(cleaned))


def _suspects(geometry: GeometryArray) -> BoolArray:
    """(n,) units with an edge of their own alone that passes by a point of another such edge."""
    edges = edges_of(geometry).owned_once()
    found = np.zeros(len(geometry), dtype=np.bool_)
    lines = np.asarray(shapely.linestrings(np.stack([edges.begin, edges.end], axis=1)))
    ends = np.concatenate([edges.begin, edges.end])
    owners = np.concatenate([edges.owner, edges.owner])
    tree = shapely.STRtree(lines)
    point, line = tree.query(shapely.points(ends), predicate="dwithin", distance=SNAP_M)
    apart = owners[point] != edges.owner[line]
    point, line = point[apart], line[apart]
    known = np.all(ends[point] == edges.begin[line], axis=1)
    known |= np.all(ends[point] == edges.end[line], axis=1)
    found[owners[point[~known]]] = True
    found[edges.owner[line[~known]]] = True
    return found
