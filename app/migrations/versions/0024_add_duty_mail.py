"""Mailboxes of desks, what was mailed to them, and which pages are open."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make four tables."""
    op.create_table(
        "duty_mailbox",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("call_sign", sa.Text, nullable=False),
        sa.Column("station_code", sa.Text, nullable=False),
        sa.Column("area_code", sa.BigInteger, nullable=False),
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.Column("since_seq", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("next_at", INSTANT),
    )
    op.create_index(
        "duty_mailbox_desk",
        "duty_mailbox",
        ["call_sign", "station_code", "area_code"],
        unique=True,
    )
    op.create_table(
        "duty_mail",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column(
            "mailbox_id",
            sa.BigInteger,
            sa.ForeignKey("duty_mailbox.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("area_code", sa.BigInteger, nullable=False),
        sa.Column(
            "message_id",
            postgresql.UUID(as_uuid=True),
            nullable=False,
            server_default=sa.text("gen_random_uuid()"),
        ),
        sa.Column("seq", sa.BigInteger),
        sa.Column("incident_id", postgresql.UUID(as_uuid=True)),
        sa.Column("incident_no", sa.BigInteger),
        sa.Column("unit_id", sa.BigInteger),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("tried_at", INSTANT),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
        sa.Column("sent_at", INSTANT),
        sa.Column("failed_at", INSTANT),
        sa.Column("unneeded", sa.Text),
    )
    op.create_index(
        "duty_mail_waiting",
        "duty_mail",
        ["mailbox_id", "id"],
        postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL AND unneeded IS NULL"),
    )
    op.create_index("duty_mail_of", "duty_mail", ["mailbox_id", "id"])
    op.create_table(
        "duty_mail_place",
        sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.CheckConstraint("one = 1", name="duty_mail_place_one_row"),
    )
    op.execute("INSERT INTO duty_mail_place (one, seq) VALUES (1, 0)")
    op.create_table(
        "open_page",
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("area_code", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("lo", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hi", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last_open_at", INSTANT, nullable=False),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    """As it was."""
    for table in ("open_page", "duty_mail_place", "duty_mail", "duty_mailbox"):
        op.drop_table(table)
