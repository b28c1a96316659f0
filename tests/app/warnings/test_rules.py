"""Who must act when: by hand, and for any log."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.warnings import rules
from app.warnings.rules import (
    Climb,
    Event,
    Timer,
    VisitOutcome,
    WarningLevel,
    WarningState,
    WarningStep,
)

T0 = datetime(2026, 1, 31, 2, 0, tzinfo=UTC)
TIMER = Timer(timedelta(minutes=30), timedelta(minutes=20))


def minutes(count: float) -> datetime:
    """So many minutes after the dispatch."""
    return T0 + timedelta(minutes=count)


def log(*steps: tuple[float, WarningStep]) -> list[Event]:
    """A dispatch, and steps so many minutes after it."""
    all_steps = [(0.0, WarningStep.DISPATCH), *steps]
    return [Event(minutes(at), i, step) for i, (at, step) in enumerate(all_steps, 1)]


def stands(events: list[Event], at: float, *, closed: float | None = None, station: bool = True):  # type: ignore[no-untyped-def]
    """How it stands so many minutes after the dispatch."""
    return rules.standing(
        events, TIMER, minutes(at), has_station=station,
        closed_at=minutes(closed) if closed is not None else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "level"),
    [(0, "police_station"), (29, "police_station"), (30, "police_station"), (30.01, "sub_centre"),
     (50, "sub_centre"), (50.01, "city_centre"), (5000, "city_centre")],
)  # fmt: skip
def test_it_climbs_when_nobody_arrives(at: float, level: str) -> None:
    """Calling and setting out stop nothing; whoever arrives in the last instant is in time."""
    events = log((5, WarningStep.CALL), (9, WarningStep.DEPART))
    assert stands(events, at).level == level


def test_climbs_carry_the_instant_at_which_the_timer_ran_out() -> None:
    """Not that at which somebody looked."""
    found = stands(log(), 600)
    assert found.climbs == (
        Climb(minutes(30), WarningLevel.SUB_CENTRE), Climb(minutes(50), WarningLevel.CITY_CENTRE),
    )  # fmt: skip
    assert found.due_at == minutes(30)
    assert found.visited_at is None


def test_an_arrival_stops_the_timer_for_good() -> None:
    """And what had climbed before stays so."""
    in_time = log((5, WarningStep.DEPART), (30, WarningStep.ARRIVE))
    assert stands(in_time, 999).level is WarningLevel.POLICE_STATION
    late = log((5, WarningStep.DEPART), (31, WarningStep.ARRIVE))
    assert stands(late, 999).climbs == (Climb(minutes(30), WarningLevel.SUB_CENTRE),)
    assert stands(late, 999).visited_at == minutes(31)


def test_a_case_that_was_closed_elsewhere_ends_it() -> None:
    """By whatever step of the case."""
    found = stands(log(), 999, closed=12)
    assert (found.state, found.climbs, found.visited_at) == (
        WarningState.CONCLUDED,
        (),
        minutes(12),
    )
    assert rules.MAY[found.state] == ()


def test_without_a_police_station_it_is_the_sub_centres_at_once() -> None:
    """And the city centre's when the visit is overdue."""
    assert stands(log(), 0, station=False).climbs == (Climb(T0, WarningLevel.SUB_CENTRE),)
    assert stands(log(), 31, station=False).level is WarningLevel.CITY_CENTRE


@pytest.mark.parametrize(
    ("state", "step", "outcome", "field"),
    [
        (WarningState.CALLED, WarningStep.CONCLUDE, None, "outcome"),
        (WarningState.CALLED, WarningStep.CONCLUDE, VisitOutcome.DISSUADED, "outcome"),
        (WarningState.CALLED, WarningStep.CONCLUDE, VisitOutcome.NOT_FOUND, None),
        (WarningState.ARRIVED, WarningStep.CONCLUDE, VisitOutcome.DISSUADED, None),
        (WarningState.DISPATCHED, WarningStep.CALL, VisitOutcome.NOT_FOUND, "outcome"),
        (WarningState.DISPATCHED, WarningStep.CALL, None, None),
    ],
)
def test_what_a_step_says(
    state: WarningState, step: WarningStep, outcome: str | None, field: str | None
) -> None:
    """Whether somebody was dissuaded is known by whoever was there."""
    found = rules.fault(state, step, outcome)
    assert (found[0] if found else None) == field


def test_every_way_leads_to_the_end() -> None:
    """From every state the warning can be concluded, and nothing leads back."""
    order = list(WarningState)
    for state in order[:-1]:
        assert WarningStep.CONCLUDE in rules.MAY[state]
        assert all(order.index(rules.STATE_AFTER[s]) > order.index(state) for s in rules.MAY[state])
        assert rules.ordinary_step(state) in rules.MAY[state]


@given(
    st.lists(st.floats(0, 200), max_size=4, unique=True).map(sorted),
    st.floats(0, 400),
    st.floats(0, 400),
)
def test_climbs_only_grow_and_never_move(times: list[float], one: float, other: float) -> None:
    """Whatever the log: looked at later, what had climbed still has, at the same instants."""
    steps = [WarningStep.CALL, WarningStep.DEPART, WarningStep.ARRIVE, WarningStep.CONCLUDE]
    events = log(*zip(times, steps, strict=False))
    first, second = (stands(events, at) for at in sorted((one, other)))
    if len([e for e in events if e.at <= minutes(min(one, other))]) == len(events):
        assert second.climbs[: len(first.climbs)] == first.climbs
    latest = second.visited_at or minutes(max(one, other, *times))
    assert all(climb.at < latest for climb in second.climbs)
