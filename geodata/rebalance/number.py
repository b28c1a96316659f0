"""Another number of cells: splitting a heavy one, joining two light ones, letting load decide."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np

from geodata.rebalance.borders import Borders
from geodata.rebalance.units import BoolArray, IntArray, Units, sums

NEAR_ENOUGH = 0.10
"""A community whose mean lies so near to that of the area keeps its number of cells."""


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


def follow_load(
    units: Units,
    borders: Borders,
    plan: IntArray,
    *,
    only: Container[int] | None = None,
    used: Iterable[int] = (),
) -> IntArray:
    """The plan with as many cells in each community as its load asks for.

    What a cell should carry is the mean over the free cells of all wanted communities. Where a
    community's own mean lies beyond `NEAR_ENOUGH` of it, its heaviest cells are split, or its
    lightest joined with their lightest neighbours, until it comes nearest. It is the start of a
    search, not its end.

    Args:
        plan: (n,) the cell code of each unit.
        only: codes of the communities wanted; None for all.
        used: codes of cells that were there once, which are never used again.
    """
    wanted = [
        _Community(units, borders, plan, index)
        for index, row in enumerate(units.starts[:-1].tolist())
        if only is None or int(units.community_code[row]) in only
    ]
    cells = sum(len(one.free) for one in wanted)
    mean = sum(one.load for one in wanted) / cells if cells else 0.0
    if mean <= 0.0:
        return plan
    taken = {*used, *units.cell_code.tolist()}
    drawn = plan.copy()
    for one in wanted:
        if not one.free:
            continue
        asked = number_for(one.load / mean, len(one.free))
        while len(one.free) < asked and one.split_heaviest(drawn, taken):
            pass
        while len(one.free) > asked and one.join_lightest(drawn):
            pass
    return drawn


def number_for(means: float, now: int) -> int:
    """How many cells a load of so many means asks for, where there are `now`."""
    if abs(means / now - 1.0) <= NEAR_ENOUGH:
        return now
    low = max(1, int(means))
    return low if means / low - 1.0 <= 1.0 - means / (low + 1) else low + 1


class _Community:
    """The free cells of a community while their number changes."""

    def __init__(self, units: Units, borders: Borders, plan: IntArray, index: int) -> None:
        self._units = units
        self._borders = borders
        self._rows = slice(int(units.starts[index]), int(units.starts[index + 1]))
        self._pairs = slice(int(borders.starts[index]), int(borders.starts[index + 1]))
        self.code = int(units.community_code[self._rows.start])
        self._look(plan)
        self.load = sum(self.free.values())

    def _look(self, plan: IntArray) -> None:
        cells, where = np.unique(plan[self._rows], return_inverse=True)
        load = sums(where, self._units.load[self._rows], len(cells))
        locked = sums(where, self._units.locked[self._rows], len(cells))
        size = np.bincount(where)
        both = zip(cells.tolist(), load.tolist(), (locked < size).tolist(), strict=True)
        self.free = {code: weight for code, weight, is_free in both if is_free}
        self._unlocked = set(cells[locked == 0].tolist())

    def split_heaviest(self, plan: IntArray, taken: set[int]) -> bool:
        """Split the heaviest cell that can be, in place; False if none can."""
        try:
            code = next_code(self.code, taken)
        except ValueError:
            return False
        for cell in sorted(self.free, key=lambda cell: (-self.free[cell], cell)):
            try:
                plan[:] = split(self._units, self._borders, plan, cell, new_code=code)
            except ValueError:
                continue
            taken.add(code)
            self._look(plan)
            return True
        return False

    def join_lightest(self, plan: IntArray) -> bool:
        """Join the lightest cell that can be with its lightest neighbour; False if none can.

        The heavier of them keeps its code, unless the other holds a locked unit.
        """
        beside = self._beside(plan)
        for cell in sorted(self._unlocked, key=lambda cell: (self.free[cell], cell)):
            near = sorted(beside.get(cell, ()), key=lambda other: (self.free[other], other))
            if near:
                other = near[0]
                heavier = max(cell, other, key=lambda each: (self.free[each], -each))
                kept = heavier if other in self._unlocked else other
                plan[self._rows] = join(plan[self._rows], kept, cell if kept == other else other)
                self._look(plan)
                return True
        return False

    def _beside(self, plan: IntArray) -> dict[int, set[int]]:
        open_ = self._borders.passable[self._pairs]
        one = plan[self._borders.one[self._pairs][open_]]
        other = plan[self._borders.other[self._pairs][open_]]
        found: dict[int, set[int]] = {}
        for a, b in zip(one.tolist(), other.tolist(), strict=True):
            if a != b and a in self.free and b in self.free:
                found.setdefault(a, set()).add(b)
                found.setdefault(b, set()).add(a)
        return found


def split(units: Units, borders: Borders, plan: IntArray, cell: int, *, new_code: int) -> IntArray:
    """The plan with one cell cut in two halves of about equal load, both in one piece.

    The half that holds the cell's heaviest unit keeps its code. Units that belong together stay so.

    Raises:
        ValueError: a unit of the cell is locked, it has fewer than two (or two sets that stay
            together), or it does not hold together today.
    """
    inside = plan == cell
    if np.any(inside & units.locked):
        raise ValueError(f"cell {cell} cannot be split: units of it are locked")
    atoms = _atoms_of(units, borders, inside)
    start = max(atoms.load, key=lambda atom: (atoms.load[atom], -atom), default=-1)
    if len(atoms.load) < 2 or not _is_one(atoms.near, set(atoms.load)):
        raise ValueError(f"cell {cell} cannot be split: a single unit, or in pieces")
    # Grown from the atom farthest away until half the load is reached, never cutting off the rest.
    taken: set[int] = set()
    weight, half = 0.0, sum(atoms.load.values()) / 2.0
    for atom in _outwards(atoms.near, _outwards(atoms.near, start)[-1]):
        rest = atoms.load.keys() - taken - {atom}
        heavy = weight + atoms.load[atom] / 2.0 > half
        if atom == start or heavy or not _is_one(atoms.near, rest):
            continue
        if taken and not atoms.near[atom] & taken:
            continue
        taken.add(atom)
        weight += atoms.load[atom]
    drawn = plan.copy()
    drawn[atoms.rows[np.isin(atoms.atom, list(taken))]] = new_code
    return drawn


def join(plan: IntArray, kept: int, dissolved: int) -> IntArray:
    """The plan with two cells made one, under the code of the first."""
    drawn = plan.copy()
    drawn[plan == dissolved] = kept
    return drawn


@dataclass(frozen=True)
class _Atoms:
    """The units of a cell, those that stay together as one: under the row of their first unit.

    Attributes:
        rows, atom: (k,) units of the cell, and the atom of each.
        load, near: of each atom, and its neighbours in the cell.
    """

    rows: IntArray
    atom: IntArray
    load: dict[int, float]
    near: dict[int, set[int]]


def _atoms_of(units: Units, borders: Borders, inside: BoolArray) -> _Atoms:
    rows = np.flatnonzero(inside)
    sets = None if units.together is None else units.together[rows]
    alone = -1 - rows
    name = alone if sets is None else np.where(sets < 0, alone, sets)
    _, first, where = np.unique(name, return_index=True, return_inverse=True)
    atom = rows[first][where]
    load = sums(where, units.load[rows], len(first))
    near: dict[int, set[int]] = {int(row): set() for row in rows[first]}
    both = inside[borders.one] & inside[borders.other] & borders.passable
    of_row = dict(zip(rows.tolist(), atom.tolist(), strict=True))
    for one, other in zip(borders.one[both].tolist(), borders.other[both].tolist(), strict=True):
        a, b = of_row[one], of_row[other]
        if a != b:
            near[a].add(b)
            near[b].add(a)
    return _Atoms(rows, atom, dict(zip(rows[first].tolist(), load.tolist(), strict=True)), near)


def _outwards(graph: dict[int, set[int]], start: int) -> list[int]:
    """Every atom that can be reached, nearest first; ties by row."""
    seen, order = {start}, [start]
    for atom in order:
        fresh = sorted(graph[atom] - seen)
        seen.update(fresh)
        order.extend(fresh)
    return order


def _is_one(graph: dict[int, set[int]], atoms: set[int]) -> bool:
    """Whether these, and there are some, reach each other."""
    if not atoms:
        return False
    seen = {min(atoms)}
    queue = list(seen)
    for atom in queue:
        fresh = (graph[atom] & atoms) - seen
        seen |= fresh
        queue.extend(fresh)
    return len(seen) == len(atoms)
