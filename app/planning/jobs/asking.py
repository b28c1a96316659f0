"""Writing down that long work on a plan is wanted; whoever calls has checked that it may be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core import jobs as queue
from app.planning import models
from app.planning.jobs import queries
from app.planning.rules import JobKind

TASK = "plan_job"
OVERHEAD_S = 1.0
UNITS_PER_S = 4_000.0
"""Of one core, where nothing was measured yet."""


def ask(
    session: Session,
    plan: models.Plan,
    kind: JobKind,
    params: dict[str, Any],
    communities: Sequence[int],
    *,
    account: str,
    now: datetime,
) -> models.PlanJob:
    """A new job, waiting; it begins when this transaction is committed.

    Args:
        plan: held.
        communities: those that it works on, of which its length is estimated.
    """
    units = queries.units_in(session, communities, plan.base_at)
    params = params | {"units": units, "estimate_s": _estimate_s(session, kind, units)}
    job = queries.add(
        session, plan_id=plan.id, area_code=plan.area_code, kind=kind, params=params,
        account=account, asked_at=now,
    )  # fmt: skip
    queue.ask_for(session, TASK, job.id)
    return job


def _estimate_s(session: Session, kind: JobKind, units: int) -> float:
    """Seconds for so many units, at the pace at which the last such jobs went here."""
    paces = queries.last_paces(session, kind)
    worked_s = sum(max(took_s - OVERHEAD_S, 0.0) for _, took_s in paces)
    pace = sum(size for size, _ in paces) / worked_s if worked_s > OVERHEAD_S else UNITS_PER_S
    return round(OVERHEAD_S + units / pace, 1)
