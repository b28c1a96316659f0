"""Each rule of the gate, broken once; merging, mending, splitting."""

from collections.abc import Callable

import numpy as np
import pytest
import shapely

from geodata.rebalance import borders, number, plans, validity
from geodata.rebalance.units import IntArray, Units, UnitsError
from geodata.rebalance.validity import Rule
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST, SIDE_M

Plan = Callable[[Units], IntArray]


def halves(**more: object) -> Units:
    """Six by two squares: three cells, each two squares wide and two high."""
    rows = made_up.frame(6, 2, 3, seed=1)
    rows["cell_code"] = FIRST + 1 + np.arange(12) % 6 // 2
    return made_up.units_of(rows, **more)


def put(units: Units, **cell_of: int) -> IntArray:
    """Today's plan with some units elsewhere: `u5=2` puts unit 5 into cell 2."""
    plan = units.cell_code.copy()
    for unit, cell in cell_of.items():
        plan[units.unit_id == int(unit[1:])] = FIRST + cell
    return plan


def rules(units: Units, plan: IntArray, **more: frozenset[int]) -> set[Rule]:
    """What a plan breaks."""
    return {fault.rule for fault in validity.faults_of(units, borders.between(units), plan, **more)}


def test_a_good_plan() -> None:
    """Today's, and one with a square moved over a border."""
    units = halves()
    assert rules(units, units.cell_code) == set()
    assert rules(units, put(units, u3=1)) == set()


