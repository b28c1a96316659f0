"""Whole tables into PostgreSQL through COPY, from Arrow.

Geometry travels as EWKB in hexadecimal, everything else as CSV that Arrow writes. Millions of rows
go quicker in binary (`binary_copy`), which knows no ranges as text.
"""

import io
from collections.abc import Callable, Iterator

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
import shapely
from numpy.typing import NDArray
from psycopg import sql

BATCH_ROWS = 20_000
_EWKB_POINT = np.dtype(
    [("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")]
)
_POINT_WITH_SRID = 0x2000_0001
WRITE = pacsv.WriteOptions(include_header=False, quoting_style="needed")


def as_hex(geometries: NDArray[np.object_], srid: int) -> pa.Array:
    """EWKB in hexadecimal, as PostGIS reads it.

    Args:
        geometries: (n,) shapely geometries.
        srid: 4326 or 3857, written into each.
    """
    marked = shapely.set_srid(geometries, srid)
    # Not by `hex=True`, which takes six times as long.
    found = shapely.to_wkb(marked, include_srid=True)
    return pa.array([None if one is None else one.hex() for one in found], type=pa.string())


def points_as_ewkb(x: NDArray[np.float64], y: NDArray[np.float64], srid: int) -> pa.Array:
    """Points as EWKB, as PostGIS reads it in binary COPY.

    Args:
        x, y: (n,) in the system of `srid`; lon and lat for 4326.
        srid: 4326 or 3857, written into each.
    """
    records = np.empty(len(x), _EWKB_POINT)
    records["order"], records["kind"], records["srid"] = 1, _POINT_WITH_SRID, srid
    records["x"], records["y"] = x, y
    kind = pa.binary(_EWKB_POINT.itemsize)
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(x), [None, pa.py_buffer(records)])


def as_multi(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons as MultiPolygons of one part; MultiPolygons as they are.

    Raises:
        ValueError: something else among them.
    """
    kinds = shapely.get_type_id(geometries)
    single, multi = shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON
    if not np.isin(kinds, (single, multi)).all():
        raise ValueError("an area is neither Polygon nor MultiPolygon")
    answer = geometries.copy()
    rows = np.flatnonzero(kinds == single)
    parts = shapely.multipolygons(geometries[rows], indices=np.arange(len(rows)))
    answer[rows] = parts
    return answer


def same(value: str | int | float | bool, rows: int) -> pa.Array:
    """A column that holds one value."""
    return pa.repeat(pa.scalar(value), rows)


def copy_table(
    connection: psycopg.Connection,
    table: str,
    rows: pa.Table,
    advanced: Callable[[int], None] = lambda done: None,
) -> int:
    """Write all rows into `table`; the column names of `rows` are those of the table.

    Args:
        connection: in a transaction of the caller's.
        table: its name in the schema public.
        rows: of plain columns; geometry by `as_hex`, ranges as text.
        advanced: called with the number of rows written so far; may raise to stop.

    Returns:
        The number of rows.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    done = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in _batches(rows):
            text = io.BytesIO()
            pacsv.write_csv(batch, text, WRITE)
            copy.write(text.getbuffer())
            done += batch.num_rows
            advanced(done)
    return done


def _batches(rows: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, rows.num_rows, BATCH_ROWS):
        yield rows.slice(start, BATCH_ROWS)
