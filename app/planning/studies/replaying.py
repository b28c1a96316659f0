"""Last year's cases on the boundaries of today and of a plan."""

import numpy as np
from sqlalchemy.orm import Session

from app.incidents.clocks.limits import Calendar, Unit
from app.incidents.clocks.queries import limits_of
from app.planning.drafts import queries as draft_queries
from app.planning.drafts import service as drafts
from app.planning.drafts.case_queries import Period
from app.planning.drafts.cases import UnitCases, cases_in
from app.planning.drafts.service import Draft
from app.planning.models import Plan
from app.planning.studies import clock
from app.planning.studies.period import WEEKS, period_before
from app.planning.studies.schemas import ReplayFigures, ReplayResult, ReplayRules
from geodata import codes
from geodata.progress import Progress, Silent, Stretch
from geodata.rebalance import replay, workload
from geodata.rebalance.replay import PastCases, Place, Replay, Rules
from geodata.rebalance.units import FloatArray
from geodata.rebalance.workload import WorkloadModel

SPEED_M_MIN = 200.0
"""An electric bicycle in a town, lights and stairs included."""
SERVICE_MIN = {"10": 90.0, "11": 45.0, "12": 60.0, "14": 20.0, "16": 60.0}
OTHER_SERVICE_MIN = 30.0
OTHER = "other"


def replay_of(
    session: Session,
    plan: Plan,
    calendar: Calendar,
    *,
    seed: int = 1,
    progress: Progress | None = None,
) -> ReplayResult:
    """The cases of the 52 weeks before a plan's base, in the cells of today and of the plan.

    Of the communities that the plan changes; of all, if it changes none.

    Args:
        seed: of the intervals.
        progress: told how far it is, and may cancel.

    Raises:
        Problem: as `drafts.load`.
        CalendarUnknown: nobody has said which days of those weeks were worked.
    """
    time = period_before(plan)
    lo, hi = codes.code_range(plan.area_code)
    changed = draft_queries.touched(session, plan.id, (lo, hi))
    watch = progress or Silent()
    draft = drafts.load(session, plan, changed or None, progress=Stretch(watch, 0.0, 0.6))
    model = workload.from_json(plan.model)
    rules = Rules(
        clock.work_hours(Unit.WORK_HOUR, time.since, time.until, calendar),
        speed_m_s=SPEED_M_MIN / 60.0,
        weeks=WEEKS,
        seed=seed,
    )
    cases = cases_in(session, draft.units, time, progress=Stretch(watch, 0.6, 0.8))
    past = _past_cases(session, cases, model, time, calendar)
    found = replay.replay(
        Place(draft.units.community_code, _steady_load(draft, model), draft.fixed),
        past,
        draft.base,
        draft.cells,
        rules,
        Stretch(watch, 0.8, 1.0),
    )
    return _told(found, plan, draft, time, seed)


def _steady_load(draft: Draft, model: WorkloadModel) -> FloatArray:
    """(n,) what makes work without a case."""
    street_m = workload.street_m_of(draft.units, draft.borders)
    return workload.load_of(model, draft.units.households, {}, draft.units.area_m2, street_m)


def _past_cases(
    session: Session, cases: UnitCases, model: WorkloadModel, time: Period, calendar: Calendar
) -> PastCases:
    rows = cases.rows
    hours = {
        kind: clock.work_hours(kind, time.since, time.until, calendar)
        for kind in (Unit.WORK_HOUR, Unit.WORK_DAY)
    }
    limits = limits_of(session, np.unique(rows.category).tolist())
    due_s, at_once = clock.deadlines(rows, limits, hours=hours, since=time.since)
    names, of = np.unique(rows.category, return_inverse=True)
    groups = [str(name)[:2] for name in names]
    weight = np.array([model.weight_of(group) for group in groups])
    service_s = np.array([SERVICE_MIN.get(group, OTHER_SERVICE_MIN) * 60.0 for group in groups])
    return PastCases(
        unit=cases.unit,
        at_s=rows.at_s,
        xy_m=cases.xy_m,
        weight=weight[of] if len(of) else np.zeros(0),
        service_s=service_s[of] if len(of) else np.zeros(0),
        due_s=due_s,
        at_once=at_once,
    )


def _told(found: Replay, plan: Plan, draft: Draft, time: Period, seed: int) -> ReplayResult:
    return ReplayResult(
        revision=plan.revision,
        since=time.since,
        until=time.until,
        communities=len(draft.units.starts) - 1,
        weeks=found.weeks,
        cases=found.cases,
        with_deadline=found.with_deadline,
        late_today=found.late_today,
        late_draft=found.late_draft,
        today=ReplayFigures.model_validate(found.today),
        draft=ReplayFigures.model_validate(found.draft),
        change=ReplayFigures.model_validate(found.change),
        spread_by_week_today=found.spread_by_week_today.tolist(),
        spread_by_week_draft=found.spread_by_week_draft.tolist(),
        rules=ReplayRules(
            speed_m_min=SPEED_M_MIN,
            service_min={**SERVICE_MIN, OTHER: OTHER_SERVICE_MIN},
            seed=seed,
        ),
    )
