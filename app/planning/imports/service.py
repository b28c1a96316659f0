"""Taking over a plan that was drawn elsewhere: checked whole, shown where it is wrong, repaired on
request, and begun as a plan of its own or not at all."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO

import numpy as np
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.db import wait_as_long_as_it_takes, writing
from app.core.errors import Problem, invalid, unavailable
from app.files.job import FileRefused
from app.identity.rules import Actor
from app.identity.service import scope_of
from app.planning.drafts import service as drafts
from app.planning.drafts import workloads
from app.planning.drafts.ground import METRES
from app.planning.drafts.service import Draft
from app.planning.edits import queries as move_queries
from app.planning.edits import service as edits
from app.planning.edits.moving import named
from app.planning.edits.schemas import FaultFound
from app.planning.imports import files
from app.planning.imports.files import Drawn
from app.planning.imports.schemas import ImportAnswer, ImportReport, RefusedRow
from app.planning.imports.shapes import features_of
from app.planning.life import service
from app.planning.models import Plan
from app.planning.rules import EditKind
from app.planning.schemas import NewPlan
from geodata import crs
from geodata.rebalance import drawn as drawings
from geodata.rebalance import plans
from geodata.rebalance.drawn import Kind, Trouble
from geodata.rebalance.number import last_code
from geodata.rebalance.units import IntArray
from geodata.rebalance.validity import Fault, Rule

AT_ONCE = 2
LEAST_MATCHED = 0.05
"""A file that says something of fewer units of the area was meant for another one."""
MOST_REFUSED, MOST_UNITS = 200, 1_000
_PLACES = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Found:
    """A file's plan over the units of an area.

    Attributes:
        plan: (n,) the cell of each unit as the file has it; today's where it says none.
        repaired: (n,) the same with every unit in a cell of its community.
        matched: units of which the file says a cell.
        elsewhere: units or cells of the file that lie outside the area.
        troubles: what is wrong with a drawing.
        faults: what is wrong with an assignment.
    """

    plan: IntArray
    repaired: IntArray
    matched: int
    elsewhere: int
    troubles: list[Trouble] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class _NotMade(Exception):
    """Takes back what the transaction has done so far."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


@dataclass(frozen=True)
class Sent:
    """What somebody sends.

    Attributes:
        file, name: its content, and what its sender calls it.
        crs: the declared coordinate system, if any.
        layer: the one to take where the file has several, if said.
        repair: whether to mend what is wrong.
    """

    file: BinaryIO
    name: str
    crs: str | None
    layer: str | None
    repair: bool


def bring(engine: Engine, actor: Actor, sent: Sent, wanted: NewPlan, now: datetime) -> ImportAnswer:
    """Begin a plan as a file has it, in a transaction of its own.

    Raises:
        Problem: 422 naming `file`, where it cannot be read or was meant for another area, or
            `layer` with `layers`; 503 where others are being read; as `service.begin`.
    """
    if not _PLACES.acquire(blocking=False):
        raise unavailable("Other plans are being read; try again in a minute.")
    try:
        # Read first: no connection is held meanwhile.
        read = files.read(sent.file, sent.name, sent.crs, sent.layer)
        with writing(engine, scope_of(actor)) as session:
            wait_as_long_as_it_takes(session)
            plan = service.begin(session, actor, wanted)
            report = _made(session, plan, read, actor, now, repair=sent.repair)
            return ImportAnswer(plan_id=plan.id, report=report)
    except FileRefused as error:
        raise _unreadable(error) from None
    except _NotMade as error:
        return ImportAnswer(plan_id=None, report=error.report)
    finally:
        _PLACES.release()


def _unreadable(error: FileRefused) -> Problem:
    """Why a file cannot be read; where a layer must be named, with those that it has."""
    said = str(error).replace("--crs", "crs").replace("by --layer", "as layer")
    if not error.layers:
        return invalid("file", said)
    return replace(invalid("layer", said), extra={"layers": list(error.layers)})


def _made(
    session: Session, plan: Plan, read: Drawn, actor: Actor, now: datetime, *, repair: bool
) -> ImportReport:
    """Draw what a file says on a plan that is new.

    Raises:
        _NotMade: something is wrong, and is not to be repaired or cannot be.
    """
    draft = drafts.load(session, plan)
    found = _by_unit(session, plan, draft, read) if read.unit_id is not None else _by_cell(
        draft, read
    )  # fmt: skip
    if found.matched < LEAST_MATCHED * len(draft.units):
        raise invalid(
            "file",
            f"says a cell for {found.matched:,} of {len(draft.units):,} base units of the area;"
            " is it of this city, and is its coordinate system right?",
        )
    gone = drafts.dissolved(session, plan, draft)
    faults = [*found.faults, *replace(draft, cells=found.plan).faults(gone)]
    wrong = bool(read.refused or faults or found.troubles)
    target, mends = found.plan, wrong and repair
    if mends:
        target = plans.mend(draft.units, draft.borders, found.repaired)
        target = _renumbered(draft, target, move_queries.codes_ever(session, _names(draft)))
        # What is left then cannot be mended here: it is told instead.
        faults = replace(draft, cells=target).faults(gone)
        wrong = bool(faults)
    report = _report(draft, read, found, faults, target=target, repaired=mends)
    if wrong:
        raise _NotMade(report)
    rows = np.flatnonzero(target != draft.base)
    moves = dict(zip(draft.units.unit_id[rows].tolist(), target[rows].tolist(), strict=True))
    edits.apply(session, plan, EditKind.IMPORT, moves, account=actor.name, now=now,
                note=plan.title)  # fmt: skip
    return report


