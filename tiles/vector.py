"""Vector tiles: one call of one SQL function a tile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import OperationalError

from tiles.layers import BINS_BELOW_ZOOM, POINT_CAP
from tiles.pool import Asks, TilePool, asking
from tiles.selection import CaseFilter

# A NULL of no known type would not find its function.
_BINS: LiteralString = """
SELECT * FROM tiles.incident_bins(%s, %s, %s, %s, %s, %s, %s, %s::bigint, %s::bigint, %s::text[],
                                  %s::text[], %s::boolean, %s::bigint[], %s::bigint[])
"""
_POINTS: LiteralString = """
SELECT * FROM tiles.incident_points(%s, %s, %s, %s, %s, %s, %s, %s::bigint, %s::bigint, %s::text[],
                                    %s::text[], %s::boolean, %s::bigint[], %s::bigint[], %s)
"""


class TileAddress(NamedTuple):
    """A tile of the usual web scheme (EPSG:3857, y from the north)."""

    z: int
    x: int
    y: int


class VectorTile(NamedTuple):
    """A tile, and what of the layer is in it.

    Attributes:
        body: MVT; empty when nothing lies there.
        returned: features in it.
        matched: features that it would hold without a cap.
    """

    body: bytes
    returned: int
    matched: int


@dataclass(frozen=True)
class TileQuery:
    """One statement with its values."""

    statement: LiteralString
    values: tuple[Any, ...]


def default_level(z: int) -> str:
    """The level of which outlines serve a zoom when none is asked for."""
    if z < 10:
        return "district"
    return "subdistrict" if z < 12 else "community"


def areas_query(tile: TileAddress, level: str, as_of: datetime) -> TileQuery:
    """Outlines of one level as drawn at `as_of`."""
    return TileQuery("SELECT * FROM tiles.areas(%s, %s, %s, %s, %s)", (*tile, level, as_of))


def cells_query(tile: TileAddress, as_of: datetime) -> TileQuery:
    """Grid cells as drawn at `as_of`."""
    return TileQuery("SELECT * FROM tiles.cells(%s, %s, %s, %s)", (*tile, as_of))


def units_query(tile: TileAddress, as_of: datetime, codes: tuple[int, int]) -> TileQuery:
    """Base units as drawn at `as_of`, of the cells from the first to the last of these codes."""
    return TileQuery("SELECT * FROM tiles.units(%s, %s, %s, %s, %s, %s)", (*tile, as_of, *codes))


def stations_query(tile: TileAddress, as_of: datetime) -> TileQuery:
    """Stations that stand at `as_of` and show at the tile's zoom."""
    return TileQuery("SELECT * FROM tiles.stations(%s, %s, %s, %s)", (*tile, as_of))


def assignments_query(tile: TileAddress, as_of: datetime) -> TileQuery:
    """Who is assigned at `as_of`: a point an area."""
    return TileQuery("SELECT * FROM tiles.assignments(%s, %s, %s, %s)", (*tile, as_of))


def features_query(tile: TileAddress) -> TileQuery:
    """Landmarks."""
    return TileQuery("SELECT * FROM tiles.features(%s, %s, %s)", tuple(tile))


def incidents_query(tile: TileAddress, wanted: CaseFilter) -> TileQuery:
    """Cases: counts in squares when far, the cases themselves when near.

    Args:
        wanted: of a past minute and an area as `past_cells.as_lay_then` gives it back.
    """
    lo, hi = wanted.codes or (None, None)
    is_far = tile.z < BINS_BELOW_ZOOM
    # Bins tell open from closed, which the row itself knows of any minute; points tell the stage.
    from_log = wanted.needs_history if is_far else wanted.in_past
    values = (
        *tile, wanted.since, wanted.until, wanted.as_of, from_log, lo, hi,
        list(wanted.categories) or None,
        sorted(wanted.statuses) if wanted.statuses is not None else None, wanted.is_open,
        *(wanted.come_and_gone or (None, None)),
    )  # fmt: skip
    if is_far:
        return TileQuery(_BINS, values)
    return TileQuery(_POINTS, (*values, POINT_CAP))


async def fetch(pool: TilePool, query: TileQuery, asks: Asks | None = None) -> VectorTile:
    """The tile that a query makes, of what the session may see.

    Raises:
        psycopg.OperationalError: the database does not answer (psycopg_pool.PoolTimeout among
            them: no connection became free in time).
        SessionIsOver: the tile may be short of something.
    """
    try:
        return await _fetch(pool, query, asks)
    except OperationalError as error:
        if error.sqlstate not in (None, "57P01"):  # anything but a connection that is gone
            raise
        return await _fetch(pool, query, asks)


async def _fetch(pool: TilePool, query: TileQuery, asks: Asks | None) -> VectorTile:
    token = asks.token if asks is not None else None
    async with asking(pool, token) as connection, connection.cursor(binary=True) as cursor:
        await cursor.execute(query.statement, query.values)
        row = await cursor.fetchone()
        if asks is not None:
            await asks.check(connection)
    return VectorTile(*row) if row and row[1] else VectorTile(b"", 0, 0)
