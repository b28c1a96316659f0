"""The test city's map as an outsider sees it: SQL for the truth, another's decoder for tiles."""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import mapbox_vector_tile
import psycopg
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.db import conninfo

EXTENT = 4096
WORLD_M = 2 * math.pi * 6378137


def rows(url: URL, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database itself says."""
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int, int]:
    """The tile (z, x, y) in which a point lies."""
    x = (lon + 180) / 360 * 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom
    return zoom, int(x), int(y)


def tiles_over(box: tuple[float, float, float, float], zoom: int) -> Iterator[tuple[int, int, int]]:
    """Every tile of a zoom that meets a window in degrees."""
    _, west, north = tile_at(box[0], box[3], zoom)
    _, east, south = tile_at(box[2], box[1], zoom)
    for x in range(west, east + 1):
        for y in range(north, south + 1):
            yield zoom, x, y


def box_of(url: URL, view: str) -> tuple[float, float, float, float]:
    """west, south, east, north of everything in a view of `published`, in degrees."""
    query = (
        "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)"
        f" FROM (SELECT ST_Extent(geom) e FROM published.{view}) t"
    )
    west, south, east, north = rows(url, query)[0]
    return west, south, east, north


def tile_box(tile: tuple[int, int, int], margin: float = 0.0) -> BaseGeometry:
    """The tile's square in EPSG:3857, grown by a part of its side."""
    z, x, y = tile
    side = WORLD_M / 2**z
    west, north = x * side - WORLD_M / 2, WORLD_M / 2 - y * side
    grow = margin * side
    return shapely.box(west - grow, north - side - grow, west + side + grow, north + grow)


def city_box(url: URL) -> tuple[float, float, float, float]:
    """west, south, east, north of everything drawn, in degrees."""
    return box_of(url, "area")


def fetch(client: TestClient, layer: str, tile: tuple[int, int, int], **words: Any) -> Any:
    """The raw answer for a tile."""
    z, x, y = tile
    return client.get(f"/tiles/{layer}/{z}/{x}/{y}.mvt", params=words)


def features(
    client: TestClient, layer: str, tile: tuple[int, int, int], **words: Any
) -> list[dict[str, Any]]:
    """The features of a tile, y down as they were sent; none for an empty tile."""
    answer = fetch(client, layer, tile, **words)
    if answer.status_code == 204:
        return []
    assert answer.status_code == 200, answer.text
    decoded = mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True})
    assert list(decoded) == [layer]
    assert decoded[layer]["extent"] == EXTENT
    found: list[dict[str, Any]] = decoded[layer]["features"]
    return found


def ago(days: float) -> str:
    """The instant that long ago, as a query word."""
    return (utc_now() - timedelta(days=days)).isoformat().replace("+00:00", "Z")
