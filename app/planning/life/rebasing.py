"""Bringing a plan up to date: its moves onto the boundaries that are in force now."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import FieldError, Problem, invalid
from app.identity.rules import Actor
from app.places import versions
from app.planning import held, queries
from app.planning.edits import queries as move_queries
from app.planning.edits import service as edits
from app.planning.life import merging, steps, views
from app.planning.life.merging import Merged, Unit
from app.planning.models import Plan
from app.planning.queries import AnyRow
from app.planning.rules import EditKind, PlanNote
from app.planning.schemas import Plan as ShownPlan
from app.planning.schemas import RebasedPlan


def rebase(
    session: Session, plan_id: int, given: RebasedPlan, actor: Actor, *, if_match: str
) -> ShownPlan:
    """Let a draft change the boundaries in force now instead of those of its base.

    Raises:
        Problem: as `held.hold_draft`; 409 `plan-busy`, `boundaries-busy`; 409
            `plan-behind` with `difference`: units that both have changed, where `keep` does not say
            whose cell they keep; 422 where a community has used all its numbers.
    """
    now = versions.instant_of_base(session)
    plan = held.hold_draft(session, plan_id, if_match)
    edits.refuse_busy(session, plan, ())
    if move_queries.changed_between(session, plan.area_code, plan.base_at, now):
        _onto(session, plan, given, actor.name, now)
    queries.add_editor(session, plan, actor.name)
    queries.change(session, plan, now, base_at=now)
    steps.write(session, plan, PlanNote.REBASED, account=actor.name, now=now,
                reason=given.keep.value if given.keep else "")  # fmt: skip
    return views.shown(session, plan_id, actor)


def _onto(session: Session, plan: Plan, given: RebasedPlan, account: str, now: datetime) -> None:
    moves = move_queries.moves(session, plan.id)
    communities = sorted({row.community_code for row in moves.values()})
    current = move_queries.cells_of_units(session, moves, now)
    units = [_unit(unit_id, row, current) for unit_id, row in moves.items()]
    ever = move_queries.codes_ever(session, communities)
    last = {
        community: max((code for code in ever if code // 1000 == community // 1000),
                       default=community)
        for community in communities
    }  # fmt: skip
    merged = merging.merge(
        units,
        move_queries.cells_in(session, communities, plan.base_at),
        move_queries.cells_in(session, communities, now),
        last,
        given.keep,
    )
    if merged.conflicts and given.keep is None:
        raise behind(map(_told, merged.conflicts))
    if any(cell // 1000 != old // 1000 for old, cell in merged.renamed.items()):
        raise invalid("plan", "a community has used all its numbers")
    _write(session, plan, {unit.unit_id: unit for unit in units}, merged)
    move_queries.add_edit(
        session, plan, at=now, account=account, kind=EditKind.REBASE, note="",
        unit_ids=[unit.unit_id for unit in units], before=[unit.plan for unit in units],
        after=[_after(unit, merged) for unit in units],
    )  # fmt: skip


def _unit(unit_id: int, row: AnyRow, current: Mapping[int, tuple[int, int]]) -> Unit:
    community, cell = current.get(unit_id, (0, 0))
    return Unit(
        unit_id=unit_id, community_code=row.community_code, base=row.base_cell,
        plan=row.cell_code, current=cell if community == row.community_code else None,
    )  # fmt: skip


def _after(unit: Unit, merged: Merged) -> int:
    return merged.cells.get(unit.unit_id, unit.current or unit.base)


def _write(session: Session, plan: Plan, units: Mapping[int, Unit], merged: Merged) -> None:
    move_queries.forget_moves(session, plan.id)
    drawn = {
        unit_id: (units[unit_id].community_code, units[unit_id].current or 0, cell)
        for unit_id, cell in merged.cells.items()
    }
    move_queries.write_moves(session, plan, drawn)
    locks = [code for code in queries.locks(session, plan.id) if code in merged.renamed]
    for code in locks:
        queries.remove_lock(session, plan, code)
    for code in locks:
        queries.add_lock(session, plan, merged.renamed[code])


def _told(unit: Unit) -> dict[str, int | None]:
    return {"unit_id": unit.unit_id, "base_cell": unit.base, "current_cell": unit.current,
            "plan_cell": unit.plan}  # fmt: skip


def behind(difference: Iterable[Mapping[str, int | None]]) -> Problem:
    """Boundaries that a plan touches have changed since its base: 409 with `difference`."""
    units = [dict(unit) for unit in difference]
    return Problem(
        HTTPStatus.CONFLICT, "plan-behind", "The boundaries have changed",
        f"{len(units)} units of communities that the plan touches have changed since its base."
        " Bring it up to date (rebase).",
        (FieldError("base_at", "lies before the last change of these boundaries"),),
        extra={"difference": units},
    )  # fmt: skip
