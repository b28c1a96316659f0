"""An account has a second factor, and a change of many accounts says how far it is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _account() -> sa.Column[int]:
    owner = sa.ForeignKey("account.id", ondelete="CASCADE")
    return sa.Column("account_id", sa.BigInteger, owner, nullable=False)


def upgrade() -> None:
    """Make two tables; sessions that are open go on without asking for a second factor."""
    none = sa.text("'{}'")
    op.add_column(
        "sign_in",
        sa.Column("factor_roles", postgresql.ARRAY(sa.Text), nullable=False, server_default=none),
    )
    op.create_table(
        "second_factor",
        sa.Column("id", postgresql.UUID(as_uuid=True), primary_key=True),
        _account(),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False, server_default=sa.text("now()")),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("last_step", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column(
            "recovery_hashes",
            postgresql.ARRAY(sa.LargeBinary),
            nullable=False,
            server_default=none,
        ),
    )
    for name, which in (
        ("second_factor_account", "confirmed_at IS NOT NULL"),
        ("second_factor_begun", "confirmed_at IS NULL"),
    ):
        op.create_index(
            name, "second_factor", ["account_id"], unique=True, postgresql_where=sa.text(which)
        )
    op.create_table(
        "account_change",
        sa.Column("id", postgresql.UUID(as_uuid=True), primary_key=True),
        _account(),
        sa.Column("begun_at", INSTANT, nullable=False, server_default=sa.text("now()")),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("done", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("total", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("cancel_asked", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("ended_at", INSTANT, nullable=True),
    )
    op.create_index("account_change_account", "account_change", ["account_id"])


def downgrade() -> None:
    """As it was. The views over the tables are made anew with every upgrade."""
    op.execute("DROP VIEW IF EXISTS live_sign_in CASCADE")
    op.drop_table("account_change")
    op.drop_table("second_factor")
    op.drop_column("sign_in", "factor_roles")
