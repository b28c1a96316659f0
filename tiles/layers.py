"""The layers of the map, each defined once: tiles, GeoJSON and their description come from here."""

from dataclasses import dataclass

TILE_EXTENT = 4096
"""Units a tile is wide and high; 16 of them are a pixel of a tile drawn 256 px wide."""
MAX_ZOOM = 20
BINS_BELOW_ZOOM = 13
"""Below this zoom cases travel as counts in squares, from it on one by one."""
BIN_PX = 8
POINT_CAP = 5_000
"""Most cases in one tile; the newest are kept, and how many there are is told beside them."""


@dataclass(frozen=True)
class Field:
    """One property of a layer's features.

    Attributes:
        name: in GeoJSON, or in the tile where GeoJSON has none.
        type: `integer`, `number`, `string`, `boolean` or `instant` (RFC 3339, UTC).
        description: what it says, with its values where they are few.
        unit: of the value, None for a name, code or ordinal.
        column: SQL expression over the layer's source; None where GeoJSON does not carry it.
        tile_name: in tiles; None where tiles do not carry it.
    """

    name: str
    type: str
    description: str
    unit: str | None = None
    column: str | None = None
    tile_name: str | None = None


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        source: SQL expression of the relation with the features, for GeoJSON.
        key: column by which features are ordered and named (`id` in GeoJSON).
        geom: column with the geometry, EPSG:4326.
        legend: how its colours and signs are to be read.
    """

    name: str
    title_zh: str
    title_en: str
    geometry: str
    min_zoom: int
    max_zoom: int
    fields: tuple[Field, ...]
    legend: str
    source: str
    key: str
    geom: str = "geom"

    @property
    def tile_fields(self) -> frozenset[str]:
        """Names of the properties that its tiles carry."""
        return frozenset(f.tile_name for f in self.fields if f.tile_name)


_CODE = Field("code", "integer", "15-digit area code.", column="code", tile_name="code")
_NAME = Field("name", "string", "Name in Chinese.", column="name")
_SIZES = (
    Field("households", "integer", "Households.", "households", "households"),
    Field("residents", "integer", "Residents.", "persons", "residents"),
    Field("area_m2", "number", "Surface on the ellipsoid.", "m²", "round(area_m2)"),
)

AREAS = Layer(
    name="areas",
    title_zh="行政区划",
    title_en="Areas",
    geometry="MultiPolygon",
    min_zoom=0,
    max_zoom=MAX_ZOOM,
    fields=(
        _CODE,
        Field(
            "level", "string", "city, district, subdistrict, community or cell.",
            column="level", tile_name="level",
        ),
        Field(
            "kind", "string",
            "city; district or county; subdistrict or township; community or village;"
            " grid_cell or dedicated.",
            column="kind",
        ),
        _NAME,
        Field("name_en", "string", "Name in English, or null.", column="name_en"),
        Field("parent_code", "integer", "Code of the area above, or null.", column="parent_code"),
        *_SIZES,
    ),
    legend="Outlines of one level; the colour is that of the figure chosen, see /api/v1/counts.",
    source="published.area",
    key="code",
)  # fmt: skip

CELLS = Layer(
    name="cells",
    title_zh="网格",
    title_en="Grid cells",
    geometry="MultiPolygon",
    min_zoom=0,
    max_zoom=MAX_ZOOM,
    fields=(
        _CODE,
        Field("kind", "string", "grid_cell or dedicated.", column="kind"),
        _NAME,
        Field("parent_code", "integer", "Code of the community.", column="parent_code"),
        *_SIZES,
        Field("locked", "boolean", "Whether replanning must leave it alone.", column="locked"),
    ),
    legend="Cells of responsibility; the colour is that of the figure chosen, see /api/v1/counts.",
    source="published.cell",
    key="code",
)

UNITS = Layer(
    name="units",
    title_zh="地块",
    title_en="Base units",
    geometry="Polygon",
    min_zoom=13,
    max_zoom=MAX_ZOOM,
    fields=(
        Field("unit_id", "integer", "Number of the unit.", column="unit_id", tile_name="id"),
        Field(
            "cell_code", "integer", "Code of the cell to which it belongs.",
            column="cell_code", tile_name="c",
        ),
        Field("community_code", "integer", "Code of its community.", column="community_code"),
        Field("households", "number", "Households.", "households", "households"),
        Field("incidents", "number", "Cases a year, as it lists them.", "cases", "incidents"),
        Field("locked", "boolean", "Whether replanning must leave it alone.", column="locked"),
    ),
    legend="Building plots, of which cells are drawn; for planners. Coloured by their cells.",
    source="published.base_unit",
    key="unit_id",
)  # fmt: skip

INCIDENTS = Layer(
    name="incidents",
    title_zh="事件",
    title_en="Incidents",
    geometry="Point",
    min_zoom=0,
    max_zoom=MAX_ZOOM,
    fields=(
        Field("no", "integer", "Short number of the case.", column="no", tile_name="no"),
        Field("id", "string", "UUID of the case.", column="id"),
        Field(
            "category", "string", "Four digits of the filing standard (an integer in tiles).",
            column="category", tile_name="c",
        ),
        Field(
            "severity", "integer", "1 low, 2 medium, 3 high, 4 critical.",
            column="severity", tile_name="v",
        ),
        Field(
            "stage", "string",
            "reported, registered, assigned, handling, checking or closed (0 to 5 in tiles).",
            column="stage", tile_name="s",
        ),
        Field("status", "string", "Internal state.", column="status"),
        Field("source", "string", "Through which door the report came.", column="source"),
        Field("cell_code", "integer", "15-digit code of the grid cell.", column="cell_code"),
        Field("occurred_at", "instant", "When it happened.", column="occurred_at"),
        Field("reported_at", "instant", "When it was reported.", column="reported_at"),
        Field("closed_at", "instant", "When it was closed, or null.", column="closed_at"),
        Field("simulated", "boolean", "Made up by the simulation.", column="simulated"),
        Field(
            "n", "integer", f"Tiles below zoom {BINS_BELOW_ZOOM}: cases in {BIN_PX} x {BIN_PX} px.",
            "cases", tile_name="n",
        ),
        Field(
            "o", "integer", f"Tiles below zoom {BINS_BELOW_ZOOM}: open cases among them.",
            "cases", tile_name="o",
        ),
    ),
    legend=f"Far (below zoom {BINS_BELOW_ZOOM}): counts at the middle of their cases. Near: one"
    " sign a case, its shape and colour the stage.",
    source="published.incident",
    key="no",
)  # fmt: skip

STATIONS = Layer(
    name="stations",
    title_zh="站点",
    title_en="Stations",
    geometry="Point",
    min_zoom=8,
    max_zoom=MAX_ZOOM,
    fields=(
        Field("id", "integer", "Number of the station.", column="id", tile_name="id"),
        Field("code", "string", "Code of the station.", column="code"),
        Field(
            "kind", "string",
            "city_centre, sub_centre, command_post, workstation, grid_post, police_station or"
            " anti_fraud_centre (0 to 6 in tiles).",
            column="kind", tile_name="k",
        ),
        _NAME,
        Field("area_code", "integer", "Code of the area it stands for.", column="area_code"),
    ),
    legend="One sign a kind. Command posts show from zoom 10, workstations from 12, grid posts"
    " from 14, the others from 8.",
    source="published.station",
    key="id",
)  # fmt: skip

ASSIGNMENTS = Layer(
    name="assignments",
    title_zh="力量部署",
    title_en="Assignments",
    geometry="Point",
    min_zoom=11,
    max_zoom=MAX_ZOOM,
    fields=(
        _CODE,
        _NAME,
        Field(
            "grid_workers", "integer", "Grid workers assigned here or in a cell below.",
            "units", column="g", tile_name="g",
        ),
        Field(
            "police", "integer", "Officers and auxiliaries assigned here.",
            "units", column="p", tile_name="p",
        ),
        Field(
            "ok", "integer",
            "1: staffed as the rule asks (a community: its officers and auxiliaries; a cell: a grid"
            " worker of its own); 0: short.",
            column="ok", tile_name="ok",
        ),
    ),
    legend="One sign an area at its label: communities from zoom 11, cells from 14. Short areas"
    " carry a mark, not a colour alone.",
    source="tiles.staffed_areas",
    key="code",
    geom="label",
)  # fmt: skip

FEATURES = Layer(
    name="features",
    title_zh="示意地物",
    title_en="Landmarks",
    geometry="Geometry",
    min_zoom=0,
    max_zoom=MAX_ZOOM,
    fields=(
        Field("kind", "string", "river or river_mark.", column="kind", tile_name="kind"),
        Field("name", "string", "Name in Chinese.", column="name", tile_name="name"),
    ),
    legend="The river, schematic: to find one's way, not a cadastre.",
    source="published.map_feature",
    key="id",
)

LAYERS: dict[str, Layer] = {
    layer.name: layer for layer in (AREAS, CELLS, UNITS, INCIDENTS, STATIONS, ASSIGNMENTS, FEATURES)
}
