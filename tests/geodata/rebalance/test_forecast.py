"""The forecast: beside a slow reckoning by loops, made-up cities of known truth, and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geodata.rebalance import forecast
from geodata.rebalance.forecast import Cases, Estate

CELLS, UNITS_A_CELL, CELLS_A_COMMUNITY = 120, 12, 6
COUNT = CELLS * UNITS_A_CELL


def estate(seed: int = 5) -> Estate:
    """A city of 20 communities of 6 cells of 12 units."""
    cell = np.repeat(np.arange(CELLS), UNITS_A_CELL)
    households = np.random.default_rng(seed).lognormal(2.0, 0.6, COUNT)
    return Estate(households, cell // CELLS_A_COMMUNITY, cell)


def made_up(a_week: np.ndarray, weeks: int, seed: int) -> Cases:
    """Cases that come by chance, each unit at its own rate all year."""
    rng = np.random.default_rng(seed)
    number = rng.poisson(np.outer(a_week, np.ones(weeks)))
    unit, week = np.nonzero(number)
    often = number[unit, week]
    return Cases(np.repeat(unit, often), np.repeat(week, often), weeks)


def rates_by_chance(of: Estate, shapes: tuple[float, float, float], seed: int) -> np.ndarray:
    """Cases a week: by households, blurred for communities, cells and units."""
    rng = np.random.default_rng(seed)
    rate = 0.002 * of.households
    for shape, group in zip(shapes, (of.community, of.cell, np.arange(COUNT)), strict=True):
        rate = rate * rng.gamma(shape, 1.0 / shape, int(group.max()) + 1)[group]
    return rate


def test_beside_a_reckoning_by_loops() -> None:
    """The factors, worked out unit by unit from the shapes that were found."""
    of = estate()
    cases = made_up(rates_by_chance(of, (3.0, 10.0, 4.0), 1), 52, 2)
    rates = forecast.estimate(cases, of)
    seen = [int((cases.unit == row).sum()) for row in range(COUNT)]
    total, homes = sum(seen), sum(of.households)
    part = rates.ground_share
    mean = [total * (part / COUNT + (1 - part) * one / homes) for one in of.households]
    for shape, group in zip(rates.shapes, (of.community, of.cell, range(COUNT)), strict=True):
        members: dict[int, list[int]] = {}
        for row, name in enumerate(group):
            members.setdefault(int(name), []).append(row)
        for rows in members.values():
            there = sum(mean[row] for row in rows)
            factor = (shape + sum(seen[row] for row in rows)) / (shape + there)
            for row in rows:
                mean[row] *= factor
    scaled = np.array(mean) * total / sum(mean)
    assert rates.a_week * 52 == pytest.approx(scaled)
    assert rates.a_week.sum() * 52 == pytest.approx(total)


def test_the_shape_is_the_likeliest() -> None:
    """No shape of a fine grid explains the communities better, by another library's law."""
    of = estate()
    cases = made_up(rates_by_chance(of, (3.0, 10.0, 4.0), 1), 52, 2)
    rates = forecast.estimate(cases, of)
    size = int(of.community.max()) + 1
    seen = np.bincount(of.community[cases.unit], minlength=size)
    part, alike = rates.ground_share, np.full(COUNT, 1 / COUNT)
    spread = part * alike + (1 - part) * of.households / of.households.sum()
    mean = np.bincount(of.community, spread) * seen.sum()

    def likelihood(shape: float) -> float:
        return float(stats.nbinom.logpmf(seen, shape, shape / (shape + mean)).sum())

    best = max(likelihood(shape) for shape in np.geomspace(0.02, 8000, 800))
    assert likelihood(rates.shapes[0]) > best - 0.01


@pytest.mark.parametrize("seed", range(3))
def test_nearer_to_the_truth_than_last_year(seed: int) -> None:
    """Where units differ by chance of a known kind, the truth is known: the error is smaller."""
    of = estate(seed)
    truth = rates_by_chance(of, (4.0, 12.0, 5.0), seed + 10)
    cases = made_up(truth, 52, seed + 20)
    rates = forecast.estimate(cases, of)
    naive = np.bincount(cases.unit, minlength=COUNT) / 52
    off, naive_off = (np.sum((one - truth) ** 2) for one in (rates.a_week, naive))
    assert off < 0.6 * naive_off


