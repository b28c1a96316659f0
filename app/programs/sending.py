"""The sender: the one task of all processes that brings what waits to those outside, in its order.

There are several outlets (webhooks, mail to desks), each led by one process that is set up for it.
What the stream tells is first written down as something that waits for a receiver, in the statement
that moves the outlet's place in the stream; so none is lost, and after a kill some are sent twice
(under the same id). Each receiver has its own order and its own pauses: one that hangs holds up
nobody else, and neither does an outlet that fails.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
import structlog

from app.live.connection import ANSWER_WITHIN_S, Connected
from app.programs import metrics, queries

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
COUNT_EVERY_S = 5.0
SPARE_POLL_S = 1.0
STOP_WITHIN_S = 1.0


class Outlet(ABC):
    """One way out: what is to be sent on it, and how one receiver is sent what waits for it.

    Attributes:
        name: as the log and the counters call it.
        lock: under which one process leads it.
        at_once: to how many receivers something is sent at the same time.
        is_set_up: whether this process can send on it; otherwise another one may.
    """

    name: str
    lock: int
    at_once: int = 16
    is_set_up: bool = True

    @abstractmethod
    async def queue(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Put what the stream has told since into what waits."""

    @abstractmethod
    async def due(self, connection: psycopg.AsyncConnection[Any]) -> Sequence[Any]:
        """The receivers to which something may be sent now; each has an `id` of its own."""

    @abstractmethod
    async def waiting(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """How much waits to be sent, to whomever."""

    @abstractmethod
    async def send_all(self, connection: psycopg.AsyncConnection[Any], receiver: Any) -> None:
        """Send a receiver what waits for it, one after the other, until one is not taken."""


class Sender(Connected):
    """Runs in every web worker; the holder of an outlet's lock works, the others are spares."""

    name = "sender"

    def __init__(self, conninfo: str, outlets: Sequence[Outlet]) -> None:
        super().__init__(conninfo)
        self._outlets = [outlet for outlet in outlets if outlet.is_set_up]
        self._slots = {outlet.name: asyncio.Semaphore(outlet.at_once) for outlet in outlets}
        self._sending: dict[tuple[str, object], asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._count_at_s: dict[str, float] = {}

    async def start(self) -> None:
        """Begin, without waiting for anything."""
        for outlet in self._outlets:
            metrics.begin(outlet.name)
        self._task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """End; what is under way will be sent again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_WITHIN_S)

    def lost(self) -> None:
        """Without its connection this process is a spare at most."""
        self._count_at_s.clear()
        for outlet in self._outlets:
            metrics.WAITING.labels(outlet.name).set(0)

    async def serve(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Send on each outlet whose lock this connection gets, for as long as it holds it."""
        led: list[Outlet] = []
        try:
            while True:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    led += [
                        outlet
                        for outlet in self._outlets
                        if outlet not in led and await queries.try_to_lead(connection, outlet.lock)
                    ]
                    for outlet in led:
                        await self._look(connection, outlet)
                self.working()
                await asyncio.sleep(LOOK_EVERY_S if led else SPARE_POLL_S)
        finally:
            await self._break_off()

    async def _look(self, connection: psycopg.AsyncConnection[Any], outlet: Outlet) -> None:
        """Begin to send what an outlet has for receivers that are not being sent to."""
        try:
            await outlet.queue(connection)
            due = await outlet.due(connection)
            if time.monotonic() >= self._count_at_s.get(outlet.name, 0.0):
                self._count_at_s[outlet.name] = time.monotonic() + COUNT_EVERY_S
                metrics.WAITING.labels(outlet.name).set(await outlet.waiting(connection))
        except psycopg.Error as error:
            if connection.closed:
                raise
            # The other outlets go on; this one is looked at again in a moment.
            log.error("outlet failed", outlet=outlet.name, error=type(error).__name__)
            return
        self._sending = {key: task for key, task in self._sending.items() if not task.done()}
        for receiver in due:
            key = (outlet.name, receiver.id)
            if key not in self._sending:
                task = asyncio.create_task(self._send_all(connection, outlet, receiver))
                self._sending[key] = task

    async def _send_all(
        self, connection: psycopg.AsyncConnection[Any], outlet: Outlet, receiver: Any
    ) -> None:
        async with self._slots[outlet.name]:
            with suppress(psycopg.OperationalError):  # the next one to hold the lock begins anew
                await outlet.send_all(connection, receiver)

    async def _break_off(self) -> None:
        for task in self._sending.values():
            task.cancel()
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=STOP_WITHIN_S)
        self._sending.clear()
