"""What the paths of maps take and give."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from app.core.clock import DEFAULT_WINDOW
from app.core.errors import FieldValueError, invalid
from app.core.query_words import (
    LONGEST_WINDOW,
    AreaCode,
    AsOf,
    BBoxText,
    StrictQuery,
    TimeWindow,
    digits_only,
)
from app.core.scope import Scope, narrowed
from app.incidents.clocks.schemas import ClockSummary
from app.incidents.rules import statuses_matching
from app.incidents.schemas import CategoryWords, StatusWords
from geodata import codes
from geodata.codes import Level
from tiles.layers import MAX_ZOOM
from tiles.selection import CaseFilter

MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AreaWord = Annotated[
    AreaCode | None,
    Field(description="Only inside the area with this 15-digit code, of any level."),
]
VersionWord = Annotated[
    Annotated[int, BeforeValidator(digits_only)] | None,
    Field(
        description="A boundary version (see /api/v1/city): the answer is of that version and may"
        " be kept for ever."
    ),
]


class CaseWords(TimeWindow):
    """Which cases."""

    area: AreaWord = None
    category: CategoryWords = Field(default=[])
    status: StatusWords = Field(default=[])

    def case_filter(self, now: datetime, scope: Scope) -> CaseFilter:
        """The filter that the words stand for.

        A window that moves with the clock ends at the next full minute, everywhere: requests close
        in time then ask for the same thing, and figures, tiles and heat tell of the same cases.
        Nothing lies in the future, so nothing more is selected.

        Args:
            now: the minute for which no word was said.
            scope: of whoever asks; nothing beyond it is selected.

        Raises:
            Problem: 422 on `since`, when the window is inside out or too long.
        """
        at = self.at or next_minute(now)
        until = self.until or at
        since = self.since or until - DEFAULT_WINDOW
        if since >= until:
            raise invalid("since", "must lie before until")
        if until - since > LONGEST_WINDOW:
            raise invalid("since", "may lie 400 days before until at most")
        area = codes.code_range(self.area) if self.area else None
        return CaseFilter(
            as_of=at,
            since=since,
            until=until,
            in_past=self.at is not None and self.at < now,
            codes=narrowed(area, scope),
            scope=scope.codes,
            area=area,
            categories=tuple(self.category),
            statuses=self._statuses(),
            is_open=self._is_open(),
        )

    def _is_open(self) -> bool | None:
        words = set(self.status)
        return "open" in words if words in ({"open"}, {"closed"}) else None

    def _statuses(self) -> frozenset[str] | None:
        words = set(self.status)
        if not words - {"open", "closed"}:
            return None
        return frozenset(str(s) for word in words for s in statuses_matching(word))


def next_minute(at: datetime) -> datetime:
    """The first full minute that has not begun yet."""
    return at.replace(second=0, microsecond=0) + MINUTE


class AreaTileQuery(AsOf):
    """Query words of tiles of areas."""

    level: Level | None = Field(
        default=None,
        description="Level of the outlines; default: district below zoom 10, subdistrict at 10 and"
        " 11, community from 12.",
    )
    v: VersionWord = None


class CellTileQuery(AsOf):
    """Query words of tiles of cells."""

    v: VersionWord = None


class UnitTileQuery(AsOf):
    """Query words of tiles of base units."""

    v: VersionWord = None


class IncidentTileQuery(CaseWords):
    """Query words of tiles of incidents."""


class PostTileQuery(AsOf):
    """Query words of tiles of stations and assignments."""


class FeatureTileQuery(StrictQuery):
    """Tiles of landmarks know no query words."""


TILE_QUERIES: dict[str, type[StrictQuery]] = {
    "areas": AreaTileQuery,
    "cells": CellTileQuery,
    "units": UnitTileQuery,
    "incidents": IncidentTileQuery,
    "stations": PostTileQuery,
    "assignments": PostTileQuery,
    "features": FeatureTileQuery,
}


class Bandwidth(StrictQuery):
    """How far one case is felt."""

    bandwidth_m: int = Field(
        default=500,
        ge=100,
        le=5000,
        description="Standard deviation of the Gaussian kernel, in m on the ground.",
    )


class HeatQuery(CaseWords, Bandwidth):
    """Query words of heat tiles and of their legend."""


class HeatLegend(BaseModel):
    """How to read the colours of heat tiles of the same words."""

    unit: Literal["cases/km²"] = Field(description="Unit of the breaks.")
    n: int = Field(description="Cases that the words select.")
    bandwidth_m: int = Field(description="Standard deviation of the kernel, in m on the ground.")
    min_n: int = Field(description="With fewer cases than this nothing is coloured.")
    as_of: datetime = Field(description="The minute of which it tells (RFC 3339, UTC).")
    since: datetime = Field(description="Reported at or after (RFC 3339, UTC).")
    until: datetime = Field(description="Reported before (RFC 3339, UTC).")
    breaks: list[float] = Field(
        description="Densities in cases/km²: `colours[i]` begins at `breaks[i]`; below the first"
        " nothing is coloured. Between two breaks the colour runs from one to the next. Empty where"
        " no cases lie close together."
    )
    colours: list[str] = Field(description="A colour for each break, `#rrggbb`.")
    opacities: list[float] = Field(description="Opacity of each colour, 0 to 1.")


class DrawnWhen(StrEnum):
    """Which boundaries cases are counted in."""

    THEN = "then"
    NOW = "now"


class AreaFigure(StrictQuery):
    """Which figure, for areas of which level, and as drawn when."""

    level: Level = Field(default=Level.CELL, description="Level of the areas.")
    measure: Literal["reported", "open", "density"] = Field(
        default="reported",
        description="reported: cases reported in the window; open: cases open at `at`, whenever"
        " they were reported (`since` is ignored); density: reported cases on the area's surface.",
    )
    boundaries: DrawnWhen = Field(
        default=DrawnWhen.THEN,
        description="then: a case lies in the cell in which it lay at `at`, a closed one in its"
        " last; now: each case lies in the area that holds its place as boundaries are drawn now,"
        " so that years can be compared after a redrawing. Heat is always as with `then`.",
    )

    def drawn(self, wanted: CaseFilter, now: datetime) -> CaseFilter:
        """The same cases, in the boundaries that the words ask for."""
        return replace(wanted, drawn_at=now) if self.boundaries is DrawnWhen.NOW else wanted


class CountsQuery(CaseWords, AreaFigure):
    """Which cases, and which figure of them for areas of which level."""


class Counts(BaseModel):
    """A figure for every area of a level that has any."""

    level: Level = Field(description="Level of the areas.")
    measure: str = Field(description="Which figure.")
    unit: str = Field(description="Unit of the values: `cases` or `cases/km²`.")
    as_of: datetime = Field(description="The minute of which it tells (RFC 3339, UTC).")
    since: datetime | None = Field(
        description="Reported at or after (RFC 3339, UTC); null for `open`."
    )
    until: datetime = Field(description="Reported before (RFC 3339, UTC).")
    n: int = Field(description="Cases counted.")
    boundary_version: int | None = Field(
        description="The boundaries in which it was counted: in force at `as_of`, or now where"
        " `boundaries=now` was asked for."
    )
    values: dict[str, int | float] = Field(
        description="15-digit area code to value; areas without any case are left out."
    )


class Buckets(StrictQuery):
    """Into how many stretches of time."""

    buckets: int = Field(default=96, ge=1, le=400, description="Most stretches.")


class HistogramQuery(CaseWords, Buckets):
    """Which cases, in how many stretches of time."""


class Histogram(BaseModel):
    """Cases by the time of their report, in equal stretches."""

    since: datetime = Field(description="Begin of the first stretch (RFC 3339, UTC).")
    until: datetime = Field(description="End of what was counted (RFC 3339, UTC), exclusive.")
    bucket_s: int = Field(description="Length of a stretch, in s.")
    counts: list[int] = Field(description="Cases in each stretch.")
    total: int = Field(description="Cases in all of them.")


# Windows that move with the clock, in minutes.
LIVE_WINDOWS_MIN = {"1h": 60, "6h": 360, "24h": 1_440, "7d": 10_080, "30d": 43_200}
# A live window begins on a step of its own: one minute for an hour, one hour for 30 days.
STEPS_A_WINDOW = 720


class Part(StrEnum):
    """A part of the figures."""

    HEAD = "head"
    CLOCKS = "clocks"
    HISTOGRAM = "histogram"
    COUNTS = "counts"
    HEAT = "heat"
    STAFFING = "staffing"


def _parts(given: object) -> object:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        return given
    words = {word.strip() for text in texts for word in text.split(",")}
    if wrong := words - set(Part):
        raise ValueError(f"{sorted(wrong)[0][:40]!r} is no part; parts are {', '.join(Part)}")
    return tuple(part for part in Part if part in words)


class FiguresQuery(CaseWords, AreaFigure, Buckets, Bandwidth):
    """Which cases, and which parts of the figures of them."""

    window: Literal["1h", "6h", "24h", "7d", "30d"] | None = Field(
        default=None,
        description="Instead of `since` and `until`: so long before now, cut to the minute (30d: to"
        " the hour), so that whoever asks in one minute asks for the same.",
    )
    around: float = Field(
        default=0.0,
        ge=0,
        le=2,
        allow_inf_nan=False,
        description="The histogram reaches so many lengths of the window further on both sides, but"
        " never beyond `at`.",
    )
    parts: Annotated[
        tuple[Part, ...],
        BeforeValidator(_parts),
        Field(min_length=1, description="Which parts; repeated, or separated by commas."),
    ] = (Part.HEAD, Part.CLOCKS, Part.HISTOGRAM, Part.COUNTS)

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if self.window and (self.since or self.until or self.at):
            raise FieldValueError("window", "leaves no room for at, since and until")
        return self

    def case_filter(self, now: datetime, scope: Scope) -> CaseFilter:
        """As of all case words; a live window is resolved by `now`."""
        if self.window is None:
            return super().case_filter(now, scope)
        span = timedelta(minutes=LIVE_WINDOWS_MIN[self.window])
        step = max(MINUTE, span / STEPS_A_WINDOW)
        begin = EPOCH + (now - span - EPOCH) // step * step
        return self.model_copy(update={"window": None, "since": begin}).case_filter(now, scope)


class Head(BaseModel):
    """The figures at the head of the page: of the area, whatever `category` and `status` say."""

    today: int = Field(description="Cases reported since midnight (Asia/Shanghai).")
    yesterday_by_now: int = Field(
        description="Cases reported yesterday between midnight and the same time of day."
    )
    last_hour: int = Field(description="Cases reported in the last 60 full minutes and this one.")
    open: int = Field(description="Cases that are open, whenever they were reported.")


class Figures(BaseModel):
    """What one look at the city tells: every part of the same minute and the same cases.

    A part that was not asked for is null.
    """

    as_of: datetime = Field(
        description="When it was counted (RFC 3339, UTC), a minute ago at most: since then no case"
        " of the scope has changed. `at`, where that was asked for."
    )
    area: int | None = Field(
        description="15-digit code of the area of head, clocks, histogram, heat and staffing; null"
        " for the whole scope."
    )
    boundary_version: int | None = Field(
        description="The boundaries in force at `as_of`, or now with `boundaries=now`."
    )
    head: Head | None = Field(default=None, description="At the head of the page.")
    clocks: ClockSummary | None = Field(
        default=None,
        description="How the clocks stand, at `at` where that is asked for.",
    )
    histogram: Histogram | None = Field(default=None, description="Cases over time.")
    counts: Counts | None = Field(
        default=None,
        description="A figure for every area of a level: in the whole scope, whatever `area` says,"
        " so that a map keeps its colours.",
    )
    heat: HeatLegend | None = Field(default=None, description="How to read heat tiles.")
    staffing_gaps: int | None = Field(
        default=None, description="Communities that break the staffing rule."
    )


class WindowWords(StrictQuery):
    """Where, and how many."""

    bbox: BBoxText | None = None
    area: AreaWord = None
    limit: int = Field(
        default=10_000, ge=1, le=50_000, description="Most features; see `numberMatched`."
    )


class CellLayerQuery(WindowWords, AsOf):
    """Query words of cells as GeoJSON."""

    v: VersionWord = None


class AreaLayerQuery(CellLayerQuery):
    """Query words of areas as GeoJSON."""

    level: Level = Field(default=Level.DISTRICT, description="Level of the areas.")


class IncidentLayerQuery(WindowWords, CaseWords):
    """Query words of incidents as GeoJSON."""


class StationLayerQuery(WindowWords, AsOf):
    """Query words of stations and landmarks as GeoJSON. (Landmarks are the same at any minute.)"""


class UnitLayerQuery(WindowWords, AsOf):
    """Query words of base units as GeoJSON."""


class AssignmentLayerQuery(WindowWords, AsOf):
    """Query words of assignments as GeoJSON."""

    level: Level = Field(default=Level.COMMUNITY, description="Level of the areas.")


LayerWords = (
    AreaLayerQuery
    | CellLayerQuery
    | UnitLayerQuery
    | IncidentLayerQuery
    | StationLayerQuery
    | AssignmentLayerQuery
)
LAYER_QUERIES: dict[str, type[LayerWords]] = {
    "areas": AreaLayerQuery,
    "cells": CellLayerQuery,
    "units": UnitLayerQuery,
    "incidents": IncidentLayerQuery,
    "stations": StationLayerQuery,
    "assignments": AssignmentLayerQuery,
    "features": StationLayerQuery,
}


class Feature(BaseModel):
    """A GeoJSON feature (RFC 7946)."""

    type: Literal["Feature"] = Field(description="Always Feature.")
    id: int = Field(description="Code or number of the feature.")
    geometry: dict[str, Any] = Field(description="Geometry in degrees, WGS84 (EPSG:4326).")
    properties: dict[str, Any] = Field(description="The layer's fields, see /api/v1/layers.")


class FeatureCollection(BaseModel):
    """Features of one layer (RFC 7946)."""

    type: Literal["FeatureCollection"] = Field(description="Always FeatureCollection.")
    bbox: list[float] | None = Field(
        default=None, description="west, south, east, north in degrees; left out without features."
    )
    numberMatched: int = Field(description="Features that the words select.")  # noqa: N815
    numberReturned: int = Field(description="Features in this answer.")  # noqa: N815
    features: list[Feature] = Field(description="The features.")


class LayerField(BaseModel):
    """One property of a layer's features."""

    name: str = Field(description="Name in GeoJSON, or in tiles where GeoJSON has none.")
    type: str = Field(description="integer, number, string, boolean or instant (RFC 3339, UTC).")
    unit: str | None = Field(description="Unit of the value; null for names, codes and ordinals.")
    description: str = Field(description="What it says.")
    tile_name: str | None = Field(description="Name in tiles; null where tiles leave it out.")
    in_geojson: bool = Field(description="Whether GeoJSON carries it.")


