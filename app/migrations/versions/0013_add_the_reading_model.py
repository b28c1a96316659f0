"""Add the reading model: open cases as they stand, and as they stood."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SPAN_CLASS = (
    "width_bucket(until - since, '{1 hour,4 hours,16 hours,64 hours,256 hours,1024 hours,"
    "4096 hours,16384 hours,65536 hours}'::interval[])"
)
RUNS = sa.text("started_at IS NOT NULL AND ended_at IS NULL")


def upgrade() -> None:
    """Apply. The rows are written from the log by `city.prepare_database`, after the upgrade."""
    op.add_column("incident_event", sa.Column("from_cell", sa.BigInteger(), nullable=True))
    op.create_index(
        "incident_event_rezoned", "incident_event", ["no", "at"],
        postgresql_where=sa.text("from_cell IS NOT NULL"),
    )  # fmt: skip
    _now()
    _past()


def _now() -> None:
    op.create_table(
        "case_now",
        sa.Column("no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.CHAR(4), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("held_since", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("limit_thousandths", sa.Integer(), nullable=True),
        sa.Column("limit_unit", sa.SmallInteger(), nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("raw_due_at", INSTANT, nullable=True),
        sa.Column("soon_at", INSTANT, nullable=True),
        sa.Column("extensions", sa.SmallInteger(), nullable=False),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("resumes_at", INSTANT, nullable=True),
        sa.Column("resumes_as", sa.SmallInteger(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("waits_leaders", sa.SmallInteger(), nullable=False),
        sa.Column("waits_responders", sa.SmallInteger(), nullable=False),
        sa.Column("waits_grid", sa.SmallInteger(), nullable=False),
        sa.Column("waits_chiefs", sa.SmallInteger(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("no"),
        postgresql_with={"fillfactor": 60, "autovacuum_vacuum_scale_factor": 0.05},
    )
    op.create_index(
        "case_now_clock", "case_now", ["cell_code", "due_at", "soon_at"],
        postgresql_include=["raw_due_at", "paused_until", "limit_unit", "provisional"],
        postgresql_where=RUNS,
    )  # fmt: skip
    op.create_index(
        "case_now_due", "case_now", ["due_at", "no"],
        postgresql_include=["cell_code", "soon_at"], postgresql_where=RUNS,
    )  # fmt: skip
    for name in ("leaders", "responders", "chiefs"):
        op.create_index(
            f"case_now_{name}", "case_now", [f"waits_{name}", "cell_code"],
            postgresql_where=sa.text(f"waits_{name} > 0"),
        )  # fmt: skip
    op.create_index(
        "case_now_grid", "case_now", ["cell_code"], postgresql_where=sa.text("waits_grid > 0")
    )
    op.create_index(
        "case_now_resumes", "case_now", ["resumes_at"],
        postgresql_where=sa.text("resumes_at IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "case_now_provisional", "case_now", ["no"], postgresql_where=sa.text("provisional")
    )


def _past() -> None:
    op.create_table(
        "case_past",
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("held_since", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("raw_due_at", INSTANT, nullable=True),
        sa.Column("soon_at", INSTANT, nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("resumes_at", INSTANT, nullable=True),
        sa.Column("limit_thousandths", sa.Integer(), nullable=True),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("limit_unit", sa.SmallInteger(), nullable=True),
        sa.Column("extensions", sa.SmallInteger(), nullable=False),
        sa.Column("resumes_as", sa.SmallInteger(), nullable=True),
        sa.Column("span_class", sa.SmallInteger(), sa.Computed(SPAN_CLASS, persisted=True)),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("category", sa.CHAR(4), nullable=False),
    )
    op.create_index("case_past_held_at", "case_past", ["span_class", "since"])
    op.create_index(
        "case_past_no", "case_past", ["no"], postgresql_using="brin",
        postgresql_with={"pages_per_range": 16},
    )  # fmt: skip


def downgrade() -> None:
    """Forget the reading model; the log stays."""
    op.drop_table("case_past")
    op.drop_table("case_now")
    op.drop_index("incident_event_rezoned", table_name="incident_event")
    op.drop_column("incident_event", "from_cell")