def _names(draft: Draft) -> list[int]:
    names: list[int] = draft.units.community_code[draft.units.starts[:-1]].tolist()
    return names


def _by_unit(session: Session, plan: Plan, draft: Draft, read: Drawn) -> Found:
    """A file that names units. Of units that it names twice the first row holds in a repair."""
    assert read.unit_id is not None
    row = workloads.rows_of(draft.units, read.unit_id)
    strange = np.unique(read.unit_id[row < 0])
    known = set(move_queries.communities_of(session, strange.tolist(), plan.base_at))
    unknown = [unit for unit in strange.tolist() if unit not in known]
    row, cell = row[row >= 0], read.cell_code[row >= 0]
    first = np.unique(row, return_index=True)[1]
    target = draft.base.copy()
    target[row[first]] = cell[first]
    twice = np.unique(draft.units.unit_id[row[target[row] != cell]]).tolist()
    faults = [
        Fault(Rule.ONCE, f"{what}: {named(units)}", units=tuple(units))
        for what, units in (("unknown units", unknown), ("units with several cells", twice))
        if units
    ]
    return Found(
        plan=target, repaired=_at_home(draft, target), matched=len(first), elsewhere=len(known),
        faults=faults,
    )  # fmt: skip


def _at_home(draft: Draft, plan: IntArray) -> IntArray:
    """The plan with what is locked, or would go to another community, where it is today."""
    base, closed = draft.base, np.setdiff1d(draft.base, draft.base[~draft.fixed])
    stays = draft.fixed | (plan // 1000 != base // 1000) | np.isin(plan, closed)
    return np.where(stays, base, plan)


def _by_cell(draft: Draft, read: Drawn) -> Found:
    """A file that draws cells."""
    assert read.geometry is not None
    if not len(read.geometry):
        raise invalid("file", "holds no cell that can be taken")
    shapes = shapely.transform(
        read.geometry, lambda xy: np.column_stack(crs.from_wgs84(xy[:, 0], xy[:, 1], METRES))
    )
    drawing = drawings.read(draft.units, read.cell_code, shapely.make_valid(shapes))
    return Found(
        plan=np.where(drawing.plan > 0, drawing.plan, draft.base),
        repaired=drawings.repaired(draft.units, draft.borders, drawing),
        matched=int(np.sum(drawing.plan > 0)),
        elsewhere=len(drawing.elsewhere),
        troubles=drawing.troubles,
    )


def _renumbered(draft: Draft, plan: IntArray, ever: set[int]) -> IntArray:
    """The plan with every new cell under the next free number of its community."""
    today = set(np.unique(draft.base).tolist())
    new = [code for code in np.unique(plan).tolist() if code not in today]
    renamed = plan.copy()
    last: dict[int, int] = {}
    for code in new:
        community = code // 1000
        taken = last.get(community) or last_code(community * 1000, ever)
        if taken % 1000 == 999:
            raise invalid("file", f"community {community * 1000} has no number left for new cells")
        last[community] = taken + 1
        renamed[plan == code] = taken + 1
    return renamed


def _report(
    draft: Draft,
    read: Drawn,
    found: Found,
    faults: list[Fault],
    *,
    target: IntArray,
    repaired: bool,
) -> ImportReport:
    count = {kind: sum(one.kind is kind for one in found.troubles) for kind in Kind}
    told = [FaultFound.of(fault) for fault in faults]
    for fault in told:
        fault.units = fault.units[:MOST_UNITS]
    return ImportReport(
        format=read.format,
        crs=read.crs,
        rows=read.rows,
        units=len(draft.units),
        matched=found.matched,
        left_out=len(draft.units) - found.matched,
        elsewhere=found.elsewhere,
        moved=int(np.sum(target != draft.base)),
        gaps=count[Kind.GAP],
        overlaps=count[Kind.OVERLAP],
        slivers=count[Kind.CUT],
        foreign=count[Kind.FOREIGN],
        outside=count[Kind.OUTSIDE],
        refused=len(read.refused),
        refused_rows=[
            RefusedRow(row=one.row, field=one.field, reason=one.reason)
            for one in read.refused[:MOST_REFUSED]
        ],
        faults=told,
        features=features_of(found.troubles),
        repaired=repaired,
        confined=read.confined,
    )
