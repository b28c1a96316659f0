"""What the paths of stations, assignments and staffing take and give."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.core.paging import Cursor, Page
from app.core.query_words import AreaCode, AsOf, BBoxText
from app.dispatch.rules import Duty, StationKind, UnitRole
from app.places.schemas import Area, ChainLink
from geodata.codes import Level

Limit = Annotated[int, Field(ge=1, le=1000, description="Items in one part of the list.")]


class Station(BaseModel):
    """A place from which work is led."""

    model_config = ConfigDict(from_attributes=True)

    station_id: int = Field(description="Number of the station.")
    code: str = Field(description="Unique code of the station.")
    kind: StationKind = Field(description="What it is, from the city centre to a grid post.")
    name: str = Field(description="Name in Chinese.")
    area_code: int = Field(description="15-digit code of the area for which it stands.")
    lon: float = Field(description="Longitude in degrees, WGS84 (EPSG:4326).")
    lat: float = Field(description="Latitude in degrees, WGS84 (EPSG:4326).")


class StationPage(Page[Station]):
    """Stations in the order of their numbers."""


class StationQuery(AsOf):
    """Which stations."""

    kind: StationKind | None = Field(default=None, description="Only stations of this kind.")
    area: AreaCode | None = Field(
        default=None,
        description="Only stations that stand for the area with this 15-digit code, or for one"
        " inside it.",
    )
    bbox: BBoxText | None = None
    limit: Limit = 100
    cursor: Cursor = None


class Assigned(BaseModel):
    """A duty unit that answers for an area. Call sign and role only: nothing about a person."""

    model_config = ConfigDict(from_attributes=True)

    call_sign: str = Field(description="Call sign of the unit.")
    role: UnitRole = Field(description="What the unit does.")
    duty: Duty = Field(description="primary, backup, or staff of a station.")
    station: str | None = Field(description="Name in Chinese of the station it belongs to.")
    area_code: int = Field(description="15-digit code of the area for which it answers.")


class Assignment(Assigned):
    """A duty unit's responsibility for an area, with the names of both ends."""

    id: int = Field(description="Number of the assignment.")
    area_name: str = Field(description="Name of the area in Chinese.")
    area_level: Level = Field(description="Level of the area.")
    station_code: str = Field(description="Code of the station that the unit belongs to.")


class AssignmentPage(Page[Assignment]):
    """Assignments in the order of area codes."""


class AssignmentQuery(AsOf):
    """Which assignments."""

    area: AreaCode | None = Field(
        default=None, description="Only for the area with this 15-digit code, or one inside it."
    )
    role: UnitRole | None = Field(default=None, description="Only units of this role.")
    duty: Duty | None = Field(default=None, description="Only in this capacity.")
    limit: Limit = 100
    cursor: Cursor = None


class Staffing(BaseModel):
    """How a community stands to the staffing rule."""

    rule: str = Field(
        description="one_officer_two_auxiliaries (urban community) or one_officer (village)."
    )
    required: dict[UnitRole, int] = Field(
        description="Role -> number of units that the rule asks for."
    )
    present: dict[UnitRole, int] = Field(description="Role -> number of units that are assigned.")
    ok: bool = Field(description="Whether the rule is kept.")


class CommunityStaffing(Staffing):
    """The same, with the community that it is about."""

    code: int = Field(description="15-digit code of the community or village.")
    name: str = Field(description="Its name in Chinese.")
    kind: str = Field(description="community or village.")


class StaffingPage(Page[CommunityStaffing]):
    """Communities and villages in the order of their codes."""


class StaffingQuery(AsOf):
    """Which communities."""

    area: AreaCode | None = Field(
        default=None, description="Only inside the area with this 15-digit code."
    )
    ok: bool | None = Field(
        default=None, description="true: only where the rule is kept; false: only where it is not."
    )
    limit: Limit = 100
    cursor: Cursor = None


class Children(BaseModel):
    """What lies directly below an area."""

    level: Level = Field(description="Their level.")
    count: int = Field(description="How many there are.")


class AreaCard(Area):
    """An area with everything that its card shows."""

    chain: list[ChainLink] = Field(description="From the city down to the area itself.")
    children: Children | None = Field(description="What lies directly below; null for a cell.")
    assigned: list[Assigned] = Field(
        description="Units that answer for it; for a cell also those of its community."
    )
    staffing: Staffing | None = Field(
        description="The staffing rule in a community or village; null for other levels."
    )
    stations: list[Station] = Field(
        description="Stations that serve it, from its own up to the city's."
    )


class StationRef(BaseModel):
    """A station in a few words."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Number of the station.")
    name: str = Field(description="Name in Chinese.")
    kind: StationKind = Field(description="What it is.")
    area_code: int = Field(description="15-digit code of the area for which it stands.")


class DutyUnit(BaseModel):
    """A unit on duty: call sign and role only, nothing about a person."""

    unit_id: int = Field(description="Number of the unit.")
    call_sign: str = Field(description="Call sign of the unit.")
    role: UnitRole = Field(description="What the unit does.")
    station: StationRef = Field(description="The station that it belongs to.")


class DutyUnitPage(Page[DutyUnit]):
    """Units, those of the nearest stations first."""


class DutyUnitQuery(AsOf):
    """Which units."""

    area: AreaCode | None = Field(
        default=None,
        description="Only units that may serve the area with this 15-digit code: of stations in"
        " it, above it, or that cover it.",
    )
    role: UnitRole | None = Field(default=None, description="Only units of this role.")
    limit: Limit = 100
    cursor: Cursor = None
