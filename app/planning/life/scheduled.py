"""Publishing plans on the day for which they are set; visible in their log where that fails."""

from dataclasses import dataclass
from datetime import date, datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.core.clock import CITY_ZONE
from app.core.db import reading, writing
from app.core.errors import Problem
from app.places import versions
from app.planning import queries
from app.planning.life import publishing, steps
from app.planning.models import Plan
from app.planning.rules import PlanNote, PlanState

log = structlog.get_logger()


@dataclass(frozen=True)
class PublishReport:
    """How many plans were put into force, and how many could not be."""

    published: int
    failed: int


def publish_due(engine: Engine, now: datetime) -> PublishReport:
    """Publish every plan whose day has begun, the earliest first, each by itself.

    One that no longer fits (`plan-behind`) stays approved, and is set for no day any more: its log
    says why. Whatever else goes wrong is tried again by the next run.

    Args:
        now: the instant (UTC); days are local.
    """
    today = now.astimezone(CITY_ZONE).date()
    with reading(engine) as session:
        due = queries.due(session, today)
    published = sum(_publish(engine, plan_id, today) for plan_id in due)
    return PublishReport(published, len(due) - published)


def _publish(engine: Engine, plan_id: int, today: date) -> bool:
    try:
        with writing(engine) as session:
            versions.take_turn(session)
            plan = queries.locked(session, plan_id)
            if plan is None or not _is_due(plan, today):
                return False
            publishing.carry_out(session, plan, queries.set_by(session, plan_id), "")
            return True
    except OperationalError as error:  # the next run tries again; others are due as well
        log.warning("a plan was not published", plan=plan_id, why=type(error.orig).__name__)
        return False
    except Problem as problem:
        log.warning("a plan was not published", plan=plan_id, why=problem.slug)
        _note(engine, plan_id, today, problem)
        return False


def _is_due(plan: Plan, today: date) -> bool:
    """Whether it still is, now that it is held: somebody may have sent it back."""
    return (
        plan.state == PlanState.APPROVED
        and plan.publish_on is not None
        and plan.publish_on <= today
    )


def _note(engine: Engine, plan_id: int, today: date, problem: Problem) -> None:
    with writing(engine) as session:
        plan = queries.locked(session, plan_id)
        if plan is None or not _is_due(plan, today):
            return
        now = queries.clock(session)
        queries.change(session, plan, now, publish_on=None)
        steps.write(session, plan, PlanNote.NOT_PUBLISHED, account="", now=now,
                    reason=f"{problem.slug}: {problem.detail}")  # fmt: skip
