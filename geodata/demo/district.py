"""Drawing one district: towns, communities, cells and base units, down to shared borders.

Everything here is in EPSG:4544 (metres) until `DistrictDraft`, which is in EPSG:4326. Each area
draws from a generator of its own, seeded by the seed and its code, so nothing depends on order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import Polygon

from geodata import codes, coverage, noding
from geodata.demo import tessellate
from geodata.demo.field import Density, FloatArray, Warp
from geodata.demo.shares import IntArray, apportion
from geodata.demo.sources import METRIC_CRS, Place

FEWEST_CELLS = 3
FEWEST_UNITS, MOST_UNITS = 12, 20
GRID_DEG = 1e-6
_NODE_GRID_M = 0.01
_EDGE_STEP_M = 160.0
_TOWN_CANDIDATES = 400
_TOWN_DENSITY = 0.2
_BEARING_SPREAD = 0.05


@dataclass(frozen=True)
class DistrictTask:
    """What is needed to draw one district, fit to be sent to another process.

    Attributes:
        seed: of the whole city.
        code: the district's 15-digit code.
        cells: how many cells it is to have.
        outline: Polygon in EPSG:4544.
        towns, communities: its areas by code.
        centres: town code -> (easting, northing) in metres, where known.
        density: where people live.
    """

    seed: int
    code: int
    cells: int
    outline: Polygon
    towns: list[Place]
    communities: list[Place]
    centres: dict[int, tuple[float, float]]
    density: Density


@dataclass(frozen=True)
class DistrictDraft:
    """One district, drawn.

    Attributes:
        code: the district's code.
        polygons: (n,) the units, Polygons in EPSG:4326 with corners on the grid `GRID_DEG`, which
            share their borders exactly.
        points: (n, 2) lon, lat in degrees, one inside each unit.
        cell_codes: (n,) the cell of each unit, ascending.
        drawn_cells: (n,) the cell inside which each unit was drawn; streets run around those.
        crowding: (n,) relative density of people at each unit.
        area_m2: (n,) planar area of each unit.
        dedicated: codes of the cells that stand for one campus or plant.
    """

    code: int
    polygons: coverage.GeometryArray
    points: FloatArray
    cell_codes: IntArray
    drawn_cells: IntArray
    crowding: FloatArray
    area_m2: FloatArray
    dedicated: IntArray


def draw(task: DistrictTask, tick: Callable[[], None]) -> DistrictDraft:
    """Draw the district; `tick` is called after each community and may raise to stop."""
    drawn = [
        (town, _communities(task, town, area))
        for town, area in zip(task.towns, _towns(task), strict=True)
    ]
    cell_counts = _cell_counts(task, dict(pair for _, own in drawn for pair in own))
    units: list[Polygon] = []
    owners: list[int] = []
    dedicated: list[int] = []
    for town, communities in drawn:
        town_cells: list[int] = []
        for code, area in communities:
            for sequence, cell in enumerate(_cells(task, code, area, cell_counts[code]), start=1):
                town_cells.append(codes.child_code(code, sequence))
                parts = _units(task, town_cells[-1], cell)
                units.extend(parts)
                owners.extend([town_cells[-1]] * len(parts))
            tick()
        dedicated.extend(_dedicated(task, town, town_cells))
    return _finish(task, np.array(units), np.array(owners, dtype=np.int64), dedicated)


def _rng(task: DistrictTask, code: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([task.seed, code, purpose])


def _cell_counts(task: DistrictTask, areas: dict[int, Polygon]) -> dict[int, int]:
    """Cells of each community: two each, the rest, at least one, by people and by lot."""
    rng = _rng(task, task.code, 1)
    urban = np.array([place.kind == "community" for place in task.communities])
    places = [areas[place.code] for place in task.communities]
    people = shapely.area(places) * task.density.at(
        shapely.get_coordinates(shapely.point_on_surface(places))
    )
    weights = np.where(urban, 1.6, 1.0) * rng.lognormal(0, 0.35, len(urban)) * people**0.2
    base = FEWEST_CELLS - 1
    shares = base + apportion(task.cells - base * len(places), weights, least=1)
    return {place.code: int(n) for place, n in zip(task.communities, shares, strict=True)}


def _towns(task: DistrictTask) -> list[Polygon]:
    """Voronoi of the known centres; the other towns far from them, and rather where it is dense.

    Of the others, the one with the most communities gets the place with the most people.
    """
    rng = _rng(task, task.code, 2)
    centres = dict(task.centres)
    known = np.array(list(centres.values())).reshape(-1, 2)
    missing = [town.code for town in task.towns if town.code not in centres]
    missing.sort(key=lambda code: -sum(codes.contains(code, c.code) for c in task.communities))
    people = tessellate.scatter(task.outline, _TOWN_CANDIDATES, task.density, 0.35, rng)
    weights = task.density.at(people) ** 0.25
    rest = tessellate.farthest(people, weights, known, len(missing))
    places = tessellate.relax(people, known, rest)
    centres.update((code, (x, y)) for code, (x, y) in zip(missing, places, strict=True))
    return tessellate.voronoi(task.outline, np.array([centres[town.code] for town in task.towns]))


def _communities(task: DistrictTask, town: Place, area: Polygon) -> list[tuple[int, Polygon]]:
    """The communities of a town; urban ones where it is densest, villages around them."""
    rng = _rng(task, town.code, 3)
    own = [place for place in task.communities if codes.contains(town.code, place.code)]
    own.sort(key=lambda place: (place.kind == "village", place.code))
    points = tessellate.scatter(area, 40 * len(own), task.density, 0.7, rng)
    seeds = tessellate.centres(points, len(own), rng)
    seeds = seeds[np.argsort(-task.density.at(seeds), kind="stable")]
    parts = tessellate.voronoi(area, seeds)
    return sorted((place.code, part) for place, part in zip(own, parts, strict=True))


def _cells(task: DistrictTask, code: int, area: Polygon, count: int) -> list[Polygon]:
    """The cells of a community, numbered in rows from north to south, each from west to east."""
    rng = _rng(task, code, 4)
    points = tessellate.scatter(area, 30 * count, task.density, 0.7, rng)
    return _divide(task, area, points, count, rng)


def _units(task: DistrictTask, cell_code: int, cell: Polygon) -> list[Polygon]:
    rng = _rng(task, cell_code, 5)
    count = int(rng.integers(FEWEST_UNITS, MOST_UNITS, endpoint=True))
    return _divide(task, cell, tessellate.uniform(cell, 14 * count, rng), count, rng)


def _divide(
    task: DistrictTask, area: Polygon, points: FloatArray, count: int, rng: np.random.Generator
) -> list[Polygon]:
    """Parts of about as many points each: blocks along streets in town, Voronoi in the country."""
    middle = area.representative_point()
    if task.density.at(np.array([[middle.x, middle.y]]))[0] < _TOWN_DENSITY:
        parts = tessellate.voronoi(area, tessellate.centres(points, count, rng))
    else:
        bearing = task.density.bearing_at(middle.x, middle.y) + rng.normal(0, _BEARING_SPREAD)
        parts = tessellate.blocks(area, points, count, bearing)
    middles = shapely.get_coordinates(shapely.centroid(parts))
    return [parts[index] for index in reading_order(middles)]


def reading_order(points: FloatArray) -> NDArray[np.intp]:
    """Indices of the points in rows from north to south, each row from west to east."""
    rows = max(1, round(len(points) ** 0.5))
    rank = np.empty(len(points), dtype=np.intp)
    rank[np.argsort(-points[:, 1], kind="stable")] = np.arange(len(points))
    return np.lexsort((points[:, 0], rank * rows // len(points)))


def _dedicated(task: DistrictTask, town: Place, cells: list[int]) -> list[int]:
    """One to three cells of an urban subdistrict are a campus or a plant."""
    if town.kind != "subdistrict":
        return []
    rng = _rng(task, town.code, 6)
    count = min(int(rng.integers(1, 3, endpoint=True)), len(cells) // 3)
    return sorted(int(code) for code in rng.choice(cells, count, replace=False))


def _finish(
    task: DistrictTask, units: NDArray[np.object_], owners: IntArray, dedicated: list[int]
) -> DistrictDraft:
    """Node the borders, let them wander, and go over to degrees."""
    warp = Warp.of(task.density, task.seed)
    to_degrees = Transformer.from_crs(METRIC_CRS, "EPSG:4326", always_xy=True)

    def place(xy: FloatArray) -> FloatArray:
        lon, lat = to_degrees.transform(*warp.apply(xy, task.outline).T)
        return np.column_stack([lon, lat])

    pieces = noding.cut_where_others_end(shapely.boundary(units), _NODE_GRID_M)
    lines = shapely.transform(shapely.segmentize(pieces, _EDGE_STEP_M), place)
    inside = shapely.get_coordinates(shapely.point_on_surface(units))
    points = place(inside)
    outline = shapely.transform(task.outline, place)
    noded = noding.node_doubtful(coverage.sides(lines), GRID_DEG)
    return DistrictDraft(
        code=task.code,
        polygons=coverage.faces(noded, points, outline).polygons,
        points=points,
        cell_codes=owners,
        drawn_cells=owners,
        crowding=task.density.at(inside),
        area_m2=shapely.area(units),
        dedicated=np.array(dedicated, dtype=np.int64),
    )
