"""Moving a bundle's year up to now, and cutting it off there."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.city import timeline
from app.core.clock import CITY_ZONE

DATES = st.dates(date(2020, 1, 1), date(2040, 1, 1))
INSTANTS = st.integers(0, 20 * 365 * 86_400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)


@given(anchor_on=DATES, now=INSTANTS)
def test_now_lies_in_the_week_after_the_moved_anchor(anchor_on: date, now: datetime) -> None:
    end = timeline.anchor_end(anchor_on) + timeline.shift_to(anchor_on, now)
    assert end <= now < end + timedelta(days=7)


@given(anchor_on=DATES, now=INSTANTS, at=INSTANTS)
def test_moving_keeps_weekday_and_local_time(anchor_on: date, now: datetime, at: datetime) -> None:
    before = at.astimezone(CITY_ZONE)
    after = (at + timeline.shift_to(anchor_on, now)).astimezone(CITY_ZONE)
    assert (before.weekday(), before.time()) == (after.weekday(), after.time())


def test_the_anchor_ends_at_local_midnight() -> None:
    assert timeline.anchor_end(date(2026, 3, 1)) == datetime(2026, 3, 1, 16, tzinfo=UTC)


def _times(minutes: list[int]) -> timeline.Times:
    return np.array(minutes, "timedelta64[m]") + timeline.as_numpy(ORIGIN)


@st.composite
def histories(draw: st.DrawFn) -> list[list[int]]:
    """Minutes of each case's events, in their order."""
    return draw(st.lists(st.lists(st.integers(0, 500), min_size=1, max_size=6).map(sorted)))


@given(histories(), st.integers(-10, 600), st.randoms(use_true_random=False))
def test_states_are_those_of_a_plain_replay(
    cases: list[list[int]], minute: int, order: object
) -> None:
    events = [(no, i, at) for no, case in enumerate(cases, 7) for i, at in enumerate(case)]
    order.shuffle(events)  # type: ignore[attr-defined]
    numbers = list(range(7, 7 + len(cases)))
    order.shuffle(numbers)  # type: ignore[attr-defined]
    states = timeline.states_at(
        ORIGIN + timedelta(minutes=minute),
        case_no=np.array(numbers, dtype=np.int64),
        reported_at=_times([cases[no - 7][0] for no in numbers]),
        event_no=np.array([no for no, _, _ in events], dtype=np.int64),
        ordinal=np.array([i for _, i, _ in events], dtype=np.int64),
        event_at=_times([at for _, _, at in events]),
    )
    assert states.kept_events.tolist() == [at <= minute for _, _, at in events]
    assert states.kept_cases.tolist() == [cases[no - 7][0] <= minute for no in numbers]
    kept = [no for no in numbers if cases[no - 7][0] <= minute]
    last = [max(i for i, at in enumerate(cases[no - 7]) if at <= minute) for no in kept]
    found = [events[row][:2] for row in states.last_event]
    assert found == list(zip(kept, last, strict=True))


def test_a_case_without_an_event_is_refused() -> None:
    with pytest.raises(ValueError, match="no event"):
        timeline.states_at(
            ORIGIN + timedelta(hours=1),
            case_no=np.array([1, 2], dtype=np.int64),
            reported_at=_times([0, 1]),
            event_no=np.array([1], dtype=np.int64),
            ordinal=np.array([0], dtype=np.int64),
            event_at=_times([0]),
        )
