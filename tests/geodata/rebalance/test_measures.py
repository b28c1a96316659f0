"""Figures against those worked out by hand, and neighbours against places."""

import numpy as np
import pytest
import shapely

from geodata.rebalance import borders, measures
from geodata.rebalance import units as base_units
from geodata.rebalance.units import Units, UnitsError
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST


def row_of_four(**changes: object) -> Units:
    """Four squares in a row: the first is a cell, the others are another."""
    columns: dict[str, object] = {
        "unit_id": [1, 2, 3, 4],
        "community_code": [FIRST] * 4,
        "cell_code": [FIRST + 1, FIRST + 2, FIRST + 2, FIRST + 2],
        "households": [10.0, 10.0, 10.0, 10.0],
        "incidents": [0.0, 0.0, 5.0, 0.0],
        "street_block": [1, 2, 2, 2],
        "geometry": made_up.squares(4, 1),
        **changes,
    }
    return base_units.make(**columns)  # type: ignore[arg-type]


def test_a_row_of_four() -> None:
    """Every figure of a plan that moves one unit, worked out on paper."""
    units = row_of_four()
    between = borders.between(units)
    assert between.length_m.tolist() == [100.0] * 3
    today, cells = measures.measure(units, between, units.cell_code)
    assert cells.load.tolist() == [10.0, 40.0]
    assert cells.deviation == pytest.approx([-0.6, 0.6])
    assert (today.within_20, today.largest_over_mean, today.variation) == pytest.approx(
        (0, 1.6, 0.6)
    )
    assert today.compactness == pytest.approx((np.pi / 4 + 4 * np.pi * 3 / 64) / 2)
    assert (today.moved, today.touched, today.on_street, today.broken) == (0, 0, 1, 0)
    plan = np.array([FIRST + 1, FIRST + 1, FIRST + 2, FIRST + 2])
    after, cells = measures.measure(units, between, plan)
    assert cells.load.tolist() == [20.0, 30.0]
    assert (after.within_15, after.within_20) == (0.0, 1.0)
    assert (after.moved, after.touched, after.on_street) == (0.25, 1.0, 0.0)


def test_a_dedicated_cell_does_not_count_for_the_mean() -> None:
    """Locked as a whole: the others are measured among themselves."""
    units = row_of_four(
        cell_code=[FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 3],
        locked=[False, False, True, True],
    )
    _, cells = measures.measure(units, borders.between(units), units.cell_code)
    assert cells.free.tolist() == [True, True, False]
    assert cells.deviation[:2].tolist() == [0.0, 0.0]


def test_corners_do_not_join() -> None:
    """Two cells on the diagonals of four squares lie in two pieces each."""
    units = row_of_four(geometry=made_up.squares(2, 2))
    between = borders.between(units)
    assert len(between.one) == 4
    plan = np.array([FIRST + 1, FIRST + 2, FIRST + 2, FIRST + 1])
    assert measures.measure(units, between, plan)[0].broken == 2


def test_a_barrier_parts_what_is_beside_it() -> None:
    """The border stays a border; only no cell holds together across it."""
    units = row_of_four(barrier_block=[0, 0, 1, 1])
    between = borders.between(units)
    assert between.passable.tolist() == [True, False, True]
    assert measures.measure(units, between, units.cell_code)[0].broken == 1


def test_an_enclosed_unit_is_a_neighbour() -> None:
    """Inner rings are borders too."""
    outer = shapely.box(0, 0, 300, 300).difference(shapely.box(100, 100, 200, 200))
    units = row_of_four(geometry=np.array([
        outer, shapely.box(100, 100, 200, 200), shapely.box(300, 0, 400, 300),
        shapely.box(400, 0, 500, 300),
    ]))  # fmt: skip
    between = borders.between(units)
    assert list(zip(between.one, between.other, between.length_m, strict=True)) == [
        (0, 1, 400.0), (0, 2, 300.0), (2, 3, 300.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unit_id": [1, 2, 2, 4]}, "unit_id: more than once: 2"),
        ({"community_code": [FIRST, FIRST, FIRST, 7]}, "community_code"),
        ({"cell_code": [FIRST + 1, FIRST, FIRST + 2, FIRST + 1002]}, "cell_code.*: units 2, 4"),
        ({"households": [1.0, float("nan"), -1.0, float("inf")]}, "households.*: units 2, 3, 4"),
        ({"incidents": [0.0, 0.0, 0.0, -0.1]}, "incidents.*: units 4"),
        ({"load": [1.0, 2.0, float("nan"), 1.0]}, "load.*: units 3"),
        ({"geometry": np.array([shapely.Point(0, 0), *made_up.squares(3, 1)])}, "geometry.*: unit"),
        ({"geometry": np.array([None, *made_up.squares(3, 1)])}, "geometry.*: units 1"),
    ],
)  # fmt: skip
def test_units_that_are_none(changes: dict[str, object], said: str) -> None:
    """Each fault names its column and its units."""
    with pytest.raises(UnitsError, match=said):
        row_of_four(**changes)


def test_no_units() -> None:
    """Nothing cannot be balanced."""
    nothing = dict.fromkeys(
        ("unit_id", "community_code", "cell_code", "households", "incidents"), ()
    )
    with pytest.raises(UnitsError, match="no units"):
        base_units.make(**nothing, geometry=np.array([], dtype=object))
