"""HTTP of the domain `dispatch`, and the card of an area, on which units and stations stand."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from app.core.problem_docs import documented
from app.core.query_words import AsOf
from app.dispatch import service
from app.dispatch.schemas import (
    AreaCard,
    AssignmentPage,
    AssignmentQuery,
    DutyUnitPage,
    DutyUnitQuery,
    StaffingPage,
    StaffingQuery,
    StationPage,
    StationQuery,
)
from app.identity.deps import Now, ReadSession
from app.places.routes import CodeInPath

router = APIRouter(prefix="/api/v1", tags=["dispatch"])


@router.get(
    "/areas/{code}",
    summary="Give an area's card",
    tags=["places"],
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_area(
    code: CodeInPath, query: Annotated[AsOf, Query()], session: ReadSession, now: Now
) -> AreaCard:
    """The area with its chain, children, assigned units, staffing and stations at `at`."""
    return service.area_card(session, code, query.at or now)


@router.get("/stations", summary="List stations")
def list_stations(
    query: Annotated[StationQuery, Query()], session: ReadSession, now: Now
) -> StationPage:
    """City centre, sub-centres, command posts, workstations, grid posts and police stations."""
    return service.list_stations(session, query, now)


@router.get("/assignments", summary="List assignments")
def list_assignments(
    query: Annotated[AssignmentQuery, Query()], session: ReadSession, now: Now
) -> AssignmentPage:
    """Which duty unit answers for which area: call signs and roles, never persons."""
    return service.list_assignments(session, query, now)


@router.get("/staffing", summary="List how communities are staffed")
def list_staffing(
    query: Annotated[StaffingQuery, Query()], session: ReadSession, now: Now
) -> StaffingPage:
    """The staffing rule: an urban community has 1 officer and 2 auxiliaries, a village 1 officer.

    `ok=false` lists the communities that break it.
    """
    return service.list_staffing(session, query, now)


@router.get("/duty_units", summary="List units on duty")
def list_duty_units(
    query: Annotated[DutyUnitQuery, Query()], session: ReadSession, now: Now
) -> DutyUnitPage:
    """Units by call sign and role, for choosing one; of the nearest stations first."""
    return service.list_duty_units(session, query, now)
