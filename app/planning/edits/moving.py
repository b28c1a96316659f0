"""Giving units to other cells: what is refused, and which numbers new cells take. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geodata.rebalance.number import last_code
from geodata.rebalance.units import BoolArray, IntArray

MOST_NAMED = 20


class MovesRefused(ValueError):
    """Moves that cannot be made; `faults` says for each field why."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(message for _, message in faults))
        self.faults = faults


@dataclass(frozen=True)
class Cells:
    """Units of whole communities and the cells in which they lie, side by side.

    Attributes:
        unit_id, community_code: (n,) of the units.
        base, now: (n,) cell at the plan's base, and in the plan.
        held: (n,) units that nothing may move.
        closed: cells that take nothing in: those that are locked as a whole.
        ever: codes of all cells there have ever been in these communities.
    """

    unit_id: IntArray
    community_code: IntArray
    base: IntArray
    now: IntArray
    held: BoolArray
    closed: frozenset[int]
    ever: frozenset[int]

    def rows(self, unit_ids: Iterable[int]) -> IntArray:
        """(m,) the row of each unit, every one of which is known."""
        order = np.argsort(self.unit_id)
        place = np.searchsorted(
            self.unit_id, np.array(list(unit_ids), dtype=np.int64), sorter=order
        )
        rows: IntArray = order[place].astype(np.int64)
        return rows


def moved(cells: Cells, wanted: Mapping[int, int]) -> IntArray:
    """(n,) the cells after units, all of them known, were given to other ones.

    New cells take the next free numbers of their community; where a new cell has gone again, the
    new ones behind it move up, so that there is never a gap among new numbers.

    Raises:
        MovesRefused: a cell of another community, or none; locked units or cells; a number that was
            used by a cell that is no more, or is not the next free one.
    """
    rows = cells.rows(wanted)
    target = np.array(list(wanted.values()), dtype=np.int64)
    changes = cells.now[rows] != target
    rows, target = rows[changes], target[changes]
    faults = [*_foreign(cells, rows, target), *locked_faults(cells, rows, target)]
    if not faults:
        faults = _numbers(cells, rows, target)
    if faults:
        raise MovesRefused(faults)
    after = cells.now.copy()
    after[rows] = target
    return _moved_up(cells, after, np.unique(cells.community_code[rows]).tolist())


def next_codes(cells: Cells, community_code: int, count: int) -> list[int]:
    """The numbers that the next new cells of a community take.

    Raises:
        MovesRefused: there are not as many left.
    """
    mine = cells.now[cells.community_code == community_code]
    last = max(_last(cells, community_code), int(mine.max(initial=0)))
    if last + count > community_code + 999:
        raise MovesRefused([("cell_code", f"community {community_code} has used all its numbers")])
    return list(range(last + 1, last + 1 + count))


def _last(cells: Cells, community_code: int) -> int:
    base = cells.base[cells.community_code == community_code]
    return last_code(community_code, {*cells.ever, *np.unique(base).tolist()})


def _foreign(cells: Cells, rows: IntArray, target: IntArray) -> list[tuple[str, str]]:
    wrong = (target // 1000 != cells.community_code[rows] // 1000) | (target % 1000 == 0)
    if not wrong.any():
        return []
    ids = named(cells.unit_id[rows[wrong]])
    return [("cell_code", f"is no cell of the community in which these units lie: {ids}")]


def locked_faults(cells: Cells, rows: IntArray, target: IntArray) -> list[tuple[str, str]]:
    """Why units (rows of `cells`) may not go to their targets, as far as locks say so."""
    found = []
    held = cells.held[rows]
    if held.any():
        found.append(("unit_id", f"locked units: {named(cells.unit_id[rows[held]])}"))
    closed = np.isin(target, list(cells.closed))
    if closed.any():
        found.append(("cell_code", f"locked cells: {named(np.unique(target[closed]))}"))
    return found


def _numbers(cells: Cells, rows: IntArray, target: IntArray) -> list[tuple[str, str]]:
    known = {*np.unique(cells.base).tolist(), *np.unique(cells.now).tolist()}
    fresh = set(target.tolist()) - known
    again = sorted(fresh & cells.ever)
    if again:
        said = f"numbers of dissolved cells are never used again: {named(again)}"
        return [("cell_code", said)]
    for community in np.unique(cells.community_code[rows]).tolist():
        new = sorted(code for code in fresh if code // 1000 == community // 1000)
        free = next_codes(cells, community, len(new)) if new else []
        if new != free:
            return [("cell_code", f"a new cell takes the next free number, {free[0]}")]
    return []


def _moved_up(cells: Cells, after: IntArray, communities: list[int]) -> IntArray:
    """The same cells, without gaps among the numbers of new ones."""
    before = after.copy()
    for community in communities:
        mine = cells.community_code == community
        base = set(np.unique(cells.base[mine]).tolist())
        new = sorted(set(np.unique(before[mine]).tolist()) - base)
        first = _last(cells, community) + 1
        for code, wanted in zip(new, range(first, first + len(new)), strict=True):
            if code == wanted:
                continue
            if code in cells.closed or cells.held[before == code].any():
                said = f"{code} is locked, and would have to take the number {wanted}"
                raise MovesRefused([("cell_code", said)])
            after[before == code] = wanted
    return after


def named(values: Sequence[int] | IntArray) -> str:
    """A few of many numbers, as an error names them."""
    shown = ", ".join(map(str, values[:MOST_NAMED]))
    return shown if len(values) <= MOST_NAMED else f"{shown} and {len(values) - MOST_NAMED} more"
