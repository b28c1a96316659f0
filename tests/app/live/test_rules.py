"""Event ids, and when a viewer may resume: without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.rules import (
    LONGEST_REPLAY_EVENTS,
    Cursor,
    ResetReason,
    parse_event_id,
    refusal_to_resume,
)

EPOCHS = st.text("0123456789abcdef", min_size=12, max_size=12)
NOW = Cursor("0123456789ab", 10_000)


@given(EPOCHS, st.integers(0, 10**18 - 1))
def test_an_id_is_read_as_it_was_written(epoch: str, seq: int) -> None:
    """What we send is what we take back."""
    assert parse_event_id(str(Cursor(epoch, seq))) == Cursor(epoch, seq)


@given(st.text())
def test_no_text_breaks_the_reading_of_an_id(text: str) -> None:
    """Whatever comes is a cursor or none."""
    cursor = parse_event_id(text)
    assert cursor is None or parse_event_id(str(cursor)) == cursor


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (None, ResetReason.UNKNOWN_ID),
        (Cursor("0123456789ac", 10_000), ResetReason.OTHER_EPOCH),
        (Cursor(NOW.epoch, NOW.seq + 1), ResetReason.UNKNOWN_ID),
        (Cursor(NOW.epoch, NOW.seq - LONGEST_REPLAY_EVENTS - 1), ResetReason.TOO_OLD),
        (Cursor(NOW.epoch, NOW.seq - LONGEST_REPLAY_EVENTS), None),
        (NOW, None),
    ],
)
def test_who_may_resume(seen: Cursor | None, reason: ResetReason | None) -> None:
    """Another history, the future and the distant past are refused by name."""
    assert refusal_to_resume(seen, NOW) is reason
