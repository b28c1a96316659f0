"""HTTP of a plan's figures: what is seen of it, nothing that changes it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.core.answers import model_answer
from app.identity.deps import ReadSession
from app.planning import held
from app.planning.deps import LOADED, NoWords, PlanNumber
from app.planning.figures import bench, problems, service
from app.planning.figures.schemas import (
    Bench,
    Community,
    FiguresQuery,
    PlanCells,
    PlanMeasures,
    PlanMoves,
    PlanProblems,
    ProblemsQuery,
)

router = APIRouter(prefix="/api/v1/plans/{plan_id}", tags=["planning"])

CommunityInPath = Annotated[
    Community, Path(description="15-digit code of a community.", examples=[620111001001000])
]


@router.get(
    "/measures",
    summary="Give a plan in figures",
    operation_id="get_plan_measures",
    response_model=PlanMeasures,
    responses=LOADED,
)
def get_plan_measures(
    request: Request,
    plan_id: PlanNumber,
    query: Annotated[FiguresQuery, Query()],
    session: ReadSession,
) -> Response:
    """The measures of the boundaries that the plan began from, and of the plan."""
    found = service.measures_of(session, held.find(session, plan_id), query.area)
    return model_answer(request, found)


@router.get(
    "/cells",
    summary="Give the cells of a plan",
    operation_id="list_plan_cells",
    response_model=PlanCells,
    responses=LOADED,
)
def list_plan_cells(
    request: Request,
    plan_id: PlanNumber,
    query: Annotated[FiguresQuery, Query()],
    session: ReadSession,
) -> Response:
    """Load, households, shape and deviation of every cell, today and in the plan; in columns."""
    found = service.cells_of(session, held.find(session, plan_id), query.area)
    return model_answer(request, found)


@router.get(
    "/moves",
    summary="List what a plan moves",
    operation_id="list_plan_moves",
    response_model=PlanMoves,
    responses=LOADED,
)
def list_plan_moves(
    request: Request, plan_id: PlanNumber, query: NoWords, session: ReadSession
) -> Response:
    """The units that lie in another cell in the plan than today; in columns."""
    found = service.moves_of(session, held.find(session, plan_id))
    return model_answer(request, found)


@router.get(
    "/problems",
    summary="List what is wrong with a plan",
    operation_id="list_plan_problems",
    response_model=PlanProblems,
    responses=LOADED,
)
def list_plan_problems(
    request: Request,
    plan_id: PlanNumber,
    query: Annotated[ProblemsQuery, Query()],
    session: ReadSession,
) -> Response:
    """Faults first, then cells beyond ±20 % and ±15 %, the worst first; each with a place."""
    plan = held.find(session, plan_id)
    found = problems.problems_of(session, plan, query.area, query.limit)
    return model_answer(request, found)


@router.get(
    "/communities/{code}",
    summary="Give one community of a plan to edit",
    operation_id="get_plan_community",
    response_model=Bench,
    responses=LOADED,
)
def get_plan_community(
    request: Request,
    plan_id: PlanNumber,
    code: CommunityInPath,
    query: NoWords,
    session: ReadSession,
) -> Response:
    """Its cells, its base units with their outlines, and the borders between them."""
    found = bench.bench_of(session, held.find(session, plan_id), code)
    return model_answer(request, found)
