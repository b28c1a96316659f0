"""Warnings, their log, and the rule by which their timer runs.

A warning is a case of its own (category 11xx); where it is stands in the case alone, and is
coarsened there when the case closes. Of whoever is warned nothing is kept.
"""

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
from sqlalchemy.dialects.postgresql import UUID, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant, Validity

RUNS_SQL = "state IN ('dispatched', 'called', 'departed')"
"""That nobody has visited yet; in a statement word for word as in the index."""


class FraudWarning(Base):
    """A warning, with its state as of its last event."""

    __tablename__ = "warning"

    # The UUID under which it was sent: that of its case.
    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger)
    # That of its case: row security must not have to look it up.
    cell_code: Mapped[Code]
    urgency: Mapped[int] = mapped_column(SmallInteger)
    detected_at: Mapped[Instant]
    dispatched_at: Mapped[Instant]
    station_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    # Up to where the stream was told that it climbed; where it stands follows from the log.
    told_level: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("urgency BETWEEN 1 AND 3", name="warning_urgency"),
        Index("warning_no", "no", unique=True),
        Index("warning_scope", "cell_code", "dispatched_at"),
        Index("warning_runs", "dispatched_at", postgresql_where=text(RUNS_SQL)),
    )


class WarningEvent(Base):
    """What was done about a warning. Append-only: a trigger refuses update and delete."""

    __tablename__ = "warning_event"

    warning_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey("warning.id"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    step: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    cell_code: Mapped[Code]
    # Who did it, as in `incident_event`.
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str | None] = mapped_column(Text)
    area_code: Mapped[int | None] = mapped_column(BigInteger)


class VisitRule(Base):
    """How long a visit may take from dispatch, and after how long more it climbs another tier."""

    __tablename__ = "visit_rule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    visit_min: Mapped[int]
    climb_min: Mapped[int]
    valid: Mapped[Validity]

    __table_args__ = (
        CheckConstraint("visit_min BETWEEN 1 AND 1440", name="visit_rule_visit"),
        CheckConstraint("climb_min BETWEEN 1 AND 1440", name="visit_rule_climb"),
        ExcludeConstraint(("valid", "&&"), name="visit_rule_one_at_a_time", using="gist"),
    )
