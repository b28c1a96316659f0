"""Plans as they are shown to whoever asks."""

from sqlalchemy.orm import Session

from app.core.errors import not_found
from app.identity.rules import Actor, may
from app.places import versions
from app.planning import models, queries, rules
from app.planning.edits import queries as move_queries
from app.planning.life import effects
from app.planning.rules import PlanState
from app.planning.schemas import Plan, PlanRow, WorkModel

_OWN = (
    "id", "title", "note", "area_code", "parent_id", "base_at", "state", "revision", "author",
    "editors", "publish_on", "created_at", "changed_at", "published_at", "boundary_version",
)  # fmt: skip


def row(plan: models.Plan, moved_units: int, area_name: str) -> PlanRow:
    """A plan in a list."""
    return PlanRow(**_values(plan), moved_units=moved_units, area_name=area_name)


def _values(plan: models.Plan) -> dict[str, object]:
    return {name: getattr(plan, name) for name in _OWN}


def shown(session: Session, plan_id: int, actor: Actor) -> Plan:
    """A plan as it stands.

    Raises:
        Problem: 404.
    """
    found = queries.described(session, plan_id)
    if found is None:
        raise not_found("plan", plan_id)
    plan, moved_units, area_name = found
    state = PlanState(plan.state)
    draws = may(actor.role, "edit_plan")
    own = rules.is_own(actor.name, plan.author, plan.editors)
    last, undone = (
        move_queries.last_edit(session, plan_id),
        move_queries.first_undone(session, plan_id),
    )
    is_draft, is_open = state is PlanState.DRAFT, state in rules.OPEN
    return Plan(
        **_values(plan),
        moved_units=moved_units,
        area_name=area_name,
        locks=queries.locks(session, plan_id),
        allowed=list(rules.allowed(state, own=own, empty=not moved_units)) if draws else [],
        editable=draws and is_draft,
        model=WorkModel(**plan.model),
        can_undo=is_draft and last is not None and last.kind not in rules.NO_UNDO,
        can_redo=is_draft and undone is not None,
        behind=is_open and bool(move_queries.difference(session, plan, versions.clock(session))),
        effects=effects.of(session, plan) if state is PlanState.PUBLISHED else None,
    )
