"""The gate: what a plan must be before it may be published.

Source: the reference on rebalancing, "A plan is valid when". Each fault names a rule, says what is
wrong, and holds the cells and units concerned, so that a page can show them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.coverage import dissolve
from geodata.rebalance.borders import Borders
from geodata.rebalance.gaps import unmet_edges
from geodata.rebalance.measures import pieces_in
from geodata.rebalance.number import last_code
from geodata.rebalance.units import BoolArray, IntArray, Units

WIDEST_GAP_M = 0.5
AREA_SHARE = 1e-6


class Rule(StrEnum):
    """What a plan can break."""

    ONCE = "once"
    NO_EMPTY_CELL = "no_empty_cell"
    IN_COMMUNITY = "in_community"
    IN_ONE_PIECE = "in_one_piece"
    ONE_POLYGON = "one_polygon"
    NO_GAP = "no_gap"
    SAME_AREA = "same_area"
    CODES_KEPT = "codes_kept"
    LOCKED_KEPT = "locked_kept"
    TOGETHER = "together"


@dataclass(frozen=True)
class Fault:
    """One broken rule.

    Attributes:
        cells, units: codes and ids concerned.
        where: edges to show, in the units' CRS; None where cells and units say it all.
    """

    rule: Rule
    detail: str
    cells: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    where: BaseGeometry | None = None


def faults_of(
    units: Units, borders: Borders, plan: IntArray, *, dissolved: frozenset[int] = frozenset()
) -> list[Fault]:
    """Everything that keeps a plan from being published; empty for a valid one.

    Args:
        plan: (n,) the cell code of each unit.
        dissolved: codes of cells that were there once; they are never used again.
    """
    found = [
        *_outside_community(units, plan),
        *_codes(units, plan[is_inside(units, plan)], dissolved),
        *_locked(units, plan),
        *_together(units, plan),
        *_pieces(units, borders, plan),
    ]
    # Shapes are looked at last: what is in two pieces is two polygons, too.
    return found or _shapes(units, plan)


def is_inside(units: Units, plan: IntArray) -> BoolArray:
    """(n,) whether each unit lies in a cell of its own community."""
    inside: BoolArray = (plan // 1000 == units.community_code // 1000) & (plan % 1000 != 0)
    return inside


def _outside_community(units: Units, plan: IntArray) -> list[Fault]:
    wrong = ~is_inside(units, plan)
    if not wrong.any():
        return []
    return [Fault(Rule.IN_COMMUNITY, "units lie in a cell of another community",
                  _codes_of(plan[wrong]), _codes_of(units.unit_id[wrong]))]  # fmt: skip


def _codes(units: Units, plan: IntArray, dissolved: frozenset[int]) -> list[Fault]:
    """New cells take the next free numbers of their community; none is ever used twice."""
    faults = []
    today, drawn = set(np.unique(units.cell_code).tolist()), set(np.unique(plan).tolist())
    again = tuple(sorted(drawn & (dissolved - today)))
    if again:
        faults.append(Fault(Rule.CODES_KEPT, "codes of dissolved cells are used again", again))
    ever, fresh = _by_community(today | dissolved), _by_community(drawn - today - dissolved)
    for community_code, new in sorted(fresh.items()):
        last = last_code(community_code, ever.get(community_code, ()))
        if sorted(new) != list(range(last + 1, last + 1 + len(new))):
            said = "new cells do not take the next free numbers"
            faults.append(Fault(Rule.CODES_KEPT, said, tuple(sorted(new))))
    return faults


def _by_community(cells: Iterable[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for code in cells:
        found.setdefault(code // 1000 * 1000, []).append(code)
    return found


def _locked(units: Units, plan: IntArray) -> list[Fault]:
    moved = units.locked & (plan != units.cell_code)
    closed = np.unique(units.cell_code[units.locked])
    open_units = units.cell_code[~units.locked]
    closed = closed[~np.isin(closed, open_units)]
    grown = np.isin(plan, closed) & (plan != units.cell_code)
    wrong = moved | grown
    if not wrong.any():
        return []
    return [Fault(Rule.LOCKED_KEPT, "locked units or cells are changed",
                  _codes_of(units.cell_code[wrong]), _codes_of(units.unit_id[wrong]))]  # fmt: skip


def _together(units: Units, plan: IntArray) -> list[Fault]:
    if units.together is None:
        return []
    in_set = units.together >= 0
    pairs = np.unique(np.column_stack([units.together[in_set], plan[in_set]]), axis=0)
    names, count = np.unique(pairs[:, 0], return_counts=True)
    parted = np.isin(units.together, names[count > 1]) & in_set
    if not parted.any():
        return []
    return [Fault(Rule.TOGETHER, "sets that belong together lie in more than one cell",
                  _codes_of(plan[parted]), _codes_of(units.unit_id[parted]))]  # fmt: skip


def _pieces(units: Units, borders: Borders, plan: IntArray) -> list[Fault]:
    code, index = np.unique(plan, return_inverse=True)
    pieces = pieces_in(index, len(code), borders)
    broken = code[pieces > 1]
    if not len(broken):
        return []
    ids = units.unit_id[np.isin(plan, broken)]
    return [Fault(Rule.IN_ONE_PIECE, "cells lie in more than one piece",
                  _codes_of(broken), _codes_of(ids))]  # fmt: skip


def _shapes(units: Units, plan: IntArray) -> list[Fault]:
    try:
        cells, code = dissolve(units.geometry, plan), np.unique(plan)
    except shapely.GEOSException:  # they cover each other so far that no cell can be put together
        edges = shapely.coverage_invalid_edges(units.geometry)
        bad = ~shapely.is_empty(edges)
        where = shapely.union_all(edges[bad])
        return [Fault(Rule.NO_GAP, "units overlap", _codes_of(plan[bad]),
                      _codes_of(units.unit_id[bad]), where=where)]  # fmt: skip
    is_polygon = shapely.get_type_id(cells) == shapely.GeometryType.POLYGON
    good = is_polygon & shapely.is_valid(cells)
    faults = []
    if not good.all():
        faults.append(Fault(Rule.ONE_POLYGON, "cells are no single valid polygon",
                            _codes_of(code[~good])))  # fmt: skip
    edges = unmet_edges(cells, WIDEST_GAP_M)
    bad = ~shapely.is_empty(edges)
    if bad.any():
        faults.append(Fault(Rule.NO_GAP, "borders do not meet, or leave a gap",
                            _codes_of(code[bad]), where=shapely.union_all(edges[bad])))  # fmt: skip
    drawn, given = float(shapely.area(cells).sum()), float(units.area_m2.sum())
    if abs(drawn - given) > AREA_SHARE * given:
        faults.append(Fault(Rule.SAME_AREA, f"cells have {drawn:.1f} m2, their units {given:.1f}"))
    return faults


def _codes_of(values: IntArray) -> tuple[int, ...]:
    return tuple(np.unique(values).tolist())


def vanished(units: Units, plan: IntArray) -> tuple[int, ...]:
    """Cells of today that have no unit left: they are dissolved, if that was meant."""
    return _codes_of(np.setdiff1d(units.cell_code, plan))
