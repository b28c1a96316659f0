"""A made-up city on a grid of squares, with the same columns as the real bundle."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CITY = 990100000000000
ORIGIN_LON, ORIGIN_LAT = 103.70, 36.02
CELL_DEG = 0.006
NAMES = {
    "city": "方格市",
    "district": ["东区", "西区"],
    "subdistrict": ["柳树街道", "槐树街道", "石桥镇"],
    "community": ["南苑社区", "北苑社区", "杏花村", "前进社区"],
}
CELLS_A_SIDE = 3  # nine cells in a community
UNITS_A_SIDE = 3  # nine base units in a cell


def build(towns: int = 3) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Areas of all five levels and base units: 1 / 2 / 6 / 24 / 216 areas, 1,944 units.

    Args:
        towns: in each of the two districts, each with four communities of nine cells.
    """
    cells: list[dict[str, object]] = []
    units: list[dict[str, object]] = []
    rng = np.random.default_rng(7)
    for district in range(2):
        for town in range(towns):
            for place in range(4):
                community = CITY + (district + 1) * 10**9 + (town + 1) * 10**6 + (place + 1) * 1000
                west = ORIGIN_LON + (district * 4 + place) * CELLS_A_SIDE * CELL_DEG
                south = ORIGIN_LAT + town * CELLS_A_SIDE * CELL_DEG
                for number in range(CELLS_A_SIDE**2):
                    x = west + number % CELLS_A_SIDE * CELL_DEG
                    y = south + number // CELLS_A_SIDE * CELL_DEG
                    code = community + number + 1
                    plots = _units(code, x, y, len(units), rng)
                    units += plots
                    cells.append(_cell(code, x, y, plots))
    frame = _upward(gpd.GeoDataFrame(cells, crs="EPSG:4326"))
    return frame, gpd.GeoDataFrame(units, crs="EPSG:4326")


def _units(
    code: int, x: float, y: float, start: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    side = CELL_DEG / UNITS_A_SIDE
    return [
        {
            "unit_id": start + number + 1,
            "community_code": code // 1000 * 1000,
            "cell_code": code,
            "households": float(rng.integers(0, 60)),
            "incidents": float(rng.random() * 10),
            "street_block": (start + number) // 3,
            "locked": False,
            "geometry": shapely.box(
                x + number % UNITS_A_SIDE * side,
                y + number // UNITS_A_SIDE * side,
                x + (number % UNITS_A_SIDE + 1) * side,
                y + (number // UNITS_A_SIDE + 1) * side,
            ),
        }
        for number in range(UNITS_A_SIDE**2)
    ]


def _cell(code: int, x: float, y: float, plots: list[dict[str, object]]) -> dict[str, object]:
    households = int(sum(float(str(plot["households"])) for plot in plots))
    return {
        "code": code,
        "level": "cell",
        "parent_code": code // 1000 * 1000,
        "name": f"第{code % 1000}网格",
        "name_en": None,
        "kind": "grid_cell",
        "households": households,
        "residents": households * 3,
        "locked": False,
        "geometry": shapely.box(x, y, x + CELL_DEG, y + CELL_DEG),
    }


def _upward(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add the four levels above, each the union of what lies in it."""
    frames = [cells]
    spans = (("community", 10**3), ("subdistrict", 10**6), ("district", 10**9), ("city", 10**11))
    for level, span in spans:
        rows = []
        for code, inside in cells.groupby(cells["code"] // span * span):
            number = int(code) // span % 1000
            name = (
                NAMES["city"] if level == "city" else NAMES[level][(number - 1) % len(NAMES[level])]
            )
            rows.append(
                {
                    "code": int(code),
                    "level": level,
                    "parent_code": None if level == "city" else int(code) // 10**15,
                    "name": name,
                    "name_en": None,
                    "kind": _kind(level, str(name)),
                    "households": int(inside["households"].sum()),
                    "residents": int(inside["residents"].sum()),
                    "locked": False,
                    "geometry": shapely.union_all(inside.geometry.to_numpy()),
                }
            )
        frames.append(gpd.GeoDataFrame(rows, crs="EPSG:4326"))
    areas = pd.concat(frames, ignore_index=True).sort_values("code", ignore_index=True)
    areas["parent_code"] = [
        _parent(code, level) for code, level in zip(areas["code"], areas["level"], strict=True)
    ]
    areas["parent_code"] = areas["parent_code"].astype("Int64")
    return gpd.GeoDataFrame(areas, crs="EPSG:4326")


def _parent(code: int, level: str) -> int | None:
    above = {"cell": 10**3, "community": 10**6, "subdistrict": 10**9, "district": 10**11}
    return None if level == "city" else code // above[level] * above[level]


def _kind(level: str, name: str) -> str:
    if level == "community":
        return "village" if name.endswith("村") else "community"
    if level == "subdistrict":
        return "township" if name.endswith("镇") else "subdistrict"
    return level
