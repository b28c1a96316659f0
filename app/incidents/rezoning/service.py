"""Letting open cases follow the boundaries, in the transaction that redraws these."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.core.audiences import Audience
from app.core.clock import utc_now
from app.core.outbox import emit_all
from app.incidents.cases import due
from app.incidents.cases import service as cases
from app.incidents.cases.schemas import Incident
from app.incidents.clocks.service import calendar_of
from app.incidents.lifecycle import queries as step_queries
from app.incidents.queries import AnyRow, Rows
from app.incidents.reading import queries as reading_queries
from app.incidents.reading import service as reading
from app.incidents.reading.service import CaseKey
from app.incidents.rezoning import queries
from app.incidents.rules import Step
from app.places import versions
from geodata.progress import Progress, Silent

CHANGED_TOPIC = "incident.changed"
LEFT_TOPIC = "incident.left"
PART = 500
EVER = datetime(1970, 1, 1, tzinfo=UTC)
MEANWHILE = timedelta(minutes=5)
"""Longer than a report is under way."""


def follow_boundaries(
    session: Session,
    at: datetime,
    *,
    cells: Sequence[int] | None = None,
    emit: bool = True,
    progress: Progress | None = None,
) -> int:
    """Log for each open case whose place now lies in another cell that it is there from now on,
    with the worker of that cell; every list, count and scope follows. Closed cases stay.

    To be called once the new boundaries are written, at the end of their transaction: from here on
    steps of these cases wait for it, and reports for its last moment.

    Args:
        session: of the owner role.
        at: from when the new boundaries are in force.
        cells: only cases that lie in these; None for all.
        emit: whether both cells hear of each move; otherwise the caller resets the stream.
        progress: told of the cases; may cancel.

    Returns:
        How many cases moved.
    """
    progress = progress or Silent()
    looked_at = utc_now()
    moved = _move(session, queries.strayed(session, cells, EVER), at, emit, progress)
    # What was reported meanwhile, filed in a cell of before: once nobody can report any more.
    versions.change_cells(session)
    late = queries.strayed(session, cells, looked_at - MEANWHILE)
    return moved + _move(session, late, at, emit, progress)


def _move(session: Session, strayed: Rows, at: datetime, emit: bool, progress: Progress) -> int:
    """Move cases, and tell of it where that is asked for; how many were still open."""
    if not strayed:
        return 0
    queries.hold(session, strayed)
    moves = queries.moves(session, strayed, at)
    if moves:
        queries.write_events(session, moves)
        reading_queries.move(session, moves)
        _read_anew(session, moves)
    for begin in range(0, len(moves) if emit else 0, PART):
        progress.step("open cases", begin, len(moves))
        _tell(session, moves[begin : begin + PART], at)
    progress.step("open cases", len(moves), max(len(moves), 1))
    return len(moves)


def _read_anew(session: Session, moves: Rows) -> None:
    """Fold the cases whose worker has none to follow: for whom they wait is another question."""
    lost = [move for move in moves if move.old_unit is not None and move.new_unit is None]
    known = reading_queries.open_rows(session, [move.no for move in lost])
    for move in lost:
        key = CaseKey(move.no, move.reported_at, known[move.no].category, move.new_cell)
        reading.record(session, key, step_queries.log_of(session, move.no, move.reported_at))


def _tell(session: Session, moves: Sequence[AnyRow], at: datetime) -> None:
    rows = reading_queries.open_rows(session, [move.no for move in moves])
    shown = due.in_order(session, list(rows.values()))
    clocks = due.clocks_of(list(rows.values()), calendar_of(session), at)
    heads = {one.no: one for one in cases.as_they_stand(session, shown, clocks, at)}
    emit_all(
        session,
        (
            event
            for move in moves
            if (head := heads.get(move.no)) is not None
            for event in _events(head, move)
        ),
    )


def _events(head: Incident, move: AnyRow) -> Iterator[tuple[str, int, Audience, dict[str, Any]]]:
    """Those of the new cell and of the old one: topic, area code, audience, payload."""
    payload = head.told(move.at)
    yield CHANGED_TOPIC, move.new_cell, Audience.CASES, {**payload, "step": Step.REZONE}
    left = {"id": str(head.id), "no": move.no, "at": payload["at"]}
    yield LEFT_TOPIC, move.old_cell, Audience.CASES, left
