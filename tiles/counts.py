"""Figures over selected cases: how many in each area, how many in each stretch of time."""

import math
from datetime import datetime

import numpy as np

from geodata.codes import Level, ancestors_at
from tiles.points import Columns, IntArray, Rows, to_us


def per_area(columns: Columns, rows: Rows, level: Level) -> tuple[IntArray, IntArray]:
    """Codes of the areas of a level in which cases lie (ascending), and how many in each."""
    codes, counts = np.unique(ancestors_at(columns.cell_code[rows], level), return_counts=True)
    return codes, counts


def per_bucket(
    columns: Columns, rows: Rows, since: datetime, until: datetime, buckets: int
) -> tuple[int, IntArray]:
    """Cases in equal stretches of time from `since` on.

    Returns:
        the length of a stretch in whole seconds, and as many counts (`buckets` at most) as it
        takes to reach `until`.
    """
    span_s = (until - since).total_seconds()
    bucket_s = max(1, math.ceil(span_s / buckets))
    bins = max(1, math.ceil(span_s / bucket_s))
    index = (columns.reported_us[rows] - to_us(since)) // (bucket_s * 1_000_000)
    return bucket_s, np.bincount(index, minlength=bins)
