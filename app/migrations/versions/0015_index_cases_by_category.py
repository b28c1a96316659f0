"""Cases of a category, newest first; and counted in an area without reading their rows."""

from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make one index, and let the other hold the category as well."""
    op.create_index(
        "incident_category_time",
        "incident",
        ["category", "reported_at"],
        postgresql_include=["cell_code"],
    )
    op.drop_index("incident_cell_time", "incident")
    op.create_index(
        "incident_cell_time",
        "incident",
        ["cell_code", "reported_at"],
        postgresql_include=["category"],
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("incident_category_time", "incident")
    op.drop_index("incident_cell_time", "incident")
    op.create_index("incident_cell_time", "incident", ["cell_code", "reported_at"])
