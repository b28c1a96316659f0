"""What counts as a gap between cells: narrow ground of no cell, and nothing that a cell covers."""

import numpy as np
import pytest
import shapely
from shapely.affinity import rotate

from geodata.rebalance import borders, validity
from geodata.rebalance.gaps import unmet_edges
from geodata.rebalance.units import GeometryArray
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST

WIDTH_M = 0.5
# A border that starts at the rim (y = 0) at an acute angle, with a corner after less than a metre.
ACUTE = [(0.0, 0.0), (0.75, 0.47), (20.0, 3.0), (20.0, 30.0)]


def beside_an_acute_border() -> GeometryArray:
    """Two cells that meet point for point along `ACUTE`: one to its west, one to its east."""
    west = shapely.Polygon([(-20.0, 0.1), *ACUTE, (-20.0, 30.0)])
    east = shapely.Polygon([*ACUTE[::-1], (40.0, 0.0), (40.0, 30.0)])
    return np.array([west, east], dtype=object)


def is_met(cells: GeometryArray) -> bool:
    """Whether nothing is said of any of the cells."""
    return bool(shapely.is_empty(unmet_edges(cells, WIDTH_M)).all())


@pytest.mark.parametrize("degrees", range(0, 360, 30))
def test_a_short_border_beside_the_rim_is_no_gap(degrees: int) -> None:
    """Its cells lie on both sides of it; GEOS alone names the rim, whichever way all of it lies."""
    cells = np.array(
        [rotate(one, degrees, origin=(0.0, 0.0)) for one in beside_an_acute_border()], dtype=object
    )
    alone = shapely.coverage_invalid_edges(cells, gap_width=WIDTH_M)
    assert not shapely.is_empty(alone).all()
    assert is_met(cells)


def test_a_plan_beside_such_a_border_passes_the_gate() -> None:
    """A community is looked at without its neighbours, so what is their border is its rim."""
    rows = made_up.frame(2, 1, 2, seed=1)
    rows["cell_code"] = FIRST + 1 + np.arange(2)
    rows["geometry"] = beside_an_acute_border()
    units = made_up.units_of(rows)
    assert validity.faults_of(units, borders.between(units), units.cell_code) == []


@pytest.mark.parametrize("wide_m", [0.02, 0.2, 0.45])
@pytest.mark.parametrize("length_m", [2.0, 40.0])
def test_a_slit_is_a_gap(wide_m: float, length_m: float) -> None:
    """Open at both ends, both of its sides are named."""
    cells = np.array(
        [shapely.box(0, 0, 30, length_m), shapely.box(30 + wide_m, 0, 60, length_m)], dtype=object
    )
    found = unmet_edges(cells, WIDTH_M)
    assert shapely.length(found) == pytest.approx([length_m, length_m])


def test_a_hole_between_cells_is_a_gap() -> None:
    """A corner of a border that one of two cells does not have: they part and meet again."""
    bent = [(0.0, 0.0), (10.0, 0.3), (20.0, 0.0)]
    north = shapely.Polygon([*bent, (20.0, 20.0), (0.0, 20.0)])
    south = shapely.Polygon([(0.0, 0.0), (0.0, -20.0), (20.0, -20.0), (20.0, 0.0)])
    found = unmet_edges(np.array([north, south], dtype=object), WIDTH_M)
    assert not shapely.is_empty(found).any()


def test_a_wide_street_is_no_gap() -> None:
    """What lies farther apart than the width may belong to somebody else."""
    cells = np.array([shapely.box(0, 0, 30, 30), shapely.box(31, 0, 60, 30)], dtype=object)
    assert is_met(cells)


def test_an_overlap_is_named_beside_a_good_border() -> None:
    """What is no gap is not the measure of the rest: only the edges at fault are named."""
    good = beside_an_acute_border()
    beyond = shapely.box(39.8, 0.0, 60.0, 30.0)
    found = unmet_edges(np.array([*good, beyond], dtype=object), WIDTH_M)
    assert shapely.is_empty(found[0])
    assert not shapely.is_empty(found[1:]).any()
    assert shapely.intersects(shapely.get_parts(found[1]), beyond).all()
