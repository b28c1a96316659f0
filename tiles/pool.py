"""Connections for tiles and layers, with the planner set for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

TilePool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

OPTIONS = (
    "-c timezone=UTC -c statement_timeout=15000 -c jit=off"
    " -c idle_in_transaction_session_timeout=60000"
    # A generic plan knows neither box nor dates; parallel workers lure the planner off the index.
    " -c plan_cache_mode=force_custom_plan -c max_parallel_workers_per_gather=0"
)
ENTER = "SELECT set_config('app.session', %s, true)"
"""Says who asks, until the transaction ends."""


HOLDS = "SELECT session_scope() IS NOT DISTINCT FROM int8range({}, {}, '[]')"
"""Whether row security sees exactly these codes, from the first to the last, in this transaction:
not so once the sign-in has ended, or acts under another grant."""


class SessionIsOver(Exception):
    """The session under which something was read held no longer, or for other codes: what it saw
    is nobody's answer."""

    def __init__(self, token: str) -> None:
        super().__init__("the session holds no longer")
        self.token = token


@dataclass(frozen=True)
class Asks:
    """Whose session asks, and the first and last code for which it held."""

    token: str
    codes: tuple[int, int]

    async def check(self, connection: AsyncConnection[tuple[Any, ...]]) -> None:
        """Make sure that what was read in this transaction was read under these codes.

        Raises:
            SessionIsOver: it was not.
        """
        held = await connection.execute(HOLDS.format("%s", "%s"), self.codes)
        row = await held.fetchone()
        if row is None or not row[0]:
            raise SessionIsOver(self.token)


MOST = 4
"""Connections of one process, unless said otherwise."""
RECONNECT_WITHIN_S = 3.0
"""After so many seconds of trying to connect the pool gives up, and the next request tries at once:
its own pauses between tries grow to minutes, for which nobody would be answered."""


def make_pool(
    conninfo: str, *, role: str | None = None, max_size: int = MOST, patience_s: float = 5.0
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
        reconnect_timeout=RECONNECT_WITHIN_S,
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
