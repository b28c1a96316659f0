"""Dividing one polygon into parts: points by density, capacity Lloyd, clipped Voronoi.

Coordinates in metres (EPSG:4544), points as arrays of shape (n, 2), chance from `rng` only.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.demo.field import Density, FloatArray

_SNAP_M = 0.001
_ROUNDS = 10
_AROUND = (0, 1, 2, 1, 2, 3, 0, 3, 0, 1)
"""Corners of a rectangle, x and y in turn, of its west, south, east and north."""


def scatter(
    area: BaseGeometry, count: int, density: Density, power: float, rng: np.random.Generator
) -> FloatArray:
    """`count` distinct places inside the area, as likely as `density ** power`."""
    pool = uniform(area, count * (6 if power else 1), rng)
    if not power:
        return pool
    weight = density.at(pool) ** power
    # Gumbel top-k: a weighted draw without replacement in one sort.
    keys = np.log(weight) + rng.gumbel(size=len(pool))
    return pool[np.sort(np.argsort(-keys, kind="stable")[:count])]


def uniform(area: BaseGeometry, count: int, rng: np.random.Generator) -> FloatArray:
    """`count` places spread evenly by chance inside the area."""
    shapely.prepare(area)
    west, south, east, north = area.bounds
    fill = max(area.area / ((east - west) * (north - south)), 0.02)
    found = np.empty((0, 2))
    while len(found) < count:
        tries = int((count - len(found)) / fill * 1.3) + 8
        xy = rng.uniform((west, south), (east, north), (tries, 2))
        found = np.vstack([found, xy[shapely.contains_xy(area, xy[:, 0], xy[:, 1])]])
    return found[:count]


def farthest(
    candidates: FloatArray, weights: FloatArray, fixed: FloatArray, count: int
) -> FloatArray:
    """`count` of the candidates, each the farthest (distance times weight) from all before it."""
    taken = list(fixed)
    for _ in range(count):
        if taken:
            gaps = np.linalg.norm(candidates[:, None, :] - np.array(taken)[None, :, :], axis=2)
            score = gaps.min(axis=1) * weights
        else:
            score = weights
        taken.append(candidates[int(np.argmax(score))])
    return np.array(taken[len(fixed) :]).reshape(-1, 2)


def relax(points: FloatArray, fixed: FloatArray, free: FloatArray) -> FloatArray:
    """Lloyd's rounds in which only the free seeds move; the one with the most points first."""
    free = free.copy()
    held = np.zeros(len(free))
    for _ in range(_ROUNDS):
        owner = np.argmin(_squared_distances(points, np.vstack([fixed, free])), axis=1)
        for index in range(len(free)):
            mine = points[owner == len(fixed) + index]
            held[index] = len(mine)
            if len(mine):
                middle = mine.mean(axis=0, keepdims=True)
                free[index] = mine[np.argmin(_squared_distances(mine, middle))]
    return np.asarray(free[np.argsort(-held, kind="stable")])


