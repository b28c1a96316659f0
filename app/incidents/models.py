"""Incidents, their events, and the receipt by which a report is acknowledged exactly once.

`incident` and `incident_event` are partitioned by month; the partitions are made by
`ensure_months` (app/sql). Nothing here describes a resident.
"""

import uuid
from typing import Any

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant, Validity, geometry
from app.incidents.rules import Status, is_open

CLOSED = tuple(sorted(status.value for status in Status if not is_open(status)))
IS_OPEN_SQL = f"status NOT IN ({', '.join(repr(status) for status in CLOSED)})"
"""That a case is open; in a statement word for word as in the index, or the index is not used."""


class Category(Base):
    """One line of the filing standard, for as long as it is in force."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    limit_text: Mapped[str | None] = mapped_column(Text)
    valid: Mapped[Validity]

    __table_args__ = (
        ExcludeConstraint(
            ("code", "="), ("valid", "&&"), name="category_one_version_at_a_time", using="gist"
        ),
    )


class FilingLine(Base):
    """One line of the filing standard's spreadsheet, cell for cell, for as long as it is in force.

    What `category` says of codes and names follows from these lines, and so does every limit.
    """

    __tablename__ = "filing_line"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ordinal: Mapped[int]
    category: Mapped[str] = mapped_column(Text)
    sub_category: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    condition: Mapped[str] = mapped_column(Text)
    limit: Mapped[str] = mapped_column(Text)
    limit_is_text: Mapped[bool]
    unit: Mapped[str] = mapped_column(Text)
    responsible_unit: Mapped[str] = mapped_column(Text)
    closing_condition: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    valid: Mapped[Validity]

    __table_args__ = (
        ExcludeConstraint(
            ("ordinal", "="), ("valid", "&&"), name="filing_line_one_version_at_a_time",
            using="gist",
        ),
        Index("filing_line_code", "code"),
    )  # fmt: skip


class IncidentStatus(Base):
    """The states of a case and the public stage of each; written from `incidents.rules`."""

    __tablename__ = "incident_status"

    status: Mapped[str] = mapped_column(Text, primary_key=True)
    stage: Mapped[str] = mapped_column(Text)
    stage_ordinal: Mapped[int] = mapped_column(SmallInteger)
    is_open: Mapped[bool]


class ReportReceipt(Base):
    """That a report was acknowledged under its sender's id, and which body it had.

    Not partitioned: it is what makes an id unique over all months.
    """

    __tablename__ = "report_receipt"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    no: Mapped[int] = mapped_column(BigInteger)
    reported_at: Mapped[Instant]
    cell_code: Mapped[Code]

    __table_args__ = (Index("report_receipt_no", "no", unique=True),)


class Incident(Base):
    """Anything reported at a place, with its state as of its last event."""

    __tablename__ = "incident"

    reported_at: Mapped[Instant] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True))
    category: Mapped[str] = mapped_column(CHAR(4))
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    severity: Mapped[int] = mapped_column(SmallInteger)
    source: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    cell_code: Mapped[Code]
    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    # 0 for a place that was pointed at; the candidate's radius for one found by its address.
    location_uncertainty_m: Mapped[float]
    occurred_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    simulated: Mapped[bool]
    # As the log says, like `status`: who carries the case, and the unit to which it was assigned.
    tier: Mapped[str] = mapped_column(Text, server_default=text("'grid'"))
    unit_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("severity BETWEEN 1 AND 4", name="incident_severity"),
        # Both hold what the other filters by, so that counting reads no row.
        Index("incident_cell_time", "cell_code", "reported_at", postgresql_include=["category"]),
        Index(
            "incident_category_time", "category", "reported_at", postgresql_include=["cell_code"]
        ),
        Index("incident_geom", "geom", postgresql_using="gist"),
        # Scope and window in one index; see docs/decisions on row security.
        Index("incident_scope_geom", "cell_code", "geom", postgresql_using="gist"),
        Index("incident_no", "no"),
        Index("incident_open", "cell_code", postgresql_where=text(IS_OPEN_SQL)),
        {"postgresql_partition_by": "RANGE (reported_at)"},
    )


class IncidentEvent(Base):
    """One step of a case. Append-only: a trigger refuses update and delete."""

    __tablename__ = "incident_event"

    at: Mapped[Instant] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    ordinal: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    tier: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    # That of its case as it lies now: row security must not have to look it up.
    cell_code: Mapped[Code]
    # The cell that the case left, where boundaries were redrawn under it.
    from_cell: Mapped[int | None] = mapped_column(BigInteger)
    # Who took it: the post's account, its role, the area of the grant under which it acted. All
    # empty for what a program did.
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str | None] = mapped_column(Text)
    area_code: Mapped[int | None] = mapped_column(BigInteger)
    # Name of the key by which a program took it.
    program: Mapped[str | None] = mapped_column(Text)
    # What the step said: to which unit, until when, with which outcome, which other case.
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    until: Mapped[Instant | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    other_no: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index("incident_event_case", "no", "ordinal"),
        Index("incident_event_other", "other_no",
              postgresql_where=text("other_no IS NOT NULL")),
        Index("incident_event_rezoned", "no", "at",
              postgresql_where=text("from_cell IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (at)"},
    )  # fmt: skip


class ClosingRule(Base):
    """After how many days a case that passed its check closes by itself.

    `prefix`: none, two or four digits of the filing standard; the longest that fits holds.
    """

    __tablename__ = "closing_rule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    prefix: Mapped[str] = mapped_column(Text)
    days: Mapped[int]
    valid: Mapped[Validity]

    __table_args__ = (
        CheckConstraint("days BETWEEN 1 AND 365", name="closing_rule_days"),
        CheckConstraint("prefix ~ '^([0-9]{2}){0,2}$'", name="closing_rule_prefix"),
        ExcludeConstraint(
            ("prefix", "="), ("valid", "&&"), name="closing_rule_one_at_a_time", using="gist"
        ),
    )


class TakenDays(Base):
    """The text of the city's file of working days with a year that was taken, until it is in the
    file (incidents/calendar)."""

    __tablename__ = "taken_days"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    year: Mapped[int]
    content: Mapped[str] = mapped_column(Text)


class Attachment(Base):
    """A photo of a case, as we have drawn it anew: nothing of the sender's file is kept.

    In the database, not beside it: every process, the standby and every backup has it, it is
    written and goes with its row, and row security holds for it, too.
    """

    __tablename__ = "attachment"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger)
    # That of its case: row security must not have to look it up.
    cell_code: Mapped[Code]
    kind: Mapped[str] = mapped_column(Text)
    width: Mapped[int]
    height: Mapped[int]
    added_at: Mapped[Instant]
    full_jpeg: Mapped[bytes] = mapped_column(LargeBinary)
    thumb_jpeg: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("attachment_case", "no", "added_at"),)
