"""In which cell a point lies, by an index of the cells alone."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make one index."""
    op.create_index(
        "area_cell_geom",
        "area",
        ["geom"],
        postgresql_using="gist",
        postgresql_where=sa.text("level = 'cell'"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("area_cell_geom", "area")
