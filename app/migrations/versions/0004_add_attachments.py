"""Add the photos of cases."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("full_jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("thumb_jpeg", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attachment_case", "attachment", ["no", "added_at"])
    # A JPEG does not get smaller by compressing it once more.
    for column in ("full_jpeg", "thumb_jpeg"):
        op.execute(f"ALTER TABLE attachment ALTER COLUMN {column} SET STORAGE EXTERNAL")
