"""The relay's SQL on a real database: order, density, one holder, pruning."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from sqlalchemy import URL

from app.core.db import conninfo
from app.live import queries
from tests.app.live.writers import connect, tell
from tests.conftest import TestCluster

Work = Callable[[psycopg.AsyncConnection[Any]], Awaitable[Any]]


def _with_relay_connection(url: URL, work: Work) -> Any:
    async def run() -> Any:
        connection = await psycopg.AsyncConnection.connect(conninfo(url), autocommit=True)
        async with connection:
            await queries.ensure_state(connection)
            return await work(connection)

    return asyncio.run(run())


def _publish(url: URL) -> int:
    count: int = _with_relay_connection(url, queries.publish_batch)
    return count


def _stream(url: URL) -> list[tuple[int, int]]:
    with connect(url) as connection:
        rows = connection.execute(
            "SELECT seq, (payload->>'n')::int FROM stream_event ORDER BY seq"
        ).fetchall()
    return [(seq, n) for seq, n in rows]


def test_a_writer_that_is_still_at_it_holds_nobody_up(empty_database: URL) -> None:
    """What commits late is told late, with a number behind what was told; nothing is lost."""
    with connect(empty_database) as slow, connect(empty_database) as quick:
        with slow.transaction():
            tell(slow, n=1)
            tell(quick, n=2)
            assert _publish(empty_database) == 1
        assert _publish(empty_database) == 1
    assert _stream(empty_database) == [(1, 2), (2, 1)]


def test_what_one_case_tells_keeps_its_order(empty_database: URL) -> None:
    """Who began first but had to wait for the case's row tells second, and is told second."""
    with connect(empty_database) as early, connect(empty_database) as late:
        with early.transaction():
            early.execute("SELECT pg_current_xact_id()")  # it began first
            tell(late, n=1)
            tell(early, n=2)
        assert _publish(empty_database) == 2
    assert _stream(empty_database) == [(1, 1), (2, 2)]


def test_a_bare_identity_cursor_would_have_missed_it(empty_database: URL) -> None:
    """Why the relay numbers what it takes: reading `id > last` loses what commits late."""
    read_on = "SELECT id, (payload->>'n')::int FROM outbox WHERE id > %s ORDER BY id"
    with connect(empty_database) as slow, connect(empty_database) as quick:
        with slow.transaction():
            tell(slow, n=1)
            tell(quick, n=2)
            first = quick.execute(read_on, (0,)).fetchall()
        second = quick.execute(read_on, (first[-1][0],)).fetchall()
    assert [n for _, n in first + second] == [2]


def test_what_was_rolled_back_is_never_told(empty_database: URL) -> None:
    """And leaves no hole in the numbers."""
    with connect(empty_database) as connection:
        tell(connection, n=1)
        with connection.transaction(force_rollback=True):
            tell(connection, n=2)
        tell(connection, n=3)
    assert _publish(empty_database) == 2
    assert _stream(empty_database) == [(1, 1), (2, 3)]


def test_events_of_one_transaction_keep_their_order(empty_database: URL) -> None:
    """A report and its change, told together, arrive in the order in which they were told."""
    with connect(empty_database) as connection, connection.transaction():
        for n in range(50):
            tell(connection, n=n)
    assert _publish(empty_database) == 50
    assert _stream(empty_database) == [(n + 1, n) for n in range(50)]


def test_only_one_holds_the_lock(empty_database: URL) -> None:
    """A spare gets it when, and only when, the holder's connection is gone."""

    async def work() -> list[bool]:
        address = conninfo(empty_database)
        holder = await psycopg.AsyncConnection.connect(address, autocommit=True)
        spare = await psycopg.AsyncConnection.connect(address, autocommit=True)
        got = [await queries.try_to_lead(holder), await queries.try_to_lead(spare)]
        pid = holder.info.backend_pid
        await spare.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        got.append(await queries.try_to_lead(spare))
        await spare.close()
        return got

    assert asyncio.run(work()) == [True, False, True]


def test_a_lost_state_row_loses_no_event(empty_database: URL) -> None:
    """Without its state the stream waits, and then goes on counting where it was."""
    with connect(empty_database) as connection:
        tell(connection, n=1)
        assert _publish(empty_database) == 1
        connection.execute("DELETE FROM stream_state")
        tell(connection, n=2)

        async def publish(relay: psycopg.AsyncConnection[Any]) -> int:
            await relay.execute("DELETE FROM stream_state")
            return await queries.publish_batch(relay)

        assert _with_relay_connection(empty_database, publish) == 0
    assert _publish(empty_database) == 1
    assert _stream(empty_database) == [(1, 1), (2, 2)]


def test_pruning_takes_the_old_from_below(empty_database: URL) -> None:
    """What is kept has no hole, even where the clock was once set back."""
    with connect(empty_database) as connection:
        for n in range(5):
            tell(connection, n=n)
        assert _publish(empty_database) == 5
        connection.execute(
            "UPDATE stream_event SET published_at = now() - interval '25 h' WHERE seq IN (1, 3)"
        )
    assert _with_relay_connection(empty_database, queries.prune) == 3
    assert _stream(empty_database) == [(4, 3), (5, 4)]


def test_another_history_has_another_epoch(empty_database: URL) -> None:
    """A stored epoch that changes shows; one that stays, stays."""
    read = "SELECT stream_epoch()"

    async def epochs(connection: psycopg.AsyncConnection[Any]) -> list[Any]:
        found = []
        for change in ("SELECT 1", "SELECT 1", "UPDATE stream_state SET epoch = 'another'"):
            await connection.execute(change.encode())
            row = await (await connection.execute(read)).fetchone()
            found.append(row and row[0])
        return found

    first, second, third = _with_relay_connection(empty_database, epochs)
    assert first == second != third


def test_a_restored_copy_is_another_history(cluster: TestCluster, empty_template: str) -> None:
    """The same rows in another database: an id of the first means nothing in the second."""
    original = cluster.clone(empty_template)
    _with_relay_connection(cluster.url(original), queries.ensure_state)
    copy = cluster.clone(original)
    epochs = set()
    for name in (original, copy):
        with connect(cluster.url(name)) as connection:
            epochs.add(connection.execute("SELECT stream_epoch()").fetchone())
        cluster.drop(name)
    assert len(epochs) == 2
