"""Arrays into and out of PostgreSQL through COPY in its binary form.

Instants are int64 microseconds since 2000-01-01 UTC (`geodata.instants`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_READ_BYTES = 8_000_000
# So many rows are laid out at once: what that needs is taken from memory that is there already.
PACKED_ROWS = 32_768


@dataclass(frozen=True)
class Field:
    """A column of a table, as it is to be written.

    Attributes:
        name: of the column.
        values: (n,) of int16, int32, int64, bool or fixed bytes (`S4` for char(4)).
        valid: (n,) False for NULL; None where nothing is.
    """

    name: str
    values: NDArray[Any]
    valid: NDArray[np.bool_] | None = None

    def part(self, begin: int, end: int) -> "Field":
        """Some of its rows."""
        valid = None if self.valid is None else self.valid[begin:end]
        return Field(self.name, self.values[begin:end], valid)


def write_rows(connection: psycopg.Connection[Any], table: str, fields: Sequence[Field]) -> int:
    """Write rows, in their order.

    Args:
        connection: in a transaction of the caller's.
        table: its name in the schema public.
        fields: all of the same length n.

    Returns:
        n.
    """
    rows = len(fields[0].values)
    if rows:
        names = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields)
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
            sql.Identifier(table), names
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(_HEADER)
            for begin in range(0, rows, PACKED_ROWS):
                copy.write(_pack([field.part(begin, begin + PACKED_ROWS) for field in fields]).data)
            copy.write(_TRAILER)
    return rows


def _pack(fields: Sequence[Field]) -> NDArray[np.uint8]:
    """The rows as COPY reads them. Rows with the same NULLs have the same length, so they are laid
    out as one array and then put where they belong."""
    rows = len(fields[0].values)
    nullable = [field for field in fields if field.valid is not None and not field.valid.all()]
    pattern = np.zeros(rows, dtype=np.int64)
    for bit, field in enumerate(nullable):
        pattern |= (~field.valid).astype(np.int64) << bit  # type: ignore[operator]
    found, which = np.unique(pattern, return_inverse=True)
    layouts = [_layout(fields, nullable, int(one)) for one in found]
    lengths = np.array([layout.itemsize for layout in layouts])[which]
    begins = np.cumsum(lengths) - lengths
    answer = np.empty(int(lengths.sum()), dtype=np.uint8)
    for place, layout in enumerate(layouts):
        chosen = np.flatnonzero(which == place)
        records = np.zeros(len(chosen), dtype=layout)
        records["count"] = len(fields)
        for field in fields:
            if field.name in (layout.names or ()):
                records[f"{field.name}:length"] = layout[field.name].itemsize
                records[field.name] = field.values[chosen]
            else:
                records[f"{field.name}:length"] = -1
        target = begins[chosen][:, None] + np.arange(layout.itemsize)
        answer[target] = records.view(np.uint8).reshape(len(chosen), layout.itemsize)
    return answer


def _layout(fields: Sequence[Field], nullable: Sequence[Field], pattern: int) -> np.dtype[np.void]:
    empty = {field.name for bit, field in enumerate(nullable) if pattern >> bit & 1}
    parts: list[tuple[str, str]] = [("count", ">i2")]
    for field in fields:
        parts.append((f"{field.name}:length", ">i4"))
        if field.name not in empty:
            parts.append((field.name, field.values.dtype.newbyteorder(">").str))
    return np.dtype(parts)


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
        skip = len(_HEADER)
        for data in copy:
            pending += data
            if len(pending) >= _READ_BYTES:
                whole = (len(pending) - skip) // wire.itemsize * wire.itemsize
                yield np.frombuffer(bytes(pending[skip : skip + whole]), wire)
                del pending[: skip + whole]
                skip = 0
        whole = max(0, len(pending) - skip) // wire.itemsize * wire.itemsize
        yield np.frombuffer(bytes(pending[skip : skip + whole]), wire)
