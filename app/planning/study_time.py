"""The time that studies of a plan look at."""

from datetime import timedelta

from app.planning.drafts import Draft
from app.planning.models import Plan
from app.planning.study_queries import Period

WEEKS = 52


def period_before(plan: Plan) -> Period:
    """The whole weeks before the boundaries from which a plan began."""
    return Period(plan.base_at - timedelta(weeks=WEEKS), plan.base_at)


def communities_of(draft: Draft) -> tuple[int, int]:
    """First and last code of a draft's communities."""
    return int(draft.units.community_code[0]), int(draft.units.community_code[-1])
