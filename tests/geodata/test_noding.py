"""Borders drawn apart, brought to shared corners: T-junctions, crossings, near misses."""

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Polygon, box

from geodata import coverage, noding
from geodata.demo import tessellate

GRID_M = 0.01
AREA = Polygon([(0, 0), (900, -70), (1_100, 640), (420, 880), (-60, 500)])


def parts_of_parts(seed: int) -> list[Polygon]:
    """Cells by Voronoi, each divided into blocks: neighbours share lines, but not corners."""
    rng = np.random.default_rng(seed)
    cells = tessellate.voronoi(AREA, tessellate.uniform(AREA, 9, rng))
    return [
        part
        for cell in cells
        for part in tessellate.blocks(cell, tessellate.uniform(cell, 150, rng), 11, rng.random())
    ]


@pytest.mark.parametrize("seed", range(8))
def test_parts_of_parts_become_a_coverage(seed: int) -> None:
    parts = np.array(parts_of_parts(seed))
    segments = noding.cut_where_others_end(shapely.boundary(parts), GRID_M)
    noded = noding.node_doubtful(segments, GRID_M)
    inside = shapely.get_coordinates(shapely.point_on_surface(parts))
    faces = coverage.faces(noded, inside, AREA).polygons
    whole = coverage.check(faces, "parts")
    assert whole.area == pytest.approx(AREA.area, rel=1e-5)
    np.testing.assert_allclose(shapely.area(faces), shapely.area(parts), rtol=1e-3)


def test_a_corner_on_a_longer_side_cuts_it() -> None:
    """Without the cut the three would make no coverage: the long side has one edge, not two."""
    left, low, high = box(0, 0, 1, 2), box(1, 0, 2, 0.7), box(1, 0.7, 2, 2)
    assert not shapely.coverage_is_valid([left, low, high])
    segments = noding.cut_where_others_end(shapely.boundary([left, low, high]), GRID_M)
    sides = {tuple(sorted(segment.coords)) for segment in segments}
    assert ((1.0, 0.0), (1.0, 0.7)) in sides and ((1.0, 0.7), (1.0, 2.0)) in sides
    assert ((1.0, 0.0), (1.0, 2.0)) not in sides
    assert len(segments) == len(sides) == 10


def test_each_segment_once_whichever_way_round() -> None:
    lines = [LineString([(0, 0), (1, 0)]), LineString([(1, 0), (0, 0)]), LineString([(0, 0)] * 2)]
    assert len(noding.cut_where_others_end(np.array(lines), GRID_M)) == 1


def test_what_crosses_or_passes_too_near_is_noded_and_nothing_else() -> None:
    clear = LineString([(100, 100), (101, 100)])
    crossing = [LineString([(0, 0), (2, 2)]), LineString([(0, 2), (2, 0)])]
    near = [LineString([(10, 0), (20, 0)]), LineString([(15, 0.004), (15, 3)])]
    noded = noding.node_doubtful(np.array([clear, *crossing, *near]), GRID_M)
    ends = {tuple(sorted(segment.coords)) for segment in noded}
    assert tuple(sorted(clear.coords)) in ends
    assert {((0, 0), (1, 1)), ((1, 1), (2, 2)), ((0, 2), (1, 1)), ((1, 1), (2, 0))} <= ends
    assert {((10, 0), (15, 0)), ((15, 0), (20, 0)), ((15, 0), (15, 3))} <= ends
    assert len(noded) == len(ends) == 8


def test_a_place_has_the_same_number_as_by_the_general_way() -> None:
    """Else a border that both touched would have two corners where it has one."""
    rng = np.random.default_rng(3)
    lines = shapely.linestrings(rng.uniform(103.0, 104.0, (200, 2, 2)).round(6))
    short = np.array([LineString([line.coords[0], line.coords[1]]) for line in lines])
    by_us = shapely.get_coordinates(noding.cut_where_others_end(short[:1], 1e-6))
    general = shapely.get_coordinates(coverage.node(short[:1], 1e-6))
    assert sorted(map(tuple, by_us)) == sorted(map(tuple, general))
