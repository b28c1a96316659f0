"""What the paths tell of clocks."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from app.core.paging import Cursor
from app.core.query_words import AreaCode, AsOf, StrictQuery
from app.incidents.clocks.rules import ClockState
from app.incidents.rules import Stage, Tier

FARTHEST_S = 400 * 86_400


class CaseClock(BaseModel):
    """The clock of a case, computed from its log for the minute asked for. Raw and adjusted
    (extension, suspension, appeal) stand side by side."""

    model_config = ConfigDict(from_attributes=True)

    limit: str | None = Field(
        description="Limit of the filing standard in force when the clock started, such as"
        " `4 work_hour`; null where none is fixed, and before the start."
    )
    started_at: datetime | None = Field(
        description="When the clock started (RFC 3339, UTC): registration; assignment for a"
        " warning; the last climb for a dispute. Null before."
    )
    ended_at: datetime | None = Field(
        description="When the handler confirmed and handed back (RFC 3339, UTC), or the case ended"
        " otherwise; null while it runs."
    )
    raw_due_at: datetime | None = Field(
        description="Deadline without any adjustment (RFC 3339, UTC); null where there is none."
    )
    due_at: datetime | None = Field(
        description="Deadline with every adjustment (RFC 3339, UTC); null where there is none."
    )
    raw_remaining_s: int | None = Field(
        description="Seconds from now, or from `ended_at`, to `raw_due_at`; negative beyond it."
    )
    remaining_s: int | None = Field(
        description="Seconds from now, or from `ended_at`, to `due_at`; negative beyond it."
    )
    raw_state: ClockState = Field(description="`state` by the deadline without adjustment.")
    state: ClockState = Field(
        description="no_limit; not_started; ok; due_soon (a quarter of the limit or less is left);"
        " overdue; unknown (the working days of a year on the way cannot be told). A clock"
        " that ended keeps ok or overdue."
    )
    extensions: int = Field(ge=0, le=2, description="Approved extensions that count.")
    is_paused: bool = Field(description="The case is suspended: `due_at` moves until it goes on.")
    is_provisional: bool = Field(
        description="A deadline rests on working days that are only expected: the State Council's"
        " notice about a year on the way is not taken yet, and the deadline may move when it is."
    )


class StageStay(BaseModel):
    """One stay of a case in one stage."""

    stage: Stage = Field(description="The stage; once handed back, a case is in checking.")
    tier: Tier = Field(description="Who carried the case when it began.")
    started_at: datetime = Field(description="When it began (RFC 3339, UTC).")
    ended_at: datetime | None = Field(
        description="When it ended (RFC 3339, UTC); null while it lasts."
    )
    elapsed_s: int = Field(ge=0, description="Seconds it has lasted, suspension left out.")


class DueState(StrEnum):
    """Which running clocks."""

    OVERDUE = "overdue"
    DUE_SOON = "due_soon"


class DueQuery(StrictQuery):
    """Which cases whose clock runs."""

    area: AreaCode | None = Field(
        default=None, description="Only inside the area with this 15-digit code, of any level."
    )
    state: DueState | None = Field(default=None, description="overdue or due_soon; default: both.")
    within_s: int | None = Field(
        default=None,
        ge=1,
        le=FARTHEST_S,
        description="Take for due soon what is due within this many seconds, instead of what has a"
        " quarter of its limit left.",
        examples=[86_400],
    )
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None


class SummaryQuery(AsOf):
    """Where, and of which minute."""

    area: AreaCode | None = Field(
        default=None, description="Only inside the area with this 15-digit code, of any level."
    )


class ClockSummary(BaseModel):
    """How the clocks of an area stand that run: cases registered and not handed back."""

    area: int | None = Field(description="15-digit code of the area; null for the whole city.")
    as_of: datetime = Field(description="The minute of these figures (RFC 3339, UTC).")
    running: int = Field(ge=0, description="Clocks that run, of every state below.")
    overdue: int = Field(ge=0, description="Beyond the adjusted deadline.")
    raw_overdue: int = Field(ge=0, description="Beyond the deadline without adjustment.")
    due_soon: int = Field(ge=0, description="A quarter of the limit or less is left.")
    ok: int = Field(ge=0, description="More than that is left.")
    no_limit: int = Field(ge=0, description="No limit is fixed for the category.")
    unknown: int = Field(
        ge=0, description="No deadline can be told: a year's working days are not known."
    )
    provisional: int = Field(
        ge=0,
        description="Deadlines that rest on working days which are only expected; counted in the"
        " other states as well.",
    )
    paused: int = Field(ge=0, description="Suspended now; counted in the other states as well.")
