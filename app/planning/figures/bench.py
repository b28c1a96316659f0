"""One community of a plan, with everything that is needed to edit it."""

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.core.errors import invalid
from app.planning import queries as plan_queries
from app.planning.drafts import queries
from app.planning.drafts import service as drafts
from app.planning.drafts.ground import METRES
from app.planning.figures import service
from app.planning.figures.schemas import Bench, BenchCell, BenchUnit, Ring
from app.planning.models import Plan
from geodata import codes, crs
from geodata.rebalance import measures
from geodata.rebalance.units import GeometryArray

DIGITS = 7
"""Decimals of degrees: about a centimetre."""


def bench_of(session: Session, plan: Plan, community_code: int) -> Bench:
    """A community as it is edited.

    Raises:
        Problem: 422 on `code`: it is not in the plan's area, or has no base units.
    """
    if not codes.contains(plan.area_code, community_code):
        raise invalid("code", "lies outside the plan's area")
    if not len(drafts.communities_of(session, plan, community_code)):
        raise invalid("code", "has no base units")
    draft = drafts.load(session, plan, [community_code])
    units, borders = draft.units, draft.borders
    drawn = measures.cells_of(units, borders, draft.cells)
    between = (community_code, community_code + 999)
    known = queries.cell_names(session, between, plan.base_at)
    locked = plan_queries.locks(session, plan.id) + queries.locked_areas(session, plan.base_at)
    every = np.union1d(draft.cells, draft.base)
    in_locked = queries.in_any(every, locked)
    today = set(draft.base.tolist())
    free = drawn.load[drawn.free]
    columns = (
        units.unit_id, draft.cells, draft.base, units.households, units.incidents, units.load,
        units.locked, units.area_m2, units.rim_m,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), rings_of(units.geometry), strict=True)
    names = ("unit_id", "cell", "today", "households", "incidents", "load", "locked", "area_m2",
             "rim_m", "rings")  # fmt: skip
    return Bench(
        code=community_code,
        name=known.name.get(community_code, ""),
        revision=draft.revision,
        mean_load=float(free.mean()) if len(free) else 0.0,
        model=plan.model,
        cells=[
            BenchCell(
                code=code,
                name=known.name.get(code) or service.new_name(code, known.name),
                kind=known.kind.get(code, "grid_cell"),
                locked=is_locked,
                today=code in today,
            )
            for code, is_locked in zip(every.tolist(), in_locked.tolist(), strict=True)
        ],
        dissolved=sorted(drafts.dissolved(session, plan, draft)),
        units=[BenchUnit(**dict(zip(names, row, strict=True))) for row in rows],
        borders=list(
            zip(
                borders.one.tolist(), borders.other.tolist(),
                np.round(borders.length_m, 3).tolist(), borders.on_street.tolist(),
                borders.passable.tolist(), strict=True,
            )
        ),
    )  # fmt: skip


def in_degrees(geometry: GeometryArray) -> GeometryArray:
    """The same in EPSG:4326, on a grid of 1e-7 degrees (about a centimetre).

    Corners that units have in common stay in common.
    """

    def back(xy: np.ndarray) -> np.ndarray:
        return np.round(np.column_stack(crs.to_wgs84(xy[:, 0], xy[:, 1], METRES)), DIGITS)

    return np.asarray(shapely.transform(geometry, back))


def rings_of(geometry: GeometryArray) -> list[list[Ring]]:
    """The rings of each Polygon (EPSG:4544), the outer first: lon, lat in degrees."""
    rings, owner = shapely.get_rings(in_degrees(geometry), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    parts = np.split(xy, np.flatnonzero(np.diff(ring)) + 1)
    answer: list[list[Ring]] = [[] for _ in geometry]
    for one, row in zip(parts, owner.tolist(), strict=True):
        answer[row].append([(lon, lat) for lon, lat in one.tolist()])
    return answer
