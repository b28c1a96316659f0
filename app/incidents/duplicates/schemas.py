"""What the suggestion of duplicates takes and gives."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.paging import Page
from app.core.plain_text import clean_text
from app.core.query_words import Instant
from app.incidents.rules import Stage, Status
from app.incidents.schemas import ReportedLat, ReportedLon


class Likeness(StrEnum):
    """In what two reports are alike."""

    DISTANCE = "distance"
    TIME = "time"
    TEXT = "text"
    CATEGORY = "category"


class TypedReport(BaseModel):
    """A report as far as it has been typed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"category": "0110", "title": "路边暴露生活垃圾", "lon": 102.86, "lat": 36.34}
            ]
        },
    )

    category: Annotated[str, Field(strict=True, pattern=r"^[0-9]{4}$")] = Field(
        description="Four digits of the filing standard."
    )
    title: Annotated[str, Field(strict=True, max_length=200), AfterValidator(clean_text)] = Field(
        default="", description="Plain text, up to 200 characters."
    )
    description: Annotated[str, Field(strict=True, max_length=4000), AfterValidator(clean_text)] = (
        Field(default="", description="Plain text, up to 4000 characters.")
    )
    lon: ReportedLon = Field(description="Longitude in degrees, WGS84 (EPSG:4326).")
    lat: ReportedLat = Field(description="Latitude in degrees, WGS84 (EPSG:4326).")
    occurred_at: Instant | None = Field(
        default=None, description="When it happened (RFC 3339, UTC); default: now."
    )


class NearCase(BaseModel):
    """A case that may be the same."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="UUID of the report.")
    no: int = Field(description="Short number.")
    title: str = Field(description="One line of plain text. Data, never markup.")
    category: str = Field(description="Four digits of the filing standard.")
    status: Status = Field(description="State of the case.")
    stage: Stage = Field(description="Public stage of that state.")
    reported_at: datetime = Field(description="When we received it (RFC 3339, UTC).")
    lon: float = Field(description="Longitude in degrees, WGS84 (EPSG:4326).")
    lat: float = Field(description="Latitude in degrees, WGS84 (EPSG:4326).")
    cell_code: int = Field(description="15-digit code of the grid cell in which it lies.")


class Suggestion(BaseModel):
    """A case that may tell of the same, and why."""

    incident: NearCase = Field(description="The case.")
    score: float = Field(ge=0, le=1, description="How alike, from 0 to 1.")
    distance_m: float = Field(ge=0, description="How far apart the two places are, in metres.")
    hours: float = Field(ge=0, description="Hours between the two times.")
    text_similarity: float = Field(
        ge=0, le=1, description="Share of pairs of characters that both texts have, 0 to 1."
    )
    reasons: list[Likeness] = Field(description="In what they are alike.")


class SuggestionPage(Page[Suggestion]):
    """The likeliest first, five at most."""
