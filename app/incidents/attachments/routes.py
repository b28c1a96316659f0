"""HTTP of photos."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Response, UploadFile

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.core.waiting_room import WaitingRoom, named_room
from app.identity.deps import ActorDep, ContextDep, Now, ReadSession, WriteSession, form_only
from app.identity.service import scope_of
from app.incidents.attachments import service
from app.incidents.attachments.rules import PhotoKind
from app.incidents.attachments.schemas import Attachment, AttachmentPage, PhotoQuery
from app.incidents.schemas import EXAMPLE_ID

router = APIRouter(prefix="/api/v1", tags=["incidents"])

CaseId = Annotated[UUID, Path(alias="id", description="UUID of the report.", examples=[EXAMPLE_ID])]
PhotoId = Annotated[UUID, Path(alias="id", description="Random name of the photo.")]
# What is protected by sign-in stays in nobody's cache.
PRIVATE = {"Cache-Control": "private, no-store"}


@router.post(
    "/incidents/{id}/attachments",
    summary="Add a photo to an incident",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        HTTPStatus.NOT_FOUND,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    dependencies=[Depends(form_only)],
)
async def add_attachment(
    *,
    report_id: CaseId,
    query: Annotated[StrictQuery, Query()],
    kind: Annotated[PhotoKind, Form(description="What the photo shows.")],
    file: Annotated[UploadFile, Form(description="JPEG, PNG or WebP, 12 MiB at most.")],
    context: ContextDep,
    actor: ActorDep,
    now: Now,
    room: Annotated[WaitingRoom, Depends(named_room("photo_room"))],
) -> Attachment:
    """Keep a photo, drawn anew: upright, 1,600 pixels at most, without what its camera wrote into
    it (place, time, device). Of the file that was sent nothing is kept. Where too many are sent at
    once: 503 `busy`."""
    scope = scope_of(actor)
    engine = context.request_engine
    return await room.run(service.add, engine, scope, report_id, kind, file.file, now)


@router.get(
    "/incidents/{id}/attachments",
    summary="List the photos of an incident",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def list_attachments(
    report_id: CaseId, query: Annotated[StrictQuery, Query()], session: ReadSession
) -> AttachmentPage:
    """All photos of the incident, the oldest first."""
    return service.list_of(session, report_id)


@router.get(
    "/attachments/{id}",
    summary="Give a photo",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        **documented(HTTPStatus.NOT_FOUND),
    },
)
def get_attachment(
    photo_id: PhotoId, query: Annotated[PhotoQuery, Query()], session: ReadSession
) -> Response:
    """The photo as JPEG, in the full or the small size."""
    jpeg = service.picture(session, photo_id, query.size)
    return Response(jpeg, media_type="image/jpeg", headers=PRIVATE)


@router.delete(
    "/attachments/{id}",
    summary="Delete a photo",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.NOT_FOUND),
)
def delete_attachment(
    photo_id: PhotoId,
    query: Annotated[StrictQuery, Query()],
    session: WriteSession,
    actor: ActorDep,
) -> None:
    """Delete a photo for good. Who did is written to the audit."""
    service.remove(session, photo_id, actor)
