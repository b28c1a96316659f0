"""The Yellow River of the demo city: a schematic centre line with kilometre marks.

No freely packaged line of the river is good enough, so the way points in `river_waypoints.csv`
(EPSG:4326, upstream first, placed by hand) are joined, rounded off and cut to the areas that are
built. It shows roughly where the river runs; the name says 示意 (schematic) wherever it appears.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from geodata.demo.arrays import FloatArray

WAYPOINTS = Path(__file__).with_name("river_waypoints.csv")
RIVER_NAME = "黄河（示意）"
MARK_NAME = "黄河 {km} 公里（示意）"
MARK_EVERY_M = 1000.0
_GEOD = Geod(ellps="WGS84")
_ROUNDS = 3
_WOBBLE_DEG = 0.0004


def waypoints() -> FloatArray:
    """The hand-placed points, n x 2 of lon, lat in degrees, upstream first."""
    table = pd.read_csv(WAYPOINTS)
    return table[["lon", "lat"]].to_numpy(dtype=np.float64)


def schematic(areas: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """The river inside the built areas: rows `kind` (river, river_mark), `name`, `geometry`.

    Args:
        areas: the areas of the city (EPSG:4326); the topmost level present bounds the line.
        rng: moves the inner way points by some tens of metres, so that the line looks drawn.

    Returns:
        One `river` row per piece inside the areas (LineString) and a `river_mark` point every
        kilometre from the upstream end, counted along the whole line, so that the number of a mark
        does not depend on which districts are built. No rows where the river does not pass.
    """
    points = waypoints()
    points[1:-1] += rng.normal(0.0, _WOBBLE_DEG, size=(len(points) - 2, 2)).clip(-0.001, 0.001)
    line = shapely.LineString(_rounded_off(points))
    outline = _outline(areas)
    inside = shapely.intersection(line, outline)
    pieces = [
        part
        for part in shapely.get_parts(inside)
        if part.geom_type == "LineString" and not part.is_empty
    ]
    marks = [(km, mark) for km, mark in _marks(line) if shapely.intersects(outline, mark)]
    return gpd.GeoDataFrame(
        {
            "kind": ["river"] * len(pieces) + ["river_mark"] * len(marks),
            "name": [RIVER_NAME] * len(pieces) + [MARK_NAME.format(km=km) for km, _ in marks],
        },
        geometry=[*pieces, *(mark for _, mark in marks)],
        crs="EPSG:4326",
    )


def distance_m(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Distance of points (degrees) to the schematic line, in metres, good to a few per cent.

    Measured in a plane with metres per degree taken at the middle of the line.
    """
    points = waypoints()
    scale = _metres_per_degree(float(points[:, 1].mean()))
    line = shapely.LineString(_rounded_off(points) * scale)
    found = shapely.distance(shapely.points(np.column_stack([lon, lat]) * scale), line)
    return np.asarray(found, dtype=np.float64)


def _metres_per_degree(lat_deg: float) -> FloatArray:
    return np.array([111_320.0 * np.cos(np.radians(lat_deg)), 110_990.0])


def _rounded_off(points: FloatArray) -> FloatArray:
    """Cut the corners (Chaikin), keeping both ends."""
    for _ in range(_ROUNDS):
        a, b = points[:-1], points[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.vstack([points[:1], cut, points[-1:]])
    return points


def _outline(areas: gpd.GeoDataFrame) -> shapely.Geometry:
    for level in ("city", "district", "subdistrict", "community", "cell"):
        chosen = areas.loc[areas["level"] == level, "geometry"]
        if len(chosen):
            return shapely.union_all(chosen.to_numpy())
    return shapely.GeometryCollection()


def _marks(line: shapely.LineString) -> list[tuple[int, shapely.Point]]:
    """Kilometre number and place, by geodesic length from the upstream end."""
    xy = shapely.get_coordinates(line)
    _, _, steps_m = _GEOD.inv(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])
    along_m = np.concatenate([[0.0], np.cumsum(steps_m)])
    at_m = np.arange(0.0, along_m[-1], MARK_EVERY_M)
    lon = np.interp(at_m, along_m, xy[:, 0])
    lat = np.interp(at_m, along_m, xy[:, 1])
    return [(km, shapely.Point(x, y)) for km, (x, y) in enumerate(zip(lon, lat, strict=True))]
