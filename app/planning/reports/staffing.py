"""What a plan means for those who answer for its cells, as they are assigned now."""

from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from app.dispatch.rules import STAFFING_RULE_NAME
from app.planning.drafts import queries as draft_queries
from app.planning.drafts import service as drafts
from app.planning.models import Plan
from app.planning.reports import queries
from app.planning.reports.schemas import FreedUnit, PlanStaffing, RuleEffect
from geodata import codes
from geodata.codes import Level
from geodata.rebalance.units import IntArray


def staffing_of(session: Session, plan: Plan, now: datetime) -> PlanStaffing:
    """The effect of a plan on assignments and on the staffing rule, if it came into force now."""
    touched = draft_queries.touched(session, plan.id, codes.code_range(plan.area_code))
    if not touched:
        return PlanStaffing(
            new_cells=[], dissolved_cells=[], needs_worker=[], freed_units=[], rules=[],
            revision=plan.revision,
        )  # fmt: skip
    draft = drafts.load(session, plan, touched)
    drawn, today = np.unique(draft.cells), np.unique(draft.base)
    gone = np.setdiff1d(today, drawn).tolist()
    worked = queries.worked(session, drawn.tolist(), now)
    return PlanStaffing(
        new_cells=np.setdiff1d(drawn, today).tolist(),
        dissolved_cells=gone,
        needs_worker=[code for code in drawn.tolist() if code not in worked],
        freed_units=[FreedUnit.model_validate(row) for row in queries.ending(session, gone, now)],
        rules=_rules(session, touched, today, drawn, now),
        revision=draft.revision,
    )


def _rules(
    session: Session, communities: list[int], today: IntArray, drawn: IntArray, now: datetime
) -> list[RuleEffect]:
    found: dict[int, RuleEffect] = {}
    for row in queries.rules(session, communities, now):
        effect = found.setdefault(
            row.area_code,
            RuleEffect(
                community_code=row.area_code, rule=STAFFING_RULE_NAME[row.area_kind],
                cells_today=_count(today, row.area_code), cells_draft=_count(drawn, row.area_code),
                required={}, present={}, ok=True,
            ),
        )  # fmt: skip
        effect.required[row.role] = row.required
        effect.present[row.role] = row.present
        effect.ok &= row.present >= row.required
    return list(found.values())


def _count(cells: IntArray, community: int) -> int:
    return int(np.sum(codes.ancestors_at(cells, Level.COMMUNITY) == community))
