"""Coordinates at the edges: words, offsets, zones, round trips, tiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from geodata import crs, mercator

GEOD = Geod(ellps="WGS84")
IN_CITY = st.tuples(st.floats(102.59, 104.58), st.floats(35.57, 37.0))
IN_COUNTRY = st.tuples(st.floats(73.6, 134.9), st.floats(18.0, 53.5))


def away_m(one: tuple[object, object], other: tuple[object, object]) -> float:
    """Distance on the ground between two lon, lat."""
    return float(GEOD.inv(float(one[0]), float(one[1]), float(other[0]), float(other[1]))[2])


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("wgs84", "EPSG:4326"),
        ("WGS 84", "EPSG:4326"),
        ("EPSG:4326", "EPSG:4326"),
        ("epsg::4326", "EPSG:4326"),
        ("4490", "EPSG:4490"),
        ("CGCS2000", "EPSG:4490"),
        ("EPSG:4544", "EPSG:4544"),
        ("EPSG:4491", "EPSG:4491"),
        ("EPSG:4554", "EPSG:4554"),
        ("GCJ-02", "gcj02"),
        ("bd_09", "bd09"),
    ],
)
def test_words_that_are_accepted(word: str, name: str) -> None:
    assert crs.parse(word).name == name


@pytest.mark.parametrize(
    "word",
    ["", "wgs", "EPSG:3857", "EPSG:4555", "EPSG:32648", "4326.0", "EPSG:٤٣٢٦", "auto", "9" * 99],
)
def test_other_words_are_refused_and_the_accepted_ones_named(word: str) -> None:
    with pytest.raises(crs.UnknownCrsError, match="gcj02"):
        crs.parse(word)


def test_every_number_between_the_first_and_last_zone_is_a_gauss_zone_of_cgcs2000() -> None:
    for number in range(4491, 4555):
        name = CRS.from_epsg(number).name
        assert name.startswith("CGCS2000 / "), name
        assert crs.parse(f"EPSG:{number}").unit == "metre"


def test_a_file_says_its_system_in_its_own_words() -> None:
    esri = CRS.from_epsg(4544).to_wkt("WKT1_ESRI")
    assert crs.of_file(esri).epsg == 4544
    assert crs.of_file(CRS.from_epsg(4490)).epsg == 4490
    for unknown in ("EPSG:32648", "nonsense", CRS.from_epsg(3857), "+proj=laea +lat_0=3"):
        with pytest.raises(crs.UnknownCrsError):
            crs.of_file(unknown)


def test_published_reference_values() -> None:
    """Values that several public implementations print for the same point in Beijing."""
    place = (116.404, 39.915)
    assert away_m(crs.wgs84_to_gcj02(*place), (116.41024449916938, 39.91640428150164)) < 1e-6
    assert away_m(crs.gcj02_to_bd09(*place), (116.41036949371029, 39.92133699351021)) < 1e-6
    # Theirs go back in one step, which is off by up to 2 m and 0.1 m; an exact one says the first.
    assert away_m(crs.gcj02_to_wgs84(*place), (116.39775550083061, 39.91359571849836)) < 2.0
    assert away_m(crs.bd09_to_gcj02(*place), (116.39762729119315, 39.90865673957631)) < 0.1


def test_the_offset_in_lanzhou_is_about_two_hundred_metres_to_the_east() -> None:
    lon, lat = np.meshgrid(np.linspace(102.6, 104.57, 200), np.linspace(35.6, 36.98, 200))
    moved = crs.wgs84_to_gcj02(lon.ravel(), lat.ravel())
    azimuth, _, metres = GEOD.inv(lon.ravel(), lat.ravel(), *moved)
    assert metres.min() > 144
    assert metres.max() < 272
    assert 210 < np.median(metres) < 225
    assert (moved[0] > lon.ravel()).all()
    assert np.median(np.abs(azimuth - 90)) < 15


@pytest.mark.parametrize("word", ["wgs84", "cgcs2000", "gcj02", "bd09"])
@given(point=IN_COUNTRY)
def test_degrees_go_there_and_back_within_a_millimetre(
    word: str, point: tuple[float, float]
) -> None:
    system = crs.parse(word)
    assert away_m(crs.to_wgs84(*crs.from_wgs84(*point, system), system), point) < 1e-3


@given(point=IN_CITY, zone=st.sampled_from([4508, 4509, 4525, 4526, 4543, 4544, 4545]))
def test_gauss_zones_go_there_and_back_within_a_millimetre(
    point: tuple[float, float], zone: int
) -> None:
    system = crs.parse(f"EPSG:{zone}")
    easting, northing = crs.from_wgs84(*point, system)
    assert 3.9e6 < northing < 4.2e6, "the northing comes second"
    assert away_m(crs.to_wgs84(easting, northing, system), point) < 1e-3


def test_a_gauss_zone_puts_its_central_meridian_at_500_km() -> None:
    easting, _ = crs.from_wgs84(105.0, 36.0, crs.parse("EPSG:4544"))
    assert easting == pytest.approx(500_000.0, abs=1e-6)
    easting, _ = crs.from_wgs84(105.0, 36.0, crs.parse("EPSG:4523"))  # zone 35 in the easting
    assert easting == pytest.approx(35_500_000.0, abs=1e-6)


@given(lon=st.floats(73.5, 136.499))
def test_the_metric_zone_is_the_one_with_the_nearest_meridian(lon: float) -> None:
    zone = CRS.from_epsg(crs.metric_epsg(lon)).coordinate_operation
    assert zone is not None
    values = {parameter.name: parameter.value for parameter in zone.params}
    assert abs(lon - values["Longitude of natural origin"]) <= 1.5
    assert values["False easting"] == 500_000


def test_lanzhou_lies_in_two_zones() -> None:
    assert [crs.metric_epsg(lon) for lon in (102.9, 103.49, 103.5, 103.83, 104.5)] == [
        4543,
        4543,
        4544,
        4544,
        4544,
    ]
    for outside in (0.0, 73.4, 136.5, float("nan")):
        with pytest.raises(ValueError, match="outside"):
            crs.metric_epsg(outside)


@pytest.mark.parametrize("word", ["wgs84", "EPSG:4544", "gcj02", "bd09"])
def test_what_is_nowhere_comes_out_as_nan_on_both_axes(word: str) -> None:
    system = crs.parse(word)
    bad = [np.nan, np.inf, -np.inf, 1e300]
    lon, lat = crs.to_wgs84(bad[:3], [36.0, 36.0, 36.0], system)
    assert np.isnan(lon).all()
    assert np.isnan(lat).all()


def test_gcj02_leaves_the_world_outside_china_alone() -> None:
    lon, lat = crs.wgs84_to_gcj02([0.0, 2.35, -122.4], [0.0, 48.85, 37.8])
    assert lon.tolist() == [0.0, 2.35, -122.4]
    assert lat.tolist() == [0.0, 48.85, 37.8]


@given(lon=st.floats(-180, 180), lat=st.floats(-85, 85))
def test_mercator_agrees_with_proj_and_goes_back(lon: float, lat: float) -> None:
    proj = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    x, y = mercator.from_lonlat(lon, lat)
    assert (float(x), float(y)) == pytest.approx(proj.transform(lon, lat), abs=1e-6)
    assert [float(v) for v in mercator.to_lonlat(x, y)] == pytest.approx([lon, lat], abs=1e-10)


@given(point=IN_CITY, zoom=st.integers(0, 20))
def test_a_point_lies_in_its_tile(point: tuple[float, float], zoom: int) -> None:
    column, row = mercator.tile_at(*point, zoom)
    box = mercator.tile_bounds_lonlat(zoom, int(column), int(row))
    assert box.west - 1e-9 <= point[0] <= box.east + 1e-9
    assert box.south - 1e-9 <= point[1] <= box.north + 1e-9


def test_tiles_that_do_not_exist_are_refused() -> None:
    for z, x, y in ((-1, 0, 0), (0, 1, 0), (3, 0, 8), (3, -1, 0), (31, 0, 0)):
        assert not mercator.is_tile(z, x, y)
        with pytest.raises(ValueError, match="no tile"):
            mercator.tile_bounds(z, x, y)


def test_tiles_of_one_zoom_lie_side_by_side() -> None:
    left, right = mercator.tile_bounds(5, 3, 7), mercator.tile_bounds(5, 4, 7)
    below = mercator.tile_bounds(5, 3, 8)
    assert left.east == pytest.approx(right.west)
    assert left.south == pytest.approx(below.north)
    assert mercator.pixel_m(5) * 256 == pytest.approx(left.east - left.west)
