"""Geometry of strangers: to WGS84, then every check that stands before the database."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.files.job import Shape
from geodata import crs

MOST_CORNERS = 100_000
LEAST_AREA_DEG2 = 1e-12  # about 0.01 m²
_WANTED = {
    Shape.POINT: (shapely.GeometryType.POINT,),
    Shape.POLYGON: (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
}


def to_wgs84(geometries: NDArray[np.object_], system: crs.Crs) -> NDArray[np.object_]:
    """The geometries in EPSG:4326, lon then lat; what has no place there becomes nan."""

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(crs.to_wgs84(xy[:, 0], xy[:, 1], system))

    answer: NDArray[np.object_] = shapely.transform(shapely.force_2d(geometries), move)
    return answer


def oversize(geometries: NDArray[np.object_]) -> dict[int, str]:
    """Rows whose outline has more corners than any map needs."""
    corners = shapely.get_num_coordinates(geometries)
    return {
        int(row): f"has {corners[row]:,} corners, at most {MOST_CORNERS:,} are taken"
        for row in np.flatnonzero(corners > MOST_CORNERS)
    }


def out_of_range(x: NDArray[np.float64], y: NDArray[np.float64], system: crs.Crs) -> str | None:
    """Why coordinates as written cannot be in their system; None where they can.

    Args:
        x, y: of one geometry, in the file's own coordinates.
        system: what they are said to be in.
    """
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "has a coordinate that is not a finite number"
    widest = max(np.abs(x).max(initial=0), np.abs(y).max(initial=0))
    if system.unit != "degree":
        degrees = f"looks like degrees, but metres of {system.name} are declared"
        return degrees if widest <= 360 else None
    if widest > 360:
        return "looks like metres, but degrees are declared; declare the projection by --crs"
    if np.abs(y).max(initial=0) > 90:
        return "has a latitude beyond 90 degrees; are lon and lat swapped?"
    return "has a longitude beyond 180 degrees" if widest > 180 else None


def fault(geometry: BaseGeometry | None, shape: Shape) -> str | None:
    """Why one geometry in EPSG:4326 cannot be taken; None if it can."""
    if geometry is None or shapely.is_empty(geometry):
        return "has no geometry"
    if shapely.get_type_id(geometry) not in _WANTED[shape]:
        return f"is a {geometry.geom_type}, a {shape} is needed"
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return "has a coordinate that has no place in its coordinate system"
    return _polygon_fault(geometry) if shape is Shape.POLYGON else None


def _polygon_fault(polygon: BaseGeometry) -> str | None:
    reason = shapely.is_valid_reason(polygon)
    if reason != "Valid Geometry":
        return f"is not a valid polygon: {reason}"
    return "has no area" if shapely.area(polygon) < LEAST_AREA_DEG2 else None
