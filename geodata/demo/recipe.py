"""What to build, and the facts of the city it is built from."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

FACTS_FILE = Path(__file__).parent / "lanzhou.toml"
RECIPE_VERSION = "6"


@dataclass(frozen=True)
class Recipe:
    """One demo city: the same recipe gives the same city.

    Attributes:
        seed: of everything that is drawn by lot.
        districts: six-digit codes of the districts to build, None for all. A district is the same
            in a part of the city as in the whole, but for vertices along borders to the rest.
        incidents: how many cases the year holds.
        anchor_on: last full local day of the cases, None for yesterday.
        workers: processes at work, None for one a core; does not change the result.
    """

    seed: int = 1
    districts: tuple[int, ...] | None = None
    incidents: int = 60_000
    anchor_on: date | None = None
    workers: int | None = None


@dataclass(frozen=True)
class DistrictFacts:
    """A district's six-digit code, English name, number of cells and assumed share of people."""

    code: int
    name_en: str
    cells: int
    people: int


@dataclass(frozen=True)
class Valley:
    """A line (lon, lat in degrees) along which people live, out to about `width_m`."""

    density: float
    width_m: float
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CityFacts:
    """Everything that is true of one city only."""

    division: str
    name: str
    name_en: str
    timezone: str
    area_km2: float
    residents: int
    households: int
    incidents_a_year: int
    counts: dict[str, int]
    excluded: tuple[str, ...]
    names: dict[str, str]
    box_names: dict[str, str]
    districts: tuple[DistrictFacts, ...]
    countryside: float
    valleys: tuple[Valley, ...]

    def chosen(self, codes: tuple[int, ...] | None) -> tuple[DistrictFacts, ...]:
        """The facts of the districts with these codes, of all for None.

        Raises:
            ValueError: no code at all, or one that is not a district of the city.
        """
        if codes is None:
            return self.districts
        unknown = sorted(set(codes) - {district.code for district in self.districts})
        if unknown or not codes:
            raise ValueError(f"not a district of {self.name}: {unknown or 'none was named'}")
        return tuple(district for district in self.districts if district.code in codes)


def read_facts(path: Path = FACTS_FILE) -> CityFacts:
    """Read the facts of a city from its TOML file.

    Raises:
        KeyError, TypeError: the file lacks a fact or holds one of another name.
    """
    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    city, settlement = raw["city"], raw["settlement"]
    return CityFacts(
        **city,
        counts=raw["counts"],
        excluded=tuple(row["code"] for row in raw["excluded"]),
        names=raw["names"],
        box_names=raw["box_names"],
        districts=tuple(DistrictFacts(**row) for row in raw["district"]),
        countryside=settlement["countryside"],
        valleys=tuple(
            Valley(row["density"], row["width_m"], tuple((x, y) for x, y in row["line"]))
            for row in settlement["valley"]
        ),
    )
