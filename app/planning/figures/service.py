"""A plan in figures: its measures, its cells, its moves, beside the boundaries it began from."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from app.planning.drafts import queries
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.figures.schemas import (
    DissolvedCells,
    Measures,
    PlanCells,
    PlanMeasures,
    PlanMoves,
)
from app.planning.models import Plan
from geodata import codes
from geodata.codes import Level
from geodata.rebalance import measures as figures
from geodata.rebalance.measures import Cells
from geodata.rebalance.units import BoolArray, FloatArray, IntArray, sums

EDGES = (-1.0, -0.5, -0.4, -0.3, -0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Classes of deviation; the last one reaches as far as the farthest cell does."""


def measures_of(session: Session, plan: Plan, area_code: int | None) -> PlanMeasures:
    """A plan in figures, beside the boundaries that it began from.

    Raises:
        Problem: 422 on `area`.
    """
    draft = drafts.in_area(session, plan, area_code)
    today, cells_today = figures.measure(draft.units, draft.borders, draft.base)
    drawn, cells = figures.measure(draft.units, draft.borders, draft.cells)
    off = [found.deviation[found.free] for found in (cells_today, cells)]
    farthest = max((float(one.max(initial=0.0)) for one in off), default=0.0)
    bins = [*EDGES, max(1.0, np.floor(farthest * 10.0 + 1.0) / 10.0)]
    return PlanMeasures(
        area_code=area_code or plan.area_code,
        today=Measures.model_validate(today),
        draft=Measures.model_validate(drawn),
        bins=bins,
        today_counts=_counts(off[0], bins),
        draft_counts=_counts(off[1], bins),
        revision=draft.revision,
    )


def _counts(deviation: FloatArray, bins: list[float]) -> list[int]:
    place = np.searchsorted(np.array(bins), deviation, side="right") - 1
    counts = np.bincount(np.clip(place, 0, len(bins) - 2), minlength=len(bins) - 1)
    return [int(count) for count in counts]


def cells_of(session: Session, plan: Plan, area_code: int | None) -> PlanCells:
    """The cells of a plan with their figures today and in the draft.

    Raises:
        Problem: 422 on `area`.
    """
    draft = drafts.in_area(session, plan, area_code)
    units, borders = draft.units, draft.borders
    today = figures.cells_of(units, borders, draft.base)
    cells = figures.cells_of(units, borders, draft.cells)
    count = len(cells.code)
    place = _rows_of(cells.code, today.code)
    was = place >= 0
    name = names(session, plan.base_at, np.union1d(cells.code, today.code))
    return PlanCells(
        code=cells.code.tolist(),
        name=[name[code] for code in cells.code.tolist()],
        community_code=cells.community.tolist(),
        load_today=_where(was, today.load[place]),
        load=cells.load.tolist(),
        deviation_today=_where(was, today.deviation[place]),
        deviation=cells.deviation.tolist(),
        households=cells.households.tolist(),
        incidents=sums(cells.index, units.incidents, count).tolist(),
        area_m2=cells.area_m2.tolist(),
        compactness=compactness(cells).tolist(),
        pieces=cells.pieces.tolist(),
        units=np.bincount(cells.index, minlength=count).tolist(),
        free=cells.free.tolist(),
        changed=np.isin(cells.code, changed_cells(draft)).tolist(),
        dissolved=_dissolved(today, cells, name),
        area_code=area_code or plan.area_code,
        revision=draft.revision,
    )


def compactness(cells: Cells) -> FloatArray:
    """(k,) 4 pi area / perimeter² of each cell."""
    length = cells.perimeter_m**2
    answer: FloatArray = np.divide(
        4.0 * np.pi * cells.area_m2, length, out=np.zeros_like(length), where=length > 0
    )
    return answer


def changed_cells(draft: Draft) -> IntArray:
    """The cells that gave or got a unit, ascending."""
    moved = draft.cells != draft.base
    return np.union1d(draft.cells[moved], draft.base[moved])


def names(session: Session, at: datetime, wanted: Iterable[int]) -> dict[int, str]:
    """The name of each cell; new ones are called after their community, as all are."""
    cells = np.asarray(wanted, dtype=np.int64)
    between = codes.ancestor_at(int(cells.min()), Level.COMMUNITY), int(cells.max())
    known = queries.cell_names(session, between, at).name
    return {code: known.get(code) or new_name(code, known) for code in cells.tolist()}


def new_name(cell_code: int, known: dict[int, str]) -> str:
    """What a new cell is called.

    Args:
        known: names by code, its community's among them.
    """
    community = known.get(codes.ancestor_at(cell_code, Level.COMMUNITY), "")
    return f"{community}第{cell_code % 1000}网格"


def _rows_of(code: IntArray, among: IntArray) -> IntArray:
    """(n,) where each code stands among ascending ones, -1 where it does not."""
    place = np.minimum(np.searchsorted(among, code), len(among) - 1)
    return np.where(among[place] == code, place, -1)


def _where(known: BoolArray, values: FloatArray) -> list[float | None]:
    rows = zip(known.tolist(), values.tolist(), strict=True)
    return [value if is_known else None for is_known, value in rows]


def _dissolved(today: Cells, cells: Cells, name: dict[int, str]) -> DissolvedCells:
    gone = ~np.isin(today.code, cells.code)
    return DissolvedCells(
        code=today.code[gone].tolist(),
        name=[name[code] for code in today.code[gone].tolist()],
        community_code=today.community[gone].tolist(),
        load_today=today.load[gone].tolist(),
        deviation_today=today.deviation[gone].tolist(),
        households_today=today.households[gone].tolist(),
    )


def moves_of(session: Session, plan: Plan) -> PlanMoves:
    """The units that a plan gives to other cells, by number."""
    touched = queries.touched(session, plan.id, codes.code_range(plan.area_code))
    if not touched:
        return PlanMoves(unit_id=[], before=[], after=[], households=[], revision=plan.revision)
    draft = drafts.load(session, plan, touched)
    rows = np.flatnonzero(draft.cells != draft.base)
    rows = rows[np.argsort(draft.units.unit_id[rows], kind="stable")]
    return PlanMoves(
        unit_id=draft.units.unit_id[rows].tolist(),
        before=draft.base[rows].tolist(),
        after=draft.cells[rows].tolist(),
        households=draft.units.households[rows].tolist(),
        revision=draft.revision,
    )
