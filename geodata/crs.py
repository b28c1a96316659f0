"""Coordinate systems at the edges, and the way to and from WGS84.

Inside, everything is lon, lat in degrees, EPSG:4326, in that order. A file or a caller brings
coordinates in a system that it names; nothing is ever guessed from the numbers, because the Chinese
map offsets (145-272 m in Lanzhou) pass every range check.

Accepted words: `wgs84` (EPSG:4326), `cgcs2000` (EPSG:4490), `EPSG:4491` to `EPSG:4554` (CGCS2000
Gauss-Krueger zones of 6 and 3 degrees, with or without the zone number in the easting), `gcj02`,
`bd09`.

CGCS2000 is taken as WGS84: they differ by less than a metre, which a map of this scale cannot show.
Gauss axes are officially listed north, east; here x is always the easting, y the northing.
GCJ-02 and BD-09 are defined for China only: outside the rough box `IN_CHINA` GCJ-02 has no offset.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

FloatArray = NDArray[np.float64]
Kind = Literal["geographic", "gauss", "gcj02", "bd09"]

IN_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north in degrees: the box in which GCJ-02 moves points."""

ACCEPTED = "wgs84, cgcs2000, EPSG:4326, EPSG:4490, EPSG:4491 to EPSG:4554, gcj02, bd09"

_KRASOVSKY_A_M = 6378245.0
_KRASOVSKY_EE = 0.00669342162296594323
_BD_ANGLE = np.pi * 3000.0 / 180.0
_GCJ02_ROUNDS, _BD09_ROUNDS = 3, 4  # each shrinks the error about a thousand times
_GEOGRAPHIC_EPSG = (4326, 4490)
_FIRST_GAUSS, _LAST_GAUSS = 4491, 4554
_FIRST_3_DEGREE_CM, _FIRST_CM_DEG, _LAST_CM_DEG = 4534, 75, 135
_CONFIDENCE = 60  # per cent, for recognising a system that a file describes without a number


class UnknownCrsError(ValueError):
    """The word or description does not name a coordinate system that is accepted here."""


@dataclass(frozen=True)
class Crs:
    """A coordinate system at the edge.

    Attributes:
        kind: geographic (degrees), gauss (metres), gcj02 or bd09 (degrees, offset).
        name: the word for it in reports.
        epsg: its number; None for gcj02 and bd09.
    """

    kind: Kind
    name: str
    epsg: int | None

    @property
    def unit(self) -> str:
        """The unit of its coordinates."""
        return "metre" if self.kind == "gauss" else "degree"


WGS84 = Crs("geographic", "EPSG:4326", 4326)
CGCS2000 = Crs("geographic", "EPSG:4490", 4490)
GCJ02 = Crs("gcj02", "gcj02", None)
BD09 = Crs("bd09", "bd09", None)
_WORDS = {"wgs84": WGS84, "cgcs2000": CGCS2000, "gcj02": GCJ02, "bd09": BD09}


def parse(word: str) -> Crs:
    """The coordinate system that a word names; case, spaces, `-` and `_` do not matter.

    Raises:
        UnknownCrsError: it names none of the accepted ones.
    """
    plain = re.sub(r"[\s_-]", "", word).lower()
    if plain in _WORDS:
        return _WORDS[plain]
    number = re.fullmatch(r"(?:epsg:+)?(\d{4})", plain, re.ASCII)
    if number:
        return _of_epsg(int(number[1]))
    raise UnknownCrsError(f"{word!r} is not a coordinate system known here: {ACCEPTED}")


def of_file(described: Any) -> Crs:
    """The coordinate system a file carries (anything `pyproj.CRS` takes: WKT, a number, a CRS).

    Raises:
        UnknownCrsError: it is not one of the accepted ones, or cannot be read.
    """
    try:
        crs = CRS.from_user_input(described)
        number = crs.to_epsg(min_confidence=_CONFIDENCE)
    except Exception as error:  # pyproj raises several kinds for hostile text
        raise UnknownCrsError(
            f"the coordinate system of the file cannot be read: {error}"
        ) from None
    if number is None:
        raise UnknownCrsError(
            f"the coordinate system of the file, {crs.name!r}, is not known here: {ACCEPTED}"
        )
    return _of_epsg(number)


def _of_epsg(number: int) -> Crs:
    if number in _GEOGRAPHIC_EPSG:
        return WGS84 if number == 4326 else CGCS2000
    if _FIRST_GAUSS <= number <= _LAST_GAUSS:
        return Crs("gauss", f"EPSG:{number}", number)
    raise UnknownCrsError(f"EPSG:{number} is not a coordinate system known here: {ACCEPTED}")


