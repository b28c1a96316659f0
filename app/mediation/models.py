"""Mediations, their log, the rooms in which people meet, and what is taken when.

A table has the duty units that were called in; of the parties to a dispute nothing is kept.
"""

import uuid
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, UUID, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant, Validity
from app.mediation.rules import STANDING

STANDS_SQL = f"state IN ({', '.join(repr(state.value) for state in STANDING)})"
"""That people still come to a table; in a statement word for word as in the index."""


class Room(Base):
    """A room of a station in which people can meet."""

    __tablename__ = "room"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    # By code, not number: a station that is drawn anew keeps its rooms.
    station_code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    seats: Mapped[int] = mapped_column(SmallInteger)
    valid: Mapped[Validity]

    __table_args__ = (
        CheckConstraint("seats BETWEEN 2 AND 500", name="room_seats"),
        ExcludeConstraint(
            ("station_code", "="), ("name", "="), ("valid", "&&"),
            name="room_one_version_at_a_time", using="gist",
        ),
    )  # fmt: skip


class Mediation(Base):
    """The mediation of one dispute, with its state as of its last event."""

    __tablename__ = "mediation"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger)
    # That of its case: row security must not have to look it up.
    cell_code: Mapped[Code]
    opened_at: Mapped[Instant]
    state: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("mediation_scope", "cell_code", "opened_at"),
        Index("mediation_one_open", "no", unique=True, postgresql_where=text(STANDS_SQL)),
    )


class MediationEvent(Base):
    """What was done at a table. Append-only: a trigger refuses update and delete."""

    __tablename__ = "mediation_event"

    mediation_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey("mediation.id"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    what: Mapped[str] = mapped_column(Text)
    cell_code: Mapped[Code]
    # Who did it, as in `incident_event`.
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str | None] = mapped_column(Text)
    area_code: Mapped[int | None] = mapped_column(BigInteger)
    # What it said.
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    answer: Mapped[str | None] = mapped_column(Text)
    room_id: Mapped[int | None] = mapped_column(BigInteger)
    starts_at: Mapped[Instant | None]
    ends_at: Mapped[Instant | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    terms: Mapped[str | None] = mapped_column(Text)
    amount_yuan: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    due_on: Mapped[date | None]
    performance: Mapped[str | None] = mapped_column(Text)
    satisfaction: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class MeetingBooking(Base):
    """A room, or a unit, that is taken for a meeting; constraints let nothing be taken twice."""

    __tablename__ = "meeting_booking"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mediation_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), ForeignKey("mediation.id"))
    cell_code: Mapped[Code]
    room_id: Mapped[int | None] = mapped_column(BigInteger)
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)

    __table_args__ = (
        CheckConstraint("(room_id IS NULL) <> (unit_id IS NULL)", name="meeting_booking_of_one"),
        ExcludeConstraint(
            ("room_id", "="), ("during", "&&"), name="meeting_booking_room", using="gist"
        ),
        ExcludeConstraint(
            ("unit_id", "="), ("during", "&&"), name="meeting_booking_unit", using="gist"
        ),
        Index("meeting_booking_mediation", "mediation_id"),
    )
