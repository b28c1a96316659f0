"""An account is found by a provider's subject, of which a hash is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column and its index."""
    op.add_column("account", sa.Column("subject_hash", sa.LargeBinary(), nullable=True))
    op.create_index("account_subject", "account", ["subject_hash"], unique=True)


def downgrade() -> None:
    """As it was."""
    op.drop_index("account_subject", "account")
    op.drop_column("account", "subject_hash")
