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

PARTS = 6 + len(shapes.zooms_of(Level.CELL))
"""How often `redraw` calls its `part`."""


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
    moves = move_queries.moves(session, plan.id)
    communities = sorted({move.community_code for move in moves.values()})
    _refuse_strange(session, communities)
    before = sorted({move.base_cell for move in moves.values()})
    touched = sorted({*before, *(move.cell_code for move in moves.values())})
    said = {row.code: row for row in sql.cells_in_force(session, touched)}
    part()
    sql.move_units(session, plan.id, at)
    part()
    cells = _dissolved(session, touched)
    part()
    sql.close_cells(session, said, at)
    part()
    _write_areas(session, cells, said, at)
    _write_shapes(session, cells.code, at, part)
    standing = set(cells.code.tolist())
    gone = tuple(code for code in said if code not in standing)
    sql.end_assignments(session, gone, at)
    version = versions.next_boundary_version(session, at)
    versions.close_boundary_version(session, at)
    versions.write_boundary_version(session, version, area_rows.since(at), f"plan {plan.id}")
    return Redrawn(
        version, tuple(communities), tuple(code for code in said if code in standing),
        tuple(sorted(standing - said.keys())), gone,
    )  # fmt: skip


def _refuse_strange(session: Session, communities: list[int]) -> None:
    strange = sql.strange_cells(session, communities)
    if strange:
        named = ", ".join(map(str, strange[:20]))
        raise Problem(
            HTTPStatus.CONFLICT, "base-units", "Cells and base units do not belong together",
            f"Cells without units, or units without their cell: {named}. Import the units anew.",
        )  # fmt: skip


def _dissolved(session: Session, touched: list[int]) -> _Cells:
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
    content = area_rows.area_rows(table, cells.geometry, first_id, area_rows.since(at))
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
    frame = gpd.GeoDataFrame(
        {"code": around.code, "level": Level.CELL.value}, geometry=around.geometry, crs="EPSG:4326"
    )
    drawn = shapes.for_zooms(frame, shapes.zooms_of(Level.CELL), part)
    drawn = drawn[np.isin(drawn["code"].to_numpy(), first)]
    geometry = as_multi(drawn.geometry.to_numpy())
    part()
    held = sql.shapes_in_force(session, first)
    keys = list(zip(drawn["zoom"].tolist(), drawn["code"].tolist(), strict=True))
    wkb = shapely.to_wkb(geometry)
    differs = np.array([held.get(key) != one for key, one in zip(keys, wkb, strict=True)])
    rows = np.flatnonzero(differs)
    stale = [keys[row] for row in rows if keys[row] in held]
    sql.close_shapes(session, [zoom for zoom, _ in stale], [code for _, code in stale], at)
    table = pa.table({name: drawn[name].to_numpy()[rows] for name in ("code", "level", "zoom")})
    content = area_rows.shape_rows(table, geometry[rows], _ids(around), area_rows.since(at))
    copy_table(driver_of(session), "area_shape", content)


def _ids(around: Outlines) -> pa.Table:
    return pa.table({"id": pa.array(around.area_id), "code": pa.array(around.code)})
