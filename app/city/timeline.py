"""Bringing a bundle's year of cases up to now: whole weeks forward, and nothing from the future.

Times are numpy `datetime64[us]` in UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from app.core.clock import CITY_ZONE

WEEK = timedelta(days=7)

Times = NDArray[np.datetime64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class CaseStates:
    """How the cases stand at one minute.

    Attributes:
        kept_cases: (cases,) which cases have been reported by then.
        kept_events: (events,) which events have happened by then.
        last_event: (kept cases,) row in `events` of the last thing that happened to each.
    """

    kept_cases: Mask
    kept_events: Mask
    last_event: Ints


def anchor_end(anchor_on: date) -> datetime:
    """The instant (UTC) at which the local day `anchor_on` ends."""
    midnight = datetime(anchor_on.year, anchor_on.month, anchor_on.day, tzinfo=CITY_ZONE)
    return (midnight + timedelta(days=1)).astimezone(UTC)


def shift_to(anchor_on: date, now: datetime) -> timedelta:
    """By how many whole weeks times must move for `now` to lie in the week after the anchor.

    Weeks, not days, so that a Monday stays a Monday.
    """
    return (now - anchor_end(anchor_on)) // WEEK * WEEK


def as_numpy(at: datetime) -> np.datetime64:
    """An instant as numpy holds it (UTC, microseconds)."""
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def states_at(
    now: datetime,
    *,
    case_no: Ints,
    reported_at: Times,
    event_no: Ints,
    ordinal: Ints,
    event_at: Times,
) -> CaseStates:
    """What has happened by `now`, and what last to each case.

    Args:
        now: the minute.
        case_no, reported_at: (cases,) every case's number, unique, and when it was reported.
        event_no, ordinal, event_at: (events,) case, place in its order, and time of every event.

    Raises:
        ValueError: a case that was reported by then has no event by then.
    """
    limit = as_numpy(now)
    kept_cases = reported_at <= limit
    kept_numbers = np.sort(case_no[kept_cases])
    kept_events = (event_at <= limit) & _is_in(event_no, kept_numbers)
    rows = np.flatnonzero(kept_events)
    rows = rows[np.lexsort((ordinal[rows], event_no[rows]))]
    numbers = event_no[rows]
    is_last = np.append(numbers[1:] != numbers[:-1], True) if len(rows) else np.zeros(0, bool)
    if not np.array_equal(numbers[is_last], kept_numbers):
        raise ValueError("a reported case has no event")
    last = rows[is_last]
    # Back from the order of the numbers to the order in which the cases stand.
    where = np.searchsorted(kept_numbers, case_no[kept_cases])
    return CaseStates(kept_cases, kept_events, last[where].astype(np.int64))


def _is_in(values: Ints, ascending: Ints) -> Mask:
    if not len(ascending):
        return np.zeros(len(values), dtype=bool)
    where = np.searchsorted(ascending, values).clip(max=len(ascending) - 1)
    found: Mask = ascending[where] == values
    return found
