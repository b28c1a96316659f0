"""The stream that viewers read (design, the live path); the outbox it is fed from is in core."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant


class StreamEvent(Base):
    """A published event under its dense sequence number."""

    __tablename__ = "stream_event"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    topic: Mapped[str] = mapped_column(Text)
    area_code: Mapped[Code]
    audience: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Instant]
    published_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))

    __table_args__ = (
        Index("stream_event_published", "published_at"),
        # Where somebody was warned is coarsened in what was told (app/sql/50_warnings.sql).
        Index(
            "stream_event_exact_warning",
            text("(payload ->> 'no')"),
            postgresql_where=text(
                "payload ? 'lon' AND coalesce(payload ->> 'category', '11') LIKE '11%'"
            ),
        ),
    )


class StreamState(Base):
    """The stream's epoch and last number: one row. A restore starts another epoch."""

    __tablename__ = "stream_state"

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[str] = mapped_column(Text)
    last_seq: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("one = 1", name="stream_state_one_row"),)
