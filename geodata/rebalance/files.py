"""Base units and plans as files: GeoParquet in, the same rows with `new_cell_code` out; CSV.

Format: `docs/rebalancing.md`. What was written is complete or not there: a file gets its name last.
"""

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geodata.rebalance import noding, plans
from geodata.rebalance import units as base_units
from geodata.rebalance.units import GeometryArray, IntArray, Units, UnitsError

WHOLE = ("unit_id", "community_code", "cell_code")
WEIGHTS = ("households", "incidents")
WHOLE_IF_THERE = ("street_block", "barrier_block")
MOST_UNITS = 2_000_000
"""Ten times a city; a file that claims more is not one."""


@dataclass(frozen=True)
class UnitsFile:
    """A file of base units: its rows as they are, and what they say."""

    rows: gpd.GeoDataFrame
    units: Units


def read(path: Path) -> UnitsFile:
    """Read and check a GeoParquet file of base units.

    Raises:
        UnitsError: it is no GeoParquet, lacks a column or a CRS, or holds what `units.make`
            refuses.
        OSError: it cannot be opened.
        MemoryError: it unpacks to more than there is.
    """
    try:
        rows = gpd.read_parquet(path)
    except MemoryError:  # of pyarrow, too
        raise
    except (pa.ArrowException, ValueError, KeyError, CRSError) as error:
        raise UnitsError([f"{path.name}: no GeoParquet file: {_first_line(error)}"]) from error
    lacking = [name for name in (*WHOLE, *WEIGHTS) if name not in rows.columns]
    if lacking:
        raise UnitsError([f"{name}: the file has no such column" for name in lacking])
    if not 0 < len(rows) <= MOST_UNITS:
        raise UnitsError([f"the file has {len(rows)} rows; 1 to {MOST_UNITS} are read"])
    if rows.crs is None:
        raise UnitsError(["geometry: the file declares no coordinate system (CRS)"])
    faults: list[str] = []
    columns: dict[str, Any] = {name: _whole(rows[name], faults) for name in WHOLE}
    columns |= {name: _number(rows[name], faults) for name in WEIGHTS}
    columns |= {
        name: _whole(rows[name], faults) if name in rows.columns else None
        for name in WHOLE_IF_THERE
    }
    columns["together"] = _sets(rows, faults)
    columns["locked"] = _flags(rows, faults)
    if faults:
        raise UnitsError(faults)
    in_metres = np.asarray(rows.geometry.to_crs(metric_crs(rows)).array)
    units = base_units.make(**columns, geometry=_single(in_metres))
    return UnitsFile(rows, noding.noded(units))


def _single(geometry: GeometryArray) -> GeometryArray:
    """MultiPolygons of one part, as many programs write them, as Polygons."""
    one_part = shapely.get_type_id(geometry) == shapely.GeometryType.MULTIPOLYGON
    one_part &= shapely.get_num_geometries(geometry) == 1
    return np.where(one_part, shapely.get_geometry(geometry, 0), geometry)


def write(path: Path, file: UnitsFile, plan: IntArray, said: Mapping[str, Any]) -> Path:
    """Write the rows with `new_cell_code` to `path`, and `said` as JSON beside it.

    Args:
        plan: (n,) the cell code of each unit, in the order of `file.units`.

    Returns:
        the path of the JSON file, `path` with the ending `.json`.
    """
    new_cell_code = np.empty(len(plan), dtype=np.int64)
    new_cell_code[file.units.row] = plan
    beside = path.with_suffix(".json")
    with _named_last(path, beside) as (half_rows, half_said):
        file.rows.assign(new_cell_code=new_cell_code).to_parquet(half_rows, compression="zstd")
        half_said.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return beside


def read_plan(path: Path, units: Units) -> IntArray:
    """(n,) a plan of these units: a file that `write` wrote, or a CSV of `unit_id,cell_code`.

    Raises:
        UnitsError: it is neither, names a unit twice, or knows others than these.
        OSError: it cannot be opened.
    """
    if path.suffix == ".csv":
        return plans.from_assignment(units, _assignment(path))
    try:
        rows = pd.read_parquet(path, columns=["unit_id", "new_cell_code"])
    except MemoryError:
        raise
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise UnitsError([f"{path.name}: no plan: {_first_line(error)}"]) from error
    faults: list[str] = []
    ids, cells = (_whole(rows[name], faults) for name in ("unit_id", "new_cell_code"))
    if ids is None or cells is None:
        raise UnitsError(faults)
    if len(np.unique(ids)) < len(ids):
        raise UnitsError(["unit_id: more than once"])
    return plans.from_assignment(units, dict(zip(ids.tolist(), cells.tolist(), strict=True)))


