"""HTTP of the domain `places`."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from app.core.problem_docs import documented
from app.core.query_words import AreaCode, AsOf
from app.identity.deps import Now, ReadSession
from app.places import addresses, service
from app.places.schemas import (
    AddressQuery,
    AreaPage,
    AreaQuery,
    Boundary,
    CandidatePage,
    PointQuery,
    Whereabouts,
)

router = APIRouter(prefix="/api/v1", tags=["places"])

CodeInPath = Annotated[
    AreaCode, Path(description="15-digit area code of any level.", examples=[620111000000000])
]


class GeoJSONResponse(JSONResponse):
    """An answer in GeoJSON (RFC 7946) that is written already.

    A JSONResponse by name only, so that OpenAPI documents its members.
    """

    media_type = "application/geo+json"

    def render(self, content: Any) -> bytes:
        """The text as it stands."""
        return str(content).encode()


@router.get("/areas", summary="List areas")
def list_areas(query: Annotated[AreaQuery, Query()], session: ReadSession, now: Now) -> AreaPage:
    """Areas of every level in the order of their codes, as they were drawn at `at`.

    With `lon` and `lat`: the areas that contain that point, none outside the city.
    """
    return service.list_areas(session, query, now)


@router.get(
    "/areas/{code}/boundary",
    summary="Give an area's outline",
    response_class=GeoJSONResponse,
    response_model=Boundary,
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_area_boundary(
    code: CodeInPath, query: Annotated[AsOf, Query()], session: ReadSession, now: Now
) -> Response:
    """The full outline as a GeoJSON feature, not simplified."""
    return GeoJSONResponse(service.boundary_json(session, code, query.at or now))


@router.get("/addresses", summary="Search an address")
def search_addresses(
    query: Annotated[AddressQuery, Query()], session: ReadSession, now: Now
) -> CandidatePage:
    """Places in this city that the words may mean, each with a score and an uncertainty in m.

    Names of areas down to the cell, division codes, and `lon,lat` in degrees (WGS84) are read.
    """
    return addresses.find(session, query, now)


@router.get("/addresses/reverse", summary="Name a point")
def name_point(
    query: Annotated[PointQuery, Query()], session: ReadSession, now: Now
) -> Whereabouts:
    """The words for a point, and the grid cell that contains it; refused outside the city."""
    return addresses.whereabouts(session, query, now)
