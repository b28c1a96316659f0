"""Subscriptions of programs, and what was sent to each. Nothing in a delivery is of a person."""

import uuid
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant

UNDONE_SQL = "delivered_at IS NULL AND failed_at IS NULL"
"""That a delivery waits; in a statement word for word as in the index."""


class Webhook(Base):
    """A program that is told of an area, its address, and up to where it was told."""

    __tablename__ = "webhook"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    area_code: Mapped[Code]
    lo: Mapped[Code]
    hi: Mapped[Code]
    # The secret, sealed as contacts are (incidents/contacts/keys.py).
    key_id: Mapped[str] = mapped_column(Text)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    removed_at: Mapped[Instant | None]
    # Everything of the stream up to and including this number has been put into its deliveries.
    seq: Mapped[int] = mapped_column(BigInteger)
    # After failures in a row nothing is sent before `next_at`.
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[Instant | None]

    __table_args__ = (
        Index("webhook_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
    )


class WebhookDelivery(Base):
    """One event for one subscription, and what became of it."""

    __tablename__ = "webhook_delivery"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    webhook_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook.id"))
    # Of the subscription, for row security.
    area_code: Mapped[Code]
    message_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), server_default=text("gen_random_uuid()")
    )
    seq: Mapped[int] = mapped_column(BigInteger)
    topic: Mapped[str] = mapped_column(Text)
    cell_code: Mapped[Code]
    occurred_at: Mapped[Instant]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    queued_at: Mapped[Instant]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    tried_at: Mapped[Instant | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[Instant | None]
    failed_at: Mapped[Instant | None]

    __table_args__ = (
        Index("webhook_delivery_waiting", "webhook_id", "id", postgresql_where=text(UNDONE_SQL)),
        Index("webhook_delivery_of", "webhook_id", "id"),
    )
