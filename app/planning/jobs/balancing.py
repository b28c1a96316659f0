"""Balancing a plan, or a part of it: the search over its draft, as a job."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, wait_as_long_as_it_takes
from app.core.errors import invalid
from app.planning import held
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.edits import service as edits
from app.planning.jobs import apart
from app.planning.jobs.work import Outcome, Watch
from app.planning.models import Plan, PlanJob
from app.planning.rules import EditKind
from geodata import codes
from geodata.codes import Level
from geodata.progress import Stretch
from geodata.rebalance import measures, profiles
from geodata.rebalance.profiles import PROFILES, ProfileName
from geodata.rebalance.units import BoolArray

FEWEST_CELLS = 2


def communities_of(
    session: Session, plan: Plan, areas: list[int], cells: list[int]
) -> dict[int, bool]:
    """The communities in which a job may draw, ascending; whether it may in all of each.

    Args:
        areas: communities or larger.

    Raises:
        Problem: 422 naming `areas` or `cells`: outside the plan, without base units, too few cells.
    """
    for field, wanted in (("areas", areas), ("cells", cells)):
        outside = [code for code in wanted if not codes.contains(plan.area_code, code)]
        if outside:
            raise invalid(field, f"{outside[0]} lies outside the plan's area")
    found: dict[int, bool] = {}
    for area in areas:
        inside = drafts.communities_of(session, plan, area).tolist()
        if not inside:
            raise invalid("areas", f"{area} has no base units")
        found |= dict.fromkeys(inside, True)
    if cells:
        parts = {codes.ancestor_at(cell, Level.COMMUNITY) for cell in cells}
        units = drafts.load(session, plan, sorted(parts))
        unknown = sorted(set(cells) - set(np.unique(units.cells).tolist()))
        if unknown:
            raise invalid("cells", f"{unknown[0]} is no cell of this plan")
        lonely = [
            c for c in parts if sum(cell // 1000 * 1000 == c for cell in cells) < FEWEST_CELLS
        ]
        if any(not found.get(community) for community in lonely):
            raise invalid("cells", "at least two cells of each community are needed")
        found = dict.fromkeys(parts, False) | found
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        cells: the new cell of each unit that moves, by the unit's number.
        before, after: the figures of the plan.
    """

    cells: dict[int, int]
    before: dict[str, Any]
    after: dict[str, Any]


def balance(context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch) -> Outcome:
    """Search for evener cells from what is drawn now, in a process of its own.

    Raises:
        Problem: 404; 422 where the areas are none of the plan's any more.
        Cancelled: `watch` asked to stop.
    """
    found: Found = apart.compute(search_cells, context, plan_id, params, watch)

    def draw(session: Session, job: PlanJob) -> dict[str, Any]:
        plan = held.find(session, plan_id)
        answer = edits.apply(
            session,
            plan,
            EditKind.BALANCE,
            found.cells,
            account=job.account,
            now=utc_now(),
            job_id=job.id,
        )
        return {"edit": answer.no, "revision": answer.revision}

    result = {"units": len(found.cells), "before": found.before, "after": found.after}
    return Outcome(result, draw)


def search_cells(context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch) -> Found:
    """The search itself.

    Raises:
        Problem: 404; 422 where the areas are none of the plan's any more.
        Cancelled: `watch` asked to stop.
    """
    with reading(context.engine) as session:
        wait_as_long_as_it_takes(session)
        plan = held.find(session, plan_id)
        parts = communities_of(session, plan, params["areas"], params["cells"])
        draft = drafts.load(session, plan, list(parts), progress=Stretch(watch, 0.0, 0.0))
    profile = profiles.by_sliders(
        PROFILES[ProfileName(params["profile"])],
        params["balance"],
        params["shape"],
        params["little_change"],
    )
    # numba takes most of a second: the server, which imports this module, does without it.
    from geodata.rebalance import search  # noqa: PLC0415

    after = search.rebalance(
        draft.units.with_locked(_stays(draft, parts, params["cells"])),
        draft.borders,
        profile,
        seed=params["seed"],
        progress=watch,
        start=draft.cells,
        better=watch.better,
        workers=max(1, (os.cpu_count() or 1) - 1),  # somebody is looking at the page
    )
    changed = after != draft.cells
    moved = zip(draft.units.unit_id[changed].tolist(), after[changed].tolist(), strict=True)
    before_after = [
        asdict(measures.measure(draft.units, draft.borders, cells)[0])
        for cells in (draft.cells, after)
    ]
    return Found(dict(moved), *before_after)


def _stays(draft: Draft, parts: Mapping[int, bool], cells: list[int]) -> BoolArray:
    """(n,) units of cells that were not chosen, where not all of a community was."""
    whole = [community for community, is_whole in parts.items() if is_whole]
    chosen: BoolArray = np.isin(draft.units.community_code, whole) | np.isin(draft.cells, cells)
    return ~chosen
