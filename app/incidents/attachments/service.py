"""Photos of a case: adding, listing, giving, deleting. Their time: retention."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.db import reading, writing
from app.core.errors import FieldError, Problem, not_found
from app.core.scope import Scope
from app.identity.audit import record
from app.identity.rules import Actor
from app.incidents import queries
from app.incidents.attachments import photos
from app.incidents.attachments import queries as attachment_queries
from app.incidents.attachments.rules import MOST_PHOTOS, PhotoKind, PhotoSize
from app.incidents.attachments.schemas import Attachment, AttachmentPage


def add(  # noqa: PLR0917 what, of which case, when
    engine: Engine, scope: Scope, report_id: UUID, kind: PhotoKind, file: BinaryIO, now: datetime
) -> Attachment:
    """Draw a photo anew and keep it with its case, in a transaction of its own.

    Raises:
        Problem: 404 for an unknown case; 409 when it has as many photos as it may; 413 and 422 as
            `photos.redraw`.
    """
    # Looked at first: drawing is work, and no connection is held while it is done.
    with reading(engine, scope) as session:
        _check_room(session, _number(session, report_id), now)
    drawn = photos.redraw(file)
    with writing(engine, scope) as session:
        known = queries.receipt(session, report_id)
        if known is None:
            raise not_found("incident", report_id)
        case = queries.lock(session, known.no, known.reported_at)
        _check_room(session, known.no, now)
        values = {
            "id": uuid4(), "no": known.no, "cell_code": case.cell_code, "kind": kind.value,
            "width": drawn.width, "height": drawn.height, "added_at": now,
        }  # fmt: skip
        attachment_queries.add(session, full_jpeg=drawn.full, thumb_jpeg=drawn.thumb, **values)
    return _as_sent({**values, "bytes": len(drawn.full)})


def list_of(session: Session, report_id: UUID) -> AttachmentPage:
    """The photos of a case.

    Raises:
        Problem: 404.
    """
    rows = attachment_queries.of_case(session, _number(session, report_id))
    items = [_as_sent(dict(row._mapping)) for row in rows]
    return AttachmentPage(total=len(items), items=items, next=None)


def picture(session: Session, photo_id: UUID, size: PhotoSize) -> bytes:
    """A photo as JPEG.

    Raises:
        Problem: 404.
    """
    found = attachment_queries.jpeg(session, photo_id, size)
    if found is None:
        raise not_found("photo", photo_id)
    return found


def remove(session: Session, photo_id: UUID, actor: Actor) -> None:
    """Delete a photo for good; who did is written down.

    Raises:
        Problem: 404.
    """
    gone = attachment_queries.erase(session, photo_id)
    if gone is None:
        raise not_found("photo", photo_id)
    record(
        session, actor, "photo_erased",
        area_code=gone.cell_code, incident_no=gone.no, detail=f"1 photo ({gone.kind})",
    )  # fmt: skip


def _number(session: Session, report_id: UUID) -> int:
    known = queries.receipt(session, report_id)
    if known is None:
        raise not_found("incident", report_id)
    return int(known.no)


def _check_room(session: Session, no: int, now: datetime) -> None:
    if attachment_queries.count(session, no, now) >= MOST_PHOTOS:
        message = f"is one more than the {MOST_PHOTOS} photos that a case may have"
        raise Problem(
            HTTPStatus.CONFLICT, "too-many-photos", "Too many photos", f"file: {message}",
            (FieldError("file", message),),
        )  # fmt: skip


def _as_sent(fields: dict[str, Any]) -> Attachment:
    url = f"/api/v1/attachments/{fields['id']}"
    return Attachment(
        id=fields["id"], kind=fields["kind"], width=fields["width"], height=fields["height"],
        bytes=fields["bytes"], at=fields["added_at"], url=url, thumb_url=f"{url}?size=thumb",
    )  # fmt: skip
