"""The reading model: `case_now` of the open cases, `case_past` of every minute before.

The log (`incident_event`) is the truth. A row here says what the log says from one event to the
next (`rules.Reading`), so that lists and counts are index scans. Closed cases have no row for the
time in which they are closed. States, tiers and time units stand as numbers: comparisons of
integers and instants may use an index under row security, those of enums may not.
"""

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant

SPAN_CLASS = (
    "width_bucket(until - since, '{1 hour,4 hours,16 hours,64 hours,256 hours,1024 hours,"
    "4096 hours,16384 hours,65536 hours}'::interval[])"
)
"""0 for rows that hold less than an hour, 1 for less than 4, then 16, … hours: what held at an
instant began less than that before it, which makes "held at" nine short scans of one index."""
SPAN_CLASSES = 9
"""The last class: everything longer."""


class CaseNow(Base):
    """An open case as it stands since its last event (`rules.Reading`), and for whom it waits.

    `waits_…`: the tiers whose leaders, responders or chiefs, and whether grid workers, have
    something to do (`who_may.Waiting`); 0 for none. With `resumes_at` they hold from then on, but
    for that of chiefs. `asked_by`: the account that has asked for all that chiefs have to decide,
    and does not decide it itself.
    """

    __tablename__ = "case_now"

    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reported_at: Mapped[Instant]
    since: Mapped[Instant]
    version: Mapped[int] = mapped_column(SmallInteger)
    cell_code: Mapped[Code]
    category: Mapped[str] = mapped_column(CHAR(4))
    status: Mapped[int] = mapped_column(SmallInteger)
    tier: Mapped[int] = mapped_column(SmallInteger)
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    held_since: Mapped[Instant]
    started_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    limit_thousandths: Mapped[int | None] = mapped_column(Integer)
    limit_unit: Mapped[int | None] = mapped_column(SmallInteger)
    due_at: Mapped[Instant | None]
    # Where it differs from `due_at` only.
    raw_due_at: Mapped[Instant | None]
    soon_at: Mapped[Instant | None]
    extensions: Mapped[int] = mapped_column(SmallInteger)
    paused_until: Mapped[Instant | None]
    resumes_at: Mapped[Instant | None]
    resumes_as: Mapped[int | None] = mapped_column(SmallInteger)
    provisional: Mapped[bool]
    waits_leaders: Mapped[int] = mapped_column(SmallInteger)
    waits_responders: Mapped[int] = mapped_column(SmallInteger)
    waits_grid: Mapped[int] = mapped_column(SmallInteger)
    waits_chiefs: Mapped[int] = mapped_column(SmallInteger)
    asked_by: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index(
            "case_now_due", "due_at", "no", postgresql_include=["cell_code", "soon_at"],
            postgresql_where=text("started_at IS NOT NULL AND ended_at IS NULL"),
        ),
        # Overdue, or due soon: counted without reading rows.
        Index(
            "case_now_soon", "soon_at", postgresql_include=["cell_code", "due_at"],
            postgresql_where=text("started_at IS NOT NULL AND ended_at IS NULL"),
        ),
        Index("case_now_leaders", "waits_leaders", "cell_code",
              postgresql_where=text("waits_leaders > 0")),
        Index("case_now_responders", "waits_responders", "cell_code",
              postgresql_where=text("waits_responders > 0")),
        Index("case_now_grid", "cell_code", postgresql_where=text("waits_grid > 0")),
        Index("case_now_chiefs", "waits_chiefs", "cell_code",
              postgresql_where=text("waits_chiefs > 0")),
        Index("case_now_resumes", "resumes_at", postgresql_where=text("resumes_at IS NOT NULL")),
        Index("case_now_provisional", "no", postgresql_where=text("provisional")),
        # Rows are changed at every step of a case and there are few: room for the next version
        # beside the last, and vacuum early.
        {"postgresql_with": {"fillfactor": 60, "autovacuum_vacuum_scale_factor": 0.05}},
    )  # fmt: skip


CASE_PAST = Table(
    "case_past",
    Base.metadata,
    Column("no", BigInteger, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("cell_code", BigInteger, nullable=False),
    Column("unit_id", BigInteger),
    Column("held_since", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("raw_due_at", DateTime(timezone=True)),
    Column("soon_at", DateTime(timezone=True)),
    Column("paused_until", DateTime(timezone=True)),
    Column("resumes_at", DateTime(timezone=True)),
    Column("limit_thousandths", Integer),
    Column("version", SmallInteger, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("tier", SmallInteger, nullable=False),
    Column("limit_unit", SmallInteger),
    Column("extensions", SmallInteger, nullable=False),
    Column("resumes_as", SmallInteger),
    Column("span_class", SmallInteger, Computed(SPAN_CLASS, persisted=True)),
    Column("provisional", Boolean, nullable=False),
    Column("category", CHAR(4), nullable=False),
    Index("case_past_held_at", "span_class", "since"),
    Index("case_past_no", "no", postgresql_using="brin",
          postgresql_with={"pages_per_range": 16}),
)  # fmt: skip
"""A case as it stood from one event to the next, which happened at `until`; rows of no length are
left out. Rows are written once, about in the order of `no`, so a block range index finds those of a
case: a primary key would take a third as much room as the rows."""