def centres(points: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """`count` of the points, each the middle of about as many points as the others.

    Lloyd's rounds with a price on crowded centres (the weights of a power diagram).
    """
    if count == 1:
        return points[:1]
    seeds = points[np.sort(rng.choice(len(points), count, replace=False))].copy()
    price = np.zeros(count)
    target = len(points) / count
    for _ in range(_ROUNDS):
        squared = _squared_distances(points, seeds)
        owner = np.argmin(squared + price, axis=1)
        held = np.bincount(owner, minlength=count)
        spread = squared[np.arange(len(points)), owner].mean()
        price += 0.5 * spread * (held - target) / target
        full = held > 0
        for axis in (0, 1):
            sums = np.bincount(owner, weights=points[:, axis], minlength=count)
            seeds[full, axis] = sums[full] / held[full]
    nearest = np.argmin(_squared_distances(points, seeds), axis=0)
    return _distinct(points, nearest)


def _squared_distances(points: FloatArray, seeds: FloatArray) -> FloatArray:
    dx = points[:, 0, None] - seeds[None, :, 0]
    dy = points[:, 1, None] - seeds[None, :, 1]
    return np.asarray(dx * dx + dy * dy)


def _distinct(points: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
    """The chosen points, with the first free ones in place of those chosen twice."""
    unique, first = np.unique(chosen, return_index=True)
    if len(unique) < len(chosen):
        spare = iter(np.setdiff1d(np.arange(len(points)), unique))
        doubles = np.setdiff1d(np.arange(len(chosen)), first)
        chosen = chosen.copy()
        chosen[doubles] = [next(spare) for _ in doubles]
    return points[chosen]


def voronoi(area: Polygon, seeds: FloatArray) -> list[Polygon]:
    """The Voronoi regions of the seeds clipped to the area, in the order of the seeds.

    A piece that a concave border cuts off goes to the neighbour with the longest shared border,
    so each part is one polygon and together they cover the area.
    """
    if len(seeds) == 1:
        return [area]
    regions = shapely.voronoi_polygons(
        shapely.multipoints(seeds), extend_to=shapely.box(*area.bounds), ordered=True
    )
    clipped = shapely.intersection(shapely.get_parts(regions), area)
    return _adopt_orphans(clipped)


def blocks(area: Polygon, points: FloatArray, count: int, bearing: float) -> list[Polygon]:
    """The area cut into `count` parts as streets cut a town: along the bearing and across it.

    Each cut halves the number of parts and the points (inside the area) in the same proportion.

    Args:
        area: what to cut.
        points: at least a few a part.
        count: how many parts.
        bearing: direction of the streets, radians from east against the clock.
    """
    turn = np.array([[np.cos(bearing), -np.sin(bearing)], [np.sin(bearing), np.cos(bearing)]])
    corners = shapely.get_coordinates(area) @ turn
    west, south = (corners.min(axis=0) - 1).tolist()
    east, north = (corners.max(axis=0) + 1).tolist()
    cuts = np.array(_cuts(points @ turn, count, (west, south, east, north)))
    rectangles = shapely.polygons(cuts[:, _AROUND].reshape(-1, 5, 2) @ turn.T)
    return _adopt_orphans(shapely.intersection(rectangles, area))


def _cuts(
    points: FloatArray, count: int, edges: tuple[float, float, float, float]
) -> list[tuple[float, float, float, float]]:
    """Rectangles (west, south, east, north) that halve the points across the longer side."""
    if count == 1:
        return [edges]
    wide, high = (points.max(axis=0) - points.min(axis=0)).tolist()
    axis = 0 if wide >= high else 1
    ordered = points[points[:, axis].argsort(kind="stable")]
    first = count // 2
    cut = round(len(ordered) * first / count)
    at = float((ordered[cut - 1, axis] + ordered[cut, axis]) / 2)
    low, high = list(edges), list(edges)
    low[axis + 2], high[axis] = at, at
    return [
        *_cuts(ordered[:cut], first, (low[0], low[1], low[2], low[3])),
        *_cuts(ordered[cut:], count - first, (high[0], high[1], high[2], high[3])),
    ]


def _adopt_orphans(clipped: NDArray[np.object_]) -> list[Polygon]:
    """One polygon each: what is cut off goes to the neighbour with the longest shared border."""
    if np.all(shapely.get_type_id(clipped) == shapely.GeometryType.POLYGON):
        return list(clipped)
    parts: list[Polygon] = []
    orphans: list[Polygon] = []
    for geometry in clipped:
        pieces = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
        pieces.sort(key=lambda piece: -piece.area)
        parts.append(pieces[0])
        orphans.extend(pieces[1:])
    while orphans:
        borders = [longest_border(orphan, parts) for orphan in orphans]
        index = int(np.argmax([length for _, length in borders]))
        owner, _ = borders[index]
        joined = shapely.union(parts[owner], orphans.pop(index), grid_size=_SNAP_M)
        parts[owner] = max(shapely.get_parts(joined), key=shapely.area)
    return parts


def longest_border(piece: BaseGeometry, others: Sequence[BaseGeometry]) -> tuple[int, float]:
    """Which of the others shares the most border with the piece, and how much (same unit)."""
    shared = shapely.length(
        shapely.intersection(
            shapely.set_precision(piece.boundary, _SNAP_M),
            shapely.set_precision(shapely.boundary(list(others)), _SNAP_M),
        )
    )
    best = int(np.argmax(shared))
    return best, float(shared[best])
