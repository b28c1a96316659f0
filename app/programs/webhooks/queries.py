"""SQL of webhooks: subscriptions and deliveries as people see them, and the way of an event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row
from sqlalchemy import Row, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.scope import within
from app.programs.queries import Attempts, count
from app.programs.webhooks.models import UNDONE_SQL, Webhook, WebhookDelivery
from app.programs.webhooks.rules import SENT_MEMBERS, DeliveryState, Topic

ATTEMPTS = Attempts("webhook_delivery", "webhook", "webhook_id", "delivered_at")
AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

_LINES = f"""
    SELECT w.id, w.name, w.url, w.topics, w.area_code, w.created_at, w.failures, w.next_at,
           CASE WHEN w.failures > 0 THEN (
               SELECT d.last_error FROM webhook_delivery d WHERE d.webhook_id = w.id
               AND d.last_error IS NOT NULL ORDER BY d.tried_at DESC LIMIT 1) END AS last_error,
           n.waiting, n.failed, n.delivered_at
    FROM webhook w CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE {UNDONE_SQL}) AS waiting,
               count(*) FILTER (WHERE failed_at IS NOT NULL) AS failed,
               max(delivered_at) AS delivered_at
        FROM webhook_delivery d WHERE d.webhook_id = w.id) n
    WHERE w.removed_at IS NULL AND w.area_code BETWEEN :lo AND :hi
      AND (CAST(:id AS uuid) IS NULL OR w.id = :id)
    ORDER BY w.name
"""  # noqa: S608 (words of our own)
_STATE = case(
    (WebhookDelivery.delivered_at.is_not(None), DeliveryState.DELIVERED.value),
    (WebhookDelivery.failed_at.is_not(None), DeliveryState.FAILED.value),
    else_=DeliveryState.WAITING.value,
)

# One snapshot for the stream's end and its events: what is put into deliveries is put in once.
_QUEUE = f"""
    WITH ends AS (SELECT last_seq FROM stream_state), behind AS (
        SELECT w.id, w.seq, w.area_code, w.lo, w.hi, w.topics, e.last_seq
        FROM webhook w, ends e WHERE w.removed_at IS NULL AND w.seq < e.last_seq
        FOR UPDATE OF w SKIP LOCKED
    ), moved AS (
        UPDATE webhook w SET seq = b.last_seq FROM behind b WHERE w.id = b.id
    ), queued AS (
        INSERT INTO webhook_delivery (webhook_id, area_code, seq, topic, cell_code, occurred_at,
                                      payload, queued_at)
        SELECT b.id, b.area_code, e.seq, e.topic, e.area_code,
               coalesce((e.payload ->> 'at')::timestamptz, e.created_at),
               (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{{}}')
                FROM jsonb_each(e.payload) m WHERE m.key = ANY(%(members)s)), now()
        FROM behind b JOIN stream_event e ON e.seq > b.seq AND e.seq <= b.last_seq
             AND e.area_code BETWEEN b.lo AND b.hi AND e.topic = ANY(b.topics)
        WHERE NOT (e.topic LIKE 'incident.%%' AND e.payload ->> 'category' LIKE '11%%'
                   AND NOT '{Topic.WARNING_CHANGED}' = ANY(b.topics))
        ORDER BY e.seq, b.id
        RETURNING 1
    )
    SELECT count(*) FROM queued
"""  # noqa: S608 (words of our own)
_DUE = f"""
    SELECT w.id, w.url, w.key_id, w.nonce, w.sealed FROM webhook w
    WHERE w.removed_at IS NULL AND (w.next_at IS NULL OR w.next_at <= now())
      AND EXISTS (SELECT FROM webhook_delivery WHERE webhook_id = w.id AND {UNDONE_SQL})
"""  # noqa: S608 (words of our own)
_WAITING = f"""
    SELECT count(*) FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id
    WHERE w.removed_at IS NULL AND {UNDONE_SQL}
"""  # noqa: S608 (words of our own)
_NEXT = f"""
    SELECT d.id, d.message_id, d.topic, d.cell_code, d.occurred_at, d.payload, d.tries, w.failures
    FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id
    WHERE d.webhook_id = %s AND {UNDONE_SQL} AND w.removed_at IS NULL
    ORDER BY d.id LIMIT 1
"""  # noqa: S608 (words of our own)
_FORGET = text("""
    DELETE FROM webhook_delivery
    WHERE delivered_at < CAST(:now AS timestamptz) - make_interval(days => :delivered_days)
       OR failed_at < CAST(:now AS timestamptz) - make_interval(days => :failed_days)
