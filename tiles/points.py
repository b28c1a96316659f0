"""Every case as columns in memory: where and when, what kind, how it stands. No texts, no persons.

One writer feeds it; any number of readers take snapshots, which never change under them.
"""

import threading
from collections import deque
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from geodata.instants import to_us
from tiles.mercator import FloatArray, to_unit
from tiles.selection import CaseFilter

IntArray = NDArray[np.int64]
Rows = NDArray[np.intp]

NEVER_US = np.iinfo(np.int64).max
REMEMBERED_CHANGES = 4_096
_SPARE_ROWS = 1_024


@dataclass(frozen=True)
class Columns:
    """Cases in ascending order of `no`; all arrays have the same length.

    Attributes:
        no: short number.
        x, y: place in the unit square of `tiles.mercator`.
        cell_code: 15 digits.
        reported_us, closed_us: microseconds since 2000-01-01 UTC; NEVER_US for not closed.
        category: four digits as a number.
        severity: 1 to 4.
        status: index into the store's states.
    """

    no: IntArray
    x: FloatArray
    y: FloatArray
    cell_code: IntArray
    reported_us: IntArray
    closed_us: IntArray
    category: NDArray[np.int16]
    severity: NDArray[np.int8]
    status: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.no)

    def take(self, rows: Rows) -> "Columns":
        """These rows only."""
        return Columns(*(getattr(self, field.name)[rows] for field in fields(self)))


class Snapshot(NamedTuple):
    """All cases at one moment.

    Attributes:
        revision: grows with every change.
        columns: never changed again.
    """

    revision: int
    columns: Columns


class Box(NamedTuple):
    """A window of the unit square."""

    x0: float
    y0: float
    x1: float
    y1: float


class _Change(NamedTuple):
    revision: int
    x: float
    y: float


# What COPY writes: a count of fields, then length and value of each, all big-endian. No field is
# NULL, so every row has the same layout and a whole file is one array.
_RECORD = np.dtype(
    [
        ("count", ">i2"),
        ("l0", ">i4"), ("no", ">i8"),
        ("l1", ">i4"), ("lon", ">f8"),
        ("l2", ">i4"), ("lat", ">f8"),
        ("l3", ">i4"), ("cell_code", ">i8"),
        ("l4", ">i4"), ("reported_us", ">i8"),
        ("l5", ">i4"), ("closed_us", ">i8"),
        ("l6", ">i4"), ("category", ">i2"),
        ("l7", ">i4"), ("severity", ">i2"),
        ("l8", ">i4"), ("status", ">i2"),
    ]
)  # fmt: skip
_HEADER_BYTES = 19  # signature, flags and the length of no extension
_CHUNK_BYTES = 4_000_000
_SELECT = """
SELECT i.no, ST_X(i.geom), ST_Y(i.geom), i.cell_code, i.reported_at,
       coalesce(i.closed_at, 'infinity'), i.category::text::int2, i.severity,
       (array_position({states}::text[], i.status) - 1)::int2
FROM published.incident i
"""


def read_columns(
    connection: psycopg.Connection[Any], states: Sequence[str], only: Sequence[int] | None = None
) -> Columns:
    """Cases from the database.

    Args:
        connection: in any state that can run COPY.
        states: the states that `status` indexes.
        only: short numbers of the cases wanted; None for all.
    """
    statement = psycopg.sql.SQL(_SELECT).format(states=psycopg.sql.Literal(list(states)))
    if only is not None:
        wanted = psycopg.sql.Literal(list(only))
        statement += psycopg.sql.SQL("WHERE i.no = ANY ({}::bigint[])").format(wanted)
    copy_out = psycopg.sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(statement)
    parts = [_parse(np.empty(0, _RECORD))]
    with connection.cursor() as cursor, cursor.copy(copy_out) as copy:
        pending = bytearray()
        skip = _HEADER_BYTES
        for data in copy:
            pending += data
            if len(pending) - skip >= _CHUNK_BYTES:
                skip = _cut(pending, skip, parts)
        _cut(pending, skip, parts)
    return in_order(parts)


def _cut(pending: bytearray, skip: int, parts: list[Columns]) -> int:
    """Move the whole records out of `pending`; what is left to skip before the next."""
    count = max(0, len(pending) - skip) // _RECORD.itemsize
    end = skip + count * _RECORD.itemsize
    parts.append(_parse(np.frombuffer(bytes(pending[skip:end]), _RECORD)))
    del pending[:end]
    return 0


def _parse(records: NDArray[np.void]) -> Columns:
    x, y = to_unit(records["lon"].astype(np.float64), records["lat"].astype(np.float64))
    return Columns(
        no=records["no"].astype(np.int64),
        x=x,
        y=y,
        cell_code=records["cell_code"].astype(np.int64),
        reported_us=records["reported_us"].astype(np.int64),
        closed_us=records["closed_us"].astype(np.int64),
        category=records["category"].astype(np.int16),
        severity=records["severity"].astype(np.int8),
        status=records["status"].astype(np.int8),
    )


def in_order(parts: list[Columns]) -> Columns:
    """One set of columns by `no`; of a number given twice the last one stays. Empties `parts`."""
    joined = _joined(parts)
    if len(joined) and (np.diff(joined.no) <= 0).any():
        # The first of each number, seen from the end.
        _, last = np.unique(joined.no[::-1], return_index=True)
        joined = joined.take(len(joined) - 1 - last)
    return joined


def _joined(parts: list[Columns]) -> Columns:
    """One after the other; `parts` is empty afterwards, so that no column is there twice."""
    pieces = {field.name: [getattr(p, field.name) for p in parts] for field in fields(Columns)}
    parts.clear()
    return Columns(**{name: np.concatenate(pieces.pop(name)) for name in list(pieces)})


