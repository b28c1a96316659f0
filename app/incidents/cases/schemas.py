"""What the paths of cases take and give."""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.core.errors import FieldValueError
from app.core.paging import Page
from app.core.plain_text import clean_text
from app.core.query_words import (
    Instant,
)
from app.incidents.clocks.schemas import CaseClock, StageStay
from app.incidents.contacts.schemas import Contact
from app.incidents.lifecycle.schemas import CaseStanding
from app.incidents.rules import Source, Stage, Status, Step, Tier
from app.incidents.schemas import EXAMPLE_ID, OneLine, ReportedLat, ReportedLon, ReportId
from app.places.schemas import ChainLink
from geodata.codes import Level

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=True)


class NewIncident(BaseModel):
    """A report: what happened where. It describes a case and a place, never a person."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "id": EXAMPLE_ID,
                    "category": "0110",
                    "title": "路边暴露生活垃圾",
                    "description": "",
                    "lon": 102.86,
                    "lat": 36.34,
                    "source": "patrol",
                    "severity": 2,
                }
            ]
        },
    )

    id: ReportId = Field(
        description="UUID chosen by the sender, the name of this report for ever: the same report"
        " under the same id is counted once, however often it is sent.",
        examples=[EXAMPLE_ID],
    )
    category: Annotated[str, Field(strict=True, pattern=r"^[0-9]{4}$")] = Field(
        description="Four digits of the filing standard in force; see `/api/v1/categories`.",
        examples=["0110"],
    )
    title: OneLine = Field(
        description="One line of plain text, 1 to 200 characters.", examples=["路边暴露生活垃圾"]
    )
    description: Annotated[str, AfterValidator(clean_text), Field(strict=True, max_length=4000)] = (
        Field(default="", description="Plain text of several lines, up to 4000 characters.")
    )
    lon: ReportedLon | None = Field(
        default=None, description="Longitude in degrees, WGS84 (EPSG:4326).", examples=[102.86]
    )
    lat: ReportedLat | None = Field(
        default=None, description="Latitude in degrees, WGS84 (EPSG:4326).", examples=[36.34]
    )
    address: OneLine | None = Field(
        default=None,
        description="Instead of `lon` and `lat`: words of an address in this city. Refused when it"
        " fits several places or none well.",
    )
    source: Source = Field(description="Through which door the report came.", examples=["patrol"])
    severity: Annotated[int, Field(strict=True, ge=1, le=4)] = Field(
        default=2, description="1 low, 2 normal, 3 high, 4 critical."
    )
    occurred_at: Instant | None = Field(
        default=None,
        description="When it happened (RFC 3339 with a zone, kept in UTC): not older than 366 days,"
        " not more than 5 minutes ahead; default: the moment of the report.",
    )
    contact: Contact | None = Field(
        default=None,
        repr=False,
        description="How to reach whoever reported it: sealed, and shown to handlers on demand. No"
        " part of what makes two reports the same: that of the first one stands.",
    )
    simulated: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Made up by the simulation; accepted by a demo server only."
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

    def point(self) -> tuple[float, float]:
        """lon, lat in degrees (EPSG:4326) of a report that was not made by address.

        Raises:
            ValueError: it was.
        """
        if self.lon is None or self.lat is None:
            raise ValueError("this report carries an address")
        return self.lon, self.lat

    def digest(self) -> bytes:
        """SHA-256 of the report in one canonical writing: two writings of one report agree.

        Without its contact: a phone number could be guessed from the hash.
        """
        told = self.model_dump(mode="json", exclude={"contact"})
        return hashlib.sha256(_CANONICAL.encode(told).encode("ascii")).digest()


class TimelineStep(BaseModel):
    """One step of a case."""

    model_config = ConfigDict(from_attributes=True)

    ordinal: int = Field(ge=1, description="Place in the order of steps, from 1.")
    at: datetime = Field(description="When it was done (RFC 3339, UTC).")
    step: Step = Field(description="What was done.")
    status: Status = Field(description="State of the case after it.")
    tier: Tier = Field(description="Who carries the case after it, from the cell up.")
    reason: str | None = Field(description="Why, where a step needs a reason.")
    role: str | None = Field(
        default=None, description="Role of the post that took it; null for a program."
    )
    program: str | None = Field(
        default=None, description="Name of the key by which a program from outside took it."
    )
    post: str | None = Field(
        default=None, description="Name of the area for which it acted; null for a program."
    )
    unit: str | None = Field(default=None, description="Call sign of the unit it was assigned to.")
    until: datetime | None = Field(
        default=None, description="When a suspension ends by itself (RFC 3339, UTC)."
    )
    outcome: str | None = Field(default=None, description="What was found, or how it ended.")
    other_no: int | None = Field(
        default=None, description="Number of the case into which it was merged."
    )
    from_cell: int | None = Field(
        default=None,
        description="`rezone`: 15-digit code of the cell that it left, when boundaries were redrawn"
        " under it.",
    )


class IncidentHead(BaseModel):
    """An incident without its free-text description, as the live stream tells it."""

    id: UUID = Field(description="UUID that its sender chose.", examples=[EXAMPLE_ID])
    no: int = Field(description="Short number, unique in this city.", examples=[60001])
    category: str = Field(description="Four digits of the filing standard.", examples=["0110"])
    category_name_zh: str = Field(description="Name of the category in Chinese.")
    category_name_en: str = Field(description="Name of the category in English.")
    kind: str = Field(
        description="request, dispute, warning, rescue, traffic, consultation, hazard or"
        " obstruction."
    )
    title: str = Field(description="One line of plain text. Data, never markup.")
    lon: float = Field(description="Longitude in degrees, WGS84 (EPSG:4326).")
    lat: float = Field(description="Latitude in degrees, WGS84 (EPSG:4326).")
    location_uncertainty_m: float = Field(
        ge=0,
        description="Radius in m around the point: 0 where it was pointed at, more where it was"
        " found by an address.",
    )
    cell_code: int = Field(description="15-digit code of the grid cell in which it lies.")
    chain: list[ChainLink] = Field(description="Areas that contain it, from the city down.")
    severity: int = Field(ge=1, le=4, description="1 low, 2 normal, 3 high, 4 critical.")
    source: Source = Field(description="Through which door the report came.")
    status: Status = Field(description="State of the case at the minute asked for.")
    stage: Stage = Field(description="Public stage of that state.")
    occurred_at: datetime = Field(description="When it happened (RFC 3339, UTC).")
    reported_at: datetime = Field(description="When we received it (RFC 3339, UTC).")
    closed_at: datetime | None = Field(
        description="When it was closed (RFC 3339, UTC); null while it is open."
    )
    simulated: bool = Field(description="Made up by the simulation.")

    def told(self, at: datetime) -> dict[str, Any]:
        """What the live stream tells of it, as JSON: the head only, whatever else this holds.

        Args:
            at: when it came to be so (UTC).
        """
        # By name: validating an Incident as a head gives back the Incident, free text and all.
        told = self.model_dump(mode="json", include=set(IncidentHead.model_fields))
        return {**told, "at": at.isoformat().replace("+00:00", "Z")}


class Incident(IncidentHead):
    """Anything reported at a place, as it stood at the minute asked for."""

    description: str = Field(description="Plain text of several lines. Data, never markup.")
    clock: CaseClock = Field(description="Limit and deadlines, computed from its log.")


class IncidentDetail(Incident, CaseStanding):
    """An incident with its history up to the minute asked for."""

    timeline: list[TimelineStep] = Field(description="Every step so far, in order.")
    stages: list[StageStay] = Field(description="Every stay in a stage so far, in order.")
    has_contact: bool = Field(
        default=False, description="Whether somebody who told of it can be called back."
    )
    attachments: int = Field(default=0, ge=0, description="Number of photos.")


class IncidentPage(Page[Incident]):
    """Incidents, the newest first."""


class IncidentState(BaseModel):
    """A case as a program is told of it: how it stands, and in which cell; no text, no point."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="UUID that its sender chose.", examples=[EXAMPLE_ID])
    no: int = Field(description="Short number, unique in this city.", examples=[60001])
    category: str = Field(description="Four digits of the filing standard.", examples=["0110"])
    source: Source = Field(description="Through which door the report came.")
    severity: int = Field(ge=1, le=4, description="1 low, 2 normal, 3 high, 4 critical.")
    status: Status = Field(description="State of the case.")
    stage: Stage = Field(description="Public stage of that state.")
    cell_code: int = Field(description="15-digit code of the grid cell in which it lies.")
    reported_at: datetime = Field(description="When we received it (RFC 3339, UTC).")
    closed_at: datetime | None = Field(
        description="When it was closed (RFC 3339, UTC); null while it is open."
    )


