"""Base units, the building plots of which cells are drawn, and plans: other cells for them."""

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant, Validity, geometry
from app.planning.rules import JobKind, JobState, PlanState


def _one_of(column: str, words: type[PlanState | JobKind | JobState]) -> str:
    return f"{column} IN ({', '.join(repr(word.value) for word in words)})"


def _plan_key() -> Mapped[int]:
    return mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)


class BaseUnit(Base):
    """One building plot, and the cell to which it belongs for a time."""

    __tablename__ = "base_unit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[Code]
    community_code: Mapped[Code]
    cell_code: Mapped[Code]
    households: Mapped[float]
    # Cases expected in a year.
    incidents: Mapped[float]
    street_block: Mapped[Code]
    locked: Mapped[bool]
    geom: Mapped[Any] = mapped_column(geometry("POLYGON"))
    valid: Mapped[Validity]

    __table_args__ = (
        # At most one row of a unit is in force. (An exclusion over all ranges costs 140,000 units
        # three seconds, and what is closed is closed at an instant that has passed.)
        Index(
            "base_unit_in_force", "unit_id", unique=True,
            postgresql_where=text("upper_inf(valid)"),
        ),
        Index("base_unit_unit", "unit_id"),
        Index("base_unit_community", "community_code"),
        Index("base_unit_cell", "cell_code"),
        Index("base_unit_geom", "geom", postgresql_using="gist"),
    )  # fmt: skip


class Plan(Base):
    """A branch from the boundaries of an instant: the units that it gives to other cells."""

    __tablename__ = "plan"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    # Nothing outside this area is changed by the plan.
    area_code: Mapped[Code]
    title: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id", ondelete="SET NULL"))
    # The boundaries in force at this instant are those that it changes.
    base_at: Mapped[Instant]
    state: Mapped[str] = mapped_column(Text)
    # Counts every change: the validator that a change must name.
    revision: Mapped[int]
    # Accounts: of whoever began it, and of everybody who changed it. None of them may approve it.
    author: Mapped[str] = mapped_column(Text)
    editors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # What makes work, as `geodata.rebalance.workload` reads it.
    model: Mapped[dict[str, Any]] = mapped_column(JSONB)
    publish_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    published_at: Mapped[Instant | None]
    boundary_version: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint(_one_of("state", PlanState), name="plan_state"),
        Index("plan_area", "area_code"),
    )


class PlanMove(Base):
    """A unit that lies in another cell in the plan than in its base."""

    __tablename__ = "plan_move"

    plan_id: Mapped[int] = _plan_key()
    unit_id: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)
    area_code: Mapped[Code]
    community_code: Mapped[Code]
    base_cell: Mapped[Code]
    cell_code: Mapped[Code]

    __table_args__ = (Index("plan_move_community", "plan_id", "community_code"),)


class PlanEdit(Base):
    """What was changed at once, so that it can be undone at once."""

    __tablename__ = "plan_edit"

    plan_id: Mapped[int] = _plan_key()
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    area_code: Mapped[Code]
    at: Mapped[Instant]
    account: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    # Three columns side by side: units, their cells before and after.
    unit_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    before: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    after: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    undone: Mapped[bool]


class PlanLock(Base):
    """A cell, or every cell of a larger area, that the plan must leave as it is."""

    __tablename__ = "plan_lock"

    plan_id: Mapped[int] = _plan_key()
    locked_code: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)
    area_code: Mapped[Code]


class PlanComment(Base):
    """What somebody says about a place in a plan."""

    __tablename__ = "plan_comment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    area_code: Mapped[Code]
    at: Mapped[Instant]
    account: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    resolved_at: Mapped[Instant | None]

    __table_args__ = (Index("plan_comment_plan", "plan_id"),)


class PlanStep(Base):
    """A step of a plan's life."""

    __tablename__ = "plan_step"

    plan_id: Mapped[int] = _plan_key()
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    area_code: Mapped[Code]
    at: Mapped[Instant]
    account: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class PlanJob(Base):
    """Long work on a plan: balancing it, or trying it on the cases of the past."""

    __tablename__ = "plan_job"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    area_code: Mapped[Code]
    kind: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    # Of `total` parts so many are done; both 0 until it is known.
    done: Mapped[int]
    total: Mapped[int]
    # The best found so far, in the objective's own unit; lower is better.
    objective: Mapped[float | None]
    message: Mapped[str] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    account: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    cancel_asked: Mapped[bool]

    __table_args__ = (
        CheckConstraint(_one_of("kind", JobKind), name="plan_job_kind"),
        CheckConstraint(_one_of("state", JobState), name="plan_job_state"),
        Index("plan_job_plan", "plan_id"),
    )
