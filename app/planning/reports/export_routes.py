"""HTTP of plans as files."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from app.core.context import Context
from app.core.db import reading
from app.core.scope import Scope
from app.core.waiting_room import WaitingRoom, named_room
from app.identity.deps import ActorDep, ContextDep
from app.identity.service import scope_of
from app.planning import held
from app.planning.deps import LOADED, NoWords, PlanNumber
from app.planning.reports import exports
from app.planning.reports.exports import MEDIA_TYPE, Form

router = APIRouter(prefix="/api/v1/plans/{plan_id}", tags=["planning"])


def _file(form: Form) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object"} if form is Form.GEOJSON else {"type": "string", "format": "binary"}
    content = {MEDIA_TYPE[form].partition(";")[0]: {"schema": schema}}
    return {200: {"description": "The file.", "content": content}, **LOADED}


FileRoom = Annotated[WaitingRoom, Depends(named_room("file_room"))]


def _answer(context: Context, scope: Scope, plan_id: int, form: Form) -> StreamingResponse:
    with reading(context.request_engine, scope) as session:
        name, parts = exports.export(session, held.find(session, plan_id), form)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(parts, media_type=MEDIA_TYPE[form], headers=headers)


@router.get(
    "/moves.csv",
    summary="Take a plan out as CSV",
    operation_id="export_plan_csv",
    response_class=StreamingResponse,
    responses=_file(Form.CSV),
)
async def export_plan_csv(
    plan_id: PlanNumber, query: NoWords, context: ContextDep, actor: ActorDep, room: FileRoom
) -> StreamingResponse:
    """`unit_id,cell_code` of every base unit in the plan's area: what imports take back."""
    return await room.run(_answer, context, scope_of(actor), plan_id, Form.CSV)


@router.get(
    "/moves.geojson",
    summary="Take a plan out as GeoJSON",
    operation_id="export_plan_geojson",
    response_class=StreamingResponse,
    responses=_file(Form.GEOJSON),
)
async def export_plan_geojson(
    plan_id: PlanNumber, query: NoWords, context: ContextDep, actor: ActorDep, room: FileRoom
) -> StreamingResponse:
    """The plan's cells as polygons with code, load, households and deviation (RFC 7946)."""
    return await room.run(_answer, context, scope_of(actor), plan_id, Form.GEOJSON)


@router.get(
    "/moves.gpkg",
    summary="Take a plan out as GeoPackage",
    operation_id="export_plan_gpkg",
    response_class=StreamingResponse,
    responses=_file(Form.GEOPACKAGE),
)
async def export_plan_gpkg(
    plan_id: PlanNumber, query: NoWords, context: ContextDep, actor: ActorDep, room: FileRoom
) -> StreamingResponse:
    """Layers `cells` (as in GeoJSON) and `units` (each with its cell today and in the plan)."""
    return await room.run(_answer, context, scope_of(actor), plan_id, Form.GEOPACKAGE)
