"""Last year's cases once more, in the cells of two plans: how evenly, how late, how far.

Both plans see the same cases at the same instants and places. Figures are taken week by week; the
interval says how far they would lie if the year were made of other weeks of the same kind (weeks
are drawn anew, the same for both plans). It does not say that another year may differ as a whole.
"""

from dataclasses import dataclass

import numpy as np

from geodata.progress import Progress, Silent
from geodata.rebalance.queueing import Served, WorkHours, serve
from geodata.rebalance.units import BoolArray, FloatArray, IntArray, sums

WEEK_S = 7 * 86_400.0
WEEKS_A_YEAR = 365.0 / 7.0
DRAWS = 1_000
INTERVAL_SHARE = 0.9
FAR_OFF = 0.20


@dataclass(frozen=True)
class Place:
    """What is known of n base units.

    Attributes:
        community: (n,) codes.
        steady_load: (n,) work of a year that is no case: homes, ground, streets; in households.
        locked: (n,) a cell of locked units alone is not compared with others.
    """

    community: IntArray
    steady_load: FloatArray
    locked: BoolArray


@dataclass(frozen=True)
class PastCases:
    """m cases that were reported.

    Attributes:
        unit: (m,) row of the unit of each.
        at_s: (m,) seconds since the first week began.
        xy_m: (m, 2) place.
        weight: (m,) work of one such case a year, in households.
        service_s: (m,) work at the place.
        due_s: (m,) deadline, seconds as `at_s`; inf where there is none.
        at_once: (m,) whether it cannot wait for work hours.
    """

    unit: IntArray
    at_s: FloatArray
    xy_m: FloatArray
    weight: FloatArray
    service_s: FloatArray
    due_s: FloatArray
    at_once: BoolArray


@dataclass(frozen=True)
class Rules:
    """How the year is played once more.

    Attributes:
        hours: when cells' workers work.
        speed_m_s: at which they go from case to case.
        weeks: whole weeks that are looked at; cases after them count for nothing.
        seed: of the intervals.
    """

    hours: WorkHours
    speed_m_s: float
    weeks: int
    seed: int = 1