class IncidentStatePage(Page[IncidentState]):
    """Cases as a program is told of them, the newest first."""


class DuePage(Page[Incident]):
    """Incidents that are overdue or soon due, by what is due first."""


class CategoryLine(BaseModel):
    """One line of the filing standard."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Two digits for a group, four for a category.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    kind: str = Field(description="What such a case is on the map, such as request or dispute.")
    parent_code: str | None = Field(description="The group of a category; null for a group.")
    limit: str | None = Field(
        description="Time limit as the standard writes it: number and unit (`4 work_hour`)."
    )


class CategoryPage(Page[CategoryLine]):
    """The filing standard in the order of its codes, always whole."""


class City(BaseModel):
    """The city that this server holds, in one look."""

    code: int = Field(description="15-digit area code of the city.", examples=[620100000000000])
    name: str = Field(description="Name in Chinese.", examples=["兰州市"])
    name_en: str | None = Field(description="Name in English, where there is one.")
    demo: bool = Field(description="Made-up demonstration data.")
    bbox: tuple[float, float, float, float] = Field(
        description="west, south, east, north in degrees, WGS84 (EPSG:4326)."
    )
    centre: tuple[float, float] = Field(
        description="A point inside: lon, lat in degrees, WGS84 (EPSG:4326)."
    )
    boundary_version: int = Field(
        description="Number of the state of all boundaries; shapes are immutable under it."
    )
    counts: dict[Level, int] = Field(description="Number of areas of each level.")
    incident_total: int = Field(description="Number of incidents reported so far.")
    data_notice_zh: str = Field(
        description="What must stand beside everything shown, in Chinese; empty for none."
    )
    data_notice_en: str = Field(description="The same in English; empty for none.")
    simulation: bool = Field(description="Whether this server accepts simulated reports.")
    server_time: datetime = Field(description="The server's clock (RFC 3339, UTC).")
