"""Borders between today's cells across which cases are sent back and forth."""

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.core.errors import invalid
from app.planning.drafts import case_queries
from app.planning.drafts import service as drafts
from app.planning.drafts.cases import cases_in
from app.planning.drafts.ground import METRES
from app.planning.drafts.service import Draft
from app.planning.models import Plan
from app.planning.studies.period import period_before
from app.planning.studies.schemas import PlanSeams, SeamFound, SeamMove
from geodata import codes, crs
from geodata.codes import Level
from geodata.rebalance import seams
from geodata.rebalance.seams import Returns, Seam
from geodata.rebalance.units import IntArray

MOST_SEAMS = 100


def seams_of(session: Session, plan: Plan, area_code: int | None) -> PlanSeams:
    """Today's borders in an area across which cases of the last year were sent back and forth.

    Raises:
        Problem: 422 on `area` for more than a district, or outside the plan; as `drafts.load`.
    """
    area = area_code or plan.area_code
    if codes.level_of(area) is Level.CITY:
        raise invalid("area", "must be a district at most")
    time = period_before(plan)
    draft = drafts.in_area(session, plan, area)
    found_in = cases_in(session, draft.units, time, returns=True)
    count = len(draft.units)
    cases = np.bincount(found_in.unit, minlength=count)
    returned = np.bincount(found_in.unit[found_in.rows.returned], minlength=count)
    everywhere = case_queries.every_return(session, time)
    usual = everywhere[1] / everywhere[0] if everywhere[0] else 0.0
    found = seams.seams(
        draft.units, draft.borders, draft.base, Returns(cases, returned), usual=usual
    )
    return PlanSeams(
        area_code=area,
        since=time.since,
        until=time.until,
        usual=usual,
        least_cases=seams.LEAST_CASES,
        total=len(found),
        seams=[_seam(draft, seam, returned) for seam in found[:MOST_SEAMS]],
    )


def _seam(draft: Draft, seam: Seam, returned: IntArray) -> SeamFound:
    rows = np.array(seam.rows)
    sent_back = draft.cells[rows[returned[rows] > 0]]
    both = np.isin(draft.base, [seam.one, seam.other]) | np.isin(
        draft.cells, [seam.one, seam.other]
    )
    redrawn = bool(np.any(draft.base[both] != draft.cells[both]))
    move = None if redrawn or seam.move is None else seam.move
    return SeamFound(
        one=seam.one,
        other=seam.other,
        length_m=round(seam.length_m, 1),
        cases=seam.cases,
        returned=seam.returned,
        rate=seam.rate,
        lower=seam.lower,
        times=seam.times,
        avoided=redrawn and len(np.unique(sent_back)) == 1,
        redrawn=redrawn,
        move=None
        if move is None
        else SeamMove(
            giver=move.giver,
            taker=move.taker,
            unit_ids=np.sort(draft.units.unit_id[list(move.rows)]).tolist(),
            households=move.households,
        ),
        geometry=_border(draft, seam),
    )


def _border(draft: Draft, seam: Seam) -> dict[str, object]:
    """The common border of two cells as GeoJSON, EPSG:4326."""
    ways, base = draft.borders, draft.base
    ends = {seam.one, seam.other}
    across = np.flatnonzero(
        np.isin(base[ways.one], list(ends)) & np.isin(base[ways.other], list(ends))
        & (base[ways.one] != base[ways.other])
    )  # fmt: skip
    geometry = draft.units.geometry
    shared = shapely.intersection(geometry[ways.one[across]], geometry[ways.other[across]])
    parts = shapely.get_parts(shared)
    lines = shapely.line_merge(shapely.union_all(parts[shapely.get_dimensions(parts) == 1]))
    moved = shapely.transform(
        lines, lambda xy: np.column_stack(crs.to_wgs84(xy[:, 0], xy[:, 1], METRES))
    )
    drawn = [
        np.round(shapely.get_coordinates(line), 6).tolist() for line in shapely.get_parts(moved)
    ]
    return {"type": "MultiLineString", "coordinates": [line for line in drawn if len(line) > 1]}
