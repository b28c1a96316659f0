"""Bringing every cell back into one piece, by giving its smaller pieces to their neighbours."""

from dataclasses import dataclass

import numpy as np

from geodata.rebalance.units import BoolArray, FloatArray, IntArray, sums


@dataclass(frozen=True)
class Ways:
    """Pairs of neighbours across which a cell holds together.

    Attributes:
        one, other: (m,) rows; each pair once.
        length: (m,) of their common border, in any unit.
    """

    one: IntArray
    other: IntArray
    length: FloatArray


def pieces_of(plan: IntArray, one: IntArray, other: IntArray) -> IntArray:
    """(n,) the connected piece of its cell in which each unit lies, counted over all cells.

    Args:
        plan: (n,) cells.
        one, other: (m,) pairs of neighbours; those of two cells are ignored.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 (no start waits for scipy)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    inside = plan[one] == plan[other]
    pairs = (one[inside], other[inside])
    graph = coo_array((np.ones(len(pairs[0]), dtype=np.int8), pairs), shape=(len(plan),) * 2)
    piece: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    return piece


def mend(plan: IntArray, ways: Ways, weight: FloatArray, held: BoolArray) -> IntArray:
    """(n,) the plan with every cell in one piece, as far as neighbours allow.

    The piece with a held unit stays, else the heaviest, else that of most units. Each other piece
    goes to the main piece along which most of its border runs, never to a cell that is held as a
    whole. What has no such neighbour (an island) stays as it is.

    Args:
        plan: (n,) cells.
        weight: (n,) of the units.
        held: (n,) units that must stay in their cell.
    """
    cells, plan = np.unique(plan, return_inverse=True)
    closed = sums(plan, ~held, len(cells)) == 0
    while True:
        piece = pieces_of(plan, ways.one, ways.other)
        main = _main_pieces(plan, piece, weight, held)
        stray = ~main[piece]
        if not (stray & ~held).any():
            return np.asarray(cells[plan])
        home = _homes(plan, piece, stray & ~held, closed, ways)
        if not len(home):
            return np.asarray(cells[plan])
        for index, cell in home:
            plan[piece == index] = cell


def _main_pieces(plan: IntArray, piece: IntArray, weight: FloatArray, held: BoolArray) -> BoolArray:
    """Whether each piece is one that stays: of its cell the first by held, weight, size."""
    count = int(piece.max()) + 1
    cell = np.zeros(count, dtype=np.int64)
    cell[piece] = plan
    heavy, size = sums(piece, weight, count), np.bincount(piece)
    has_held = sums(piece, held, count) > 0
    order = np.lexsort((np.arange(count), -size, -heavy, ~has_held, cell))
    is_main = has_held.copy()
    is_main[order[np.diff(cell[order], prepend=-1) != 0]] = True
    return is_main


def _homes(
    plan: IntArray, piece: IntArray, stray: BoolArray, closed: BoolArray, ways: Ways
) -> list[tuple[int, int]]:
    """For each stray piece beside a main piece of another cell: that cell."""
    both = np.concatenate([ways.one, ways.other]), np.concatenate([ways.other, ways.one])
    length = np.concatenate([ways.length, ways.length])
    fits = stray[both[0]] & ~stray[both[1]] & ~closed[plan[both[1]]]
    fits &= plan[both[0]] != plan[both[1]]
    key = piece[both[0]][fits] * len(closed) + plan[both[1]][fits]
    names, where = np.unique(key, return_inverse=True)
    total = sums(where, length[fits], len(names))
    index, cell = names // len(closed), names % len(closed)
    order = np.lexsort((cell, -total, index))
    first = order[np.diff(index[order], prepend=-1) != 0]
    return list(zip(index[first].tolist(), cell[first].tolist(), strict=True))
