"""Add who took a step and what it said, who carries a case, and when cases close by themselves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for column in (
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("area_code", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("other_no", sa.BigInteger(), nullable=True),
    ):
        op.add_column("incident_event", column)
    op.create_index(
        "incident_event_other",
        "incident_event",
        ["other_no"],
        postgresql_where=sa.text("other_no IS NOT NULL"),
    )
    op.add_column(
        "incident", sa.Column("tier", sa.Text(), server_default=sa.text("'grid'"), nullable=False)
    )
    op.add_column("incident", sa.Column("unit_id", sa.BigInteger(), nullable=True))
    op.execute("""
        UPDATE incident i SET tier = e.tier
        FROM (SELECT DISTINCT ON (no) no, tier FROM incident_event ORDER BY no, ordinal DESC) e
        WHERE e.no = i.no AND e.tier <> 'grid'
    """)
    op.create_table(
        "closing_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("days BETWEEN 1 AND 365", name="closing_rule_days"),
        sa.CheckConstraint("prefix ~ '^([0-9]{2}){0,2}$'", name="closing_rule_prefix"),
        postgresql.ExcludeConstraint(
            (sa.column("prefix"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="closing_rule_one_at_a_time",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
