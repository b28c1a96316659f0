"""When the demo's incidents are reported: season, weekday and hour, in the city's local time.

Instants are int64 seconds since 1970 in UTC. The city keeps one offset all year.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from geodata.demo.arrays import FloatArray, IntArray

HERE = Path(__file__).parent
LOCAL_OFFSET_S = 8 * 3600
"""Asia/Shanghai: UTC+8, no summer time since 1991."""
DAY_S = 86_400
DAYS_BEFORE = 365
DAYS_AFTER = 7
_LUMPY = {"rain": 0.9, "snow": 1.2, "heating": 0.35, "summer": 0.15, "winter": 0.15}


def anchor_end_s(anchor_on: date) -> int:
    """The instant at which the last full local day ends."""
    midnight = datetime(anchor_on.year, anchor_on.month, anchor_on.day, tzinfo=UTC)
    return int((midnight + timedelta(days=1)).timestamp()) - LOCAL_OFFSET_S


def window_s(anchor_on: date) -> tuple[int, int]:
    """First instant and end (exclusive) of the bundle: 365 days to the anchor, then 7 more."""
    end = anchor_end_s(anchor_on)
    return end - DAYS_BEFORE * DAY_S, end + DAYS_AFTER * DAY_S


class Rhythm:
    """Draws instants of report for one window of days."""

    def __init__(self, anchor_on: date, rng: np.random.Generator) -> None:
        self._start_s, self._end_s = window_s(anchor_on)
        days = DAYS_BEFORE + DAYS_AFTER
        dates = pd.date_range(end=anchor_on + timedelta(days=DAYS_AFTER), periods=days, freq="D")
        self._month = dates.month.to_numpy()
        self._weekend = dates.day_of_week.to_numpy() >= 5
        self._hours = _table("hour_profiles.csv")
        self._seasons = _table("season_profiles.csv")
        everyday = rng.normal(0.0, 0.08, size=days)
        # Days of snow or rain are the same days for all categories that follow them.
        self._lumps = {
            name: np.exp(everyday + rng.normal(0.0, _LUMPY.get(name, 0.0), size=days))
            for name in self._seasons
        }

    def draw(
        self, count: int, *, hours: str, season: str, weekend: float, rng: np.random.Generator
    ) -> IntArray:
        """`count` instants (UTC seconds), unordered.

        Args:
            count: how many.
            hours: name of an hour profile.
            season: name of a season profile.
            weekend: how busy a Saturday or Sunday is beside a working day.
            rng: source of chance.
        """
        by_month = self._seasons[season][self._month - 1]
        by_day = by_month * self._lumps[season] * np.where(self._weekend, weekend, 1.0)
        day = pick(by_day, count, rng)
        hour = pick(self._hours[hours], count, rng)
        within = rng.integers(0, 3600, size=count)
        reported_s: IntArray = self._start_s + day * DAY_S + hour * 3600 + within
        return reported_s


def pick(weights: FloatArray, count: int, rng: np.random.Generator) -> IntArray:
    """`count` indexes, each as likely as its weight."""
    edges = np.cumsum(weights)
    found = np.searchsorted(edges, rng.random(count) * edges[-1], side="right")
    chosen: IntArray = np.minimum(found, len(weights) - 1)
    return chosen


def _table(name: str) -> dict[str, FloatArray]:
    table = pd.read_csv(HERE / name, index_col="name")
    return {str(key): row.to_numpy(dtype=np.float64) for key, row in table.iterrows()}