@dataclass(frozen=True)
class Figure:
    """A value and the interval in which 90 % of years of such weeks lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """What a plan made of the year.

    Attributes:
        spread: standard deviation of the cells' load of a week over the mean of their community's
            cells, less 1; mean over the weeks.
        far_off: share of cells more than 20 % off that mean in a week; mean over the weeks.
        late: cases done after their deadline, of all that have one; a share.
        wait_h: from report until the worker sets out, hours a case, of those that were begun.
        way_m: between cases, metres a case.
    """

    spread: Figure
    far_off: Figure
    late: Figure
    wait_h: Figure
    way_m: Figure


@dataclass(frozen=True)
class Replay:
    """Two plans beside each other.

    Attributes:
        weeks, cases: how many were looked at.
        with_deadline, late_today, late_draft: cases.
        today, draft: figures of each.
        change: draft less today, week by week; below 0 is better throughout.
        spread_by_week_today, spread_by_week_draft: (weeks,).
    """

    weeks: int
    cases: int
    with_deadline: int
    late_today: int
    late_draft: int
    today: Figures
    draft: Figures
    change: Figures
    spread_by_week_today: FloatArray
    spread_by_week_draft: FloatArray


def replay(  # noqa: PLR0917 what, where, twice, how
    place: Place,
    cases: PastCases,
    today: IntArray,
    draft: IntArray,
    rules: Rules,
    progress: Progress | None = None,
) -> Replay:
    """Play a year on two plans.

    Args:
        today, draft: (n,) the cell code of each unit.
        progress: told in years that were played; may cancel.

    Raises:
        ValueError: no whole week, a row that is none, or values that are no numbers.
    """
    _check(place, cases, rules)
    chosen = cases.at_s < rules.weeks * WEEK_S
    cases = PastCases(*(getattr(cases, name)[chosen] for name in PastCases.__dataclass_fields__))
    watch = progress or Silent()
    told: list[_Weeks] = []
    for plan in (today, draft):
        watch.step("replay", len(told), 3)
        told.append(_weeks_of(place, cases, plan, rules))
    watch.step("replay", 2, 3)
    rng = np.random.default_rng(rules.seed)
    drawn = rng.integers(0, rules.weeks, (DRAWS, rules.weeks))
    # How often each week is in each draw; the first row is the year as it was.
    often = np.vstack([np.ones(rules.weeks), [np.bincount(one, minlength=rules.weeks)
                                              for one in drawn]])  # fmt: skip
    values = [_values(often, one) for one in told]
    return Replay(
        weeks=rules.weeks,
        cases=len(cases.unit),
        with_deadline=int(told[0].with_deadline.sum()),
        late_today=int(told[0].late.sum()),
        late_draft=int(told[1].late.sum()),
        today=_figures(values[0]),
        draft=_figures(values[1]),
        change=_figures(values[1] - values[0]),
        spread_by_week_today=told[0].spread,
        spread_by_week_draft=told[1].spread,
    )


@dataclass(frozen=True)
class _Weeks:
    """(weeks,) sums of each week; `spread` and `far_off` are of its cells."""

    spread: FloatArray
    far_off: FloatArray
    cases: FloatArray
    with_deadline: FloatArray
    late: FloatArray
    begun: FloatArray
    wait_h: FloatArray
    way_m: FloatArray


def _check(place: Place, cases: PastCases, rules: Rules) -> None:
    if rules.weeks < 1:
        raise ValueError("there must be a whole week")
    if not rules.speed_m_s > 0:
        raise ValueError("speed_m_s must be more than 0")
    if len(cases.unit) and not 0 <= cases.unit.min() <= cases.unit.max() < len(place.community):
        raise ValueError("unit must be a row of the units")
    numbers = (cases.at_s, cases.xy_m, cases.weight, cases.service_s, place.steady_load)
    if not all(np.isfinite(one).all() for one in numbers) or np.isnan(cases.due_s).any():
        raise ValueError("times, places and weights must be numbers")
    if np.any(cases.at_s < 0) or np.any(cases.service_s < 0):
        raise ValueError("times must not be negative")


def _weeks_of(place: Place, cases: PastCases, plan: IntArray, rules: Rules) -> _Weeks:
    cell = np.unique(plan, return_inverse=True)[1].astype(np.int64)
    week = (cases.at_s // WEEK_S).astype(np.int64)
    spread, far_off = _unevenness(place, cases, cell, week, rules.weeks)
    served = serve(
        cell[cases.unit], cases.at_s, cases.xy_m, cases.service_s, cases.at_once,
        hours=rules.hours, speed_m_s=rules.speed_m_s,
    )  # fmt: skip
    due = np.isfinite(cases.due_s)
    begun = np.isfinite(served.begun_s)

    def by_week(values: FloatArray | BoolArray) -> FloatArray:
        return sums(week, np.asarray(values, dtype=np.float64), rules.weeks)

    return _Weeks(
        spread=spread,
        far_off=far_off,
        cases=by_week(np.ones(len(week))),
        with_deadline=by_week(due),
        late=by_week(due & (served.finished_s > cases.due_s)),
        begun=by_week(begun),
        wait_h=by_week(_wait_h(served, cases, begun)),
        way_m=by_week(served.way_m),
    )


def _wait_h(served: Served, cases: PastCases, begun: BoolArray) -> FloatArray:
    return np.subtract(served.begun_s, cases.at_s, out=np.zeros(len(begun)), where=begun) / 3600.0


def _unevenness(
    place: Place, cases: PastCases, cell: IntArray, week: IntArray, weeks: int
) -> tuple[FloatArray, FloatArray]:
    """(weeks,) the spread of the loads of free cells, and the share of those far off."""
    count = int(cell.max()) + 1
    steady = sums(cell, place.steady_load, count) / WEEKS_A_YEAR
    by_case = sums(week * count + cell[cases.unit], cases.weight, weeks * count)
    load = steady + by_case.reshape(weeks, count)
    first = np.unique(cell, return_index=True)[1]
    owner = np.unique(place.community[first], return_inverse=True)[1]
    free = sums(cell, ~place.locked, count) > 0
    if not free.any():
        free[:] = True
    load, owner = load[:, free], np.unique(owner[free], return_inverse=True)[1]
    number = np.bincount(owner)
    mean = np.stack([sums(owner, one, len(number)) for one in load])[:, owner] / number[owner]
    off = np.divide(load, mean, out=np.ones_like(load), where=mean > 0) - 1.0
    return off.std(axis=1), (np.abs(off) - 1e-12 > FAR_OFF).mean(axis=1)


def _values(often: FloatArray, told: _Weeks) -> FloatArray:
    """(draws, 5) the figures of years in which each week comes so often; the first is the year."""

    def share(above: FloatArray, below: FloatArray) -> FloatArray:
        part, whole = often @ above, often @ below
        return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)

    every = np.ones(len(told.spread))
    return np.column_stack([
        share(told.spread, every), share(told.far_off, every),
        share(told.late, told.with_deadline), share(told.wait_h, told.begun),
        share(told.way_m, told.cases),
    ])  # fmt: skip


def _figures(values: FloatArray) -> Figures:
    tail = (1.0 - INTERVAL_SHARE) / 2.0
    low, high = np.quantile(values[1:], [tail, 1.0 - tail], axis=0)
    return Figures(*(Figure(float(values[0, i]), float(low[i]), float(high[i])) for i in range(5)))
