"""What must be true of every demo city before it is written down."""

import numpy as np
import shapely

from geodata import codes, coverage
from geodata.codes import LEVELS, Level
from geodata.demo.district import FEWEST_CELLS, FEWEST_UNITS, MOST_UNITS
from geodata.demo.frames import City
from geodata.demo.recipe import CityFacts, Recipe
from geodata.demo.sources import METRIC_CRS, Sources

_AREA_SLACK = 0.01


class CityError(RuntimeError):
    """The city that was built is not the one that was asked for."""


def verify(city: City, recipe: Recipe, facts: CityFacts, sources: Sources) -> None:
    """Check counts, totals, coverage at every level and area.

    Raises:
        CityError: counts, totals or area are off.
        CoverageError: a level is not a coverage.
    """
    _counts(city, recipe, facts, sources)
    _totals(city, recipe, facts)
    _coverages(city, recipe)
    _filled(city)
    _area(city, recipe, facts, sources)


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise CityError(f"{what}: {found}, but {wanted} is wanted")


def _counts(city: City, recipe: Recipe, facts: CityFacts, sources: Sources) -> None:
    chosen = facts.chosen(recipe.districts)
    inside = [codes.from_division(district.code) for district in chosen]

    def within(listed: list[int]) -> list[int]:
        return sorted(c for c in listed if codes.ancestor_at(c, Level.DISTRICT) in inside)

    wanted = {
        Level.DISTRICT: sorted(inside),
        Level.SUBDISTRICT: within([place.code for place in sources.towns]),
        Level.COMMUNITY: within([place.code for place in sources.communities]),
    }
    for level, listed in wanted.items():
        own = city.areas.loc[city.areas["level"] == level, "code"]
        _expect(f"codes of {level}", own.tolist(), listed)
    cells = city.areas.loc[city.areas["level"] == Level.CELL, "code"].to_numpy()
    _expect("cells", len(cells), sum(district.cells for district in chosen))
    if recipe.districts is None:
        counts = {level: int(n) for level, n in city.areas["level"].value_counts().items()}
        _expect("areas", counts, {"city": 1, **facts.counts})
    per_community = np.unique(codes.ancestors_at(cells, Level.COMMUNITY), return_counts=True)[1]
    _expect("too few cells", int(np.sum(per_community < FEWEST_CELLS)), 0)
    named, per_cell = np.unique(city.units["cell_code"], return_counts=True)
    _expect("cells with units", named.tolist(), cells.tolist())
    off = (per_cell < FEWEST_UNITS) | (per_cell > MOST_UNITS)
    _expect("cells with too few or too many units", int(off.sum()), 0)


def _totals(city: City, recipe: Recipe, facts: CityFacts) -> None:
    for column, total in (("households", facts.households), ("residents", facts.residents)):
        sums = city.areas.groupby("level")[column].sum()
        _expect(f"{column} by level", sums.nunique(), 1)
        if recipe.districts is None:
            _expect(column, int(sums.iloc[0]), total)
    cells = city.areas[city.areas["level"] == Level.CELL]
    of_units = city.units.groupby("cell_code")["households"].sum()
    _expect("households of units", of_units.tolist(), cells["households"].tolist())


def _coverages(city: City, recipe: Recipe) -> None:
    """Units and every level are coverages of one and the same whole."""
    outline = city.areas.geometry[city.areas["level"] == Level.CITY].iloc[0]
    layers = {"base units": city.units.geometry}
    for level in reversed(LEVELS):
        layers[level.value] = city.areas.geometry[city.areas["level"] == level]
    for what, polygons in layers.items():
        # Some districts of a city need not lie side by side.
        simple = what != Level.CITY or recipe.districts is None
        whole = coverage.check(polygons.to_numpy(), what, simple=simple)
        if not shapely.equals(whole, outline):
            raise CityError(f"{what} do not cover the city, or more than the city")


def _filled(city: City) -> None:
    """The parts of each area have its area."""
    whole = {
        level: shapely.area(city.areas.geometry[city.areas["level"] == level].to_numpy())
        for level in LEVELS
    }
    parts = shapely.area(city.units.geometry.to_numpy())
    below = city.units["cell_code"].to_numpy()
    for level in reversed(LEVELS):
        owner, index = np.unique(codes.ancestors_at(below, level), return_inverse=True)
        filled = np.bincount(index, weights=parts)
        open_areas = owner[~np.isclose(filled, whole[level], rtol=1e-7, atol=0)]
        if len(open_areas):
            raise CityError(f"the parts of {open_areas[:5].tolist()} do not fill the {level}")
        parts, below = whole[level], owner


def _area(city: City, recipe: Recipe, facts: CityFacts, sources: Sources) -> None:
    """The city covers its outlines, and in full size has the area it is known to have."""
    whole = city.areas[city.areas["level"] == Level.CITY]
    chosen = [codes.from_division(d.code) for d in facts.chosen(recipe.districts)]
    outline = shapely.coverage_union_all([sources.outlines[code] for code in chosen])
    missed = shapely.symmetric_difference(outline, whole.geometry.iloc[0]).area / outline.area
    if missed > 1e-5:
        raise CityError(f"{missed:.2%} of the outlines are not covered, or covered outside")
    area_km2 = float(whole.to_crs(METRIC_CRS).area.sum()) / 1e6
    if recipe.districts is None and abs(area_km2 / facts.area_km2 - 1) > _AREA_SLACK:
        raise CityError(f"the city has {area_km2:.0f} km², but {facts.area_km2:.0f} is wanted")
