"""What the key of a program opens and how often, what was done by it, and which cases it filed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add rights and a limit to keys, the use of keys, and the program of a step."""
    op.add_column(
        "api_key",
        sa.Column("rights", sa.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{warn}'")),
    )
    op.add_column(
        "api_key",
        sa.Column("per_minute", sa.Integer, nullable=False, server_default=sa.text("600")),
    )
    op.add_column("api_key", sa.Column("minute", sa.DateTime(timezone=True)))
    op.add_column(
        "api_key", sa.Column("used", sa.Integer, nullable=False, server_default=sa.text("0"))
    )
    op.create_check_constraint("api_key_per_minute", "api_key", "per_minute > 0")
    op.create_table(
        "key_use",
        sa.Column("key_id", sa.BigInteger, sa.ForeignKey("api_key.id"), primary_key=True),
        sa.Column("used_on", sa.Date, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("times", sa.BigInteger, nullable=False),
    )
    op.add_column("incident_event", sa.Column("program", sa.Text))


def downgrade() -> None:
    """As it was."""
    op.drop_column("incident_event", "program")
    op.drop_table("key_use")
    op.drop_constraint("api_key_per_minute", "api_key")
    for column in ("used", "minute", "per_minute", "rights"):
        op.drop_column("api_key", column)
