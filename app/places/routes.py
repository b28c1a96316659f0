"""HTTP of the domain `places`."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.core.problem_docs import documented
from app.core.query_words import AreaCode, AsOf
from app.identity.deps import Now, ReadSession
from app.places import service
from app.places.schemas import AreaPage, AreaQuery, Boundary

router = APIRouter(prefix="/api/v1", tags=["places"])

CodeInPath = Annotated[
    AreaCode, Path(description="15-digit area code of any level.", examples=[620111000000000])
]


class GeoJSONResponse(Response):
    """An answer in GeoJSON (RFC 7946)."""

    media_type = "application/geo+json"


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
