"""A session has a number and a label, and says how long it goes on unused."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ADDED = ("unused_for", "idle_after", "label", "id")


def upgrade() -> None:
    """Add four columns and an index."""
    number = sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)
    op.add_column("sign_in", number)
    op.add_column("sign_in", sa.Column("label", sa.Text(), nullable=True))
    for name, usual in (("idle_after", "'15 minutes'"), ("unused_for", "'12 hours'")):
        lasting = sa.Interval()
        op.add_column(
            "sign_in", sa.Column(name, lasting, nullable=False, server_default=sa.text(usual))
        )
    op.create_index("sign_in_id", "sign_in", ["id"], unique=True)


def downgrade() -> None:
    """As it was. The views over the table are made anew with every upgrade."""
    op.execute("DROP VIEW IF EXISTS live_sign_in CASCADE")
    op.drop_index("sign_in_id", "sign_in")
    for name in ADDED:
        op.drop_column("sign_in", name)
