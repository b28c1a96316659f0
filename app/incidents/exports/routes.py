"""HTTP of exports."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from app.core.clock import CITY_ZONE
from app.core.context import Context
from app.core.spreadsheet import CSV_TYPE, XLSX_TYPE
from app.identity.deps import ActorDep, ContextDep, Now
from app.identity.rules import Actor
from app.identity.service import scope_of
from app.incidents.clocks.deps import Days
from app.incidents.clocks.limits import Calendar
from app.incidents.exports import service
from app.incidents.schemas import IncidentFilter

router = APIRouter(prefix="/api/v1/exports", tags=["incidents"])

Filter = Annotated[IncidentFilter, Query()]


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": "The table.", "content": content}}


def _answer(  # noqa: PLR0917 what both routes were asked for
    context: Context,
    actor: Actor,
    query: IncidentFilter,
    form: service.Format,
    now: datetime,
    days: Calendar,
) -> StreamingResponse:
    content = service.export(
        context.request_engine,
        query,
        form,
        now,
        calendar=days,
        actor=actor,
        scope=scope_of(actor),
    )
    name = f"incidents-{now.astimezone(CITY_ZONE):%Y%m%d-%H%M}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(content, media_type=service.MEDIA_TYPE[form], headers=headers)


@router.get(
    "/incidents.csv",
    summary="Take the list of incidents out as CSV",
    response_class=StreamingResponse,
    responses=_file(CSV_TYPE.partition(";")[0]),
)
def export_incidents_csv(
    query: Filter, context: ContextDep, actor: ActorDep, now: Now, days: Days
) -> StreamingResponse:
    """All incidents that the list's own filters select, 50,000 at most, in UTF-8 with a mark.

    Needs the password again (`POST /api/v1/session/step_up`); every export is written to the
    audit. A cell that a spreadsheet would take for a formula has an apostrophe in front.
    """
    return _answer(context, actor, query, service.Format.CSV, now, days)


@router.get(
    "/incidents.xlsx",
    summary="Take the list of incidents out as a workbook",
    response_class=StreamingResponse,
    responses=_file(XLSX_TYPE),
)
def export_incidents_xlsx(
    query: Filter, context: ContextDep, actor: ActorDep, now: Now, days: Days
) -> StreamingResponse:
    """The same as a workbook of one sheet."""
    return _answer(context, actor, query, service.Format.XLSX, now, days)
