"""Filling tables that were emptied in the same transaction: rows first, indexes after them.

A row that is written into a table with indexes is sorted into each of them, one at a time; an index
that is built over all rows at once costs a fraction of that.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from geodata.progress import Progress

Connection = psycopg.Connection

_INDEXES: LiteralString = """
    SELECT i.relname, x.indisunique, substring(pg_get_indexdef(i.oid) FROM ' USING .*$'),
           pg_get_constraintdef(c.oid)
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.conrelid = x.indrelid
    WHERE x.indrelid = %s::regclass
    ORDER BY x.indisprimary DESC, i.relname
"""
_PARTITIONS: LiteralString = """
    SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
    WHERE h.inhparent = %s::regclass ORDER BY c.relname
"""

_OBSERVED_EVERY_S = 1.0
# Half of the way is reading the rows, half writing them in their order.
_BUILT: LiteralString = """
    SELECT CASE
        WHEN tuples_total > 0 THEN 50 + 50 * tuples_done / tuples_total
        WHEN blocks_total > 0 THEN 50 * blocks_done / blocks_total
        WHEN phase LIKE 'building%%sorting%%' THEN 50
        ELSE 0
    END::int
    FROM pg_stat_progress_create_index WHERE pid = %s
"""


@dataclass(frozen=True)
class Index:
    """An index as PostgreSQL describes it.

    Attributes:
        name: its own, or that of its constraint.
        unique: whether it holds each key once.
        using: method, columns and condition: ` USING btree (no)`.
        constraint: what it stands for, `PRIMARY KEY (id)`; None where it is an index only.
    """

    name: str
    unique: bool
    using: str
    constraint: str | None


@dataclass(frozen=True)
class Bare:
    """A table whose indexes wait until its rows are there.

    Attributes:
        table: its name in the schema public.
        partitions: of it, in the order of their names; empty where it has none.
        indexes: those that were dropped.
    """

    table: str
    partitions: tuple[str, ...]
    indexes: tuple[Index, ...]


def without_indexes(connection: Connection, table: str) -> Bare:
    """Drop the indexes of a table and of all its partitions until `build_indexes`.

    Args:
        connection: in the transaction that has emptied the table.
        table: its name in the schema public; nothing may refer to its key.

    Raises:
        psycopg.errors.DependentObjectsStillExist: something does.
    """
    rows = connection.execute(_INDEXES, [table]).fetchall()
    bare = Bare(table, partitions(connection, table), tuple(Index(*row) for row in rows))
    for index in bare.indexes:
        statement = (
            sql.SQL("DROP INDEX {name}")
            if index.constraint is None
            else sql.SQL("ALTER TABLE {table} DROP CONSTRAINT {name}")
        )
        connection.execute(
            statement.format(table=sql.Identifier(table), name=sql.Identifier(index.name))
        )
    return bare


def partitions(connection: Connection, table: str) -> tuple[str, ...]:
    """The names of a table's partitions, in order."""
    return tuple(name for (name,) in connection.execute(_PARTITIONS, [table]))


def build_indexes(connection: Connection, bare: Bare, progress: Progress) -> None:
    """Give a table and its partitions back what `without_indexes` has dropped.

    Args:
        connection: in the same transaction.
        bare: what was dropped.
        progress: told in hundredths of an index, at least every second; may cancel.

    Raises:
        psycopg.IntegrityError: rows contradict a key.
    """
    parts = [
        (partition, index, None) for index in bare.indexes for partition in bare.partitions
    ]  # one by one, and an index of the whole table takes over those of its partitions
    whole = [(bare.table, index, index.name) for index in bare.indexes]
    work: Sequence[tuple[str, Index, str | None]] = [*parts, *whole]
    with _beside(connection) as observer:
        for done, (table, index, name) in enumerate(work):

            def advanced(hundredths: int, done: int = done) -> None:
                progress.step(f"index {bare.table}", 100 * done + hundredths, 100 * len(work))

            _observed(connection, observer, _creating(table, index, name), advanced)
    progress.step(f"index {bare.table}", 100 * len(work), max(100 * len(work), 1))


def _beside(connection: Connection) -> Connection:
    """Another connection to the same database, as the same role."""
    info = connection.info
    return psycopg.connect(info.dsn, password=info.password or None, autocommit=True)


def _observed(
    connection: Connection,
    observer: Connection,
    statement: sql.Composed,
    advanced: Callable[[int], None],
) -> None:
    """Run a statement that builds an index in a thread, and tell how far it is meanwhile."""
    advanced(0)
    with ThreadPoolExecutor(max_workers=1) as thread:
        building = thread.submit(connection.execute, statement)
        try:
            while not wait([building], timeout=_OBSERVED_EVERY_S).done:
                row = observer.execute(_BUILT, [connection.info.backend_pid]).fetchone()
                advanced(row[0] if row else 0)
        except BaseException:
            connection.cancel_safe()
            raise
        building.result()


def _creating(table: str, index: Index, name: str | None) -> sql.Composed:
    """The statement that makes an index; PostgreSQL finds a name where none is given."""
    named = sql.Identifier(name) if name else sql.SQL("")
    on = sql.Identifier(table)
    # Both are PostgreSQL's own description of what it had.
    if index.constraint is None:
        using = sql.SQL(index.using)
        unique = sql.SQL("UNIQUE " if index.unique else "")
        return sql.SQL("CREATE {}INDEX {} ON {}{}").format(unique, named, on, using)
    constraint = sql.SQL(index.constraint)
    called = sql.SQL("CONSTRAINT {}").format(named) if name else named
    return sql.SQL("ALTER TABLE {} ADD {} {}").format(on, called, constraint)
