"""Plans drawn elsewhere: what is told of a bad drawing, by hand; and what is made of it."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.coverage import dissolve
from geodata.rebalance import borders, drawn, validity
from geodata.rebalance import units as base_units
from geodata.rebalance.drawn import Drawing, Kind
from geodata.rebalance.units import Units
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST, SIDE_M

EAST_M, NORTH_M = 500_000.0, 4_000_000.0
ONE, TWO, THREE = FIRST + 1, FIRST + 2, FIRST + 3


def row(count: int = 4, **more: Any) -> Units:
    """Squares in a row, two and two a cell."""
    columns: dict[str, Any] = {
        "unit_id": np.arange(count) + 1, "community_code": [FIRST] * count,
        "cell_code": FIRST + 1 + np.arange(count) // 2, "households": [10.0] * count,
        "incidents": [0.0] * count, "geometry": made_up.squares(count, 1),
    }  # fmt: skip
    return base_units.make(**columns | more)


def strip(west: float, east: float, south: float = 0.0, north: float = 1.0) -> shapely.Polygon:
    """A box in sides of squares from the first one's corner."""
    return shapely.box(EAST_M + west * SIDE_M, NORTH_M + south * SIDE_M,
                       EAST_M + east * SIDE_M, NORTH_M + north * SIDE_M)  # fmt: skip


def read(units: Units, *cells: tuple[int, shapely.Geometry]) -> Drawing:
    """A drawing of such cells."""
    return drawn.read(units, np.array([c for c, _ in cells]), np.array([g for _, g in cells]))


def told(drawing: Drawing) -> list[tuple[str, float, tuple[int, ...], tuple[int, ...]]]:
    """The troubles without their ground."""
    return [(t.kind.value, round(t.area_m2), t.cells, t.units) for t in drawing.troubles]


def test_a_clean_drawing() -> None:
    """Exactly what the units say, and nothing is wrong."""
    drawing = read(row(), (ONE, strip(0, 1)), (TWO, strip(1, 4)))
    assert drawing.plan.tolist() == drawing.own.tolist() == [ONE, TWO, TWO, TWO]
    assert drawing.share.tolist() == drawing.covered.tolist() == [1.0] * 4
    assert told(drawing) == []
    assert (drawing.drawn_m2, drawing.outside_m2, drawing.elsewhere) == (40_000.0, 0.0, ())


def test_gap_overlap_and_cut() -> None:
    """Cells that meet in the second unit with a gap, and overlap in the third."""
    drawing = read(row(), (ONE, strip(0, 1.6)), (TWO, strip(1.7, 2.5)), (THREE, strip(2.2, 4)))
    assert drawing.plan.tolist() == [ONE, ONE, THREE, THREE]
    assert drawing.share == pytest.approx([1, 0.6, 0.8, 1])
    assert drawing.covered == pytest.approx([1, 0.9, 1, 1])
    assert told(drawing) == [
        ("gap", 1_000, (), (2,)),
        ("overlap", 3_000, (TWO, THREE), ()),
        ("cut", 4_000, (ONE, TWO), (2,)),
        ("cut", 2_000, (TWO, THREE), (3,)),
    ]
    assert shapely.equals(drawing.troubles[0].where, strip(1.6, 1.7))
    assert shapely.equals(drawing.troubles[1].where, strip(2.2, 2.5))


def test_a_gap_under_an_overlap() -> None:
    """Covered twice over on one side and not at all on the other: the sum of shares is 1."""
    drawing = read(row(1, cell_code=[ONE]), (ONE, strip(0, 0.5)), (TWO, strip(0, 0.5)))
    assert drawing.covered.tolist() == [0.5]
    assert [kind for kind, *_ in told(drawing)] == ["gap", "overlap", "cut"]


def test_what_is_hardly_covered_has_no_cell() -> None:
    """Less than half: not said. Gaps of units side by side are one."""
    drawing = read(row(), (ONE, strip(0, 2.4)))
    assert drawing.plan.tolist() == [ONE, ONE, 0, 0]
    assert told(drawing) == [("gap", 16_000, (), (3, 4))]


def test_another_community_and_ground_beyond() -> None:
    """A cell that reaches into the next community, and one that lies beyond all units."""
    units = row(community_code=[FIRST, FIRST, FIRST + 1000, FIRST + 1000],
                cell_code=[ONE, ONE, FIRST + 1001, FIRST + 1001])  # fmt: skip
    drawing = read(
        units, (ONE, strip(0, 3)), (FIRST + 1001, strip(3, 4.5)), (FIRST + 1002, strip(8, 9))
    )
    assert drawing.plan.tolist() == [ONE, ONE, ONE, FIRST + 1001]
    assert drawing.own.tolist() == [ONE, ONE, 0, FIRST + 1001]
    assert told(drawing) == [
        ("foreign", 10_000, (ONE,), (3,)), ("outside", 5_000, (FIRST + 1001,), ()),
    ]  # fmt: skip
    assert drawing.elsewhere == (FIRST + 1002,)
    assert (drawing.drawn_m2, drawing.outside_m2) == (45_000.0, 5_000.0)
    plan = drawn.repaired(units, borders.between(units), drawing)
    assert plan.tolist() == [ONE, ONE, FIRST + 1001, FIRST + 1001]


