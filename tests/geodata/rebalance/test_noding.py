"""Files whose borders do not meet point for point: neighbours are found, plans can be published."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geodata.progress import Silent
from geodata.rebalance import borders, files, noding, search, validity
from geodata.rebalance.profiles import PROFILES, ProfileName
from geodata.rebalance.units import Units
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import SIDE_M

COLUMNS, ROWS = 12, 8


def bricks(shapes: np.ndarray) -> np.ndarray:
    """Every other row half a brick to the east: each long side lies beside two."""
    by = np.arange(COLUMNS * ROWS) // COLUMNS % 2 * SIDE_M / 2
    return np.array([
        shapely.transform(shape, lambda xy, east=east: np.add(xy, [east, 0.0]))
        for shape, east in zip(shapes, by, strict=True)
    ])  # fmt: skip


def trembling(shapes: np.ndarray) -> np.ndarray:
    """Every corner a millimetre off, for each unit in another way."""
    rng = np.random.default_rng(1)
    corners = shapely.get_coordinates(shapes).reshape(-1, 5, 2)[:, :4]
    return np.asarray(shapely.polygons(corners + rng.uniform(-1e-3, 1e-3, corners.shape)))


def shrunk(shapes: np.ndarray) -> np.ndarray:
    """Two millimetres of nothing between any two."""
    return np.asarray(shapely.buffer(shapes, -0.001, join_style="mitre"))


def halved(shapes: np.ndarray) -> np.ndarray:
    """Every other unit with a point more in the middle of its sides."""
    more = shapely.segmentize(shapes, SIDE_M * 0.6)
    return np.where(np.arange(len(shapes)) % 2, more, shapes)


def read(path: Path, spoil: Callable[[np.ndarray], np.ndarray], epsg: int = 4544) -> Units:
    """Two communities of squares side by side, spoilt, as the command reads them."""
    rows = made_up.frame(COLUMNS, ROWS, 5, seed=3, communities=2)
    shapes = made_up.squares(2 * COLUMNS, ROWS).reshape(ROWS, 2, COLUMNS)
    shapes = shapes.transpose(1, 0, 2).reshape(2, -1)
    spoilt = np.concatenate([spoil(one) for one in shapes])
    rows.set_geometry(gpd.GeoSeries(spoilt, crs=4544)).to_crs(epsg).to_parquet(path)
    return files.read(path).units


@pytest.mark.parametrize("epsg", [4544, 4523, 4490])
@pytest.mark.parametrize(
    ("spoil", "neighbours"),
    # Rows of squares share 11 sides, and 7 times 12 with the next row; of bricks 7 times 23.
    [(bricks, 88 + 161), (trembling, 88 + 84), (shrunk, 88 + 84), (halved, 88 + 84)],
)
def test_neighbours_are_found(
    spoil: Callable[[np.ndarray], np.ndarray], neighbours: int, epsg: int, tmp_path: Path
) -> None:
    """As many as there are, along their whole border; the plan is one that can be published."""
    units = read(tmp_path / "in.parquet", spoil, epsg)
    between = borders.between(units)
    assert len(between.one) == 2 * neighbours
    sides = 2 * (88 + 7 * (11.5 if spoil is bricks else 12)) * SIDE_M
    assert between.length_m.sum() == pytest.approx(sides, rel=2e-3)  # a zone of its own scale
    plan = search.rebalance(
        units, between, PROFILES[ProfileName.STANDARD], seed=1, progress=Silent()
    )
    assert (plan != units.cell_code).any()
    # Bricks stick out into the other community: that is no matter of points.
    found = {fault.rule for fault in validity.faults_of(units, between, plan)}
    assert found <= ({validity.Rule.NO_GAP} if spoil is bricks else set())


def test_units_that_meet_stay_as_they_are() -> None:
    """Nothing is touched where borders meet, however short an edge is."""
    rows = made_up.frame(2, 1, 2, seed=1)
    corners = [(100.0, 0.0), (200.0, 0.0), (200.0, 100.0), (100.004, 100.0), (100.0, 100.0)]
    pair = [shapely.box(0.0, 0.0, 100.0, 100.0), shapely.Polygon(corners)]
    units = made_up.units_of(rows.set_geometry(gpd.GeoSeries(pair, crs=4544)))
    assert noding.noded(units) is units


def test_what_overlaps_stays_for_the_gate(tmp_path: Path) -> None:
    """Three metres are no slip of a hand: nothing is repaired, the gate names it."""
    units = read(tmp_path / "in.parquet", lambda shapes: np.array([
        shapely.buffer(shape, 3.0, join_style="mitre") if index == 30 else shape
        for index, shape in enumerate(shapes)
    ]))  # fmt: skip
    assert units.area_m2.max() == pytest.approx((SIDE_M + 6.0) ** 2)
    assert validity.faults_of(units, borders.between(units), units.cell_code)