def test_the_interval_holds_what_it_says() -> None:
    """Next years of 20 made-up cities: in the interval as often as the model says.

    Of cells, of a draft's cells that are parts of two cells each, and of units.
    """
    of = estate()
    groups = (of.cell, (np.arange(COUNT) + 5) // UNITS_A_CELL, np.arange(COUNT))
    hits: list[list[float]] = [[] for _ in groups]
    promised: list[list[float]] = [[] for _ in groups]
    for seed in range(20):
        truth = rates_by_chance(of, (4.0, 12.0, 5.0), seed)
        rates = forecast.estimate(made_up(truth, 52, seed + 50), of)
        next_year = np.random.default_rng(seed + 100).poisson(truth * 52)
        for index, group in enumerate(groups):
            told = forecast.expect(rates, 52, group)
            came = np.bincount(group, next_year, minlength=len(told.mean))
            hits[index].append(float(np.mean((came >= told.low) & (came <= told.high))))
            promised[index].append(float(told.inside.mean()))
    assert np.mean(hits, axis=1) == pytest.approx(np.mean(promised, axis=1), abs=0.02)
    assert np.min(promised) >= 0.8


def test_the_backtest_by_hand() -> None:
    """The errors of four units in one cell, of which only the first ever saw a case."""
    of = Estate(np.ones(4), np.zeros(4, np.int64), np.zeros(4, np.int64))
    cases = Cases(np.array([0, 0, 0, 0, 1]), np.array([0, 1, 2, 3, 3]), 4)
    told = forecast.backtest(cases, of, 1)
    assert (told.fitted_weeks, told.held_weeks, told.came) == (3, 1, 2)
    assert told.expected == pytest.approx(1.0)
    assert told.unit.naive_mean_abs == pytest.approx(1 / 4)
    assert told.unit.naive_rms == pytest.approx(0.5)
    assert told.cell.mean_abs == told.cell.naive_mean_abs == pytest.approx(1.0)
    assert not told.cell.is_better


def test_no_better_is_said() -> None:
    """Rates that go by no household, many cases each: last year is the best guess."""
    of = estate()
    truth = np.random.default_rng(8).permutation(np.geomspace(0.01, 400, COUNT))
    told = forecast.backtest(made_up(truth, 8, 9), of, 4)
    assert told.unit.naive_rms == pytest.approx(told.unit.rms, rel=0.02)
    steady = Cases(np.tile(np.arange(COUNT), 8), np.repeat(np.arange(8), COUNT), 8)
    assert not forecast.backtest(steady, of, 4).unit.is_better


def test_a_city_without_cases() -> None:
    """Nothing seen, nothing expected; no warning, no NaN."""
    none = np.array([], dtype=np.int64)
    rates = forecast.estimate(Cases(none, none, 52), estate())
    told = forecast.expect(rates, 52, estate().cell)
    assert rates.a_week.sum() == told.mean.sum() == told.high.sum() == 0.0


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 9))
def test_any_small_city(seed: int, cases: int, cells: int) -> None:
    """The total is kept; every figure is finite, and its interval holds whole numbers in order."""
    rng = np.random.default_rng(seed)
    count = cells * 3
    cell = np.repeat(np.arange(cells), 3)
    of = Estate(rng.integers(0, 3, count).astype(float), cell // 2, cell)
    drawn = Cases(rng.integers(0, count, cases), rng.integers(0, 10, cases), 10)
    rates = forecast.estimate(drawn, of)
    assert rates.a_week.sum() * 10 == pytest.approx(cases)
    told = forecast.expect(rates, 52, cell)
    assert np.isfinite(np.concatenate([told.mean, told.low, told.high, told.inside])).all()
    assert (told.low <= told.high).all()
    assert np.array_equal(told.high, np.round(told.high))


def test_the_order_of_units_does_not_matter() -> None:
    """Shuffled units have shuffled rates."""
    of = estate()
    cases = made_up(rates_by_chance(of, (3.0, 10.0, 4.0), 1), 52, 2)
    order = np.random.default_rng(0).permutation(COUNT)
    other = Estate(of.households[order], of.community[order], of.cell[order])
    place = np.argsort(order)
    shuffled = forecast.estimate(Cases(place[cases.unit], cases.week, 52), other)
    assert shuffled.a_week == pytest.approx(forecast.estimate(cases, of).a_week[order])


ONE = np.array([0], dtype=np.int64)


@pytest.mark.parametrize(
    ("cases", "of"),
    [
        (Cases(ONE, ONE, 0), Estate(np.ones(1), ONE, ONE)),
        (Cases(ONE + 1, ONE, 1), Estate(np.ones(1), ONE, ONE)),
        (Cases(ONE - 1, ONE, 1), Estate(np.ones(1), ONE, ONE)),
        (Cases(ONE, ONE + 1, 1), Estate(np.ones(1), ONE, ONE)),
        (Cases(ONE, ONE, 1), Estate(np.array([np.nan]), ONE, ONE)),
        (Cases(ONE, ONE, 1), Estate(np.array([-1.0]), ONE, ONE)),
        (Cases(ONE[:0], ONE[:0], 1), Estate(np.array([]), ONE[:0], ONE[:0])),
    ],
)
def test_what_cannot_be_forecast(cases: Cases, of: Estate) -> None:
    """Rows, weeks and households that are none."""
    with pytest.raises(ValueError, match=r"must be|there must"):
        forecast.estimate(cases, of)


def test_a_backtest_needs_weeks_on_both_sides() -> None:
    """Nothing to learn from, or nothing to hold against."""
    for held in (0, 1):
        with pytest.raises(ValueError, match="parted"):
            forecast.backtest(Cases(ONE, ONE, 1), Estate(np.ones(1), ONE, ONE), held)
