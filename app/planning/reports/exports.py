"""A plan as a file: its assignment as CSV, its cells as GeoJSON, both as a GeoPackage.

All files are made of the same draft, and come in parts. Codes and numbers of units are ours, names
are those of the city: nothing in them was written by strangers.
"""

import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.core.answers import GEOJSON
from app.core.spreadsheet import CSV_TYPE
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.figures import service as figures
from app.planning.figures.bench import in_degrees
from app.planning.models import Plan
from app.planning.reports.outlines import outlines_of
from geodata import codes
from geodata.codes import Level
from geodata.rebalance.units import GeometryArray

GEOPACKAGE_TYPE = "application/geopackage+sqlite3"
DEGREES = "EPSG:4326"
Columns = dict[str, NDArray[Any]]
_LINES = 20_000
_FEATURES = 500
_CHUNK_BYTES = 1 << 20


class Form(StrEnum):
    """What kind of file; the value is how its name ends."""

    CSV = "csv"
    GEOJSON = "geojson"
    GEOPACKAGE = "gpkg"


MEDIA_TYPE = {
    Form.CSV: CSV_TYPE, Form.GEOJSON: GEOJSON, Form.GEOPACKAGE: GEOPACKAGE_TYPE
}  # fmt: skip


class File(NamedTuple):
    """A file: what it is called, and its content in parts."""

    name: str
    parts: Iterator[bytes]


def export(session: Session, plan: Plan, form: Form) -> File:
    """A whole plan as a file. All that is read is read, and the first part made, when it returns.

    Raises:
        Problem: 422 on `area`, 409 `base-units`: nothing can be drawn.
    """
    draft = drafts.load(session, plan)
    name = f"plan-{plan.id}-r{draft.revision}.{form}"
    if form is Form.CSV:
        return File(name, _begun(_assignment(draft)))
    every = np.unique(draft.cells)
    names = figures.names(session, plan.base_at, every)
    if form is Form.GEOJSON:
        return File(name, _begun(_collection(draft, names)))
    return File(name, _begun(_package(draft, names)))


def _begun(parts: Iterator[bytes]) -> Iterator[bytes]:
    return _after(next(parts), parts)


def _after(first: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from parts


def _assignment(draft: Draft) -> Iterator[bytes]:
    """`unit_id,cell_code` of every unit, by number; a plan file as the command line reads it."""
    order = np.argsort(draft.units.unit_id, kind="stable")
    rows = np.column_stack([draft.units.unit_id[order], draft.cells[order]])
    del draft, order  # whoever reads slowly holds no more of a city than is still to be sent
    yield b"unit_id,cell_code\n"
    for first in range(0, len(rows), _LINES):
        lines = [f"{unit},{cell}\n" for unit, cell in rows[first : first + _LINES].tolist()]
        yield "".join(lines).encode()


def _cells(draft: Draft, names: dict[int, str]) -> tuple[Columns, GeometryArray]:
    """The cells of a plan, and their outlines in degrees."""
    found = outlines_of(draft, draft.cells)
    return {
        "cell_code": found.code,
        "community_code": codes.ancestors_at(found.code, Level.COMMUNITY),
        "name": np.array([names[code] for code in found.code.tolist()], dtype=object),
        "units": np.unique(draft.cells, return_counts=True)[1],
        "households": found.households,
        "load": found.load,
        "deviation": found.deviation,
        "changed": found.changed,
        "new": ~np.isin(found.code, draft.base),
    }, found.geometry


def _units(draft: Draft) -> tuple[Columns, GeometryArray]:
    """The base units of a plan, and their outlines in degrees."""
    units = draft.units
    return {
        "unit_id": units.unit_id,
        "community_code": units.community_code,
        "cell_code": draft.cells,
        "base_cell_code": draft.base,
        "households": units.households,
        "incidents": units.incidents,
        "load": units.load,
        "locked": units.locked,
    }, in_degrees(units.geometry)


def _collection(draft: Draft, names: dict[int, str]) -> Iterator[bytes]:
    """The cells as a FeatureCollection (RFC 7946)."""
    columns, outlines = _cells(draft, names)
    del draft, names
    yield b'{"type":"FeatureCollection","features":['
    between = b"\n"
    for first in range(0, len(outlines), _FEATURES):
        part = slice(first, first + _FEATURES)
        rows = zip(*(column[part].tolist() for column in columns.values()), strict=True)
        texts = shapely.to_geojson(outlines[part]).tolist()
        for row, text in zip(rows, texts, strict=True):
            feature = {
                "type": "Feature", "id": row[0], "geometry": orjson.Fragment(text),
                "properties": dict(zip(columns, row, strict=True)),
            }  # fmt: skip
            yield between + orjson.dumps(feature)
            between = b",\n"
    yield b"\n]}\n"


def _package(draft: Draft, names: dict[int, str]) -> Iterator[bytes]:
    """A GeoPackage with the layers `cells` and `units`."""
    import geopandas  # noqa: PLC0415  (slow to come up, and carries pandas)

    with tempfile.TemporaryDirectory(prefix="minqing-plan-") as folder:
        path = Path(folder) / "plan.gpkg"
        for layer, (columns, shapes) in (("cells", _cells(draft, names)), ("units", _units(draft))):
            rows = geopandas.GeoDataFrame(columns, geometry=shapes, crs=DEGREES)
            rows.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
        file = path.open("rb")
    del draft, names, rows, columns, shapes
    # The name is gone already: whatever becomes of the reader, nothing stays behind.
    with file:
        while part := file.read(_CHUNK_BYTES):
            yield part