def write_assignment(path: Path, units: Units, plan: IntArray) -> None:
    """Write a plan as CSV, `unit_id,cell_code`, by unit."""
    order = np.argsort(units.unit_id, kind="stable")
    frame = pd.DataFrame({"unit_id": units.unit_id[order], "cell_code": plan[order]})
    with _named_last(path) as (half,):
        frame.to_csv(half, index=False)


@contextmanager
def _named_last(*paths: Path) -> Iterator[list[Path]]:
    """Where to write instead: what lies there gets its name when all of it is written, or goes."""
    halves = [path.with_name(f".{path.name}.{os.getpid()}") for path in paths]
    try:
        yield halves
        for half, path in zip(halves, paths, strict=True):
            half.replace(path)
    finally:
        for half in halves:
            half.unlink(missing_ok=True)


def _assignment(path: Path) -> dict[int, int]:
    cell_of: dict[int, int] = {}
    faults = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"unit_id", "cell_code"} <= set(rows.fieldnames or ()):
                raise UnitsError([f"{path.name}: the columns unit_id and cell_code are needed"])
            for row in rows:
                texts = [(row[name] or "").strip() for name in ("unit_id", "cell_code")]
                if not all(re.fullmatch(r"[0-9]{1,18}", text) for text in texts):
                    faults.append(f"line {rows.line_num}: two whole numbers are needed")
                    continue
                unit, cell = map(int, texts)
                if unit in cell_of:
                    faults.append(f"line {rows.line_num}: unit {unit} stands there twice")
                cell_of[unit] = cell
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnitsError([f"{path.name}: no CSV in UTF-8: {_first_line(error)}"]) from error
    if faults:
        more = len(faults) - base_units.MOST_NAMED
        last = [f"and {more} more lines"] if more > 0 else []
        raise UnitsError(faults[: base_units.MOST_NAMED] + last)
    return cell_of


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def metric_crs(rows: gpd.GeoDataFrame) -> CRS:
    """The CRS in metres in which a file is measured: its own, else the UTM zone around it.

    Raises:
        UnitsError: its coordinates lie outside the declared system.
    """
    crs = CRS(rows.crs)
    if crs.is_projected and all(axis.unit_name == "metre" for axis in crs.axis_info):
        return crs
    try:
        return CRS(rows.estimate_utm_crs())
    except (RuntimeError, ValueError, CRSError) as error:
        raise UnitsError(["geometry: coordinates lie outside the declared system"]) from error


def _whole(column: pd.Series, faults: list[str]) -> IntArray | None:
    whole = pd.api.types.is_integer_dtype(column) and not column.isna().any()
    if whole and column.max() < 2**63:  # beyond it is unsigned, and no number of ours
        return column.to_numpy(dtype=np.int64)
    values = _number(column, faults)
    if values is None:
        return None
    wrong = ~np.isfinite(values) | (values != np.round(values)) | (np.abs(values) >= 2**53)
    if wrong.any():
        faults.append(f"{column.name}: not a whole number: rows {_rows(wrong)}")
        return None
    return np.asarray(values, dtype=np.int64)


def _number(column: pd.Series, faults: list[str]) -> Any:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        faults.append(f"{column.name}: holds {column.dtype}, not numbers")
        return None
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _sets(rows: gpd.GeoDataFrame, faults: list[str]) -> IntArray | None:
    if "together" not in rows.columns:
        return None
    column = rows["together"]
    if column.isna().all():  # of whatever type
        return None
    if _number(column, faults) is None:
        return None
    if column.hasnans:
        kind = "Int64" if pd.api.types.is_integer_dtype(column) else "Float64"
        column = column.astype(kind).fillna(-1)
    values = _whole(column, faults)
    if values is None:
        return None
    if (values < -1).any():
        faults.append(
            f"together: must be a number of 0 or more, or empty: rows {_rows(values < -1)}"
        )
    return values if (values >= 0).any() else None


def _flags(rows: gpd.GeoDataFrame, faults: list[str]) -> Any:
    if "locked" not in rows.columns:
        return None
    if rows["locked"].isna().any() or not pd.api.types.is_bool_dtype(rows["locked"]):
        faults.append(f"locked: holds {rows['locked'].dtype}, not yes or no for every row")
        return None
    return rows["locked"].to_numpy(dtype=np.bool_)


def _rows(wrong: Any) -> str:
    numbers = np.flatnonzero(wrong)[: base_units.MOST_NAMED]
    more = int(np.sum(wrong)) - len(numbers)
    return ", ".join(map(str, numbers)) + (f" and {more} more" if more else "")
