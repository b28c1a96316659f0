"""The cases of a bundle into their tables: month by month, indexes last."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg
import pyarrow as pa

from app.city import rows
from app.core import bulk
from app.core.copying import copy_table
from geodata.progress import Progress

# Each with the column by which it has partitions, a month each.
MONTH_OF = {"incident": "reported_at", "incident_event": "at", "report_receipt": None}


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        rows: of each table.
        later: cases that lie in the future, and were left out.
    """

    rows: dict[str, int]
    later: int


def write(
    connection: psycopg.Connection,
    parts: Iterator[rows.Cases],
    span: rows.Span,
    progress: Progress,
) -> Written:
    """Write the cases, their events and receipts, and then the indexes of these tables.

    Args:
        connection: in the transaction that has emptied the tables; their months are there.
        parts: the cases, some at a time.
        span: how many there are.
        progress: told after each part and each index; may cancel.

    Raises:
        psycopg.IntegrityError, psycopg.DataError: rows contradict each other.
    """
    # It would look at every row, one by one; the parts have coarse places where it makes them.
    connection.execute("ALTER TABLE incident DISABLE TRIGGER incident_coarsen_warning")
    bare = [bulk.without_indexes(connection, table) for table in MONTH_OF]
    written: Counter[str] = Counter()
    later = 0
    for part in parts:
        later += part.later
        for table, content in part.tables.items():
            for name, month in _by_month(table, content):
                written[table] += copy_table(connection, name, month, frozen=True)
                progress.step(f"load {table}", written[table], span.total(table))
    connection.execute("ALTER TABLE incident ENABLE TRIGGER incident_coarsen_warning")
    for table in MONTH_OF:
        progress.step(f"load {table}", span.total(table), span.total(table))
    for one in bare:
        bulk.build_indexes(connection, one, progress)
    return Written(dict(written), later)


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
