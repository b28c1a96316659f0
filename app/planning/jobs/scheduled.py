"""Plans that are set for a day: on that day their publication is asked for, a job for each.

Nothing is published here, so the clock never waits for a publication. One that fails is told in the
plan's log, and the plan is set for no day any more; the others go on.
"""

from dataclasses import dataclass
from datetime import date, datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.clock import CITY_ZONE
from app.core.db import reading, writing
from app.core.errors import Problem
from app.places import versions
from app.planning import queries
from app.planning.drafts import queries as draft_queries
from app.planning.jobs import asking
from app.planning.jobs import queries as job_queries
from app.planning.jobs.publication import SET_FOR
from app.planning.life import steps
from app.planning.models import Plan, PlanJob
from app.planning.rules import JobKind, PlanNote, PlanState

log = structlog.get_logger()

AGAIN = (f"{versions.BUSY}:", "unavailable:")
FAULT = "internal: A fault of ours; it is in the server's log."


@dataclass(frozen=True)
class DueReport:
    """How many publications were asked for, and how many plans could not even be asked for."""

    asked: int
    failed: int


def ask_for_due(engine: Engine, now: datetime) -> DueReport:
    """Ask for the publication of every plan whose day has begun, the earliest first.

    While boundaries are being replaced by somebody else nothing is asked for: the next run does.

    Args:
        now: the instant (UTC); days are local.
    """
    today = now.astimezone(CITY_ZONE).date()
    with reading(engine) as session:
        due = queries.due(session, today)
    asked = failed = 0
    for plan_id in due:
        try:
            asked += _ask(engine, plan_id, today, now)
        except (Problem, OperationalError) as error:  # the next run tries again
            log.warning("a plan is published later", plan=plan_id, why=_why(error))
        except Exception:
            log.exception("a plan cannot be published", plan=plan_id)
            failed += 1
            note_failed(engine, plan_id, FAULT, today)
    return DueReport(asked, failed)


def _why(error: Problem | OperationalError) -> str:
    return error.slug if isinstance(error, Problem) else type(error.orig).__name__


def _ask(engine: Engine, plan_id: int, today: date, now: datetime) -> bool:
    with writing(engine) as session:
        versions.refuse_busy(session)
        plan = queries.locked(session, plan_id)
        if plan is None or not _is_due(plan, today):
            return False
        if queries.first_job(session, plan_id, JobKind.PUBLISH, job_queries.ACTIVE) is not None:
            return False
        params = {"revision": plan.revision, SET_FOR: today.isoformat()}
        asking.ask(
            session, plan, JobKind.PUBLISH, params, draft_queries.touched(session, plan_id),
            account=queries.set_by(session, plan_id), now=now,
        )  # fmt: skip
        return True


def note_failed(engine: Engine, plan_id: int, reason: str, today: date) -> None:
    """Say in a plan's log why it was not published on its day; it is set for no day any more.

    One that is in force, or was set anew, stays as it is.
    """
    try:
        with writing(engine) as session:
            note_in(session, plan_id, reason, today)
    except Exception:  # a plan whose row cannot even be written: others must go on
        log.exception("a plan's log cannot be written", plan=plan_id)


def note_in(session: Session, plan_id: int, reason: str, today: date) -> None:
    """As `note_failed`, in a transaction of the caller's."""
    plan = queries.locked(session, plan_id)
    if plan is None or not _is_due(plan, today):
        return
    now = versions.clock(session)
    queries.change(session, plan, now, publish_on=None)
    steps.write(session, plan, PlanNote.NOT_PUBLISHED, account="", now=now, reason=reason)


def note_end(session: Session, job: PlanJob, reason: str) -> None:
    """A job has not come to its end: where the clock had asked for it, the plan's log says so.

    Not where somebody else replaced boundaries, or the database was away: the clock asks again.
    """
    day = job.params.get(SET_FOR)
    if day is not None and not reason.startswith(AGAIN):
        note_in(session, job.plan_id, reason, date.fromisoformat(day))


def _is_due(plan: Plan, today: date) -> bool:
    """Whether it still is, now that it is held: somebody may have sent it back."""
    return (
        plan.state == PlanState.APPROVED
        and plan.publish_on is not None
        and plan.publish_on <= today
    )
