"""What the paths of joint mediation take and give."""

import re
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.paging import Cursor, Page
from app.core.plain_text import clean_text
from app.core.query_words import AreaCode, Instant, StrictQuery
from app.dispatch.schemas import StationRef
from app.incidents.rules import DisputeOutcome, Satisfaction, Status
from app.incidents.schemas import EXAMPLE_ID
from app.mediation.rules import Act, Answer, Performance, TableState
from app.places.schemas import ChainLink

LONGEST_TERMS = 2000
MOST_YUAN = 1e9
# A mobile number, the two kinds of identity number, a bank account: eleven digits and more.
_OF_SOMEBODY = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{15}|\d{16,19}|\d{17}[Xx])(?!\d)", re.ASCII)


def names_nobody(text: str) -> str:
    """The text, if no number of somebody stands in it.

    Raises:
        ValueError: one does.
    """
    if _OF_SOMEBODY.search(re.sub(r"(?<=\d)[ -](?=\d)", "", text)):
        raise ValueError("must not carry a telephone, identity or account number of anybody")
    return text


def _cents(value: float) -> float:
    if round(value, 2) != value:
        raise ValueError("has more than two decimals")
    return value


def _text(most: int) -> Any:
    return Field(strict=True, min_length=1, max_length=most)


PlainText = Annotated[str, _text(1000), AfterValidator(clean_text), AfterValidator(names_nobody)]
Terms = Annotated[
    str, _text(LONGEST_TERMS), AfterValidator(clean_text), AfterValidator(names_nobody)
]
Number = Annotated[int, Field(strict=True, ge=1, lt=2**63)]


class Room(BaseModel):
    """A room in which people can meet."""

    id: int = Field(description="Number of the room.")
    name: str = Field(description="Name in Chinese.")
    seats: int = Field(description="How many can sit there.")
    station: StationRef = Field(description="The station in which it is.")


class RoomPage(Page[Room]):
    """Rooms, those of the smallest areas first."""


class RoomQuery(StrictQuery):
    """Which rooms."""

    area: AreaCode | None = Field(
        default=None,
        description="Only rooms of stations in the area with this 15-digit code, or above it.",
    )


class CaseOfMediation(BaseModel):
    """The dispute that is mediated."""

    id: UUID = Field(description="UUID of the report.", examples=[EXAMPLE_ID])
    no: int = Field(description="Short number of the incident.")
    title: str = Field(description="One line of plain text. Data, never markup.")
    category: str = Field(description="Four digits, 10xx.", examples=["1003"])
    status: Status = Field(description="State of the case.")
    chain: list[ChainLink] = Field(description="Areas that contain it, from the city down.")


class Participant(BaseModel):
    """A duty unit that was called in. Of the parties nothing is kept."""

    unit_id: int = Field(description="Number of the unit.")
    call_sign: str = Field(description="Call sign, never a person's name.")
    role: str = Field(description="officer, legal_adviser, mediator, grid_worker or another.")
    station: StationRef | None = Field(description="The station that it belongs to.")
    answer: Answer = Field(description="asked, accepted or declined.")


class MeetingTime(BaseModel):
    """A time and a room."""

    starts_at: datetime = Field(description="From when (RFC 3339, UTC).")
    ends_at: datetime = Field(description="Until when (RFC 3339, UTC).")
    room: Room = Field(description="Where.")


class OpeningPage(Page[MeetingTime]):
    """Times in which everybody who was called, and a room, are free."""


class OpeningQuery(StrictQuery):
    """How far to look."""

    days: int = Field(default=7, ge=1, le=31, description="Local days, today included.")


class AgreementMade(BaseModel):
    """What was agreed, and how much of it was done."""

    terms: str = Field(description="Plain text. Data, never markup.")
    amount_yuan: float | None = Field(description="Money that is to be paid, in yuan.")
    due_on: date | None = Field(description="Until which local day; null for on the spot.")
    performance: Performance = Field(description="none, partly or fully.")
    performed_at: datetime | None = Field(description="When all of it was done (RFC 3339, UTC).")


