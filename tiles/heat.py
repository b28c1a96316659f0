"""Heat: cases per km² under a Gaussian kernel of true ground metres, as coloured tiles.

A tile's density depends on the cases alone, not on the tile: the kernel's width follows the
latitude of each row of pixels, cases are gathered in squares that are the same for all tiles of a
zoom, and the colours are the same everywhere. So neighbours meet without a seam, and the sum over
a region is the number of cases there.
"""

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiles.mercator import CIRCUMFERENCE_M, TILE_PX, FloatArray, cos_lat, ground_px_m
from tiles.points import Box
from tiles.vector import TileAddress

MIN_N = 5
"""With fewer cases than this nothing is coloured at all."""
LONELY_CASES = 1.5
"""Nothing is coloured where the density is less than that of so many cases at one place: one that
stands alone is a point, not a hot spot."""
REACH = 4.0
"""Standard deviations after which a case is no longer felt (0.01 % of it lies beyond)."""
# From plasma: even steps for the eye, safe for colour-blind eyes, bright at the top on a dark map
# and saturated on a light one. The lowest colours let the map through.
COLOURS = (
    "#7201a8", "#9c179e", "#bd3786", "#d8576b", "#ed7953", "#fb9f3a", "#fdca26", "#f0f921",
)  # fmt: skip
OPACITIES = (0.30, 0.42, 0.52, 0.60, 0.68, 0.74, 0.80, 0.86)
SHADES = 4
"""Shades from one break to the next."""
# Squares per standard deviation, at least, where squares are larger than pixels.
_FINEST_SIGMA = 4.0
# Squares a side, at most, when looking for the highest density.
_PEAK_GRID = 1_500


@dataclass(frozen=True)
class Scale:
    """Which colour stands for which density.

    Attributes:
        breaks: densities in cases/km², ascending, at most as many as `COLOURS`. Empty: no colour.
    """

    breaks: tuple[float, ...]

    @property
    def levels(self) -> FloatArray:
        """Lower bounds of all shades, in cases/km², ascending."""
        if not self.breaks:
            return np.empty(0)
        steps = np.arange((len(self.breaks) - 1) * SHADES + 1) / SHADES
        knots = np.arange(len(self.breaks))
        return np.asarray(np.exp(np.interp(steps, knots, np.log(self.breaks))))

    @property
    def at(self) -> FloatArray:
        """Where on the ramp each break stands: 0 for its first colour, 1 for its last."""
        return np.linspace(0, 1, len(self.breaks)) if len(self.breaks) > 1 else np.ones(1)


def scale_for(peak_km2: float, bandwidth_m: float) -> Scale:
    """Breaks on the ladder 1, 2, 5, 10, … whose last one the highest density just reaches.

    A ladder moves only when the peak passes one of its rungs, so colours stay while cases come in.

    Args:
        peak_km2: the highest density, in cases/km².
        bandwidth_m: standard deviation of the kernel: what a lonely case is depends on it.
    """
    if not peak_km2 > 0:
        return Scale(())
    top = math.floor(math.log10(peak_km2)) * 3 + 2
    while _rung(top) > peak_km2:
        top -= 1
    lowest_km2 = LONELY_CASES / (2 * math.pi * (bandwidth_m / 1000) ** 2)
    ladder = (_rung(rung) for rung in range(top - len(COLOURS) + 1, top + 1))
    return Scale(tuple(rung for rung in ladder if rung >= lowest_km2))


def _rung(number: int) -> float:
    power, step = divmod(number, 3)
    return float(f"{(1, 2, 5)[step]}e{power}")


