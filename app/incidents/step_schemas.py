"""What the path that moves a case takes, and what a card says of who may do what next."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.core.plain_text import clean_text
from app.core.query_words import Instant
from app.incidents.rules import Step, Tier

EXAMPLE_ID = "6f1c1d5e-6f0a-4b57-9b0e-3c1f2a4d5e6f"
LONGEST_REASON = 1000


def canonical_uuid(value: object) -> object:
    """The value, if it is a UUID in its usual writing.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or len(value) != 36:
        raise ValueError(f"must be a UUID such as {EXAMPLE_ID}")
    return value


ReportId = Annotated[UUID, BeforeValidator(canonical_uuid)]
Reason = Annotated[str, Field(strict=True, max_length=LONGEST_REASON), AfterValidator(clean_text)]


class FieldKind(StrEnum):
    """How a word of a step is asked for."""

    TEXT = "text"
    UNIT = "unit"
    INSTANT = "instant"
    CHOICE = "choice"
    INCIDENT = "incident"


class StepField(BaseModel):
    """One thing that a step says."""

    name: str = Field(description="Its member in the body.", examples=["reason"])
    required: bool = Field(description="Whether the step is refused without it.")
    kind: FieldKind = Field(description="text, unit, instant, choice or incident.")
    choices: list[str] = Field(description="The words of a choice; empty otherwise.")


class NextStep(BaseModel):
    """A step that may be taken now by whoever asks."""

    step: Step = Field(description="The step.")
    fields: list[StepField] = Field(description="What it says.")
    ordinary: bool = Field(description="The step that is waited for from this post, one at most.")


class TakenStep(BaseModel):
    """One step of a case, as somebody takes it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"step": "register", "version": 1}]},
    )

    step: Step = Field(description="What is done; see `next_steps` of the incident.")
    reason: Reason | None = Field(
        default=None,
        description="Plain text, up to 1000 characters; needed where a step goes against the"
        " ordinary course.",
    )
    unit_id: Annotated[int, Field(strict=True, ge=1, lt=2**63)] | None = Field(
        default=None, description="`assign`: the duty unit; see `/api/v1/duty_units`."
    )
    until: Instant | None = Field(
        default=None,
        description="`suspend`: when the case goes on by itself (RFC 3339, UTC), a year ahead at"
        " most.",
    )
    outcome: Annotated[str, Field(strict=True, max_length=40)] | None = Field(
        default=None, description="What was found, or how it ended: a word of that step."
    )
    other_id: ReportId | None = Field(
        default=None, description="`merge`: the case of which this one is a duplicate."
    )
    version: Annotated[int, Field(strict=True, ge=1, lt=2**31)] | None = Field(
        default=None,
        description="`version` of the incident as it was seen; refused (409) when the case has"
        " moved on since.",
    )


class AssignedUnit(BaseModel):
    """The duty unit to which a case is assigned."""

    model_config = ConfigDict(from_attributes=True)

    unit_id: int = Field(description="Number of the unit.")
    call_sign: str = Field(description="Call sign, never a person's name.")
    role: str = Field(description="Role, such as grid_worker or officer.")
    station: str = Field(description="Name of its station.")


class CaseRef(BaseModel):
    """Another case."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="UUID of the report.")
    no: int = Field(description="Short number.")
    title: str = Field(description="One line of plain text. Data, never markup.")


class CaseStanding(BaseModel):
    """What a card says beside the case itself."""

    version: int = Field(
        ge=1, description="Number of steps so far; also the ETag. Send it back with a step."
    )
    tier: Tier = Field(description="Who carries the case, from the cell up.")
    assigned_to: AssignedUnit | None = Field(
        description="The duty unit of the last assignment; null before one."
    )
    next_steps: list[NextStep] = Field(
        description="What whoever asks may do now, in their role and at their tier; empty when"
        " another minute was asked for."
    )
    duplicate_of: CaseRef | None = Field(
        description="The case into which this one was merged; null where it was not, or lies"
        " beyond one's area."
    )
    duplicates: list[CaseRef] = Field(description="Cases that were merged into this one.")
    returned: int = Field(ge=0, description="How often it was sent back.")
    reopened: int = Field(ge=0, description="How often it was reopened.")
    satisfaction: str | None = Field(
        description="What the follow-up found: satisfied, neutral, dissatisfied or not_reached;"
        " null before one."
    )
    suspended_until: datetime | None = Field(
        description="When the suspension ends by itself (RFC 3339, UTC); null otherwise."
    )
    asks_extension: bool = Field(description="A request for an extension waits for its answer.")
    appeals: bool = Field(description="An appeal waits for its answer.")

    @property
    def etag(self) -> str:
        """The version as the header `ETag` writes it."""
        return f'"{self.version}"'
