"""HTTP of drawing on a plan."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app.core.problem_docs import CHANGED
from app.identity.deps import ActorDep, Now, WriteSession
from app.planning.deps import JSON_ONLY, NoWords, PlanNumber, Seen
from app.planning.edits import service, tools
from app.planning.edits.schemas import EditAnswer, NewEdit

router = APIRouter(prefix="/api/v1", tags=["planning"])


def _with_etag(response: Response, answer: EditAnswer) -> EditAnswer:
    response.headers["ETag"] = f'"{answer.revision}"'
    return answer


@router.post(
    "/plans/{plan_id}/edits", summary="Draw on a plan", responses=CHANGED, dependencies=JSON_ONLY
)
def edit_plan(
    *,
    plan_id: PlanNumber,
    given: Annotated[NewEdit, Body()],
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    if_match: Seen,
    response: Response,
) -> EditAnswer:
    """Move units, split, join or mend cells, go back to the base; as one edit.

    What breaks a cell is made and comes back with `faults`; locked units and cells, units that are
    unknown or of other communities and numbers that are not free are refused (422).
    """
    made = tools.edit(session, plan_id, given, actor, now=now, if_match=if_match)
    return _with_etag(response, made)


@router.post("/plans/{plan_id}/undo", summary="Undo the last edit", responses=CHANGED)
def undo_edit(
    *,
    plan_id: PlanNumber,
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    if_match: Seen,
    response: Response,
) -> EditAnswer:
    """Without limit, back to the last rebase; 409 `nothing-to-undo` there."""
    undone = service.undo(session, plan_id, account=actor.name, now=now, if_match=if_match)
    return _with_etag(response, undone)


@router.post("/plans/{plan_id}/redo", summary="Redo an undone edit", responses=CHANGED)
def redo_edit(
    *,
    plan_id: PlanNumber,
    query: NoWords,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
    if_match: Seen,
    response: Response,
) -> EditAnswer:
    """Until something else is drawn; 409 `nothing-to-redo` then."""
    redone = service.redo(session, plan_id, account=actor.name, now=now, if_match=if_match)
    return _with_etag(response, redone)
