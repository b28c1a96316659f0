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
    geometries: GeometryArray, outside_share: Callable[[NDArray[np.intp], GeometryArray], float]
) -> str | None:
    """The reading under which the geometries would lie inside, as advice; None if none helps.

    Args:
        geometries: (n,) as they were read, EPSG:4326.
        outside_share: (rows, their geometries) -> share outside, 0 to 1.
    """
    rows = np.linspace(0, len(geometries) - 1, min(SAMPLE, len(geometries))).astype(np.intp)
    sample = geometries[rows]
    readings: tuple[tuple[str, Callable[[Xy], Xy]], ...] = (
        ("lon and lat are swapped", lambda xy: xy[:, ::-1]),
        ("the coordinates are GCJ-02: declare --crs gcj02", _as_wgs84(crs.GCJ02)),
        ("the coordinates are BD-09: declare --crs bd09", _as_wgs84(crs.BD09)),
    )
    best: tuple[float, str] | None = None
    for advice, move in readings:
        share = outside_share(rows, shapely.transform(sample, move))
        if share <= _CONVINCING and (best is None or share < best[0]):
            best = (share, advice)
    return f"It would lie inside if {best[1]}." if best else None


def _as_wgs84(system: crs.Crs) -> Callable[[Xy], Xy]:
    return lambda xy: np.column_stack(crs.to_wgs84(xy[:, 0], xy[:, 1], system))
