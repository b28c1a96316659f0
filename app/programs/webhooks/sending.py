"""The sender: the one task of all processes that brings deliveries to programs, in their order.

What the stream tells is first written down as a delivery for each subscription, in the statement
that moves the subscription's place in the stream; so none is lost, and after a kill some are sent
twice (under the same `webhook-id`). Each subscription has its own order and its own pauses: a
receiver that hangs holds up nobody else.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import structlog

from app.core.context import Context
from app.incidents.contacts import keys as seals
from app.incidents.contacts.keys import KeyFileError, Sealed, UnknownKeyError
from app.incidents.contacts.service import key_file
from app.live.connection import ANSWER_WITHIN_S, Connected
from app.programs.webhooks import queries, rules
from app.programs.webhooks.queries import Due, Waiting
from app.programs.webhooks.rules import Outcome

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
SPARE_POLL_S = 1.0
AT_ONCE = 16
STOP_WITHIN_S = 1.0


class Sender(Connected):
    """Runs in every web worker; the holder of the database's lock works, the others are spares."""

    name = "sender"

    def __init__(self, context: Context) -> None:
        super().__init__(context.conninfo)
        self._settings = context.settings
        self._sending: dict[UUID, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, without waiting for anything."""
        self._task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """End; what is under way will be sent again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_WITHIN_S)

    def lost(self) -> None:
        """Without its connection this process is a spare at most."""

    async def serve(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Wait for the lock, then send for as long as the connection holds it."""
        while not await queries.try_to_lead(connection):
            self.working()
            await asyncio.sleep(SPARE_POLL_S)
        try:
            while True:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await queries.queue_events(connection)
                    due = await queries.due(connection)
                self.working()
                self._begin(connection, due)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._break_off()

    def _begin(self, connection: psycopg.AsyncConnection[Any], due: list[Due]) -> None:
        self._sending = {key: task for key, task in self._sending.items() if not task.done()}
        for webhook in due:
            if webhook.id not in self._sending:
                task = asyncio.create_task(self._send_all(connection, webhook))
                self._sending[webhook.id] = task

    async def _break_off(self) -> None:
        for task in self._sending.values():
            task.cancel()
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=STOP_WITHIN_S)
        self._sending.clear()

    async def _send_all(self, connection: psycopg.AsyncConnection[Any], webhook: Due) -> None:
        """Send what waits for one subscription, one after the other, until one is not taken."""
        async with self._slots:
            with suppress(psycopg.OperationalError):  # the next one to hold the lock begins anew
                while delivery := await queries.next_of(connection, webhook.id):
                    outcome = await self._send(webhook, delivery)
                    if outcome.error is None and outcome.status is not None:
                        await queries.note_delivered(connection, delivery.id, outcome.status)
                        continue
                    pause_s = rules.pause_s(delivery.failures + 1)
                    said = outcome.error or "no answer"
                    give_up = rules.is_given_up(outcome.status, delivery.tries + 1)
                    await queries.note_failed(
                        connection, delivery.id, outcome.status, said, pause_s, give_up=give_up
                    )
                    log.info("webhook failed", webhook=str(webhook.id), why=said, pause_s=pause_s)
                    return

    async def _send(self, webhook: Due, delivery: Waiting) -> Outcome:
        private = self._settings.webhook_private
        # As the settings are now: they may have become stricter since the subscription was made.
        fault = rules.fault_of_url(webhook.url, private=private)
        if fault is not None:
            return Outcome(None, f"the address {fault}")
        try:
            ring = seals.load(key_file(self._settings))
            sealed = Sealed(webhook.key_id, webhook.nonce, webhook.sealed)
            secret = ring.open(webhook.id, sealed).decode()
        except (KeyFileError, UnknownKeyError):
            return Outcome(None, "its secret cannot be opened with the key file")
        message_id, timestamp_s = f"msg_{delivery.message_id}", int(time.time())
        at = delivery.occurred_at.isoformat().replace("+00:00", "Z")
        content = rules.body(message_id, delivery.topic, delivery.cell_code, at, delivery.payload)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "minqing",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": rules.signature(secret, message_id, timestamp_s, content),
        }
        # What speaks HTTP takes a sixth of a second to import, and most cities have no webhook.
        from app.programs.webhooks.posting import post  # noqa: PLC0415

        return await post(webhook.url, headers, content, private=private)