def to_wgs84(x: ArrayLike, y: ArrayLike, crs: Crs) -> tuple[FloatArray, FloatArray]:
    """Coordinates of a system as lon, lat in degrees.

    Args:
        x: easting in metres or longitude in degrees, any shape.
        y: northing in metres or latitude in degrees, the same shape.
        crs: what they are in.

    Returns:
        lon and lat. What has no place in the system (not finite, beyond its projection) is nan.
    """
    x, y = _floats(x, y)
    if crs.kind == "gauss":
        return _finite(*_gauss(crs).transform(x, y, direction="INVERSE"))
    if crs.kind == "gcj02":
        return gcj02_to_wgs84(x, y)
    if crs.kind == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(x, y))
    return _finite(x, y)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, crs: Crs) -> tuple[FloatArray, FloatArray]:
    """lon, lat in degrees as coordinates of a system: the way back from `to_wgs84`."""
    lon, lat = _floats(lon, lat)
    if crs.kind == "gauss":
        return _finite(*_gauss(crs).transform(lon, lat))
    if crs.kind == "gcj02":
        return wgs84_to_gcj02(lon, lat)
    if crs.kind == "bd09":
        return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
    return _finite(lon, lat)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """WGS84 degrees to GCJ-02 degrees; nan stays nan, outside `IN_CHINA` nothing moves."""
    lon, lat = _finite(*_floats(lon, lat))
    west, south, east, north = IN_CHINA
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    east_deg, north_deg = _gcj02_offset(lon, lat)
    return lon + np.where(inside, east_deg, 0.0), lat + np.where(inside, north_deg, 0.0)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """GCJ-02 degrees to WGS84 degrees, by fixed-point iteration: within 0.1 mm."""
    lon, lat = _finite(*_floats(lon, lat))
    return _undo(wgs84_to_gcj02, lon, lat, _GCJ02_ROUNDS)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """GCJ-02 degrees to BD-09 degrees."""
    lon, lat = _finite(*_floats(lon, lat))
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_ANGLE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """BD-09 degrees to GCJ-02 degrees, by fixed-point iteration: within 0.1 mm."""
    lon, lat = _finite(*_floats(lon, lat))
    return _undo(gcj02_to_bd09, lon, lat, _BD09_ROUNDS)


def metric_epsg(lon_deg: float) -> int:
    """The CGCS2000 3-degree Gauss zone (no zone number in the easting) round a longitude.

    104 gives 4544 (central meridian 105 E), 103 gives 4543 (102 E). The border between two zones
    belongs to the eastern one.

    Raises:
        ValueError: the longitude lies outside the zones, 73.5 to 136.5 degrees.
    """
    meridian_deg = np.floor((lon_deg + 1.5) / 3.0) * 3.0
    if not _FIRST_CM_DEG <= meridian_deg <= _LAST_CM_DEG:
        raise ValueError(f"{lon_deg} degrees lies outside the Gauss zones of CGCS2000")
    return _FIRST_3_DEGREE_CM + int(meridian_deg - _FIRST_CM_DEG) // 3


def _gcj02_offset(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far GCJ-02 lies east and north of a WGS84 point, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root, waves = np.sqrt(np.abs(x)), _waves(x, 6.0, 20.0) + _waves(x, 2.0, 20.0)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north_m += _waves(y, 1.0, 20.0) + _waves(y, 1 / 3, 40.0)
    north_m += _waves(y, 1 / 12, 160.0) + _waves(y, 1 / 30, 320.0)
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east_m += _waves(x, 1.0, 20.0) + _waves(x, 1 / 3, 40.0)
    east_m += _waves(x, 1 / 12, 150.0) + _waves(x, 1 / 30, 300.0)
    phi = np.radians(lat)
    squeeze = 1.0 - _KRASOVSKY_EE * np.sin(phi) ** 2
    meridian_m = _KRASOVSKY_A_M * (1.0 - _KRASOVSKY_EE) / (squeeze * np.sqrt(squeeze))
    parallel_m = _KRASOVSKY_A_M / np.sqrt(squeeze) * np.cos(phi)
    return np.degrees(east_m / parallel_m), np.degrees(north_m / meridian_m)


def _waves(value: FloatArray, frequency: float, height_m: float) -> FloatArray:
    wave: FloatArray = height_m * 2.0 / 3.0 * np.sin(frequency * np.pi * value)
    return wave


def _undo(
    forward: Any, lon: FloatArray, lat: FloatArray, rounds: int
) -> tuple[FloatArray, FloatArray]:
    """The point that `forward` moves to lon, lat."""
    back_lon, back_lat = lon.copy(), lat.copy()
    for _ in range(rounds):
        moved_lon, moved_lat = forward(back_lon, back_lat)
        back_lon, back_lat = back_lon + lon - moved_lon, back_lat + lat - moved_lat
    return back_lon, back_lat


@lru_cache(maxsize=_LAST_GAUSS - _FIRST_GAUSS + 1)
def _gauss(crs: Crs) -> Transformer:
    """From CGCS2000 degrees (taken as WGS84) to the zone."""
    return Transformer.from_crs("EPSG:4490", f"EPSG:{crs.epsg}", always_xy=True)


def _floats(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def _finite(x: Any, y: Any) -> tuple[FloatArray, FloatArray]:
    x, y = _floats(x, y)
    good = np.isfinite(x) & np.isfinite(y)
    return np.where(good, x, np.nan), np.where(good, y, np.nan)
