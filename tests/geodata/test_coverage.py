"""Coverages: what nodes, faces and dissolving keep, and what the check refuses."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from geodata import coverage
from geodata.coverage import CoverageError, GeometryArray

GRID = 1e-6
SQUARE = box(0, 0, 1, 1)

seeds = st.integers(0, 2**32 - 1)


def mosaic(seed: int, count: int = 24) -> tuple[GeometryArray, np.ndarray]:
    """Voronoi regions of random points, clipped to the unit square, and the points."""
    points = np.random.default_rng(seed).uniform(0.02, 0.98, (count, 2))
    regions = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=SQUARE, ordered=True)
    return shapely.intersection(shapely.get_parts(regions), SQUARE), points


def squares(*corners: tuple[float, float, float, float]) -> GeometryArray:
    return np.array([box(*corner) for corner in corners])


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_faces_of_noded_borders_are_a_coverage_in_the_order_of_the_points(seed: int) -> None:
    polygons, _ = mosaic(seed)
    inside = shapely.get_coordinates(shapely.point_on_surface(polygons))
    faces = coverage.faces(coverage.node(shapely.boundary(polygons), GRID), inside, SQUARE)
    coverage.check(faces.polygons, "faces")
    assert shapely.contains_xy(faces.polygons, inside).all()
    assert shapely.area(faces.polygons).sum() == pytest.approx(1)
    assert np.allclose(shapely.area(faces.polygons), shapely.area(polygons), atol=1e-4)


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(1, 5))
def test_dissolving_gives_the_union_of_each_group(seed: int, groups: int) -> None:
    polygons, points = mosaic(seed)
    inside = shapely.get_coordinates(shapely.point_on_surface(polygons))
    faces = coverage.faces(coverage.node(shapely.boundary(polygons), GRID), inside, SQUARE)
    group = (points[:, 0] * groups).astype(np.int64)
    merged = coverage.dissolve(faces.polygons, group)
    assert len(merged) == len(np.unique(group))
    for code, union in zip(np.unique(group), merged, strict=True):
        assert shapely.equals(union, shapely.union_all(faces.polygons[group == code]))
    assert shapely.coverage_is_valid(merged)


def test_a_sliver_goes_to_the_neighbour_with_the_longest_border() -> None:
    left, right = box(0, 0, 0.5, 1), box(0.501, 0, 1, 1)
    below = box(0, -1, 1, 0)
    lines = coverage.node(shapely.boundary([left, right, below, SQUARE]), GRID)
    points = np.array([[0.2, 0.5], [0.8, 0.5], [0.5, -0.5]])
    faces = coverage.faces(lines, points, box(0, -1, 1, 1))
    assert faces.adopted == 1
    coverage.check(faces.polygons, "faces")
    assert shapely.area(faces.polygons[:2]).max() == pytest.approx(0.501, abs=2e-3)
    assert shapely.area(faces.polygons).sum() == pytest.approx(2)


def test_a_face_outside_is_left_out() -> None:
    ring = shapely.boundary([box(0, 0, 3, 3), box(1, 1, 2, 2)])
    faces = coverage.faces(ring, np.array([[0.5, 0.5]]), box(0, 0, 3, 3) - box(1, 1, 2, 2))
    assert faces.adopted == 0


def test_two_points_in_one_face_and_a_point_in_none_are_refused() -> None:
    lines = coverage.node(np.array([SQUARE.boundary]), GRID)
    with pytest.raises(CoverageError):
        coverage.faces(lines, np.array([[0.2, 0.2], [0.8, 0.8]]), SQUARE)
    with pytest.raises(CoverageError):
        coverage.faces(lines, np.array([[0.2, 0.2], [1.8, 0.8]]), SQUARE)


@pytest.mark.parametrize(
    ("what", "polygons"),
    [
        ("overlap", squares((0, 0, 1, 1), (0.9, 0, 2, 1))),
        (
            "border with a vertex on one side only",
            squares((0, 0, 1, 2), (1, 0, 2, 1), (1, 1, 2, 2)),
        ),
        ("two parts", np.array([MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)])])),
        ("hole", np.array([box(0, 0, 3, 3) - box(1, 1, 2, 2)])),
        ("bow tie", np.array([Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])])),
    ],
)
def test_what_is_no_coverage_is_refused(what: str, polygons: GeometryArray) -> None:
    with pytest.raises(CoverageError):
        coverage.check(polygons, what)


def test_a_coverage_passes() -> None:
    coverage.check(squares((0, 0, 1, 1), (1, 0, 2, 1), (0, 1, 1, 2)), "squares")


def ring_with_a_hole(seed: np.random.Generator) -> shapely.Polygon:
    """A polygon of many corners with a hole in it."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = seed.uniform(0.6, 1.0, len(angle))
    turn = np.column_stack([np.cos(angle), np.sin(angle)])
    return shapely.Polygon(turn * radius[:, None], [turn[::-1] * 0.3])


@pytest.mark.parametrize("distance", [0.0, 0.01, 0.2])
def test_lines_near_a_border_are_those_within_the_distance(distance: float) -> None:
    seed = np.random.default_rng(3)
    area = ring_with_a_hole(seed)
    begin = seed.uniform(-1.2, 1.2, (500, 2))
    lines = shapely.linestrings(np.stack([begin, begin + seed.uniform(-0.1, 0.1, (500, 2))], 1))
    near = shapely.dwithin(area.boundary, lines, distance)
    assert coverage.near_border(area, lines, distance).tolist() == np.flatnonzero(near).tolist()
    assert 0 < near.sum() < len(lines)


def test_the_sides_of_a_polygon_are_its_border() -> None:
    area = ring_with_a_hole(np.random.default_rng(4))
    sides = coverage.sides(area.boundary)
    assert len(sides) == 60 + 60
    assert shapely.length(sides).sum() == pytest.approx(area.length)
    assert shapely.union_all(sides).equals(area.boundary)