def peak_km2(x: FloatArray, y: FloatArray, bandwidth_m: float) -> float:
    """The highest density of these cases, to within a few per cent; 0 for none.

    Args:
        x, y: places in the unit square.
        bandwidth_m: standard deviation of the kernel, on the ground.
    """
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415 (no start waits for scipy)

    if not len(x):
        return 0.0
    to_ground_m = CIRCUMFERENCE_M * float(cos_lat(np.array(np.median(y))))
    extent_m = max(np.ptp(x), np.ptp(y)) * to_ground_m
    square_m = max(bandwidth_m / 3, extent_m / _PEAK_GRID)
    column = ((x - x.min()) * to_ground_m / square_m).astype(np.int64)
    row = ((y - y.min()) * to_ground_m / square_m).astype(np.int64)
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    flat = np.bincount(row * shape[1] + column, minlength=shape[0] * shape[1])
    grid = flat.reshape(shape).astype(np.float32)
    smooth = gaussian_filter(grid, bandwidth_m / square_m, mode="constant", truncate=3.0)
    return float(smooth.max()) / (square_m / 1000) ** 2


def reach_of(tile: TileAddress, bandwidth_m: float) -> Box:
    """The window of the unit square whose cases can be felt in a tile."""
    size = 1 / 2**tile.z
    box = Box(tile.x * size, tile.y * size, (tile.x + 1) * size, (tile.y + 1) * size)
    margin = REACH * bandwidth_m / CIRCUMFERENCE_M / float(cos_lat(_edges(tile)).min())
    return Box(box.x0 - margin, box.y0 - margin, box.x1 + margin, box.y1 + margin)


def density_km2(
    x: FloatArray, y: FloatArray, tile: TileAddress, bandwidth_m: float
) -> NDArray[np.float32]:
    """Mean density in each pixel of a tile, in cases/km².

    Args:
        x, y: places in the unit square; those out of reach do no harm.
        tile: which tile.
        bandwidth_m: standard deviation of the kernel, on the ground.

    Returns:
        (256, 256), row 0 in the north.
    """
    reach = reach_of(tile, bandwidth_m)
    near = (x >= reach.x0) & (x < reach.x1) & (y >= reach.y0) & (y < reach.y1)
    if not near.any():
        return np.zeros((TILE_PX, TILE_PX), dtype=np.float32)
    world_px = TILE_PX * 2.0**tile.z
    square_px = _square_px(bandwidth_m, tile.z)
    grid, column_px, row_px = _gather(x[near] * world_px, y[near] * world_px, square_px)
    upper, lower = (
        _weights(row_px - tile.y * TILE_PX, sigma_px, square_px)
        @ grid
        @ _weights(column_px - tile.x * TILE_PX, sigma_px, square_px).T
        for sigma_px in (bandwidth_m / ground_px_m(_edges(tile), tile.z)).tolist()
    )
    # The kernel's width changes with the latitude: blend those of the upper and the lower edge,
    # which the tiles above and below share.
    from_top = (np.arange(TILE_PX, dtype=np.float64)[:, None] + 0.5) / TILE_PX
    px_km = ground_px_m((tile.y + from_top) / 2.0**tile.z, tile.z) / 1000
    return np.asarray((upper * (1 - from_top) + lower * from_top) / px_km**2, dtype=np.float32)


def _edges(tile: TileAddress) -> FloatArray:
    """Upper and lower edge of a tile in the unit square."""
    return np.array([tile.y, tile.y + 1]) / 2.0**tile.z


def _square_px(bandwidth_m: float, zoom: int) -> float:
    """Side of the squares in which cases are gathered: pixels, or a power of two of them.

    The same for all tiles of a zoom: it follows the kernel at the equator, where it is narrowest.
    """
    sigma_px = bandwidth_m * TILE_PX * 2.0**zoom / CIRCUMFERENCE_M
    return 2.0 ** max(0, math.floor(math.log2(sigma_px / _FINEST_SIGMA)))


