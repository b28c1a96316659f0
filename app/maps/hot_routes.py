"""The quick paths as the framework knows them: for the OpenAPI document, and with one handler.

`hot_paths` answers them before a request gets here; without it, these would answer the same.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.answers import MVT, PNG
from app.core.query_words import StrictQuery
from app.maps import hot_paths
from app.maps.schemas import (
    LAYER_QUERIES,
    TILE_QUERIES,
    Counts,
    CountsQuery,
    FeatureCollection,
    Figures,
    FiguresQuery,
    HeatQuery,
    Histogram,
    HistogramQuery,
)
from app.maps.service import Maps
from app.places.routes import GeoJSONResponse
from tiles.layers import LAYERS, MAX_ZOOM, Layer

router = APIRouter(tags=["maps"])

ZoomInPath = Annotated[int, Path(ge=0, le=MAX_ZOOM, description=f"Zoom, 0 to {MAX_ZOOM}.")]
ColumnInPath = Annotated[
    int, Path(ge=0, lt=2**MAX_ZOOM, description="Column from the west, 0 to 2^z - 1.")
]
RowInPath = Annotated[
    int, Path(ge=0, lt=2**MAX_ZOOM, description="Row from the north, 0 to 2^z - 1.")
]
ETAG = {"description": "Weak validator of the content.", "schema": {"type": "string"}}
COUNTS = {
    "X-Returned": {"description": "Features in the tile.", "schema": {"type": "integer"}},
    "X-Matched": {
        "description": "Features that the tile would hold without its cap; the newest are shown.",
        "schema": {"type": "integer"},
    },
}
NOT_MODIFIED = {"description": "What the client holds (If-None-Match) is still right."}


class HotAnswer(Response):
    """An answer that the quick paths' own handler gives."""

    def __init__(self, maps: Maps) -> None:
        super().__init__()
        self._maps = maps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await hot_paths.answer(self._maps, scope, receive, send)


def _tile_route(layer: Layer, words: type[StrictQuery]) -> None:
    async def endpoint(
        request: Request,
        z: ZoomInPath,
        x: ColumnInPath,
        y: RowInPath,
        query: Annotated[words, Query()],  # type: ignore[valid-type]
    ) -> Response:
        return HotAnswer(request.app.state.maps)

    router.add_api_route(
        f"/tiles/{layer.name}/{{z}}/{{x}}/{{y}}.mvt",
        endpoint,
        name=f"get_{layer.name}_tile",
        summary=f"Give a vector tile of {layer.title_en.lower()}",
        description=f"Mapbox Vector Tile (EPSG:3857, extent 4096), layer `{layer.name}`."
        f" {layer.legend} Properties: {_tile_properties(layer)}",
        response_class=Response,
        responses=_binary(MVT, COUNTS)
        | {204: {"description": "Nothing lies in this tile."}, 304: NOT_MODIFIED},
    )


def _layer_route(layer: Layer, words: type[StrictQuery]) -> None:
    async def endpoint(
        request: Request,
        query: Annotated[words, Query()],  # type: ignore[valid-type]
    ) -> Response:
        return HotAnswer(request.app.state.maps)

    router.add_api_route(
        f"/api/v1/layers/{layer.name}.geojson",
        endpoint,
        name=f"get_{layer.name}_geojson",
        summary=f"Give {layer.title_en.lower()} as GeoJSON",
        description="GeoJSON (RFC 7946): lon, lat in degrees, WGS84 (EPSG:4326). `numberMatched`"
        " tells how many features the words select, `numberReturned` how many are here.",
        response_class=GeoJSONResponse,
        response_model=FeatureCollection,
        responses={
            200: {"description": "The features.", "headers": {"ETag": ETAG}},
            304: NOT_MODIFIED,
        },
    )


def _tile_properties(layer: Layer) -> str:
    told = [f for f in layer.fields if f.tile_name]
    return " ".join(f"`{f.tile_name}`: {f.description}" for f in told)


def _binary(media_type: str, headers: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string", "format": "binary"}
    return {
        200: {
            "description": "The tile.",
            "headers": {"ETag": ETAG, **headers},
            "content": {media_type: {"schema": schema}},
        }
    }


for _layer in LAYERS.values():
    _tile_route(_layer, TILE_QUERIES[_layer.name])
    _layer_route(_layer, LAYER_QUERIES[_layer.name])


def _figures_answers(told: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": told, "headers": {"ETag": ETAG}}, 304: NOT_MODIFIED}


@router.get(
    "/api/v1/figures",
    summary="Give the figures of one look",
    response_model=Figures,
    responses=_figures_answers("The figures."),
)
async def get_figures(request: Request, query: Annotated[FiguresQuery, Query()]) -> Response:
    """Head of the page, clocks, histogram, counts by area, legend of the heat and gaps in staffing,
    in one answer about the same cases.

    The answer is kept for the minute, until a case inside the scope changes: ask with
    `If-None-Match`. Who asks in the same minute, with the same words and the same scope, gets the
    same answer; so leave live windows to `window`.
    """
    return HotAnswer(request.app.state.maps)


@router.get(
    "/api/v1/counts",
    summary="Give a figure for every area",
    response_model=Counts,
    responses=_figures_answers("The figures."),
)
async def count_incidents(request: Request, query: Annotated[CountsQuery, Query()]) -> Response:
    """Cases reported, open, or per km², by the code of the area in which they lie."""
    return HotAnswer(request.app.state.maps)


@router.get(
    "/api/v1/histogram",
    summary="Count cases over time",
    response_model=Histogram,
    responses=_figures_answers("The figures."),
)
async def count_incidents_over_time(
    request: Request, query: Annotated[HistogramQuery, Query()]
) -> Response:
    """Cases by the time of their report, in equal stretches."""
    return HotAnswer(request.app.state.maps)


@router.get(
    "/heat/{z}/{x}/{y}.png",
    summary="Give a heat tile",
    response_class=Response,
    responses=_binary(PNG, {}) | {304: NOT_MODIFIED},
)
async def get_heat_tile(
    request: Request,
    z: ZoomInPath,
    x: ColumnInPath,
    y: RowInPath,
    query: Annotated[HeatQuery, Query()],
) -> Response:
    """Density of the selected cases in cases/km² as a transparent PNG of 256 x 256 px.

    The same words give the same colours on every tile and zoom; `/api/v1/heat/legend` explains
    them. The kernel's bandwidth is measured on the ground, at the latitude of each row of pixels.
    """
    return HotAnswer(request.app.state.maps)
