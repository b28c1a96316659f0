"""Edits that find the units by themselves: splitting, joining, mending, going back to the base."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from app.core.errors import invalid
from app.identity.rules import Actor
from app.planning import held
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.edits import moving, service
from app.planning.edits import queries as move_queries
from app.planning.edits.schemas import EditAnswer, NewEdit
from app.planning.models import Plan
from app.planning.rules import EditKind
from geodata import codes
from geodata.codes import Level
from geodata.rebalance import number, plans
from geodata.rebalance.units import BoolArray, IntArray


def edit(
    session: Session, plan_id: int, given: NewEdit, actor: Actor, *, now: datetime, if_match: str
) -> EditAnswer:
    """Change a draft by hand.

    Raises:
        Problem: as `held.hold_draft` and `service.apply`; 422 naming `cell_code`, `into` or
            `area_code`.
    """
    plan = held.hold_draft(session, plan_id, if_match)
    moves = _FIND[given.kind](session, plan, given)
    return service.apply(
        session, plan, given.kind, moves, account=actor.name, now=now, note=given.note
    )


def _given(session: Session, plan: Plan, given: NewEdit) -> dict[int, int]:
    return {move.unit_id: move.cell_code for move in given.moves or ()}


def _split(session: Session, plan: Plan, given: NewEdit) -> dict[int, int]:
    cell, draft = _cell(session, plan, given.cell_code, "cell_code")
    cells = service.cells_of(session, plan, draft)
    try:
        (new_code,) = moving.next_codes(cells, codes.ancestor_at(cell, Level.COMMUNITY), 1)
        after = number.split(draft.units, draft.borders, draft.cells, cell, new_code=new_code)
    except moving.MovesRefused as error:
        raise service.refused(error) from None
    except ValueError as error:
        raise invalid("cell_code", str(error)) from None
    return _changed(draft, after)


def _join(session: Session, plan: Plan, given: NewEdit) -> dict[int, int]:
    cell, draft = _cell(session, plan, given.cell_code, "cell_code")
    into = given.into
    if into is None or into == cell or not bool((draft.cells == into).any()):
        raise invalid("into", "is no other cell of the same community in this plan")
    return _changed(draft, number.join(draft.cells, into, cell))


def _mend(session: Session, plan: Plan, given: NewEdit) -> dict[int, int]:
    draft = _part(session, plan, given)
    after = plans.mend(draft.units, draft.borders, draft.cells)
    return _changed(draft, after, _only(draft, given.cell_code))


def _reset(session: Session, plan: Plan, given: NewEdit) -> dict[int, int]:
    if given.cell_code is None:
        within = given.area_code or plan.area_code
        return {
            unit: row.base_cell
            for unit, row in move_queries.moves(session, plan.id).items()
            if codes.contains(within, row.community_code)
        }
    draft = _part(session, plan, given)
    was = draft.base == given.cell_code
    return _changed(draft, draft.base, was | _only(draft, given.cell_code))


_FIND = {
    EditKind.MOVE: _given,
    EditKind.SPLIT: _split,
    EditKind.JOIN: _join,
    EditKind.MEND: _mend,
    EditKind.RESET: _reset,
}


def _cell(session: Session, plan: Plan, cell: int | None, field: str) -> tuple[int, Draft]:
    """A cell that the plan has, and its community."""
    if cell is None or codes.level_of(cell) is not Level.CELL:
        raise invalid(field, "must be a cell")
    draft = _community(session, plan, codes.ancestor_at(cell, Level.COMMUNITY), field)
    if not bool((draft.cells == cell).any()):
        raise invalid(field, "is no cell of this plan")
    return cell, draft


def _community(session: Session, plan: Plan, community: int, field: str) -> Draft:
    if not codes.contains(plan.area_code, community):
        raise invalid(field, "lies outside the plan's area")
    if not len(drafts.communities_of(session, plan, community)):
        raise invalid(field, "has no base units")
    return drafts.load(session, plan, [community])


def _part(session: Session, plan: Plan, given: NewEdit) -> Draft:
    """The communities that `mend` and `reset` name; the whole plan where they name none."""
    if given.cell_code is not None and given.area_code is not None:
        raise invalid("area_code", "names a cell or an area, not both")
    if given.cell_code is not None:
        return _cell_of_base_or_plan(session, plan, given.cell_code)
    return drafts.in_area(session, plan, given.area_code)


def _cell_of_base_or_plan(session: Session, plan: Plan, cell: int) -> Draft:
    if codes.level_of(cell) is not Level.CELL:
        raise invalid("cell_code", "must be a cell")
    draft = _community(session, plan, codes.ancestor_at(cell, Level.COMMUNITY), "cell_code")
    if not bool(((draft.cells == cell) | (draft.base == cell)).any()):
        raise invalid("cell_code", "is no cell of this plan")
    return draft


def _only(draft: Draft, cell: int | None) -> BoolArray:
    if cell is None:
        return np.ones(len(draft.cells), dtype=np.bool_)
    inside: BoolArray = draft.cells == cell
    return inside


def _changed(draft: Draft, after: IntArray, among: BoolArray | None = None) -> dict[int, int]:
    different = after != draft.cells if among is None else (after != draft.cells) & among
    rows: Sequence[int] = np.flatnonzero(different).tolist()
    return {int(draft.units.unit_id[row]): int(after[row]) for row in rows}
