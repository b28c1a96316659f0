"""What may be done at a table, by hand and for any history."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.incidents.clocks.limits import ZONE
from app.incidents.clocks.workdays import CityCalendar
from app.mediation import openings, rules
from app.mediation.openings import Taken
from app.mediation.rules import Act, Answer, Event, Performance, Table, TableState

T0 = datetime(2026, 1, 30, 1, 0, tzinfo=UTC)  # a Friday, 09:00 in the city


def event(ordinal: int, what: Act, **said: object) -> Event:
    """An act, a minute after the one before."""
    return Event(T0 + timedelta(minutes=ordinal), ordinal, what, **said)  # type: ignore[arg-type]


def meeting(ordinal: int) -> Event:
    """A meeting that is set."""
    return event(ordinal, Act.MEETING, room_id=1, starts_at=T0, ends_at=T0 + timedelta(hours=1))


def table(*events: Event) -> Table:
    """A table after these events."""
    found = rules.replay([event(1, Act.OPENED), *events])
    assert found is not None
    return found


def test_the_ordinary_course() -> None:
    """Called, scheduled, met, concluded, performed, followed up."""
    log = [
        event(2, Act.CALL_IN, unit_id=7), event(3, Act.CALL_IN, unit_id=8),
        event(4, Act.ANSWER, unit_id=7, answer="accepted"), meeting(5), event(6, Act.MET),
        event(7, Act.OUTCOME, outcome="mediated", terms="还款"),
        event(8, Act.PERFORMANCE, performance="partly"),
        event(9, Act.PERFORMANCE, performance="fully"),
        event(10, Act.FOLLOW_UP, satisfaction="not_reached"),
        event(11, Act.FOLLOW_UP, satisfaction="satisfied"),
    ]  # fmt: skip
    states = [table(*log[:count]).state for count in range(len(log) + 1)]
    assert states == [
        TableState.CALLED,
        TableState.CALLED,
        TableState.CALLED,
        TableState.CALLED,
        TableState.SCHEDULED,
        TableState.MET,
        TableState.CONCLUDED,
        TableState.CONCLUDED,
        TableState.PERFORMED,
        TableState.PERFORMED,
        TableState.FOLLOWED_UP,
    ]
    done = table(*log)
    assert done.units == {7: Answer.ACCEPTED, 8: Answer.ASKED}
    assert done.agreement is not None
    assert done.agreement.performance is Performance.FULLY
    assert done.agreement.performed_at == T0 + timedelta(minutes=9)
    assert rules.possible(done) == ()


def test_nobody_meets_alone() -> None:
    """A meeting needs two units that did not say no."""
    one = [event(2, Act.CALL_IN, unit_id=7), event(3, Act.CALL_IN, unit_id=8)]
    assert rules.why_not(table(*one[:1]), Act.MEETING) is not None
    assert rules.why_not(table(*one), Act.MEETING) is None
    declined = event(4, Act.ANSWER, unit_id=8, answer="declined")
    assert rules.why_not(table(*one, declined), Act.MEETING) is not None


def test_what_was_agreed_is_performed_before_the_follow_up() -> None:
    """And without an agreement there is nothing to perform."""
    before = [event(2, Act.CALL_IN, unit_id=7), meeting(3), event(4, Act.MET)]
    agreed = table(*before, event(5, Act.OUTCOME, outcome="mediated", terms="x"))
    assert rules.possible(agreed) == (Act.PERFORMANCE,)
    ended = table(*before, event(5, Act.OUTCOME, outcome="to_court"))
    assert rules.possible(ended) == (Act.FOLLOW_UP,)


@given(st.lists(st.sampled_from([a for a in Act if a is not Act.OPENED]), max_size=25))
def test_any_legal_history_replays_to_the_same_table(acts: list[Act]) -> None:
    """Folded at once or step by step; refused acts say why and what is possible."""
    said: dict[Act, dict[str, object]] = {
        Act.CALL_IN: {"unit_id": 1}, Act.ANSWER: {"unit_id": 1, "answer": "accepted"},
        Act.MEETING: {"room_id": 1, "starts_at": T0, "ends_at": T0 + timedelta(hours=1)},
        Act.OUTCOME: {"outcome": "mediated", "terms": "x"},
        Act.PERFORMANCE: {"performance": "fully"}, Act.FOLLOW_UP: {"satisfaction": "neutral"},
    }  # fmt: skip
    now, log = table(), [event(1, Act.OPENED)]
    for act in acts:
        words = dict(said.get(act, {}))
        if act is Act.CALL_IN:
            words["unit_id"] = len(log)
        if rules.why_not(now, act) is not None:
            assert act not in rules.possible(now)
            continue
        log.append(event(now.version + 1, act, **words))
        now = rules.apply(now, log[-1])
        assert now.version == len(log)
    assert rules.replay(reversed(log)) == now


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [(1, 1, "ends_at"), (2, 1, "ends_at"), (1, 10, "ends_at"), (-3, -2, "ends_at"),
     (91 * 24, 91 * 24 + 1, "starts_at"), (-0.5, 1, None), (1, 2, None), (1, 9, None)],
)  # fmt: skip
def test_times_of_meetings(starts: float, ends: float, field: str | None) -> None:
    """Hours from now; a meeting may begin at once."""
    found = rules.why_no_meeting(
        T0 + timedelta(hours=starts), T0 + timedelta(hours=ends), T0
    )  # fmt: skip
    assert (found[0] if found else None) == field


def test_hours_of_work() -> None:
    """Friday from 10:00, nothing at the weekend, lunch left out; local hours of the city."""
    hours = list(openings.work_hours(CityCalendar(), T0, 4))
    local = [since.astimezone(ZONE) for since, _ in hours]
    assert [(at.day, at.hour) for at in local] == [
        (30, 10), (30, 11), (30, 14), (30, 15), (30, 16), (30, 17),
        (2, 8), (2, 9), (2, 10), (2, 11), (2, 14), (2, 15), (2, 16), (2, 17),
    ]  # fmt: skip
    assert all(until - since == timedelta(hours=1) for since, until in hours)


def test_what_is_taken_is_left_out() -> None:
    """A unit that is busy takes the hour away; a room only itself. Touching is not overlapping."""
    hours = [(T0 + timedelta(hours=n), T0 + timedelta(hours=n + 1)) for n in range(3)]
    rooms_taken = {1: [Taken(T0, T0 + timedelta(minutes=30))]}
    units_taken = [Taken(T0 + timedelta(hours=1), T0 + timedelta(hours=2))]
    found = [
        (one.starts_at, one.room_id)
        for one in openings.openings([1, 2], rooms_taken, units_taken, hours)
    ]
    assert found == [(T0, 2), (T0 + timedelta(hours=2), 1), (T0 + timedelta(hours=2), 2)]
