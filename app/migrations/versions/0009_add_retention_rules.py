"""Add how long what is protected is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "retention_rule",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("days BETWEEN 1 AND 3650", name="retention_rule_days"),
        sa.PrimaryKeyConstraint("what"),
    )
    op.execute(
        "INSERT INTO retention_rule (what, days) VALUES ('contact', 90), ('photo', 180),"
        " ('text', 730), ('session', 1), ('sign_in_failure', 1)"
    )
