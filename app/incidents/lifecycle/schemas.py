"""What a card says of who has the case, and who may do what next."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.incidents.rules import Step, Tier


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
