"""The cases of a bundle into their tables: month by month, indexes last."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from app.city import past, rows
from app.city.errors import BundleError
from app.core import binary_copy, bulk
from app.core.binary_copy import Encoded
from app.core.db import driver_of
from app.incidents.reading import filling
from app.incidents.reading.bulk import Standard, ordinary_past, strange_past
from app.incidents.reading.models import CASE_PAST
from geodata.progress import Progress

# Each with the column by which it has partitions, a month each.
MONTH_OF = {
    "incident": "reported_at", "incident_event": "at", "report_receipt": None,
    CASE_PAST.name: None,
}  # fmt: skip
_INSTANT = pa.timestamp("us", "UTC")
# As wide as the columns are in the database.
TYPES = {
    "incident": {
        "no": pa.int64(), "id": pa.binary(16), "category": pa.string(), "title": pa.string(),
        "description": pa.string(), "severity": pa.int16(), "source": pa.string(),
        "occurred_at": _INSTANT, "reported_at": _INSTANT, "cell_code": pa.int64(),
        "status": pa.string(), "tier": pa.string(), "closed_at": _INSTANT, "geom": pa.binary(25),
        "location_uncertainty_m": pa.float64(), "simulated": pa.bool_(),
    },
    "incident_event": {
        "no": pa.int64(), "ordinal": pa.int16(), "at": _INSTANT, "step": pa.string(),
        "status": pa.string(), "tier": pa.string(), "reason": pa.string(), "cell_code": pa.int64(),
    },
    "report_receipt": {
        "id": pa.binary(16), "no": pa.int64(), "reported_at": _INSTANT, "cell_code": pa.int64(),
        "body_hash": pa.binary(32),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Some cases as they are sent to the database.

    Attributes:
        copies: table, partition or the table itself, and rows.
        strange: rows of `case_past` that take a way of their own.
        later: cases that lie in the future, and were left out.
    """

    copies: tuple[tuple[str, str, Encoded], ...]
    strange: tuple[dict[str, Any], ...]
    later: int


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        rows: of each table.
        later: cases that lie in the future, and were left out.
    """

    rows: dict[str, int]
    later: int


def prepare(parts: Iterator[rows.Cases], standard: Standard) -> Iterator[Part]:
    """Lay cases out for the database, with what the reading model says of their past.

    Raises:
        BundleError: values that no column takes.
    """
    for cases in parts:
        logs = past.logs_of(cases)
        tables = {table: _typed(table, content) for table, content in cases.tables.items()}
        tables[CASE_PAST.name] = _without_empty_columns(
            binary_copy.as_table(ordinary_past(logs, standard))
        )
        copies = tuple(
            (table, name, binary_copy.encode(own))
            for table, content in tables.items()
            for name, own in _by_month(table, content)
            if own.num_rows
        )
        yield Part(copies, tuple(strange_past(logs, standard)), cases.later)


def write(session: Session, parts: Iterator[Part], span: rows.Span, progress: Progress) -> Written:
    """Write the cases, their events, receipts and past, and then the indexes of these tables.

    Args:
        session: in the transaction that has emptied the tables; their months are there.
        parts: the cases, some at a time.
        span: how many there are.
        progress: told after some thousand rows and before each index; may cancel.

    Raises:
        psycopg.IntegrityError, psycopg.DataError: rows contradict each other.
    """
    connection = driver_of(session)
    # It would look at every row, one by one; the parts have coarse places where it makes them.
    connection.execute("ALTER TABLE incident DISABLE TRIGGER incident_coarsen_warning")
    bare = [bulk.without_indexes(connection, table) for table in MONTH_OF]
    written = Counter(dict.fromkeys(MONTH_OF, 0))
    later = 0
    for table in MONTH_OF:
        progress.step(f"load {table}", 0, span.total(table))
    for part in parts:
        later += part.later
        for table, name, encoded in part.copies:

            def advanced(done: int, table: str = table) -> None:
                progress.step(f"load {table}", written[table] + done, span.total(table))

            written[table] += binary_copy.write(connection, name, encoded, advanced, frozen=True)
        written[CASE_PAST.name] += filling.write_strange(session, part.strange)
    connection.execute("ALTER TABLE incident ENABLE TRIGGER incident_coarsen_warning")
    for table in MONTH_OF:
        progress.step(f"load {table}", span.total(table), span.total(table))
    for one in bare:
        bulk.build_indexes(connection, one, progress)
    return Written(dict(written), later)


def _typed(table: str, content: pa.Table) -> pa.Table:
    kinds = TYPES[table]
    try:
        return content.select(list(kinds)).cast(pa.schema(kinds))
    except pa.ArrowInvalid as error:
        raise BundleError(f"Rows for {table} cannot be taken: {error}") from error


def _without_empty_columns(content: pa.Table) -> pa.Table:
    """Without the columns that say nothing of any row: reading a NULL takes its time, too."""
    kept = [one for one in content.column_names if content.column(one).null_count < len(content)]
    return content.select(kept)


def _by_month(table: str, content: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each partition, named as `ensure_months` names them."""
    column = MONTH_OF[table]
    if column is None:
        yield table, content
        return
    months = content.column(column).to_numpy().astype("datetime64[M]")
    for month in np.unique(months):
        own = content.filter(pa.array(months == month))
        yield f"{table}_{str(month).replace('-', '')}", own
