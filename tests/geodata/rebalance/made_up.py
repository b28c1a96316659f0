"""Small communities of square units, 100 m wide, with cells that grew unevenly."""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geodata.rebalance import units as base_units
from geodata.rebalance.units import IntArray, Units

SIDE_M = 100.0
FIRST = 620102001001000


def squares(columns: int, rows: int, east_m: float = 500_000.0) -> np.ndarray[Any, Any]:
    """(columns * rows,) squares side by side, row by row from the south."""
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    x, y = x.ravel() * SIDE_M + east_m, y.ravel() * SIDE_M + 4_000_000.0
    return np.asarray(shapely.box(x, y, x + SIDE_M, y + SIDE_M))


def frame(
    columns: int, rows: int, cells: int, *, seed: int, communities: int = 1
) -> gpd.GeoDataFrame:
    """Communities far from each other, in the format of the command."""
    rng = np.random.default_rng(seed)
    count = columns * rows
    parts = []
    for index in range(communities):
        community = FIRST + index * 1000
        households = np.round(rng.lognormal(2.2, 0.6, count))
        parts.append(
            gpd.GeoDataFrame(
                {
                    "unit_id": np.arange(count) + 1 + index * count,
                    "community_code": community,
                    "cell_code": community + 1 + _grown(columns, rows, cells, rng),
                    "households": households,
                    "incidents": np.round(households * rng.lognormal(0.2, 0.4, count), 1),
                    "street_block": np.arange(count) // 4 + index * count,
                    "locked": False,
                },
                geometry=squares(columns, rows, 500_000.0 + index * columns * SIDE_M * 2),
                crs=4544,
            )
        )
    whole = gpd.pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(whole, crs=4544)


def units_of(rows: gpd.GeoDataFrame, **more: Any) -> Units:
    """The checked units of a frame."""
    names = ("unit_id", "community_code", "cell_code", "households", "incidents")
    columns: dict[str, Any] = {name: rows[name].to_numpy() for name in names}
    columns |= {"street_block": rows["street_block"], "locked": rows["locked"], **more}
    return base_units.make(**columns, geometry=np.asarray(rows.geometry.array))


def neighbours(columns: int, rows: int) -> list[list[int]]:
    """The rook neighbours of every square, worked out from places alone."""
    return [
        [
            (y + dy) * columns + x + dx
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
            if 0 <= x + dx < columns and 0 <= y + dy < rows
        ]
        for y in range(rows)
        for x in range(columns)
    ]


def _grown(columns: int, rows: int, cells: int, rng: np.random.Generator) -> IntArray:
    """(n,) connected cells 0..cells-1 that grew from chance places by chance steps."""
    near = neighbours(columns, rows)
    cell = np.full(len(near), -1)
    cell[rng.choice(len(near), cells, replace=False)] = np.arange(cells)
    while (cell < 0).any():
        fringe = [(u, v) for u in np.flatnonzero(cell >= 0) for v in near[u] if cell[v] < 0]
        unit, fresh = fringe[int(rng.integers(len(fringe)))]
        cell[fresh] = cell[unit]
    return cell.astype(np.int64)
