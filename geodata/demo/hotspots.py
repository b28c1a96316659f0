"""Where the demo's incidents happen: how likely each base unit is for a kind of incident.

A unit's weight comes from its households and its expected load, is split between urban communities
and villages as the category says, and rises around seeded hot spots that every kind of incident has
of its own (a market for hawkers, a few sites for building noise, the river bank for rescues).
"""

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from geodata.demo import river
from geodata.demo.arrays import BoolArray, FloatArray
from geodata.demo.rhythm import pick

_M_PER_DEG = 111_000.0
_SPOTS = {
    # place: units a hot spot, smallest and largest radius in metres, how much it stands out
    "homes": (500, 200.0, 700.0, 6.0),
    "street": (400, 100.0, 350.0, 25.0),
    "road": (350, 80.0, 250.0, 15.0),
    "site": (900, 100.0, 300.0, 40.0),
    "river": (2000, 150.0, 400.0, 6.0),
}
_BANK_M = 180.0
_RIVER_WITHIN_M = 1500.0


class Places:
    """Weights of the base units by kind of incident, drawn once per kind."""

    def __init__(self, units: gpd.GeoDataFrame, urban: BoolArray) -> None:
        """Take the units (EPSG:4326, households, incidents) and which of them are urban."""
        centre = shapely.centroid(units.geometry.to_numpy())
        self._lon, self._lat = shapely.get_x(centre), shapely.get_y(centre)
        squeeze = np.cos(np.radians(self._lat.mean()))
        self._xy_m = np.column_stack([self._lon * squeeze, self._lat]) * _M_PER_DEG
        self._tree = cKDTree(self._xy_m)
        self._urban = urban
        homes = units["households"].to_numpy(dtype=np.float64)
        load = units["incidents"].to_numpy(dtype=np.float64)
        self._base = _shares(homes) + _shares(load) + 0.02 / len(units)
        self._fields: dict[tuple[str, str], FloatArray] = {}
        self._bank: FloatArray | None = None

    def weights(
        self, prefix: str, place: str, urban_share: float, rng: np.random.Generator
    ) -> FloatArray:
        """A weight for each unit, of sum 1.

        Args:
            prefix: the first two digits of the category: categories that share it and the place
                share their hot spots.
            place: homes, street, road, site or river.
            urban_share: part of the incidents that falls in urban communities, 0..1.
            rng: draws the hot spots of a kind that is asked for the first time.
        """
        key = (prefix, place)
        if key not in self._fields:
            self._fields[key] = self._field(place, rng)
        weights = self._fields[key].copy()
        for chosen, share in ((self._urban, urban_share), (~self._urban, 1.0 - urban_share)):
            total = weights[chosen].sum()
            if total > 0:
                weights[chosen] *= share / total
        shares: FloatArray = weights / weights.sum()
        return shares

    def _field(self, place: str, rng: np.random.Generator) -> FloatArray:
        """Base weight, raised round hot spots that themselves stand where the base is high."""
        base = self._base * self._by_the_river() if place == "river" else self._base
        per_spot, least_m, most_m, gain = _SPOTS[place]
        spots = int(np.clip(len(base) / per_spot, 3, 250))
        raised = np.ones(len(base))
        for centre in pick(base, spots, rng).tolist():
            radius_m = rng.uniform(least_m, most_m)
            near = np.array(self._tree.query_ball_point(self._xy_m[centre], 3 * radius_m))
            away_m = np.hypot(*(self._xy_m[near] - self._xy_m[centre]).T)
            height = gain * rng.lognormal(-0.3, 0.8)
            raised[near] += height * np.exp(-0.5 * (away_m / radius_m) ** 2)
        field: FloatArray = base * raised
        return field

    def _by_the_river(self) -> FloatArray:
        """Near 1 on the bank, next to nothing elsewhere; 1 everywhere if no river is near."""
        if self._bank is None:
            away_m = river.distance_m(self._lon, self._lat)
            if away_m.min() > _RIVER_WITHIN_M:
                self._bank = np.ones(len(away_m))
            else:
                reach_m = max(_BANK_M, float(away_m.min()))
                self._bank = np.exp(-0.5 * (away_m / reach_m) ** 2)
        return self._bank


def _shares(values: FloatArray) -> FloatArray:
    total = values.sum()
    shares: FloatArray = values / total if total > 0 else np.full(len(values), 1 / len(values))
    return shares
