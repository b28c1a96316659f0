"""The report of one street: figures, maps and what goes where, for one sheet of paper."""

import numpy as np
import orjson
import shapely
from sqlalchemy.orm import Session

from app.core.errors import invalid
from app.planning import queries
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.figures import service as figures
from app.planning.figures.schemas import Measures
from app.planning.models import Plan
from app.planning.reports.outlines import Outlines, outlines_of
from app.planning.reports.schemas import CommunityFigures, Passage, StreetReport
from geodata import codes
from geodata.rebalance import measures
from geodata.rebalance.units import IntArray

_OF_PLAN = (
    "id", "title", "note", "state", "author", "area_code", "base_at", "publish_on", "published_at",
    "revision",
)  # fmt: skip


def report_of(session: Session, plan: Plan, subdistrict_code: int) -> StreetReport:
    """One subdistrict of a plan, before and after.

    Raises:
        Problem: 422 on `code`: it is not in the plan, or has no base units.
    """
    street = _inside(plan, subdistrict_code)
    communities = drafts.communities_of(session, plan, street).tolist()
    if not communities:
        raise invalid("code", "has no base units")
    draft = drafts.load(session, plan, communities)
    name = queries.names_of(session, [subdistrict_code, *communities], plan.base_at)
    today, drawn = _measured(draft)
    return StreetReport(
        plan={key: getattr(plan, key) for key in _OF_PLAN},
        code=subdistrict_code,
        name=name.get(subdistrict_code, ""),
        today=today,
        draft=drawn,
        communities=[_community(session, plan, code, name.get(code, "")) for code in communities],
        cells=figures.cells_of(session, plan, street),
        outlines_today=_outlines(outlines_of(draft, draft.base)),
        outlines_draft=_outlines(outlines_of(draft, draft.cells)),
        passages=passages_of(draft),
        revision=draft.revision,
    )


def _inside(plan: Plan, subdistrict_code: int) -> int:
    """The part of a subdistrict that the plan covers: a plan may be of one community."""
    if codes.contains(plan.area_code, subdistrict_code):
        return subdistrict_code
    if codes.contains(subdistrict_code, plan.area_code):
        return plan.area_code
    raise invalid("code", "lies outside the plan's area")


def _community(session: Session, plan: Plan, code: int, name: str) -> CommunityFigures:
    today, drawn = _measured(drafts.load(session, plan, [code]))
    return CommunityFigures(code=code, name=name, today=today, draft=drawn)


def _measured(draft: Draft) -> tuple[Measures, Measures]:
    return _measures(draft, draft.base), _measures(draft, draft.cells)


def _measures(draft: Draft, cells: IntArray) -> Measures:
    return Measures.model_validate(measures.measure(draft.units, draft.borders, cells)[0])


def _outlines(found: Outlines) -> list[dict[str, object]]:
    texts = shapely.to_geojson(found.geometry).tolist()
    rows = zip(found.code.tolist(), found.changed.tolist(), texts, strict=True)
    return [
        {"code": code, "changed": changed, "geometry": orjson.loads(text)}
        for code, changed, text in rows
    ]


def passages_of(draft: Draft) -> list[Passage]:
    """How many units and households go from which cell to which, by both codes."""
    moved = np.flatnonzero(draft.cells != draft.base)
    pairs = np.column_stack([draft.base[moved], draft.cells[moved]])
    both, index = np.unique(pairs, axis=0, return_inverse=True)
    units = np.bincount(index.ravel(), minlength=len(both))
    households = np.bincount(
        index.ravel(), weights=draft.units.households[moved], minlength=len(both)
    )
    rows = zip(both.tolist(), units.tolist(), households.tolist(), strict=True)
    return [
        Passage(before=before, after=after, units=count, households=amount)
        for (before, after), count, amount in rows
    ]
