"""The search's inner loop, compiled: simulated annealing of one community from today's plan.

Moves of one unit over a border (60 %), and chains of two (30 %) and three (10 %) in which the cell
that received gives on; a chain that is not taken is rolled back. A cell never loses its last unit
nor falls apart. Chance is the kernel's own (xorshift64*), so that a seed gives the same plan on any
number of threads. Source of the moves and the cooling: the reference on rebalancing.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]
Float64Array = NDArray[np.float64]

HOTTEST = 0.15
HOT = 8.0
"""So hot that it forgets where it began: out of valleys that no run from today leaves."""
COLDEST = 0.0008
OF_CELLS = 7
"""The temperatures are those of so many free cells: among more, a move weighs less in the mean."""


@nb.njit(cache=True, inline="always")
def _chance(state):  # type: ignore[no-untyped-def]
    """The next number in [0, 1); `state` holds one odd 64-bit word."""
    word = state[0]
    word ^= word >> np.uint64(12)
    word ^= word << np.uint64(25)
    word ^= word >> np.uint64(27)
    state[0] = word
    return np.float64((word * np.uint64(2685821657736338717)) >> np.uint64(11)) * 2.0**-53


@nb.njit(cache=True, inline="always")
def _imbalance(load, mean, tolerance, beyond, uneven):  # type: ignore[no-untyped-def]
    off = load / mean - 1.0
    over = abs(off) - tolerance
    return (beyond * over if over > 0.0 else 0.0) + uneven * off * off


@nb.njit(cache=True)
def _holds_without(unit, own, first, near, cell, mark, stamp, queue):  # type: ignore[no-untyped-def]
    """Whether a cell stays in one piece when a unit leaves: its neighbours there reach each other.

    `mark` takes the two numbers from `stamp` on, which no search before has used.
    """
    wanted = 0
    start = -1
    for k in range(first[unit], first[unit + 1]):
        if cell[near[k]] == own:
            wanted += 1
            start = near[k]
            mark[start] = stamp
    if wanted <= 1:
        return wanted == 1
    reached = 1
    mark[start] = stamp + 1
    queue[0] = start
    head, tail = 0, 1
    while head < tail:
        at = queue[head]
        head += 1
        for k in range(first[at], first[at + 1]):
            next_one = near[k]
            if next_one == unit or cell[next_one] != own or mark[next_one] == stamp + 1:
                continue
            if mark[next_one] == stamp:
                reached += 1
                if reached == wanted:
                    return True
            mark[next_one] = stamp + 1
            queue[tail] = next_one
            tail += 1
    return False


@nb.njit(cache=True, inline="always")
def _touch(home, giving, taking, changed):  # type: ignore[no-untyped-def]
    """How many more cells are touched when a unit of `home` goes from `giving` to `taking`."""
    more = 0
    if giving == home:
        more += (changed[giving] == 0) + (changed[taking] == 0)
    elif taking == home:
        more -= (changed[giving] == 1) + (changed[taking] == 1)
    else:
        more += (changed[taking] == 0) - (changed[giving] == 1)
    return more


@nb.njit(cache=True, inline="always")
def _carry(unit, giving, taking, home, weight, cell, load, size, changed):  # type: ignore[no-untyped-def]
    """Move a unit, and keep the sums of both cells."""
    cell[unit] = taking
    load[giving] -= weight
    load[taking] += weight
    size[giving] -= 1
    size[taking] += 1
    if giving == home:
        changed[giving] += 1
        changed[taking] += 1
    elif taking == home:
        changed[giving] -= 1
        changed[taking] -= 1
    else:
        changed[giving] -= 1
        changed[taking] += 1


@nb.njit(cache=True, nogil=True)
def objective(first, near, border, weight, households, today, plan, closed, mean, terms):  # type: ignore[no-untyped-def]
    """What a plan of one community costs; see `Profile`. Arguments as for `anneal`."""
    tolerance, beyond, uneven, ragged, moved, touched = terms
    cells = len(closed)
    load = np.zeros(cells)
    changed = np.zeros(cells, np.bool_)
    cost = 0.0
    for unit in range(len(plan)):
        load[plan[unit]] += weight[unit]
        if plan[unit] != today[unit]:
            changed[plan[unit]] = True
            changed[today[unit]] = True
            cost += moved * households[unit]
        for k in range(first[unit], first[unit + 1]):
            if near[k] > unit and plan[near[k]] != plan[unit]:
                cost += ragged * border[k]
    free = 0
    for c in range(cells):
        free += not closed[c]
    for c in range(cells):
        if not closed[c]:
            cost += _imbalance(load[c], mean, tolerance, beyond, uneven) / free
        if changed[c]:
            cost += touched
    return cost


@nb.njit(cache=True, nogil=True)
def anneal(  # type: ignore[no-untyped-def]
    first, near, border, weight, households, today, start, locked, closed, mean, terms, steps,
    hottest, seed, best,
):  # fmt: skip
    """Search from `start`, a plan without broken cells; the best plan found goes to `best`.

    Args:
        first, near, border: neighbours of each unit (CSR): first[u]..first[u+1] in `near`, with the
            border in metres (half where it lies on a street).
        weight, households: (n,) load and households of the units.
        today, start: (n,) cells 0..k-1.
        locked: (n,) units that stay; closed: (k,) cells that neither give nor take.
        mean: load that every free cell should have.
        terms: tolerance, beyond, uneven, ragged a metre, moved a household, touched a cell.
        steps: tries; the temperature falls geometrically over them.
        hottest: temperature at the start, `HOTTEST` as a rule.
        seed: any 64-bit number.
        best: (n,) written.

    Returns:
        The objective of `best`, never above that of `start`.
    """
    tolerance, beyond, uneven, ragged, moved, touched = terms
    units, cells = len(start), len(closed)
    state = np.empty(1, np.uint64)
    state[0] = (np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
    for _ in range(8):
        _chance(state)
    cell = start.copy()
    load = np.zeros(cells)
    size = np.zeros(cells, np.int32)
    changed = np.zeros(cells, np.int32)
    free = 0
    for c in range(cells):
        free += not closed[c]
    for unit in range(units):
        load[cell[unit]] += weight[unit]
        size[cell[unit]] += 1
        if cell[unit] != today[unit]:
            changed[cell[unit]] += 1
            changed[today[unit]] += 1
    cost = objective(first, near, border, weight, households, today, cell, closed, mean, terms)
    lowest = cost
    best[:] = cell
    if free < 2:
        return lowest
    mark = np.zeros(units, np.int64)
    queue = np.empty(units, np.int32)
    stamp = 1
    went = np.empty(3, np.int32)
    came_from = np.empty(3, np.int32)
    cooling = (COLDEST / hottest) ** (1.0 / max(1, steps))
    heat = hottest * min(1.0, OF_CELLS / free)
    for _ in range(steps):
        heat *= cooling
        draw = _chance(state)
        wanted = 1 if draw < 0.6 else (2 if draw < 0.9 else 3)
        # Drawn first: a move is then refused before the dear search for pieces.
        luck = max(_chance(state), 1e-300)
        change = 0.0
        made = 0
        unit, taking = -1, -1
        while made < wanted:
            if made == 0:
                unit = int(_chance(state) * units)
            else:
                unit = _next_of(state, unit, taking, went, made, first, near, cell)
                if unit < 0:
                    break
            degree = first[unit + 1] - first[unit]
            giving = cell[unit]
            if degree == 0 or locked[unit] or closed[giving] or size[giving] <= 1:
                break
            taking = cell[near[first[unit] + int(_chance(state) * degree)]]
            if taking == giving or closed[taking]:
                break
            home, w = today[unit], weight[unit]
            change += (
                _imbalance(load[giving] - w, mean, tolerance, beyond, uneven)
                - _imbalance(load[giving], mean, tolerance, beyond, uneven)
                + _imbalance(load[taking] + w, mean, tolerance, beyond, uneven)
                - _imbalance(load[taking], mean, tolerance, beyond, uneven)
            ) / free
            for k in range(first[unit], first[unit + 1]):
                other = cell[near[k]]
                if other == giving:
                    change += ragged * border[k]
                elif other == taking:
                    change -= ragged * border[k]
            change += moved * households[unit] * ((taking != home) - (giving != home))
            change += touched * _touch(home, giving, taking, changed)
            if made == wanted - 1 and change > 0.0 and change >= -heat * np.log(luck):
                break
            stamp += 2
            if not _holds_without(unit, giving, first, near, cell, mark, stamp, queue):
                break
            _carry(unit, giving, taking, home, w, cell, load, size, changed)
            went[made], came_from[made] = unit, giving
            made += 1
        if made == wanted:
            cost += change
            if cost < lowest - 1e-12:
                lowest = cost
                best[:] = cell
            continue
        while made > 0:
            made -= 1
            unit, back = went[made], came_from[made]
            _carry(unit, cell[unit], back, today[unit], weight[unit], cell, load, size, changed)
    return lowest


@nb.njit(cache=True)
def _next_of(state, unit, own, went, made, first, near, cell):  # type: ignore[no-untyped-def]
    """A unit of the cell that just received, a short walk from the one it got; -1 for none."""
    for _ in range(8):
        at = unit
        for _step in range(3):
            degree = first[at + 1] - first[at]
            next_one = near[first[at] + int(_chance(state) * degree)]
            if cell[next_one] == own:
                at = next_one
        is_new = True
        for k in range(made):
            if went[k] == at:
                is_new = False
        if is_new:
            for k in range(first[at], first[at + 1]):
                if cell[near[k]] != own:
                    return at
    return -1


def compile_now() -> None:
    """Compile what is not compiled yet for this machine; it takes seconds, and is then kept.

    Calls with the types that `search` uses: others would be compiled anew.
    """
    cells = np.array([0, 1], np.int32)
    weight = np.ones(2)
    near = (np.array([0, 1, 2], np.int32), np.array([1, 0], np.int32), np.ones(2))
    free, terms = np.zeros(2, np.bool_), (0.1, 1.0, 1.0, 1.0, 1.0, 1.0)
    objective(*near, weight, weight, cells, cells, free, 1.0, terms)
    plan = np.empty_like(cells)
    anneal(*near, weight, weight, cells, cells, free, free, 1.0, terms, 1, HOTTEST, 1, plan)
