"""One worker a cell: when each case would be done, and what way there is between them. Compiled.

The queue, plainly: every cell has one worker. Whenever he is free he takes the case that he can
begin first; of several, those that cannot wait before the others, and among these the one reported
first. He goes to its place from that of his case before, straight and at a constant speed (the
first case costs no way), and works on it for as long as its kind takes. Cases that cannot wait are
begun and done at any hour, and interrupt one that can: he goes back to it afterwards. All others
are worked on in work hours only; what is not done in the evening goes on in the morning.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np

from geodata.rebalance.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class WorkHours:
    """When work is done.

    Attributes:
        begin_s, end_s: (k,) seconds on the clock of the cases; in order, apart from each other.
            Nothing is finished in work hours after the last of them.
    """

    begin_s: FloatArray
    end_s: FloatArray

    def __post_init__(self) -> None:
        """Refuse hours that are none.

        Raises:
            ValueError: no span, or spans that are empty, out of order or overlap.
        """
        edges = np.column_stack([self.begin_s, self.end_s]).ravel()
        if not len(edges) or np.any(np.diff(edges) < 0) or np.any(self.begin_s >= self.end_s):
            raise ValueError("work hours must be spans in order that do not overlap")


@dataclass(frozen=True)
class Served:
    """What became of m cases.

    Attributes:
        begun_s, finished_s: (m,) when the worker set out and was done; inf for never.
        way_m: (m,) from the case before.
    """

    begun_s: FloatArray
    finished_s: FloatArray
    way_m: FloatArray


def serve(
    cell: IntArray,
    at_s: FloatArray,
    xy_m: FloatArray,
    service_s: FloatArray,
    at_once: BoolArray,
    *,
    hours: WorkHours,
    speed_m_s: float,
) -> Served:
    """Let the worker of every cell do its cases.

    Args:
        cell: (m,) in which each case lies.
        at_s: (m,) when it was reported.
        xy_m: (m, 2) its place.
        service_s: (m,) how long the work at the place takes.
        at_once: (m,) whether it cannot wait for work hours.
        speed_m_s: more than 0.
    """
    order = np.lexsort((at_s, at_once, cell))  # of each cell those that can wait, then the others
    key = cell[order] * 2 + at_once[order]
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1)).astype(np.int64)
    split = np.searchsorted(key, cell[order][starts] * 2 + 1) if len(starts) else starts
    opened = np.concatenate([[0.0], np.cumsum(hours.end_s - hours.begin_s)])
    answer = _serve(
        np.append(starts, len(order)), np.append(split, 0),
        at_s[order], xy_m[order, 0], xy_m[order, 1], service_s[order],
        hours.begin_s.astype(np.float64), hours.end_s.astype(np.float64), opened, speed_m_s,
    )  # fmt: skip
    begun, finished, way = (np.empty(len(order)) for _ in range(3))
    for target, values in zip((begun, finished, way), answer, strict=True):
        target[order] = values
    return Served(begun, finished, way)


@nb.njit(cache=True)
def _next_open(at_s, begin_s, end_s):  # type: ignore[no-untyped-def]
    """The first instant of work hours from `at_s` on; inf after the last."""
    span = np.searchsorted(end_s, at_s, side="right")
    return max(at_s, begin_s[span]) if span < len(end_s) else np.inf


@nb.njit(cache=True)
def _opened(at_s, begin_s, end_s, opened_s):  # type: ignore[no-untyped-def]
    """Seconds of work hours before `at_s`."""
    span = np.searchsorted(end_s, at_s, side="right")
    into_s = at_s - begin_s[span] if span < len(begin_s) else 0.0
    return opened_s[span] + max(into_s, 0.0)


@nb.njit(cache=True)
def _worked_off(at_s, work_s, begin_s, end_s, opened_s):  # type: ignore[no-untyped-def]
    """When work that begins at `at_s`, inside work hours, is done."""
    done_s = _opened(at_s, begin_s, end_s, opened_s) + work_s
    last = np.searchsorted(opened_s, done_s, side="left")
    if last >= len(opened_s):
        return np.inf
    # No work at all at the very beginning of a span would be done at the end of the one before.
    return max(at_s, begin_s[last - 1] + done_s - opened_s[last - 1]) if last > 0 else at_s


@nb.njit(cache=True)
def _serve(starts, split, at_s, x_m, y_m, service_s, begin_s, end_s, opened_s, speed_m_s):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    count = len(at_s)
    begun_s, finished_s, way_m = np.full(count, np.inf), np.full(count, np.inf), np.zeros(count)
    for cell in range(len(starts) - 1):
        calm, urgent = starts[cell], split[cell]
        end_calm, end_urgent = split[cell], starts[cell + 1]
        free_s, before, left_s = -np.inf, -1, -1.0  # left_s: of the calm case that is begun
        while calm < end_calm or urgent < end_urgent:
            urgent_s = max(free_s, at_s[urgent]) if urgent < end_urgent else np.inf
            calm_s = np.inf
            if calm < end_calm:
                calm_s = _next_open(max(free_s, at_s[calm]), begin_s, end_s)
            if calm_s == np.inf and urgent_s == np.inf:
                break
            case = urgent if urgent_s <= calm_s else calm
            far_m = 0.0
            if before >= 0:
                far_m = np.hypot(x_m[case] - x_m[before], y_m[case] - y_m[before])
            way_m[case] += far_m
            before = case
            if urgent_s <= calm_s:
                begun_s[case] = urgent_s
                free_s = finished_s[case] = urgent_s + far_m / speed_m_s + service_s[case]
                urgent += 1
                continue
            if left_s < 0.0:
                begun_s[case], left_s = calm_s, service_s[case]
            left_s += far_m / speed_m_s
            done_s = _worked_off(calm_s, left_s, begin_s, end_s, opened_s)
            if urgent < end_urgent and at_s[urgent] < done_s:
                free_s = at_s[urgent]
                left_s -= _opened(free_s, begin_s, end_s, opened_s) - _opened(
                    calm_s, begin_s, end_s, opened_s
                )
                continue
            free_s = finished_s[case] = done_s
            left_s = -1.0
            calm += 1
            if done_s == np.inf:
                break
    return begun_s, finished_s, way_m


def compile_now() -> None:
    """Compile what is not compiled yet for this machine; it takes seconds, and is then kept."""
    none = np.zeros(1)
    serve(
        np.zeros(1, np.int64), none, np.zeros((1, 2)), none, np.zeros(1, np.bool_),
        hours=WorkHours(none, none + 1.0), speed_m_s=1.0,
    )  # fmt: skip
