"""Why so much lies outside: what the file would be under another reading of its coordinates."""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import crs

GeometryArray = NDArray[np.object_]
Xy = NDArray[np.float64]

SAMPLE = 200
_CONVINCING = 0.05


def other_reading(
    geometries: GeometryArray,
    read_as: str | None,
    outside_share: Callable[[NDArray[np.intp], GeometryArray], float],
) -> str | None:
    """The reading under which the geometries would lie inside, as advice; None if none helps.

    Args:
        geometries: (n,) as they were read, EPSG:4326.
        read_as: the coordinate system as which they were read.
        outside_share: (rows, their geometries) -> share outside, 0 to 1.
    """
    rows = np.linspace(0, len(geometries) - 1, min(SAMPLE, len(geometries))).astype(np.intp)
    best: tuple[float, str] | None = None
    for advice, move in _readings(crs.parse(read_as or "wgs84")):
        moved = shapely.transform(geometries[rows], move)
        xy = shapely.get_coordinates(moved)
        if not len(xy) or not (np.abs(xy) <= (180, 90)).all():
            continue
        share = outside_share(rows, moved)
        if share <= _CONVINCING and (best is None or share < best[0]):
            best = (share, advice)
    return f"It would lie inside if {best[1]}." if best else None


def _readings(used: crs.Crs) -> list[tuple[str, Callable[[Xy], Xy]]]:
    readings: list[tuple[str, Callable[[Xy], Xy]]] = [
        ("lon and lat are swapped", lambda xy: xy[:, ::-1])
    ]
    for system in (crs.WGS84, crs.GCJ02, crs.BD09):
        if used.unit == "degree" and used.kind != system.kind:
            word = "wgs84" if system is crs.WGS84 else system.name
            readings.append((f"--crs {word} is declared", _instead(used, system)))
    return readings


def _instead(used: crs.Crs, system: crs.Crs) -> Callable[[Xy], Xy]:
    """From what was read as `used` to what it is when read as `system`."""

    def move(xy: Xy) -> Xy:
        written = crs.from_wgs84(xy[:, 0], xy[:, 1], used)
        return np.column_stack(crs.to_wgs84(*written, system))

    return move
