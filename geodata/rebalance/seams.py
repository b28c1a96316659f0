"""Seam radar: borders between two cells across which cases are sent back and forth.

*Near* a seam is every case whose base unit shares a border with a unit of the other cell. A seam is
told when at least `LEAST_CASES` cases are near it and more of them were returned than chance makes
of the usual share: the lower end of the 90 % interval of its rate (Wilson) lies above that share.
Cells never leave their community, so borders between communities are no seams.

The move that would have avoided it gives all units with returned cases near the seam from one of
the two cells to the other, so that these cases lie on one side. Whatever that would cut off from
the rest of the giving cell goes along. Of both directions that with fewer households is told.
"""

from dataclasses import dataclass

import numpy as np

from geodata.rebalance.borders import Borders
from geodata.rebalance.units import BoolArray, FloatArray, IntArray, Units, sums

LEAST_CASES = 20
CONFIDENCE = 0.95
"""Of the lower end alone, which makes an interval of 90 %."""


@dataclass(frozen=True)
class Returns:
    """Cases of a period by the unit in which they happened.

    Attributes:
        cases: (n,) how many in each unit.
        returned: (n,) how many of them were returned once or more.
    """

    cases: IntArray
    returned: IntArray


@dataclass(frozen=True)
class Move:
    """Units that go from one cell of a seam to the other.

    Attributes:
        rows: of the units, ascending.
        households: in them.
    """

    giver: int
    taker: int
    rows: tuple[int, ...]
    households: float


@dataclass(frozen=True)
class Seam:
    """The border of two cells.

    Attributes:
        one, other: codes of the cells, `one < other`.
        length_m: of their common border.
        cases, returned: near it.
        rate: returned of the cases near it.
        lower: lower end of its 90 % interval.
        times: the rate over the usual one.
        rows: of the units beside it.
        move: the smallest that puts the returned cases on one side; None where locks or barriers
            leave none, or where nothing would be left of the giving cell.
    """

    one: int
    other: int
    length_m: float
    cases: int
    returned: int
    rate: float
    lower: float
    times: float
    rows: tuple[int, ...]
    move: Move | None


def usual_rate(returns: Returns) -> float:
    """The share of all cases that were returned; 0 without cases."""
    cases = int(returns.cases.sum())
    return int(returns.returned.sum()) / cases if cases else 0.0


def seams(
    units: Units,
    borders: Borders,
    plan: IntArray,
    returns: Returns,
    *,
    usual: float,
    least_cases: int = LEAST_CASES,
) -> list[Seam]:
    """The seams of a plan, those with the most returns beyond the usual share first.

    Args:
        plan: (n,) the cell code of each unit.
        usual: the city's rate, as `usual_rate` tells it of all its cases.
        least_cases: near a seam for it to be told; 1 or more.

    Raises:
        ValueError: more cases returned than there are, or negative numbers.
    """
    if np.any(returns.returned < 0) or np.any(returns.returned > returns.cases):
        raise ValueError("returned must be from 0 to the number of cases")
    across = np.flatnonzero(plan[borders.one] != plan[borders.other])
    one, other = borders.one[across], borders.other[across]
    ends = np.sort(np.column_stack([plan[one], plan[other]]), axis=1)
    pair, seam = np.unique(ends, axis=0, return_inverse=True)
    seam = seam.reshape(-1).astype(np.int64)
    length_m = sums(seam, borders.length_m[across], len(pair))
    beside = np.unique(
        np.column_stack([np.tile(seam, 2), np.concatenate([one, other])]), axis=0
    )  # each unit once a seam
    cases = sums(beside[:, 0], returns.cases[beside[:, 1]], len(pair))
    returned = sums(beside[:, 0], returns.returned[beside[:, 1]], len(pair))
    lower = _lower(returned, cases)
    told = np.flatnonzero((cases >= max(least_cases, 1)) & (lower > usual))
    more = returned - usual * cases
    begin = np.searchsorted(beside[:, 0], np.arange(len(pair) + 1))
    found = []
    for index in told[np.lexsort((told, -more[told]))].tolist():
        rows = beside[begin[index] : begin[index + 1], 1]
        first, second = pair[index].tolist()
        rate = returned[index] / cases[index]
        found.append(
            Seam(
                one=first,
                other=second,
                length_m=float(length_m[index]),
                cases=int(cases[index]),
                returned=int(returned[index]),
                rate=float(rate),
                lower=float(lower[index]),
                times=float(rate / usual) if usual else float("inf"),
                rows=tuple(rows.tolist()),
                move=_avoiding(
                    units, borders, plan, (first, second), rows[returns.returned[rows] > 0]
                ),
            )
        )
    return found


