"""Drawing on a plan: every change is one edit that can be undone and done again, without limit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

import numpy as np
from sqlalchemy.orm import Session

from app.core.errors import FieldError, Problem
from app.planning import held, queries, rules
from app.planning.drafts import queries as draft_queries
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.edits import moving
from app.planning.edits import queries as move_queries
from app.planning.edits.moving import Cells, MovesRefused
from app.planning.edits.schemas import EditAnswer, FaultFound, UnitMove
from app.planning.models import Plan, PlanEdit
from app.planning.rules import EditKind
from geodata import codes
from geodata.codes import Level
from geodata.rebalance.units import IntArray


def apply(
    session: Session,
    plan: Plan,
    kind: EditKind,
    moves: Mapping[int, int],
    *,
    account: str,
    now: datetime,
    note: str = "",
    job_id: int | None = None,
) -> EditAnswer:
    """Give units to other cells, as one edit. A move that breaks a cell is made, and told.

    In the caller's transaction. Units that lie there already are left out; where nothing is left
    there is no edit, and the plan's revision stays.

    Args:
        plan: a draft; it is held until the transaction ends.
        moves: unit -> cell. New cells take the next free numbers of their community.
        account: who draws.
        now: when (UTC).
        job_id: of the balance job whose result this is.

    Raises:
        Problem: 409 `plan-not-draft`; 409 `plan-busy` while a balance job works on one of the
            communities; 422 naming `moves` with what is refused.
    """
    plan = held.hold_draft(session, plan.id)
    if not moves:
        return EditAnswer(no=None, revision=plan.revision, moves=[], faults=[])
    communities = _communities(session, plan, moves)
    refuse_busy(session, plan, communities, besides=job_id)
    draft = drafts.load(session, plan, communities)
    cells = cells_of(session, plan, draft)
    after = _moved(cells, moves)
    rows = np.flatnonzero(after != draft.cells)
    if not len(rows):
        return EditAnswer(no=None, revision=plan.revision, moves=[], faults=[])
    no = move_queries.add_edit(
        session, plan, at=now, account=account, kind=kind, note=note,
        unit_ids=draft.units.unit_id[rows].tolist(), before=draft.cells[rows].tolist(),
        after=after[rows].tolist(),
    )  # fmt: skip
    return _drawn(session, plan, draft, after, account=account, now=now, no=no)


def undo(
    session: Session, plan_id: int, *, account: str, now: datetime, if_match: str
) -> EditAnswer:
    """Take the last edit back.

    Raises:
        Problem: as `held.hold_draft`; 409 `nothing-to-undo`; 422 where something is locked since.
    """
    plan = held.hold_draft(session, plan_id, if_match)
    edit = move_queries.last_edit(session, plan_id)
    if edit is None or edit.kind in rules.NO_UNDO:
        raise _nothing("undo", "There is no edit that could be undone.")
    return _replayed(session, plan, edit, edit.before, account=account, now=now)


def redo(
    session: Session, plan_id: int, *, account: str, now: datetime, if_match: str
) -> EditAnswer:
    """Make the edit again that was taken back last.

    Raises:
        Problem: as `undo`, 409 `nothing-to-redo`.
    """
    plan = held.hold_draft(session, plan_id, if_match)
    edit = move_queries.first_undone(session, plan_id)
    if edit is None:
        raise _nothing("redo", "No edit is undone.")
    return _replayed(session, plan, edit, edit.after, account=account, now=now)


def _replayed(
    session: Session,
    plan: Plan,
    edit: PlanEdit,
    cells_wanted: Sequence[int],
    *,
    account: str,
    now: datetime,
) -> EditAnswer:
    """Let the units of an edit lie in these cells, and turn its mark around."""
    wanted = dict(zip(edit.unit_ids, cells_wanted, strict=True))
    communities = _communities(session, plan, wanted)
    refuse_busy(session, plan, communities)
    draft = drafts.load(session, plan, communities)
    cells = cells_of(session, plan, draft)
    # What an edit has drawn was looked at when it was drawn; only locks may have come since.
    rows, target = cells.rows(wanted), np.array(list(wanted.values()), dtype=np.int64)
    faults = moving.locked_faults(cells, rows, target)
    if faults:
        raise refused(MovesRefused(faults))
    after = draft.cells.copy()
    after[rows] = target
    move_queries.set_undone(session, plan.id, edit.no, undone=not edit.undone)
    return _drawn(session, plan, draft, after, account=account, now=now, no=edit.no)


def _drawn(
    session: Session,
    plan: Plan,
    draft: Draft,
    after: IntArray,
    *,
    account: str,
    now: datetime,
    no: int,
) -> EditAnswer:
    """Write what the draft's units lie in, and say what is wrong with it now."""
    units, rows = draft.units, np.flatnonzero(after != draft.cells)
    columns = (units.unit_id, units.community_code, draft.base, draft.cells, after)
    moved = list(zip(*(column[rows].tolist() for column in columns), strict=True))
    drawn = {unit: (community, base, cell) for unit, community, base, _, cell in moved}
    move_queries.write_moves(session, plan, drawn)
    queries.add_editor(session, plan, account)
    queries.change(session, plan, now)
    gone = drafts.dissolved(session, plan, draft)
    return EditAnswer(
        no=no,
        revision=plan.revision,
        moves=[UnitMove(unit_id=unit, before=before, after=cell)
               for unit, _, _, before, cell in moved],
        faults=[FaultFound.of(fault) for fault in replace(draft, cells=after).faults(gone)],
    )  # fmt: skip


