"""SQL of the live path: publishing, reading on, replaying, starting another epoch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.live.ids import Ids
from app.live.rules import CHANNEL, RETENTION_H, Cursor

# Held by the one process that publishes; PostgreSQL drops it with the holder's connection.
RELAY_LOCK = 0x6D71_7265
BATCH_EVENTS = 1_000

# An event gets its number here, once it is committed, so none appears behind it later; `id` alone
# is no cursor, since it is handed out before the commit. Whoever changes a case holds its row, so
# the events of one case are committed in the order of their ids (docs/decisions/0008).
# What is deleted here is numbered and written in the same statement, or nothing is. "Up to the last
# of the first so many": by `IN` each row is compared with each, since the table is mostly empty.
PUBLISH = b"""
WITH moved AS (
    DELETE FROM outbox WHERE id <= (
        SELECT max(id) FROM (SELECT id FROM outbox ORDER BY id LIMIT %s) first
        WHERE EXISTS (SELECT FROM stream_state)
    )
    RETURNING id, topic, area_code, audience, payload, created_at
), state AS (
    UPDATE stream_state SET last_seq = last_seq + (SELECT count(*) FROM moved)
    WHERE EXISTS (SELECT FROM moved)
    RETURNING last_seq
), told AS (
    INSERT INTO stream_event (seq, topic, area_code, audience, payload, created_at)
    SELECT s.last_seq - count(*) OVER () + row_number() OVER (ORDER BY m.id),
           m.topic, m.area_code, m.audience, m.payload, m.created_at
    FROM moved m, state s
    RETURNING seq
)
SELECT count(*) FROM told
"""

ENSURE_STATE = b"""
INSERT INTO stream_state (one, epoch, last_seq)
SELECT 1, gen_random_uuid()::text, coalesce(max(seq), 0) FROM stream_event
ON CONFLICT (one) DO NOTHING
"""

# One snapshot for the state and the events: an epoch can not change between the two. MATERIALIZED:
# otherwise the epoch is asked for again with each event, which takes longer than all the rest.
READ_ON = b"""
WITH state AS MATERIALIZED (SELECT stream_epoch() AS epoch, last_seq FROM stream_state)
SELECT s.epoch, s.last_seq, e.seq, e.topic, e.area_code, e.audience, e.payload
FROM state s
LEFT JOIN LATERAL (
    SELECT seq, topic, area_code, audience, payload::text AS payload
    FROM stream_event WHERE seq > %s ORDER BY seq LIMIT %s
) e ON true
ORDER BY e.seq
"""

# From the lowest number up, so that what is kept never has a hole.
PRUNE = b"""
DELETE FROM stream_event WHERE seq <= (
    SELECT max(seq) FROM (
        SELECT seq FROM stream_event
        WHERE published_at < now() - make_interval(hours => %s) ORDER BY seq LIMIT 5000
    ) old
)
"""

REPLAY = text("""
SELECT seq, topic, area_code, audience, payload::text AS payload FROM stream_event
WHERE seq > :after AND seq <= :until AND area_code BETWEEN :lo AND :hi
  AND audience = ANY (:audiences)
ORDER BY seq
""")


@dataclass(frozen=True, slots=True)
class Published:
    """One event as the stream table holds it; `payload` is JSON on one line."""

    seq: int
    topic: str
    area_code: int
    audience: str
    payload: str


async def try_to_lead(connection: AsyncConnection[Any]) -> bool:
    """Whether this connection now holds the relay's lock."""
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (RELAY_LOCK,))
    row = await cursor.fetchone()
    return bool(row and row[0])


async def ensure_state(connection: AsyncConnection[Any]) -> None:
    """Give the stream its one state row, where it has none."""
    await connection.execute(ENSURE_STATE)


async def publish_batch(connection: AsyncConnection[Any]) -> int:
    """Move the events that are ready from the outbox to the stream, in one transaction.

    Returns:
        how many: a batch at most.
    """
    cursor = await connection.execute(PUBLISH, (BATCH_EVENTS,))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def wake_viewers(connection: AsyncConnection[Any]) -> None:
    """Tell every web worker to read on. A transaction of its own, and only a wake-up."""
    await connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))


async def outbox_age_s(connection: AsyncConnection[Any]) -> float:
    """For how long the oldest unpublished event has waited (s); 0 where none waits."""
    cursor = await connection.execute(
        "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8"
        " FROM outbox"
    )
    row = await cursor.fetchone()
    return float(row[0]) if row else 0.0


async def prune(connection: AsyncConnection[Any]) -> int:
    """Drop events that are too old to be replayed; how many."""
    cursor = await connection.execute(PRUNE, (RETENTION_H,))
    return cursor.rowcount


async def ensure_months_ahead(connection: AsyncConnection[Any]) -> None:
    """Make the partitions of the coming months; waits for no other transaction for long."""
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        await connection.execute("SELECT ensure_months(now(), now() + interval '3 months')")


async def listen(connection: AsyncConnection[Any]) -> None:
    """Have this connection woken by the relay."""
    await connection.execute(f"LISTEN {CHANNEL}".encode())


async def read_on(
    connection: AsyncConnection[Any], after: int
) -> tuple[Cursor, list[Published]] | None:
    """Where the stream stands, and its next events after `after` (a batch at most).

    None where no stream was started yet.
    """
    cursor = await connection.execute(READ_ON, (after, BATCH_EVENTS))
    rows = await cursor.fetchall()
    if not rows or rows[0][0] is None:
        return None
    now = Cursor(rows[0][0], rows[0][1])
    return now, [Published(*row[2:]) for row in rows if row[2] is not None]


async def ids_of_epoch(connection: AsyncConnection[Any]) -> Ids | None:
    """How places in the stream are written just now; None where no stream was started yet."""
    cursor = await connection.execute("SELECT stream_epoch(), stream_key()")
    row = await cursor.fetchone()
    return Ids(row[0], row[1]) if row and row[0] is not None and row[1] is not None else None


def replay(
    session: Session, after: int, until: int, area: tuple[int, int], audiences: Iterable[str]
) -> list[Published]:
    """The events after `after` up to `until` inside a range of area codes, for these audiences.

    Ask `is_kept` after it: some of them may be gone already.
    """
    lo, hi = area
    words = {"after": after, "until": until, "lo": lo, "hi": hi, "audiences": sorted(audiences)}
    return [Published(*row) for row in session.execute(REPLAY, words)]


def is_kept(session: Session, after: int, until: int) -> bool:
    """Whether all events after `after` up to `until` are still kept.

    Pruning runs from the oldest up: while the first number is still there after a read, the read
    missed nothing.
    """
    oldest_kept = session.scalar(
        text("SELECT true FROM stream_event WHERE seq = :seq"), {"seq": after + 1}
    )
    return until <= after or bool(oldest_kept)


def start_epoch(session: Session) -> None:
    """Begin another history: what was told before is void, and every viewer must start anew.

    For whoever replaces the city's contents in the same transaction. Numbers go on counting.
    """
    session.execute(text("DELETE FROM outbox"))
    session.execute(text("DELETE FROM stream_event"))
    session.execute(
        text(
            "INSERT INTO stream_state (one, epoch, last_seq) VALUES (1, gen_random_uuid()::text, 0)"
            " ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch"
        )
    )
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
