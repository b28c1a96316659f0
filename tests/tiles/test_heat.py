"""Heat against the definition: a Gaussian of true ground metres, summed case by case."""

import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.tiles.made_up import cases
from tiles import heat
from tiles.mercator import to_unit
from tiles.vector import TileAddress

CASES = cases(4_000)
EARTH_M = 2 * math.pi * 6378137


def px_km(tile: TileAddress) -> np.ndarray:
    """Side of the pixels of each row of a tile on the ground, in km, from their latitudes."""
    rows = (tile.y * 256 + np.arange(256) + 0.5) / (256 * 2.0**tile.z)
    lat = np.arctan(np.sinh(np.pi * (1 - 2 * rows)))
    return EARTH_M * np.cos(lat) / (256 * 2.0**tile.z) / 1000


def mass(x, y, zoom: int, bandwidth_m: float) -> float:
    """The integral of the density over all tiles that it reaches."""
    margin = 5 * bandwidth_m / EARTH_M / 0.78
    columns = range(int((x.min() - margin) * 2**zoom), int((x.max() + margin) * 2**zoom) + 1)
    rows = range(int((y.min() - margin) * 2**zoom), int((y.max() + margin) * 2**zoom) + 1)
    total = 0.0
    for tile in (TileAddress(zoom, column, row) for column in columns for row in rows):
        density = heat.density_km2(x, y, tile, bandwidth_m).astype(np.float64)
        total += float((density.sum(axis=1) * px_km(tile) ** 2).sum())
    return total


@pytest.mark.parametrize("zoom", [6, 8, 10])
@pytest.mark.parametrize("bandwidth_m", [100, 500, 5000])
def test_the_density_over_the_city_is_the_number_of_cases(zoom: int, bandwidth_m: int) -> None:
    assert mass(CASES.x, CASES.y, zoom, bandwidth_m) == pytest.approx(len(CASES), rel=0.002)


@settings(max_examples=15, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.floats(103.0, 104.5), st.floats(35.5, 37.0)), min_size=1, max_size=30
    ),
    zoom=st.integers(7, 10),
    bandwidth_m=st.integers(100, 5000),
)
def test_wherever_cases_lie_none_is_lost_or_doubled(places, zoom, bandwidth_m) -> None:
    x, y = to_unit(*np.array(places).T)
    assert mass(x, y, zoom, bandwidth_m) == pytest.approx(len(places), rel=0.02)


def by_definition(x, y, tile: TileAddress, bandwidth_m: float) -> np.ndarray:
    """Density at the middle of every 16th pixel, in cases/km², case by case."""
    world = 256 * 2.0**tile.z
    at = np.arange(8, 256, 16) + 0.5
    px, py = (tile.x * 256 + at) / world, (tile.y * 256 + at) / world
    ground_m = px_km(tile)[8::16] * 1000 * world  # one unit of the map on the ground, by row
    east_m = (px[None, :, None] - x) * ground_m[:, None, None]
    south_m = (py[:, None, None] - y) * ground_m[:, None, None]
    kernel = np.exp(-(east_m**2 + south_m**2) / (2 * bandwidth_m**2))
    return kernel.sum(axis=2) / (2 * np.pi * (bandwidth_m / 1000) ** 2)


@pytest.mark.parametrize("zoom", [11, 12, 14, 17])
@pytest.mark.parametrize("bandwidth_m", [300, 500, 2000])
def test_a_tile_is_the_sum_of_its_kernels(zoom: int, bandwidth_m: int) -> None:
    middle = int(np.argmax((CASES.x > np.median(CASES.x)) & (CASES.y > np.median(CASES.y))))
    tile = TileAddress(zoom, int(CASES.x[middle] * 2**zoom), int(CASES.y[middle] * 2**zoom))
    found = heat.density_km2(CASES.x, CASES.y, tile, bandwidth_m)[8::16, 8::16]
    expected = by_definition(CASES.x, CASES.y, tile, bandwidth_m)
    # Gathering moves each case by up to half a square, an eighth of a standard deviation at most.
    assert np.abs(found - expected).max() < 0.03 * expected.max()


@pytest.mark.parametrize("zoom", [8, 9, 11, 13, 16])
@pytest.mark.parametrize("bandwidth_m", [100, 500, 3000])
def test_neighbouring_tiles_meet_without_a_seam(zoom: int, bandwidth_m: int) -> None:
    """The jump from the last pixel of one tile to the first of the next is an ordinary step."""
    # The tile border nearest to the middle of the cases, so that there is heat at it.
    column = round(float(np.median(CASES.x)) * 2**zoom)
    row = round(float(np.median(CASES.y)) * 2**zoom)
    tiles = [[TileAddress(zoom, column - 1 + i, row - 1 + j) for i in (0, 1)] for j in (0, 1)]
    whole = np.block([[heat.density_km2(CASES.x, CASES.y, t, bandwidth_m) for t in line]
                      for line in tiles])  # fmt: skip
    for picture in (whole, whole.T):
        # The second difference: of a smooth field it is small, across a seam it is the jump.
        bend = np.abs(np.diff(picture.astype(np.float64), n=2, axis=0)).max(axis=1)
        seam, elsewhere = bend[254:256].max(), np.delete(bend, [254, 255]).max()
        assert seam <= elsewhere * 1.05 + 1e-6 * picture.max()


