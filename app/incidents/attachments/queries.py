"""SQL of photos. Scope is that of their case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from app.core.scope import within
from app.incidents.attachments.rules import PhotoSize
from app.incidents.models import Attachment

AnyRow = Row[*tuple[Any, ...]]
_HEAD = (
    Attachment.id, Attachment.no, Attachment.cell_code, Attachment.kind, Attachment.width,
    Attachment.height, func.octet_length(Attachment.full_jpeg).label("bytes"), Attachment.added_at,
)  # fmt: skip


def add(session: Session, **values: Any) -> None:
    """Write a photo; values are the columns of `Attachment`."""
    session.execute(insert(Attachment).values(**values))


def of_case(session: Session, no: int) -> Sequence[AnyRow]:
    """The photos of a case without their pixels, the oldest first."""
    found = select(*_HEAD).where(Attachment.no == no, *within(session, Attachment.cell_code))
    return session.execute(found.order_by(Attachment.added_at, Attachment.id)).all()


def count(session: Session, no: int, at: datetime) -> int:
    """How many photos a case has of those that it had at `at`: what was deleted is gone."""
    where = [
        Attachment.no == no, Attachment.added_at <= at, *within(session, Attachment.cell_code)
    ]  # fmt: skip
    return session.scalar(select(func.count()).select_from(Attachment).where(*where)) or 0


def jpeg(session: Session, photo_id: UUID, size: PhotoSize) -> bytes | None:
    """The picture itself; None where there is none to be seen."""
    column = Attachment.full_jpeg if size is PhotoSize.FULL else Attachment.thumb_jpeg
    where = [Attachment.id == photo_id, *within(session, Attachment.cell_code)]
    return session.scalar(select(column).where(*where))


def erase(session: Session, photo_id: UUID) -> AnyRow | None:
    """Delete a photo: its `no`, `cell_code` and `kind`; None where there is none to be seen."""
    where = [Attachment.id == photo_id, *within(session, Attachment.cell_code)]
    gone = delete(Attachment).where(*where)
    return session.execute(
        gone.returning(Attachment.no, Attachment.cell_code, Attachment.kind)
    ).first()
