"""What the path that moves a case takes."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.plain_text import clean_text
from app.core.query_words import Instant
from app.incidents.rules import Step
from app.incidents.schemas import ReportId

LONGEST_REASON = 1000

Reason = Annotated[str, Field(strict=True, max_length=LONGEST_REASON), AfterValidator(clean_text)]


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
