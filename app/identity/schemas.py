"""What the paths of identity take and give."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.core.plain_text import clean_line
from app.identity.rules import Role
from app.identity.second_factor.schemas import Code

MOST_LABEL_CHARS = 60
MOST_MEMBERS = 20


Label = Annotated[str, Field(min_length=1, max_length=MOST_LABEL_CHARS), AfterValidator(clean_line)]
"""What a session is known by: of a desk or a screen, never of a person."""


class Credentials(BaseModel):
    """What a post signs in with."""

    model_config = ConfigDict(extra="forbid")

    user: str = Field(
        min_length=1,
        max_length=100,
        description="Login of a staff post, such as `duty_officer`.",
        examples=["city_admin"],
    )
    password: str = Field(min_length=1, max_length=200, description="Its password.")
    code: Code | None = Field(
        default=None,
        description="Of an account with a second factor (401 `code-needed` without it): the six"
        " digits of its authenticator app, or a recovery code.",
    )
    label: Label | None = Field(
        default=None,
        description="What tells this session from others of the account, such as where a screen"
        " hangs; whoever manages accounts sees it.",
        examples=["Hall, east wall"],
    )

    @model_validator(mode="before")
    @classmethod
    def _has_few_members(cls, given: object) -> object:
        """Thousands of unknown ones, each refused on its own, would keep everybody waiting: this
        is read from whoever reaches the server."""
        if isinstance(given, dict) and len(given) > MOST_MEMBERS:
            message = f"has {len(given)} members, at most {MOST_MEMBERS} may be given"
            raise ValueError(message)
        return given


class ChosenGrant(BaseModel):
    """Under which grant to act from now on."""

    model_config = ConfigDict(extra="forbid")

    grant: int = Field(ge=1, lt=2**63, description="`id` of one of the session's grants.")


class GivenPassword(BaseModel):
    """The password once more, and the code of a second factor where the account has one."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(min_length=1, max_length=200, description="That of this account.")
    code: Code | None = Field(
        default=None,
        description="Of an account with a second factor (403 `code-needed` without it).",
    )


class GivenCode(BaseModel):
    """The code that releases an account."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(
        min_length=1,
        max_length=40,
        description="As the admin who confirmed has handed it out; blanks and dashes do not count.",
    )
    new_password: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The one from now on, in a session that was begun with a password; whoever"
        " signed in at the provider needs none.",
    )


class ChangedPassword(BaseModel):
    """Another password of one's own."""

    model_config = ConfigDict(extra="forbid")

    old_password: str = Field(min_length=1, max_length=200, description="The one until now.")
    new_password: str = Field(
        min_length=1,
        max_length=200,
        description="The one from now on: 10 characters at least, none that is guessed easily.",
    )


class GrantedArea(BaseModel):
    """Where a grant holds."""

    code: int = Field(description="15-digit area code.")
    level: str | None = Field(description="Level of the area; null where it is not drawn.")
    name: str | None = Field(description="Its name; null where it is not drawn.")
    name_en: str | None = Field(description="Its English name, where it has one.")


class Grant(BaseModel):
    """That one may act in a role, in an area."""

    id: int = Field(description="Number of the grant.")
    role: Role = Field(description="In which capacity.")
    area: GrantedArea = Field(description="Where: this area and everything in it.")
    valid_until: datetime | None = Field(
        description="Until when (RFC 3339, UTC, exclusive); null: until it is revoked."
    )


class SessionInfo(BaseModel):
    """Who is signed in, and what they may do."""

    user: str = Field(description="Login of the staff post.")
    demo: bool = Field(description="Whether it is a demonstration account.")
    grants: list[Grant] = Field(description="All grants that hold now; one acts under one of them.")
    active: int = Field(description="`id` of the grant under which this session acts.")
    operations: list[str] = Field(
        description="Operations of this API (`operationId`) that the active grant's role may do."
    )
    watching: bool = Field(
        description="Whether this session only watches just now: nobody has used it for a while,"
        " and all but `open_while_watching` is 403 `password-again` until the password is given"
        " again."
    )
    open_while_watching: list[str] = Field(
        description="Of these operations those that stay open then."
    )
    header_token: str = Field(
        description="To be sent as `X-Minqing-Token` with every write; it ends with the session."
    )
    has_password: bool = Field(description="Whether the account has a password here.")
    linked: bool = Field(
        description="Whether the account is linked to a subject at the city's provider, where it"
        " may step up then (`GET /api/v1/session/oidc/start?step_up=true`)."
    )
    first_password: bool = Field(
        description="Whether somebody else has set the password: it must be changed"
        " (`POST /api/v1/session/password`) before anything else is open."
    )
    awaits_code: bool = Field(
        description="Whether the account must be released (`POST /api/v1/session/release`) before"
        " anything else is open."
    )
    needs_second_factor: bool = Field(
        description="Whether a second factor must be set up (`POST /api/v1/session/second_factor`)"
        " before anything else is open: the active grant's role must have one."
    )
    second_factor: bool = Field(
        description="Whether the account has a second factor: sign-in and step-up ask for its code."
    )
    recovery_codes: int = Field(description="How many recovery codes it has left.")
    by_provider: bool = Field(
        description="Whether this session was begun at the city's provider, not with a password."
    )
    stepped_up_until: datetime | None = Field(
        description="Until when what is protected is open to this session (RFC 3339, UTC);"
        " null: the password is needed again."
    )


class OidcInfo(BaseModel):
    """Whether one can sign in at a provider of the city's own."""

    enabled: bool = Field(description="Whether there is one.")
    name: str | None = Field(description="How it is called; null where there is none.")
