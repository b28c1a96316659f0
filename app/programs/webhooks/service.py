"""Deciding about subscriptions: who is told of which area, and what is sent again."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from app.core.context import Context
from app.core.db import writing
from app.core.errors import invalid, name_taken, not_found, unavailable
from app.core.paging import cut, decode_cursor
from app.core.settings import Settings
from app.identity import audit
from app.identity.audit import Acting
from app.identity.audit_words import AuditKind
from app.identity.rules import PROGRAM_NAME_FORM, is_program_name
from app.identity.service import outside_scope
from app.incidents.contacts import keys as seals
from app.incidents.contacts.keys import KeyFileError
from app.incidents.contacts.service import KEY_LOCK, key_file, ring_of
from app.places import queries as places
from app.programs.rules import DELIVERED_DAYS, FAILED_DAYS
from app.programs.webhooks import queries, rules
from app.programs.webhooks.schemas import (
    Delivery,
    DeliveryPage,
    DeliveryQuery,
    MadeWebhook,
    NewWebhook,
    Resent,
    Webhook,
    WebhookPage,
)
from geodata import codes

log = structlog.get_logger()

EVERYWHERE = (0, 10**15)


def add(
    session: Session,
    new: NewWebhook,
    actor: Acting | None,
    now: datetime,
    *,
    settings: Settings,
    within: tuple[int, int] = EVERYWHERE,
) -> MadeWebhook:
    """A new subscription, from now on; its secret is told here and never again.

    Args:
        actor: None for the command line.
        within: first and last code of the area under which one acts.

    Raises:
        Problem: 403 for an area beyond one's own; 409 where the name is taken; 422 on `name`,
            `url` or `area`; 503 while the key file cannot be used.
    """
    if not is_program_name(new.name):
        raise invalid("name", PROGRAM_NAME_FORM)
    fault = rules.fault_of_url(new.url, private=settings.webhook_private)
    if fault is not None:
        raise invalid("url", fault)
    lo, hi = codes.code_range(new.area)
    if not (within[0] <= new.area and hi <= within[1]):
        raise outside_scope("area")
    if not places.names(session, {new.area}, now):
        raise invalid("area", "is no area of this city")
    webhook_id, secret = uuid4(), secrets.token_bytes(rules.SECRET_BYTES)
    shown = rules.SECRET_PREFIX + base64.b64encode(secret).decode()
    sealed = _ring(session, settings).seal(webhook_id, shown.encode())
    topics = sorted(topic.value for topic in set(new.topics))
    is_new = queries.add(
        session,
        id=webhook_id,
        name=new.name,
        url=new.url,
        topics=topics,
        area_code=new.area,
        lo=lo,
        hi=hi,
        key_id=sealed.key_id,
        nonce=sealed.nonce,
        sealed=sealed.sealed,
        created_at=now,
    )
    if not is_new:
        raise name_taken(new.name, "is the name of another webhook")
    made = get(session, webhook_id)
    detail = f"{new.name}: {rules.host_of(new.url)}, {new.area}, {' '.join(topics)}"
    audit.record(session, actor, AuditKind.WEBHOOK_ADDED, area_code=new.area, detail=detail)
    return MadeWebhook(webhook=made, secret=shown)


def list_all(session: Session, within: tuple[int, int] = EVERYWHERE) -> WebhookPage:
    """Every subscription of an area and below."""
    items = [Webhook.model_validate(row) for row in queries.lines(session, within)]
    return WebhookPage(total=len(items), items=items, next=None)


def get(session: Session, webhook_id: UUID) -> Webhook:
    """One subscription.

    Raises:
        Problem: 404.
    """
    rows = queries.lines(session, EVERYWHERE, webhook_id)
    if not rows:
        raise not_found("webhook", webhook_id)
    return Webhook.model_validate(rows[0])


def remove(session: Session, webhook_id: UUID, actor: Acting | None, now: datetime) -> None:
    """End a subscription: nothing more is sent to it.

    Raises:
        Problem: 404.
    """
    gone = queries.remove(session, webhook_id, now)
    if gone is None:
        raise not_found("webhook", webhook_id)
    audit.record(
        session, actor, AuditKind.WEBHOOK_REMOVED, area_code=gone.area_code, detail=gone.name
    )


def list_deliveries(session: Session, webhook_id: UUID, query: DeliveryQuery) -> DeliveryPage:
    """What was and is to be sent to a subscription, the newest first.

    Raises:
        Problem: 404; 422 on `cursor`.
    """
    get(session, webhook_id)
    after = decode_cursor(query.cursor, (int,))
    before = after[0] if after else None
    total, rows = queries.deliveries(session, webhook_id, query.state, query.limit, before)
    sent, following = cut(rows, query.limit, lambda row: [row.id])
    items = [Delivery.model_validate(row) for row in sent]
    return DeliveryPage(total=total, items=items, next=following)


def resend(
    session: Session,
    webhook_id: UUID,
    delivery_id: int | None,
    actor: Acting | None,
    now: datetime,
) -> Resent:
    """Have one delivery sent again, or all that were given up; what waits is sent at once, too.

    Raises:
        Problem: 404 for the subscription, or the delivery.
    """
    webhook = get(session, webhook_id)
    queued = queries.resend(session, webhook_id, delivery_id, now)
    if delivery_id is not None and not queued:
        raise not_found("delivery", delivery_id)
    detail = f"{webhook.name}: {queued}"
    audit.record(
        session, actor, AuditKind.WEBHOOK_RESENT, area_code=webhook.area_code, detail=detail
    )
    return Resent(queued=queued)


def named(session: Session, name: str) -> Webhook:
    """The subscription of a name, for the command line.

    Raises:
        Problem: 404.
    """
    found: Sequence[Webhook] = [w for w in list_all(session).items if w.name == name]
    if not found:
        raise not_found("webhook", name)
    return found[0]


def forget_old(context: Context, now: datetime) -> str:
    """For the clock: delete deliveries that were taken a week ago, or given up a month ago."""
    with writing(context.engine) as session:
        return f"{queries.forget(session, now, DELIVERED_DAYS, FAILED_DAYS)} forgotten"


def _ring(session: Session, settings: Settings) -> seals.KeyRing:
    """The keys as they are now, and for this transaction nobody changes them."""
    session.execute(select(func.pg_advisory_xact_lock_shared(literal(KEY_LOCK))))
    try:
        return ring_of(session, key_file(settings))
    except KeyFileError as error:
        log.error("keys of secrets", why=str(error))
        raise unavailable("The key file cannot be used; nothing was changed.") from None
