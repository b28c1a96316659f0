"""Studies as jobs: they look at a plan and change nothing."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.core.context import Context
from app.core.db import reading, wait_as_long_as_it_takes
from app.core.errors import Problem
from app.incidents.clocks.limits import CalendarUnknown
from app.incidents.clocks.workdays import WorkingDaysError, city_calendar
from app.planning import held
from app.planning.jobs import apart
from app.planning.jobs.work import Outcome, Watch
from app.planning.models import Plan
from geodata.progress import Stretch


def replay(context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch) -> Outcome:
    """Last year's cases on today's boundaries and the plan's, in a process of its own: a
    `ReplayResult`.

    Raises:
        Problem: 404; 409 `working-days` where nobody has said which days of the year were worked.
        Cancelled: `watch` asked to stop.
    """
    return Outcome(apart.compute(replay_plan, context, plan_id, params, watch))


def replay_plan(
    context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch
) -> dict[str, Any]:
    """The study of `replay`, as JSON; raises the same."""
    from app.planning.studies import replaying  # noqa: PLC0415  (numba)

    def study(session: Session, plan: Plan) -> BaseModel:
        try:
            calendar = city_calendar(context.settings.data_dir)
            return replaying.replay_of(session, plan, calendar, seed=params["seed"], progress=watch)
        except (CalendarUnknown, WorkingDaysError) as error:
            raise Problem(
                HTTPStatus.CONFLICT, "working-days", "Working days are not known", f"{error}."
            ) from error

    return _looked_at(context, plan_id, study, watch)


def forecast(context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch) -> Outcome:
    """Next year's cases of the plan's cells, in a process of its own: a `ForecastResult`.

    Raises:
        Problem: 404.
        Cancelled: `watch` asked to stop.
    """
    return Outcome(apart.compute(forecast_plan, context, plan_id, params, watch))


def forecast_plan(
    context: Context, plan_id: int, _: Mapping[str, Any], watch: Watch
) -> dict[str, Any]:
    """The study of `forecast`, as JSON; raises the same."""
    from app.planning.studies import forecasting  # noqa: PLC0415  (scipy's statistics)

    def study(session: Session, plan: Plan) -> BaseModel:
        return forecasting.forecast_of(session, plan, watch)

    return _looked_at(context, plan_id, study, watch)


def _looked_at(
    context: Context, plan_id: int, study: Callable[[Session, Plan], BaseModel], watch: Watch
) -> dict[str, Any]:
    watch.step("study", 0, Stretch.PARTS)
    with reading(context.engine) as session:
        wait_as_long_as_it_takes(session)
        plan = held.find(session, plan_id)
        found = study(session, plan)
    watch.step("study", Stretch.PARTS, Stretch.PARTS)
    answer: dict[str, Any] = found.model_dump(mode="json")
    return answer
