"""Where people live (a density) and how borders wander (a warp), as functions of the place.

Coordinates are EPSG:4544 (easting, northing in metres), arrays of shape (n, 2).
"""

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geodata.coverage import sides
from geodata.demo.recipe import CityFacts
from geodata.demo.sources import METRIC_CRS

FloatArray = NDArray[np.float64]

# Wavelength and amplitude of each octave of the noise. A displacement whose slope stays below one
# cannot fold the plane, so borders that did not cross before do not cross after it.
_OCTAVES_M = ((12000.0, 330.0), (4000.0, 110.0), (1600.0, 50.0), (700.0, 22.0))
_WAVES_PER_OCTAVE = 5
_CALM_M = 1500.0
_LOOK_M = 600.0
_AT_ONCE = 16_384
_REACH_WIDTHS = 5  # where exp(-5²) of the density is left: nothing


@dataclass(frozen=True)
class Density:
    """Relative density of people: 1 in the old town, `countryside` far from every valley."""

    countryside: float
    lines: tuple[LineString, ...]
    densities: tuple[float, ...]
    widths_m: tuple[float, ...]

    @classmethod
    def of(cls, facts: CityFacts) -> "Density":
        """The density that the valleys of the city make."""
        lines = gpd.GeoSeries([LineString(valley.line) for valley in facts.valleys], crs=4326)
        return cls(
            facts.countryside,
            tuple(lines.to_crs(METRIC_CRS)),
            tuple(valley.density for valley in facts.valleys),
            tuple(valley.width_m for valley in facts.valleys),
        )

    def near(self, outline: BaseGeometry) -> "Density":
        """The same inside the outline (in metres), without the valleys that do not reach it."""
        reach = [
            index
            for index, line in enumerate(self.lines)
            if shapely.distance(line, outline) < _REACH_WIDTHS * self.widths_m[index]
        ]
        return Density(
            self.countryside,
            tuple(self.lines[index] for index in reach),
            tuple(self.densities[index] for index in reach),
            tuple(self.widths_m[index] for index in reach),
        )

    def at(self, xy: FloatArray) -> FloatArray:
        """Density at each place, shape (n,)."""
        total = np.full(len(xy), self.countryside)
        for begin in range(0, len(xy) if self.lines else 0, _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            pull = np.exp(-self._squared_m2(xy[part]) / np.square(self.widths_m))
            total[part] += pull @ np.array(self.densities)
        return total

    def _squared_m2(self, xy: FloatArray) -> FloatArray:
        """(n, lines) Square of the distance from each place to each line."""
        begin, way, square, starts = self._sides
        off_x, off_y = xy[:, :1] - begin[:, 0], xy[:, 1:] - begin[:, 1]
        along = np.clip((off_x * way[:, 0] + off_y * way[:, 1]) / square, 0.0, 1.0)
        off_x -= along * way[:, 0]
        off_y -= along * way[:, 1]
        return np.asarray(np.minimum.reduceat(off_x * off_x + off_y * off_y, starts, axis=1))

    @cached_property
    def _sides(self) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.intp]]:
        """Sides of all lines: begin and way (k, 2), squared length (k,), first of each line."""
        corners, line = shapely.get_coordinates(list(self.lines), return_index=True)
        same = line[1:] == line[:-1]
        way = np.diff(corners, axis=0)[same]
        starts = np.flatnonzero(np.diff(line[:-1][same], prepend=-1))
        return corners[:-1][same], way, np.square(way).sum(axis=1), starts

    def bearing_at(self, x: float, y: float) -> float:
        """Direction of the valley that counts most here, radians from east against the clock."""
        place = shapely.Point(x, y)
        distance_m = shapely.distance(np.array(self.lines), place)
        pull = np.array(self.densities) * np.exp(-distance_m / np.array(self.widths_m))
        line = self.lines[int(np.argmax(pull))]
        along_m = line.project(place)
        behind, ahead = (line.interpolate(max(0.0, along_m + d)) for d in (-_LOOK_M, _LOOK_M))
        return float(np.arctan2(ahead.y - behind.y, ahead.x - behind.x))


@dataclass(frozen=True)
class Warp:
    """A smooth displacement of the plane: nothing on district borders, little where it is dense."""

    waves: FloatArray  # (octaves x waves, 4): wave number east and north, phase of dx and of dy
    amplitudes_m: FloatArray  # (octaves x waves,)
    density: Density

    @classmethod
    def of(cls, density: Density, seed: int) -> "Warp":
        """The same warp for the same seed, over the whole city."""
        rng = np.random.default_rng([seed, 7])
        waves, amplitudes = [], []
        for wavelength_m, amplitude_m in _OCTAVES_M:
            angle = rng.uniform(0, 2 * np.pi, _WAVES_PER_OCTAVE)
            number = 2 * np.pi / (wavelength_m * rng.uniform(0.8, 1.25, _WAVES_PER_OCTAVE))
            phases = rng.uniform(0, 2 * np.pi, (_WAVES_PER_OCTAVE, 2))
            waves.append(np.column_stack([number * np.cos(angle), number * np.sin(angle), phases]))
            amplitudes.append(np.full(_WAVES_PER_OCTAVE, amplitude_m / _WAVES_PER_OCTAVE**0.5))
        return cls(np.vstack(waves), np.concatenate(amplitudes), density)

    def apply(self, xy: FloatArray, outline: BaseGeometry) -> FloatArray:
        """Where each place of a district goes; `outline` is the district, in metres."""
        calm = np.clip(_distance_m(outline, xy) / _CALM_M, 0, 1) * np.exp(-3 * self.density.at(xy))
        moved = xy.copy()
        for (east, north, phase_x, phase_y), amplitude in zip(
            self.waves, self.amplitudes_m, strict=True
        ):
            turn = xy[:, 0] * east + xy[:, 1] * north
            moved[:, 0] += calm * amplitude * np.sin(turn + phase_x)
            moved[:, 1] += calm * amplitude * np.sin(turn + phase_y)
        return moved


def _distance_m(outline: BaseGeometry, xy: FloatArray) -> FloatArray:
    """(n,) How far each place is from the border of a polygon in metres, at most `_CALM_M`."""
    tree = shapely.STRtree(sides(outline.boundary))
    distance_m = np.full(len(xy), _CALM_M)
    near, found = tree.query_nearest(
        shapely.points(xy), max_distance=_CALM_M, return_distance=True, all_matches=False
    )
    distance_m[near[0]] = found
    return distance_m
