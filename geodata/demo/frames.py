"""The areas and base units of the demo city as tables."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import codes, coverage
from geodata.codes import LEVELS, Level
from geodata.coverage import GeometryArray
from geodata.demo.district import DistrictDraft
from geodata.demo.field import FloatArray
from geodata.demo.people import People, Totals, settle
from geodata.demo.recipe import CityFacts
from geodata.demo.shares import IntArray, apportion
from geodata.demo.sources import Place, Sources

CRS = "EPSG:4326"
_PLACE_RANGE = 10**11  # the digits below the city part
_BLOCKS_PER_CELL = 10


@dataclass(frozen=True)
class City:
    """areas and units as described in `areas_frame` and `units_frame`, both in EPSG:4326."""

    areas: gpd.GeoDataFrame
    units: gpd.GeoDataFrame


def populate(drafts: list[DistrictDraft], facts: CityFacts, seed: int) -> list[People]:
    """Households, residents and incidents of each district, from its share of the city's."""
    weights = np.array([district.people for district in facts.districts], dtype=np.float64)
    shares = {
        codes.from_division(district.code): Totals(int(households), int(residents), int(incidents))
        for district, households, residents, incidents in zip(
            facts.districts,
            apportion(facts.households, weights),
            apportion(facts.residents, weights),
            apportion(facts.incidents_a_year, weights),
            strict=True,
        )
    }
    return [settle(draft, shares[draft.code], seed) for draft in drafts]


def units_frame(
    drafts: list[DistrictDraft], people: list[People], polygons: GeometryArray
) -> gpd.GeoDataFrame:
    """Base units by cell: unit_id, community_code, cell_code, households and incidents (expected
    in a year), street_block, locked, geometry (Polygon).

    A unit's number is its cell's code without the city part and two digits: it stays below 2**53.
    """
    cells = np.concatenate([draft.cell_codes for draft in drafts])
    dedicated = np.concatenate([draft.dedicated for draft in drafts])
    starts = np.searchsorted(cells, cells)
    sequence = np.arange(len(cells)) - starts + 1
    drawn = np.concatenate([draft.drawn_cells for draft in drafts])
    blocks = np.concatenate([_street_blocks(draft.points, draft.drawn_cells) for draft in drafts])
    return gpd.GeoDataFrame(
        {
            "unit_id": cells % _PLACE_RANGE * 100 + sequence,
            "community_code": codes.ancestors_at(cells, Level.COMMUNITY),
            "cell_code": cells,
            "households": np.concatenate([p.unit_households for p in people]).astype(np.float64),
            "incidents": np.concatenate([p.unit_incidents for p in people]),
            "street_block": drawn % _PLACE_RANGE * _BLOCKS_PER_CELL + blocks,
            "locked": np.isin(cells, dedicated),
        },
        geometry=polygons,
        crs=CRS,
    )


def _street_blocks(points: FloatArray, cells: IntArray) -> IntArray:
    """The block 1..4 of each unit: its cell quartered, west and east, each south and north."""
    east = _upper_half(points[:, 0], cells)
    north = _upper_half(points[:, 1], cells * 2 + east)
    return 1 + 2 * east + north


def _upper_half(values: FloatArray, group: IntArray) -> IntArray:
    """1 for the values above the middle of their group, else 0."""
    order = np.lexsort((values, group))
    ordered = group[order]
    first = np.searchsorted(ordered, ordered, side="left")
    size = np.searchsorted(ordered, ordered, side="right") - first
    upper = np.empty(len(values), dtype=np.int64)
    upper[order] = (np.arange(len(values)) - first) * 2 >= size
    return upper


def areas_frame(
    units: gpd.GeoDataFrame,
    drafts: list[DistrictDraft],
    people: list[People],
    sources: Sources,
    facts: CityFacts,
) -> gpd.GeoDataFrame:
    """Areas of all five levels by code, every parent dissolved from its children.

    Columns: code, level, parent_code (null for the city), name, name_en (null for most), kind,
    households, residents, locked, geometry.
    """
    below = units["cell_code"].to_numpy()
    polygons = units.geometry.to_numpy()
    households = np.concatenate([p.cell_households for p in people])
    residents = np.concatenate([p.cell_residents for p in people])
    frames = []
    for level in reversed(LEVELS):
        group = codes.ancestors_at(below, level)
        polygons = coverage.dissolve(polygons, group)
        owner, index = np.unique(group, return_inverse=True)
        if level is not Level.CELL:
            households = np.bincount(index, weights=households).astype(np.int64)
            residents = np.bincount(index, weights=residents).astype(np.int64)
        frames.append(
            pd.DataFrame(
                {
                    "code": owner,
                    "level": level.value,
                    "households": households,
                    "residents": residents,
                    "geometry": polygons,
                }
            )
        )
        below = owner
    dedicated = np.concatenate([draft.dedicated for draft in drafts])
    table = pd.concat(reversed(frames), ignore_index=True)
    table["parent_code"] = pd.Series(
        [codes.parent_of(code) for code in table["code"].tolist()], dtype="Int64"
    )
    table["locked"] = np.isin(table["code"].to_numpy(), dedicated)
    _name(table, sources, facts)
    columns = ["code", "level", "parent_code", "name", "name_en", "kind"]
    columns += ["households", "residents", "locked", "geometry"]
    return gpd.GeoDataFrame(table[columns], geometry="geometry", crs=CRS)


def _name(table: pd.DataFrame, sources: Sources, facts: CityFacts) -> None:
    """Fill in name, name_en and kind; a cell is called after its community and its number."""
    city = Place(codes.from_division(facts.division), facts.name, "city")
    known = [city, *sources.districts, *sources.towns, *sources.communities]
    places = {place.code: place for place in known}
    english = {codes.from_division(d.code): d.name_en for d in facts.districts}
    english[city.code] = facts.name_en

    def describe(code: int, dedicated: bool) -> tuple[str, str]:
        place = places.get(code)
        if place is not None:
            return place.name, place.kind
        community = places[codes.ancestor_at(code, Level.COMMUNITY)].name
        word, kind = ("专属网格", "dedicated") if dedicated else ("网格", "grid_cell")
        return f"{community}第{code % 1000}{word}", kind

    pairs = zip(table["code"].tolist(), table["locked"].tolist(), strict=True)
    described = [describe(code, dedicated) for code, dedicated in pairs]
    table["name"] = [name for name, _ in described]
    table["kind"] = [kind for _, kind in described]
    table["name_en"] = pd.Series([english.get(code) for code in table["code"]], dtype="string")
