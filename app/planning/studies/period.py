"""The time that studies of a plan look at."""

from datetime import timedelta

from app.planning.drafts.case_queries import Period
from app.planning.models import Plan

WEEKS = 52


def period_before(plan: Plan) -> Period:
    """The whole weeks before the boundaries from which a plan began."""
    return Period(plan.base_at - timedelta(weeks=WEEKS), plan.base_at)
