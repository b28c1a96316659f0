"""The search: valid, never worse, the same whatever is at work, near the proved optimum."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.progress import Cancelled, Silent
from geodata.rebalance import borders, kernel, measures, profiles, search, validity
from geodata.rebalance.profiles import PROFILES, ProfileName
from geodata.rebalance.units import IntArray, Units, UnitsError
from tests.geodata.rebalance import made_up, oracle

STANDARD = PROFILES[ProfileName.STANDARD]


def drawn(units: Units, profile: ProfileName = ProfileName.STANDARD, **more: object) -> IntArray:
    """A plan of these units."""
    words = {"seed": 1, "progress": Silent(), **more}
    return search.rebalance(units, borders.between(units), PROFILES[profile], **words)  # type: ignore[arg-type]


def cost_of(community: search.Community, plan: IntArray) -> float:
    """The objective as the profile words it, in plain Python."""
    tolerance, beyond, uneven, ragged, moved, touched = community.terms
    free = [c for c in range(len(community.cells)) if not community.closed[c]]
    off = [community.weight[plan == c].sum() / community.mean - 1.0 for c in free]
    cost = sum(beyond * max(0.0, abs(d) - tolerance) + uneven * d * d for d in off) / len(free)
    for u, v in itertools.combinations(range(len(plan)), 2):
        near = community.near[community.first[u] : community.first[u + 1]]
        if plan[u] != plan[v]:
            mine = community.border[community.first[u] : community.first[u + 1]]
            cost += ragged * float(mine[near == v].sum())
    changed = plan != community.today
    cost += moved * float(community.households[changed].sum())
    return cost + touched * len({*plan[changed], *community.today[changed]})


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32), size=st.tuples(st.integers(2, 7), st.integers(2, 6)),
    cells=st.integers(1, 4), profile=st.sampled_from(ProfileName),
    special=st.sampled_from(("", "locked", "empty")),
)  # fmt: skip
def test_any_plan_is_valid_and_not_worse(
    seed: int, size: tuple[int, int], cells: int, profile: ProfileName, special: str
) -> None:
    """Whatever the weights, locks and shapes: the gate finds nothing, and the cost never rises."""
    rng = np.random.default_rng(seed)
    rows = made_up.frame(*size, min(cells, size[0] * size[1]), seed=seed)
    if special == "locked":
        rows["locked"] = rng.random(len(rows)) < 0.2
    if special == "empty":
        rows[["households", "incidents"]] = 0.0
    units = made_up.units_of(rows)
    between = borders.between(units)
    plan = drawn(units, profile, seed=seed)
    assert validity.faults_of(units, between, plan) == []
    assert set(plan) == set(units.cell_code)
    (community,) = search.communities(units, between, PROFILES[profile])
    after = np.searchsorted(community.cells, plan)
    assert cost_of(community, after) <= cost_of(community, community.start) + 1e-9


def test_the_kernel_counts_as_the_profile_says() -> None:
    """Its objective of a plan is the one worked out in plain Python, also where much has moved."""
    units = made_up.units_of(made_up.frame(6, 5, 4, seed=5))
    between = borders.between(units)
    for name in ProfileName:
        (community,) = search.communities(units, between, PROFILES[name])
        plan, told = search.solve(community, 3, search.Effort(2, 100))
        mine = np.searchsorted(community.cells, plan)
        assert told == pytest.approx(cost_of(community, mine), abs=1e-9)
        assert (mine != community.today).any()
        said = kernel.objective(
            community.first, community.near, community.border, community.weight,
            community.households, community.today, community.start, community.closed,
            community.mean, community.terms,
        )  # fmt: skip
        assert said == pytest.approx(cost_of(community, community.start), abs=1e-9)


def test_what_is_compiled_ahead_is_what_is_used() -> None:
    """`scripts/setup` compiles with the types of a search: one version of each, not two."""
    kernel.compile_now()
    drawn(made_up.units_of(made_up.frame(4, 4, 3, seed=1)))
    assert len(kernel.anneal.signatures) == len(kernel.objective.signatures) == 1


def test_the_same_seed_gives_the_same_plan_whatever_is_at_work() -> None:
    """Threads change nothing; another seed does; one community alone comes out as among all."""
    units = made_up.units_of(made_up.frame(8, 6, 5, seed=2, communities=6))
    one = drawn(units, seed=9, workers=1)
    assert (one == drawn(units, seed=9, workers=3)).all()
    assert (one != drawn(units, seed=10)).any()
    code = int(units.community_code[units.starts[2]])
    alone = drawn(units, seed=9, only=[code])
    mine = units.community_code == code
    assert (alone[mine] == one[mine]).all()
    assert (alone[~mine] == units.cell_code[~mine]).all()


def test_sliders() -> None:
    """In the middle a profile is as it is; each one weighs its own terms, and nothing else."""
    for base in PROFILES.values():
        assert profiles.by_sliders(base, 0.5, 0.5, 0.5) == base
    was = STANDARD
    assert profiles.by_sliders(was, 1.0, 0.5, 0.5) == was.but(
        tolerance=was.tolerance / 2, beyond=was.beyond * 4, uneven=was.uneven * 4
    )
    assert profiles.by_sliders(was, 0.5, 0.0, 0.5) == was.but(ragged=was.ragged / 4)
    assert profiles.by_sliders(was, 0.5, 0.5, 1.0) == was.but(
        moved=was.moved * 4, touched=was.touched * 4
    )


def test_it_evens_out() -> None:
    """Communities of five uneven cells come within the bounds that their profile aims at."""
    units = made_up.units_of(made_up.frame(10, 8, 5, seed=4, communities=8))
    between = borders.between(units)
    before = measures.measure(units, between, units.cell_code)[0]
    standard = measures.measure(units, between, drawn(units))[0]
    little = measures.measure(units, between, drawn(units, ProfileName.LITTLE_CHANGE))[0]
    tight = measures.measure(units, between, drawn(units, ProfileName.TIGHT))[0]
    assert before.within_15 < 0.5
    assert standard.within_15 >= 0.99
    assert little.within_15 >= 0.97
    assert tight.within_10 >= 0.99
    assert little.moved < standard.moved <= tight.moved + 0.02
    assert min(p.compactness for p in (standard, little, tight)) > before.compactness


def test_many_cells_are_searched_as_few() -> None:
    """Sixty cells come out even and in better shape than today, with less than half moved."""
    units = made_up.units_of(made_up.frame(40, 30, 60, seed=1))
    between = borders.between(units)
    before = measures.measure(units, between, units.cell_code)[0]
    for profile in ProfileName:
        after = measures.measure(units, between, drawn(units, profile))[0]
        assert after.within_15 >= 0.98
        assert after.compactness > before.compactness
        assert after.on_street > before.on_street
        assert after.moved < 0.5


def test_what_is_held_stays() -> None:
    """Dedicated cells, sets that stay together and barriers, in a plan that changes the rest."""
    rows = made_up.frame(10, 8, 5, seed=6)
    locked = rows["cell_code"] == made_up.FIRST + 3
    rows["locked"] = locked
    sets = np.where(np.arange(80) % 10 < 2, np.arange(80) // 20, -1)
    sets[locked] = -1
    units = made_up.units_of(rows, together=sets, barrier_block=np.arange(80) % 10 // 5)
    between = borders.between(units)
    plan = drawn(units)
    assert ((plan == made_up.FIRST + 3) == (units.cell_code == made_up.FIRST + 3)).all()
    found = {fault.rule for fault in validity.faults_of(units, between, plan)}
    # A dedicated cell on both sides of the barrier cannot be helped.
    cut = np.unique(units.barrier_block[locked]).size > 1  # type: ignore[index]
    assert found == ({validity.Rule.IN_ONE_PIECE} if cut else set())
    assert (plan != units.cell_code).any()


def test_a_broken_cell_is_mended_first() -> None:
    """What lies in pieces today lies in one piece in the plan."""
    rows = made_up.frame(8, 6, 4, seed=7)
    other = int(rows["cell_code"].iloc[47]), int(rows["cell_code"].iloc[0])
    rows.loc[0, "cell_code"] = other[0] if other[0] != other[1] else other[0] + 1
    units = made_up.units_of(rows)
    between = borders.between(units)
    assert measures.measure(units, between, units.cell_code)[0].broken > 0
    assert validity.faults_of(units, between, drawn(units)) == []


@pytest.mark.parametrize("cells", [1, 4])
def test_nothing_to_do(cells: int) -> None:
    """A community of one cell, of one unit, and one with all its work in one unit."""
    rows = made_up.frame(2, 2, cells, seed=1)
    units = made_up.units_of(rows)
    assert (drawn(units) == units.cell_code).all()
    rows = made_up.frame(4, 4, 3, seed=1)
    rows["households"] = np.where(np.arange(16) == 5, 900.0, 0.0)
    rows["incidents"] = 0.0
    units = made_up.units_of(rows)
    assert validity.faults_of(units, borders.between(units), drawn(units)) == []


def test_it_begins_with_another_plan() -> None:
    """What a planner has drawn is where the search begins; what moved counts from today."""
    units = made_up.units_of(made_up.frame(8, 6, 4, seed=8))
    first = drawn(units, ProfileName.TIGHT)
    again = drawn(units, ProfileName.TIGHT, start=first, seed=2)
    (community,) = search.communities(units, borders.between(units), PROFILES[ProfileName.TIGHT])
    costs = [cost_of(community, np.searchsorted(community.cells, plan)) for plan in (first, again)]
    assert costs[1] <= costs[0] + 1e-9


def test_it_tells_how_good_the_best_plan_is() -> None:
    """First what it begins with, then each improvement; at last the mean cost of what it gave."""
    units = made_up.units_of(made_up.frame(8, 6, 5, seed=2, communities=6))
    between = borders.between(units)
    told: list[float] = []
    wanted = units.community_code[units.starts[1:4]].tolist()
    plan = drawn(units, only=wanted, better=told.append, workers=2)
    found = list(search.communities(units, between, STANDARD, only=wanted))
    assert [community.code for community in found] == wanted
    costs = [
        [cost_of(c, np.searchsorted(c.cells, cells[c.rows])) for c in found]
        for cells in (units.cell_code, plan)
    ]
    assert (told[0], told[-1]) == pytest.approx(tuple(map(np.mean, costs)))
    assert told == sorted(told, reverse=True)
    assert len(told) > len(wanted)


def test_other_work_and_other_locks() -> None:
    """Another model of the work gives other loads, further locks hold further cells."""
    units = made_up.units_of(made_up.frame(8, 6, 5, seed=2))
    assert units.load == pytest.approx(units.households + 2.0 * units.incidents)
    flat = units.with_load(np.ones(len(units)))
    between = borders.between(units)
    plan = drawn(flat)
    assert measures.measure(flat, between, plan)[0].within_15 == 1.0
    assert (plan != drawn(units)).any()
    held = units.with_locked(units.cell_code == made_up.FIRST + 2)
    plan = drawn(held.with_locked(units.cell_code == made_up.FIRST + 3))
    for cell in (made_up.FIRST + 2, made_up.FIRST + 3):
        assert ((plan == cell) == (units.cell_code == cell)).all()
    assert (plan != units.cell_code).any()
    with pytest.raises(UnitsError, match="load: must be a number of 0 or more: units 1, 3"):
        units.with_load([np.nan, 1.0, -1.0, *[1.0] * 45])
    for wrong in (units.with_load, units.with_locked):
        with pytest.raises(ValueError, match="48"):
            wrong(np.ones(3))


def test_cancelling_ends_it() -> None:
    """Whoever watches says stop: no plan comes back."""

    class Stop:
        def step(self, name: str, done: int, total: int) -> None:
            assert (name, total) == ("rebalance", 6 * 48)
            if done:
                raise Cancelled

    units = made_up.units_of(made_up.frame(8, 6, 5, seed=2, communities=6))
    with pytest.raises(Cancelled):
        drawn(units, progress=Stop())


def test_the_gap_to_the_proved_optimum() -> None:
    """Five small communities: at most 1 % above the optimum on average, 3 % at worst.

    Of the last two no run from today's plan finds the optimum: they were 20 and 8 % off.
    """
    gaps = []
    square, long = (5, 4, 3), (12, 2, 3)
    for size, seed in (*((square, seed) for seed in range(3)), (long, 2), ((6, 4, 3), 15)):
        rows = made_up.frame(*size, seed=seed)
        units = made_up.units_of(rows)
        (community,) = search.communities(units, borders.between(units), STANDARD)
        plan, _ = search.solve(community, seed=1)
        ours = cost_of(community, np.searchsorted(community.cells, plan))
        proved = cost_of(community, oracle.best(community))
        gaps.append(ours / proved - 1.0)
    assert np.mean(gaps) <= 0.01, gaps
    assert max(gaps) <= 0.03, gaps
    # The oracle is a bound: nothing lies clearly below it.
    assert min(gaps) > -0.002, gaps
