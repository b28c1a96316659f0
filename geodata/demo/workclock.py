"""How long a limit lasts, for making up believable life cycles. Not the clock cases are judged by.

Working time is Monday to Friday, 08:00-12:00 and 14:00-18:00, without a calendar of holidays.
Instants are seconds since 1970 in UTC.
"""

import numpy as np

from geodata.demo.arrays import BoolArray, FloatArray, IntArray
from geodata.demo.rhythm import DAY_S, LOCAL_OFFSET_S

NATURAL_S = {"urgent_hour": 3600.0, "urgent_work_day": 86_400.0, "calendar_day": 86_400.0}
"""Length in seconds of the units that run through nights and holidays."""
WORKING_S = {"work_hour": 3600.0, "work_day": 8 * 3600.0}
"""Length of the others, in seconds of working time."""
_STEP_S = 60


class WorkClock:
    """Counts working time inside one window."""

    def __init__(self, start_s: int, end_s: int) -> None:
        """Cover `start_s` (rounded down to a local day) to at least `end_s`."""
        day = (start_s + LOCAL_OFFSET_S) // DAY_S
        self._start_s = day * DAY_S - LOCAL_OFFSET_S
        minutes = np.arange(0, end_s - self._start_s, _STEP_S)
        hour = minutes % DAY_S // 3600
        weekday = (day + 3 + minutes // DAY_S) % 7  # 1970-01-01 was a Thursday
        open_ = (weekday < 5) & (((hour >= 8) & (hour < 12)) | ((hour >= 14) & (hour < 18)))
        self._worked_s = np.concatenate([[0], np.cumsum(open_) * _STEP_S]).astype(np.float64)

    def after(self, at_s: IntArray, amount: FloatArray, working: BoolArray) -> FloatArray:
        """The instants at which `amount` seconds have passed since `at_s`.

        `working` says for which entries only working time counts. What would end after the window
        ends with the window.
        """
        natural = at_s + amount
        offset = (at_s - self._start_s) / _STEP_S
        ticks = np.arange(len(self._worked_s), dtype=np.float64)
        used = np.interp(offset, ticks, self._worked_s)
        index = np.searchsorted(self._worked_s, used + amount, side="left")
        worked = self._start_s + np.minimum(index, len(self._worked_s) - 1) * float(_STEP_S)
        result: FloatArray = np.where(working, np.maximum(worked, at_s + 60.0), natural)
        return result
