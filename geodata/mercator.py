"""Web Mercator (EPSG:3857): degrees to map metres and back, and the grid of tiles.

Map metres are not metres on the ground: they are longer by 1 / cos(latitude). Tiles count from the
north-west corner of the world, `2**z` a side; pixels are those of a tile of 256.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RADIUS_M = 6378137.0
HALF_WORLD_M = math.pi * RADIUS_M
"""Distance of every edge of the map from its middle, in map metres."""
MAX_LAT_DEG = math.degrees(2.0 * math.atan(math.exp(math.pi)) - math.pi / 2.0)
"""The map ends at this latitude, about 85.0511 degrees, north and south."""
TILE_PIXELS = 256
MAX_ZOOM = 30


class Bounds(NamedTuple):
    """A box: west, south, east, north."""

    west: float
    south: float
    east: float
    north: float


def from_lonlat(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Degrees to map metres; latitudes beyond the map go to its edge."""
    phi = np.radians(np.clip(np.asarray(lat, dtype=np.float64), -MAX_LAT_DEG, MAX_LAT_DEG))
    x = np.radians(np.asarray(lon, dtype=np.float64)) * RADIUS_M
    return x, np.arctanh(np.sin(phi)) * RADIUS_M


def to_lonlat(x_m: ArrayLike, y_m: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Map metres to degrees."""
    lon = np.degrees(np.asarray(x_m, dtype=np.float64) / RADIUS_M)
    return lon, np.degrees(np.arcsin(np.tanh(np.asarray(y_m, dtype=np.float64) / RADIUS_M)))


def ground_scale(lat_deg: float) -> float:
    """Metres on the ground for one map metre at a latitude."""
    return math.cos(math.radians(lat_deg))


def pixel_m(zoom: int) -> float:
    """Width of a pixel in map metres at a zoom."""
    return 2.0 * HALF_WORLD_M / (TILE_PIXELS * (1 << zoom))


def is_tile(z: int, x: int, y: int) -> bool:
    """Whether there is such a tile."""
    return 0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z


def tile_bounds(z: int, x: int, y: int) -> Bounds:
    """The box of a tile in map metres.

    Raises:
        ValueError: there is no such tile.
    """
    if not is_tile(z, x, y):
        raise ValueError(f"there is no tile {z}/{x}/{y}")
    size_m = 2.0 * HALF_WORLD_M / 2**z
    west, north = x * size_m - HALF_WORLD_M, HALF_WORLD_M - y * size_m
    return Bounds(west, north - size_m, west + size_m, north)


def tile_bounds_lonlat(z: int, x: int, y: int) -> Bounds:
    """The box of a tile in degrees. Raises as `tile_bounds`."""
    box = tile_bounds(z, x, y)
    (west, east), (south, north) = to_lonlat([box.west, box.east], [box.south, box.north])
    return Bounds(float(west), float(south), float(east), float(north))


def tile_at(lon: ArrayLike, lat: ArrayLike, zoom: int) -> tuple[IntArray, IntArray]:
    """Column and row of the tile in which each point (degrees) lies; off the map: the edge tile."""
    x, y = from_lonlat(lon, lat)
    size_m = 2.0 * HALF_WORLD_M / 2**zoom
    last = 2**zoom - 1
    column = np.clip(np.floor((x + HALF_WORLD_M) / size_m), 0, last)
    row = np.clip(np.floor((HALF_WORLD_M - y) / size_m), 0, last)
    return column.astype(np.int64), row.astype(np.int64)
