"""Layers as GeoJSON text: PostgreSQL writes the features, from the layer's one definition."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg.sql import SQL, Composable, Composed, Literal

from tiles.layers import Field, Layer
from tiles.points import IntArray
from tiles.pool import TilePool, asking
from tiles.selection import CaseFilter

DIGITS = 7
"""Decimals of degrees: about a centimetre, as RFC 7946 advises at most."""


# Of layers whose features stand for a time: by which code they lie in an area.
_CODE_COLUMN: dict[str, LiteralString] = {
    "areas": "code", "cells": "code", "units": "cell_code", "stations": "area_code",
}  # fmt: skip


class Degrees(NamedTuple):
    """A window in degrees (EPSG:4326)."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class FeatureFilter:
    """Which features of a layer.

    Attributes:
        as_of: the minute of which the answer tells (UTC).
        window: only features that meet it; None for everywhere.
        codes: first and last area code, both inclusive; None for all.
        level: of the areas, where the layer has several.
        cases: for the layer of cases; of a past minute as `past_cells.as_lay_then` gives it back.
        session_token: of whoever asks, where not everybody may see everything.
    """

    as_of: datetime
    window: Degrees | None = None
    codes: tuple[int, int] | None = None
    level: str | None = None
    cases: CaseFilter | None = None
    session_token: str | None = None


class Found(NamedTuple):
    """How many features a filter selects, and the window in which they lie."""

    matched: int
    window: Degrees | None


class Features(NamedTuple):
    """Features in the order of their keys.

    Attributes:
        texts: each a GeoJSON feature.
        windows: (n, 4) west, south, east, north in degrees.
        keys: the code of each, 0 where keys are no codes.
    """

    texts: list[bytes]
    windows: NDArray[np.float64]
    keys: IntArray


async def count(pool: TilePool, layer: Layer, wanted: FeatureFilter) -> Found:
    """How many features there are, without making them."""
    statement = SQL(
        "SELECT n, ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)"
        " FROM (SELECT count(*) AS n, ST_Extent({geom}) AS e FROM {source} f WHERE {where}) t"
    )
    row = (await _rows(pool, statement.format(**_parts(layer, wanted)), wanted))[0]
    return Found(row[0], Degrees(*row[1:]) if row[0] else None)


async def read(pool: TilePool, layer: Layer, wanted: FeatureFilter, limit: int) -> Features:
    """The features, `limit` at most. Of cases the newest ones, of all else the first by key."""
    statement = SQL("""
        SELECT {key}, ST_XMin({geom}), ST_YMin({geom}), ST_XMax({geom}), ST_YMax({geom}),
               convert_to('{{"type":"Feature","id":' || {key}
                   || ',"geometry":' || ST_AsGeoJSON({wound}, {digits})
                   || ',"properties":' || json_build_object({properties})::text || '}}', 'UTF8')
        FROM {source} f WHERE {where} ORDER BY {order} LIMIT {limit}
    """)
    parts = _parts(layer, wanted)
    properties = SQL(", ").join(
        SQL("{}, {}").format(Literal(field.name), _value(field, wanted))
        for field in layer.fields
        if field.column is not None
    )
    # RFC 7946: outer rings run against the clock. On a line the same function would turn it round.
    wound = SQL("ST_ForcePolygonCCW({})" if "Polygon" in layer.geometry else "{}")
    order = SQL("reported_at DESC, no DESC") if wanted.cases else parts["key"]
    rows = await _rows(
        pool,
        statement.format(
            **parts,
            wound=wound.format(parts["geom"]),
            digits=Literal(DIGITS),
            properties=properties,
            order=order,
            limit=Literal(limit),
        ),
        wanted,
    )
    windows = np.array([row[1:5] for row in rows], dtype=np.float64).reshape(-1, 4)
    keys = np.array([row[0] for row in rows], dtype=np.int64)
    return Features([row[5] for row in rows], windows, keys)


async def keys_within(pool: TilePool, layer: Layer, wanted: FeatureFilter) -> IntArray:
    """The keys of the features that a filter selects, ascending."""
    statement = SQL("SELECT {key} FROM {source} f WHERE {where} ORDER BY {key}")
    rows = await _rows(pool, statement.format(**_parts(layer, wanted)), wanted)
    return np.array([row[0] for row in rows], dtype=np.int64)


def collection(
    texts: Iterable[bytes], matched: int, returned: int, window: Degrees | None
) -> Iterable[bytes]:
    """The text of a FeatureCollection (RFC 7946), in pieces."""
    box = ""
    if window is not None:
        corners = ",".join(f"{round(degree, DIGITS):.10g}" for degree in window)
        box = f'"bbox":[{corners}],'
    yield (
        f'{{"type":"FeatureCollection",{box}"numberMatched":{matched},'
        f'"numberReturned":{returned},"features":['
    ).encode()
    separator = b"\n"
    for text in texts:
        yield separator
        yield text
        separator = b",\n"
    yield b"\n]}\n"


