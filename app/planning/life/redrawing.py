"""Putting a plan into force: its cells take the place of those that it changes, at one instant.

Rows are closed and opened, never changed: whoever asks for a minute before is answered as before.
Cells that are not redrawn keep their row; incidents, and everything else that names a cell, are
left alone. All of it belongs to the caller's transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy.orm import Session

from app.core.copying import as_multi, copy_table
from app.core.db import driver_of
from app.core.errors import Problem
from app.places import rows as area_rows
from app.places import versions
from app.planning import queries as plan_queries
from app.planning.edits import queries as move_queries
from app.planning.life import queries as sql
from app.planning.life.queries import GeometryArray, Outlines
from app.planning.life.sharing import household_count, shares
from app.planning.models import Plan
from geodata import codes, shapes
from geodata.codes import Level
from geodata.coverage import dissolve
from geodata.rebalance.units import IntArray

PARTS = 5 + len(shapes.zooms_of(Level.CELL))
"""How often `redraw` calls its `part`."""
CELLS_AT_ONCE = 1_000
"""Cells of which the units, or the outlines as text, are in memory together."""


@dataclass(frozen=True)
class Redrawn:
    """What was put into force.

    Attributes:
        version: the boundary version that it made.
        communities: those in which cells were redrawn.
        changed, new, dissolved: cells that were redrawn, made, ended.
    """

    version: int
    communities: tuple[int, ...]
    changed: tuple[int, ...]
    new: tuple[int, ...]
    dissolved: tuple[int, ...]


@dataclass(frozen=True)
class _Cells:
    """Cells of which a plan changes something, as they will be: side by side, by code."""

    code: IntArray
    households: list[float]
    geometry: GeometryArray


def redraw(session: Session, plan: Plan, at: datetime, part: Callable[[], None]) -> Redrawn:
    """Put a plan that fits the boundaries in force into their place.

    Args:
        at: the instant, taken behind the lock (`versions.lock_boundaries`).
        part: called `PARTS` times, before each part of the work; what it raises ends it.

    Raises:
        Problem: 409 `base-units` where cells and units do not belong together.
    """
    communities, touched = _touched(session, plan)
    _refuse_strange(session, communities)
    said = {row.code: row for row in sql.cells_in_force(session, touched)}
    part()
    sql.move_units(session, plan.id, at)
    part()
    cells = _dissolved(session, touched)
    part()
    sql.close_cells(session, said, at)
    part()
    _write_areas(session, cells, said, at)
    redrawn = cells.code
    del cells  # their outlines are read again, with those around them
    _write_shapes(session, redrawn, at, part)
    standing = set(redrawn.tolist())
    gone = tuple(code for code in said if code not in standing)
    sql.end_assignments(session, gone, at)
    version = versions.next_boundary_version(session, at)
    versions.close_boundary_version(session, at)
    versions.write_boundary_version(session, version, area_rows.since(at), f"plan {plan.id}")
    return Redrawn(
        version, tuple(communities), tuple(code for code in said if code in standing),
        tuple(sorted(standing - said.keys())), gone,
    )  # fmt: skip


def _touched(session: Session, plan: Plan) -> tuple[list[int], list[int]]:
    """The communities in which a plan moves units, and the cells that units leave or come to."""
    moves = move_queries.moves(session, plan.id).values()
    cells = {cell for move in moves for cell in (move.base_cell, move.cell_code)}
    return sorted({move.community_code for move in moves}), sorted(cells)


def _refuse_strange(session: Session, communities: list[int]) -> None:
    strange = sql.strange_cells(session, communities)
    if strange:
        named = ", ".join(map(str, strange[:20]))
        raise Problem(
            HTTPStatus.CONFLICT, "base-units", "Cells and base units do not belong together",
            f"Cells without units, or units without their cell: {named}. Import the units anew.",
        )  # fmt: skip


def _dissolved(session: Session, touched: list[int]) -> _Cells:
    """
    Args:
        touched: codes, ascending.
    """
    parts = [
        _dissolved_part(session, touched[begin : begin + CELLS_AT_ONCE])
        for begin in range(0, len(touched), CELLS_AT_ONCE)
    ]
    return _Cells(
        np.concatenate([part.code for part in parts]),
        [one for part in parts for one in part.households],
        np.concatenate([part.geometry for part in parts]),
    )


def _dissolved_part(session: Session, touched: list[int]) -> _Cells:
    units = sql.units_of(session, touched)
    code, index = np.unique(units.cell_code, return_inverse=True)
    households = np.bincount(index, weights=units.households, minlength=len(code))
    return _Cells(code, households.tolist(), dissolve(units.geometry, units.cell_code))


def _write_areas(session: Session, cells: _Cells, said: Mapping[int, Any], at: datetime) -> None:
    """Rows of the redrawn cells: name, kind and lock are kept; households are those of the units;
    as many residents as before are shared out by households inside each community."""
    code = cells.code.tolist()
    parent = codes.ancestors_at(cells.code, Level.COMMUNITY).tolist()
    names = plan_queries.names_of(session, sorted(set(parent)), at)
    total: dict[int, int] = defaultdict(int)
    for one, row in said.items():
        total[codes.ancestor_at(one, Level.COMMUNITY)] += row.residents
    weight: dict[int, dict[int, float]] = defaultdict(dict)
    for one, up, households in zip(code, parent, cells.households, strict=True):
        weight[up][one] = households
    residents: dict[int, int] = {}
    for community, weights in weight.items():
        residents |= shares(total[community], weights)

    def kept(name: str, otherwise: Any) -> list[Any]:
        return [getattr(said[one], name) if one in said else otherwise for one in code]

    new_names = [f"{names[up]}第{one % 1000}网格" for one, up in zip(code, parent, strict=True)]
    table = pa.table(
        {
            "code": cells.code,
            "level": pa.repeat(Level.CELL.value, len(code)),
            "parent_code": pa.array(parent, pa.int64()),
            "name": pa.array(
                [said[one].name if one in said else new
                 for one, new in zip(code, new_names, strict=True)]
            ),
            "name_en": pa.array(kept("name_en", None), pa.string()),
            "kind": pa.array(kept("kind", "grid_cell")),
            "households": pa.array([household_count(one) for one in cells.households]),
            "residents": pa.array([residents[one] for one in code]),
            "locked": pa.array(kept("locked", False)),
        }
    )  # fmt: skip
    first_id = versions.first_free_id(session, "area")
    for begin in range(0, len(code), CELLS_AT_ONCE):
        content = area_rows.area_rows(
            table.slice(begin, CELLS_AT_ONCE),
            cells.geometry[begin : begin + CELLS_AT_ONCE],
            first_id + begin,
            area_rows.since(at),
        )
        copy_table(driver_of(session), "area", content)


def _write_shapes(
    session: Session, redrawn: IntArray, at: datetime, part: Callable[[], None]
) -> None:
    """Shapes for tiles, of the redrawn cells and of their neighbours as far as these change.

    An outline is simplified piece by piece, from one point where three cells meet to the next. So a
    neighbour that keeps its outline may change its shape, where such a point on its border has
    moved: it gets a new shape under its old row, or tiles would show a gap there. Around them a
    second ring of cells is simplified along, for the points that lie on the far side of the
    neighbours, and nothing of it is written.
    """
    part()
    first = sql.neighbours(session, redrawn.tolist())
    around = sql.outlines(session, sql.neighbours(session, first))
    frame = gpd.GeoDataFrame(geometry=around.geometry, crs="EPSG:4326")
    is_written = np.isin(around.code, first)
    code = around.code[is_written]
    area_ids = _ids(around)
    for zoom, shape in shapes.by_zoom(frame, shapes.zooms_of(Level.CELL), part):
        drawn = shape[is_written]
        for begin in range(0, len(code), CELLS_AT_ONCE):
            some = slice(begin, begin + CELLS_AT_ONCE)
            _write_zoom(session, zoom, code[some], as_multi(drawn[some]), area_ids, at)


def _write_zoom(  # noqa: PLR0917 where, which, and what
    session: Session,
    zoom: int,
    code: IntArray,
    shape: GeometryArray,
    area_ids: pa.Table,
    at: datetime,
) -> None:
    """Shapes of cells at one zoom in the place of those that differ."""
    held = sql.shapes_in_force(session, zoom, code.tolist())
    wkb = shapely.to_wkb(shape)
    differs = [held.get(one) != drawn for one, drawn in zip(code.tolist(), wkb, strict=True)]
    rows = np.flatnonzero(differs)
    redrawn = code[rows]
    stale = [one for one in redrawn.tolist() if one in held]
    sql.close_shapes(session, zoom, stale, at)
    table = pa.table(
        {
            "code": redrawn,
            "level": pa.repeat(Level.CELL.value, len(rows)),
            "zoom": pa.repeat(zoom, len(rows)),
        }
    )
    content = area_rows.shape_rows(table, shape[rows], area_ids, area_rows.since(at))
    copy_table(driver_of(session), "area_shape", content)


def _ids(around: Outlines) -> pa.Table:
    return pa.table({"id": pa.array(around.area_id), "code": pa.array(around.code)})
