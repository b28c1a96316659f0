"""SQL of the sender, whatever it sends."""

from typing import Any

from psycopg import AsyncConnection

# Held by the one process that sends; PostgreSQL drops it with the holder's connection.
SENDER_LOCK = 0x6D71_7768


async def try_to_lead(connection: AsyncConnection[Any]) -> bool:
    """Whether this connection now holds the sender's lock."""
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (SENDER_LOCK,))
    row = await cursor.fetchone()
    return bool(row and row[0])
