"""Accounts and grants as they are managed: what the paths take and give."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.errors import FieldValueError
from app.core.paging import Cursor, Page
from app.core.plain_text import Line
from app.core.query_words import AreaCode, Instant, StrictQuery
from app.identity.rules import Role
from app.identity.schemas import Grant
from app.identity.second_person.schemas import Proposal

PASSWORD = "10 characters or more; it tells neither the account's name nor what is guessed first."


class UsersQuery(StrictQuery):
    """Which accounts."""

    area: AreaCode | None = Field(
        default=None, description="That belong or act in this area; default: in one's own."
    )
    q: Annotated[Line, Field(min_length=1, max_length=60)] | None = Field(
        default=None, description="Whose name holds this text."
    )
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None


class NewUser(BaseModel):
    """An account to be made, for a post and never for a person's papers."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        max_length=60,
        description="Login of the post: a-z, 0-9, - and _, beginning with a letter; where wanted"
        " followed by a dot and an area code.",
        examples=["duty_officer.620111000000000"],
    )
    password: str = Field(max_length=1_000, description=PASSWORD)


class UserChange(BaseModel):
    """What is to change; what is not named stays. Every session of the account ends."""

    model_config = ConfigDict(extra="forbid")

    disabled: bool | None = Field(default=None, description="Let it in no longer, or again.")
    password: str | None = Field(default=None, max_length=1_000, description=PASSWORD)

    subject: str | None = Field(
        default=None,
        max_length=255,
        description="`sub` under which the city's provider knows whoever signs in to this account;"
        " empty: it is linked to nobody there any more.",
    )
    second_factor: Literal[False] | None = Field(
        default=None,
        description="false: take its second factor away, which its post has lost. Where its role"
        " must have one, the post sets up another at its next sign-in.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        given = (self.disabled, self.password, self.subject, self.second_factor)
        if all(value is None for value in given):
            raise FieldValueError("disabled", "or password, subject or second_factor must be given")
        return self


class NewGrant(BaseModel):
    """In which capacity an account may act, and where."""

    model_config = ConfigDict(extra="forbid")

    role: Role = Field(description="In which capacity.")
    area: AreaCode = Field(description="Where: this area and everything in it.")
    until: Instant | None = Field(
        default=None, description="Until when (RFC 3339, exclusive); null: until it is revoked."
    )


class User(BaseModel):
    """An account, as far as an admin of one's area sees it."""

    name: str = Field(description="Login of the post.")
    demo: bool = Field(description="Whether it is a demonstration account.")
    area_code: int | None = Field(
        description="Where it belongs; null: to the city, by the command line."
    )
    disabled: bool = Field(description="Whether it is let in no longer.")
    created_at: datetime = Field(description="Since when it exists (RFC 3339, UTC).")
    last_seen_at: datetime | None = Field(description="When it was last used (UTC); null: never.")
    grants: list[Grant] = Field(
        description="Its grants that hold, as far as they lie in one's own area."
    )
    sessions: int = Field(description="How many sessions it has open.")
    manageable: bool = Field(
        description="Whether one may disable it, set its password and end its sessions: it belongs"
        " to one's own area and acts nowhere else."
    )
    linked: bool = Field(description="Whether it is linked to a subject at the city's provider.")
    first_password: bool = Field(
        description="Whether its password is one that somebody else set and it has not changed yet."
    )
    awaits_code: bool = Field(description="Whether it waits for the code that releases it.")
    second_factor: bool = Field(description="Whether it has a second factor.")
    proposals: list[Proposal] = Field(
        description="What is proposed of it and waits for a second person, in one's own area."
    )


class UserPage(Page[User]):
    """A part of the accounts, by name."""