def _lower(hits: FloatArray, number: FloatArray) -> FloatArray:
    """The lower end of the Wilson interval of a share; 0 where there is nothing."""
    from scipy.special import ndtri  # noqa: PLC0415 (no start waits for scipy)

    z = float(ndtri(CONFIDENCE))
    count = np.maximum(number, 1.0)
    share = hits / count
    middle = share + z**2 / (2 * count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low: FloatArray = np.where(number > 0, np.maximum(middle - half, 0.0) / (1 + z**2 / count), 0.0)
    return low


def _avoiding(
    units: Units, borders: Borders, plan: IntArray, pair: tuple[int, int], sent_back: IntArray
) -> Move | None:
    """The cheaper of both directions.

    Args:
        sent_back: rows of the units near the seam with returned cases.
    """
    near = _neighbours(units, borders, plan, pair)
    moves = [
        _smallest(units, near, plan, (giver, taker), sent_back[plan[sent_back] == giver])
        for giver, taker in (pair, pair[::-1])
    ]
    possible = [move for move in moves if move is not None]
    return min(possible, key=lambda m: (m.households, len(m.rows), m.giver), default=None)


def _neighbours(
    units: Units, borders: Borders, plan: IntArray, pair: tuple[int, int]
) -> dict[int, list[int]]:
    """Of every unit of the two cells those beside it, across borders that can be passed."""
    code = pair[0] // 1000 * 1000
    community = int(np.searchsorted(units.community_code[units.starts[:-1]], code))
    part = slice(int(borders.starts[community]), int(borders.starts[community + 1]))
    rows = np.arange(units.starts[community], units.starts[community + 1])
    near: dict[int, list[int]] = {row: [] for row in rows[np.isin(plan[rows], pair)].tolist()}
    one, other = borders.one[part], borders.other[part]
    both: BoolArray = borders.passable[part] & np.isin(plan[one], pair) & np.isin(plan[other], pair)
    for a, b in zip(one[both].tolist(), other[both].tolist(), strict=True):
        near[a].append(b)
        near[b].append(a)
    return near


def _smallest(
    units: Units,
    near: dict[int, list[int]],
    plan: IntArray,
    pair: tuple[int, int],
    must: IntArray,
) -> Move | None:
    """The fewest households that take all of `must` from one cell to the other.

    Both cells stay in one piece, locked units and units that belong together stay as they are. With
    `must` gone the rest of the giver lies in pieces: one of them stays, the others go along.

    Args:
        pair: giver and taker.
        must: rows of the giver; None of them, and there is no such move.
    """
    giver, taker = pair
    inside = {row for row in near if plan[row] == giver}
    taking = near.keys() - inside
    if not len(must) or units.locked[list(taking)].all():
        return None
    found = []
    for stays in _pieces(near, inside - _with_sets(units, set(must.tolist()), inside)):
        goes = _with_sets(units, inside - stays, inside)
        rest = inside - goes
        if not rest or units.locked[list(goes)].any():
            continue
        if len(_pieces(near, rest)) == 1 and len(_pieces(near, goes | taking)) == 1:
            rows = tuple(sorted(goes))
            found.append(Move(giver, taker, rows, float(units.households[list(rows)].sum())))
    return min(found, key=lambda move: (move.households, len(move.rows), move.rows), default=None)


def _with_sets(units: Units, rows: set[int], among: set[int]) -> set[int]:
    """The rows, and those of the same cell that belong together with one of them."""
    if units.together is None:
        return rows
    sets = {int(units.together[row]) for row in rows} - {-1}
    return rows | {row for row in among if int(units.together[row]) in sets}


def _pieces(near: dict[int, list[int]], rows: set[int]) -> list[set[int]]:
    """The connected pieces of some of the rows, by their smallest."""
    left, found = set(rows), []
    while left:
        queue = [min(left)]
        left.discard(queue[0])
        for row in queue:
            fresh = {one for one in near[row] if one in left}
            left -= fresh
            queue.extend(sorted(fresh))
        found.append(set(queue))
    return found
