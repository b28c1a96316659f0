"""Vector tiles: which one is asked for, what it depends on, whether it is ready."""

import asyncio
from datetime import datetime

from app.core.answers import MVT, Ready, in_thread
from app.core.scope import Scope
from app.maps.boundaries import Boundaries
from app.maps.living import kept
from app.maps.metrics import TILE_QUERIES, watch
from app.maps.schemas import (
    AreaTileQuery,
    CellTileQuery,
    IncidentTileQuery,
    PostTileQuery,
    UnitTileQuery,
)
from tiles import vector
from tiles.cache import ByteCache
from tiles.layers import LAYERS
from tiles.past_cells import as_lay_then
from tiles.points import Box, PointStore
from tiles.pool import Asks, TilePool
from tiles.selection import CaseFilter
from tiles.vector import TileAddress, TileQuery

CACHE_BYTES = 32_000_000
# Rosters tell nobody when they change; this long a tile of them may be behind.
ROSTER_LAG_S = 5.0
EMPTY = Ready.of(MVT, b"")


class VectorTiles:
    """The vector tiles of one process."""

    def __init__(self, pool: TilePool, store: PointStore, boundaries: Boundaries) -> None:
        self._pool = pool
        self._store = store
        self._boundaries = boundaries
        self.cache = watch("tiles", ByteCache[Ready](CACHE_BYTES))

    async def get(
        self, layer: str, tile: TileAddress, words: object, now: datetime, scope: Scope
    ) -> Ready:
        """A vector tile.

        Args:
            layer: one of `tiles.layers.LAYERS`.
            tile: in range.
            words: the query words of that layer (`schemas.TILE_QUERIES`).
            now: the minute for which no word was said.
            scope: of whoever asks.

        Raises:
            Problem: 422 on a word.
            psycopg.OperationalError: the database does not answer.
        """
        if tile.z < LAYERS[layer].min_zoom:
            return EMPTY
        if isinstance(words, IncidentTileQuery):
            return await self._cases(layer, tile, words.case_filter(now, scope), scope)
        if isinstance(words, UnitTileQuery):
            return await self._units(layer, tile, words, now, scope)
        query, version = self._query(layer, tile, words, now)
        if query is None:
            return EMPTY

        async def make() -> Ready:
            TILE_QUERIES.labels(layer).inc()
            return await _packed(await vector.fetch(self._pool, query))

        return await self.cache.get((layer, tile, version), make)

    async def _units(
        self, layer: str, tile: TileAddress, words: UnitTileQuery, now: datetime, scope: Scope
    ) -> Ready:
        """A tile of base units, which are not everybody's either."""
        number, as_of = self._boundaries.drawn(words.v, words.at, now)
        if number is None:
            return EMPTY

        async def make() -> Ready:
            TILE_QUERIES.labels(layer).inc()
            query = vector.units_query(tile, as_of, scope.codes)
            asks = Asks(scope.token, scope.codes)
            return await _packed(await vector.fetch(self._pool, query, asks))

        return await kept(self.cache, (layer, tile, (number, scope.codes)), make, scope.token)

    async def _cases(
        self, layer: str, tile: TileAddress, wanted: CaseFilter, scope: Scope
    ) -> Ready:
        """A tile of cases. They are not everybody's: the key holds the codes of the scope."""

        async def make() -> Ready:
            TILE_QUERIES.labels(layer).inc()
            found = wanted
            if wanted.area is not None:
                found = await as_lay_then(self._pool, wanted, scope.token)
            query = vector.incidents_query(tile, found)
            asks = Asks(scope.token, scope.codes)
            return await _packed(await vector.fetch(self._pool, query, asks))

        version = self._store.version_in(box_of(tile))
        return await kept(self.cache, (layer, tile, (wanted, version)), make, scope.token)

    def _query(
        self, layer: str, tile: TileAddress, words: object, now: datetime
    ) -> tuple[TileQuery | None, object]:
        """The statement for a tile of what everybody may see, and what it depends on beside its
        place."""
        match words:
            case AreaTileQuery() | CellTileQuery():
                return self._drawn(tile, words, now)
            case PostTileQuery():
                build = vector.stations_query if layer == "stations" else vector.assignments_query
                return build(tile, words.at or now), (words.at, _roster_time())
            case _:
                return vector.features_query(tile), _roster_time()

    def _drawn(
        self, tile: TileAddress, words: AreaTileQuery | CellTileQuery, now: datetime
    ) -> tuple[TileQuery | None, object]:
        number, as_of = self._boundaries.drawn(words.v, words.at, now)
        if number is None:
            return None, None
        if isinstance(words, AreaTileQuery):
            level = words.level or vector.default_level(tile.z)
            return vector.areas_query(tile, level, as_of), (number, level)
        return vector.cells_query(tile, as_of), number


def box_of(tile: TileAddress) -> Box:
    """The tile's window of the unit square."""
    size = 1 / 2**tile.z
    return Box(tile.x * size, tile.y * size, (tile.x + 1) * size, (tile.y + 1) * size)


async def _packed(tile: vector.VectorTile) -> Ready:
    headers = {"X-Returned": str(tile.returned), "X-Matched": str(tile.matched)}
    return await in_thread(Ready.of, MVT, tile.body, headers)


def _roster_time() -> int:
    return int(asyncio.get_running_loop().time() / ROSTER_LAG_S)
