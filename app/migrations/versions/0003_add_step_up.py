"""Add until when a session may reach what is protected (step-up)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "sign_in", sa.Column("stepped_up_until", sa.DateTime(timezone=True), nullable=True)
    )
