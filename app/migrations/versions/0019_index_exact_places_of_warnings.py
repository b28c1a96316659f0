"""What the stream has told of the exact places of warnings, found without reading all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make one small index."""
    op.create_index(
        "stream_event_exact_warning",
        "stream_event",
        [sa.text("(payload ->> 'no')")],
        postgresql_where=sa.text(
            "payload ? 'lon' AND coalesce(payload ->> 'category', '11') LIKE '11%'"
        ),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("stream_event_exact_warning", "stream_event")
