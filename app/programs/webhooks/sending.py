"""Webhooks as an outlet of the sender: each event of a subscription is one signed request."""

import time
from collections.abc import Sequence
from typing import Any

import psycopg
import structlog

from app.core.settings import Settings
from app.incidents.contacts import keys as seals
from app.incidents.contacts.keys import KeyFileError, Sealed, UnknownKeyError
from app.incidents.contacts.service import key_file
from app.programs import metrics
from app.programs.metrics import Result
from app.programs.queries import WEBHOOKS_LOCK
from app.programs.rules import Outcome
from app.programs.sending import Outlet
from app.programs.webhooks import queries, rules
from app.programs.webhooks.queries import ATTEMPTS, Due, Waiting

log = structlog.get_logger()


class Webhooks(Outlet):
    """Sends events to the addresses of programs."""

    name = "webhooks"
    lock = WEBHOOKS_LOCK

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def queue(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Put what the stream has told since into deliveries."""
        await queries.queue_events(connection)

    async def due(self, connection: psycopg.AsyncConnection[Any]) -> Sequence[Due]:
        """Subscriptions to which something may be sent now."""
        return await queries.due(connection)

    async def waiting(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """Deliveries that wait."""
        return await queries.waiting(connection)

    async def send_all(self, connection: psycopg.AsyncConnection[Any], receiver: Due) -> None:
        """Send what waits for one subscription, one after the other, until one is not taken."""
        while delivery := await queries.next_of(connection, receiver.id):
            outcome = await self._send(receiver, delivery)
            if outcome.error is None and outcome.status is not None:
                await ATTEMPTS.note_taken(connection, delivery.id, outcome.status)
                metrics.count(self.name, Result.TAKEN)
                continue
            said = outcome.error or "no answer"
            give_up = rules.is_given_up(outcome.status, delivery.tries + 1)
            failure = await ATTEMPTS.note_failed(
                connection, delivery.id, delivery.failures, outcome.status, said, give_up=give_up
            )
            result = Result.GIVEN_UP if failure.is_given_up else Result.FAILED
            metrics.count(self.name, result)
            log.info("webhook failed", webhook=str(receiver.id), why=said, pause_s=failure.pause_s)
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
