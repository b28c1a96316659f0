"""What opens contacts or the audit takes two persons, and whoever gets a password changes it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make a table and four columns; of accounts that are there, the audit says who made them."""
    op.add_column(
        "account",
        sa.Column(
            "known_to", postgresql.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")
        ),
    )
    op.add_column("account", sa.Column("release_hash", sa.LargeBinary, nullable=True))
    op.add_column(
        "account",
        sa.Column("first_password", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.add_column(
        "sign_in",
        sa.Column("by_provider", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.execute(
        "UPDATE account a SET known_to = known.admins FROM ("
        "   SELECT split_part(detail, ':', 1) AS name,"
        "       array_agg(DISTINCT account ORDER BY account) AS admins FROM audit_row"
        "   WHERE kind IN ('account_added', 'password_changed', 'account_linked')"
        "       AND account IS NOT NULL AND account <> split_part(detail, ':', 1) GROUP BY 1"
        ") known WHERE known.name = a.name AND NOT a.demo"
    )
    op.create_table(
        "identity_proposal",
        sa.Column("no", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column(
            "account_id",
            sa.BigInteger,
            sa.ForeignKey("account.id", ondelete="CASCADE"),
            nullable=True,
        ),
        sa.Column("area_code", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=True),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("password_hash", sa.Text, nullable=True),
        sa.Column("subject_hash", sa.LargeBinary, nullable=True),
        sa.Column("grants", postgresql.JSONB, nullable=True),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_how", sa.Text, nullable=True),
        sa.Column("ended_by", sa.Text, nullable=True),
    )
    op.create_index(
        "identity_proposal_waiting",
        "identity_proposal",
        ["area_code"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("identity_proposal_account", "identity_proposal", ["account_id"])
