"""SQL of drafts: base units as of an instant, and what a plan says of them."""

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core.db import driver_of
from app.core.scope import within
from app.places.models import Area
from app.planning.models import BaseUnit, PlanMove
from geodata import codes
from geodata.codes import Level
from geodata.rebalance.units import BoolArray, FloatArray, IntArray

_UNITS = b"""
SELECT unit_id, community_code, cell_code, households, incidents, street_block, locked,
       ST_AsBinary(geom)
FROM base_unit WHERE valid @> %s::timestamptz AND community_code = ANY (%s)
"""
_SINCE = text("""
SELECT max(CASE WHEN upper(valid) <= :at THEN upper(valid) ELSE lower(valid) END)
FROM base_unit WHERE lower(valid) <= :at
""")


class UnitRows(NamedTuple):
    """Base units as columns of one length; `wkb` in EPSG:4326."""

    unit_id: IntArray
    community_code: IntArray
    cell_code: IntArray
    households: FloatArray
    incidents: FloatArray
    street_block: IntArray
    locked: BoolArray
    wkb: NDArray[np.object_]


class Moves(NamedTuple):
    """Units that a plan gives to another cell, side by side."""

    unit_id: IntArray
    cell_code: IntArray


def units_since(session: Session, at: datetime) -> datetime | None:
    """When the units in force at an instant had last been changed."""
    since: datetime | None = session.scalar(_SINCE, {"at": at})
    return since


def communities(session: Session, at: datetime) -> IntArray:
    """Every community that has units at an instant, ascending."""
    found = select(BaseUnit.community_code).where(BaseUnit.valid.contains(at)).distinct()
    return np.array(sorted(session.scalars(found)), dtype=np.int64)


def units(session: Session, at: datetime, of_communities: IntArray) -> UnitRows:
    """The units of communities at an instant, of which there must be some."""
    # Binary, past the ORM: a city has 140,000 of them.
    with driver_of(session).cursor(binary=True) as cursor:
        cursor.execute(_UNITS, (at, of_communities.tolist()))
        columns = list(zip(*cursor.fetchall(), strict=True))
    kinds = (np.int64, np.int64, np.int64, np.float64, np.float64, np.int64, np.bool_, np.object_)
    return UnitRows(*map(np.array, columns, kinds))


def locked_areas(session: Session, at: datetime) -> list[int]:
    """The areas that replanning must leave alone, as drawn at an instant."""
    found = select(Area.code).where(Area.valid.contains(at), Area.locked)
    return list(session.scalars(found))


def moves(session: Session, plan_id: int, codes_: tuple[int, int]) -> Moves:
    """What a plan moves inside a range of community codes (both ends in it), by unit."""
    found = (
        select(PlanMove.unit_id, PlanMove.cell_code)
        .where(
            PlanMove.plan_id == plan_id,
            PlanMove.community_code.between(*codes_),
            *within(session, PlanMove.area_code),
        )
        .order_by(PlanMove.unit_id)
    )
    rows = session.execute(found).all()
    table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)
    return Moves(table[:, 0].copy(), table[:, 1].copy())


def cells_ever(session: Session, codes_: tuple[int, int], until: datetime | None) -> list[int]:
    """Every cell that there was in a range of codes, ascending.

    Args:
        until: only those that had begun by then; None for all.
    """
    found = select(Area.code).where(Area.level == Level.CELL, Area.code.between(*codes_)).distinct()
    if until is not None:
        begun = func.lower(Area.valid)
        found = found.where(begun.is_(None) | (begun <= until))
    return sorted(session.scalars(found))


def in_any(values: IntArray, areas: list[int]) -> BoolArray:
    """(n,) whether each code lies in one of the areas, or is one."""
    if not areas:
        return np.zeros(len(values), dtype=np.bool_)
    ranges = np.array(sorted(map(codes.code_range, areas)), dtype=np.int64)
    furthest = np.maximum.accumulate(ranges[:, 1])
    before = np.searchsorted(ranges[:, 0], values, side="right") - 1
    inside: BoolArray = (before >= 0) & (values <= furthest[before])
    return inside


class CellNames(NamedTuple):
    """What cells and their communities are called at an instant, by code."""

    name: dict[int, str]
    kind: dict[int, str]


def cell_names(session: Session, between: tuple[int, int], at: datetime) -> CellNames:
    """Names and kinds of the cells and communities with codes in a range."""
    found = select(Area.code, Area.name, Area.kind).where(
        Area.level.in_((Level.CELL, Level.COMMUNITY)),
        Area.code.between(*between),
        Area.valid.contains(at),
    )
    rows = session.execute(found).all()
    return CellNames({row.code: row.name for row in rows}, {row.code: row.kind for row in rows})


def touched(session: Session, plan_id: int, between: tuple[int, int] | None = None) -> list[int]:
    """The communities in which a plan moves something, ascending.

    Args:
        between: only those with codes in a range (both ends in it); None for all.
    """
    found = (
        select(PlanMove.community_code)
        .where(PlanMove.plan_id == plan_id, *within(session, PlanMove.area_code))
        .distinct()
    )
    if between is not None:
        found = found.where(PlanMove.community_code.between(*between))
    return sorted(session.scalars(found))