def test_a_pixel_has_the_same_shade_whichever_tile_draws_it() -> None:
    """The four children of a tile and the tile itself agree at every zoom where it is smooth."""
    scale = heat.scale_for(heat.peak_km2(CASES.x, CASES.y, 1000), 1000)
    x, y = float(np.median(CASES.x)), float(np.median(CASES.y))
    for zoom in (12, 13, 14):
        tile = TileAddress(zoom, int(x * 2**zoom), int(y * 2**zoom))
        parent = heat.density_km2(CASES.x, CASES.y, tile, 1000)
        children = np.block(
            [
                [
                    heat.density_km2(
                        CASES.x, CASES.y,
                        TileAddress(zoom + 1, 2 * tile.x + i, 2 * tile.y + j), 1000,
                    )
                    for i in (0, 1)
                ]
                for j in (0, 1)
            ]
        )  # fmt: skip
        halved = children.reshape(256, 2, 256, 2).mean(axis=(1, 3))
        levels = heat.shades(parent, scale).astype(int) - heat.shades(halved, scale)
        assert np.abs(levels).max() <= 1
        assert (levels != 0).mean() < 0.02


@given(peak=st.floats(1e-6, 1e6))
def test_breaks_stand_on_the_ladder_and_the_last_is_reached(peak: float) -> None:
    breaks = heat.scale_for(peak, 1e9).breaks
    assert len(breaks) == len(heat.COLOURS)
    assert list(breaks) == sorted(set(breaks))
    assert breaks[-1] <= peak < breaks[-1] * 2.5 * (1 + 1e-9)
    assert all(f"{value:e}"[0] in "125" for value in breaks)


@given(peak=st.floats(1e-3, 1e4), bandwidth_m=st.integers(100, 5000))
def test_a_case_that_stands_alone_is_not_coloured(peak: float, bandwidth_m: int) -> None:
    alone = 1 / (2 * math.pi * (bandwidth_m / 1000) ** 2)
    assert all(value > alone for value in heat.scale_for(peak, bandwidth_m).breaks)


@pytest.mark.parametrize("count", range(1, 9))
def test_a_short_scale_uses_the_whole_ramp(count: int) -> None:
    scale = heat.Scale(tuple(float(2**i) for i in range(count)))
    colours, opacities = heat.palette(scale)
    assert len(colours) == len(opacities) == (count - 1) * heat.SHADES + 2
    assert opacities[0] == 0 and colours[-1] == tuple(bytes.fromhex(heat.COLOURS[-1][1:]))
    assert len(set(colours[1:])) == len(colours) - 1


@pytest.mark.parametrize("peak", [0.0, -1.0, math.nan])
def test_no_density_has_no_breaks(peak: float) -> None:
    assert heat.scale_for(peak, 500).breaks == ()


def test_the_peak_is_found_to_within_a_tenth() -> None:
    for bandwidth_m in (200, 500, 2000):
        peak = heat.peak_km2(CASES.x, CASES.y, bandwidth_m)
        x, y = float(np.median(CASES.x)), float(np.median(CASES.y))
        highest = max(
            heat.density_km2(
                CASES.x, CASES.y, TileAddress(13, int(x * 8192) + i, int(y * 8192) + j), bandwidth_m
            ).max()
            for i in range(-2, 3)
            for j in range(-2, 3)
        )
        assert peak == pytest.approx(highest, rel=0.1)


def test_the_picture_says_what_the_scale_says() -> None:
    scale = heat.scale_for(50.0, 2000)
    density = np.zeros((256, 256), np.float32)
    density[0, :8] = np.array(scale.breaks) * 1.001
    density[1, 0] = scale.breaks[0] * 0.999
    image = Image.open(io.BytesIO(heat.paint(density, scale)))
    assert image.size == (256, 256) and image.mode == "P"
    pixels = np.asarray(image.convert("RGBA"))
    assert ["#" + bytes(pixels[0, i, :3].tolist()).hex() for i in range(8)] == list(heat.COLOURS)
    opacities = pixels[0, :8, 3]
    assert (np.diff(opacities.astype(int)) > 0).all() and opacities[0] > 0
    assert pixels[1, 0, 3] == 0 and pixels[100, 100, 3] == 0


def test_without_a_scale_nothing_is_coloured() -> None:
    density = np.full((256, 256), 3.0, np.float32)
    pixels = np.asarray(Image.open(io.BytesIO(heat.paint(density, heat.Scale(())))).convert("RGBA"))
    assert (pixels[:, :, 3] == 0).all()
