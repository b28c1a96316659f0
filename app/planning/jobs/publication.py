"""Publishing as a job: a city's boundaries take longer than anybody waits for one answer.

No request and no clock publishes anything itself: they ask for the job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.context import Context
from app.core.db import reading_long
from app.identity.rules import Actor, Role
from app.places import versions
from app.planning import held, models
from app.planning.drafts import queries as draft_queries
from app.planning.jobs.work import Outcome, Watch
from app.planning.life import publishing, steps
from app.planning.rules import PlanAct
from geodata.progress import Progress

SET_FOR = "publish_on"
"""The job's parameter that names the local day for which the plan was set: by the clock only."""


@dataclass(frozen=True)
class _Signed:
    """Whose word is carried out."""

    name: str
    role: Role


class _Listening(Progress):
    """Hears whether it is to end; what it is told of is no part of the job."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def step(self, name: str, done: int, total: int) -> None:
        """Hear."""
        self._watch.step(name, 0, total)


def asked(
    session: Session, plan_id: int, actor: Actor | None, if_match: str | None, reason: str = ""
) -> tuple[models.Plan, dict[str, Any], list[int]]:
    """The plan (held), the job's `params`, and the communities that would be redrawn.

    Args:
        actor: who asks; None for the command line.

    Raises:
        Problem: 404; 412; 409 `illegal-step`, `plan-busy`, `plan-behind` with `difference`, or
            `boundaries-busy`.
    """
    plan = held.hold(session, plan_id, if_match)
    versions.refuse_busy(session)
    steps.check(session, plan, PlanAct.PUBLISH, actor.name if actor else "")
    publishing.refuse_behind(session, plan, versions.clock(session))
    params: dict[str, Any] = {"revision": plan.revision, "reason": reason}
    if actor is not None:
        params["role"] = actor.role.value
    return plan, params, draft_queries.touched(session, plan_id)


def publish(context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch) -> Outcome:
    """Put a plan into force, unless it has moved on since that was asked for.

    What can be found out before is: the lock on boundaries is held by the transaction that ends
    the job, and tried only.
    """
    revision = f'"{params["revision"]}"'
    with reading_long(context.engine) as session:
        plan = held.find(session, plan_id)
        held.check_revision(plan, revision)
        publishing.refuse_behind(session, plan, versions.clock(session))
        # Once more behind the lock; but then all that it reads is in memory.
        steps.refuse_faults(session, plan, _Listening(watch))

    def draw(session: Session, job: models.PlanJob) -> dict[str, Any]:
        versions.lock_boundaries(session)
        plan = held.take(session, plan_id, revision)
        actor = _Signed(job.account, Role(params["role"])) if "role" in params else None
        reason = params.get("reason", "")
        publishing.carry_out(session, plan, job.account, reason, actor=actor, progress=watch)
        return {"boundary_version": plan.boundary_version}

    return Outcome({}, draw)
