"""Which cell holds the place of each case, against shapely asked one by one."""

from dataclasses import replace

import numpy as np
import shapely

from tests.tiles.made_up import STATES, cases
from tiles.counts import CaseIndex, CountedStore
from tiles.located import DrawnCells, LocatedCases
from tiles.mercator import to_degrees

CASES = cases(12_000)
UNCHANGED = np.unique(CASES.cell_code)[::2]
WEST, EAST = 620102001000001, 620102001000002
# The two share a slanting border; north and south of them lies no cell.
CELLS = DrawnCells(
    UNCHANGED,
    np.array([WEST, EAST], dtype=np.int64),
    np.array(
        [
            shapely.Polygon([(103, 36), (103.78, 36), (103.82, 36.2), (103, 36.2)]),
            shapely.Polygon([(103.78, 36), (105, 36), (105, 36.2), (103.82, 36.2)]),
        ],
        dtype=object,
    ),
)


def expected(columns: CaseIndex) -> dict[int, int]:
    """Row -> other cell, one case at a time."""
    found = {}
    case = columns.columns
    lon, lat = to_degrees(case.x, case.y)
    for row in np.flatnonzero(~np.isin(case.cell_code, UNCHANGED)).tolist():
        place = shapely.Point(lon[row], lat[row])
        holds = [
            c for c, shape in zip(CELLS.codes, CELLS.shapes, strict=True) if shape.covers(place)
        ]
        if holds:
            found[row] = int(min(holds))
    return found


def test_places_in_redrawn_cells_are_looked_up_and_carried_on() -> None:
    store = CountedStore(STATES)
    store.replace(CASES)
    located = LocatedCases(CELLS)
    first = located.displaced(store.index())
    assert dict(zip(first.rows.tolist(), first.codes.tolist(), strict=True)) == expected(
        store.index()
    )
    assert 0 < len(first) < np.isin(CASES.cell_code, UNCHANGED, invert=True).sum()
    assert located.displaced(store.index()) is first
    moved = CASES.take(first.rows[:5])
    store.amend(replace(moved, x=moved.x + 0.001))
    store.amend(cases(500, seed=5, first_no=50_000))
    later = located.displaced(store.index())
    assert dict(zip(later.rows.tolist(), later.codes.tolist(), strict=True)) == expected(
        store.index()
    )