def cells_of(session: Session, plan: Plan, draft: Draft) -> Cells:
    """A draft as moves are judged by it."""
    locks = queries.locks(session, plan.id)
    known = np.unique(np.concatenate([draft.base, draft.cells]))
    locked = known[draft_queries.in_any(known, locks)].tolist()
    open_cells = np.unique(draft.base[~draft.fixed])
    dedicated = np.setdiff1d(draft.base, open_cells).tolist()
    communities = draft.units.community_code[draft.units.starts[:-1]].tolist()
    return Cells(
        unit_id=draft.units.unit_id, community_code=draft.units.community_code, base=draft.base,
        now=draft.cells, held=draft.units.locked, closed=frozenset([*locked, *dedicated, *locks]),
        ever=frozenset(move_queries.codes_ever(session, communities)),
    )  # fmt: skip


def refuse_busy(
    session: Session, plan: Plan, communities: Sequence[int], besides: int | None = None
) -> None:
    """Refuse to draw where a balance job is about to.

    Args:
        communities: in which something is to be drawn; none for the whole plan.
        besides: a job that may.

    Raises:
        Problem: 409 `plan-busy` with `job_id`.
    """
    for job in move_queries.balancing(session, plan.id, besides):
        areas = {*(job.params.get("areas") or ()), *(job.params.get("cells") or ())}
        over = [codes.code_range(_community_or_larger(area)) for area in areas]
        held_back = not over or not communities
        if held_back or any(lo <= code <= hi for lo, hi in over for code in communities):
            raise Problem(
                HTTPStatus.CONFLICT, "plan-busy", "The plan is being balanced",
                f"Job {job.id} is about to draw there. Wait for it, or cancel it.",
                extra={"job_id": job.id},
            )  # fmt: skip


def _community_or_larger(area: int) -> int:
    if codes.level_of(area) is Level.CELL:
        return codes.ancestor_at(area, Level.COMMUNITY)
    return area


def refused(error: MovesRefused) -> Problem:
    """Moves that cannot be made: 422, naming why."""
    errors = tuple(FieldError(f"moves.{name}", message) for name, message in error.faults)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", "Invalid input",
                   f"moves: {error}", errors)  # fmt: skip


def _moved(cells: Cells, moves: Mapping[int, int]) -> IntArray:
    try:
        return moving.moved(cells, moves)
    except MovesRefused as error:
        raise refused(error) from None


def _communities(session: Session, plan: Plan, moves: Mapping[int, int]) -> list[int]:
    """The communities of units, all of which must be known and lie in the plan's area."""
    found = move_queries.communities_of(session, moves, plan.base_at)
    unknown = sorted(moves.keys() - found.keys())
    if unknown:
        raise refused(MovesRefused([("unit_id", f"unknown units: {moving.named(unknown)}")]))
    outside = sorted(
        unit for unit, community in found.items() if not codes.contains(plan.area_code, community)
    )
    if outside:
        said = f"units outside the plan's area: {moving.named(outside)}"
        raise refused(MovesRefused([("unit_id", said)]))
    return sorted(set(found.values()))


def _nothing(what: str, detail: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, f"nothing-to-{what}", f"Nothing to {what}", detail)
