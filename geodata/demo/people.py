"""Households, residents and expected incidents of one district, adding up exactly."""

from dataclasses import dataclass

import numpy as np

from geodata import codes
from geodata.codes import Level
from geodata.demo.district import DistrictDraft
from geodata.demo.field import FloatArray
from geodata.demo.shares import IntArray, apportion, apportion_groups

_EMPTY_UNITS = 0.12  # parks, schools, shops
_DEDICATED_FACTOR = 0.3  # a campus or a plant has few households of its own
_BUSY_UNITS, _BUSY_FACTOR = 0.02, 8.0  # markets, stations, hospitals
# Where a place was busier than this part of a cell, the grid was drawn around it, not through it.
_BUSIEST_PART, _ROUNDS = 0.45, 4
_FEWEST_HOUSEHOLDS = 8


@dataclass(frozen=True)
class Totals:
    """What the cells of a district add up to; incidents are those expected in a year."""

    households: int
    residents: int
    incidents: int


@dataclass(frozen=True)
class People:
    """Per cell (in the order of its code) and per unit (in the order of the draft)."""

    cell_households: IntArray
    cell_residents: IntArray
    unit_households: IntArray
    unit_incidents: FloatArray


def settle(draft: DistrictDraft, totals: Totals, seed: int) -> People:
    """Spread the totals over cells and units; cells are uneven, as those of a real city are."""
    rng = np.random.default_rng([seed, draft.code, 8])
    cells, group = np.unique(draft.cell_codes, return_inverse=True)
    room = draft.area_m2 * draft.crowding
    weight = np.bincount(group, weights=room) ** 0.25 * rng.lognormal(0, 0.48, len(cells))
    weight[np.isin(cells, draft.dedicated)] *= _DEDICATED_FACTOR
    households = apportion(totals.households, weight, _FEWEST_HOUSEHOLDS)
    sizes = households * rng.normal(1, 0.06, len(cells)).clip(0.8, 1.2)
    residents = apportion(totals.residents, sizes)
    unit_households = apportion_groups(households, group, _pull(room, rng))
    load = _bounded(_load(unit_households, rng), draft.cell_codes)
    incidents = (load * (totals.incidents / load.sum())).round(3)
    return People(households, residents, unit_households, incidents)


def _pull(room: FloatArray, rng: np.random.Generator) -> FloatArray:
    pull = room**0.4 * rng.lognormal(0, 0.5, len(room))
    pull[rng.random(len(room)) < _EMPTY_UNITS] *= 1e-6
    return pull


def _load(households: IntArray, rng: np.random.Generator) -> FloatArray:
    load = (households + 2.0) * rng.lognormal(0, 0.6, len(households))
    load[rng.random(len(households)) < _BUSY_UNITS] *= _BUSY_FACTOR
    return load


def _bounded(load: FloatArray, cell_codes: IntArray) -> FloatArray:
    """The load of units, none with more than its part of a mean cell of its community."""
    _, community = np.unique(codes.ancestors_at(cell_codes, Level.COMMUNITY), return_inverse=True)
    cells = np.unique(np.column_stack([community, cell_codes]), axis=0)
    number = np.bincount(cells[:, 0])
    for _ in range(_ROUNDS):  # what is cut off lowers the mean, too
        mean = np.bincount(community, weights=load) / number
        load = np.minimum(load, _BUSIEST_PART * mean[community])
    return load
