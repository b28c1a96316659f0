"""The audit as it is asked for and answered."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field, model_validator

from app.core.errors import FieldValueError
from app.core.paging import Cursor, Page
from app.core.query_words import AreaCode, Instant, StrictQuery
from app.identity.audit_words import AuditKind


class AuditQuery(StrictQuery):
    """Which rows."""

    area: AreaCode | None = Field(
        default=None, description="Rows about this area and what lies in it; default: one's own."
    )
    kind: list[AuditKind] = Field(
        default=[], max_length=len(AuditKind), description="Only these kinds; may be repeated."
    )
    since: Instant | None = Field(default=None, description="Done at or after (UTC).")
    until: Instant | None = Field(default=None, description="Done before (UTC).")
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise FieldValueError("since", "must lie before until")
        return self


class AuditEntry(BaseModel):
    """One row: who did what where; nothing of what was shown."""

    no: int = Field(
        description="Number in the chain of all areas; in between stand rows of other areas."
    )
    at: datetime = Field(description="When it was done (RFC 3339, UTC).")
    account: str | None = Field(description="Login of the post; null: a job or the command line.")
    role: str | None = Field(description="In which capacity.")
    area_code: int = Field(description="Area of what was acted upon.")
    kind: AuditKind = Field(description="Which act it was.")
    incident_no: int | None = Field(description="Short number of the case; null: about no case.")
    detail: str = Field(description="What exactly, in a few words.")
    reason: str | None = Field(description="Why, in the words of who acted.")
    hash: str = Field(description="SHA-256 over the row before and this one, in hex.")


class AuditPage(Page[AuditEntry]):
    """A part of the audit, newest first."""


class AuditChain(BaseModel):
    """How the whole chain stands, over all areas: counts and no content."""

    ok: bool = Field(description="Whether no row was changed, removed or put in another place.")
    rows: int = Field(description="How many rows there are in all areas.")
    first_bad: int | None = Field(description="Number of the first row that is not as written.")
    head: str = Field(description="Hash of the last row, to be noted elsewhere and compared later.")
