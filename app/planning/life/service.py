"""Beginning plans, looking at them, saying something about them."""

from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import Problem, invalid, not_found
from app.core.paging import cut, decode_cursor
from app.identity.rules import Actor
from app.identity.service import outside_scope
from app.places import queries as places
from app.places import versions
from app.planning import held, models, queries, rules
from app.planning.edits import queries as move_queries
from app.planning.edits import service as edits
from app.planning.life import views
from app.planning.rules import EditKind, PlanNote, PlanState
from app.planning.schemas import (
    ChangedPlan,
    NewComment,
    NewPlan,
    Plan,
    PlanEditEntry,
    PlanList,
    PlanLog,
    PlanQuery,
    PlanRemark,
    PlanRemarks,
    PlanStepEntry,
)
from geodata import codes
from geodata.rebalance import workload

NEWEST_EDITS = 200


def list_plans(session: Session, query: PlanQuery) -> PlanList:
    """The plans that the query selects, the newest first.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int,))
    found = queries.page(session, query.state, query.limit, key[0] if key else None)
    sent, following = cut(found, query.limit, lambda one: [one[0].id])
    return PlanList(plans=[views.row(*one) for one in sent], next=following)


def create(session: Session, actor: Actor, given: NewPlan) -> Plan:
    """Begin a plan from the boundaries in force, or from another plan.

    Raises:
        Problem: as `begin`.
    """
    plan = begin(session, actor, given)
    return views.shown(session, plan.id, actor)


def begin(session: Session, actor: Actor, given: NewPlan) -> models.Plan:
    """A new plan: one that moves nothing yet, or one that begins as a copy.

    A copy stands on the same boundaries as the plan of which it is one; a copy of a published plan
    on those in force.

    Raises:
        Problem: 403 for an area beyond the actor's; 404 for no such parent; 409 `boundaries-busy`;
            422 naming `area_code` where there is no such area, or nothing to draw from.
    """
    lo, hi = codes.code_range(given.area_code)
    if not actor.lo <= lo <= hi <= actor.hi:
        raise outside_scope("area_code")
    now = versions.instant_of_base(session)
    parent = held.hold(session, given.parent_id) if given.parent_id is not None else None
    copied = parent if parent is not None and parent.state != PlanState.PUBLISHED else None
    base_at = copied.base_at if copied else now
    if not queries.names_of(session, [given.area_code], base_at):
        raise invalid("area_code", "is no area of this city")
    if not queries.has_units(session, given.area_code, base_at):
        raise invalid("area_code", "has no base units; `minqing city import units` brings them")
    model = parent.model if parent else workload.DEFAULT.to_json()
    plan = queries.add(
        session, title=given.title, note=given.note, area_code=given.area_code,
        parent_id=given.parent_id, base_at=base_at, state=PlanState.DRAFT, revision=1,
        author=actor.name, editors=[], model=dict(model), created_at=now, changed_at=now,
    )  # fmt: skip
    queries.add_step(session, plan, at=now, account=actor.name, step=PlanNote.CREATED,
                     state=PlanState.DRAFT, reason="")  # fmt: skip
    if copied:
        _copy(session, plan, copied, actor.name)
    return plan


def _copy(session: Session, plan: models.Plan, parent: models.Plan, account: str) -> None:
    """Begin with the moves of another plan, as the first edit; then with its locks, too."""
    moves = {
        unit: row.cell_code
        for unit, row in move_queries.moves(session, parent.id).items()
        if codes.contains(plan.area_code, row.community_code)
    }
    edits.apply(session, plan, EditKind.COPY, moves, account=account, now=plan.created_at,
                note=parent.title)  # fmt: skip
    for code in queries.locks(session, parent.id):
        if codes.contains(plan.area_code, code):
            queries.add_lock(session, plan, code)


def get(session: Session, plan_id: int, actor: Actor) -> Plan:
    """One plan.

    Raises:
        Problem: 404.
    """
    return views.shown(session, plan_id, actor)


def change(
    session: Session,
    plan_id: int,
    given: ChangedPlan,
    actor: Actor,
    *,
    now: datetime,
    if_match: str,
) -> Plan:
    """Change what is said about a draft.

    Raises:
        Problem: as `held.hold_draft`.
    """
    plan = held.hold_draft(session, plan_id, if_match)
    values: dict[str, object] = given.model_dump(exclude_none=True, include={"title", "note"})
    if given.model is not None:
        values["model"] = workload.from_json(given.model.model_dump(mode="json")).to_json()
    if values:
        queries.add_editor(session, plan, actor.name)
        queries.change(session, plan, now, **values)
    return views.shown(session, plan_id, actor)


def lock(
    session: Session, plan_id: int, code: int, actor: Actor, now: datetime, *, on: bool
) -> Plan:
    """Let an area of a draft stay as it is drawn now, or be changed again. Twice is once.

    Raises:
        Problem: as `held.hold_draft`; 422 on `code`.
    """
    plan = held.hold_draft(session, plan_id)
    if not codes.contains(plan.area_code, code):
        raise invalid("code", "lies outside the plan's area")
    there = queries.locks(session, plan_id)
    if on == (code in there):
        return views.shown(session, plan_id, actor)
    if on and len(there) >= rules.MOST_LOCKS:
        raise invalid("code", f"would be more than {rules.MOST_LOCKS} locks; lock a larger area")
    (queries.add_lock if on else queries.remove_lock)(session, plan, code)
    queries.add_editor(session, plan, actor.name)
    queries.change(session, plan, now)
    return views.shown(session, plan_id, actor)


def list_comments(session: Session, plan_id: int) -> PlanRemarks:
    """What was said about places in a plan.

    Raises:
        Problem: 404.
    """
    held.find(session, plan_id)
    found = queries.comments(session, plan_id)
    return PlanRemarks(comments=[PlanRemark(**row._mapping) for row in found])


def comment(
    session: Session, plan_id: int, given: NewComment, actor: Actor, now: datetime
) -> PlanRemark:
    """Say something about a place.

    Raises:
        Problem: 404; 409 once the plan is published or withdrawn; 422 for a place outside its area.
    """
    plan = _still_open(session, plan_id)
    cell = places.cell_at(session, given.lon, given.lat, plan.base_at)
    if cell is None or not codes.contains(plan.area_code, cell):
        raise invalid("lon", "that place lies outside the plan's area")
    if len(queries.comments(session, plan_id)) >= rules.MOST_COMMENTS:
        raise invalid("text", f"there are {rules.MOST_COMMENTS} comments already")
    comment_id = queries.add_comment(
        session, given.lon, given.lat, plan_id=plan_id, area_code=cell, at=now,
        account=actor.name, text=given.text, resolved_at=None,
    )  # fmt: skip
    return _remark(session, plan_id, comment_id)


def resolve_comment(
    session: Session, plan_id: int, comment_id: int, *, resolved: bool, now: datetime
) -> PlanRemark:
    """Settle a comment, or open it again.

    Raises:
        Problem: 404; 409 once the plan is published or withdrawn.
    """
    _still_open(session, plan_id)
    before = _remark(session, plan_id, comment_id)
    if (before.resolved_at is not None) != resolved:
        queries.resolve(session, comment_id, now if resolved else None)
    return _remark(session, plan_id, comment_id)


def _still_open(session: Session, plan_id: int) -> models.Plan:
    plan = held.hold(session, plan_id)
    if plan.state not in rules.OPEN:
        raise Problem(
            HTTPStatus.CONFLICT, "plan-closed", "The plan is closed", f"The plan is {plan.state}."
        )
    return plan


def _remark(session: Session, plan_id: int, comment_id: int) -> PlanRemark:
    row = queries.comment(session, plan_id, comment_id)
    if row is None:
        raise not_found("comment", comment_id)
    return PlanRemark(**row._mapping)


def log(session: Session, plan_id: int) -> PlanLog:
    """Everything that was done with a plan.

    Raises:
        Problem: 404.
    """
    held.find(session, plan_id)
    return PlanLog(
        steps=[PlanStepEntry(**row._mapping) for row in queries.steps(session, plan_id)],
        edits=[PlanEditEntry(**row._mapping) for row in move_queries.edits(session, plan_id,
                                                                      NEWEST_EDITS)],
    )  # fmt: skip
