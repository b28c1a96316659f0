"""The figures of a plan, exactly as defined; the same for today's plan and for a draft.

Source: the reference on rebalancing, "Measures (exact)". A figure without a unit is a share.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geodata.rebalance.borders import Borders
from geodata.rebalance.mending import pieces_of
from geodata.rebalance.units import BoolArray, FloatArray, IntArray, Units, sums


@dataclass(frozen=True)
class Cells:
    """Every cell of a plan, in the order of their codes.

    Attributes:
        code, community: (k,) its code and its community's.
        load, households: (k,) sums over its units.
        deviation: (k,) load over the mean load of its community's free cells, less 1; 0 where that
            mean is 0.
        free: (k,) whether any of its units may move; a cell locked as a whole is not.
        area_m2, perimeter_m: (k,) of the dissolved cell.
        pieces: (k,) connected pieces on the rook graph.
        index: (n,) which of them each unit lies in.
    """

    code: IntArray
    community: IntArray
    load: FloatArray
    households: FloatArray
    deviation: FloatArray
    free: BoolArray
    area_m2: FloatArray
    perimeter_m: FloatArray
    pieces: IntArray
    index: IntArray


@dataclass(frozen=True)
class Measures:
    """A plan in figures.

    Attributes:
        within_10, within_15, within_20: share of free cells whose load deviates at most so many
            hundredths from the mean of their community's free cells.
        largest_over_mean: the heaviest free cell over that mean.
        variation: standard deviation of the deviations of free cells.
        compactness: mean over all cells of 4 pi area / perimeter^2.
        broken: cells in more than one piece.
        moved: share of households in units whose cell differs from today's.
        touched: share of today's cells whose set of units changed.
        on_street: share of the inner border (between cells) that lies on a street.
    """

    cells: int
    within_10: float
    within_15: float
    within_20: float
    largest_over_mean: float
    variation: float
    compactness: float
    broken: int
    moved: float
    touched: float
    on_street: float


def cells_of(units: Units, borders: Borders, plan: IntArray) -> Cells:
    """What a plan makes of the units.

    Args:
        plan: (n,) the cell code of each unit.
    """
    code, first, index = np.unique(plan, return_index=True, return_inverse=True)
    count = len(code)
    load = sums(index, units.load, count)
    community = units.community_code[first]
    free = sums(index, ~units.locked, count) > 0
    inside = plan[borders.one] == plan[borders.other]
    inner_m = sums(index[borders.one][inside], borders.length_m[inside], count)
    rim_m = sums(index, units.rim_m, count)
    return Cells(
        code=code,
        community=community,
        load=load,
        households=sums(index, units.households, count),
        deviation=_deviation(load, community, free),
        free=free,
        area_m2=sums(index, units.area_m2, count),
        perimeter_m=rim_m - 2.0 * inner_m,
        pieces=pieces_in(index, count, borders),
        index=index.astype(np.int64),
    )


def _deviation(load: FloatArray, community: IntArray, free: BoolArray) -> FloatArray:
    names, owner = np.unique(community, return_inverse=True)
    groups = len(names)
    total = sums(owner, load * free, groups)
    number = sums(owner, free.astype(np.float64), groups)
    mean = np.divide(total, number, out=np.zeros_like(total), where=number > 0)[owner]
    return np.divide(load, mean, out=np.ones_like(load), where=mean > 0) - 1.0


def pieces_in(index: IntArray, count: int, borders: Borders) -> IntArray:
    """(count,) in how many pieces each cell lies; no piece reaches across a barrier.

    Args:
        index: (n,) which of the cells each unit lies in.
    """
    piece = pieces_of(index, borders.one[borders.passable], borders.other[borders.passable])
    first = np.unique(piece, return_index=True)[1]
    return np.bincount(index[first], minlength=count).astype(np.int64)


def measure(units: Units, borders: Borders, plan: IntArray) -> tuple[Measures, Cells]:
    """A plan in figures, and its cells."""
    cells = cells_of(units, borders, plan)
    free = cells.free if np.any(cells.free) else np.ones(len(cells.code), dtype=np.bool_)
    deviation = cells.deviation[free]
    off = np.abs(deviation) - 1e-12  # a cell right on the bound is within it
    changed = plan != units.cell_code
    households = units.households.sum()
    between = plan[borders.one] != plan[borders.other]
    inner_m = borders.length_m[between].sum()
    touched = np.unique(units.cell_code[changed]).tolist() + np.unique(plan[changed]).tolist()
    today = np.unique(units.cell_code)
    with np.errstate(divide="ignore", invalid="ignore"):
        compact = 4.0 * np.pi * cells.area_m2 / cells.perimeter_m**2
    return Measures(
        cells=len(cells.code),
        within_10=float(np.mean(off <= 0.10)),
        within_15=float(np.mean(off <= 0.15)),
        within_20=float(np.mean(off <= 0.20)),
        largest_over_mean=float(deviation.max() + 1.0),
        variation=float(deviation.std()),
        compactness=float(np.nanmean(compact)),
        broken=int(np.sum(cells.pieces > 1)),
        moved=float(units.households[changed].sum() / households) if households else 0.0,
        touched=float(np.isin(today, touched).mean()),
        on_street=float(borders.length_m[between & borders.on_street].sum() / inner_m)
        if inner_m
        else 1.0,
    ), cells


def near_mean(cells: Cells, only: Iterable[int] | None = None, off_share: float = 0.15) -> float:
    """Share of free cells whose load deviates at most so much from the mean over all of them.

    Measured across communities, as the number of cells sets it: `deviation` is within one.

    Args:
        only: codes of the communities wanted; None for all.
    """
    mine = cells.free & (np.isin(cells.community, list(only)) if only is not None else True)
    load = cells.load[mine] if mine.any() else cells.load
    return float(np.mean(np.abs(load - load.mean()) <= off_share * load.mean() + 1e-12))
