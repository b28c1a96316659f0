"""The worker's year, beside a clock that goes on minute by minute."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.rebalance import queueing
from geodata.rebalance.queueing import WorkHours

MINUTE_S = 60.0
HOURS = WorkHours(
    np.array([8.0, 14.0, 32.0, 38.0]) * 3600, np.array([12.0, 18.0, 36.0, 42.0]) * 3600
)
LAST_MIN = 42 * 60


def ticking(cases: list[tuple[int, int, int, bool]], speed_m_min: int) -> list[float]:
    """When each case of one cell is done (minutes; inf for never), ticked minute by minute.

    Args:
        cases: minute of report, metres east, minutes of work, whether it cannot wait.
    """
    done, paused = [np.inf] * len(cases), -1
    left, doing, at_m = 0, -1, None
    waiting = sorted(range(len(cases)), key=lambda case: (cases[case][0], case))
    kept = 0
    for minute in range(60 * 24 * 10):
        opened = any(
            begin <= minute * MINUTE_S < end
            for begin, end in zip(HOURS.begin_s, HOURS.end_s, strict=True)
        )
        while True:
            if doing >= 0 and left == 0:
                done[doing], doing = float(minute), -1
            urgent = [c for c in waiting if cases[c][0] <= minute and cases[c][3]]
            if doing >= 0 and not cases[doing][3] and urgent:
                paused, kept, doing = doing, left, -1
            if doing >= 0:
                break
            calm = [c for c in waiting if cases[c][0] <= minute and opened]
            if paused >= 0 and not urgent and opened:
                doing, left, paused = paused, kept, -1
            elif urgent or (calm and paused < 0):
                doing = (urgent or calm)[0]
                waiting.remove(doing)
                left = cases[doing][2]
            else:
                break
            left += 0 if at_m is None else abs(cases[doing][1] - at_m) // speed_m_min
            at_m = cases[doing][1]
        if doing >= 0 and (opened or cases[doing][3]):
            left -= 1
            if left == 0:
                done[doing], doing = float(minute + 1), -1
    return done


case = st.tuples(
    st.integers(0, LAST_MIN + 200), st.integers(0, 4).map(lambda k: k * 600), st.integers(0, 200),
    st.booleans(),
)  # fmt: skip


@given(st.lists(case, max_size=12))
def test_as_the_clock_goes(cases: list[tuple[int, int, int, bool]]) -> None:
    """Every case is done in the minute in which the slow clock has it done."""
    at, x, work, at_once = (np.array(column) for column in zip(*cases, strict=True)) if cases else (
        np.array([]),) * 4  # fmt: skip
    served = queueing.serve(
        np.zeros(len(cases), dtype=np.int64), at * MINUTE_S,
        np.column_stack([x, np.zeros(len(cases))]).astype(float), work * MINUTE_S,
        at_once.astype(bool), hours=HOURS, speed_m_s=60 / MINUTE_S,
    )  # fmt: skip
    assert (served.finished_s / MINUTE_S).tolist() == pytest.approx(ticking(cases, 60))


def test_by_hand() -> None:
    """Two cells; a night case; one that goes on in the afternoon, one on the next morning."""
    hour = 3600.0
    served = queueing.serve(
        np.array([5, 2, 2, 2]), np.array([7.0, 11.0, 11.5, 20.0]) * hour,
        np.array([[0.0, 0.0], [0.0, 0.0], [300.0, 400.0], [0.0, 0.0]]),
        np.array([1.0, 2.0, 3.0, 1.0]) * hour, np.array([False, False, False, True]),
        hours=HOURS, speed_m_s=500 / hour,
    )  # fmt: skip
    # Cell 5: at eight. Cell 2: 11-12, 14-15; then an hour's way and 3 h of work: 15-18 and 33-34,
    # for in the night comes what cannot wait, an hour's way away, and he has to go back.
    assert (served.finished_s / hour).tolist() == [9.0, 15.0, 34.0, 22.0]
    assert (served.begun_s / hour).tolist() == [8.0, 11.0, 15.0, 20.0]
    assert served.way_m.tolist() == [0.0, 0.0, 1000.0, 500.0]


def test_what_is_never_done() -> None:
    """After the last work hour nothing is finished that can wait; what cannot wait is."""
    served = queueing.serve(
        np.array([0, 1, 2]), np.array([41.5, 50.0, 50.0]) * 3600, np.zeros((3, 2)),
        np.full(3, 3600.0), np.array([False, False, True]), hours=HOURS, speed_m_s=1.0,
    )  # fmt: skip
    assert served.finished_s.tolist() == [np.inf, np.inf, 51 * 3600.0]
    assert np.isfinite(served.begun_s).tolist() == [True, False, True]


@pytest.mark.parametrize(
    "spans", [([], []), ([1.0], [1.0]), ([5.0, 1.0], [6.0, 2.0]), ([0.0, 1.0], [2.0, 3.0])]
)
def test_hours_that_are_none(spans: tuple[list[float], list[float]]) -> None:
    """Empty, out of order, overlapping."""
    with pytest.raises(ValueError, match="work hours"):
        WorkHours(np.array(spans[0]), np.array(spans[1]))
