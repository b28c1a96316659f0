"""A bundle as the tables of the database, one after the other."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.city import bundle, rows
from app.city.errors import BundleError
from app.core.copying import as_hex, same
from app.places import rows as area_rows

T = TypeVar("T")


def of_bundle(folder: Path, valid: str) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of every table but those of the cases, what is referred to before what refers.

    Args:
        folder: of the bundle.
        valid: the range for which areas, stations and rosters stand.

    Raises:
        BundleError: a file cannot be read, or files contradict each other.
    """
    areas = area_rows.area_rows(*_drawn(folder, "areas", area_rows.AREA_COLUMNS), 1, valid)
    yield "area", areas
    try:
        drawn = _drawn(folder, "shapes", ("code", "level", "zoom"))
        yield "area_shape", area_rows.shape_rows(*drawn, areas, valid)
    except ValueError as error:
        raise BundleError(f"{folder / 'shapes.parquet'}: {error}") from error
    yield "base_unit", rows.unit_rows(*_drawn(folder, "units", rows.UNIT_COLUMNS), valid)
    stations = _drawn(folder, "stations", rows.STATION_COLUMNS)
    yield "station", rows.station_rows(*stations, valid)
    yield "station_cover", bundle.read_file(folder, "station_covers", ("station_id", "area_code"))
    units = bundle.read_file(folder, "duty_units", ("unit_id", "call_sign", "role", "station_id"))
    yield "duty_unit", _timed(units.rename_columns(["id", *units.column_names[1:]]), valid)
    given = bundle.read_file(folder, "assignments", ("unit_id", "area_code", "duty"))
    yield "assignment", _timed(given, valid)
    features, lines = _drawn(folder, "features", ("kind", "name"))
    yield "map_feature", features.append_column("geom", as_hex(lines, 4326))


def one_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items, the next one being made in a thread while the caller works on this one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item


def _drawn(
    folder: Path, name: str, columns: tuple[str, ...]
) -> tuple[pa.Table, NDArray[np.object_]]:
    table = bundle.read_file(folder, name, (*columns, "geometry"))
    return table.drop_columns(["geometry"]), bundle.geometries(table)


def _timed(table: pa.Table, valid: str) -> pa.Table:
    return table.append_column("valid", same(valid, table.num_rows))
