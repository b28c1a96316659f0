"""Publishing may be long work, too."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('balance', 'replay', 'forecast')"
AFTER = "kind IN ('balance', 'replay', 'forecast', 'publish')"


def upgrade() -> None:
    """Allow the kind."""
    _hold(AFTER)


def downgrade() -> None:
    """Forget the jobs of the kind, and the kind."""
    op.execute("DELETE FROM plan_job WHERE kind = 'publish'")
    _hold(BEFORE)


def _hold(condition: str) -> None:
    op.drop_constraint("plan_job_kind", "plan_job", type_="check")
    op.create_check_constraint("plan_job_kind", "plan_job", condition)
