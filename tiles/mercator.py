"""The web map's plane (EPSG:3857) as a unit square: (0, 0) north-west, (1, 1) south-east."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EARTH_RADIUS_M = 6378137.0
CIRCUMFERENCE_M = 2 * np.pi * EARTH_RADIUS_M
TILE_PX = 256


def to_unit(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Degrees (EPSG:4326) to the unit square, x to the east and y to the south.

    Args:
        lon, lat: degrees, same shape; latitudes beyond the map's edge are moved to it.
    """
    north = np.radians(np.clip(lat, -85.05112878, 85.05112878))
    return (lon + 180) / 360, (1 - np.arcsinh(np.tan(north)) / np.pi) / 2


def to_degrees(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The unit square to degrees (lon, lat; EPSG:4326), back to within 1e-12 of a degree."""
    return x * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y))))


def cos_lat(unit_y: FloatArray) -> FloatArray:
    """Cosine of the latitude at each `unit_y`: ground metres for one metre of the map there."""
    return np.asarray(1 / np.cosh(np.pi * (1 - 2 * np.asarray(unit_y))))


def ground_px_m(unit_y: FloatArray, zoom: int) -> FloatArray:
    """Size on the ground, in m, of a tile pixel (256 a tile) at each `unit_y`."""
    return CIRCUMFERENCE_M / (TILE_PX * 2.0**zoom) * cos_lat(unit_y)
