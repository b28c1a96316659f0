"""Add tables of joint mediation, of anti-fraud warnings, and keys of programs."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _add_keys()
    _add_mediation()
    _add_warnings()


def _number() -> "sa.Column[Any]":
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _instant(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _who() -> "list[sa.Column[Any]]":
    return [
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("area_code", sa.BigInteger(), nullable=True),
    ]


def _add_keys() -> None:
    op.create_table(
        "api_key",
        _number(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
        _instant("created_at"),
        _instant("used_at", nullable=True),
        _instant("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("api_key_hash", "api_key", ["key_hash"], unique=True)
    op.create_index(
        "api_key_name", "api_key", ["name"], unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )  # fmt: skip


def _add_mediation() -> None:
    op.create_table(
        "room",
        _number(),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seats", sa.SmallInteger(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("seats BETWEEN 2 AND 500", name="room_seats"),
        postgresql.ExcludeConstraint(
            (sa.column("station_code"), "="), (sa.column("name"), "="), (sa.column("valid"), "&&"),
            using="gist", name="room_one_version_at_a_time",
        ),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_table(
        "mediation",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        _instant("opened_at"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("mediation_scope", "mediation", ["cell_code", "opened_at"])
    op.create_index(
        "mediation_one_open", "mediation", ["no"], unique=True,
        postgresql_where=sa.text("state IN ('called', 'scheduled', 'met')"),
    )  # fmt: skip
    op.create_table(
        "mediation_event",
        sa.Column("mediation_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        _instant("at"),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        *_who(),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        _instant("starts_at", nullable=True),
        _instant("ends_at", nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("amount_yuan", sa.Numeric(12, 2), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("performance", sa.Text(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["mediation_id"], ["mediation.id"]),
        sa.PrimaryKeyConstraint("mediation_id", "ordinal"),
    )
    op.create_table(
        "meeting_booking",
        _number(),
        sa.Column("mediation_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint(
            "(room_id IS NULL) <> (unit_id IS NULL)", name="meeting_booking_of_one"
        ),
        postgresql.ExcludeConstraint(
            (sa.column("room_id"), "="), (sa.column("during"), "&&"),
            using="gist", name="meeting_booking_room",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("unit_id"), "="), (sa.column("during"), "&&"),
            using="gist", name="meeting_booking_unit",
        ),
        sa.ForeignKeyConstraint(["mediation_id"], ["mediation.id"]),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index("meeting_booking_mediation", "meeting_booking", ["mediation_id"])


def _add_warnings() -> None:
    op.create_table(
        "warning",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        _instant("detected_at"),
        _instant("dispatched_at"),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told_level", sa.Text(), nullable=False),
        sa.CheckConstraint("urgency BETWEEN 1 AND 3", name="warning_urgency"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("warning_no", "warning", ["no"], unique=True)
    op.create_index("warning_scope", "warning", ["cell_code", "dispatched_at"])
    op.create_index(
        "warning_runs", "warning", ["dispatched_at"],
        postgresql_where=sa.text("state IN ('dispatched', 'called', 'departed')"),
    )  # fmt: skip
    op.create_table(
        "warning_event",
        sa.Column("warning_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        _instant("at"),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        *_who(),
        sa.ForeignKeyConstraint(["warning_id"], ["warning.id"]),
        sa.PrimaryKeyConstraint("warning_id", "ordinal"),
    )
    op.create_table(
        "visit_rule",
        _number(),
        sa.Column("visit_min", sa.Integer(), nullable=False),
        sa.Column("climb_min", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("visit_min BETWEEN 1 AND 1440", name="visit_rule_visit"),
        sa.CheckConstraint("climb_min BETWEEN 1 AND 1440", name="visit_rule_climb"),
        postgresql.ExcludeConstraint(
            (sa.column("valid"), "&&"), using="gist", name="visit_rule_one_at_a_time"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    # 1 + 10 + 112: a visit within 30 minutes of dispatch.
    op.execute("INSERT INTO visit_rule (visit_min, climb_min, valid)"
               " VALUES (30, 30, '[2000-01-01 00:00+00,)')")  # fmt: skip
