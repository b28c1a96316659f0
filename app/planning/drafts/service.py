"""A plan over the ground that it is drawn on: its units with their load, and the cell of each."""

import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.orm import Session

from app.core.errors import invalid
from app.core.scope import clipped
from app.planning import queries as plan_queries
from app.planning.drafts import ground, queries, workloads
from app.planning.drafts.ground import Ground, Kept, State
from app.planning.models import Plan
from app.planning.rules import PlanState
from geodata import codes
from geodata.codes import Level
from geodata.progress import Progress, Silent, Stretch
from geodata.rebalance import validity, workload
from geodata.rebalance.borders import Borders
from geodata.rebalance.units import BoolArray, FloatArray, IntArray, Units
from geodata.rebalance.validity import Fault
from geodata.rebalance.workload import Counting, WorkloadModel

LOADS_BYTES = 32_000_000
LISTEN_EVERY_S = 0.5

_LOADS: Kept[FloatArray] = Kept(LOADS_BYTES, lambda load: load.nbytes + 600)
_WEIGHING = threading.Lock()


@dataclass(frozen=True)
class Draft:
    """A plan's cells over its base units, or over some communities of them.

    Attributes:
        units: in EPSG:4544, with the load of the plan's own model. `locked` are those that nothing
            may move now: locked as drawn, or in a cell that the plan locks as it is in the draft.
        borders: between them.
        cells: (n,) the cell of each unit in the draft.
        fixed: (n,) those of the locked that are locked as drawn: what a valid plan must not have
            moved. A cell that was changed first and locked then is no fault.
    """

    plan_id: int
    revision: int
    units: Units
    borders: Borders
    cells: IntArray
    fixed: BoolArray

    @property
    def base(self) -> IntArray:
        """(n,) the cell of each unit in the boundaries that the plan began from."""
        return self.units.cell_code

    def faults(self, dissolved: frozenset[int]) -> list[Fault]:
        """What keeps the draft from being published, as far as these communities go.

        Args:
            dissolved: codes that no cell may take again, as `dissolved` gives them.
        """
        drawn = replace(self.units, locked=self.fixed)
        return validity.faults_of(drawn, self.borders, self.cells, dissolved=dissolved)


def load(
    session: Session,
    plan: Plan,
    communities: Sequence[int] | None = None,
    *,
    model: WorkloadModel | None = None,
    progress: Progress | None = None,
) -> Draft:
    """A plan, or some communities of it.

    Args:
        communities: their codes, all inside the plan's area; None for every one.
        model: what makes work; None for the plan's own.
        progress: told how far it is, and may cancel; None for somebody who waits.

    Raises:
        Problem: 422 on `area` where there are no units; 409 `base-units`.
    """
    state = ground.state_at(session, plan.base_at)
    wanted = _communities(session, plan, state, communities)
    watch = progress or Silent()
    below = ground.read(session, state, plan.base_at, wanted, Stretch(watch, 0.0, 0.7))
    weights = model or workload.from_json(plan.model)
    load_ = _load(session, plan, state, wanted, below, weights, Stretch(watch, 0.7, 1.0))
    units = below.units.with_load(load_)
    first, last = int(wanted[0]), int(wanted[-1])
    cells = units.cell_code.copy()
    moves = queries.moves(session, plan.id, (first, last))
    row = workloads.rows_of(units, moves.unit_id)
    cells[row[row >= 0]] = moves.cell_code[row >= 0]
    kept = queries.in_any(cells, plan_queries.locks(session, plan.id))
    return Draft(
        plan_id=plan.id, revision=plan.revision, units=units.with_locked(kept),
        borders=below.borders, cells=cells, fixed=units.locked,
    )  # fmt: skip


