"""HTTP of plans: beginning them, looking at them, their life, what is said about them."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from app.core.problem_docs import CHANGED
from app.core.query_words import AreaCode
from app.identity.deps import ActorDep, Now, ReadSession, WriteSession
from app.planning.deps import JSON_ONLY, KNOWN, NoWords, PlanNumber, Seen
from app.planning.life import rebasing, service
from app.planning.schemas import (
    ChangedComment,
    ChangedPlan,
    NewComment,
    NewPlan,
    Plan,
    PlanId,
    PlanList,
    PlanLog,
    PlanQuery,
    PlanRemark,
    PlanRemarks,
    RebasedPlan,
)

router = APIRouter(prefix="/api/v1", tags=["planning"])


def with_etag(response: Response, plan: Plan) -> Plan:
    """The same plan, with its revision in the answer's header."""
    response.headers["ETag"] = f'"{plan.revision}"'
    return plan


@router.get("/plans", summary="List plans")
def list_plans(query: Annotated[PlanQuery, Query()], session: ReadSession) -> PlanList:
    """Plans for areas inside the area of whoever asks, the newest first."""
    return service.list_plans(session, query)


@router.post(
    "/plans",
    summary="Begin a plan",
    status_code=HTTPStatus.CREATED,
    responses=CHANGED,
    dependencies=JSON_ONLY,
)
def create_plan(
    *,
    given: Annotated[NewPlan, Body()],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    response: Response,
) -> Plan:
    """A branch from the boundaries in force, or a copy of another plan."""
    return with_etag(response, service.create(session, actor, given))


@router.get("/plans/{plan_id}", summary="Give a plan", responses=KNOWN)
def get_plan(
    plan_id: PlanNumber, query: NoWords, session: ReadSession, actor: ActorDep, response: Response
) -> Plan:
    """The plan as it stands, and what may be done with it; `ETag` is its revision."""
    return with_etag(response, service.get(session, plan_id, actor))


@router.patch(
    "/plans/{plan_id}", summary="Change a plan", responses=CHANGED, dependencies=JSON_ONLY
)
def change_plan(
    *,
    plan_id: PlanNumber,
    given: Annotated[ChangedPlan, Body()],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    if_match: Seen,
    response: Response,
) -> Plan:
    """Title, note and what makes work; of a draft only."""
    changed = service.change(session, plan_id, given, actor, now=now, if_match=if_match)
    return with_etag(response, changed)


@router.post(
    "/plans/{plan_id}/rebase",
    summary="Bring a plan up to date",
    responses=CHANGED,
    dependencies=JSON_ONLY,
)
def rebase_plan(
    *,
    plan_id: PlanNumber,
    given: Annotated[RebasedPlan, Body()],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    if_match: Seen,
    response: Response,
) -> Plan:
    """Put a draft's moves onto the boundaries in force now; edits before cannot be undone after.

    409 `plan-behind` with `difference` where a unit was moved by both and `keep` does not say whose
    cell it keeps.
    """
    rebased = rebasing.rebase(session, plan_id, given, actor, if_match=if_match)
    return with_etag(response, rebased)


@router.put("/plans/{plan_id}/locks/{code}", summary="Lock an area of a plan", responses=CHANGED)
def lock_area(
    *,
    plan_id: PlanNumber,
    code: Annotated[AreaCode, Path(description="A cell or larger area.")],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    response: Response,
) -> Plan:
    """Let an area of a draft stay as it is drawn now. Again: nothing changes."""
    locked = service.lock(session, plan_id, code, actor, now=now, on=True)
    return with_etag(response, locked)


@router.delete(
    "/plans/{plan_id}/locks/{code}", summary="Unlock an area of a plan", responses=CHANGED
)
def unlock_area(
    *,
    plan_id: PlanNumber,
    code: Annotated[AreaCode, Path(description="A cell or larger area.")],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    response: Response,
) -> Plan:
    """Let it be changed again. Again: nothing changes."""
    unlocked = service.lock(session, plan_id, code, actor, now=now, on=False)
    return with_etag(response, unlocked)


@router.get("/plans/{plan_id}/comments", summary="List comments on a plan", responses=KNOWN)
def list_comments(plan_id: PlanNumber, query: NoWords, session: ReadSession) -> PlanRemarks:
    """What was said about places in it, the oldest first; settled ones too."""
    return service.list_comments(session, plan_id)


@router.post(
    "/plans/{plan_id}/comments",
    summary="Comment on a place in a plan",
    status_code=HTTPStatus.CREATED,
    responses=CHANGED,
    dependencies=JSON_ONLY,
)
def add_comment(
    *,
    plan_id: PlanNumber,
    given: Annotated[NewComment, Body()],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
) -> PlanRemark:
    """Plain text about a place inside the plan's area, until the plan is published or withdrawn."""
    return service.comment(session, plan_id, given, actor, now)


@router.patch(
    "/plans/{plan_id}/comments/{comment_id}",
    summary="Settle a comment",
    responses=CHANGED,
    dependencies=JSON_ONLY,
)
def settle_comment(
    *,
    plan_id: PlanNumber,
    comment_id: Annotated[PlanId, Path(description="Number of the comment.")],
    given: Annotated[ChangedComment, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
) -> PlanRemark:
    """Or open it again."""
    return service.resolve_comment(session, plan_id, comment_id, resolved=given.resolved, now=now)


@router.get("/plans/{plan_id}/log", summary="Give the log of a plan", responses=KNOWN)
def get_plan_log(plan_id: PlanNumber, query: NoWords, session: ReadSession) -> PlanLog:
    """Its steps in order, and its newest edits."""
    return service.log(session, plan_id)
