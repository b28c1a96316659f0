"""Publishing a plan: whole, at one instant, or not at all; of two at once one wins."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.audiences import Audience
from app.core.outbox import emit_all
from app.identity.audit import Acting, record
from app.identity.audit_words import AuditKind
from app.incidents.rezoning import service as rezoning
from app.places import versions
from app.planning import queries
from app.planning.drafts import ground
from app.planning.edits import queries as move_queries
from app.planning.life import steps
from app.planning.life.rebasing import behind
from app.planning.models import Plan
from app.planning.rules import PlanAct, PlanState
from geodata.progress import Parts, Progress, Silent

PUBLISHED_TOPIC = "boundaries.published"


def carry_out(
    session: Session,
    plan: Plan,
    account: str,
    reason: str,
    *,
    actor: Acting | None = None,
    progress: Progress | None = None,
) -> datetime:
    """Put an approved plan into force, in the caller's transaction, which has the lock on
    boundaries (`versions.lock_boundaries`).

    Args:
        session: of the house.
        plan: held.
        account: who publishes, or had set the day.
        actor: None where the clock carries it out.
        progress: told part by part; may cancel, which is for the caller to roll back.

    Returns:
        Since when it is in force (UTC).

    Raises:
        Problem: 409 `plan-behind`, `base-units`; 422 `plan-invalid`.
        Cancelled: `progress` asked to stop.
    """
    from app.planning.life import redrawing  # noqa: PLC0415  (Arrow and its kin)

    part = Parts(progress or Silent(), "publishing", 1 + redrawing.PARTS)
    part()
    at = versions.after_last(session, versions.clock(session))
    refuse_behind(session, plan, at)
    steps.refuse_faults(session, plan)
    ground.let_go(ground.state_at(session, plan.base_at))
    made = redrawing.redraw(session, plan, at, part)
    queries.change(
        session, plan, at, state=PlanState.PUBLISHED, published_at=at,
        boundary_version=made.version,
    )  # fmt: skip
    steps.write(session, plan, PlanAct.PUBLISH, account=account, now=at, reason=reason)
    payload = {"boundary_version": made.version, "plan_id": plan.id,
               "at": at.isoformat().replace("+00:00", "Z")}  # fmt: skip
    # Each to its own area: a post of one community hears of it, too.
    emit_all(
        session,
        ((PUBLISHED_TOPIC, code, Audience.EVERYONE, payload) for code in made.communities),
    )
    detail = (
        f"plan {plan.id}, boundaries {made.version}: {len(made.changed)} cells redrawn,"
        f" {len(made.new)} new, {len(made.dissolved)} dissolved"
    )
    touched = [*made.changed, *made.dissolved]
    moved = rezoning.follow_boundaries(session, at, cells=touched)
    detail += f"; {moved} open cases moved"
    record(session, actor, AuditKind.PLAN_PUBLISHED, area_code=plan.area_code, detail=detail)
    part()
    return at


def refuse_behind(session: Session, plan: Plan, at: datetime) -> None:
    """Refuse a plan whose ground is at an instant not what it was at its base.

    Raises:
        Problem: 409 `plan-behind` with `difference`.
    """
    difference = move_queries.difference(session, plan, at)
    if difference:
        raise behind([_plain(row) for row in difference])


def _plain(row: Any) -> dict[str, int | None]:
    return dict(row._mapping)
