"""HTTP of what lays a plan beside others, beside staff, and on paper."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.core.answers import GEOJSON, json_answer, model_answer
from app.identity.deps import Now, ReadSession
from app.places.routes import GeoJSONResponse
from app.planning import held
from app.planning.deps import LOADED, NoWords, PlanNumber
from app.planning.figures.schemas import FiguresQuery, Subdistrict
from app.planning.reports import compare, outlines, staffing, street
from app.planning.reports.schemas import Comparison, OutlineCollection, PlanStaffing, StreetReport

router = APIRouter(prefix="/api/v1/plans/{plan_id}", tags=["planning"])

OtherInPath = Annotated[int, Path(ge=1, lt=2**63, description="Number of the plan beside it.")]
StreetInPath = Annotated[
    Subdistrict, Path(description="15-digit code of a subdistrict.", examples=[620111001000000])
]


@router.get(
    "/compare/{other_id}",
    summary="Lay two plans side by side",
    operation_id="compare_plans",
    response_model=Comparison,
    responses=LOADED,
)
def compare_plans(
    request: Request,
    plan_id: PlanNumber,
    other_id: OtherInPath,
    query: NoWords,
    session: ReadSession,
) -> Response:
    """Measures of both, and the units and cells in which they differ, where both have an area."""
    found = compare.compare(session, held.find(session, plan_id), held.find(session, other_id))
    return model_answer(request, found)


@router.get(
    "/outline.geojson",
    summary="Give the outlines of a plan's cells",
    operation_id="get_plan_outline",
    response_class=GeoJSONResponse,
    response_model=OutlineCollection,
    responses=LOADED,
)
def get_plan_outline(
    request: Request,
    plan_id: PlanNumber,
    query: Annotated[FiguresQuery, Query()],
    session: ReadSession,
) -> Response:
    """The cells of the plan and of today in a subdistrict or community, dissolved from units."""
    body = outlines.outline_json(session, held.find(session, plan_id), query.area)
    return json_answer(request, body, GEOJSON)


@router.get(
    "/staffing",
    summary="Tell what a plan means for staff",
    operation_id="get_plan_staffing",
    response_model=PlanStaffing,
    responses=LOADED,
)
def get_plan_staffing(
    request: Request, plan_id: PlanNumber, query: NoWords, session: ReadSession, now: Now
) -> Response:
    """Cells that need a worker, assignments that end, and the staffing rule where it changes."""
    found = staffing.staffing_of(session, held.find(session, plan_id), now)
    return model_answer(request, found)


@router.get(
    "/streets/{code}/report",
    summary="Report on one street of a plan",
    operation_id="get_plan_report",
    response_model=StreetReport,
    responses=LOADED,
)
def get_plan_report(
    request: Request, plan_id: PlanNumber, code: StreetInPath, query: NoWords, session: ReadSession
) -> Response:
    """Figures of the subdistrict, its communities and cells before and after, outlines, moves."""
    found = street.report_of(session, held.find(session, plan_id), code)
    return model_answer(request, found)
