"""Layers as GeoJSON: the texts of areas are prepared once and kept, all else is read when asked."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from app.core.answers import GEOJSON, Ready, in_thread
from app.core.query_words import parse_bbox
from app.core.scope import Scope, narrowed
from app.maps import queries
from app.maps.boundaries import Boundaries
from app.maps.metrics import watch
from app.maps.schemas import (
    AreaLayerQuery,
    AssignmentLayerQuery,
    CellLayerQuery,
    IncidentLayerQuery,
    LayerDescription,
    LayerField,
    LayerWords,
    UnitLayerQuery,
)
from geodata import codes
from geodata.codes import Level
from tiles import features
from tiles.cache import ByteCache
from tiles.features import Degrees, FeatureFilter, Features
from tiles.layers import LAYERS, Layer
from tiles.past_cells import as_lay_then
from tiles.pool import TilePool

BOOK_BYTES = 48_000_000
ANSWER_BYTES = 24_000_000
# Fifty thousand cases are some 60 MB on their way to a client.
AT_ONCE = 2
EVERYTHING = 1_000_000


@dataclass(frozen=True)
class Book:
    """Every feature of one level of one boundary version, as text."""

    features: Features

    @property
    def size_bytes(self) -> int:
        """Bytes held, with what Python adds to each text."""
        return sum(len(text) + 33 for text in self.features.texts) + self.features.windows.nbytes


class Collections:
    """The GeoJSON layers of one process."""

    def __init__(self, pool: TilePool, boundaries: Boundaries) -> None:
        self._pool = pool
        self._boundaries = boundaries
        self.books = watch("books", ByteCache[Book](BOOK_BYTES))
        self.answers = watch("layers", ByteCache[Ready](ANSWER_BYTES))
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def get(self, name: str, words: LayerWords, now: datetime, scope: Scope) -> Ready:
        """A layer's features.

        Raises:
            Problem: 422 on `since` or `v`.
            psycopg.OperationalError: the database does not answer.
        """
        layer = LAYERS[name]
        wanted = _feature_filter(layer, words, now, scope)
        if isinstance(words, CellLayerQuery):
            return await self._of_boundaries(layer, words, wanted, now)
        # Not kept: cases and rosters change.
        async with self._turns:
            return await self._fresh(layer, wanted, words.limit)

    def forget(self) -> None:
        """Start anew: the city is another one."""
        self.books.clear()
        self.answers.clear()

    async def _fresh(self, layer: Layer, wanted: FeatureFilter, limit: int) -> Ready:
        if wanted.cases is not None:
            cases = await as_lay_then(self._pool, wanted.cases, wanted.session_token)
            wanted = replace(wanted, cases=cases)
        found = await features.count(self._pool, layer, wanted)
        shown = await features.read(self._pool, layer, wanted, limit)
        # Something may have come in between the two; never tell of fewer than are shown.
        matched = max(found.matched, len(shown.texts))
        return await _packed(shown, matched, level=1)

    async def _of_boundaries(
        self, layer: Layer, words: CellLayerQuery, wanted: FeatureFilter, now: datetime
    ) -> Ready:
        number, as_of = self._boundaries.drawn(words.v, words.at, now)
        if number is None:
            return await _packed(NOTHING, 0)
        key = (layer.name, wanted.level, number)
        asked = (key, wanted.window, wanted.codes, words.limit)

        async def read() -> Book:
            whole = FeatureFilter(as_of=as_of, level=wanted.level)
            return Book(await features.read(self._pool, layer, whole, EVERYTHING))

        async def make() -> Ready:
            book = (await self.books.get(key, read)).features
            rows = await self._rows(layer, book, wanted, as_of)
            shown = _take(book, rows[: words.limit])
            # The whole layer is packed once and sent often; a window may never be asked for again.
            is_whole = len(shown.texts) == len(book.texts)
            return await _packed(shown, len(rows), level=6 if is_whole else 1)

        return await self.answers.get(asked, make)

    async def _rows(
        self, layer: Layer, book: Features, wanted: FeatureFilter, as_of: datetime
    ) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Rows of the book that the filter selects, in the order of their codes."""
        if wanted.window is not None:
            narrowed = FeatureFilter(as_of, wanted.window, wanted.codes, wanted.level)
            keys = await features.keys_within(self._pool, layer, narrowed)
            return np.flatnonzero(np.isin(book.keys, keys))
        lo, hi = wanted.codes or (0, 10**15)
        first, last = np.searchsorted(book.keys, [lo, hi + 1])
        return np.arange(first, last)


NOTHING = Features([], np.empty((0, 4)), np.empty(0, dtype=np.int64))


def _take(book: Features, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Features:
    texts = [book.texts[row] for row in rows.tolist()]
    return Features(texts, book.windows[rows], book.keys[rows])


async def _packed(shown: Features, matched: int, level: int = 6) -> Ready:
    window = None
    if len(shown.windows):
        low, high = shown.windows[:, :2].min(axis=0), shown.windows[:, 2:].max(axis=0)
        window = Degrees(*low.tolist(), *high.tolist())
    pieces = features.collection(shown.texts, matched, len(shown.texts), window)
    return await in_thread(Ready.of_pieces, GEOJSON, pieces, None, level)


def _feature_filter(layer: Layer, words: LayerWords, now: datetime, scope: Scope) -> FeatureFilter:
    level: str | None = Level.CELL if layer.name == "cells" else None
    if isinstance(words, AreaLayerQuery | AssignmentLayerQuery):
        level = words.level
    inside = codes.code_range(words.area) if words.area else None
    if isinstance(words, UnitLayerQuery):
        inside = narrowed(inside, scope)
    return FeatureFilter(
        as_of=words.at or now,
        window=Degrees(*parse_bbox(words.bbox)) if words.bbox else None,
        codes=inside,
        level=level,
        cases=words.case_filter(now, scope) if isinstance(words, IncidentLayerQuery) else None,
        session_token=scope.token,
    )


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
