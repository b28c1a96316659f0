"""The seam radar: by hand, and its smallest move beside a trial of all moves there are."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.rebalance import borders, seams
from geodata.rebalance import units as base_units
from geodata.rebalance.seams import Move, Returns, Seam
from geodata.rebalance.units import Units
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST, neighbours

WIDE, HIGH = 4, 3


def field(households: list[float] | None = None, **more: Any) -> Units:
    """Twelve squares, four wide, numbered from 1; the left half is a cell, the right another."""
    columns: dict[str, Any] = {
        "unit_id": np.arange(12) + 1, "community_code": [FIRST] * 12,
        "cell_code": FIRST + 1 + (np.arange(12) % WIDE >= 2),
        "households": households or [10.0] * 12, "incidents": [0.0] * 12,
        "geometry": made_up.squares(WIDE, HIGH),
    }  # fmt: skip
    return base_units.make(**columns | more)


def seams_of(units: Units, returned: dict[int, int], **more: Any) -> list[Seam]:
    """The radar over 30 cases a unit, `returned` by row, 2 % being usual."""
    back = np.zeros(len(units), dtype=np.int64)
    back[list(returned)] = list(returned.values())
    returns = Returns(np.full(len(units), 30), back)
    plan = more.pop("plan", units.cell_code)
    return seams.seams(units, borders.between(units), plan, returns, **{"usual": 0.02, **more})


def test_by_hand() -> None:
    """Of 12 units 6 are near; two on the left had returns: they go, since that is fewer homes."""
    units = field()
    (seam,) = seams_of(units, {1: 9, 5: 6, 10: 6, 6: 1, 0: 20})
    assert (seam.one, seam.other, seam.length_m) == (FIRST + 1, FIRST + 2, 300.0)
    assert seam.rows == (1, 2, 5, 6, 9, 10)
    assert (seam.cases, seam.returned) == (180, 22)  # those of row 0 are not near
    assert seam.rate == pytest.approx(22 / 180)
    assert seam.times == pytest.approx(22 / 180 / 0.02)
    # By the printed formula of Wilson's interval, z = 1.6449.
    assert seam.lower == pytest.approx(0.0873, abs=5e-4)
    assert seam.move == Move(FIRST + 1, FIRST + 2, (1, 5), 20.0)


def test_what_hangs_on_goes_along() -> None:
    """A unit that would be cut off goes too, and makes the other direction the smaller one."""
    plan = FIRST + 1 + np.isin(np.arange(12), [2, 3, 6, 7, 10, 11, 1])
    units = field(cell_code=plan)
    # Left cell: 0 4 5 8 9; row 5 leaves nothing cut off. Right: 1 2 3 6 7 10 11.
    (seam,) = seams_of(units, {4: 0, 5: 9})
    assert seam.move == Move(FIRST + 1, FIRST + 2, (5,), 10.0)
    # Row 2 holds row 1 to the right: both go, or, if the left is cheaper, nothing of the sort.
    (seam,) = seams_of(units, {1: 9, 6: 3})
    assert seam.move is not None
    assert seam.move.rows == (1, 6)


def test_no_seam_without_reason() -> None:
    """Few cases, or no more returns than chance makes of the usual share."""
    units = field()
    assert seams_of(units, {1: 9}, least_cases=181) == []
    assert seams_of(units, {1: 3}) == []
    assert len(seams_of(units, {1: 9}, least_cases=180)) == 1
    assert seams_of(units, {}, usual=0.0) == []
    assert seams_of(units, {0: 30, 3: 30}) == []


def test_the_worst_comes_first() -> None:
    """By returns beyond the usual share; borders between communities are no seams."""
    units = field(
        community_code=[FIRST] * 6 + [FIRST + 1000] * 6,
        cell_code=[FIRST + 1, FIRST + 1, FIRST + 2, FIRST + 2, FIRST + 1, FIRST + 3,
                   *[FIRST + 1001] * 6],
    )  # fmt: skip
    found = seams_of(units, {0: 10, 1: 20, 2: 20, 5: 10})
    codes = [(seam.one - FIRST, seam.other - FIRST) for seam in found]
    assert set(codes) == {(1, 2), (1, 3)}
    beyond = [seam.returned - 0.02 * seam.cases for seam in found]
    assert beyond == sorted(beyond, reverse=True)


def test_locks_barriers_and_sets() -> None:
    """A locked unit stays; nothing is given across a barrier; an estate goes whole."""
    locked = np.isin(np.arange(12), [1])
    (seam,) = seams_of(field(locked=locked), {1: 9, 2: 1})
    assert seam.move == Move(FIRST + 2, FIRST + 1, (2,), 10.0)
    (seam,) = seams_of(field(locked=np.isin(np.arange(12), [1, 2])), {1: 9, 2: 1})
    assert seam.move is None
    (seam,) = seams_of(field(barrier_block=np.arange(12) % WIDE >= 2), {1: 9, 2: 1})
    assert seam.move is None
    estate = np.where(np.isin(np.arange(12), [1, 0]), 5, -1)
    (seam,) = seams_of(field(together=estate), {1: 9})
    assert seam.move == Move(FIRST + 1, FIRST + 2, (0, 1), 20.0)
    whole = np.arange(12) % WIDE >= 2  # the taker is dedicated: it takes nothing
    (seam,) = seams_of(field(locked=whole), {1: 9})
    assert seam.move is None


def test_a_cell_is_not_given_away_whole() -> None:
    """A cell of one unit keeps it."""
    plan = np.full(12, FIRST + 1)
    plan[5] = FIRST + 2
    units = field(cell_code=plan)
    (seam,) = seams_of(units, {5: 9})
    assert seam.move is None


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_no_smaller_move_exists(seed: int) -> None:
    """Beside a trial of every set of units of either cell, on a field of 3 x 4."""
    rng = np.random.default_rng(seed)
    near = neighbours(WIDE, HIGH)
    plan = made_up.frame(WIDE, HIGH, int(rng.integers(2, 4)), seed=seed)["cell_code"].to_numpy()
    homes = rng.integers(1, 50, 12).astype(float)
    locked = rng.random(12) < 0.08
    units = field(homes.tolist(), cell_code=plan, locked=locked)
    sent_back = rng.choice(12, int(rng.integers(1, 4)), replace=False)
    for seam in seams_of(units, dict.fromkeys(sent_back.tolist(), 25), least_cases=1):
        best = np.inf
        for giver, taker in ((seam.one, seam.other), (seam.other, seam.one)):
            inside = np.flatnonzero(plan == giver).tolist()
            taking = set(np.flatnonzero(plan == taker).tolist())
            must = {row for row in seam.rows if plan[row] == giver and row in sent_back}
            if not must or all(locked[list(taking)]):
                continue
            for size in range(1, len(inside)):
                for goes in map(set, combinations(inside, size)):
                    fits = must <= goes and not locked[list(goes)].any()
                    if fits and one(near, set(inside) - goes) and one(near, taking | goes):
                        best = min(best, float(homes[list(goes)].sum()))
        assert best == (np.inf if seam.move is None else seam.move.households)


def one(near: list[list[int]], rows: set[int]) -> bool:
    """Whether the rows hang together."""
    seen = {next(iter(rows))}
    while fresh := {v for u in seen for v in near[u] if v in rows} - seen:
        seen |= fresh
    return seen == rows


@pytest.mark.parametrize("returned", [31, -1])
def test_returns_that_are_none(returned: int) -> None:
    """More than there are cases, or fewer than none."""
    with pytest.raises(ValueError, match="returned"):
        seams_of(field(), {1: returned})


def test_the_usual_rate() -> None:
    """Of all cases; nothing where there are none."""
    assert seams.usual_rate(Returns(np.array([30, 10]), np.array([1, 3]))) == 0.1
    assert seams.usual_rate(Returns(np.zeros(2, np.int64), np.zeros(2, np.int64))) == 0.0