async def _rows(
    pool: TilePool, statement: Composed, wanted: FeatureFilter
) -> list[tuple[Any, ...]]:
    # Binary: texts arrive as the bytes that are sent on, without a wider copy in between.
    async with (
        asking(pool, wanted.session_token) as connection,
        connection.cursor(binary=True) as cursor,
    ):
        await cursor.execute(statement, prepare=False)
        return await cursor.fetchall()


def _value(field: Field, wanted: FeatureFilter) -> Composable:
    column = _trusted(field.column or "NULL")
    if field.name == "cell_code" and wanted.cases is not None and wanted.cases.lay_in:
        return SQL("coalesce(lay_in, {})").format(column)
    if field.type == "instant":
        return SQL("to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')").format(
            column
        )
    return column


def _parts(layer: Layer, wanted: FeatureFilter) -> dict[str, Composable]:
    geom = _trusted(layer.geom)
    return {
        "geom": geom,
        "key": _trusted(layer.key),
        "source": _source(layer, wanted),
        "where": SQL(" AND ").join([SQL("true"), *_conditions(layer, wanted, geom)]),
    }


def _source(layer: Layer, wanted: FeatureFilter) -> Composable:
    at = Literal(wanted.as_of)
    lo, hi = (wanted.cases.codes if wanted.cases else wanted.codes) or (None, None)
    if layer.name == "assignments":
        return SQL("tiles.staffed_areas({}, {}, {}::bigint, {}::bigint, {})").format(
            _box(wanted.window), Literal(wanted.level), Literal(lo), Literal(hi), at
        )
    if wanted.cases is not None:
        return _cases(wanted.cases, lo, hi)
    return _trusted(layer.source)


def _cases(cases: CaseFilter, lo: int | None, hi: int | None) -> Composable:
    come, gone = cases.come_and_gone or (None, None)
    found = SQL(
        "tiles.cases({}, {}, {}, {}, {}::bigint, {}::bigint, {}::text[], {}::text[],"
        " {}::boolean, {}::bigint[], {}::bigint[])"
    ).format(
        Literal(cases.since),
        Literal(cases.until),
        Literal(cases.as_of),
        Literal(cases.in_past),
        Literal(lo),
        Literal(hi),
        Literal(list(cases.categories) or None),
        Literal(None if cases.statuses is None else sorted(cases.statuses)),
        Literal(cases.is_open),
        Literal(come),
        Literal(gone),
    )
    if not cases.lay_in:
        return found
    nos, cells = (Literal(list(side)) for side in zip(*cases.lay_in, strict=True))
    return SQL(
        "({} c LEFT JOIN unnest({}::bigint[], {}::bigint[]) m (no, lay_in) USING (no))"
    ).format(found, nos, cells)


def _conditions(layer: Layer, wanted: FeatureFilter, geom: Composable) -> list[Composable]:
    found: list[Composable] = []
    if layer.name in _CODE_COLUMN:
        found.append(SQL("valid @> {}").format(Literal(wanted.as_of)))
        if wanted.codes is not None:
            column = _trusted(_CODE_COLUMN[layer.name])
            lo, hi = wanted.codes
            found.append(SQL("{} BETWEEN {} AND {}").format(column, Literal(lo), Literal(hi)))
    if layer.name == "areas":
        found.append(SQL("level = {}").format(Literal(wanted.level)))
    if layer.name == "features":
        # A river may leave nothing of itself in the part of a city that was loaded.
        found.append(SQL("NOT ST_IsEmpty({})").format(geom))
    if layer.name == "features" and wanted.codes is not None:
        found.append(
            SQL(
                "EXISTS (SELECT FROM published.area a WHERE a.code = {} AND a.valid @> {}"
                " AND a.geom && {geom} AND ST_Intersects(a.geom, {geom}))"
            ).format(Literal(wanted.codes[0]), Literal(wanted.as_of), geom=geom)
        )
    if wanted.window is not None:
        # The box goes before the exact test: only it can use the index.
        found.append(
            SQL("{geom} && {box} AND ST_Intersects({geom}, {box})").format(
                geom=geom, box=_box(wanted.window)
            )
        )
    return found


def _box(window: Degrees | None) -> Composable:
    if window is None:
        return SQL("NULL::geometry")
    return SQL("ST_MakeEnvelope({}, {}, {}, {}, 4326)").format(*map(Literal, window))


def _trusted(text: str) -> SQL:
    """SQL from the layers' own definitions, never from a request."""
    return SQL(text)
