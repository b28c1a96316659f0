"""HTTP of sheets of posts."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.changes.schemas import CHANGE
from app.identity.deps import ActorDep, ContextDep, SessionsDep, form_only
from app.identity.sheets import service
from app.identity.sheets.rules import SheetKind
from app.identity.sheets.schemas import SheetReport

router = APIRouter(prefix="/api/v1", tags=["identity"])

REFUSALS: dict[int | str, dict[str, Any]] = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
File = Annotated[
    UploadFile,
    Form(description="CSV or XLSX with the columns account, role, area (账号, 角色, 区域代码)."),
]
Change = Annotated[UUID | None, Form(description=CHANGE)]
What = Annotated[SheetKind, Form(description="Whether its accounts are added or ended.")]
Words = Annotated[StrictQuery, Query()]


@router.post(
    "/users/sheet/preview",
    summary="Say what a sheet of posts would change",
    responses=REFUSALS,
    dependencies=[Depends(form_only)],
)
def preview_user_sheet(
    *, query: Words, file: File, what: What, context: ContextDep, actor: ActorDep
) -> SheetReport:
    """Row by row: what is new, what is so already, what is wrong and why. Changes nothing."""
    with service.kept(file.file) as own:
        return service.bring(context.engine, actor, own, what, dry_run=True)


@router.post(
    "/users/sheet",
    summary="Take a sheet of posts",
    responses=REFUSALS,
    dependencies=[Depends(form_only)],
)
def take_user_sheet(
    *,
    query: Words,
    file: File,
    what: What,
    change: Change = None,
    response: Response,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
) -> SheetReport:
    """All of it or nothing. The first passwords of new accounts are told here and never again;
    grants that open contacts or the audit wait for a second person, as one proposal. By the id of
    `change` it tells how far it is, and can be cancelled: then 409 `change-cancelled`."""
    response.headers["Cache-Control"] = "no-store"
    with service.kept(file.file) as own:
        taken = service.bring(context.engine, actor, own, what, dry_run=False, change_id=change)
    sessions.forget()
    return taken
