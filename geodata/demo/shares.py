"""Whole numbers that add up: shares of a total by weight."""

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def apportion(total: int, weights: NDArray[np.float64], least: int = 0) -> IntArray:
    """Share out `total` by weight, by largest remainder, each share at least `least`.

    Raises:
        ValueError: the total does not reach for the least.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if total < least * len(weights):
        raise ValueError(f"{total} cannot be shared out as {len(weights)} shares of {least}")
    free = np.ones(len(weights), dtype=bool)
    while True:
        rest = total - least * int(np.sum(~free))
        exact = np.where(free, _proportional(rest, weights * free, free), least)
        short = free & (exact < least)
        if not short.any():
            break
        free &= ~short
    shares = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - shares), kind="stable")
    shares[order[: total - int(shares.sum())]] += 1
    return np.asarray(shares)


def _proportional(
    total: int, weights: NDArray[np.float64], free: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Exact shares; equal ones where no weight is above zero."""
    largest = weights.max()
    scaled = weights / largest if largest > 0 else free.astype(np.float64)
    return np.asarray(total * (scaled / max(scaled.sum(), 1e-300)))


def apportion_groups(
    totals: IntArray, group: NDArray[np.int64], weights: NDArray[np.float64]
) -> IntArray:
    """Share out `totals[g]` over the rows of each group `g` by weight, by largest remainder.

    Rows of one group stand together, groups in ascending order from 0, none empty.
    """
    sums = np.bincount(group, weights=weights, minlength=len(totals))
    exact = totals[group] * (weights / sums[group])
    shares = np.floor(exact).astype(np.int64)
    missing = totals - np.bincount(group, weights=shares, minlength=len(totals)).astype(np.int64)
    order = np.lexsort((-(exact - shares), group))
    starts = np.searchsorted(group, np.arange(len(totals)))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - starts[group]
    return shares + (rank < missing[group])
