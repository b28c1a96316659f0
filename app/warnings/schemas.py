"""What the paths of warnings take and give."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.errors import FieldValueError
from app.core.paging import Cursor, Page
from app.core.query_words import AreaCode, Instant, StrictQuery
from app.dispatch.schemas import StationRef
from app.incidents.lifecycle.schemas import StepField
from app.incidents.schemas import EXAMPLE_ID, OneLine, ReportedLat, ReportedLon, ReportId
from app.places.schemas import ChainLink
from app.warnings.rules import VisitOutcome, WarningLevel, WarningState, WarningStep


class NewWarning(BaseModel):
    """A warning as a centre sends it: what kind, where, how pressing. Nothing of anybody."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "id": EXAMPLE_ID,
                    "category": "1102",
                    "lon": 102.86,
                    "lat": 36.34,
                    "risk": 3,
                    "detected_at": "2026-01-31T08:00:00Z",
                }
            ]
        },
    )

    id: ReportId = Field(
        description="UUID chosen by the sender: the same warning under the same id is taken once.",
        examples=[EXAMPLE_ID],
    )
    category: Annotated[str, Field(strict=True, pattern=r"^11[0-9]{2}$")] = Field(
        description="Four digits, 11xx, of the filing standard in force.", examples=["1102"]
    )
    lon: ReportedLon | None = Field(
        default=None, description="Longitude in degrees, WGS84 (EPSG:4326).", examples=[102.86]
    )
    lat: ReportedLat | None = Field(
        default=None, description="Latitude in degrees, WGS84 (EPSG:4326).", examples=[36.34]
    )
    address: OneLine | None = Field(
        default=None, description="Instead of `lon` and `lat`: an address in this city. Not kept."
    )
    risk: Annotated[int, Field(strict=True, ge=1, le=3)] = Field(
        description="How pressing it is: 1 low, 2 medium, 3 high."
    )
    detected_at: Instant = Field(
        description="When it was noticed (RFC 3339, UTC): a week back at most, not more than 5"
        " minutes ahead."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.address is not None:
            if self.lon is not None or self.lat is not None:
                raise FieldValueError("address", "send either address, or lon and lat")
        elif self.lon is None or self.lat is None:
            missing = "lon" if self.lon is None else "lat"
            raise FieldValueError(missing, "is missing: send lon and lat, or address")
        return self


class WarningReceipt(BaseModel):
    """What whoever sent a warning is told, and is told again: it does not change later."""

    id: UUID = Field(description="UUID under which it was sent.", examples=[EXAMPLE_ID])
    no: int = Field(description="Short number of its case.")
    category: str = Field(description="Four digits of the filing standard.")
    risk: int = Field(ge=1, le=3, description="1 low, 2 medium, 3 high.")
    detected_at: datetime = Field(description="When it was noticed (RFC 3339, UTC).")
    dispatched_at: datetime = Field(description="When it was sent on (RFC 3339, UTC).")
    visit_due_at: datetime = Field(description="By when somebody must be there (RFC 3339, UTC).")
    station: StationRef | None = Field(
        description="The police station that covers the place; null where none does."
    )


class WarningClimb(BaseModel):
    """When a warning became the matter of a farther level."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime = Field(description="When (RFC 3339, UTC).")
    to: WarningLevel = Field(description="sub_centre or city_centre.")


class WarningTimelineStep(BaseModel):
    """Something that was done about a warning."""

    at: datetime = Field(description="When (RFC 3339, UTC).")
    step: WarningStep = Field(description="What was done.")
    outcome: VisitOutcome | None = Field(description="How it ended; of `conclude` only.")
    role: str | None = Field(description="Role of the post that did it; null for a program.")


class WarningNextStep(BaseModel):
    """A step that may be taken now."""

    step: WarningStep = Field(description="The step.")
    fields: list[StepField] = Field(description="What it says.")
    ordinary: bool = Field(description="The step that is waited for, one at most.")


class Warning(BaseModel):
    """A warning of fraud, how its visit stands, and who must act now."""

    id: UUID = Field(description="UUID under which it was sent.", examples=[EXAMPLE_ID])
    version: int = Field(ge=1, description="Number of steps so far. Send it back with a step.")
    no: int = Field(description="Short number of its case.")
    category: str = Field(description="Four digits of the filing standard.", examples=["1102"])
    category_name_zh: str = Field(description="Name of the category in Chinese.")
    category_name_en: str = Field(description="Name of the category in English.")
    risk: int = Field(ge=1, le=3, description="1 low, 2 medium, 3 high.")
    state: WarningState = Field(description="How far it has come.")
    level: WarningLevel = Field(description="Who must act now.")
    station: StationRef | None = Field(
        description="The police station that covers the place; null where none does."
    )
    detected_at: datetime = Field(description="When it was noticed (RFC 3339, UTC).")
    dispatched_at: datetime = Field(description="When the timer started (RFC 3339, UTC).")
    visit_due_at: datetime = Field(description="When it runs out (RFC 3339, UTC).")
    visited_at: datetime | None = Field(
        description="When it stopped (UTC): somebody arrived, or it ended; null while it runs."
    )
    climbs: list[WarningClimb] = Field(description="Levels that it has climbed to so far.")
    lon: float = Field(description="Longitude in degrees, WGS84 (EPSG:4326); see the next but one.")
    lat: float = Field(description="Latitude in degrees, WGS84 (EPSG:4326).")
    location_uncertainty_m: float = Field(
        ge=0,
        description="Radius in m around the point. Once the case is closed the point is that of"
        " its grid cell, for good.",
    )
    cell_code: int = Field(description="15-digit code of the grid cell in which it lies.")
    chain: list[ChainLink] = Field(description="Areas that contain it, from the city down.")
    next_steps: list[WarningNextStep] = Field(description="What may be done now by who asks.")
    timeline: list[WarningTimelineStep] = Field(description="Every step so far, in order.")


class WarningPage(Page[Warning]):
    """Warnings: running timers first, by what is due first; then the others, the newest first."""


class WarningQuery(StrictQuery):
    """Which warnings."""

    area: AreaCode | None = Field(
        default=None, description="Only inside the area with this 15-digit code, of any level."
    )
    state: WarningState | None = Field(default=None, description="Only warnings in this state.")
    limit: int = Field(default=50, ge=1, le=200, description="Items in one part of the list.")
    cursor: Cursor = None


class TakenWarningStep(BaseModel):
    """What is done about a warning."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"step": "call"}]}
    )

    step: WarningStep = Field(description="What is done; see `next_steps`.")
    outcome: VisitOutcome | None = Field(
        default=None,
        description="`conclude`: what came of it; dissuaded and not_dissuaded need an arrival.",
    )
    version: Annotated[int, Field(strict=True, ge=1, lt=2**31)] | None = Field(
        default=None,
        description="`version` as it was seen; refused (409) when it has moved on since.",
    )
