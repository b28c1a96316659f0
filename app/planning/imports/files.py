"""Files of plans that were drawn elsewhere, as columns: units with their cells, or cells as drawn.

All files are read by a child process that cannot harm (app.files).
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.files import sandbox, sheet
from app.files.job import FileRefused, Job, Shape
from geodata import codes
from geodata.codes import InvalidCodeError, Level
from geodata.progress import Silent

MOST_ROWS = 500_000
TABLES = (".csv", ".txt", ".tsv", ".xlsx")
SUFFIXES = (*TABLES, ".geojson", ".json", ".gpkg", ".zip")
NAMES = {
    "unit_id": ("unit_id", "unit", "地块编号", "地块编码", "地块"),
    # What `minqing rebalance` writes has both: today's cell, and the new one.
    "cell_code": ("new_cell_code", "cell_code", "cell", "code", "网格编码", "编码", "代码"),
}
_MOST_ID = 10**18


@dataclass(frozen=True)
class RowRefused:
    """A row that cannot be taken: its number as the sender counts, the column, and why."""

    row: int
    field: str
    reason: str


@dataclass
class Drawn:
    """What a file says; columns of the same length.

    Attributes:
        format: what the file is.
        crs: the coordinate system that was used; None for tables.
        row: (m,) number of the row as its sender counts.
        cell_code: (m,) 15 digits.
        unit_id: (m,) where the file names units; else None.
        geometry: (m,) valid polygons in EPSG:4326, where the file draws cells; else None.
        rows: in the file.
        refused: rows that cannot be taken.
        confined: whether its reader could reach nothing but the file.
    """

    format: str
    crs: str | None
    row: list[int]
    cell_code: NDArray[np.int64]
    unit_id: NDArray[np.int64] | None
    geometry: NDArray[np.object_] | None
    rows: int
    refused: list[RowRefused] = field(default_factory=list)
    confined: bool = True


def read(upload: BinaryIO, name: str, crs: str | None, layer: str | None = None) -> Drawn:
    """Read a file that was sent.

    Args:
        name: as its sender calls it; its ending tells a table from other texts.
        crs: the declared coordinate system, if any.
        layer: the one to take where there are several, if said.

    Raises:
        FileRefused: it cannot be taken as a whole; a sentence for its sender.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise FileRefused("It must be a .csv, .xlsx, .gpkg, .geojson or zipped Shapefile.")
    with tempfile.TemporaryDirectory(prefix="minqing-plan-") as folder:
        path = Path(folder) / f"plan{suffix}"
        with path.open("xb") as target:
            shutil.copyfileobj(upload, target, 1 << 20)
        return _table(path) if suffix in TABLES else _layer(path, crs, layer)


def _table(path: Path) -> Drawn:
    found = sheet.read_sheet(path, MOST_ROWS)
    plain = [heading.strip().lower() for heading in found.headings]
    columns = {name: _column(plain, names) for name, names in NAMES.items()}
    for name, column in columns.items():
        if column is None:
            have = ", ".join(found.headings[:20])
            raise FileRefused(f"There is no column {name}; there are {have}.")
    texts = {
        name: [_as_text(cells[column]) for _, cells in found.rows]
        for name, column in columns.items()
        if column is not None
    }
    drawn = Drawn(
        path.suffix[1:],
        None,
        [],
        np.zeros(0, np.int64),
        None,
        None,
        len(found.rows),
        confined=not found.unconfined,
    )
    return _taken(drawn, [number for number, _ in found.rows], texts, None)


def _layer(path: Path, crs: str | None, layer: str | None) -> Drawn:
    job = Job(
        path="", name="", shape=Shape.POLYGON, columns={}, crs=crs, layer=layer, encoding=None,
        fields={name: list(names) for name, names in NAMES.items()}, may_have_address=False,
    )  # fmt: skip
    found = sandbox.read(path, job, Silent())
    if "cell_code" in found.answer.missing:
        raise FileRefused("There is no column cell_code with the 15-digit code of each cell.")
    refused = [RowRefused(one.row, one.field, one.reason) for one in found.answer.refusals]
    drawn = Drawn(
        found.answer.format,
        found.answer.crs,
        [],
        np.zeros(0, np.int64),
        None,
        None,
        found.answer.rows,
        refused,
        confined=not found.answer.unconfined,
    )
    return _taken(drawn, found.row.tolist(), found.fields, found.geometries)


def _column(plain: list[str], names: tuple[str, ...]) -> int | None:
    return next((plain.index(name) for name in names if name in plain), None)


def _as_text(value: object) -> str | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return str(value).strip() or None


def _taken(
    drawn: Drawn,
    rows: list[int],
    texts: dict[str, list[str | None]],
    geometry: NDArray[np.object_] | None,
) -> Drawn:
    """The rows whose values can be used; the others are noted."""
    by_unit = "unit_id" in texts
    kept, units, cells = [], [], []
    for index, row in enumerate(rows):
        try:
            unit = _unit_id(texts["unit_id"][index]) if by_unit else 0
            cell = _cell_code(texts["cell_code"][index])
        except _Unusable as error:
            drawn.refused.append(RowRefused(row, error.field, str(error)))
            continue
        if not by_unit and geometry is not None and geometry[index] is None:
            continue  # the child has said why
        kept.append(index)
        units.append(unit)
        cells.append(cell)
    drawn.row = [rows[index] for index in kept]
    drawn.cell_code = np.array(cells, dtype=np.int64)
    if by_unit:
        drawn.unit_id = np.array(units, dtype=np.int64)
        drawn.refused = [one for one in drawn.refused if one.field != "geometry"]
    else:
        assert geometry is not None
        drawn.geometry = geometry[kept]
    return drawn


class _Unusable(ValueError):
    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field_name


def _unit_id(text: str | None) -> int:
    if text is None:
        raise _Unusable("unit_id", "is missing")
    if not (text.isascii() and text.isdigit() and int(text[:20]) < _MOST_ID):
        raise _Unusable("unit_id", f"is not a whole number: {text[:40]!r}")
    return int(text)


def _cell_code(text: str | None) -> int:
    if text is None:
        raise _Unusable("cell_code", "is missing")
    if not (text.isascii() and text.isdigit() and len(text) == 15):
        raise _Unusable("cell_code", f"is not a code of 15 digits: {text[:40]!r}")
    try:
        level = codes.level_of(int(text))
    except InvalidCodeError as error:
        raise _Unusable("cell_code", str(error)) from None
    if level is not Level.CELL:
        raise _Unusable("cell_code", f"is the code of a {level}: {text}")
    return int(text)
