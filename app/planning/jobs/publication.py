"""Publishing as a job: a city's boundaries take longer than anybody waits for one answer."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.context import Context
from app.identity.rules import Actor, Role
from app.places import versions
from app.planning import held, models, queries
from app.planning.drafts import queries as draft_queries
from app.planning.jobs.work import Outcome, Watch
from app.planning.life import publishing, steps
from app.planning.rules import PlanAct

LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class _Signed:
    """Whose word is carried out."""

    name: str
    role: Role


def asked(
    session: Session, plan_id: int, actor: Actor, if_match: str | None
) -> tuple[models.Plan, dict[str, Any], list[int]]:
    """The plan (held), the job's `params`, and the communities that would be redrawn.

    Raises:
        Problem: as `publishing.publish`, as far as that is seen at once.
    """
    plan = held.hold(session, plan_id, if_match)
    steps.check(session, plan, PlanAct.PUBLISH, actor)
    publishing.refuse_behind(session, plan, queries.clock(session))
    params = {"revision": plan.revision, "role": actor.role.value}
    return plan, params, draft_queries.touched(session, plan_id)


def publish(context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch) -> Outcome:
    """Put a plan into force, unless it has moved on since that was asked for.

    Nothing is to be found out before: all of it belongs to the transaction that ends the job.
    """

    def draw(session: Session, job: models.PlanJob) -> dict[str, Any]:
        while not versions.try_turn(session):
            watch.step("waiting for the turn", 0, 1)
            time.sleep(LOOK_AGAIN_S)
        plan = held.take(session, plan_id, f'"{params["revision"]}"')
        signed = _Signed(job.account, Role(params["role"]))
        publishing.carry_out(session, plan, job.account, "", actor=signed, progress=watch)
        return {"boundary_version": plan.boundary_version}

    return Outcome({}, draw)
