"""Coverages: polygons that share their borders exactly, without gaps and without overlaps.

All functions are planar and work in whatever CRS the coordinates are in; arrays hold shapely
geometries.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

GeometryArray = NDArray[np.object_]


class CoverageError(ValueError):
    """The polygons do not form the coverage they should; says where."""


@dataclass(frozen=True)
class Faces:
    """Polygons in the order of the labels they were asked for, on exactly shared borders."""

    polygons: GeometryArray
    adopted: int


def node(lines: GeometryArray, grid_size: float) -> GeometryArray:
    """All lines cut at every crossing and touch and put on a grid; each piece once."""
    return np.asarray(shapely.get_parts(shapely.union_all(lines, grid_size=grid_size)))


def near_border(area: BaseGeometry, lines: GeometryArray, distance_deg: float) -> NDArray[np.intp]:
    """Places of the lines that come as near as `distance_deg` to the border of a polygon."""
    tree = shapely.STRtree(lines)
    _, found = tree.query(sides(area.boundary), predicate="dwithin", distance=distance_deg)
    return np.unique(found)


def sides(lines: BaseGeometry | GeometryArray) -> GeometryArray:
    """Every side of lines or rings, a LineString of two points each."""
    corners, same = steps(lines)
    ends = np.stack([corners[:-1], corners[1:]], axis=1)
    return np.asarray(shapely.linestrings(ends[same]))


def steps(
    lines: BaseGeometry | GeometryArray,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(m, 2) all corners of lines or rings, and (m - 1,) whether one and the next are of one."""
    corners, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    return corners, line[1:] == line[:-1]


def faces(
    noded: GeometryArray,
    points: NDArray[np.float64],
    within: BaseGeometry,
    *,
    others: NDArray[np.float64] | None = None,
) -> Faces:
    """The polygon around each of the points (n, 2) that the noded lines make.

    A face that holds no point but lies in `within` (a sliver from noding) goes to the neighbour
    with the longest shared border; one outside, or around one of `others` (m, 2), is left out.

    Raises:
        CoverageError: a point lies in no face, or two points in the same.
    """
    made = np.asarray(shapely.get_parts(shapely.polygonize(noded)))
    label, face = shapely.STRtree(made).query(shapely.points(points), predicate="within")
    owner = np.full(len(points), -1)
    owner[label] = face
    if len(label) != len(points) or len(np.unique(face)) != len(points):
        lost = np.setdiff1d(np.arange(len(points)), label)
        raise CoverageError(f"{len(lost)} of {len(points)} points have no face of their own")
    polygons = made[owner]
    free = np.setdiff1d(np.arange(len(made)), face)
    if others is not None:
        known = shapely.STRtree(np.asarray(shapely.points(others)))
        around, _ = known.query(made[free], predicate="contains")
        free = np.delete(free, np.unique(around))
    shapely.prepare(within)
    free = free[shapely.contains(within, shapely.point_on_surface(made[free]))]
    _adopt(polygons, made[free])
    return Faces(polygons, len(free))


def _adopt(polygons: GeometryArray, slivers: GeometryArray) -> None:
    """Join each sliver, in place, to the polygon with the longest shared border."""
    rims = shapely.boundary(slivers)
    sliver, near = shapely.STRtree(polygons).query(slivers, predicate="intersects")
    shared = shapely.length(shapely.intersection(shapely.boundary(polygons[near]), rims[sliver]))
    for index in np.unique(sliver):
        mine = np.flatnonzero(sliver == index)
        best = near[mine[int(np.argmax(shared[mine]))]]
        polygons[best] = _one_part(shapely.coverage_union(polygons[best], slivers[index]))


def dissolve(polygons: GeometryArray, group: NDArray[np.int64]) -> GeometryArray:
    """One union a group, in ascending order of the group; the polygons must be a coverage."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=np.int64(-1)))
    members = np.split(polygons[order], starts[1:])
    return np.array([_one_part(shapely.coverage_union_all(part)) for part in members])


def _one_part(geometry: BaseGeometry) -> BaseGeometry:
    """A collection with a single member as that member."""
    parts = shapely.get_parts(geometry)
    return parts[0] if len(parts) == 1 else geometry


def check(polygons: GeometryArray, what: str, *, simple: bool = True) -> BaseGeometry:
    """Make sure the polygons are a coverage; `simple`: each in one part and without holes.

    A gap is no fault of a coverage: compare the union, which is returned, with what it should be.

    Raises:
        CoverageError: one is invalid, in several parts or with a hole; borders do not match; or
            the areas do not add up to the area of the whole.
    """
    if not np.all(shapely.is_valid(polygons)):
        raise CoverageError(f"{what}: {np.sum(~shapely.is_valid(polygons))} invalid polygons")
    broken = shapely.get_type_id(polygons) != shapely.GeometryType.POLYGON
    if simple and np.any(broken):
        raise CoverageError(f"{what}: {np.sum(broken)} in more than one part")
    holed = shapely.get_num_interior_rings(polygons) > 0
    if simple and np.any(holed):
        raise CoverageError(f"{what}: {np.sum(holed)} with a hole")
    if not shapely.coverage_is_valid(polygons):
        edges = shapely.coverage_invalid_edges(polygons)
        raise CoverageError(f"{what}: borders of {np.sum(~shapely.is_empty(edges))} do not match")
    whole = _one_part(shapely.coverage_union_all(polygons))
    parts = float(shapely.area(polygons).sum())
    if abs(parts - whole.area) > 1e-9 * whole.area:
        raise CoverageError(f"{what}: areas add up to {parts}, the whole has {whole.area}")
    return whole
