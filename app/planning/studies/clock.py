"""Working time for many cases at once: when is worked, and when limits run out.

Says the same as `incidents.clocks.limits`, in seconds since an instant and for arrays.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from app.incidents.clocks.limits import Calendar, CalendarUnknown, Limit, Unit, open_spans
from app.incidents.clocks.rules import Limits, LimitVersion
from app.incidents.rules import Tier
from app.planning.drafts.case_queries import CaseRows
from geodata.rebalance.queueing import WorkHours
from geodata.rebalance.units import FloatArray

BEYOND = timedelta(days=120)
"""So far behind the period working days are looked up: the longest limits are 20 of them."""
AT_ONCE = frozenset({Unit.URGENT_HOUR, Unit.URGENT_WORK_DAY})


def work_hours(unit: Unit, since: datetime, until: datetime, calendar: Calendar) -> WorkHours:
    """The open spans of a unit, in seconds after `since`, to some months behind `until`.

    They end earlier where the calendar of the year to come is not published yet.

    Raises:
        CalendarUnknown: a day before `until` is in a year that is not covered.
    """
    begin, end = [], []
    try:
        for span in open_spans(since, unit, calendar):
            if span.since >= until + BEYOND:
                break
            begin.append((span.since - since).total_seconds())
            end.append((span.until - since).total_seconds())
    except CalendarUnknown:
        if not end or since + timedelta(seconds=end[-1]) < until - timedelta(days=14):
            raise
    return WorkHours(np.array(begin), np.array(end))


def after(at_s: FloatArray, length_s: float, hours: WorkHours) -> FloatArray:
    """(m,) the earliest instant by which a length of open time has passed; inf beyond the spans."""
    opened = np.concatenate([[0.0], np.cumsum(hours.end_s - hours.begin_s)])
    span = np.searchsorted(hours.end_s, at_s, side="right")
    begun = np.append(hours.begin_s, np.inf)[span]
    target = opened[span] + np.maximum(at_s - begun, 0.0) + length_s
    last = np.searchsorted(opened, target, side="left") - 1
    found = np.full(len(at_s), np.inf)
    inside = (last >= 0) & (last < len(hours.begin_s))
    found[inside] = hours.begin_s[last[inside]] + target[inside] - opened[last[inside]]
    return found


def deadlines(
    rows: CaseRows,
    limits: Mapping[str, Limits],
    hours: Mapping[Unit, WorkHours],
    since: datetime,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(m,) deadlines in seconds after `since` (inf for none), and whether a case cannot wait.

    The limit is that of the category, and of the tier where it is a ladder, as in force when the
    case was reported; it runs from the report, without extensions and suspensions.

    Args:
        hours: of the units that do not run all the time.
    """
    category, tier, at_s = rows.category, rows.tier, rows.at_s
    due_s, at_once = np.full(len(at_s), np.inf), np.zeros(len(at_s), dtype=np.bool_)
    for code in np.unique(category).tolist():
        for version in limits[code].versions if code in limits else ():
            begin_s, end_s = _seconds(version, since)
            chosen = (category == code) & (at_s >= begin_s) & (at_s < end_s)
            for carrier in np.unique(tier[chosen]).tolist():
                limit = limits[code].at(version.since, Tier(carrier))
                if limit is not None:
                    these = np.flatnonzero(chosen & (tier == carrier))
                    due_s[these] = _due(at_s[these], limit, hours)
                    at_once[these] = limit.unit in AT_ONCE
    return due_s, at_once


def _seconds(version: LimitVersion, since: datetime) -> tuple[float, float]:
    begin = (version.since - since).total_seconds()
    return begin, np.inf if version.until is None else (version.until - since).total_seconds()


def _due(at_s: FloatArray, limit: Limit, hours: Mapping[Unit, WorkHours]) -> FloatArray:
    length_s = limit.length.total_seconds()
    if limit.unit not in hours:
        return at_s + length_s
    return after(at_s, length_s, hours[limit.unit])
