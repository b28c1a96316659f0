"""Connections for tiles and layers, with the planner set for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

TilePool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

OPTIONS = (
    "-c timezone=UTC -c statement_timeout=15000 -c jit=off"
    # A generic plan knows neither box nor dates; parallel workers lure the planner off the index.
    " -c plan_cache_mode=force_custom_plan -c max_parallel_workers_per_gather=0"
)
ENTER = "SELECT set_config('app.session', %s, true)"
"""Says who asks, until the transaction ends."""


def make_pool(
    conninfo: str, *, role: str | None = None, max_size: int = 4, patience_s: float = 5.0
) -> TilePool:
    """A pool that is not yet open. A full or unreachable one gives up after `patience_s`.

    Args:
        conninfo: the database's address as libpq writes it.
        role: as which the connections work; None for the one that signs in.
        max_size: most connections; beyond the cores of the machine more only wait elsewhere.
        patience_s: seconds that a caller waits for a connection.
    """
    return AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=max_size,
        timeout=patience_s,
        open=False,
        name="minqing-tiles",
        kwargs={
            "autocommit": True,
            "connect_timeout": 5,
            "application_name": "minqing-tiles",
            "options": OPTIONS if role is None else f"{OPTIONS} -c role={role}",
        },
    )


@asynccontextmanager
async def asking(
    pool: TilePool, session_token: str | None
) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    """A connection on which row security knows who asks.

    Args:
        session_token: whose session; None for what everybody may see.
    """
    async with pool.connection() as connection:
        if session_token is None:
            yield connection
            return
        async with connection.transaction():
            await connection.execute(ENTER, (session_token,))
            yield connection
