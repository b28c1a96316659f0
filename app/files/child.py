"""The reading child: `python -m app.files.child`, a job on standard input.

Writes what it found beside the file it reads (arrays of row numbers and WKB in EPSG:4326, texts as
JSON), and its answer as JSON on standard output.
"""

import importlib
import json
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.core.confine import confine
from app.files import drawing, geojson, tabular
from app.files.job import FIELDS_FILE, ROWS_FILE, Answer, FileRefused, Job, Shape
from app.files.sniff import Format, format_of
from app.files.table import RawTable, Wanted, plain, wanted
from geodata import crs

MOST_TEXT = 10_000
MOST_NAMES = 100
"""So many columns are named to whoever asks for one that is not there."""


def main() -> None:
    """Read one file and say what was found."""
    raw = json.load(sys.stdin)
    job = Job(**{**raw, "shape": Shape(raw["shape"])})
    answer = Answer(unconfined=confine(Path(job.path).parent, job.cpu_s))
    try:
        _read(job, answer)
    except FileRefused as error:
        answer.error, answer.layers = str(error), list(error.layers)
    except MemoryError:
        answer.error = "The file needs more memory than a file may take; split it."
    except RecursionError:
        answer.error = "The file is nested too deeply."
    json.dump(answer.to_json(), sys.stdout)


def _read(job: Job, answer: Answer) -> None:
    path = Path(job.path)
    kind = format_of(path, job.name)
    answer.format = kind.value
    declared = [*job.columns.values(), *(name for names in job.fields.values() for name in names)]
    table = _open(kind, path, job, wanted(declared))
    answer.rows, answer.layer = len(table.numbers), table.layer
    answer.notes.extend(table.notes)
    fields = _fields(job, table, answer)
    system = _system(kind, job, table)
    answer.crs = system.name
    if table.geometries is None:
        table = replace(table, geometries=_from_columns(job, fields, table, system))
    geometries = _checked(job, table, system, fields, answer)
    _write(path.parent, table, geometries, fields)


def _open(kind: Format, path: Path, job: Job, is_wanted: Wanted) -> RawTable:
    match kind:
        case Format.GEOJSON:
            return geojson.read(path, is_wanted)
        case Format.SHAPEFILE:
            shapefile: RawTable = _layers().read_shapefile(path, job.layer, job.encoding, is_wanted)
            return shapefile
        case Format.GEOPACKAGE:
            package: RawTable = _layers().read_geopackage(path, job.layer, is_wanted)
            return package
        case Format.CSV:
            return tabular.read_csv(path, job.encoding, is_wanted)
        case Format.XLSX:
            return tabular.read_xlsx(path, job.layer, is_wanted)


def _layers() -> ModuleType:
    """The reader that stands on GDAL, which is slow to come up and needs no pandas here."""
    sys.modules["pandas"] = sys.modules["geopandas"] = None  # type: ignore[assignment]
    layers = importlib.import_module("app.files.layers")
    layers.check_drivers()
    return layers


def _fields(job: Job, table: RawTable, answer: Answer) -> dict[str, list[str | None]]:
    """Our fields as text, from whichever columns carry them."""
    by_plain = {plain(name): name for name in table.columns}
    found: dict[str, list[str | None]] = {}
    for field, names in job.fields.items():
        if field in job.columns:
            declared = job.columns[field]
            if plain(declared) not in by_plain:
                have = ", ".join(table.names[:MOST_NAMES]) or "none"
                raise FileRefused(f"There is no column {declared!r}; there are {have}.")
        known = [job.columns[field]] if field in job.columns else names
        column = next((by_plain[plain(name)] for name in known if plain(name) in by_plain), None)
        if column is None:
            answer.missing.append(field)
        else:
            found[field] = [_as_text(value) for value in table.columns[column]]
    return found


def _as_text(value: Any) -> str | None:
    """A value as a person would write it; None for nothing."""
    if isinstance(value, float):
        if np.isnan(value):
            return None
        value = int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    text = "" if value is None else str(value).strip()
    return text[:MOST_TEXT] or None


