"""Open time of a unit as a function of the instant, for whole arrays of them.

The same rules as `clocks.limits`, for a range of years, side by side: `opened` is the open time
since the beginning of the range, `reached` its inverse (the earliest instant). Instants and lengths
are int64 microseconds, instants since 2000-01-01 UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
from numpy.typing import NDArray

from app.incidents.clocks.limits import WORKING_SPANS, ZONE, Calendar, CalendarUnknown, Unit
from geodata.instants import to_us

IntArray = NDArray[np.int64]
NO_INSTANT = np.iinfo(np.int64).min
HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class OpenHours:
    """Open spans of one unit.

    Attributes:
        since: (n,) beginnings, ascending; None for a unit that is always open.
        length: (n,) of each.
        total: (n,) open time at the end of each.
    """

    since: IntArray | None = None
    length: IntArray | None = None
    total: IntArray | None = None

    @classmethod
    def of(cls, unit: Unit, calendar: Calendar, first: int, last: int) -> "OpenHours":
        """The open spans of the years from `first` to `last`, as far as they are known."""
        hours = WORKING_SPANS.get(unit)
        if hours is None:
            return cls()
        midnights = np.array([to_us(_midnight(day)) for day in _worked(calendar, first, last)])
        since = np.concatenate([midnights + a * HOUR_US for a, _ in hours]).astype(np.int64)
        length = np.repeat([(b - a) * HOUR_US for a, b in hours], len(midnights))
        order = np.argsort(since)
        length = length[order].astype(np.int64)
        return cls(since[order], length, np.cumsum(length))

    def opened(self, at: IntArray) -> IntArray:
        """Open time up to each instant: (n,) for (n,)."""
        if self.since is None or self.length is None or self.total is None:
            return at
        place = np.searchsorted(self.since, at, side="right") - 1
        inside = np.minimum(at - self.since[place], self.length[place])
        return np.where(place < 0, 0, self.total[place] - self.length[place] + inside)

    def reached(self, opened: IntArray) -> IntArray:
        """The earliest instant by which so much time was open: (n,) for (n,); NO_INSTANT beyond
        what is known."""
        if self.since is None or self.length is None or self.total is None:
            return opened
        place = np.searchsorted(self.total, opened, side="left")
        known = place < len(self.total)
        place = np.minimum(place, len(self.total) - 1)
        at = self.since[place] + self.length[place] - (self.total[place] - opened)
        return np.where(known, at, NO_INSTANT)

    def after(self, start: IntArray, length: IntArray) -> IntArray:
        """The earliest instant by which `length` has passed since `start`; `start` for nothing."""
        return np.where(length <= 0, start, self.reached(self.opened(start) + length))


def _worked(calendar: Calendar, first: int, last: int) -> list[date]:
    days: list[date] = []
    for number in range(date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal() + 1):
        day = date.fromordinal(number)
        try:
            if calendar.is_working(day):
                days.append(day)
        except CalendarUnknown:
            break
    return days


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def years_of(at: IntArray) -> IntArray:
    """The local year of each instant."""
    local = np.datetime64("2000-01-01T08:00") + at.astype("timedelta64[us]")
    return local.astype("datetime64[Y]").astype(np.int64) + 1970
