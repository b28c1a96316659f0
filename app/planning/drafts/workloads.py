"""The work that each base unit makes under a plan's own model."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.planning.drafts.case_queries import Period
from app.planning.drafts.cases import UnitCases, cases_in, weekly
from geodata.progress import Progress, Silent, Stretch
from geodata.rebalance import borders, forecast, workload
from geodata.rebalance.units import BoolArray, FloatArray, IntArray, Units
from geodata.rebalance.workload import Counting, WorkloadModel


def loads_of(
    session: Session,
    units: Units,
    model: WorkloadModel,
    at: datetime,
    progress: Progress | None = None,
) -> FloatArray:
    """(n,) the work that each unit makes, in households.

    Args:
        units: of the boundaries at `at`, in metres.
        at: the instant before which cases are counted: that of the plan's base.
        progress: told how far it is, and may cancel.
    """
    watch = progress or Silent()
    incidents = {"": units.incidents}
    if model.incidents is not Counting.LISTED:
        period = Period(at - timedelta(days=model.period_days), at)
        cases = cases_in(session, units, period, progress=Stretch(watch, 0.0, 0.4))
        if model.incidents is Counting.COUNTED:
            incidents = _counted(units, model, cases)
        else:
            incidents = _forecast(units, model, cases, Stretch(watch, 0.4, 1.0))
    street_m = np.zeros(len(units))
    if model.per_street_km:
        street_m = workload.street_m_of(units, borders.between(units))
    return workload.load_of(model, units.households, incidents, units.area_m2, street_m)


def rows_of(units: Units, unit_ids: IntArray) -> IntArray:
    """(m,) the row of each id; -1 for those that are not among the units."""
    order = np.argsort(units.unit_id)
    place = np.minimum(np.searchsorted(units.unit_id, unit_ids, sorter=order), len(order) - 1)
    rows = order[place]
    found: IntArray = np.where(units.unit_id[rows] == unit_ids, rows, -1)
    return found


def estate_of(units: Units) -> forecast.Estate:
    """What a forecast needs to know of the units."""
    community = np.unique(units.community_code, return_inverse=True)[1]
    cell = np.unique(units.cell_code, return_inverse=True)[1]
    return forecast.Estate(units.households, community.astype(np.int64), cell.astype(np.int64))


def _groups(model: WorkloadModel, cases: UnitCases) -> Mapping[str, BoolArray]:
    """(m,) which cases have each group that has a weight of its own; all others under ""."""
    prefix = cases.rows.category.astype("U2")
    own: dict[str, BoolArray] = {group: prefix == group for group in model.incident_by_group}
    rest: BoolArray = ~np.isin(prefix, list(own))
    return {**own, "": rest}


def _counted(units: Units, model: WorkloadModel, cases: UnitCases) -> dict[str, FloatArray]:
    return {
        group: workload.a_year(
            np.bincount(cases.unit[of], minlength=len(units)).astype(np.float64), model.period_days
        )
        for group, of in _groups(model, cases).items()
    }


def _forecast(
    units: Units, model: WorkloadModel, cases: UnitCases, progress: Progress
) -> dict[str, FloatArray]:
    estate = estate_of(units)
    weeks = -(-model.period_days // 7)
    by_week = weekly(cases, weeks)
    groups = _groups(model, cases)
    found = {}
    for index, (group, of) in enumerate(groups.items()):
        stretch = Stretch(progress, index / len(groups), (index + 1) / len(groups))
        a_week = forecast.estimate(by_week.of(of), estate, stretch).a_week
        found[group] = workload.a_year(a_week * weeks, model.period_days)
    return found
