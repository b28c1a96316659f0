"""As many cells as the work asks for: where they are split and joined, and under which codes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.progress import Silent
from geodata.rebalance import borders, measures, number, search, validity
from geodata.rebalance.profiles import PROFILES, ProfileName
from geodata.rebalance.units import IntArray, Units
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST

SECOND = FIRST + 1000


def uneven(**more: object) -> Units:
    """Two communities of 24 squares, two cells each, the second with five times the work."""
    rows = made_up.frame(6, 4, 2, seed=1, communities=2)
    rows["cell_code"] = rows["community_code"] + 1 + (np.arange(48) % 6) // 3
    rows["incidents"] = 0.0
    rows["households"] = np.where(rows["community_code"] == FIRST, 10.0, 50.0)
    return made_up.units_of(rows, **more)


def cells(units: Units, plan: IntArray) -> list[int]:
    """The cells of a plan."""
    return np.unique(plan[units.unit_id > 0]).tolist()


def test_the_work_decides() -> None:
    """Mean of four cells: 360. The light community asks for one cell, the heavy one for three."""
    units = uneven()
    between = borders.between(units)
    plan = number.follow_load(units, between, units.cell_code)
    assert cells(units, plan) == [FIRST + 1, SECOND + 1, SECOND + 2, SECOND + 3]
    assert validity.faults_of(units, between, plan) == []
    # A number that was used before is not used again.
    plan = number.follow_load(units, between, units.cell_code, used={SECOND + 8})
    assert cells(units, plan)[-1] == SECOND + 9
    # Measured among its own cells alone, a community has what it needs.
    plan = number.follow_load(units, between, units.cell_code, only={SECOND})
    assert (plan == units.cell_code).all()


def test_the_search_goes_on_from_there() -> None:
    """With its new number each community is evened out, and the gate lets the plan pass."""
    units = uneven()
    between = borders.between(units)
    start = number.follow_load(units, between, units.cell_code)
    plan = search.rebalance(
        units, between, PROFILES[ProfileName.STANDARD], seed=1, progress=Silent(), start=start
    )
    assert cells(units, plan) == cells(units, start)
    assert validity.faults_of(units, between, plan) == []
    before, after = (measures.measure(units, between, p)[1] for p in (units.cell_code, plan))
    assert measures.near_mean(before, off_share=0.35) == 0.0
    assert measures.near_mean(after, off_share=0.35) == 1.0
    assert measures.near_mean(before, {SECOND}) == 1.0
    assert np.abs(after.deviation).max() <= 0.15


def test_what_is_locked_stays() -> None:
    """A cell with a locked unit is not split, nor dissolved; one locked as a whole is not asked."""
    light = uneven(locked=np.arange(48) == 0)
    plan = number.follow_load(light, borders.between(light), light.cell_code)
    # Of two equal cells the one with the locked unit stays.
    assert cells(light, plan)[0] == FIRST + 1
    assert plan[light.locked].tolist() == [FIRST + 1]
    both = uneven(locked=np.isin(np.arange(48), [0, 5, 24, 29]))
    plan = number.follow_load(both, borders.between(both), both.cell_code)
    assert (plan == both.cell_code).all()
    whole = uneven()
    whole = whole.with_locked(whole.cell_code == SECOND + 2)
    plan = number.follow_load(whole, borders.between(whole), whole.cell_code)
    assert ((plan == SECOND + 2) == (whole.cell_code == SECOND + 2)).all()


def test_where_it_cannot_go_further() -> None:
    """Numbers that have run out, single units, cells with no neighbour: as near as can be."""
    units = uneven()
    between = borders.between(units)
    plan = number.follow_load(units, between, units.cell_code, used={SECOND + 999})
    assert cells(units, plan) == [FIRST + 1, SECOND + 1, SECOND + 2]
    walled = uneven(barrier_block=np.arange(48) % 6 // 3)
    plan = number.follow_load(walled, borders.between(walled), walled.cell_code)
    assert cells(walled, plan)[:2] == [FIRST + 1, FIRST + 2]
    nothing = units.with_load(np.zeros(48))
    assert (number.follow_load(nothing, between, units.cell_code) == units.cell_code).all()
    peak = units.with_load(np.where(np.arange(48) == 30, 1e6, 1.0))
    plan = number.follow_load(peak, between, units.cell_code)
    assert validity.faults_of(peak, between, plan) == []


@pytest.mark.parametrize(
    ("means", "now", "asked"),
    [(2.0, 2, 2), (2.19, 2, 2), (2.3, 2, 2), (2.5, 2, 3), (0.1, 1, 1), (0.2, 3, 1), (1.4, 5, 2)],
)
def test_how_many(means: float, now: int, asked: int) -> None:
    """The number that comes nearest to the mean; today's where that is near enough."""
    assert number.number_for(means, now) == asked


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4), sets=st.booleans())
def test_any_city_stays_valid(seed: int, count: int, sets: bool) -> None:
    """Whatever the weights, locks and sets: nothing breaks, and no number is used twice."""
    rng = np.random.default_rng(seed)
    rows = made_up.frame(6, 4, count, seed=seed, communities=3)
    rows["households"] *= np.repeat(rng.lognormal(0, 1.5, 3), 24)
    rows["locked"] = rng.random(72) < rng.choice([0.0, 0.1, 0.6])
    estates = np.arange(72) // 2 if sets else np.full(72, -1)
    if sets:
        for name in ("cell_code", "locked"):
            rows[name] = rows.groupby(estates)[name].transform("first")
    units = made_up.units_of(rows, together=estates)
    between = borders.between(units)
    today = search.rebalance(
        units, between, PROFILES[ProfileName.STANDARD], seed=1, progress=Silent()
    )
    was = {fault.rule for fault in validity.faults_of(units, between, today)}
    start = number.follow_load(units, between, today, used={FIRST + 7})
    found = validity.faults_of(units, between, start, dissolved=frozenset({FIRST + 7}))
    assert {fault.rule for fault in found} <= was
