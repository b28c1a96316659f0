"""What is wrong with a plan, each with a place to look at: faults first, then uneven cells."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.planning.drafts import queries
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.figures.bench import in_degrees
from app.planning.figures.schemas import PlanProblem, PlanProblems
from app.planning.models import Plan
from geodata import codes
from geodata.rebalance import measures
from geodata.rebalance.measures import Cells
from geodata.rebalance.mending import pieces_of
from geodata.rebalance.units import IntArray
from geodata.rebalance.validity import Fault, Rule

BOUNDS = ((0.20, "beyond_20"), (0.15, "beyond_15"))
MOST_UNITS = 200
_EDGE = 1e-12  # a cell right on the bound is within it, as in the measures


@dataclass(frozen=True)
class Found:
    """A problem before it is looked up where it is.

    Attributes:
        rows: units concerned.
        where: to show instead of them, in EPSG:4544.
    """

    kind: str
    detail: str
    cells: tuple[int, ...]
    rows: IntArray
    rule: Rule | None = None
    deviation: float | None = None
    where: BaseGeometry | None = None


def problems_of(session: Session, plan: Plan, area_code: int | None, limit: int) -> PlanProblems:
    """The problems of a plan, `limit` of them at most.

    What the plan changes must pass the whole gate; elsewhere only cells in pieces are told.

    Raises:
        Problem: 422 on `area`.
    """
    draft = drafts.in_area(session, plan, area_code)
    cells = measures.cells_of(draft.units, draft.borders, draft.cells)
    faults = list(_faults(session, plan, draft, cells, area_code or plan.area_code))
    uneven = list(_uneven(draft, cells))
    return PlanProblems(
        problems=_told(draft, [*faults, *uneven][:limit]),
        total=len(faults) + len(uneven),
        faults=len(faults),
        area_code=area_code or plan.area_code,
        revision=draft.revision,
    )


def _faults(
    session: Session, plan: Plan, draft: Draft, cells: Cells, area_code: int
) -> Iterator[Found]:
    touched = queries.touched(session, plan.id, codes.code_range(area_code))
    told: list[Fault] = []
    if touched:
        part = drafts.load(session, plan, touched)
        told = part.faults(drafts.dissolved(session, plan, part))
    elsewhere = ~np.isin(cells.community, touched)
    broken = cells.code[(cells.pieces > 1) & elsewhere]
    if len(broken):
        said = "cells lie in more than one piece"
        told.append(Fault(Rule.IN_ONE_PIECE, said, tuple(broken.tolist())))
    if told:
        yield from _by_cell(draft, told)


def _by_cell(draft: Draft, faults: list[Fault]) -> Iterator[Found]:
    """Faults cell by cell, so that one can be looked at after the other."""
    drawn, base = _Groups(draft.cells), _Groups(draft.base)
    ways = draft.borders.passable
    piece = pieces_of(draft.cells, draft.borders.one[ways], draft.borders.other[ways])
    for fault in faults:
        named = np.isin(draft.units.unit_id, fault.units)
        if fault.where is not None or not fault.cells:
            rows = np.flatnonzero(named | np.isin(draft.cells, fault.cells))
            yield _found(draft, fault, fault.cells, rows)
            continue
        for cell in fault.cells:
            rows = drawn.rows(cell)
            if fault.units:
                inside = rows[named[rows]]
                rows = inside if len(inside) else base.rows(cell)[named[base.rows(cell)]]
            if fault.rule is Rule.IN_ONE_PIECE:
                rows = _stray(rows, piece[rows])
            yield _found(draft, fault, (cell,), rows)


class _Groups:
    """The rows of each cell."""

    def __init__(self, cells: IntArray) -> None:
        self._order = np.argsort(cells, kind="stable")
        self._sorted = cells[self._order]

    def rows(self, cell: int) -> IntArray:
        """Those of one cell, ascending."""
        first, last = np.searchsorted(self._sorted, [cell, cell + 1])
        return self._order[first:last]


def _found(draft: Draft, fault: Fault, cells: tuple[int, ...], rows: IntArray) -> Found:
    shown = rows if len(rows) else np.arange(len(draft.units))
    return Found("fault", fault.detail, cells, shown, fault.rule, where=fault.where)


def _stray(rows: IntArray, piece: IntArray) -> IntArray:
    """Of the units of a cell in pieces those that are not in its largest piece.

    Args:
        piece: of each of the rows.
    """
    names, count = np.unique(piece, return_counts=True)
    stray: IntArray = rows[piece != names[np.argmax(count)]]
    return stray


def _uneven(draft: Draft, cells: Cells) -> Iterator[Found]:
    off = np.where(cells.free, np.abs(cells.deviation) - _EDGE, 0.0)
    order = np.argsort(-off, kind="stable")
    rows_of = np.argsort(cells.index, kind="stable")
    first = np.append(0, np.cumsum(np.bincount(cells.index, minlength=len(cells.code))))
    for cell in order.tolist():
        kind = next((kind for bound, kind in BOUNDS if off[cell] > bound), None)
        if kind is None:
            return
        deviation = float(cells.deviation[cell])
        yield Found(
            kind, f"load is {deviation:+.0%} off the community's mean",
            (int(cells.code[cell]),), rows_of[first[cell] : first[cell + 1]], deviation=deviation,
        )  # fmt: skip


def _told(draft: Draft, found: list[Found]) -> list[PlanProblem]:
    places = np.array([_place(draft, one) for one in found], dtype=object)
    lon_lat = shapely.get_coordinates(in_degrees(places)) if found else np.empty((0, 2))
    return [
        PlanProblem(
            kind=one.kind, rule=one.rule, detail=one.detail, cells=list(one.cells),
            units=draft.units.unit_id[one.rows[:MOST_UNITS]].tolist(),
            lon=lon, lat=lat, deviation=one.deviation,
        )
        for one, (lon, lat) in zip(found, lon_lat.tolist(), strict=True)
    ]  # fmt: skip


def _place(draft: Draft, found: Found) -> BaseGeometry:
    """A point (EPSG:4544) in the middle of what is concerned, on one of its edges or units."""
    if found.where is not None:
        return found.where.representative_point()
    shapes = draft.units.geometry[found.rows]
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    centre = np.average(middle, axis=0, weights=draft.units.area_m2[found.rows])
    nearest = shapes[int(np.argmin(np.hypot(*(middle - centre).T)))]
    inside: BaseGeometry = nearest.representative_point()
    return inside
