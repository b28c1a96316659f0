"""SQL of what is drawn: the moves of plans, the edits that made them, the units under them.

Instants are UTC.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from app.core.types import among
from app.planning.drafts import queries as draft_queries
from app.planning.models import BaseUnit, Plan, PlanEdit, PlanJob, PlanMove
from app.planning.rules import JobKind, JobState
from geodata import codes

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]


def moves(session: Session, plan_id: int) -> dict[int, AnyRow]:
    """What a plan moves, by unit: `community_code`, `base_cell`, `cell_code`."""
    found = select(
        PlanMove.unit_id, PlanMove.community_code, PlanMove.base_cell, PlanMove.cell_code
    ).where(PlanMove.plan_id == plan_id)
    return {row.unit_id: row for row in session.execute(found)}


def communities_of(session: Session, unit_ids: Iterable[int], at: datetime) -> dict[int, int]:
    """The community of each unit that is known."""
    found = select(BaseUnit.unit_id, BaseUnit.community_code).where(
        among(BaseUnit.unit_id, unit_ids), BaseUnit.valid.contains(at)
    )
    return {row.unit_id: row.community_code for row in session.execute(found)}


def changed_between(session: Session, area_code: int, since: datetime, until: datetime) -> bool:
    """Whether any unit of an area was changed after one instant, up to another."""
    lo, hi = codes.code_range(area_code)
    begun, ended = func.lower(BaseUnit.valid), func.upper(BaseUnit.valid)
    found = select(BaseUnit.id).where(
        BaseUnit.community_code.between(lo, hi),
        or_((begun > since) & (begun <= until), (ended > since) & (ended <= until)),
    )
    return session.scalar(found.limit(1)) is not None


def cells_in(session: Session, communities: Sequence[int], at: datetime) -> dict[int, set[int]]:
    """The cells of communities at an instant, by community; a community without any has none."""
    found = (
        select(BaseUnit.community_code, BaseUnit.cell_code)
        .where(among(BaseUnit.community_code, communities), BaseUnit.valid.contains(at))
        .distinct()
    )
    cells: dict[int, set[int]] = {community: set() for community in communities}
    for row in session.execute(found):
        cells[row.community_code].add(row.cell_code)
    return cells


def cells_of_units(
    session: Session, unit_ids: Iterable[int], at: datetime
) -> dict[int, tuple[int, int]]:
    """Community and cell of units at an instant, of those that are there."""
    found = select(BaseUnit.unit_id, BaseUnit.community_code, BaseUnit.cell_code).where(
        among(BaseUnit.unit_id, unit_ids), BaseUnit.valid.contains(at)
    )
    return {row.unit_id: (row.community_code, row.cell_code) for row in session.execute(found)}


def codes_ever(session: Session, communities: Sequence[int]) -> set[int]:
    """Codes of all cells that there have ever been in communities."""
    found = session.scalars(
        text(
            "SELECT code FROM area WHERE level = 'cell' AND parent_code = ANY (:communities)"
            " UNION SELECT cell_code FROM base_unit WHERE community_code = ANY (:communities)"
        ),
        {"communities": list(communities)},
    )
    return set(found)


def write_moves(session: Session, plan: Plan, drawn: Mapping[int, tuple[int, int, int]]) -> None:
    """Let units lie in these cells: unit -> its community, its cell at the base, its cell.

    A unit that lies where it lay at the base is no move.
    """
    mine = (PlanMove.plan_id == plan.id) & among(PlanMove.unit_id, drawn)
    session.execute(delete(PlanMove).where(mine))
    rows = [(unit, *cells) for unit, cells in drawn.items() if cells[1] != cells[2]]
    # As four arrays: a city's plan moves tens of thousands.
    session.execute(
        text(
            "INSERT INTO plan_move (plan_id, area_code, unit_id, community_code, base_cell,"
            "  cell_code)"
            " SELECT :plan_id, :area_code, m.* FROM unnest(CAST(:unit_ids AS bigint[]),"
            "  CAST(:communities AS bigint[]), CAST(:bases AS bigint[]),"
            "  CAST(:cells AS bigint[])) m"
        ),
        {
            "plan_id": plan.id, "area_code": plan.area_code,
            **{name: [row[column] for row in rows]
               for column, name in enumerate(("unit_ids", "communities", "bases", "cells"))},
        },
    )  # fmt: skip


def forget_moves(session: Session, plan_id: int) -> None:
    """Let every unit lie where it lies at the base."""
    session.execute(delete(PlanMove).where(PlanMove.plan_id == plan_id))


def edits(session: Session, plan_id: int, limit: int) -> Rows:
    """The newest edits, newest first, with `units`."""
    found = select(
        PlanEdit.no, PlanEdit.at, PlanEdit.account, PlanEdit.kind, PlanEdit.note, PlanEdit.undone,
        func.cardinality(PlanEdit.unit_ids).label("units"),
    ).where(PlanEdit.plan_id == plan_id)  # fmt: skip
    return session.execute(found.order_by(PlanEdit.no.desc()).limit(limit)).all()


def last_edit(session: Session, plan_id: int) -> PlanEdit | None:
    """The newest edit that stands."""
    found = select(PlanEdit).where(PlanEdit.plan_id == plan_id, ~PlanEdit.undone)
    return session.scalar(_fresh(found.order_by(PlanEdit.no.desc()).limit(1)))


def first_undone(session: Session, plan_id: int) -> PlanEdit | None:
    """The edit that was undone last: the oldest of them."""
    found = select(PlanEdit).where(PlanEdit.plan_id == plan_id, PlanEdit.undone)
    return session.scalar(_fresh(found.order_by(PlanEdit.no).limit(1)))


def _fresh(found: Select[PlanEdit]) -> Select[PlanEdit]:
    return found.execution_options(populate_existing=True)


def add_edit(session: Session, plan: Plan, **values: Any) -> int:
    """A new edit; those that are undone are forgotten. Its number."""
    session.execute(delete(PlanEdit).where(PlanEdit.plan_id == plan.id, PlanEdit.undone))
    last = select(func.coalesce(func.max(PlanEdit.no), 0)).where(PlanEdit.plan_id == plan.id)
    no = (session.scalar(last) or 0) + 1
    session.execute(
        insert(PlanEdit).values(
            plan_id=plan.id, no=no, area_code=plan.area_code, undone=False, **values
        )
    )
    return no


def set_undone(session: Session, plan_id: int, no: int, *, undone: bool) -> None:
    """Note that an edit is undone, or stands again."""
    session.execute(
        update(PlanEdit).where(PlanEdit.plan_id == plan_id, PlanEdit.no == no).values(undone=undone)
    )


def balancing(session: Session, plan_id: int, besides: int | None = None) -> Rows:
    """Jobs that are about to change a plan: `id`, `params`."""
    found = select(PlanJob.id, PlanJob.params).where(
        PlanJob.plan_id == plan_id,
        PlanJob.kind == JobKind.BALANCE,
        or_(PlanJob.state == JobState.WAITING, PlanJob.state == JobState.RUNNING),
    )
    if besides is not None:
        found = found.where(PlanJob.id != besides)
    return session.execute(found).all()


_DIFFERENCE = text("""
WITH base AS (
    SELECT * FROM base_unit WHERE community_code = ANY (:communities)
    AND valid @> CAST(:base_at AS timestamptz)
), standing AS (
    SELECT * FROM base_unit WHERE community_code = ANY (:communities)
    AND valid @> CAST(:at AS timestamptz)
)
SELECT coalesce(base.unit_id, standing.unit_id) AS unit_id, base.cell_code AS base_cell,
       standing.cell_code AS current_cell, m.cell_code AS plan_cell
FROM base FULL JOIN standing ON standing.unit_id = base.unit_id
LEFT JOIN plan_move m
  ON m.plan_id = :plan_id AND m.unit_id = coalesce(base.unit_id, standing.unit_id)
WHERE base.id IS DISTINCT FROM standing.id
  AND (base.cell_code IS DISTINCT FROM standing.cell_code
       OR ST_AsBinary(base.geom) IS DISTINCT FROM ST_AsBinary(standing.geom))
ORDER BY 1
""")


def difference(session: Session, plan: Plan, at: datetime) -> Rows:
    """Units of the communities that a plan touches which are not at `at` as they are at its base:
    `unit_id`, `base_cell`, `current_cell`, `plan_cell`; None for a unit that was not there, and for
    one that the plan does not move."""
    communities = draft_queries.touched(session, plan.id)
    words = {"communities": communities, "base_at": plan.base_at, "at": at, "plan_id": plan.id}
    return session.execute(_DIFFERENCE, words).all()
