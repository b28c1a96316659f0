"""The areas around a cell are found out of one array of codes."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add an index."""
    op.create_index("area_code", "area", ["code"])


def downgrade() -> None:
    """As it was."""
    op.drop_index("area_code", "area")
