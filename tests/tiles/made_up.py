"""Cases made up for tests of the point store, without a database."""

from datetime import UTC, datetime, timedelta

import numpy as np

from geodata.instants import to_us
from tiles.mercator import to_unit
from tiles.points import NEVER_US, Columns

NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
STATES = ("reported", "assigned", "handling", "closed")
DAY_US = 86_400_000_000


def cases(count: int, seed: int = 1, first_no: int = 1) -> Columns:
    """Cases of the 60 days before NOW in and around a valley town.

    A third of them is closed; `no` runs from `first_no`.
    """
    rng = np.random.default_rng(seed)
    lon = np.where(
        rng.random(count) < 0.6, 103.8 + 0.03 * rng.standard_normal(count),
        103.2 + 1.1 * rng.random(count),
    )  # fmt: skip
    lat = np.where(
        rng.random(count) < 0.6, 36.06 + 0.02 * rng.standard_normal(count),
        35.7 + 1.0 * rng.random(count),
    )  # fmt: skip
    x, y = to_unit(lon, lat)
    reported_us = to_us(NOW) - np.sort(rng.integers(0, 60 * DAY_US, count))[::-1]
    is_closed = rng.random(count) < 1 / 3
    closed_us = np.where(is_closed, reported_us + rng.integers(1, 9 * DAY_US, count), NEVER_US)
    cell = 620102001001001 + rng.integers(0, 3, count) * 1_000_000_000 + rng.integers(0, 40, count)
    return Columns(
        no=np.arange(first_no, first_no + count, dtype=np.int64),
        x=x,
        y=y,
        cell_code=cell.astype(np.int64),
        reported_us=reported_us.astype(np.int64),
        closed_us=closed_us.astype(np.int64),
        category=rng.choice([110, 504, 1001, 1101, 1401], count).astype(np.int16),
        severity=rng.integers(1, 5, count).astype(np.int8),
        status=np.where(is_closed, 3, rng.integers(0, 3, count)).astype(np.int8),
    )


def days_ago(days: float) -> datetime:
    """That long before NOW."""
    return NOW - timedelta(days=days)
