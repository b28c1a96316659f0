"""Deciding about maps: which tile is asked for, whether it is ready, which figures a filter has."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from app.core.context import Context
from app.core.db import reading
from app.core.errors import unavailable
from app.incidents.rules import Status
from app.maps import queries
from app.maps.answers import MVT, Ready
from app.maps.boundaries import Boundaries
from app.maps.follow import Follower
from app.maps.metrics import CACHE_EVENTS, TILE_QUERIES
from app.maps.schemas import (
    MINUTE,
    AreaTileQuery,
    CellTileQuery,
    Counts,
    CountsQuery,
    Histogram,
    HistogramQuery,
    IncidentTileQuery,
    LayerDescription,
    LayerField,
    PostTileQuery,
)
from tiles import counts, points, vector
from tiles.cache import ByteCache
from tiles.layers import LAYERS
from tiles.points import Box, PointStore, Rows, Snapshot
from tiles.pool import make_pool
from tiles.selection import CaseFilter
from tiles.vector import TileAddress, TileQuery

TILE_CACHE_BYTES = 48_000_000
# The first requests after a start need not be refused only because we are a moment from ready.
READY_WITHIN_S = 10.0
# Rosters tell nobody when they change; this long a tile of them may be behind.
ROSTER_LAG_S = 5.0
COMPRESS_HERE_BYTES = 16_000

TileWords = AreaTileQuery | CellTileQuery | IncidentTileQuery | PostTileQuery


class Maps:
    """What one process holds for its maps. Started and stopped with the app (its lifespan)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.store = PointStore([status.value for status in Status])
        self.boundaries = Boundaries()
        self.pool = make_pool(context.conninfo)
        self.tiles = ByteCache[Ready](TILE_CACHE_BYTES, _counting("tiles"))
        self._follower = Follower(context, self.store, self.boundaries, self._forget)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow the city. Waits a moment for its cases, then goes on without."""
        await self.pool.open(wait=False)
        self._task = asyncio.create_task(self._follower.run())
        with suppress(TimeoutError):
            await self.wait_until_ready()

    async def stop(self) -> None:
        """Let go of all connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1.0)
        self._follower.close()
        await self.pool.close(timeout=1.0)

    async def wait_until_ready(self) -> None:
        """Wait until the cases were read.

        Raises:
            TimeoutError: that takes too long.
        """
        await asyncio.wait_for(self._follower.ready.wait(), READY_WITHIN_S)

    def snapshot(self) -> Snapshot:
        """All cases now.

        Raises:
            Problem: 503 while they were not read yet.
        """
        if not self._follower.ready.is_set():
            raise unavailable("The cases are still being read. Try again.")
        return self.store.snapshot

    async def tile(self, layer: str, tile: TileAddress, words: object, now: datetime) -> Ready:
        """A vector tile.

        Args:
            layer: one of `tiles.layers.LAYERS`.
            tile: in range.
            words: the query words of that layer (`schemas.TILE_QUERIES`).
            now: the minute for which no word was said.

        Raises:
            Problem: 422 on a word.
            psycopg.OperationalError: the database does not answer.
        """
        if tile.z < LAYERS[layer].min_zoom:
            return EMPTY
        query, version = self._query(layer, tile, words, now)
        if query is None:
            return EMPTY

        async def make() -> Ready:
            TILE_QUERIES.labels(layer).inc()
            return await _packed(await vector.fetch(self.pool, query))

        return await self.tiles.get((layer, tile, version), make)

    def _query(
        self, layer: str, tile: TileAddress, words: object, now: datetime
    ) -> tuple[TileQuery | None, object]:
        """The statement for a tile, and what it depends on beside its place."""
        match words:
            case IncidentTileQuery():
                wanted = words.case_filter(now, step=MINUTE)
                version = self.store.version_in(_box(tile))
                return vector.incidents_query(tile, wanted), (wanted, version)
            case AreaTileQuery() | CellTileQuery():
                number, as_of = self._drawn(words, now)
                if number is None:
                    return None, None
                if isinstance(words, CellTileQuery):
                    return vector.cells_query(tile, as_of), number
                level = words.level or vector.default_level(tile.z)
                return vector.areas_query(tile, level, as_of), (number, level)
            case PostTileQuery():
                build = vector.stations_query if layer == "stations" else vector.assignments_query
                return build(tile, words.at or now), (words.at, _roster_time())
            case _:
                return vector.features_query(tile), _roster_time()

    def _drawn(
        self, words: AreaTileQuery | CellTileQuery, now: datetime
    ) -> tuple[int | None, datetime]:
        if words.v is not None:
            version, as_of = self.boundaries.named(words.v, now)
            return version.id, as_of
        as_of = words.at or now
        found = self.boundaries.at(as_of)
        return found.id if found else None, as_of

    def select(self, snapshot: Snapshot, wanted: CaseFilter) -> Rows:
        """Rows of the cases that a filter selects, states in the past from the event log."""
        rows = points.select(snapshot.columns, wanted, self.store.states)
        if wanted.needs_history:
            with reading(self._context.engine) as session:
                numbers = queries.numbers_in_states(session, wanted)
            rows = np.intersect1d(rows, points.rows_of(snapshot.columns, numbers))
        return rows

    def _forget(self) -> None:
        self.tiles.clear()


