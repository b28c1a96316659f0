"""A city bundle on disk: a folder of parquet files that its manifest completes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from app.city.errors import BundleError

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself."""

    city_code: int
    name: str
    name_en: str | None
    demo: bool
    anchor_on: date
    counts: dict[str, int]
    recipe: str
    seed: int | None
    districts: tuple[int, ...] | None
    incident_count: int


def read_manifest(folder: Path) -> Manifest:
    """The manifest, which is written last: without it the bundle is not complete.

    Raises:
        BundleError: there is none, or it is of another format.
    """
    path = folder / MANIFEST
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if raw["format"] != FORMAT:
            raise BundleError(f"{path} has format {raw['format']}, this version reads {FORMAT}.")
        return Manifest(
            city_code=int(raw["city_code"]),
            name=raw["name"],
            name_en=raw.get("name_en"),
            demo=bool(raw["demo"]),
            anchor_on=date.fromisoformat(raw["anchor_on"]),
            counts=dict(raw["counts"]),
            recipe=str(raw["recipe"]),
            seed=raw.get("seed"),
            districts=None if raw.get("districts") is None else tuple(raw["districts"]),
            incident_count=int(raw["incident_count"]),
        )
    except FileNotFoundError:
        raise BundleError(f"{folder} holds no complete bundle: {MANIFEST} is missing.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} cannot be read: {error!r}") from error


def is_complete(folder: Path) -> bool:
    """Whether a bundle that this version reads stands there, whole."""
    try:
        read_manifest(folder)
    except BundleError:
        return False
    return True


def read_file(folder: Path, name: str, columns: tuple[str, ...]) -> pa.Table:
    """The named columns of `<name>.parquet`, in that order.

    Raises:
        BundleError: the file or a column is missing or unreadable.
    """
    path = folder / f"{name}.parquet"
    try:
        return pq.read_table(path, columns=list(columns)).select(list(columns))
    except (OSError, pa.ArrowException, KeyError) as error:
        raise BundleError(f"{path} cannot be read: {error}") from error


def row_count(folder: Path, name: str) -> int:
    """How many rows `<name>.parquet` has.

    Raises:
        BundleError: the file is missing or unreadable.
    """
    with _open(folder, name) as file:
        return int(file.metadata.num_rows)


def empty(folder: Path, name: str, columns: tuple[str, ...]) -> pa.Table:
    """The named columns of `<name>.parquet` without a row.

    Raises:
        BundleError: the file or a column is missing or unreadable.
    """
    with _open(folder, name) as file:
        try:
            return file.schema_arrow.empty_table().select(list(columns))
        except KeyError as error:
            raise BundleError(f"{folder / name}.parquet cannot be read: {error}") from error


def batches(
    folder: Path, name: str, columns: tuple[str, ...], rows: int
) -> Iterator[pa.RecordBatch]:
    """The named columns of `<name>.parquet`, so many rows at a time.

    Raises:
        BundleError: the file or a column is missing or unreadable.
    """
    path = folder / f"{name}.parquet"
    with _open(folder, name) as file:
        try:
            for batch in file.iter_batches(rows, columns=list(columns)):
                yield batch.select(list(columns))
        except (OSError, pa.ArrowException, KeyError) as error:
            raise BundleError(f"{path} cannot be read: {error}") from error


def _open(folder: Path, name: str) -> pq.ParquetFile:
    path = folder / f"{name}.parquet"
    try:
        return pq.ParquetFile(path, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise BundleError(f"{path} cannot be read: {error}") from error


def geometries(table: pa.Table) -> NDArray[np.object_]:
    """The shapely geometries of the column `geometry` (WKB), shape (n,)."""
    answer: NDArray[np.object_] = shapely.from_wkb(
        table.column("geometry").to_numpy(zero_copy_only=False)
    )
    return answer
