"""Which boundaries are meant, and the minute at which the database is asked for them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.errors import Problem
from app.maps.boundaries import Boundaries
from app.maps.queries import BoundaryVersion

CHANGED = datetime(2026, 3, 1, tzinfo=UTC)
SEEN = datetime(2026, 5, 1, tzinfo=UTC)
NOW = SEEN + timedelta(milliseconds=800)
OLD, CURRENT = BoundaryVersion(3, None, CHANGED), BoundaryVersion(4, CHANGED, None)


@pytest.fixture
def boundaries() -> Boundaries:
    """Two states, the second one in force."""
    known = Boundaries()
    known.set([OLD, CURRENT], SEEN)
    return known


def test_a_state_is_asked_for_by_its_first_minute(boundaries: Boundaries) -> None:
    """What follows it is dated to when its writing began: a minute before it is there, too. Asked
    for then, the new would be kept for ever under the number of the old."""
    assert boundaries.drawn(None, None, NOW) == (4, CHANGED)
    assert boundaries.drawn(4, None, NOW) == (4, CHANGED)
    assert boundaries.drawn(None, NOW, NOW) == (4, CHANGED)
    april = CHANGED + timedelta(days=40)
    assert boundaries.drawn(None, april, NOW) == (4, CHANGED)
    assert boundaries.drawn(None, CHANGED, NOW) == (4, CHANGED)


def test_the_first_state_of_all_is_asked_for_as_last_seen() -> None:
    known = Boundaries()
    known.set([BoundaryVersion(3, None, None)], SEEN)
    number, inside = known.drawn(None, None, NOW)
    assert number == 3 and inside < SEEN


def test_a_minute_in_the_past_means_its_state(boundaries: Boundaries) -> None:
    number, inside = boundaries.drawn(None, CHANGED - timedelta(days=3), NOW)
    assert number == 3 and inside == CHANGED - timedelta(microseconds=1)


def test_a_number_means_a_minute_inside_its_time(boundaries: Boundaries) -> None:
    number, inside = boundaries.drawn(3, None, NOW)
    assert number == 3 and inside < CHANGED


def test_nothing_was_drawn_before_the_first_state() -> None:
    known = Boundaries()
    known.set([CURRENT], SEEN)
    number, _ = known.drawn(None, CHANGED - timedelta(days=1), NOW)
    assert number is None


def test_an_unknown_number_is_refused(boundaries: Boundaries) -> None:
    with pytest.raises(Problem) as refused:
        boundaries.drawn(5, None, NOW)
    assert refused.value.errors[0].field == "v"