@pytest.mark.parametrize(
    ("more", "moves", "rule"),
    [
        ({}, {"u3": 1001}, Rule.IN_COMMUNITY),
        ({}, {"u3": 0}, Rule.IN_COMMUNITY),
        ({}, {"u5": 1}, Rule.IN_ONE_PIECE),
        ({}, {"u6": 5}, Rule.CODES_KEPT),
        ({"locked": np.arange(12) == 2}, {"u3": 1}, Rule.LOCKED_KEPT),
        ({"locked": np.arange(12) % 6 < 2}, {"u3": 1}, Rule.LOCKED_KEPT),
        ({"together": np.where(np.arange(12) % 6 < 1, 7, -1)}, {"u1": 2, "u2": 2}, Rule.TOGETHER),
        ({"barrier_block": np.arange(12) % 6 // 2}, {"u3": 1}, Rule.IN_ONE_PIECE),
    ],
)
def test_each_rule(more: dict[str, object], moves: dict[str, int], rule: Rule) -> None:
    """A plan that breaks one rule is told so, with the cells concerned."""
    units = halves(**more)
    found = validity.faults_of(units, borders.between(units), put(units, **moves))
    assert [fault.rule for fault in found] == [rule]
    assert found[0].cells
    assert found[0].units or rule is Rule.CODES_KEPT


def test_numbers_of_dissolved_cells_stay_unused() -> None:
    """The next free number counts what was ever used."""
    units = halves()
    assert rules(units, put(units, u6=4)) == set()
    gone = frozenset({FIRST + 4})
    assert rules(units, put(units, u6=4), dissolved=gone) == {Rule.CODES_KEPT}
    assert rules(units, put(units, u6=5), dissolved=gone) == set()
    assert number.next_code(FIRST, {FIRST + 3, FIRST + 4, FIRST + 2001}) == FIRST + 5
    joined = np.where(units.cell_code == FIRST + 3, FIRST + 2, units.cell_code)
    assert validity.vanished(units, joined) == (FIRST + 3,)


def test_numbers_run_out() -> None:
    """A community that has used all 999 can open no cell; the gate says so and does not fail."""
    units = halves()
    used = frozenset({FIRST + 999, FIRST + 1999})
    assert rules(units, put(units, u6=4), dissolved=used) == {Rule.CODES_KEPT}
    with pytest.raises(ValueError, match="used all its numbers"):
        number.next_code(FIRST, used)
    assert rules(units, units.cell_code, dissolved=used) == set()


def test_new_numbers_of_several_communities() -> None:
    """Each community counts its own; what is wrong in one is told of that one."""
    units = made_up.units_of(made_up.frame(4, 4, 3, seed=2, communities=3))
    plan, between = units.cell_code.copy(), borders.between(units)
    edge = [int(units.starts[index]) for index in range(3)]
    plan[edge[0]], plan[edge[1]] = FIRST + 4, FIRST + 1006
    found = [f for f in validity.faults_of(units, between, plan) if f.rule is Rule.CODES_KEPT]
    assert [fault.cells for fault in found] == [(FIRST + 1006,)]


def test_shapes_that_do_not_meet() -> None:
    """A narrow gap between units is found though every unit is sound."""
    rows = made_up.frame(6, 2, 3, seed=1)
    rows["cell_code"] = FIRST + 1 + np.arange(12) % 6 // 2
    west, south, east, north = rows.geometry.iloc[2].bounds
    rows.loc[2, "geometry"] = shapely.box(west + 0.2, south, east, north)
    units = made_up.units_of(rows)
    found = validity.faults_of(units, borders.between(units), units.cell_code)
    (gap,) = [fault for fault in found if fault.rule is Rule.NO_GAP]
    assert gap.where is not None
    assert gap.where.length >= SIDE_M


def test_a_hole_is_no_single_polygon_fault() -> None:
    """A cell around another is one polygon with a hole, and valid."""
    rows = made_up.frame(3, 3, 2, seed=1)
    rows["cell_code"] = FIRST + 1 + (np.arange(9) == 4)
    units = made_up.units_of(rows)
    assert rules(units, units.cell_code) == set()


def test_difference_and_merge() -> None:
    """Both sides' changes; where both move the same unit elsewhere ours stands and is told."""
    units = halves()
    base = units.cell_code
    ours, theirs = put(units, u3=1, u9=1), put(units, u3=3, u4=3)
    assert [(c.unit_id, c.before, c.after) for c in plans.difference(units, base, ours)] == [
        (3, FIRST + 2, FIRST + 1), (9, FIRST + 2, FIRST + 1),
    ]  # fmt: skip
    merged, conflicts = plans.merge(units, base, ours, theirs)
    assert (merged == put(units, u3=1, u9=1, u4=3)).all()
    assert conflicts == [plans.Conflict(3, FIRST + 2, FIRST + 1, FIRST + 3)]


def test_an_assignment_names_every_unit_once() -> None:
    """Unknown and missing units are named."""
    units = halves()
    given = dict(zip(units.unit_id.tolist(), units.cell_code.tolist(), strict=True))
    assert (plans.from_assignment(units, given) == units.cell_code).all()
    given[77] = given.pop(5)
    with pytest.raises(UnitsError, match=r"unknown: 77; unit_id: left out: 5"):
        plans.from_assignment(units, given)


def test_mending() -> None:
    """Stray pieces go where most of their border runs; held ones stay; islands stay."""
    units = halves()
    between = borders.between(units)
    broken = put(units, u5=1, u2=2)
    mended = plans.mend(units, between, broken)
    assert rules(units, mended) == set()
    assert mended[units.unit_id == 5] == FIRST + 3
    held = halves(locked=np.arange(12) == 4)
    kept = plans.mend(held, borders.between(held), put(held, u5=1))
    assert kept[held.unit_id == 5] == FIRST + 1
    rows = made_up.frame(6, 2, 3, seed=1)
    rows["cell_code"] = FIRST + 1 + np.arange(12) % 6 // 2
    rows.loc[0, "geometry"] = shapely.box(0, 0, 100, 100)
    island = made_up.units_of(rows)
    at = borders.between(island)
    assert (plans.mend(island, at, island.cell_code) == island.cell_code).all()
    assert rules(island, island.cell_code) == {Rule.IN_ONE_PIECE}


def test_splitting_and_joining() -> None:
    """Two halves of about equal load, both in one piece; what cannot be cut is refused."""
    rows = made_up.frame(6, 4, 2, seed=3)
    rows["cell_code"] = FIRST + 1
    units = made_up.units_of(rows)
    between = borders.between(units)
    drawn = number.split(
        units, between, units.cell_code, FIRST + 1, new_code=FIRST + 2
    )  # fmt: skip
    assert rules(units, drawn) == set()
    assert units.load[drawn == FIRST + 2].sum() == pytest.approx(units.load.sum() / 2, rel=0.25)
    assert drawn[np.argmax(units.load)] == FIRST + 1
    assert (number.join(drawn, FIRST + 1, FIRST + 2) == units.cell_code).all()
    estate = made_up.units_of(rows, together=np.where(np.arange(24) % 6 < 3, 5, -1))
    drawn = number.split(estate, between, estate.cell_code, FIRST + 1, new_code=FIRST + 2)
    assert rules(estate, drawn) == set()
    for many in (np.zeros(24), np.arange(24) // 24 + 7):
        held = made_up.units_of(rows, together=many, locked=many == 0)
        with pytest.raises(ValueError, match="cannot be split"):
            number.split(held, between, held.cell_code, FIRST + 1, new_code=FIRST + 2)
    alone = np.where(np.arange(24) == 0, FIRST + 2, FIRST + 1)
    with pytest.raises(ValueError, match="cannot be split"):
        number.split(units, between, alone, FIRST + 2, new_code=FIRST + 3)
