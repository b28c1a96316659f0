"""Publish what is committed, in the order of its ids: no transaction holds back another's events."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_index("outbox_order", table_name="outbox")
    op.drop_column("outbox", "txid")
