"""SQL of jobs: long work on plans. Instants are UTC."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.core.scope import within
from app.planning.models import BaseUnit, PlanJob
from app.planning.rules import JobKind, JobState

ACTIVE = (JobState.WAITING, JobState.RUNNING)
NEWEST = 100
LAST = 20
# Work that no worker will come back to: its row of the queue has ended, or is gone.
_STRANDED = text("""
SELECT p.id FROM plan_job p WHERE p.state IN ('waiting', 'running') AND NOT EXISTS (
    SELECT FROM jobs.procrastinate_jobs j WHERE j.task_name = :task
    AND j.args = jsonb_build_object('row_id', p.id) AND j.status IN ('todo', 'doing'))
""")


def add(session: Session, **values: Any) -> PlanJob:
    """A new job, waiting."""
    job = PlanJob(state=JobState.WAITING, done=0, total=0, message="", cancel_asked=False, **values)
    session.add(job)
    session.flush()
    return job


def of_plan(session: Session, plan_id: int) -> Sequence[PlanJob]:
    """The newest jobs of a plan, newest first."""
    found = select(PlanJob).where(PlanJob.plan_id == plan_id, *within(session, PlanJob.area_code))
    return session.scalars(found.order_by(PlanJob.id.desc()).limit(NEWEST)).all()


def one(
    session: Session, job_id: int, plan_id: int | None = None, *, held: bool = False
) -> PlanJob | None:
    """A job by its number.

    Args:
        plan_id: of which it must be; None for any.
        held: until the transaction ends.
    """
    found = select(PlanJob).where(PlanJob.id == job_id, *within(session, PlanJob.area_code))
    if plan_id is not None:
        found = found.where(PlanJob.plan_id == plan_id)
    if held:
        found = found.with_for_update()
    return session.scalar(found.execution_options(populate_existing=True))


def note_progress(
    session: Session, job_id: int, done: int, total: int, objective: float | None
) -> bool:
    """Write how far a job is; whether it is to go on."""
    asked = session.scalar(
        update(PlanJob)
        .where(PlanJob.id == job_id, PlanJob.state == JobState.RUNNING)
        .values(done=done, total=total, objective=objective)
        .returning(PlanJob.cancel_asked)
    )
    return asked is False


def end(session: Session, job: PlanJob, state: JobState, now: datetime, message: str = "") -> None:
    """End a job that is held."""
    job.state = state
    job.ended_at = now
    job.message = message
    session.flush()


def stranded(session: Session, task: str) -> list[int]:
    """Jobs that have not ended and that nobody works on any more."""
    return list(session.scalars(_STRANDED, {"task": task}))


def units_in(session: Session, communities: Sequence[int], at: datetime) -> int:
    """How many base units the communities had at an instant."""
    return (
        session.scalar(
            select(func.count()).where(
                BaseUnit.community_code.in_(communities), BaseUnit.valid.contains(at)
            )
        )
        or 0
    )


def last_paces(session: Session, kind: JobKind) -> list[tuple[int, float]]:
    """Units and seconds of the last jobs of a kind that came to their end."""
    seconds = func.extract("epoch", PlanJob.ended_at - PlanJob.started_at)
    found = (
        select(PlanJob.params["units"].as_integer(), seconds)
        .where(PlanJob.kind == kind, PlanJob.state == JobState.DONE)
        .order_by(PlanJob.id.desc())
        .limit(LAST)
    )
    return [(int(units or 0), float(took_s)) for units, took_s in session.execute(found)]
