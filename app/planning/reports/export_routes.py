"""HTTP of plans as files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Request
from starlette.responses import StreamingResponse

from app.core.context import Context
from app.core.scope import Scope
from app.core.waiting_room import WaitingRoom, named_room
from app.identity.deps import ActorDep, ContextDep
from app.identity.service import scope_of
from app.planning.deps import LOADED, NoWords, PlanNumber
from app.planning.reports import export_child
from app.planning.reports.exports import MEDIA_TYPE, Form

PART_BYTES = 1 << 18

router = APIRouter(prefix="/api/v1/plans/{plan_id}", tags=["planning"])


def _file(form: Form) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object"} if form is Form.GEOJSON else {"type": "string", "format": "binary"}
    content = {MEDIA_TYPE[form].partition(";")[0]: {"schema": schema}}
    return {200: {"description": "The file.", "content": content}, **LOADED}


FileRoom = Annotated[WaitingRoom, Depends(named_room("file_room"))]


@dataclass(frozen=True)
class Files:
    """Makes the file of a plan for whoever asks, and gives it part by part."""

    request: Request
    context: Context
    scope: Scope
    room: WaitingRoom

    async def give(self, plan_id: int, form: Form) -> StreamingResponse:
        """The file, made when it is its turn.

        Raises:
            Problem: as `export_child.make`; 503 `busy`.
        """
        made = await self.room.run_while_asked(
            self.request, export_child.make, self.context, self.scope, plan_id, form
        )
        headers = {
            "Content-Disposition": f'attachment; filename="{made.name}"',
            "Content-Length": str(made.length_bytes),
            "Cache-Control": "private, no-store",
        }
        return StreamingResponse(_parts(made.content), media_type=MEDIA_TYPE[form], headers=headers)


async def _files(request: Request, context: ContextDep, actor: ActorDep, room: FileRoom) -> Files:
    return Files(request, context, scope_of(actor), room)


FilesDep = Annotated[Files, Depends(_files)]


def _parts(content: BinaryIO) -> Iterator[bytes]:
    with content:
        while part := content.read(PART_BYTES):
            yield part


@router.get(
    "/moves.csv",
    summary="Take a plan out as CSV",
    operation_id="export_plan_csv",
    response_class=StreamingResponse,
    responses=_file(Form.CSV),
)
async def export_plan_csv(
    plan_id: PlanNumber, query: NoWords, files: FilesDep
) -> StreamingResponse:
    """`unit_id,cell_code` of every base unit in the plan's area: what imports take back."""
    return await files.give(plan_id, Form.CSV)


@router.get(
    "/moves.geojson",
    summary="Take a plan out as GeoJSON",
    operation_id="export_plan_geojson",
    response_class=StreamingResponse,
    responses=_file(Form.GEOJSON),
)
async def export_plan_geojson(
    plan_id: PlanNumber, query: NoWords, files: FilesDep
) -> StreamingResponse:
    """The plan's cells as polygons with code, load, households and deviation (RFC 7946)."""
    return await files.give(plan_id, Form.GEOJSON)


@router.get(
    "/moves.gpkg",
    summary="Take a plan out as GeoPackage",
    operation_id="export_plan_gpkg",
    response_class=StreamingResponse,
    responses=_file(Form.GEOPACKAGE),
)
async def export_plan_gpkg(
    plan_id: PlanNumber, query: NoWords, files: FilesDep
) -> StreamingResponse:
    """Layers `cells` (as in GeoJSON) and `units` (each with its cell today and in the plan)."""
    return await files.give(plan_id, Form.GEOPACKAGE)
