"""The stations of the demo city and the areas that each of them serves.

One centre for the city, one sub-centre a district, one command post a subdistrict, one workstation
a community, grid posts for the cells (some adjacent cells share one), police stations and
anti-fraud sub-centres. Real ones are imported; these are placed by chance where people live.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.demo.arrays import FloatArray, IntArray
from geodata.demo.scatter import neighbour_pairs, points_in

HERE = Path(__file__).parent
SHARED_POSTS_PER_CELL = 1196 / 8703
EXTRA_POLICE_PER_SUBDISTRICT = 2 / 110
TIER_KINDS = {
    "city": "city_centre",
    "district": "sub_centre",
    "subdistrict": "command_post",
    "community": "workstation",
}


@dataclass(frozen=True)
class Stations:
    """stations: station_id, code, kind, name, area_code, geometry (Point, EPSG:4326);
    covers: station_id, area_code."""

    stations: gpd.GeoDataFrame
    covers: pd.DataFrame


@dataclass(frozen=True)
class _Draft:
    """A station before it has a number and a place."""

    kind: str
    code: str
    name: str
    area_code: int
    cell: int  # row in the cells frame in which it will stand
    covers: tuple[int, ...]


def place(areas: gpd.GeoDataFrame, units: gpd.GeoDataFrame, rng: np.random.Generator) -> Stations:
    """Put up every station inside the area it stands for.

    Args:
        areas: code, level, parent_code, name, households, geometry (EPSG:4326), all five levels.
        units: the base units; where they exist a station stands inside one with households.
        rng: source of chance.

    Returns:
        The stations, numbered from 1 by kind and code, and what they serve.
    """
    town = _Town.of(areas)
    drafts = [
        *_tiers(town, rng),
        *_grid_posts(town, rng),
        *_police(town, rng),
        *_anti_fraud(town, rng),
    ]
    lon, lat = _spots(town.cells, units, drafts, rng)
    stations = gpd.GeoDataFrame(
        {
            "station_id": np.arange(1, len(drafts) + 1, dtype=np.int64),
            "code": [draft.code for draft in drafts],
            "kind": [draft.kind for draft in drafts],
            "name": [draft.name for draft in drafts],
            "area_code": np.array([draft.area_code for draft in drafts], dtype=np.int64),
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs="EPSG:4326",
    )
    pairs = [(number, code) for number, draft in enumerate(drafts, 1) for code in draft.covers]
    covers = pd.DataFrame(
        np.array(pairs, dtype=np.int64).reshape(-1, 2), columns=["station_id", "area_code"]
    )
    return Stations(stations, covers)


@dataclass(frozen=True)
class _Town:
    """The areas by level, ordered by code, with the words for names."""

    levels: dict[str, pd.DataFrame]
    cells: gpd.GeoDataFrame
    words: dict[str, tuple[str, str]]  # kind -> (prefix of the code, template of the name)

    @classmethod
    def of(cls, areas: gpd.GeoDataFrame) -> "_Town":
        ordered = areas.sort_values("code").reset_index(drop=True)
        levels = {
            str(level): rows.reset_index(drop=True) for level, rows in ordered.groupby("level")
        }
        kinds = pd.read_csv(HERE / "station_kinds.csv")
        words = {
            str(kind): (str(prefix), str(name))
            for kind, prefix, name in zip(*(kinds[column] for column in kinds), strict=True)
        }
        return cls(levels, gpd.GeoDataFrame(levels["cell"]), words)

    def rows(self, level: str) -> pd.DataFrame:
        """The areas of a level; none of it gives an empty frame."""
        return self.levels.get(level, pd.DataFrame(self.cells.iloc[:0]))

    def cell_in(self, low: int, high: int, rng: np.random.Generator) -> int:
        """A cell with a code in the range, the likelier the more households it has."""
        codes = self.cells["code"].to_numpy()
        first, last = np.searchsorted(codes, [low, high + 1])
        homes = self.cells["households"].to_numpy(dtype=np.float64)[first:last] + 1.0
        return int(first + rng.choice(last - first, p=homes / homes.sum()))

    def draft(
        self, word: str, area: tuple[int, str], digits: str, cell: int, covers: tuple[int, ...]
    ) -> _Draft:
        area_code, name = area
        prefix, template = self.words[word]
        kind = word.removesuffix("_extra")
        number = digits.rpartition("-")[2].lstrip("0") or "0"
        label = template.format(area=name, number=number)
        return _Draft(kind, f"{prefix}-{digits}", label, area_code, cell, covers)


_SPANS = {"city": 10**11, "district": 10**9, "subdistrict": 10**6, "community": 10**3, "cell": 1}


def _digits(code: int, level: str) -> str:
    """The code without the zeros below its level: 620102001000000 -> 620102001."""
    return str(code // _SPANS[level])


def _tiers(town: _Town, rng: np.random.Generator) -> Iterator[_Draft]:
    for level, kind in TIER_KINDS.items():
        for code, name in zip(town.rows(level)["code"], town.rows(level)["name"], strict=True):
            cell = town.cell_in(code, code + _SPANS[level] - 1, rng)
            yield town.draft(kind, (int(code), name), _digits(code, level), cell, (int(code),))


def _grid_posts(town: _Town, rng: np.random.Generator) -> Iterator[_Draft]:
    """A post for each cell, but for a share of the pairs of neighbours only one for both."""
    codes = town.cells["code"].to_numpy(dtype=np.int64)
    partner = _shared_posts(town.cells, round(len(codes) * SHARED_POSTS_PER_CELL), rng)
    names = dict(zip(town.rows("community")["code"], town.rows("community")["name"], strict=True))
    for row, code in enumerate(codes.tolist()):
        other = partner[row]
        if 0 <= other < row:
            continue
        served = (code,) if other < 0 else (code, int(codes[other]))
        name = names[code // 1000 * 1000]
        digits = f"{code // 1000}-{code % 1000:03d}"
        yield town.draft("grid_post", (code, name), digits, row, served)


def _shared_posts(cells: gpd.GeoDataFrame, wanted: int, rng: np.random.Generator) -> IntArray:
    """For each cell the row of the neighbour it shares a post with, -1 for none.

    Only neighbours of one community share. As many pairs as wanted, or as there can be.
    """
    community = cells["code"].to_numpy(dtype=np.int64) // 1000
    pairs = neighbour_pairs(cells.geometry.to_numpy(), community)
    partner = np.full(len(cells), -1, dtype=np.int64)
    for left, right in rng.permutation(pairs).tolist():
        if wanted and partner[left] < 0 and partner[right] < 0:
            partner[left], partner[right] = right, left
            wanted -= 1
    return partner


def _police(town: _Town, rng: np.random.Generator) -> Iterator[_Draft]:
    """One police station a subdistrict; the busiest have a second, with half the communities."""
    towns = town.rows("subdistrict")
    extra = round(len(towns) * EXTRA_POLICE_PER_SUBDISTRICT)
    busiest = set(towns.sort_values(["households", "code"]).tail(extra)["code"]) if extra else set()
    for code, name in zip(towns["code"], towns["name"], strict=True):
        short = _short(name)
        digits = _digits(code, "subdistrict")
        if code not in busiest:
            cell = town.cell_in(code, code + 10**6 - 1, rng)
            yield town.draft("police_station", (code, short), f"{digits}-1", cell, (int(code),))
            continue
        for number, served in enumerate(_halves(town.rows("community"), int(code)), 1):
            cell = town.cell_in(served[0], served[-1] + 999, rng)
            word = "police_station_extra"
            yield town.draft(word, (int(code), short), f"{digits}-{number}", cell, served)


def _halves(communities: pd.DataFrame, town_code: int) -> list[tuple[int, ...]]:
    codes = communities["code"].to_numpy(dtype=np.int64)
    inside = codes[(codes > town_code) & (codes < town_code + 10**6)].tolist()
    middle = (len(inside) + 1) // 2
    return [tuple(inside[:middle]), tuple(inside[middle:])]


def _anti_fraud(town: _Town, rng: np.random.Generator) -> Iterator[_Draft]:
    """One a district, and one for each of the zones in `anti_fraud_extra.csv`."""
    for code, name in zip(
        town.rows("district")["code"], town.rows("district")["name"], strict=True
    ):
        cell = town.cell_in(code, code + 10**9 - 1, rng)
        digits = f"{_digits(code, 'district')}-1"
        yield town.draft("anti_fraud_centre", (int(code), name), digits, cell, (int(code),))
    towns = town.rows("subdistrict")
    zones = pd.read_csv(HERE / "anti_fraud_extra.csv")
    for name, district, stands_in in zip(*(zones[column] for column in zones), strict=True):
        here = (towns["parent_code"] == district) & (towns["name"] == stands_in)
        for code in towns.loc[here, "code"].tolist():
            cell = town.cell_in(code, code + 10**6 - 1, rng)
            digits = f"{_digits(int(district), 'district')}-2"
            yield town.draft("anti_fraud_centre", (code, name), digits, cell, (code,))


def _short(name: str) -> str:
    """The name of a subdistrict without the word for its kind."""
    for ending in ("街道", "镇", "乡"):
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending)
    return name


def _spots(
    cells: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    drafts: list[_Draft],
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """A point for each draft: in a base unit of its cell, or in the cell where there is none."""
    chosen = cells["code"].to_numpy(dtype=np.int64)[[draft.cell for draft in drafts]]
    order = np.argsort(units["cell_code"].to_numpy(), kind="stable")
    of_cell = units["cell_code"].to_numpy(dtype=np.int64)[order]
    first = np.searchsorted(of_cell, chosen)
    count = np.searchsorted(of_cell, chosen, side="right") - first
    pick = first + (rng.random(len(chosen)) * count).astype(np.int64)
    has = count > 0
    plots = units.geometry.to_numpy()[order]
    places = np.concatenate([plots, cells.geometry.to_numpy()])
    own_cell = np.array([draft.cell for draft in drafts], dtype=np.int64)
    return points_in(places, np.where(has, pick, len(plots) + own_cell), rng)
