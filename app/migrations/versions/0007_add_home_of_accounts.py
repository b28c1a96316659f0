"""Add where an account belongs, by which admins may manage it, and when it was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("account", sa.Column("area_code", sa.BigInteger(), nullable=True))
    op.add_column("account", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
