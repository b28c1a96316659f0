"""HTTP of the domain `maps`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.core.answers import model_answer
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, Now, ReadSession
from app.identity.service import scope_of
from app.maps import figures, geojson
from app.maps.schemas import (
    Counts,
    CountsQuery,
    HeatLegend,
    HeatQuery,
    Histogram,
    HistogramQuery,
    LayerDescription,
)
from app.maps.service import Maps

router = APIRouter(prefix="/api/v1", tags=["maps"])


def get_maps(request: Request) -> Maps:
    """The maps of the app that serves this request."""
    maps: Maps = request.app.state.maps
    return maps


MapsDep = Annotated[Maps, Depends(get_maps)]


@router.get("/layers", summary="Describe the layers", operation_id="list_layers")
def list_layers(
    query: Annotated[StrictQuery, Query()], session: ReadSession
) -> list[LayerDescription]:
    """Every layer: its fields with their units, its zooms, and where it is served."""
    return geojson.describe_layers(session)


@router.get(
    "/counts",
    summary="Give a figure for every area",
    operation_id="count_incidents",
    response_model=Counts,
)
def count_incidents(
    *,
    request: Request,
    query: Annotated[CountsQuery, Query()],
    maps: MapsDep,
    session: ReadSession,
    now: Now,
    actor: ActorDep,
) -> Response:
    """Cases reported, open, or per km², by the code of the area in which they lie."""
    counts = figures.count_cases(maps, session, query, now, scope_of(actor))
    return model_answer(request, counts)


@router.get("/histogram", summary="Count cases over time", operation_id="count_incidents_over_time")
def count_over_time(
    query: Annotated[HistogramQuery, Query()], maps: MapsDep, now: Now, actor: ActorDep
) -> Histogram:
    """Cases by the time of their report, in equal stretches."""
    return figures.histogram(maps, query, now, scope_of(actor))


@router.get("/heat/legend", summary="Explain the heat", operation_id="get_heat_legend")
async def get_heat_legend(
    query: Annotated[HeatQuery, Query()], maps: MapsDep, now: Now, actor: ActorDep
) -> HeatLegend:
    """How to read the colours of heat tiles with the same query words."""
    maps.refuse_until_ready()
    return await maps.heat.legend(query, now, scope_of(actor))
