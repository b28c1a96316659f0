"""The mailboxes of desks, what was sent to them, which pages are open. Nothing is of a person."""

import uuid

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant

UNDONE_SQL = "sent_at IS NULL AND failed_at IS NULL AND unneeded IS NULL"
"""That a mail waits; in a statement word for word as in the index."""


class DutyMailbox(Base):
    """Where the desk of a duty unit gets mail.

    By call sign and station, not by the unit's number: that is another one when the city is loaded
    anew. A unit that moves to another station leaves the mailbox behind.
    """

    __tablename__ = "duty_mailbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_sign: Mapped[str] = mapped_column(Text)
    station_code: Mapped[str] = mapped_column(Text)
    # Of the station, for row security.
    area_code: Mapped[Code]
    mailbox: Mapped[str] = mapped_column(Text)
    set_at: Mapped[Instant]
    # What the stream told up to and including this number is not mailed.
    since_seq: Mapped[int] = mapped_column(BigInteger)
    # After failures in a row nothing is sent before `next_at`.
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[Instant | None]

    __table_args__ = (
        Index("duty_mailbox_desk", "call_sign", "station_code", "area_code", unique=True),
    )


class DutyMail(Base):
    """One mail to a desk, and what became of it; without a case it is a test."""

    __tablename__ = "duty_mail"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("duty_mailbox.id", ondelete="CASCADE"))
    # Of the station, for row security.
    area_code: Mapped[Code]
    message_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), server_default=text("gen_random_uuid()")
    )
    seq: Mapped[int | None] = mapped_column(BigInteger)
    incident_id: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    incident_no: Mapped[int | None] = mapped_column(BigInteger)
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    # When the stream told of it: a page that was seen open since then has shown the case.
    told_at: Mapped[Instant]
    queued_at: Mapped[Instant]
    # Not before.
    due_at: Mapped[Instant]
    # Somebody has asked for it: it is sent whatever page is open.
    by_hand: Mapped[bool] = mapped_column(server_default=text("false"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    tried_at: Mapped[Instant | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[Instant | None]
    failed_at: Mapped[Instant | None]
    # Why it was not needed; with `tried_at`, when that was found.
    unneeded: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("duty_mail_waiting", "mailbox_id", "id", postgresql_where=text(UNDONE_SQL)),
        Index("duty_mail_of", "mailbox_id", "id"),
    )


class DutyMailPlace(Base):
    """Up to where the stream has been looked through for assignments: one row."""

    __tablename__ = "duty_mail_place"

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("one = 1", name="duty_mail_place_one_row"),)


class OpenPage(Base):
    """That a page is open in a role over an area, and when it was last seen so.

    By role and area, never by account. Unlogged: after a crash of the database nobody is known to
    look, until the servers say so again within seconds.
    """

    __tablename__ = "open_page"

    role: Mapped[str] = mapped_column(Text, primary_key=True)
    # Of the grant under which it is open.
    area_code: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)
    # First and last code that it watches, both inclusive.
    lo: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)
    hi: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)
    last_open_at: Mapped[Instant]

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)
