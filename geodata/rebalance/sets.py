"""Sets of units that stay in one cell: whether any plan can keep them so, told before one is drawn.

A set of which a unit is locked stays where that unit is, all of it.
"""

import numpy as np

from geodata.rebalance.borders import Borders
from geodata.rebalance.mending import pieces_of
from geodata.rebalance.units import MOST_NAMED, IntArray, Units, UnitsError, named


def check(units: Units, borders: Borders) -> None:
    """Refuse sets that cannot lie in one cell, each with its units.

    Raises:
        UnitsError: a set in two communities; locked in two cells, or in a dedicated one that does
            not hold all of it; or in pieces that share no border (one at a barrier is none). What
            is locked as a whole may lie in pieces.
    """
    if units.together is None:
        return
    piece = pieces_of(
        units.together, borders.one[borders.passable], borders.other[borders.passable]
    )
    parted = _of_several(units.together, units.cell_code)
    doubtful = np.union1d(
        _of_several(units.together, piece),
        np.intersect1d(parted, units.together[units.locked]),
    )
    wrong = []
    for name in doubtful[doubtful >= 0].tolist():
        fault = _fault(units, np.flatnonzero(units.together == name), piece)
        if fault:
            wrong.append(f"together: set {name} {fault}")
        if len(wrong) == MOST_NAMED:
            break
    if wrong:
        raise UnitsError(wrong)


def _of_several(names: IntArray, values: IntArray) -> IntArray:
    """The names that stand beside more than one value."""
    pairs = np.unique(np.column_stack([names, values]), axis=0)
    name, count = np.unique(pairs[:, 0], return_counts=True)
    several: IntArray = name[count > 1]
    return several


def _fault(units: Units, rows: IntArray, piece: IntArray) -> str | None:
    """What keeps a set out of one cell."""
    ids, cell, locked = units.unit_id[rows], units.cell_code[rows], units.locked[rows]
    community = units.community_code[rows]
    if len(np.unique(community)) > 1:
        return f"lies in more than one community: {_parts(ids, community)}"
    if len(np.unique(cell[locked])) > 1:
        return f"is locked in more than one cell: {_parts(ids[locked], cell[locked])}"
    if locked.any() and len(np.unique(cell)) > 1:
        home = units.cell_code == cell[locked][0]
        if units.locked[home].all():
            return f"lies in part in a cell of locked units, which takes none: {_parts(ids, cell)}"
    if len(np.unique(piece[rows])) > 1 and not locked.all():
        apart = _parts(ids, np.unique(piece[rows], return_inverse=True)[1] + 1)
        return f"lies in pieces with no border between them that a cell can pass: {apart}"
    return None


def _parts(ids: IntArray, where: IntArray) -> str:
    """The units of a set by where they lie."""
    return "; ".join(
        f"{one}: units {named(ids[where == one])}" for one in np.unique(where).tolist()
    )
