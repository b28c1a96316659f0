"""A plan as a file: its assignment as CSV, its cells as GeoJSON, both as a GeoPackage.

All files are made of the same draft. Codes and numbers of units are ours, names are those of the
city: nothing in them was written by strangers.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
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


class Form(StrEnum):
    """What kind of file; the value is how its name ends."""

    CSV = "csv"
    GEOJSON = "geojson"
    GEOPACKAGE = "gpkg"


MEDIA_TYPE = {
    Form.CSV: CSV_TYPE, Form.GEOJSON: GEOJSON, Form.GEOPACKAGE: GEOPACKAGE_TYPE
}  # fmt: skip


class File(NamedTuple):
    """A file that is still to be written: what it is called, and what writes it to a path."""

    name: str
    write: Callable[[Path], None]


def export(session: Session, plan: Plan, form: Form) -> File:
    """A whole plan as a file. All that is read is read when it returns.

    Raises:
        Problem: 422 on `area`, 409 `base-units`: nothing can be drawn.
    """
    draft = drafts.load(session, plan)
    name = f"plan-{plan.id}-r{draft.revision}.{form}"
    if form is Form.CSV:
        return File(name, partial(_write_parts, _assignment(draft)))
    names = figures.names(session, plan.base_at, np.unique(draft.cells))
    if form is Form.GEOJSON:
        return File(name, partial(_write_parts, _collection(draft, names)))
    return File(name, partial(_write_package, draft, names))


def _write_parts(parts: Iterator[bytes], path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(parts)


def _assignment(draft: Draft) -> Iterator[bytes]:
    """`unit_id,cell_code` of every unit, by number; a plan file as the command line reads it."""
    order = np.argsort(draft.units.unit_id, kind="stable")
    rows = np.column_stack([draft.units.unit_id[order], draft.cells[order]])
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


def _write_package(draft: Draft, names: dict[int, str], path: Path) -> None:
    """A GeoPackage with the layers `cells` and `units`, EPSG:4326."""
    from pyogrio import raw  # noqa: PLC0415  (GDAL, slow to come up)

    for layer, (columns, shapes) in (("cells", _cells(draft, names)), ("units", _units(draft))):
        in_pieces = np.any(shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON)
        raw.write(
            path,
            shapely.to_wkb(shapes),
            list(columns.values()),
            list(columns),
            layer=layer,
            driver="GPKG",
            geometry_type="MultiPolygon" if in_pieces else "Polygon",
            crs=DEGREES,
        )
