"""HTTP of long work on plans, and of the steps of their life: one of them is long work."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response

from app.core.problem_docs import CHANGED
from app.identity.deps import ActorDep, Now, ReadSession, WriteSession
from app.planning.deps import JSON_ONLY, KNOWN, MaybeSeen, NoWords, PlanNumber, Seen
from app.planning.jobs import service
from app.planning.jobs.schemas import NewPlanJob, PlanJobList, PlanJobRow
from app.planning.life import service as life
from app.planning.life import steps
from app.planning.life.routes import with_etag
from app.planning.schemas import Plan, PlanId, TakenPlanStep

router = APIRouter(prefix="/api/v1/plans/{plan_id}/jobs", tags=["planning"])
steps_router = APIRouter(prefix="/api/v1/plans/{plan_id}/steps", tags=["planning"])
ACCEPTED: dict[str, Any] = {
    "description": "Asked for; the plan as it still stands. `Location` names the job.",
    "model": Plan,
}
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
    response: Response,
    if_match: MaybeSeen = None,
) -> PlanJobRow:
    """Balance cells (one edit of the plan, which can be undone), try the plan on past cases, or
    publish it now. `Location` names the job.

    While cells are balanced nobody else draws in their communities: 409 `plan-busy` with `job_id`.
    While boundaries are replaced nothing else is published: 409 `boundaries-busy` at once.
    """
    job = service.start(session, plan_id, given, actor, now, if_match=if_match)
    response.headers["Location"] = _address(plan_id, job.id)
    return job


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


@steps_router.post(
    "",
    summary="Take a step of a plan",
    responses={**CHANGED, HTTPStatus.ACCEPTED.value: ACCEPTED},
    dependencies=JSON_ONLY,
)
def take_plan_step(
    *,
    plan_id: PlanNumber,
    given: Annotated[TakenPlanStep, Body()],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    if_match: Seen,
    response: Response,
) -> Plan:
    """Submit, approve (not by who drew on it), publish now or on a day, send back, withdraw.

    Publishing now is long work: 202 with the plan as it still stands; `Location` names the job,
    which ends as `failed` where the plan breaks a rule or, of two that publish at once, loses.
    422 `plan-invalid` with `faults` where a plan is submitted that breaks a rule; 409 `plan-behind`
    with `difference` where boundaries that it touches have changed since its base.
    """
    if steps.is_due(given, now):
        job = service.start_publication(
            session, plan_id, actor, now, if_match=if_match, reason=given.reason
        )
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Location"] = _address(plan_id, job.id)
        return with_etag(response, life.get(session, plan_id, actor))
    taken = steps.take(session, plan_id, given, actor, now=now, if_match=if_match)
    return with_etag(response, taken)


def _address(plan_id: int, job_id: int) -> str:
    return f"/api/v1/plans/{plan_id}/jobs/{job_id}"
