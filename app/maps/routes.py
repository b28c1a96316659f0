"""HTTP of the domain `maps`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, Now, ReadSession
from app.identity.service import scope_of
from app.incidents.clocks.schemas import ClockSummary, SummaryQuery
from app.maps import geojson
from app.maps.schemas import HeatLegend, HeatQuery, LayerDescription
from app.maps.service import Maps

router = APIRouter(prefix="/api/v1", tags=["maps"])


async def get_maps(request: Request) -> Maps:
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


@router.get("/heat/legend", summary="Explain the heat", operation_id="get_heat_legend")
async def get_heat_legend(
    query: Annotated[HeatQuery, Query()], maps: MapsDep, now: Now, actor: ActorDep
) -> HeatLegend:
    """How to read the colours of heat tiles with the same query words."""
    maps.refuse_until_ready()
    return await maps.heat.legend(query, now, scope_of(actor))


@router.get("/clocks/summary", summary="Count overdue and soon due cases")
async def summarise_clocks(
    query: Annotated[SummaryQuery, Query()], maps: MapsDep, now: Now, actor: ActorDep
) -> ClockSummary:
    """How the clocks stand that run in an area, now or at `at`; cases count where they lay then."""
    maps.refuse_until_ready()
    return await maps.figures.clocks(query, now, scope_of(actor))