def _system(kind: Format, job: Job, table: RawTable) -> crs.Crs:
    """The coordinate system: declared, carried by the file, or WGS84 for GeoJSON. Never guessed."""
    try:
        declared = crs.parse(job.crs) if job.crs is not None else None
        carried = crs.of_file(table.carried_crs) if table.carried_crs is not None else None
    except crs.UnknownCrsError as error:
        if job.crs is None:
            raise FileRefused(f"{error}. Declare the right one by --crs.") from None
        raise FileRefused(f"{error}.") from None
    if declared is None and carried is None and kind is Format.GEOJSON:
        return crs.WGS84
    if declared is None and carried is None:
        raise FileRefused(
            f"The {kind} does not say its coordinate system. Write --crs wgs84, cgcs2000, gcj02,"
            " bd09, or the number of a Gauss zone such as EPSG:4544; it is never guessed."
        )
    if declared is None or carried is None:
        found = declared or carried
        assert found is not None
        if kind is Format.GEOJSON and declared is None and found.kind != "geographic":
            raise FileRefused(
                f"The crs member says {found.name}, but RFC 7946 says WGS84. If the member is"
                f" right, write --crs {found.name}."
            )
        return found
    if not _agree(declared, carried):
        raise FileRefused(f"--crs says {declared.name}, the file says {carried.name}.")
    return declared


def _agree(declared: crs.Crs, carried: crs.Crs) -> bool:
    # No file format can say GCJ-02 or BD-09: such files carry the label of WGS84 or CGCS2000.
    if carried.kind == "geographic":
        return declared.unit == "degree"
    return declared == carried


def _from_columns(
    job: Job, fields: dict[str, list[str | None]], table: RawTable, system: crs.Crs
) -> NDArray[np.object_]:
    """Points from two columns. A row without them is no fault where it has an address."""
    rows = len(table.numbers)
    answer = np.full(rows, None, dtype=object)
    if job.shape is not Shape.POINT:
        raise FileRefused("A table holds no outlines; send GeoJSON, a Shapefile or a GeoPackage.")
    if ("lon" not in fields or "lat" not in fields) and "address" not in fields:
        raise FileRefused(
            "The table has neither the columns lon and lat nor address; name them by --columns,"
            " for example --columns lon=X --columns lat=Y."
        )
    addresses = fields.get("address", [None] * rows)
    pairs = zip(fields.get("lon", [None] * rows), fields.get("lat", [None] * rows), strict=True)
    for row, (lon, lat) in enumerate(pairs):
        if row in table.faults or (lon is None and lat is None and addresses[row] is not None):
            continue
        try:
            answer[row] = shapely.points(_number(lon, "lon"), _number(lat, "lat"))
        except ValueError as error:
            table.faults[row] = str(error)
    return answer


def _number(text: str | None, field: str) -> float:
    if text is None:
        raise ValueError(f"{field} is missing")
    try:
        # float() also takes １０４, 1_04 and nan.
        value = float(text) if text.isascii() and "_" not in text else np.nan
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{field} is not a finite number: {text[:40]!r}")
    return value


def _checked(
    job: Job,
    table: RawTable,
    system: crs.Crs,
    fields: dict[str, list[str | None]],
    answer: Answer,
) -> NDArray[np.object_]:
    """The geometries in EPSG:4326; those that cannot be taken are None, and named."""
    assert table.geometries is not None
    given = table.geometries.copy()
    faults = {**table.faults, **drawing.oversize(given)}
    for row in np.flatnonzero(~shapely.is_missing(given)).tolist():
        if row not in faults:
            x, y = shapely.get_coordinates(given[row]).T
            reason = drawing.out_of_range(x, y, system)
            if reason is not None:
                faults[row] = reason
    given[list(faults)] = None
    moved = drawing.to_wgs84(given, system)
    addresses = fields.get("address") if job.may_have_address else None
    for row, geometry in enumerate(moved):
        has_address = addresses is not None and addresses[row] is not None
        if row not in faults and not (geometry is None and has_address):
            reason = drawing.fault(geometry, job.shape)
            if reason is not None:
                faults[row] = reason
    for row in sorted(faults):
        answer.refuse(int(table.numbers[row]), "geometry", faults[row])
    moved[list(faults)] = None
    return moved


def _write(
    folder: Path,
    table: RawTable,
    geometries: NDArray[np.object_],
    fields: dict[str, list[str | None]],
) -> None:
    wkb = shapely.to_wkb(geometries)
    np.savez(
        folder / ROWS_FILE,
        row=table.numbers,
        size=np.array([-1 if one is None else len(one) for one in wkb], dtype=np.int64),
        wkb=np.frombuffer(b"".join(one for one in wkb if one is not None), dtype=np.uint8),
    )
    (folder / FIELDS_FILE).write_text(json.dumps(fields), encoding="utf-8")


if __name__ == "__main__":
    main()
