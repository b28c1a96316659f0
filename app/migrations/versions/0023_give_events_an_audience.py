"""Each event says of what it tells; who may list that may hear of it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

FILL = """
UPDATE {} SET audience = CASE split_part(topic, '.', 1)
    WHEN 'incident' THEN 'cases' WHEN 'warning' THEN 'warnings' WHEN 'mediation' THEN 'mediation'
    ELSE 'everyone' END
"""


def upgrade() -> None:
    """Add a column to both tables of events, and fill it by the topic."""
    for table in ("outbox", "stream_event"):
        op.add_column(table, sa.Column("audience", sa.Text(), nullable=True))
        op.execute(FILL.format(table))
        op.alter_column(table, "audience", nullable=False)


def downgrade() -> None:
    """As it was."""
    for table in ("outbox", "stream_event"):
        op.drop_column(table, "audience")
