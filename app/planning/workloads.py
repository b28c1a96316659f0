"""The work that each base unit makes under a plan's own model."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.planning import study_queries
from app.planning.study_queries import Counts, Period
from geodata.rebalance import borders, forecast, workload
from geodata.rebalance.units import FloatArray, IntArray, Units, sums
from geodata.rebalance.workload import Counting, WorkloadModel

WEEK = timedelta(days=7)


def loads_of(session: Session, units: Units, model: WorkloadModel, at: datetime) -> FloatArray:
    """(n,) the work that each unit makes, in households.

    Args:
        units: of the boundaries at `at`, in metres.
        at: the instant before which cases are counted: that of the plan's base.
    """
    incidents = {"": units.incidents}
    if model.incidents is not Counting.LISTED:
        counts = _counts(session, units, at, model.period_days)
        take = _counted if model.incidents is Counting.COUNTED else _forecast
        incidents = take(units, model, counts)
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


def _counts(session: Session, units: Units, at: datetime, days: int) -> Counts:
    communities = int(units.community_code[0]), int(units.community_code[-1])
    period = Period(at - timedelta(days=days), at)
    counts = study_queries.case_counts(session, communities, at, period)
    row = rows_of(units, counts.unit_id)
    known = row >= 0
    return Counts(row[known], *(column[known] for column in counts[1:]))


def _groups(model: WorkloadModel, counts: Counts) -> Mapping[str, Counts]:
    """The counts of every group that has a weight of its own, and of all others under ""."""
    own = {group: counts.group == int(group) for group in model.incident_by_group}
    rest = ~np.any([np.zeros(len(counts.group), dtype=np.bool_), *own.values()], axis=0)
    chosen = {**own, "": rest}
    return {group: Counts(*(column[of] for column in counts)) for group, of in chosen.items()}


def _counted(units: Units, model: WorkloadModel, counts: Counts) -> dict[str, FloatArray]:
    return {
        group: workload.a_year(
            sums(of.unit_id, of.number.astype(np.float64), len(units)), model.period_days
        )
        for group, of in _groups(model, counts).items()
    }


def _forecast(units: Units, model: WorkloadModel, counts: Counts) -> dict[str, FloatArray]:
    estate = estate_of(units)
    weeks = -(-model.period_days // WEEK.days)
    return {
        group: workload.a_year(
            forecast.estimate(cases_of(of, weeks), estate).a_week * weeks, model.period_days
        )
        for group, of in _groups(model, counts).items()
    }


def cases_of(counts: Counts, weeks: int) -> forecast.Cases:
    """Counts by unit and week as a forecast reads them: one entry a case."""
    unit, week = (np.repeat(column, counts.number) for column in (counts.unit_id, counts.week))
    return forecast.Cases(unit, week, weeks)
