"""Next year's cases of every base unit, after last year's; and how far off that would have been.

A unit sees few cases, often none: its own count says little. So the city's rate (a part alike for
all units, the rest by households) is corrected by what its community, its cell and the unit itself
have seen, each as far as its own count can be trusted (gamma-Poisson, empirical Bayes): with `m`
expected and `y` seen the factor is `(k + y) / (k + m)`, and the shape `k` is the one under which
all counts of that level are likeliest. The city's total is what it was.
"""

from dataclasses import dataclass

import numpy as np

from geodata.progress import Progress, Silent, Stretch
from geodata.rebalance.units import BoolArray, FloatArray, IntArray, sums

INTERVAL_SHARE = 0.8
_GROUND_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
_LOG_SHAPES = (-4.0, 9.0)
_LEAST = 1e-9


@dataclass(frozen=True)
class Estate:
    """What is known of n base units.

    Attributes:
        households: (n,) 0 or more.
        community, cell: (n,) 0.. in which each lies; a cell lies in one community.
    """

    households: FloatArray
    community: IntArray
    cell: IntArray


@dataclass(frozen=True)
class Cases:
    """Cases of some weeks.

    Attributes:
        unit: (m,) row of the unit of each.
        week: (m,) 0..weeks-1.
        weeks: how many weeks were looked at, those without a case too.
    """

    unit: IntArray
    week: IntArray
    weeks: int

    def only(self, first: int, end: int) -> "Cases":
        """Those of the weeks `first` to `end` (exclusive), counted from 0."""
        chosen: BoolArray = (self.week >= first) & (self.week < end)
        return Cases(self.unit[chosen], self.week[chosen] - first, end - first)

    def of(self, chosen: BoolArray) -> "Cases":
        """Some of them, of the same weeks."""
        return Cases(self.unit[chosen], self.week[chosen], self.weeks)


@dataclass(frozen=True)
class Rates:
    """What to expect of n units in a week, and how sure that is.

    Attributes:
        a_week: (n,) cases.
        of_unit, of_cell: (n,) relative variance of the unit's own factor and of its cell's; that
            of the cell is common to its units.
        cell: (n,) the cells of today by which the factors were drawn.
        ground_share: part of the city's rate that goes by unit, not by household.
        shapes: of community, cell and unit; the larger, the less their own counts are trusted.
    """

    a_week: FloatArray
    of_unit: FloatArray
    of_cell: FloatArray
    cell: IntArray
    ground_share: float
    shapes: tuple[float, float, float]


