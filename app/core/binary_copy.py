"""Arrays into and out of PostgreSQL through COPY in its binary form.

Instants are int64 microseconds since 2000-01-01 UTC (`geodata.instants`), or Arrow timestamps.
Arrow is imported where it is needed: the web server starts without it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

if TYPE_CHECKING:
    import pyarrow as pa

_HEADER_BYTES = 19
_READ_BYTES = 8_000_000
# So many rows are laid out and sent at once.
PART_ROWS = 20_000


@dataclass(frozen=True)
class Field:
    """A column of a table, as it is to be written.

    Attributes:
        name: of the column.
        values: (n,) of int16, int32, int64, bool or fixed bytes (`S4` for char(4)).
        valid: (n,) False for NULL; None where nothing is, as with fixed bytes.
    """

    name: str
    values: NDArray[Any]
    valid: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Encoded:
    """Rows of a table as COPY reads them.

    Attributes:
        columns: names of the columns.
        parts: bytes to send, in this order, each with the number of rows in it.
    """

    columns: tuple[str, ...]
    parts: tuple[tuple[int, bytes], ...]

    @property
    def rows(self) -> int:
        """How many rows they are."""
        return sum(count for count, _ in self.parts)


def as_table(fields: Sequence[Field]) -> "pa.Table":
    """Columns as an Arrow table.

    Args:
        fields: all of the same length n.
    """
    import pyarrow as pa  # noqa: PLC0415  (see above)

    def column(field: Field) -> Any:
        values = np.ascontiguousarray(field.values)
        if values.dtype.kind == "S":
            kind = pa.binary(values.dtype.itemsize)
            return pa.FixedSizeBinaryArray.from_buffers(
                kind, len(values), [None, pa.py_buffer(values)]
            )
        return pa.array(values, mask=None if field.valid is None else ~field.valid)

    return pa.table({field.name: column(field) for field in fields})


def encode(rows: "pa.Table") -> Encoded:
    """Lay rows out as COPY reads them.

    Args:
        rows: of plain columns, each of the width of its column in PostgreSQL: int16 for smallint,
            binary(16) for uuid. PostgreSQL holds what it gets against the widths alone.
    """
    from pgpq import ArrowToPostgresBinaryEncoder  # noqa: PLC0415  (see above)

    encoder = ArrowToPostgresBinaryEncoder(rows.schema)
    parts = [(0, encoder.write_header())]
    for batch in rows.combine_chunks().to_batches(max_chunksize=PART_ROWS):
        parts.append((batch.num_rows, encoder.write_batch(batch)))
    parts.append((0, encoder.finish()))
    return Encoded(tuple(rows.column_names), tuple(parts))


def write(
    connection: psycopg.Connection[Any],
    table: str,
    encoded: Encoded,
    advanced: Callable[[int], None] = lambda done: None,
    *,
    frozen: bool = False,
) -> int:
    """Write rows, in their order.

    Args:
        connection: in a transaction of the caller's.
        table: its name in the schema public.
        encoded: the rows; the column names are those of the table.
        advanced: called with the number of rows sent so far; may raise to stop.
        frozen: as rows that everybody sees, which nothing needs to look at again. Only for a table
            without partitions that was made or emptied in this transaction.

    Returns:
        The number of rows.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary, FREEZE {})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, encoded.columns)),
        sql.SQL("true" if frozen else "false"),
    )
    done = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for rows, data in encoded.parts:
            copy.write(data)
            done += rows
            advanced(done)
    return done


def write_rows(connection: psycopg.Connection[Any], table: str, fields: Sequence[Field]) -> int:
    """Write rows, in their order.

    Args:
        connection: in a transaction of the caller's.
        table: its name in the schema public.
        fields: all of the same length n.

    Returns:
        n.
    """
    if not len(fields[0].values):
        return 0
    return write(connection, table, encode(as_table(fields)))


def read_rows(
    connection: psycopg.Connection[Any], query: sql.Composable, columns: Sequence[tuple[str, str]]
) -> NDArray[np.void]:
    """The rows of a query as one structured array, in the machine's byte order.

    Args:
        query: none of its columns may be NULL.
        columns: name and type (`i8`, `i4`, `i2`, `S4`) of each.
    """
    parts: list[tuple[str, str]] = [("count", ">i2")]
    for name, kind in columns:
        parts += [(f"{name}:length", ">i4"), (name, kind if kind[0] == "S" else f">{kind}")]
    wire = np.dtype(parts)
    found = np.concatenate([np.empty(0, wire), *_records(connection, query, wire)])
    answer = np.empty(len(found), dtype=list(columns))
    for name, _ in columns:
        answer[name] = found[name]
    return answer


def _records(
    connection: psycopg.Connection[Any], query: sql.Composable, wire: np.dtype[np.void]
) -> Iterator[NDArray[np.void]]:
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        pending = bytearray()
        skip = _HEADER_BYTES
        for data in copy:
            pending += data
            if len(pending) >= _READ_BYTES:
                whole = (len(pending) - skip) // wire.itemsize * wire.itemsize
                yield np.frombuffer(bytes(pending[skip : skip + whole]), wire)
                del pending[: skip + whole]
                skip = 0
        whole = max(0, len(pending) - skip) // wire.itemsize * wire.itemsize
        yield np.frombuffer(bytes(pending[skip : skip + whole]), wire)