def in_area(session: Session, plan: Plan, area_code: int | None) -> Draft:
    """The part of a plan that lies in an area: a community or larger, the plan's own by default.

    Raises:
        Problem: 422 on `area`; 409 `base-units`.
    """
    if area_code is None or area_code == plan.area_code:
        return load(session, plan)
    if not codes.contains(plan.area_code, area_code):
        raise invalid("area", "lies outside the plan's area")
    if codes.level_of(area_code) is Level.CELL:
        raise invalid("area", "must be a community or larger")
    return load(session, plan, communities_of(session, plan, area_code).tolist())


def communities_of(session: Session, plan: Plan, area_code: int) -> IntArray:
    """The communities of an area that have units in the plan's base, ascending."""
    state = ground.state_at(session, plan.base_at)
    return ground.communities_in(session, state, plan.base_at, codes.code_range(area_code))


def dissolved(session: Session, plan: Plan, draft: Draft) -> frozenset[int]:
    """Codes of cells that there were once in the draft's communities, and not in its base.

    Of a published plan only those that were there before: its own new cells are not dissolved.
    """
    first, last = int(draft.units.community_code[0]), int(draft.units.community_code[-1])
    until = plan.base_at if plan.state == PlanState.PUBLISHED else None
    ever = queries.cells_ever(session, (first, last + 999), until)
    return frozenset(ever) - frozenset(np.unique(draft.base).tolist())


def _communities(
    session: Session, plan: Plan, state: State, asked: Sequence[int] | None
) -> IntArray:
    inside = ground.communities_in(session, state, plan.base_at, codes.code_range(plan.area_code))
    if asked is not None:
        wanted = np.unique(np.asarray(asked, dtype=np.int64))
        if not np.isin(wanted, inside).all():
            raise invalid("area", "has no base units inside the plan's area")
        inside = wanted
    if not len(inside):
        raise invalid("area", "has no base units")
    return inside


def _load(  # noqa: PLR0917 whose, where, by what
    session: Session,
    plan: Plan,
    state: State,
    wanted: IntArray,
    below: Ground,
    model: WorkloadModel,
    progress: Progress,
) -> FloatArray:
    """The load of each unit by a model."""
    if model == workload.DEFAULT:
        return below.units.load
    # What is forecast of a unit depends on its whole area: it must not differ by what is shown.
    whole = model.incidents is Counting.FORECAST
    scope = clipped(session, (0, 10**15)) if model.incidents is not Counting.LISTED else None
    key = (state, plan.base_at, repr(model.to_json()), plan.area_code if whole else None, scope)
    keys: list[Hashable] = [(key, code) for code in wanted.tolist()]
    found = _LOADS.find(keys)
    if len(found) < len(keys):
        with _turn(_WEIGHING, progress):
            found |= _LOADS.find(keys)
            if len(found) < len(keys):
                weighed = _weigh(session, plan, state, below, model, progress)
                made: dict[Hashable, FloatArray] = {
                    (key, code): load for code, load in weighed.items()
                }
                _LOADS.keep(made)
                found |= made
    return np.concatenate([found[key] for key in keys])


@contextmanager
def _turn(lock: threading.Lock, progress: Progress) -> Iterator[None]:
    """The lock, for which somebody waits who can be cancelled meanwhile."""
    while not lock.acquire(timeout=LISTEN_EVERY_S):
        progress.step("wait", 0, 1)
    try:
        yield
    finally:
        lock.release()


def _weigh(  # noqa: PLR0917 as `_load`
    session: Session,
    plan: Plan,
    state: State,
    below: Ground,
    model: WorkloadModel,
    progress: Progress,
) -> dict[int, FloatArray]:
    units = below.units
    if model.incidents is Counting.FORECAST:
        every = _communities(session, plan, state, None)
        units = ground.read(session, state, plan.base_at, every, Stretch(progress, 0.0, 0.5)).units
    load_ = workloads.loads_of(session, units, model, plan.base_at, Stretch(progress, 0.5, 1.0))
    names = units.community_code[units.starts[:-1]].tolist()
    # Copies: a view would hold on to the whole.
    parts = [part.copy() for part in np.split(load_, units.starts[1:-1])]
    return dict(zip(names, parts, strict=True))
