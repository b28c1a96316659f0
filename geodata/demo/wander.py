"""Letting cells stray from the neat blocks in which they are drawn, as those of a grown city do.

Real cells follow streets in part only: a yard here, a row of houses there went to the neighbour.
"""

from dataclasses import replace

import numpy as np
import shapely
from pyproj import Transformer

from geodata import codes
from geodata.codes import Level
from geodata.coverage import GeometryArray
from geodata.demo.district import FEWEST_UNITS, MOST_UNITS, DistrictDraft
from geodata.demo.shares import IntArray
from geodata.demo.sources import METRIC_CRS
from geodata.rebalance import borders, units

_TRIES_A_UNIT = 0.9
_PURPOSE = 9


def wander(draft: DistrictDraft, seed: int) -> DistrictDraft:
    """Give units on the rim of a cell to the cell beside it, by lot; the draft again by cell.

    Every cell stays in one piece, in its community and within the number of units that cells have;
    dedicated cells neither give nor take.
    """
    cells = draft.cell_codes
    dedicated = np.isin(cells, draft.dedicated)
    first, near = _neighbours(cells, draft.polygons)
    community = codes.ancestors_at(cells, Level.COMMUNITY)
    starts = np.flatnonzero(np.diff(community, prepend=-1, append=-1))
    strayed = cells.copy()
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        rng = np.random.default_rng([seed, int(community[begin]), _PURPOSE])
        beside = [near[first[unit] : first[unit + 1]].tolist() for unit in range(begin, end)]
        walk = _Walk(begin, strayed[begin:end].tolist(), beside, dedicated[begin:end].tolist())
        strayed[begin:end] = walk.go(rng)
    order = np.argsort(strayed, kind="stable")
    return replace(
        draft,
        polygons=draft.polygons[order],
        cell_codes=strayed[order],
        drawn_cells=draft.drawn_cells[order],
        points=draft.points[order],
        crowding=draft.crowding[order],
        area_m2=draft.area_m2[order],
    )


def _neighbours(cells: IntArray, polygons: GeometryArray) -> tuple[IntArray, IntArray]:
    """Of each unit the units of its community beside it (CSR)."""
    to_metres = Transformer.from_crs("EPSG:4326", METRIC_CRS, always_xy=True)
    count = len(cells)
    made = units.make(
        unit_id=np.arange(count),
        community_code=codes.ancestors_at(cells, Level.COMMUNITY),
        cell_code=cells,
        households=np.zeros(count),
        incidents=np.zeros(count),
        geometry=shapely.transform(
            polygons, lambda xy: np.column_stack(to_metres.transform(xy[:, 0], xy[:, 1]))
        ),
    )
    pairs = borders.between(made)
    first, near, _ = borders.by_unit(count, pairs.one, pairs.other)
    return first, near


class _Walk:
    """One community while its units change hands; units are numbered from `begin`."""

    def __init__(
        self, begin: int, cells: list[int], beside: list[list[int]], held: list[bool]
    ) -> None:
        self._cells = cells
        self._beside = [[unit - begin for unit in units_] for units_ in beside]
        self._held = held
        self._members: dict[int, set[int]] = {}
        for unit, cell in enumerate(cells):
            self._members.setdefault(cell, set()).add(unit)

    def go(self, rng: np.random.Generator) -> list[int]:
        """The cell of each unit after so many tries as there are units, and a few."""
        tries = round(_TRIES_A_UNIT * len(self._cells))
        picked = rng.integers(len(self._cells), size=tries).tolist()
        for unit, lot in zip(picked, rng.random(tries).tolist(), strict=True):
            if self._beside[unit]:
                self._give(unit, self._beside[unit][int(lot * len(self._beside[unit]))])
        return self._cells

    def _give(self, unit: int, neighbour: int) -> None:
        old, new = self._cells[unit], self._cells[neighbour]
        if old == new or self._held[unit] or self._held[neighbour]:
            return
        if len(self._members[old]) <= FEWEST_UNITS or len(self._members[new]) >= MOST_UNITS:
            return
        rest = self._members[old] - {unit}
        if not self._is_one(rest):
            return
        self._members[old] = rest
        self._members[new].add(unit)
        self._cells[unit] = new

    def _is_one(self, members: set[int]) -> bool:
        queue = [min(members)]
        seen = set(queue)
        for unit in queue:
            fresh = [one for one in self._beside[unit] if one in members and one not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        return len(seen) == len(members)
