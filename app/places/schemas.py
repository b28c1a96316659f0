"""What the paths of places take and give."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.errors import FieldValueError
from app.core.paging import Cursor, Page
from app.core.plain_text import Line
from app.core.query_words import AreaCode, AsOf, Instant, StrictQuery
from geodata.codes import Level

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]


class ChainLink(BaseModel):
    """One area on the way from the city down."""

    model_config = ConfigDict(from_attributes=True)

    code: int = Field(description="15-digit area code.", examples=[620111000000000])
    level: Level = Field(description="Level in the tree of responsibility.")
    name: str = Field(description="Name in Chinese.", examples=["红古区"])
    name_en: str | None = Field(description="Name in English, where there is one.")


class Area(ChainLink):
    """An area of any level, for as long as it is drawn so."""

    kind: str = Field(
        description="city; district or county; subdistrict or township; community or village;"
        " grid_cell or dedicated."
    )
    parent_code: int | None = Field(description="Code of the area above; null for the city.")
    households: int = Field(description="Number of households.")
    residents: int = Field(description="Number of residents.")
    area_m2: float = Field(description="Surface on the ellipsoid, in m².")
    label: tuple[float, float] = Field(
        description="A point inside: lon, lat in degrees, WGS84 (EPSG:4326)."
    )
    bbox: tuple[float, float, float, float] = Field(
        description="west, south, east, north in degrees, WGS84 (EPSG:4326)."
    )
    valid_from: datetime | None = Field(
        description="Drawn so since (RFC 3339, UTC); null: for as long as is known."
    )
    valid_until: datetime | None = Field(
        description="Drawn so until, exclusive (RFC 3339, UTC); null: still."
    )


class AreaPage(Page[Area]):
    """Areas in the order of their codes."""


class AreaQuery(StrictQuery):
    """Which areas."""

    level: Level | None = Field(default=None, description="Only areas of this level.")
    parent: AreaCode | None = Field(
        default=None, description="Only the children of the area with this 15-digit code."
    )
    code: AreaCode | None = Field(default=None, description="Only the area with this code.")
    q: Annotated[Line, Field(min_length=1, max_length=80)] | None = Field(
        default=None,
        description="Only areas of which the name (either language) contains this text, or of"
        " which the code begins with it.",
        examples=["海石湾"],
    )
    lon: Longitude | None = Field(
        default=None,
        description="With `lat`: only the areas that contain this point; degrees, WGS84"
        " (EPSG:4326). On a border exactly one cell, and the areas above it.",
    )
    lat: Latitude | None = Field(default=None, description="See `lon`; degrees, WGS84.")
    at: Instant | None = Field(
        default=None, description="Areas as drawn at this minute (RFC 3339, UTC); default: now."
    )
    limit: int = Field(default=100, ge=1, le=1000, description="Items in one part of the list.")
    cursor: Cursor = None

    @model_validator(mode="after")
    def _whole_point(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            missing = "lat" if self.lat is None else "lon"
            raise FieldValueError(missing, "is missing: lon and lat come together")
        return self


class BoundaryProperties(BaseModel):
    """What a boundary says beside its geometry."""

    code: int = Field(description="15-digit area code.")
    level: Level = Field(description="Level in the tree of responsibility.")
    name: str = Field(description="Name in Chinese.")
    name_en: str | None = Field(description="Name in English, where there is one.")
    area_m2: float = Field(description="Surface on the ellipsoid, in m².")


class MultiPolygon(BaseModel):
    """A GeoJSON geometry (RFC 7946)."""

    type: Literal["MultiPolygon"] = Field(description="Always MultiPolygon.")
    coordinates: list[list[list[tuple[float, float]]]] = Field(
        description="Polygons of rings of lon, lat in degrees, WGS84 (EPSG:4326)."
    )


class Boundary(BaseModel):
    """An area's full outline as a GeoJSON feature (RFC 7946)."""

    type: Literal["Feature"] = Field(description="Always Feature.")
    id: int = Field(description="15-digit area code.")
    geometry: MultiPolygon = Field(description="The outline, not simplified.")
    properties: BoundaryProperties = Field(description="What it is the outline of.")


class AddressQuery(AsOf):
    """Which address."""

    q: Annotated[Line, Field(min_length=1, max_length=200)] = Field(
        description="Words of an address or place name, Chinese or English.",
        examples=["红古区海石湾"],
    )
    limit: int = Field(default=10, ge=1, le=50, description="Items in one part of the list.")
    cursor: Cursor = None


class Candidate(BaseModel):
    """A place that an address may mean."""

    label: str = Field(description="The place in words.")
    kind: str = Field(description="The level of the area that was found, or `coordinates`.")
    code: int = Field(description="15-digit code of that area, or of the cell at the coordinates.")
    lon: float = Field(description="Longitude in degrees, WGS84 (EPSG:4326).")
    lat: float = Field(description="Latitude in degrees, WGS84 (EPSG:4326).")
    score: float = Field(ge=0, le=1, description="How well it fits: 1 is certain.")
    uncertainty_m: float = Field(
        ge=0, description="Radius around the point, in m, in which the true place lies."
    )
    chain: list[ChainLink] = Field(description="Areas that contain it, from the city down.")


class CandidatePage(Page[Candidate]):
    """Candidates, the best first."""


class PointQuery(AsOf):
    """A point on the ground."""

    lon: Longitude = Field(description="Longitude in degrees, WGS84 (EPSG:4326).")
    lat: Latitude = Field(description="Latitude in degrees, WGS84 (EPSG:4326).")


class Whereabouts(BaseModel):
    """What stands at a point."""

    label: str = Field(description="The place in words.")
    cell_code: int = Field(description="15-digit code of the grid cell that contains the point.")
    chain: list[ChainLink] = Field(description="Areas that contain it, from the city down.")
    distance_m: float = Field(
        ge=0, description="Distance in m from the point to the named place; 0 inside it."
    )
    uncertainty_m: float = Field(
        ge=0, description="Radius in m that the words stand for: that of the named place."
    )
