"""Open sessions as they are managed: what the paths take and give."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.core.paging import Cursor, Page
from app.core.plain_text import Line
from app.core.query_words import StrictQuery
from app.identity.rules import Role
from app.identity.schemas import GrantedArea, Label


class SessionsQuery(StrictQuery):
    """Which sessions."""

    user: Annotated[Line, Field(min_length=1, max_length=60)] | None = Field(
        default=None, description="Of this account alone."
    )
    role: Role | None = Field(
        default=None, description="That act in this role alone, such as `wall_display`."
    )
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None


class NewLabel(BaseModel):
    """What a session is known by from now on."""

    model_config = ConfigDict(extra="forbid")

    label: Label | None = Field(
        description="Such as where a screen hangs; null: nothing.", examples=["Hall, east wall"]
    )


class OpenSession(BaseModel):
    """A session that is open."""

    id: int = Field(description="Its number.")
    user: str = Field(description="Login of its account.")
    label: str | None = Field(description="What tells it from others of the account.")
    role: Role = Field(description="In which capacity it acts.")
    area: GrantedArea = Field(description="Where it acts: this area and everything in it.")
    since: datetime = Field(description="When it began (RFC 3339, UTC).")
    seen_at: datetime = Field(
        description="When somebody last used it; of a screen on a wall, when it last asked (UTC)."
    )
    ends_at: datetime = Field(
        description="When it ends at the latest (UTC). For a screen on a wall this moves on for as"
        " long as it is seen."
    )
    watching: bool = Field(description="Whether it only watches just now.")
    own: bool = Field(description="Whether it is the session that asks.")
    manageable: bool = Field(
        description="Whether one may label and end it: it is of one's own account, or one is an"
        " admin and it acts inside one's area or its account is one's to change."
    )


class SessionPage(Page[OpenSession]):
    """A part of the open sessions, by account and number."""
