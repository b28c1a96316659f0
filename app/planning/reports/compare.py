"""Two plans side by side, where both have something to say."""

import numpy as np
from sqlalchemy.orm import Session

from app.core.errors import invalid
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.drafts.workloads import rows_of
from app.planning.figures.schemas import Measures
from app.planning.models import Plan
from app.planning.reports.schemas import Comparison
from geodata import codes
from geodata.rebalance import measures, workload


def compare(session: Session, mine: Plan, other: Plan) -> Comparison:
    """What two plans make of the area that both cover, weighed by the model of the first.

    Raises:
        Problem: 422 on `other_id`: they have no area in common.
    """
    area = _common(mine.area_code, other.area_code)
    model = workload.from_json(mine.model)
    one, two = (_draft(session, plan, area, model) for plan in (mine, other))
    row = rows_of(two.units, one.units.unit_id)
    both = np.flatnonzero(row >= 0)
    differ = both[one.cells[both] != two.cells[row[both]]]
    differ = differ[np.argsort(one.units.unit_id[differ], kind="stable")]
    mine_cell, other_cell = one.cells[differ], two.cells[row[differ]]
    return Comparison(
        area_code=area,
        mine=_measured(one),
        other=_measured(two),
        unit_id=one.units.unit_id[differ].tolist(),
        mine_cell=mine_cell.tolist(),
        other_cell=other_cell.tolist(),
        households=one.units.households[differ].tolist(),
        cells=np.union1d(mine_cell, other_cell).tolist(),
        unlike_units=int(np.sum(row < 0)) + len(two.units) - len(both),
        revision=one.revision,
        other_revision=two.revision,
    )


def _common(one: int, other: int) -> int:
    if codes.contains(one, other):
        return other
    if codes.contains(other, one):
        return one
    raise invalid("other_id", "covers no area that this plan covers")


def _draft(session: Session, plan: Plan, area: int, model: workload.WorkloadModel) -> Draft:
    communities = drafts.communities_of(session, plan, area).tolist()
    return drafts.load(session, plan, communities, model=model)


def _measured(draft: Draft) -> Measures:
    drawn, _ = measures.measure(draft.units, draft.borders, draft.cells)
    return Measures.model_validate(drawn)