class LayerDescription(BaseModel):
    """One layer of the map."""

    name: str = Field(description="Name in paths, and of the layer inside its tiles.")
    title_zh: str = Field(description="Title in Chinese.")
    title_en: str = Field(description="Title in English.")
    geometry: str = Field(description="GeoJSON geometry type of its features.")
    min_zoom: int = Field(ge=0, le=MAX_ZOOM, description="Tiles below this zoom are empty.")
    max_zoom: int = Field(ge=0, le=MAX_ZOOM, description="Tiles are made up to this zoom.")
    fields: list[LayerField] = Field(description="Properties of its features.")
    legend: str = Field(description="How its signs and colours are to be read.")
    attribution: str = Field(description="Where the data comes from.")
    tiles_url: str = Field(description="Address of its vector tiles, with {z}, {x} and {y}.")
    geojson_url: str = Field(description="Address of the layer as GeoJSON.")


Zoom = Annotated[int, BeforeValidator(digits_only), Field(ge=0, le=MAX_ZOOM)]
TileNumber = Annotated[int, BeforeValidator(digits_only), Field(ge=0, lt=2**MAX_ZOOM)]


class TilePath(BaseModel):
    """The numbers of a tile's address."""

    z: Zoom = Field(description=f"Zoom, 0 to {MAX_ZOOM}.")
    x: TileNumber = Field(description="Column from the west, 0 to 2^z - 1.")
    y: TileNumber = Field(description="Row from the north, 0 to 2^z - 1.")
