"""A task that keeps one database connection of its own, whatever becomes of the database."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

import psycopg
import structlog

from app.core.db import NEVER_IDLE
from app.live.metrics import RECONNECTS

log = structlog.get_logger()

FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 2.0
# No statement of ours takes this long unless the server is frozen or the network cut.
ANSWER_WITHIN_S = 20.0
# So that the server, too, notices within seconds that this machine is gone.
OPTIONS = (
    f"-c timezone=UTC -c jit=off -c statement_timeout=15000 {NEVER_IDLE}"
    " -c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2"
)


class Connected(ABC):
    """Runs `serve` over a connection, and again over a new one whenever the old one breaks."""

    name: str

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    @abstractmethod
    async def serve(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Work until the connection breaks."""

    @abstractmethod
    def lost(self) -> None:
        """The connection is gone; a new one is on its way."""

    async def run(self) -> None:
        """Work until cancelled."""
        self._pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._connect_and_serve()
            except (psycopg.Error, OSError, TimeoutError) as error:
                reason = (str(error) or type(error).__name__).splitlines()[0]
                log.warning("live path reconnects", who=self.name, error=reason)
            self.lost()
            RECONNECTS.labels(self.name).inc()
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, LAST_PAUSE_S)

    async def _connect_and_serve(self) -> None:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            connection = await psycopg.AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=5,
                application_name=f"minqing-{self.name}",
                options=OPTIONS,
            )
        try:
            await self.serve(connection)
        finally:
            await connection.close()

    def working(self) -> None:
        """Something went well: the next pause is a short one again."""
        self._pause_s = FIRST_PAUSE_S
