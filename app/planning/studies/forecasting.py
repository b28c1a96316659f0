"""Next year's cases of a plan's cells."""

import numpy as np
from sqlalchemy.orm import Session

from app.planning.drafts import service as drafts
from app.planning.drafts import workloads
from app.planning.drafts.cases import cases_in, weekly
from app.planning.models import Plan
from app.planning.studies.period import WEEKS, period_before
from app.planning.studies.schemas import ForecastCells, ForecastErrors, ForecastResult
from geodata.progress import Progress, Silent, Stretch
from geodata.rebalance import forecast, workload

HELD_WEEKS = 13


def forecast_of(session: Session, plan: Plan, progress: Progress | None = None) -> ForecastResult:
    """Next year's cases of a plan's cells, learnt from the 52 weeks before its base.

    Args:
        progress: told how far it is, and may cancel.

    Raises:
        Problem: as `drafts.load`.
    """
    time = period_before(plan)
    watch = progress or Silent()
    draft = drafts.load(session, plan, progress=Stretch(watch, 0.0, 0.4))
    came = cases_in(session, draft.units, time, progress=Stretch(watch, 0.4, 0.5))
    cases = weekly(came, WEEKS)
    estate = workloads.estate_of(draft.units)
    tried = forecast.backtest(cases, estate, HELD_WEEKS, Stretch(watch, 0.5, 0.75))
    code, cell = np.unique(draft.cells, return_inverse=True)
    rates = forecast.estimate(cases, estate, Stretch(watch, 0.75, 1.0))
    told = forecast.expect(rates, workload.YEAR_DAYS / 7.0, cell.astype(np.int64))
    return ForecastResult(
        revision=plan.revision,
        since=time.since,
        until=time.until,
        weeks=WEEKS,
        cases=len(cases.unit),
        fitted_weeks=tried.fitted_weeks,
        held_weeks=tried.held_weeks,
        expected=tried.expected,
        came=tried.came,
        unit=ForecastErrors.model_validate(tried.unit),
        cell=ForecastErrors.model_validate(tried.cell),
        cells=ForecastCells(
            code=code.tolist(),
            mean=np.round(told.mean, 2).tolist(),
            low=told.low.tolist(),
            high=told.high.tolist(),
        ),
    )
