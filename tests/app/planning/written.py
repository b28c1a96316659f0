"""Plans written straight into the tables, for tests that only look at them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.core.db import writing
from app.planning.models import BaseUnit, Plan, PlanLock, PlanMove
from geodata.rebalance import workload

DISTRICT = 620_111_000_000_000


def add_plan(
    engine: Engine,
    moves: Mapping[int, int] | None = None,
    *,
    area: int = DISTRICT,
    locks: tuple[int, ...] = (),
    **columns: Any,
) -> int:
    """A plan of an area that gives units to other cells (unit -> cell); gives back its number."""
    now = datetime.now(UTC)
    said = {
        "title": "试验", "note": "", "base_at": now, "state": "draft", "revision": 1,
        "author": "test_admin", "editors": ["test_admin"], "model": workload.DEFAULT.to_json(),
        "created_at": now, "changed_at": now,
    } | columns  # fmt: skip
    with writing(engine) as session:
        plan = Plan(area_code=area, **said)
        session.add(plan)
        session.flush()
        for unit_id, cell in (moves or {}).items():
            session.add(_move(session, plan, unit_id, cell))
        for code in locks:
            session.add(PlanLock(plan_id=plan.id, area_code=area, locked_code=code))
        return plan.id


def _move(session: Session, plan: Plan, unit_id: int, cell: int) -> PlanMove:
    base = session.scalars(
        select(BaseUnit).where(BaseUnit.unit_id == unit_id, BaseUnit.valid.contains(plan.base_at))
    ).one()
    return PlanMove(
        plan_id=plan.id, unit_id=unit_id, area_code=plan.area_code,
        community_code=base.community_code, base_cell=base.cell_code, cell_code=cell,
    )  # fmt: skip