def _gather(
    x_px: FloatArray, y_px: FloatArray, square_px: float
) -> tuple[NDArray[np.float32], FloatArray, FloatArray]:
    """Cases in squares: the counts, and the middles of columns and rows in world pixels."""
    column = np.floor(x_px / square_px).astype(np.int64)
    row = np.floor(y_px / square_px).astype(np.int64)
    first_column, first_row = column.min(), row.min()
    shape = (int(row.max() - first_row) + 1, int(column.max() - first_column) + 1)
    flat = np.bincount((row - first_row) * shape[1] + column - first_column,
                       minlength=shape[0] * shape[1])  # fmt: skip
    columns = (np.arange(shape[1]) + first_column + 0.5) * square_px
    rows = (np.arange(shape[0]) + first_row + 0.5) * square_px
    return flat.reshape(shape).astype(np.float32), columns, rows


def _weights(middles_px: FloatArray, sigma_px: float, square_px: float) -> NDArray[np.float32]:
    """How much of a case in each square falls on each pixel of a tile, along one axis.

    Args:
        middles_px: middles of the squares from the tile's edge: whole and half pixels.
        sigma_px: standard deviation of the kernel.
        square_px: side of the squares. Gathering has spread each case over its square already; that
            much is taken off the kernel.

    Returns:
        (256, squares); a whole kernel sums to 1.
    """
    from scipy.special import ndtr  # noqa: PLC0415 (no start waits for scipy)

    sigma = math.sqrt(max(sigma_px**2 - square_px**2 / 12, 1e-4))
    # Distances between pixels and squares repeat: each is worked out once, and looked up.
    first = math.floor(-middles_px[-1])
    phase = -middles_px[-1] - first
    distances = np.arange(first, TILE_PX - math.floor(middles_px[0]) + 1) + phase
    table = np.diff(ndtr(distances / sigma), append=1.0).astype(np.float32)
    # Cut off by the distance from the pixel, not by what the tile's window happened to hold.
    table[np.abs(distances + 0.5) > REACH * sigma_px] = 0
    offsets = np.rint(middles_px[-1] - middles_px).astype(np.int64)
    return np.asarray(table[np.arange(TILE_PX)[:, None] + offsets[None, :]])


def shades(density: NDArray[np.float32], scale: Scale) -> NDArray[np.uint8]:
    """The shade of each pixel: 0 for none, else the number of the level that it reaches."""
    return np.searchsorted(scale.levels, density, side="right").astype(np.uint8)


def paint(density: NDArray[np.float32], scale: Scale) -> bytes:
    """The tile as PNG with a palette and transparency."""
    image = Image.fromarray(shades(density, scale), mode="P")
    colours, opacities = palette(scale)
    image.putpalette([channel for colour in colours for channel in colour])
    out = io.BytesIO()
    image.save(out, "PNG", transparency=bytes(opacities), optimize=False, compress_level=6)
    return out.getvalue()


def palette(scale: Scale) -> tuple[list[tuple[int, ...]], list[int]]:
    """Colour (r, g, b) and opacity (0 to 255) of every shade, transparent first."""
    if not scale.breaks:
        return [(0, 0, 0)], [0]
    # From one break's colour straight to the next one's: what the legend says, also where it
    # leaves out colours of the ramp.
    colours, opacities = ramp(scale.at)
    stops = np.column_stack([np.array(colours), 255 * np.array(opacities)])
    steps, knots = np.arange(len(scale.levels)) / SHADES, np.arange(len(stops))
    shaded = np.column_stack([np.interp(steps, knots, channel) for channel in stops.T])
    rows = np.rint(shaded).astype(int).tolist()
    return [(0, 0, 0), *(tuple(row[:3]) for row in rows)], [0, *(row[3] for row in rows)]


def ramp(at: FloatArray) -> tuple[list[tuple[int, ...]], list[float]]:
    """Colours (r, g, b) and opacities (0 to 1) at places on the ramp, 0 to 1."""
    knots = np.linspace(0, 1, len(COLOURS))
    stops = np.array([list(bytes.fromhex(colour[1:])) for colour in COLOURS])
    channels = np.column_stack([np.interp(at, knots, channel) for channel in stops.T])
    return (
        [tuple(colour) for colour in np.rint(channels).astype(int).tolist()],
        np.round(np.interp(at, knots, OPACITIES), 3).tolist(),
    )
