"""Publishing a plan: whole, at one instant, or not at all; of two at once one wins."""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.db import writing
from app.core.outbox import tell
from app.identity.audit import record
from app.identity.audit_words import AuditKind
from app.identity.rules import Actor
from app.places import versions
from app.planning import held, queries
from app.planning.edits import queries as move_queries
from app.planning.life import steps
from app.planning.life.rebasing import behind
from app.planning.models import Plan
from app.planning.rules import PlanAct, PlanState
from app.planning.schemas import TakenPlanStep

PUBLISHED_TOPIC = "boundaries.published"


def publish(
    engine: Engine,
    session: Session,
    plan_id: int,
    given: TakenPlanStep,
    actor: Actor,
    *,
    if_match: str,
) -> None:
    """Put a plan into force now.

    Boundaries belong to no request: they are written as the house, once the scope of whoever asks
    has shown that the plan is theirs.

    Args:
        engine: for the writing; its transaction has ended when this returns.
        session: of whoever asks.

    Raises:
        Problem: 404; 412; 409 `illegal-step`; 409 `plan-behind` with `difference`; 409
            `base-units`; 422 `plan-invalid` with `faults`.
    """
    held.find(session, plan_id)
    session.rollback()  # nothing is held while we wait for our turn
    with writing(engine) as house:
        versions.take_turn(house)
        plan = held.hold(house, plan_id, if_match)
        steps.check(house, plan, PlanAct.PUBLISH, actor)
        carry_out(house, plan, actor.name, given.reason, actor=actor)


def carry_out(
    session: Session, plan: Plan, account: str, reason: str, *, actor: Actor | None = None
) -> datetime:
    """Put an approved plan into force, in the caller's transaction, which has the turn.

    Args:
        session: of the house.
        plan: held.
        account: who publishes, or had set the day.
        actor: None where the clock carries it out.

    Returns:
        Since when it is in force (UTC).

    Raises:
        Problem: 409 `plan-behind`, `base-units`; 422 `plan-invalid`.
    """
    at = queries.clock(session)
    difference = move_queries.difference(session, plan, at)
    if difference:
        raise behind([_plain(row) for row in difference])
    steps.refuse_faults(session, plan)
    from app.planning.life import redrawing  # noqa: PLC0415  (Arrow and its kin)

    made = redrawing.redraw(session, plan, at)
    queries.change(
        session, plan, at, state=PlanState.PUBLISHED, published_at=at,
        boundary_version=made.version,
    )  # fmt: skip
    steps.write(session, plan, PlanAct.PUBLISH, account=account, now=at, reason=reason)
    payload = {"boundary_version": made.version, "plan_id": plan.id,
               "at": at.isoformat().replace("+00:00", "Z")}  # fmt: skip
    # Each to its own area: a post of one community hears of it, too.
    for community in made.communities:
        tell(session, PUBLISHED_TOPIC, community, payload)
    detail = (
        f"plan {plan.id}, boundaries {made.version}: {len(made.changed)} cells redrawn,"
        f" {len(made.new)} new, {len(made.dissolved)} dissolved"
    )
    record(session, actor, AuditKind.PLAN_PUBLISHED, area_code=plan.area_code, detail=detail)
    return at


def _plain(row: Any) -> dict[str, int | None]:
    return dict(row._mapping)
