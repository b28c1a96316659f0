"""Counting cases where they lay before boundaries were redrawn, against plain loops.

Seen to fail with the thing it guards removed: the cell that was left first, the area asked for, the
scope by the cell of now.
"""

from dataclasses import replace

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from geodata.codes import Level
from geodata.instants import from_us, to_us
from tests.tiles.made_up import DAY_US, NOW, STATES, cases, days_ago
from tests.tiles.test_counts import CASES, INDEX, RANGES
from tiles import counts, points
from tiles.counts import Stretches
from tiles.displaced import NO_MOVES, NOBODY, Moves, put_right
from tiles.points import Columns
from tiles.selection import CaseFilter

GONE = 620102001001999
"""A cell in which no case lies any more."""


def some_moves(seed: int) -> Moves:
    """Moves of the last 50 days, several of most cases that move; one case is unknown."""
    rng = np.random.default_rng(seed)
    no = np.append(rng.choice(rng.integers(1, 20_001, 400), 1_199), 10**6).astype(np.int64)
    cells = np.append(np.unique(CASES.cell_code), GONE)
    at_us = to_us(NOW) - rng.integers(0, 50 * DAY_US, len(no))
    return Moves.of(no, at_us, rng.choice(cells, len(no)))


MOVES = some_moves(3)


def cell_then(no: int, cell: int, as_of_us: int) -> int:
    """Where a case lay, read from its moves one by one."""
    mine = [
        (at, left)
        for other, at, left in zip(MOVES.no, MOVES.at_us, MOVES.from_cell, strict=True)
        if other == no and at > as_of_us
    ]
    return int(min(mine)[1]) if mine else cell


def as_they_lay(as_of_us: int) -> Columns:
    """All cases with the cells of then."""
    pairs = zip(CASES.no.tolist(), CASES.cell_code.tolist(), strict=True)
    moved = set(MOVES.no.tolist())
    then = [cell_then(no, cell, as_of_us) if no in moved else cell for no, cell in pairs]
    return replace(CASES, cell_code=np.array(then, dtype=np.int64))


filters = st.builds(
    CaseFilter,
    as_of=st.floats(-1, 55).map(days_ago),
    since=st.floats(20, 70).map(days_ago),
    until=st.floats(-1, 20).map(days_ago),
    scope=st.sampled_from(RANGES),
    area=st.sampled_from([*RANGES, (GONE, GONE)]),
    categories=st.sampled_from([(), ("10",), ("0110", "11")]),
    statuses=st.sampled_from([None, frozenset({"assigned", "closed"})]),
    is_open=st.sampled_from([None, True, False]),
)


# Not made smaller when it fails: that takes minutes.
@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(wanted=filters, buckets=st.integers(1, 50))
def test_cases_are_counted_where_they_lay(wanted: CaseFilter, buckets: int) -> None:
    """Seen by whoever sees them now."""
    wanted = replace(wanted, codes=_narrowed(wanted.area, wanted.scope))
    then = as_they_lay(to_us(wanted.as_of))
    seen = points.select(CASES, replace(wanted, codes=None), STATES)
    rows = np.intersect1d(
        seen, points.select(then, replace(wanted, codes=wanted.area, scope=None), STATES)
    )
    displaced = MOVES.displaced(CASES, wanted.as_of)
    stretches = Stretches.of(wanted.since, wanted.until, buckets)
    found = counts.tally(INDEX, wanted, STATES, stretches, displaced)
    where, numbers = np.unique(then.cell_code[rows], return_counts=True)
    assert found.n == len(rows)
    assert found.codes[found.cells != 0].tolist() == where.tolist()
    assert found.cells[found.cells != 0].tolist() == numbers.tolist()
    assert np.array_equal(found.buckets, stretches.count_of(CASES.reported_us[rows]))
    assert counts.select(INDEX, wanted, STATES, displaced).tolist() == rows.tolist()
    plain = points.select(CASES, wanted, STATES)
    assert put_right(plain, CASES, wanted, STATES, displaced).tolist() == rows.tolist()
    again = counts.tally_rows(INDEX, rows, stretches, displaced)
    for level in (Level.CELL, Level.DISTRICT):
        one, other = counts.by_area(found, level), counts.by_area(again, level)
        assert [part.tolist() for part in one] == [part.tolist() for part in other]


def _narrowed(
    area: tuple[int, int] | None, scope: tuple[int, int] | None
) -> tuple[int, int] | None:
    if area is None or scope is None:
        return area or scope
    return max(area[0], scope[0]), min(area[1], scope[1])


def test_a_case_that_came_into_the_scope_is_counted_where_it_lay_outside() -> None:
    cell = int(CASES.cell_code[7])
    moves = Moves.of(CASES.no[7:8], np.array([to_us(NOW)]), np.array([GONE]))
    before = replace(CaseFilter(NOW, days_ago(61), NOW), as_of=days_ago(0.001))
    wanted = replace(before, codes=(cell, cell), scope=(cell, cell))
    plain = counts.tally(INDEX, wanted, STATES)
    displaced = moves.displaced(CASES, wanted.as_of)
    found = counts.tally(INDEX, wanted, STATES, None, displaced)
    assert found.n == plain.n
    assert found.cells[found.codes == GONE].tolist() == [1]
    asked = counts.tally(INDEX, replace(wanted, area=(cell, cell)), STATES, None, displaced)
    assert asked.n == plain.n - 1


def test_nobody_is_displaced_after_the_last_move() -> None:
    assert MOVES.displaced(CASES, NOW) is NOBODY
    assert NO_MOVES.displaced(CASES, days_ago(60)) is NOBODY
    assert MOVES.displaced(cases(0), days_ago(60)) is NOBODY


def test_at_the_instant_of_a_move_the_case_lies_in_its_new_cell() -> None:
    us = to_us(NOW)
    moves = Moves.of(*(np.array([value], dtype=np.int64) for value in (7, us, GONE)))
    row = int(np.flatnonzero(CASES.no == 7)[0])
    assert not len(moves.displaced(CASES, NOW))
    before = moves.displaced(CASES, from_us(us - 1))
    assert (before.rows.tolist(), before.codes.tolist()) == ([row], [GONE])