class PointStore:
    """All cases of the city, replaced or amended by one writer."""

    def __init__(self, states: Sequence[str]) -> None:
        """
        Args:
            states: every state a case can have; `status` indexes them.
        """
        self.states = tuple(states)
        self._lock = threading.Lock()
        self._snapshot = Snapshot(0, in_order([_parse(np.empty(0, _RECORD))]))
        self._changes: deque[_Change] = deque()
        self._forgotten = 0
        self._rooms: dict[str, NDArray[Any]] = {}

    @property
    def snapshot(self) -> Snapshot:
        """All cases as of the last change."""
        return self._snapshot

    def replace(self, columns: Columns) -> None:
        """Start anew with these cases."""
        with self._lock:
            self._forgotten = self._snapshot.revision + 1
            self._changes.clear()
            self._rooms.clear()
            self._snapshot = Snapshot(self._forgotten, columns)

    def amend(self, fresh: Columns) -> None:
        """Add new cases, and put changed ones in the place of what was known of them."""
        if not len(fresh):
            return
        with self._lock:
            before = self._snapshot.columns
            revision = self._snapshot.revision + 1
            at = np.searchsorted(before.no, fresh.no)
            is_known = at < len(before)
            is_known[is_known] = before.no[at[is_known]] == fresh.no[is_known]
            merged = _overwrite(before, at[is_known], fresh.take(np.flatnonzero(is_known)))
            if not is_known.all():
                merged = self._with(merged, fresh.take(np.flatnonzero(~is_known)))
            # Where a case was and where it is now: both tiles have changed.
            self._remember(revision, before.x[at[is_known]], before.y[at[is_known]])
            self._remember(revision, fresh.x, fresh.y)
            self._snapshot = Snapshot(revision, merged)

    def version_in(self, box: Box) -> int:
        """The last revision that changed something inside the box, or one after it."""
        changes = list(self._changes)
        found = self._forgotten
        for change in reversed(changes):
            if box.x0 <= change.x < box.x1 and box.y0 <= change.y < box.y1:
                found = max(found, change.revision)
                break
        return found

    def _with(self, before: Columns, fresh: Columns) -> Columns:
        """All of them; what is newer than everything known is written behind it, where snapshots
        that are out do not look, instead of copying a city for every report."""
        if not len(before) or fresh.no[0] <= before.no[-1]:
            return in_order([before, fresh])
        return Columns(
            **{field.name: self._behind(field.name, before, fresh) for field in fields(Columns)}
        )

    def _behind(self, name: str, before: Columns, fresh: Columns) -> NDArray[Any]:
        old, new = getattr(before, name), getattr(fresh, name)
        used, wanted = len(old), len(old) + len(new)
        room = self._rooms.get(name)
        if room is None or old.base is not room or len(room) < wanted:
            room = self._rooms[name] = np.empty(wanted + wanted // 50 + _SPARE_ROWS, old.dtype)
            room[:used] = old
        room[used:wanted] = new
        return room[:wanted]

    def _remember(self, revision: int, x: Iterable[float], y: Iterable[float]) -> None:
        self._changes.extend(_Change(revision, *at) for at in zip(x, y, strict=True))
        while len(self._changes) > REMEMBERED_CHANGES:
            self._forgotten = max(self._forgotten, self._changes.popleft().revision)


def _overwrite(before: Columns, rows: Rows, fresh: Columns) -> Columns:
    if not len(rows):
        return before
    changed: dict[str, NDArray[Any]] = {}
    for field in fields(Columns):
        old, new = getattr(before, field.name), getattr(fresh, field.name)
        if (old[rows] != new).any():
            column = old.copy()
            column[rows] = new
            changed[field.name] = column
    return replace(before, **changed)


def select(columns: Columns, wanted: CaseFilter, states: Sequence[str]) -> Rows:
    """Row numbers of the cases that a filter selects, in ascending order.

    A filter that `needs_history` is answered without its states: who has the log narrows further.
    """
    as_of_us = to_us(wanted.as_of)
    reported = columns.reported_us
    mask = (reported >= to_us(wanted.since)) & (reported < to_us(wanted.until))
    mask &= reported <= as_of_us
    rows = np.flatnonzero(mask)
    if wanted.scope is not None:
        code = columns.cell_code[rows]
        rows = rows[(code >= wanted.scope[0]) & (code <= wanted.scope[1])]
    if wanted.codes is not None and wanted.codes != wanted.scope:
        code = columns.cell_code[rows]
        rows = rows[(code >= wanted.codes[0]) & (code <= wanted.codes[1])]
    if wanted.is_open is not None:
        rows = rows[(columns.closed_us[rows] > as_of_us) == wanted.is_open]
    if wanted.categories:
        rows = rows[category_table(wanted.categories)[columns.category[rows]]]
    if wanted.statuses is not None and not wanted.needs_history:
        rows = rows[status_table(wanted.statuses, states)[columns.status[rows]]]
    return rows


def status_table(wanted: Container[str], states: Sequence[str]) -> NDArray[np.bool_]:
    """(states,) Whether each state is wanted."""
    return np.array([state in wanted for state in states], dtype=np.bool_)


def category_table(prefixes: Iterable[str]) -> NDArray[np.bool_]:
    """(10000,) Whether each category lies under one of these prefixes of two or four digits."""
    table = np.zeros(10_000, dtype=np.bool_)
    for prefix in prefixes:
        low = int(prefix.ljust(4, "0"))
        table[low : low + (100 if len(prefix) == 2 else 1)] = True
    return table


def rows_of(columns: Columns, numbers: IntArray) -> Rows:
    """Row numbers of the cases with these short numbers, leaving out unknown ones."""
    return np.flatnonzero(np.isin(columns.no, numbers))