class HistoryEntry(BaseModel):
    """Something that was done at the table."""

    at: datetime = Field(description="When (RFC 3339, UTC).")
    what: Act = Field(description="What was done.")
    by_role: str | None = Field(description="Role of the post that did it; null for a program.")
    unit: str | None = Field(description="Call sign of the unit that it was about.")
    reason: str | None = Field(description="Why, of `cancel`. Data, never markup.")


class Mediation(BaseModel):
    """The table of a dispute."""

    id: UUID = Field(description="UUID of the mediation.", examples=[EXAMPLE_ID])
    version: int = Field(ge=1, description="Number of its last event. Send it back with an act.")
    state: TableState = Field(description="How far it has come.")
    incident: CaseOfMediation = Field(description="The dispute.")
    participants: list[Participant] = Field(description="In the order in which they were called.")
    meeting: MeetingTime | None = Field(description="When and where they meet, or met.")
    outcome: DisputeOutcome | None = Field(description="How it ended.")
    agreement: AgreementMade | None = Field(description="What was agreed.")
    satisfaction: Satisfaction | None = Field(description="What the follow-up found.")
    history: list[HistoryEntry] = Field(description="Everything that was done, in order.")
    next: list[Act] = Field(description="What may be done now by whoever asks.")


class MediationPage(Page[Mediation]):
    """Mediations, the newest first."""


class MediationQuery(StrictQuery):
    """Which mediations."""

    area: AreaCode | None = Field(
        default=None, description="Only inside the area with this 15-digit code, of any level."
    )
    state: TableState | None = Field(default=None, description="Only tables in this state.")
    limit: int = Field(default=50, ge=1, le=200, description="Items in one part of the list.")
    cursor: Cursor = None


class Versioned(BaseModel):
    """A body that says which state its sender has seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(strict=True, ge=1, lt=2**31)] | None = Field(
        default=None,
        description="`version` as it was seen; refused (409) when the table has moved on since.",
    )


class CalledUnit(Versioned):
    """Who is called in."""

    unit_id: Number = Field(description="A duty unit; see `/api/v1/duty_units`.")


class UnitAnswer(Versioned):
    """What a unit said."""

    answer: Answer = Field(description="accepted or declined; asked: it has not said yet.")


class PlannedMeeting(Versioned):
    """When and where to meet."""

    room_id: Number = Field(description="A room; see `/api/v1/rooms`.")
    starts_at: Instant = Field(description="From when (RFC 3339, UTC), 90 days ahead at most.")
    ends_at: Instant = Field(description="Until when (RFC 3339, UTC), 8 hours later at most.")


class NewAgreement(BaseModel):
    """What was agreed. Nothing in it names anybody: what is to be done, how much, until when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    terms: Terms = Field(
        description="Plain text; numbers of telephones, identities and accounts are refused."
    )
    amount_yuan: Annotated[
        float | None,
        Field(strict=True, ge=0, le=MOST_YUAN, allow_inf_nan=False),
        AfterValidator(lambda value: value if value is None else _cents(value)),
    ] = Field(default=None, description="Money that is to be paid, in yuan.")
    due_on: date | None = Field(
        default=None, description="Until which local day (2026-01-31); none for on the spot."
    )


class NewOutcome(Versioned):
    """How the dispute ended."""

    outcome: DisputeOutcome = Field(description="`mediated` needs an agreement; others have none.")
    agreement: NewAgreement | None = Field(default=None, description="What was agreed.")


class NewPerformance(Versioned):
    """How much of the agreement was done so far."""

    performance: Performance = Field(description="none, partly or fully, which closes the case.")


class NewFollowUp(Versioned):
    """What whoever had told of it said afterwards."""

    satisfaction: Satisfaction = Field(description="`not_reached` may be tried again.")


class Cancelled(Versioned):
    """Why nobody meets after all."""

    reason: PlainText = Field(description="Plain text, up to 1000 characters.")