EMPTY = Ready.of(MVT, b"")


def count_cases(maps: Maps, session: Session, query: CountsQuery, now: datetime) -> Counts:
    """A figure for every area of a level.

    Raises:
        Problem: 422 on `since`; 503 while the cases are not read yet.
    """
    wanted = query.case_filter(now)
    if query.measure == "open":
        wanted = wanted.open_at_all()
    columns = maps.snapshot().columns
    rows = maps.select(Snapshot(0, columns), wanted)
    codes, found = counts.per_area(columns, rows, query.level)
    values: dict[str, int | float] = {
        str(code): n for code, n in zip(codes.tolist(), found.tolist(), strict=True)
    }
    if query.measure == "density":
        surface = queries.surfaces_m2(session, query.level, wanted.as_of)
        values = {
            code: round(n / surface[int(code)] * 1e6, 3)
            for code, n in values.items()
            if surface.get(int(code))
        }
    version = maps.boundaries.at(wanted.as_of)
    return Counts(
        level=query.level,
        measure=query.measure,
        unit="cases/km²" if query.measure == "density" else "cases",
        as_of=wanted.as_of,
        since=None if query.measure == "open" else wanted.since,
        until=wanted.until,
        n=len(rows),
        boundary_version=version.id if version else None,
        values=values,
    )


def histogram(maps: Maps, query: HistogramQuery, now: datetime) -> Histogram:
    """Cases by the time of their report.

    Raises:
        Problem: 422 on `since`; 503 while the cases are not read yet.
    """
    wanted = query.case_filter(now)
    snapshot = maps.snapshot()
    rows = maps.select(snapshot, wanted)
    bucket_s, found = counts.per_bucket(
        snapshot.columns, rows, wanted.since, wanted.until, query.buckets
    )
    return Histogram(
        since=wanted.since,
        until=wanted.until,
        bucket_s=bucket_s,
        counts=found.tolist(),
        total=len(rows),
    )


async def _packed(tile: vector.VectorTile) -> Ready:
    headers = {"X-Returned": str(tile.returned), "X-Matched": str(tile.matched)}
    if len(tile.body) < COMPRESS_HERE_BYTES:
        return Ready.of(MVT, tile.body, headers)
    return await asyncio.to_thread(Ready.of, MVT, tile.body, headers)


def _box(tile: TileAddress) -> Box:
    size = 1 / 2**tile.z
    return Box(tile.x * size, tile.y * size, (tile.x + 1) * size, (tile.y + 1) * size)


def _roster_time() -> int:
    return int(asyncio.get_running_loop().time() / ROSTER_LAG_S)


def _counting(cache: str) -> Callable[[str], None]:
    return lambda event: CACHE_EVENTS.labels(cache, event).inc()


def describe_layers(session: Session) -> list[LayerDescription]:
    """Every layer, from its one definition."""
    source = queries.attribution(session)
    return [
        LayerDescription(
            name=layer.name,
            title_zh=layer.title_zh,
            title_en=layer.title_en,
            geometry=layer.geometry,
            min_zoom=layer.min_zoom,
            max_zoom=layer.max_zoom,
            fields=[
                LayerField(
                    name=field.name,
                    type=field.type,
                    unit=field.unit,
                    description=field.description,
                    tile_name=field.tile_name,
                    in_geojson=field.column is not None,
                )
                for field in layer.fields
            ],
            legend=layer.legend,
            attribution=source,
            tiles_url=f"/tiles/{layer.name}/{{z}}/{{x}}/{{y}}.mvt",
            geojson_url=f"/api/v1/layers/{layer.name}.geojson",
        )
        for layer in LAYERS.values()
    ]
