"""Borders simplified for each zoom of the map, so that neighbours still meet exactly."""

from collections.abc import Callable, Iterable, Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

GeometryArray = NDArray[np.object_]

MAP_CRS = "EPSG:3857"
FINE_ZOOMS = range(8, 16)
"""Zooms for cells and communities; the highest one serves all above it."""
COARSE_ZOOMS = range(6, 15)
"""Zooms for subdistricts, districts and the city."""
_WORLD_PIXELS_M = 2 * np.pi * 6378137 / 256


def pixel_m(zoom: int) -> float:
    """Size of a tile pixel of 256 a side at this zoom, in units of EPSG:3857."""
    return float(_WORLD_PIXELS_M / 2**zoom)


def zooms_of(level: str) -> range:
    """The zooms for which shapes of areas of this level are kept."""
    return FINE_ZOOMS if level in ("cell", "community") else COARSE_ZOOMS


def by_zoom(
    areas: gpd.GeoDataFrame, zooms: Iterable[int], part: Callable[[], None] | None = None
) -> Iterator[tuple[int, GeometryArray]]:
    """Simplify the areas of one level for each zoom, at half a pixel, the finest zoom first.

    Args:
        areas: column geometry (Polygon or MultiPolygon in any declared CRS), which together form a
            coverage.
        zooms: web map zooms.
        part: called before each zoom; what it raises ends the work.

    Yields:
        A zoom and (n,) shapes in EPSG:3857, in the order given. Every area keeps one at every zoom.
    """
    shapes: GeometryArray = areas.geometry.to_crs(MAP_CRS).to_numpy()
    for zoom in sorted(zooms, reverse=True):
        if part is not None:
            part()
        # From the finest down, each from the one before: the dropping of corners by area goes on
        # where it stopped, so the result is the same and the work shrinks.
        shapes = shapely.coverage_simplify(shapes, pixel_m(zoom) / 2)
        yield zoom, shapes


def for_zooms(
    areas: gpd.GeoDataFrame, zooms: Iterable[int], part: Callable[[], None] | None = None
) -> gpd.GeoDataFrame:
    """All that `by_zoom` gives, in one table.

    Args:
        areas: as there, with the columns code and level.

    Returns:
        One row an area and zoom, by zoom (ascending) and in the order given: code int64, level
        str, zoom int16, geometry in EPSG:3857.
    """
    frames = [
        gpd.GeoDataFrame(
            {
                "code": areas["code"].to_numpy(),
                "level": areas["level"].to_numpy(),
                "zoom": np.full(len(areas), zoom, dtype=np.int16),
            },
            geometry=shapes,
            crs=MAP_CRS,
        )
        for zoom, shapes in by_zoom(areas, zooms, part)
    ]
    return gpd.GeoDataFrame(pd.concat(reversed(frames), ignore_index=True), crs=MAP_CRS)
