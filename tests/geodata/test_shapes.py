"""Shapes per zoom: every area at every zoom, neighbours still meeting, detail by the pixel."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geodata import shapes
from tests.geodata.test_coverage import SQUARE, mosaic

ZOOMS = range(8, 16)


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    """A hundred areas over a tenth of a degree, with borders bent by a smooth displacement."""
    polygons, _ = mosaic(seed=3, count=100)

    def bend(xy: np.ndarray) -> np.ndarray:
        moved = xy + 0.01 * np.sin(18 * xy[:, ::-1])
        return np.asarray(np.round(np.array([103.7, 36.0]) + 0.1 * moved, 6))

    bent = shapely.transform(shapely.segmentize(shapely.set_precision(polygons, 1e-9), 0.01), bend)
    return gpd.GeoDataFrame(
        {"code": np.arange(1, 101), "level": "cell"}, geometry=bent, crs="EPSG:4326"
    )


@pytest.fixture(scope="module")
def simplified(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return shapes.for_zooms(areas, ZOOMS)


def test_every_area_has_a_shape_at_every_zoom(simplified: gpd.GeoDataFrame) -> None:
    assert simplified.crs == shapes.MAP_CRS
    assert simplified["zoom"].dtype == np.int16
    assert simplified["zoom"].is_monotonic_increasing
    for _, rows in simplified.groupby("zoom"):
        assert rows["code"].tolist() == list(range(1, 101))
    assert not simplified.geometry.is_empty.any()
    assert simplified.geometry.is_valid.all()


def test_neighbours_meet_at_every_zoom(simplified: gpd.GeoDataFrame) -> None:
    for zoom, rows in simplified.groupby("zoom"):
        polygons = rows.geometry.to_numpy()
        assert shapely.coverage_is_valid(polygons), f"zoom {zoom}"
        whole = shapely.coverage_union_all(polygons)
        assert shapely.area(polygons).sum() == pytest.approx(whole.area)


def test_detail_grows_with_the_zoom_and_keeps_within_pixels(
    areas: gpd.GeoDataFrame, simplified: gpd.GeoDataFrame
) -> None:
    vertices = simplified.geometry.count_coordinates().groupby(simplified["zoom"]).sum()
    assert vertices.is_monotonic_increasing
    assert vertices.iloc[0] < vertices.iloc[-1] / 2
    exact = areas.geometry.to_crs(shapes.MAP_CRS).to_numpy()
    for zoom in (13, 15):
        rows = simplified[simplified["zoom"] == zoom].geometry.to_numpy()
        assert shapely.hausdorff_distance(rows, exact).max() < 2 * shapes.pixel_m(zoom)


def test_a_city_of_many_parts_is_simplified_too() -> None:
    parts = shapely.multipolygons([SQUARE, shapely.box(2, 0, 3, 1)])
    areas = gpd.GeoDataFrame({"code": [1], "level": "city"}, geometry=[parts], crs="EPSG:4490")
    simplified = shapes.for_zooms(areas, [6, 8])
    assert simplified.geometry.iloc[0].geom_type == "MultiPolygon"


def test_pixels_and_zooms() -> None:
    assert shapes.pixel_m(0) == pytest.approx(156543.034)
    assert shapes.zooms_of("cell") == shapes.zooms_of("community") == range(8, 16)
    assert shapes.zooms_of("district") == range(6, 15)
