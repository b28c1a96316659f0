"""Another number of cells: splitting a heavy one, joining two light ones."""

from collections.abc import Iterable

import numpy as np

from geodata.rebalance.borders import Borders
from geodata.rebalance.units import BoolArray, IntArray, Units


def next_code(community_code: int, used: Iterable[int]) -> int:
    """The next free number of a community; numbers of dissolved cells must be in `used`.

    Raises:
        ValueError: all 999 are used.
    """
    code = last_code(community_code, used) + 1
    if code // 1000 != community_code // 1000:
        raise ValueError(f"community {community_code} has used all its numbers")
    return code


def last_code(community_code: int, used: Iterable[int]) -> int:
    """The highest code of a community that was ever used; the community's own if none was."""
    mine = (code for code in used if code // 1000 == community_code // 1000)
    return max(mine, default=community_code)


def split(units: Units, borders: Borders, plan: IntArray, cell: int, *, new_code: int) -> IntArray:
    """The plan with one cell cut in two halves of about equal load, both in one piece.

    The half that holds the cell's heaviest unit keeps its code.

    Raises:
        ValueError: the cell has fewer than two units that may move.
    """
    inside = plan == cell
    if np.sum(inside & ~units.locked) < 2 or np.any(inside & units.locked):
        raise ValueError(f"cell {cell} cannot be split: locked, or a single unit")
    rows = np.flatnonzero(inside)
    load = units.load[rows]
    graph = _neighbours(borders, inside)
    start = int(rows[np.argmax(load)])
    order = _outwards(graph, start)
    far = order[-1]
    # Grown from the unit farthest away until half the load is reached, never cutting off the rest.
    taken: set[int] = set()
    weight, half = 0.0, float(load.sum()) / 2.0
    row_load = dict(zip(rows.tolist(), load.tolist(), strict=True))
    for unit in _outwards(graph, far):
        if unit == start:
            continue
        rest = set(rows.tolist()) - taken - {unit}
        if weight + row_load[unit] / 2.0 > half or not _is_one(graph, rest):
            continue
        if taken and not (graph[unit] & taken):
            continue
        taken.add(unit)
        weight += row_load[unit]
    if not taken:
        raise ValueError(f"cell {cell} cannot be split into two pieces")
    drawn = plan.copy()
    drawn[list(taken)] = new_code
    return drawn


def join(plan: IntArray, kept: int, dissolved: int) -> IntArray:
    """The plan with two cells made one, under the code of the first."""
    drawn = plan.copy()
    drawn[plan == dissolved] = kept
    return drawn


def _neighbours(borders: Borders, among: BoolArray) -> dict[int, set[int]]:
    graph: dict[int, set[int]] = {int(row): set() for row in np.flatnonzero(among)}
    both = among[borders.one] & among[borders.other] & borders.passable
    for one, other in zip(borders.one[both].tolist(), borders.other[both].tolist(), strict=True):
        graph[one].add(other)
        graph[other].add(one)
    return graph


def _outwards(graph: dict[int, set[int]], start: int) -> list[int]:
    """Every unit that can be reached, nearest first; ties by row."""
    seen, order = {start}, [start]
    for unit in order:
        fresh = sorted(graph[unit] - seen)
        seen.update(fresh)
        order.extend(fresh)
    return order


def _is_one(graph: dict[int, set[int]], units: set[int]) -> bool:
    if not units:
        return False
    seen = {min(units)}
    queue = list(seen)
    for unit in queue:
        fresh = (graph[unit] & units) - seen
        seen |= fresh
        queue.extend(fresh)
    return len(seen) == len(units)