@dataclass(frozen=True)
class Expected:
    """Cases of k groups in a period.

    Attributes:
        mean: (k,) cases.
        low, high: (k,) the ends of the interval, whole numbers that are inside.
        inside: (k,) the chance that the count lies in it; more than asked for where counts are
            small, since whole numbers leave no choice.
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    inside: FloatArray


@dataclass(frozen=True)
class Errors:
    """How far off a forecast was, beside 'as many as before'.

    Attributes:
        mean_abs, naive_mean_abs: mean absolute error, cases.
        rms, naive_rms: root of the mean squared error, cases.
        covered, promised: share of counts inside the interval; how many the model said.
    """

    mean_abs: float
    naive_mean_abs: float
    rms: float
    naive_rms: float
    covered: float
    promised: float

    @property
    def is_better(self) -> bool:
        """Whether it is nearer than 'as many as before' by both errors."""
        return self.mean_abs < self.naive_mean_abs and self.rms < self.naive_rms


@dataclass(frozen=True)
class Backtest:
    """A forecast from the first weeks, held against the last.

    Attributes:
        fitted_weeks, held_weeks: how many of each.
        expected, came: cases of all units in the held weeks.
    """

    fitted_weeks: int
    held_weeks: int
    expected: float
    came: int
    unit: Errors
    cell: Errors


def estimate(cases: Cases, estate: Estate, progress: Progress | None = None) -> Rates:
    """Rates of every unit from the cases of some weeks.

    Args:
        progress: told in likelihoods that were maximised; may cancel.

    Raises:
        ValueError: no unit, no week, a row or week that is none, households that are no number.
    """
    _check(cases, estate)
    count = len(estate.households)
    seen = sums(cases.unit, np.ones(len(cases.unit)), count)
    total = seen.sum()
    watch, levels = progress or Silent(), (estate.community, estate.cell, np.arange(count))
    fits = len(_GROUND_SHARES) + len(levels)
    ground_share = _ground_share(seen, estate, Stretch(watch, 0.0, len(_GROUND_SHARES) / fits))
    expected = total * _spread(estate.households, ground_share)
    shapes: list[float] = []
    doubts: list[FloatArray] = []
    for level in levels:
        watch.step("rates", len(_GROUND_SHARES) + len(shapes), fits)
        size = int(level.max()) + 1
        shape, factor, doubt = _shrunk(sums(level, seen, size), sums(level, expected, size))
        expected = expected * factor[level]
        shapes.append(shape)
        doubts.append(doubt[level])
    if total:
        expected *= total / expected.sum()
    of_community, of_cell, of_unit = shapes
    return Rates(
        a_week=expected / cases.weeks,
        of_unit=doubts[2],
        of_cell=doubts[1],
        cell=estate.cell,
        ground_share=ground_share,
        shapes=(of_community, of_cell, of_unit),
    )


def expect(rates: Rates, weeks: float, group: IntArray, share: float = INTERVAL_SHARE) -> Expected:
    """The cases of groups of units in some weeks.

    The interval holds the chance of what happens and the doubt about the rates; not that next year
    may differ from this one as a whole.

    Args:
        group: (n,) 0..k-1, such as the cells of a draft; `numpy.arange(n)` for the units.
        share: how many of the counts shall lie inside, 0..1.
    """
    # This and `minimize_scalar` take a second to come up, which a server's start need not wait for.
    from scipy.stats import nbinom  # noqa: PLC0415

    count = int(group.max()) + 1
    mean_of = rates.a_week * weeks
    mean = sums(group, mean_of, count)
    doubt = sums(group, mean_of**2 * rates.of_unit, count)
    # A cell's factor is common to those of its units that are in the same group.
    common = group * (int(rates.cell.max()) + 1) + rates.cell
    _, first, piece = np.unique(common, return_index=True, return_inverse=True)
    part = sums(piece, mean_of, len(first))
    doubt += sums(group[first], part**2 * rates.of_cell[first], count)
    some = mean > _LEAST
    shape = mean[some] ** 2 / doubt[some]
    law = nbinom(shape, shape / (shape + mean[some]))
    low, high, inside = np.zeros(count), np.zeros(count), np.ones(count)
    low[some], high[some] = law.ppf((1.0 - share) / 2.0), law.ppf((1.0 + share) / 2.0)
    inside[some] = law.cdf(high[some]) - law.cdf(low[some] - 1.0)
    return Expected(mean, low, high, inside)


def backtest(
    cases: Cases, estate: Estate, held_weeks: int, progress: Progress | None = None
) -> Backtest:
    """What a forecast from all but the last weeks would have said of these.

    Args:
        progress: told how far it is; may cancel.

    Raises:
        ValueError: as `estimate`; no week is left to learn from or to hold against.
    """
    fitted_weeks = cases.weeks - held_weeks
    if held_weeks < 1 or fitted_weeks < 1:
        raise ValueError(f"{cases.weeks} weeks cannot be parted into some and {held_weeks}")
    before, after = cases.only(0, fitted_weeks), cases.only(fitted_weeks, cases.weeks)
    watch = progress or Silent()
    rates = estimate(before, estate, Stretch(watch, 0.0, 0.8))
    watch.step("trial", 8, 10)
    units = np.arange(len(estate.households), dtype=np.int64)
    scale = held_weeks / fitted_weeks
    told = [
        _errors(
            expect(rates, held_weeks, group),
            came=sums(group[after.unit], np.ones(len(after.unit)), int(group.max()) + 1),
            naive=scale * sums(group[before.unit], np.ones(len(before.unit)), int(group.max()) + 1),
        )
        for group in (units, estate.cell)
    ]
    return Backtest(
        fitted_weeks,
        held_weeks,
        float(rates.a_week.sum() * held_weeks),
        len(after.unit),
        unit=told[0],
        cell=told[1],
    )


def _check(cases: Cases, estate: Estate) -> None:
    count = len(estate.households)
    if not count or cases.weeks < 1:
        raise ValueError("there must be a unit and a week")
    if not np.all(np.isfinite(estate.households) & (estate.households >= 0)):
        raise ValueError("households must be numbers of 0 or more")
    for name, values, end in (
        ("unit", cases.unit, count),
        ("week", cases.week, cases.weeks),
    ):
        if len(values) and not 0 <= values.min() <= values.max() < end:
            raise ValueError(f"{name} must be from 0 to {end - 1}")


def _spread(households: FloatArray, ground_share: float) -> FloatArray:
    """(n,) of sum 1: a part alike for every unit, the rest by households."""
    alike, total = 1.0 / len(households), households.sum()
    if not total:
        return np.full(len(households), alike)
    spread: FloatArray = ground_share * alike + (1.0 - ground_share) * households / total
    return spread


def _ground_share(seen: FloatArray, estate: Estate, progress: Progress) -> float:
    """The share under which the counts of units, inside their communities, are likeliest."""
    size = int(estate.community.max()) + 1
    of_community = sums(estate.community, seen, size)[estate.community]

    def likelihood(share: float) -> float:
        spread = _spread(estate.households, share)
        inside = sums(estate.community, spread, size)[estate.community]
        mean = of_community * np.divide(spread, inside, out=np.zeros_like(spread), where=inside > 0)
        return _fit(seen, mean)[1]

    if not seen.any():
        return 0.0
    found: list[float] = []
    for share in _GROUND_SHARES:
        progress.step("rates", len(found), len(_GROUND_SHARES))
        found.append(likelihood(share))
    return _GROUND_SHARES[int(np.argmax(found))]


def _shrunk(seen: FloatArray, expected: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """The shape, each group's factor and that factor's relative variance."""
    shape = _fit(seen, expected)[0]
    return shape, (shape + seen) / (shape + expected), 1.0 / (shape + seen)


def _fit(seen: FloatArray, expected: FloatArray) -> tuple[float, float]:
    """The likeliest shape of the gamma that blurs the expected counts, and the log-likelihood."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415
    from scipy.special import gammaln  # noqa: PLC0415

    mean = np.maximum(expected, _LEAST)

    def against(log_shape: float) -> float:
        shape = np.exp(log_shape)
        likely = gammaln(seen + shape) - gammaln(shape) + shape * np.log(shape / (shape + mean))
        return -float(np.sum(likely + seen * np.log(mean / (shape + mean))))

    found = minimize_scalar(against, bounds=_LOG_SHAPES, method="bounded", options={"xatol": 0.02})
    return float(np.exp(found.x)), -float(found.fun)


def _errors(said: Expected, *, came: FloatArray, naive: FloatArray) -> Errors:
    off, naive_off = came - said.mean, came - naive
    return Errors(
        mean_abs=float(np.abs(off).mean()),
        naive_mean_abs=float(np.abs(naive_off).mean()),
        rms=float(np.sqrt(np.mean(off**2))),
        naive_rms=float(np.sqrt(np.mean(naive_off**2))),
        covered=float(np.mean((came >= said.low) & (came <= said.high))),
        promised=float(said.inside.mean()),
    )
