"""Who is on duty where in the demo city: units with call signs, and the areas given to them.

There are no people here. A unit is a call sign, a role and the station it starts from; nothing that
belongs to a person (a name, a telephone number, a badge) exists in the demo.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.demo.arrays import IntArray
from geodata.demo.scatter import neighbour_pairs
from geodata.demo.stations import Stations

LETTERS = {
    "grid_worker": "GW",
    "grid_lead": "GL",
    "officer": "PO",
    "auxiliary": "AX",
    "mediator": "MD",
    "legal_adviser": "LA",
    "duty_officer": "DO",
    "dispatcher": "DP",
}
STAFF: dict[str, dict[str, int]] = {
    "city_centre": {"duty_officer": 4, "dispatcher": 8, "mediator": 4, "legal_adviser": 2},
    "sub_centre": {"duty_officer": 3, "dispatcher": 4, "mediator": 3, "legal_adviser": 2},
    "command_post": {"duty_officer": 2, "dispatcher": 2, "mediator": 2, "legal_adviser": 1},
    "workstation": {"duty_officer": 1, "grid_lead": 1, "mediator": 1},
    "police_station": {"duty_officer": 2, "officer": 2},
    "anti_fraud_centre": {"dispatcher": 1, "officer": 3},
}
"""Units of each role that work at one station of a kind. Grid posts have their grid workers."""

RULE = {"community": {"officer": 1, "auxiliary": 2}, "village": {"officer": 1}}
"""The staffing rule by kind of community."""

SHORT_SHARE = 0.015
"""Share of the communities that is left one unit short, so that the rule has something to find."""


@dataclass(frozen=True)
class Roster:
    """duty_units: unit_id, call_sign, role, station_id; assignments: unit_id, area_code, duty."""

    duty_units: pd.DataFrame
    assignments: pd.DataFrame


@dataclass(frozen=True)
class _Post:
    """One unit to be: its role, what its call sign counts in, where it starts, what it is given."""

    role: str
    place: str  # middle of the call sign
    station_id: int
    area_codes: tuple[int, ...]
    duty: str


def staff(areas: gpd.GeoDataFrame, stations: Stations, rng: np.random.Generator) -> Roster:
    """Give every cell, community and station its units.

    Every cell has a grid worker of its own (`primary`) and as `backup` the grid worker of a cell
    beside it in the same community. Communities get officers and auxiliaries by `RULE`, but for
    about 1.5 % that are one short. Stations get `STAFF`.

    Args:
        areas: code, level, kind, geometry, all levels.
        stations: what `stations.place` answered for the same areas.
        rng: chooses backups where there are several, and the communities left short.

    Returns:
        Units numbered from 1 with unique call signs, and what each is given.
    """
    cells = areas[areas["level"] == "cell"].sort_values("code").reset_index(drop=True)
    communities = areas[areas["level"] == "community"].sort_values("code").reset_index(drop=True)
    posts = [
        *_grid_workers(cells, stations),
        *_community_police(communities, stations, rng),
        *_station_staff(stations),
    ]
    units = pd.DataFrame(
        {
            "unit_id": np.arange(1, len(posts) + 1, dtype=np.int64),
            "call_sign": _call_signs(posts),
            "role": [post.role for post in posts],
            "station_id": np.array([post.station_id for post in posts], dtype=np.int64),
        }
    )
    rows = [
        (number, code, post.duty)
        for number, post in enumerate(posts, 1)
        for code in post.area_codes
    ]
    # The grid worker of the cell in row r is unit r + 1.
    codes = cells["code"].to_numpy(dtype=np.int64)
    rows += [
        (int(stand_in) + 1, int(codes[row]), "backup")
        for row, stand_in in enumerate(_backups(cells, rng))
        if stand_in >= 0
    ]
    assignments = pd.DataFrame(rows, columns=["unit_id", "area_code", "duty"])
    return Roster(units, assignments.sort_values(["area_code", "unit_id"], ignore_index=True))


def _grid_workers(cells: gpd.GeoDataFrame, stations: Stations) -> Iterator[_Post]:
    posts = stations.stations.loc[stations.stations["kind"] == "grid_post", "station_id"]
    served = stations.covers[stations.covers["station_id"].isin(posts)]
    post_of = dict(zip(served["area_code"], served["station_id"], strict=True))
    for code in cells["code"].tolist():
        yield _Post("grid_worker", _place(code), int(post_of[code]), (code,), "primary")


def _community_police(
    communities: gpd.GeoDataFrame, stations: Stations, rng: np.random.Generator
) -> Iterator[_Post]:
    home = _police_of(communities["code"].to_numpy(dtype=np.int64), stations)
    count = max(1, round(len(communities) * SHORT_SHARE))
    short = set(rng.choice(len(communities), size=min(count, len(communities)), replace=False))
    for row, (code, kind) in enumerate(zip(communities["code"], communities["kind"], strict=True)):
        roles = [role for role, number in RULE[kind].items() for _ in range(number)]
        if row in short:
            roles.pop(int(rng.integers(len(roles))))
        for role in roles:
            duty = "primary" if role == "officer" else "staff"
            yield _Post(role, _place(code), int(home[row]), (int(code),), duty)


def _police_of(communities: IntArray, stations: Stations) -> IntArray:
    """The police station that serves each community, directly or with its whole subdistrict."""
    police = stations.stations.loc[stations.stations["kind"] == "police_station", "station_id"]
    served = stations.covers[stations.covers["station_id"].isin(police)]
    station_of = dict(zip(served["area_code"], served["station_id"], strict=True))
    homes = [
        station_of.get(code) or station_of[code // 10**6 * 10**6] for code in communities.tolist()
    ]
    return np.array(homes, dtype=np.int64)


def _station_staff(stations: Stations) -> Iterator[_Post]:
    served: dict[int, list[int]] = {}
    for number, area in stations.covers.itertuples(index=False):
        served.setdefault(int(str(number)), []).append(int(str(area)))
    table = stations.stations
    for number, kind, area in zip(
        table["station_id"], table["kind"], table["area_code"], strict=True
    ):
        for role, count in STAFF.get(kind, {}).items():
            for _ in range(count):
                yield _Post(role, _place(int(area)), int(number), tuple(served[number]), "staff")


def _place(code: int) -> str:
    """The part of a call sign that says where: 620102001001003 -> 02-001-001-003."""
    digits = str(code)
    parts = [digits[4:6], digits[6:9], digits[9:12], digits[12:15]]
    while len(parts) > 1 and not int(parts[-1]):
        parts.pop()
    return "-".join(parts)


def _call_signs(posts: list[_Post]) -> list[str]:
    """`GW02-001-001-003` for the only one of its role at a place, else with /1, /2 behind."""
    bases = [f"{LETTERS[post.role]}{post.place}" for post in posts]
    total: dict[str, int] = {}
    for base in bases:
        total[base] = total.get(base, 0) + 1
    seen: dict[str, int] = {}
    signs = []
    for base in bases:
        seen[base] = seen.get(base, 0) + 1
        signs.append(base if total[base] == 1 else f"{base}/{seen[base]}")
    return signs


def _backups(cells: gpd.GeoDataFrame, rng: np.random.Generator) -> IntArray:
    """For each cell the row of the neighbouring cell whose worker stands in, -1 if it has none.

    A neighbour of the same community goes before others, then who stands in for the fewest.
    """
    polygons = cells.geometry.to_numpy()
    community = cells["code"].to_numpy(dtype=np.int64) // 1000
    neighbours: list[list[int]] = [[] for _ in range(len(cells))]
    for left, right in neighbour_pairs(polygons).tolist():
        neighbours[left].append(right)
        neighbours[right].append(left)
    load = np.zeros(len(cells), dtype=np.int64)
    chosen = np.full(len(cells), -1, dtype=np.int64)
    for row in rng.permutation(len(cells)).tolist():
        if not neighbours[row]:
            continue
        options = np.array(neighbours[row])
        order = np.lexsort((options, load[options], community[options] != community[row]))
        chosen[row] = options[order[0]]
        load[chosen[row]] += 1
    return chosen
