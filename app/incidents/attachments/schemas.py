"""What the paths of photos take and give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.paging import Page
from app.core.query_words import StrictQuery
from app.incidents.attachments.rules import PhotoKind, PhotoSize


class Attachment(BaseModel):
    """A photo of a case, drawn anew without anything that its camera wrote into it."""

    id: UUID = Field(description="Random name of the photo.")
    kind: PhotoKind = Field(description="What it shows: before, after, near or far.")
    width: int = Field(description="Width of the full size in pixels.")
    height: int = Field(description="Height of the full size in pixels.")
    bytes: int = Field(description="Length of the full size in bytes.")
    at: datetime = Field(description="When we received it (RFC 3339, UTC).")
    url: str = Field(description="Path of the full size (JPEG).")
    thumb_url: str = Field(description="Path of the small size (JPEG).")


class AttachmentPage(Page[Attachment]):
    """The photos of a case, always all of them, the oldest first."""


class PhotoQuery(StrictQuery):
    """Which size."""

    size: PhotoSize = Field(
        default=PhotoSize.FULL, description="`full` (1,600 pixels at most) or `thumb` (320)."
    )