def test_parts_of_one_code_are_one_cell() -> None:
    """Several rows of a file with the same number."""
    drawing = read(row(), (ONE, strip(0, 1)), (TWO, strip(1, 3)), (ONE, strip(3, 4)))
    assert drawing.plan.tolist() == [ONE, TWO, TWO, ONE]
    plan = drawn.repaired(row(), borders.between(row()), drawing)
    assert len(set(plan[[0, 3]].tolist())) == 2 or plan[1] == ONE  # no cell is in two pieces


def test_errors_of_drawing_are_not_told() -> None:
    """Borders that miss each other by a centimetre, and ground under a square metre."""
    thin = 0.0001  # of a side: a centimetre
    drawing = read(
        row(), (ONE, strip(0, 2 - thin)), (TWO, strip(2, 4)), (THREE, strip(3.995, 4, 0.5, 0.51))
    )
    assert told(drawing) == []
    assert drawing.plan.tolist() == [ONE, ONE, TWO, TWO]


def test_the_repair_fills_mends_and_keeps_locks() -> None:
    """Nothing covers the third row; a locked unit stays; a dedicated cell takes nothing."""
    units = base_units.make(
        unit_id=np.arange(12) + 1, community_code=[FIRST] * 12, cell_code=[ONE] * 10 + [TWO] * 2,
        households=[1.0] * 12, incidents=[0.0] * 12, geometry=made_up.squares(4, 3),
        locked=[True] + [False] * 9 + [True] * 2,
    )  # fmt: skip
    # West and east half; the dedicated cell of the corner reaches down into the row below it.
    drawing = read(units, (THREE, strip(0, 2, 0, 2)), (ONE, strip(2, 4, 0, 1)),
                   (TWO, strip(2, 4, 1, 3)))  # fmt: skip
    assert drawing.plan.tolist() == [THREE, THREE, ONE, ONE, THREE, THREE, TWO, TWO, 0, 0, TWO, TWO]
    plan = drawn.repaired(units, borders.between(units), drawing)
    assert plan[[0, 10, 11]].tolist() == [ONE, TWO, TWO]
    assert set(plan[:10].tolist()) <= {ONE, THREE}
    faults = validity.faults_of(units, borders.between(units), plan)
    assert {fault.rule for fault in faults} <= {
        validity.Rule.CODES_KEPT,
        validity.Rule.IN_ONE_PIECE,
    }


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(-25, 25))
def test_cells_a_little_too_large_or_too_small(seed: int, off_m: int) -> None:
    """Too small: gaps only, and every unit that is told is right. Too large: overlaps only."""
    units = made_up.units_of(made_up.frame(6, 5, 4, seed=seed))
    cells = dissolve(units.geometry, units.cell_code)
    if off_m:
        cells = shapely.buffer(cells, off_m, join_style="mitre")
    drawing = drawn.read(units, np.unique(units.cell_code), cells)
    kinds = {trouble.kind for trouble in drawing.troubles}
    if off_m <= 0:
        assert np.isin(drawing.plan - units.cell_code * (drawing.plan > 0), [0]).all()
        assert (Kind.GAP in kinds, Kind.OVERLAP in kinds) == (off_m < 0, False)
    else:
        assert drawing.share == pytest.approx(np.ones(len(units)))
        assert (Kind.GAP in kinds, Kind.OVERLAP in kinds) == (False, True)
    gaps_m2 = sum(t.area_m2 for t in drawing.troubles if t.kind is Kind.GAP)
    drawn_on = shapely.union_all(cells).intersection(shapely.union_all(units.geometry))
    assert gaps_m2 == pytest.approx(units.area_m2.sum() - drawn_on.area, abs=2.0)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_the_repair_is_always_nested_and_whole(seed: int) -> None:
    """Chance boxes as cells: every unit has a cell of its community, locked ones their own."""
    rng = np.random.default_rng(seed)
    units = made_up.units_of(made_up.frame(5, 4, 3, seed=seed, communities=2))
    count = int(rng.integers(1, 7))
    west, south = rng.uniform(-1, 12, count), rng.uniform(-1, 4, count)
    boxes = np.array([
        strip(w, w + rng.uniform(0.5, 5), s, s + rng.uniform(0.5, 4))
        for w, s in zip(west, south, strict=True)
    ])  # fmt: skip
    code = rng.choice(np.unique(units.cell_code), count)
    drawing = drawn.read(units, code, boxes)
    between = borders.between(units)
    plan = drawn.repaired(units, between, drawing)
    assert (plan // 1000 == units.community_code // 1000).all()
    cover = shapely.area(shapely.intersection(units.geometry, shapely.union_all(boxes)))
    assert drawing.covered == pytest.approx(cover / units.area_m2, abs=1e-6)
    assert (drawing.share <= drawing.covered + 1e-6).all()
    assert all(shapely.area(t.where) >= 1 - 1e-6 for t in drawing.troubles)


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [(ONE, None)],
        [(ONE, shapely.Polygon())],
        [(ONE, shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))],
    ],
)
def test_drawings_that_are_none(cells: list[tuple[int, Any]]) -> None:
    """Nothing, missing, empty, crossing itself."""
    with pytest.raises(ValueError, match="valid polygons"):
        read(row(), *cells)
