"""Give base units a history, and add plans."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CODES = postgresql.ARRAY(sa.BigInteger())


def upgrade() -> None:
    """Apply."""
    _history_of_units()
    _history_of_shapes()
    _plans()
    _parts_of_plans()
    _jobs()


def _history_of_units() -> None:
    op.drop_constraint("base_unit_pkey", "base_unit", type_="primary")
    op.add_column("base_unit", sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_primary_key("base_unit_pkey", "base_unit", ["id"])
    op.create_index(
        "base_unit_in_force", "base_unit", ["unit_id"], unique=True,
        postgresql_where=sa.text("upper_inf(valid)"),
    )  # fmt: skip
    op.create_index("base_unit_unit", "base_unit", ["unit_id"])
    op.create_index("base_unit_community", "base_unit", ["community_code"])


def _history_of_shapes() -> None:
    op.drop_constraint("area_shape_pkey", "area_shape", type_="primary")
    op.create_primary_key("area_shape_pkey", "area_shape", ["area_id", "zoom", "valid"])


def _plans() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("base_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("editors", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("model", postgresql.JSONB(), nullable=False),
        sa.Column("publish_on", sa.Date(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("boundary_version", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'approved', 'published', 'withdrawn')",
            name="plan_state",
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["plan.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("plan_area", "plan", ["area_code"])
    op.create_table(
        "plan_step",
        *_numbered_key(),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_of_plan("no"),
    )


def _parts_of_plans() -> None:
    op.create_table(
        "plan_move",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("community_code", sa.BigInteger(), nullable=False),
        sa.Column("base_cell", sa.BigInteger(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        *_of_plan("unit_id"),
    )
    op.create_index("plan_move_community", "plan_move", ["plan_id", "community_code"])
    op.create_table(
        "plan_edit",
        *_numbered_key(),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("unit_ids", CODES, nullable=False),
        sa.Column("before", CODES, nullable=False),
        sa.Column("after", CODES, nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        *_of_plan("no"),
    )
    op.create_table(
        "plan_lock",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("locked_code", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        *_of_plan("locked_code"),
    )
    op.create_table(
        "plan_comment",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("plan_comment_plan", "plan_comment", ["plan_id"])


def _jobs() -> None:
    op.create_table(
        "plan_job",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("objective", sa.Float(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('balance', 'replay', 'forecast')", name="plan_job_kind"),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="plan_job_state"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("plan_job_plan", "plan_job", ["plan_id"])


def _numbered_key() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
    )


def _of_plan(second: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", second),
    )
