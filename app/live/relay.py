"""The relay: the one task of all processes that turns the outbox into the stream."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import psycopg

from app.live import queries
from app.live.connection import ANSWER_WITHIN_S, Connected
from app.live.metrics import RELAY_EVENTS, RELAY_LAG_S, RELAY_LEADS

# A transaction of this process says that it has emitted something; what others emit is found by
# looking, often while there is something to be found.
GATHER_S = 0.004
POLL_S = 0.05
IDLE_POLL_S = 0.25
IDLE_AFTER_S = 5.0
WAKE_EVERY_S = 0.01
SPARE_POLL_S = 0.5
LAG_EVERY_S = 2.0
PRUNE_EVERY_S = 60.0
MONTHS_EVERY_S = 86_400.0
MONTHS_RETRY_S = 600.0


class Relay(Connected):
    """Runs in every web worker; the holder of the database's lock works, the others are spares."""

    name = "relay"

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self._woken_at_s = 0.0
        self._owes_wake_up = False
        self._nudged = asyncio.Event()
        self._moved_at_s = 0.0
        self._due_s = {"lag": 0.0, "prune": 0.0, "months": 0.0}

    async def serve(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Wait for the lock, then publish for as long as the connection holds it."""
        while not await self._leads(connection):
            self.working()
            await asyncio.sleep(SPARE_POLL_S)
        RELAY_LEADS.set(1)
        # The holder before us may have died between its commit and its wake-up.
        self._owes_wake_up = True
        while True:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                moved = await self._publish(connection)
            self.working()
            if moved < queries.BATCH_EVENTS:
                await self._until_nudged()

    def nudge(self) -> None:
        """There is something to publish. On the event loop only."""
        self._nudged.set()

    async def _until_nudged(self) -> None:
        is_idle = time.monotonic() - self._moved_at_s > IDLE_AFTER_S
        pause_s = IDLE_POLL_S if is_idle else POLL_S
        if self._owes_wake_up:
            pause_s = WAKE_EVERY_S
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._nudged.wait()
                await asyncio.sleep(GATHER_S)  # what is emitted at the same time goes together
        self._nudged.clear()

    def lost(self) -> None:
        """Without its connection this process is a spare at most."""
        RELAY_LEADS.set(0)

    async def _leads(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await queries.try_to_lead(connection)

    async def _publish(self, connection: psycopg.AsyncConnection[Any]) -> int:
        moved = await queries.publish_batch(connection)
        RELAY_EVENTS.inc(moved)
        now_s = time.monotonic()
        if moved:
            self._moved_at_s, self._owes_wake_up = now_s, True
        if self._owes_wake_up and now_s - self._woken_at_s >= WAKE_EVERY_S:
            await queries.wake_viewers(connection)
            self._woken_at_s, self._owes_wake_up = now_s, False
        await self._keep_house(connection, now_s)
        return moved

    async def _keep_house(self, connection: psycopg.AsyncConnection[Any], now_s: float) -> None:
        if self._is_due("lag", now_s, LAG_EVERY_S):
            await queries.ensure_state(connection)
            RELAY_LAG_S.set(await queries.outbox_age_s(connection))
        if self._is_due("prune", now_s, PRUNE_EVERY_S):
            await queries.prune(connection)
        if self._is_due("months", now_s, MONTHS_EVERY_S):
            try:
                await queries.ensure_months_ahead(connection)
            except psycopg.errors.LockNotAvailable:
                self._due_s["months"] = now_s + MONTHS_RETRY_S

    def _is_due(self, chore: str, now_s: float, every_s: float) -> bool:
        if now_s < self._due_s[chore]:
            return False
        self._due_s[chore] = now_s + every_s
        return True
