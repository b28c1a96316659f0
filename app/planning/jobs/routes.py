"""HTTP of long work on plans."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path

from app.core.problem_docs import CHANGED
from app.identity.deps import ActorDep, Now, ReadSession, WriteSession
from app.planning.deps import JSON_ONLY, KNOWN, MaybeSeen, NoWords, PlanNumber
from app.planning.jobs import service
from app.planning.jobs.schemas import NewPlanJob, PlanJobList, PlanJobRow
from app.planning.schemas import PlanId

router = APIRouter(prefix="/api/v1/plans/{plan_id}/jobs", tags=["planning"])
JobNumber = Annotated[PlanId, Path(description="Number of the job.", examples=[1])]


@router.post(
    "",
    summary="Ask for long work on a plan",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGED,
    dependencies=JSON_ONLY,
)
def start_plan_job(
    *,
    plan_id: PlanNumber,
    given: Annotated[NewPlanJob, Body()],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    if_match: MaybeSeen = None,
) -> PlanJobRow:
    """Balance cells (one edit of the plan, which can be undone), try the plan on past cases, or
    publish it now: what `steps` does in one answer, for plans that take longer than that.

    While cells are balanced nobody else draws in their communities: 409 `plan-busy` with `job_id`.
    """
    return service.start(session, plan_id, given, actor, now, if_match=if_match)


@router.get("", summary="List the jobs of a plan", responses=KNOWN)
def list_plan_jobs(plan_id: PlanNumber, query: NoWords, session: ReadSession) -> PlanJobList:
    """The newest first."""
    return service.list_jobs(session, plan_id)


@router.get("/{job_id}", summary="Give a job of a plan", responses=KNOWN)
def get_plan_job(
    plan_id: PlanNumber, job_id: JobNumber, query: NoWords, session: ReadSession
) -> PlanJobRow:
    """How far it is; ask about once a second."""
    return service.get(session, plan_id, job_id)


@router.post("/{job_id}/cancel", summary="Cancel a job of a plan", responses=CHANGED)
def cancel_plan_job(
    plan_id: PlanNumber, job_id: JobNumber, query: NoWords, session: WriteSession, now: Now
) -> PlanJobRow:
    """It ends within a second or so, publishing between two of its parts, and leaves the plan as it
    was; what has ended stays so.
    """
    return service.cancel(session, plan_id, job_id, now)
