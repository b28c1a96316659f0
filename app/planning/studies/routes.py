"""HTTP of studies that are answered at once."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.core.answers import model_answer
from app.identity.deps import ReadSession
from app.planning import held
from app.planning.deps import LOADED, PlanNumber
from app.planning.studies import seaming
from app.planning.studies.schemas import PlanSeams, SeamsQuery

router = APIRouter(prefix="/api/v1/plans/{plan_id}", tags=["planning"])


@router.get(
    "/seams",
    summary="List borders across which cases are sent back and forth",
    operation_id="list_plan_seams",
    response_model=PlanSeams,
    responses=LOADED,
)
def list_plan_seams(
    request: Request,
    plan_id: PlanNumber,
    query: Annotated[SeamsQuery, Query()],
    session: ReadSession,
) -> Response:
    """Borders between today's cells near which more cases were sent back than is usual, each with
    the smallest move that would have put them on one side."""
    found = seaming.seams_of(session, held.find(session, plan_id), query.area)
    return model_answer(request, found)
