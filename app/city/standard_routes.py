"""HTTP of the filing standard."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile

from app.city import standard_service
from app.city.standard_schemas import FilingStandard, StandardPreview, StandardQuery
from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, Now, ReadSession, form_only
from app.incidents.clocks.deps import Days

router = APIRouter(prefix="/api/v1", tags=["incidents"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REFUSALS: dict[int | str, dict[str, Any]] = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
File = Annotated[UploadFile, Form(description="CSV or XLSX with the nine columns, 4 MiB at most.")]
ValidFrom = Annotated[
    date, Form(description="Local day from whose beginning it is in force, today at the earliest.")
]


@router.get(
    "/standard",
    summary="Give the filing standard, line by line",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_standard(
    query: Annotated[StandardQuery, Query()], session: ReadSession, now: Now
) -> FilingStandard:
    """The lines in force at `at` with their nine cells, in the order of their spreadsheet."""
    return standard_service.read(session, query.at or now)


@router.get(
    "/standard.xlsx",
    summary="Give the filing standard as a workbook",
    response_class=Response,
    responses={
        200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}},
        **documented(HTTPStatus.NOT_FOUND),
    },
)
def get_standard_workbook(
    query: Annotated[StandardQuery, Query()], context: ContextDep, now: Now
) -> Response:
    """One sheet of nine columns, as it can be published again: the round trip is exact."""
    return Response(
        standard_service.workbook(context.engine, query.at or now),
        media_type=XLSX,
        headers={"Content-Disposition": 'attachment; filename="filing_standard.xlsx"'},
    )


@router.post(
    "/standard/preview",
    summary="Say what publishing a filing standard would change",
    responses=REFUSALS,
    dependencies=[Depends(form_only)],
)
def preview_standard(
    *,
    query: Annotated[StrictQuery, Query()],
    file: File,
    valid_from: ValidFrom,
    context: ContextDep,
    actor: ActorDep,
    now: Now,
    days: Days,
) -> StandardPreview:
    """Codes that come, go or get other limits, open cases that would get another limit, and every
    cell that cannot be taken. Publishes nothing."""
    return standard_service.publish(
        context.engine, actor, file.file, valid_from, now, calendar=days, dry_run=True
    )


@router.post(
    "/standard",
    summary="Publish a filing standard",
    responses=REFUSALS,
    dependencies=[Depends(form_only)],
)
def publish_standard(
    *,
    query: Annotated[StrictQuery, Query()],
    file: File,
    valid_from: ValidFrom,
    context: ContextDep,
    actor: ActorDep,
    now: Now,
    days: Days,
) -> StandardPreview:
    """Put a standard into force from the beginning of a local day, whole or not at all. A case
    keeps the limit that was in force when its clock started."""
    return standard_service.publish(
        context.engine, actor, file.file, valid_from, now, calendar=days, dry_run=False
    )
