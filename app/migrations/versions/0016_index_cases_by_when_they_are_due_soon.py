"""Cases that are overdue or due soon are counted by an index; clocks of now in memory."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

RUNS = sa.text("started_at IS NOT NULL AND ended_at IS NULL")


def upgrade() -> None:
    """One index for another."""
    op.create_index(
        "case_now_soon",
        "case_now",
        ["soon_at"],
        postgresql_include=["cell_code", "due_at"],
        postgresql_where=RUNS,
    )
    op.drop_index("case_now_clock", "case_now")


def downgrade() -> None:
    """As it was."""
    op.create_index(
        "case_now_clock",
        "case_now",
        ["cell_code", "due_at", "soon_at"],
        postgresql_include=["raw_due_at", "paused_until", "limit_unit", "provisional"],
        postgresql_where=RUNS,
    )
    op.drop_index("case_now_soon", "case_now")