""")


class Due(NamedTuple):
    """A subscription for which something waits; `key_id`, `nonce`, `sealed`: its secret."""

    id: UUID
    url: str
    key_id: str
    nonce: bytes
    sealed: bytes


class Waiting(NamedTuple):
    """A delivery that is to be sent; `failures` are those in a row before it."""

    id: int
    message_id: UUID
    topic: str
    cell_code: int
    occurred_at: datetime
    payload: dict[str, Any]
    tries: int
    failures: int


def lines(session: Session, codes: tuple[int, int], webhook_id: UUID | None = None) -> Rows:
    """Subscriptions of an area and below, by name: the columns of `schemas.Webhook`."""
    words = {"lo": codes[0], "hi": codes[1], "id": webhook_id}
    return session.execute(text(_LINES), words).all()


def add(session: Session, **columns: Any) -> bool:
    """Whether a subscription could be added: False where its name is taken. It begins where the
    stream stands now."""
    seq = select(func.coalesce(func.max(text("last_seq")), 0)).select_from(text("stream_state"))
    made = insert(Webhook).values(**columns, seq=seq.scalar_subquery())
    found = session.execute(made.on_conflict_do_nothing().returning(Webhook.id)).first()
    return found is not None


def remove(session: Session, webhook_id: UUID, now: datetime) -> AnyRow | None:
    """End a subscription: its `name` and `area_code`; None where there is none."""
    return session.execute(
        update(Webhook)
        .where(
            Webhook.id == webhook_id,
            Webhook.removed_at.is_(None),
            *within(session, Webhook.area_code),
        )
        .values(removed_at=now)
        .returning(Webhook.name, Webhook.area_code)
    ).first()


def deliveries(
    session: Session, webhook_id: UUID, state: DeliveryState | None, limit: int, before: int | None
) -> tuple[int, Rows]:
    """How many deliveries there are, and one more than `limit` of them, the newest first."""
    where = [WebhookDelivery.webhook_id == webhook_id, *within(session, WebhookDelivery.area_code)]
    if state is not None:
        where.append(_STATE.in_([state.value]))
    total = session.scalar(select(func.count()).select_from(WebhookDelivery).where(*where)) or 0
    columns = (
        WebhookDelivery.id,
        WebhookDelivery.message_id,
        WebhookDelivery.topic,
        WebhookDelivery.cell_code,
        WebhookDelivery.payload["no"].as_integer().label("no"),
        WebhookDelivery.occurred_at,
        _STATE.label("state"),
        WebhookDelivery.tries,
        WebhookDelivery.tried_at,
        WebhookDelivery.last_status,
        WebhookDelivery.last_error,
        WebhookDelivery.delivered_at,
    )
    if before is not None:
        where.append(WebhookDelivery.id < before)
    found = select(*columns).where(*where).order_by(WebhookDelivery.id.desc()).limit(limit + 1)
    return total, session.execute(found).all()


def resend(session: Session, webhook_id: UUID, delivery_id: int | None, now: datetime) -> int:
    """Have deliveries sent again, and at once; how many. Of None all that were given up."""
    chosen = (
        WebhookDelivery.failed_at.is_not(None)
        if delivery_id is None
        else WebhookDelivery.id == delivery_id
    )
    again = session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.webhook_id == webhook_id,
            chosen,
            *within(session, WebhookDelivery.area_code),
        )
        .values(failed_at=None, delivered_at=None, queued_at=now)
        .returning(WebhookDelivery.id)
    ).all()
    session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id, *within(session, Webhook.area_code))
        .values(next_at=None)
    )
    return len(again)


def forget(session: Session, now: datetime, delivered_days: int, failed_days: int) -> int:
    """Delete deliveries that ended long ago; how many."""
    words = {"now": now, "delivered_days": delivered_days, "failed_days": failed_days}
    return int(session.execute(_FORGET, words).rowcount)  # type: ignore[attr-defined]


async def queue_events(connection: AsyncConnection[Any]) -> int:
    """Put what the stream has told since into deliveries; how many were added."""
    cursor = await connection.execute(_QUEUE.encode(), {"members": list(SENT_MEMBERS)})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def due(connection: AsyncConnection[Any]) -> list[Due]:
    """Subscriptions to which something may be sent now."""
    cursor = await connection.execute(_DUE.encode())
    return [Due(*row) for row in await cursor.fetchall()]


async def waiting(connection: AsyncConnection[Any]) -> int:
    """How many deliveries wait, of all subscriptions."""
    return await count(connection, _WAITING)


async def next_of(connection: AsyncConnection[Any], webhook_id: UUID) -> Waiting | None:
    """The first delivery that waits for a subscription."""
    async with connection.cursor(row_factory=namedtuple_row) as cursor:
        await cursor.execute(_NEXT.encode(), (webhook_id,))
        row = await cursor.fetchone()
    return Waiting(*row) if row is not None else None
