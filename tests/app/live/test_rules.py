"""When a viewer may resume, and how places in the stream are written: without a database."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.ids import Ids
from app.live.rules import LONGEST_REPLAY_EVENTS, Cursor, ResetReason, refusal_to_resume

EPOCH = "0123456789ab"
NOW = Cursor(EPOCH, 10_000)
KEY = bytes(range(32))
NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS)
def test_an_id_is_read_as_it_was_written(seq: int) -> None:
    """By every server that knows the epoch's key."""
    assert Ids(EPOCH, KEY).cursor(Ids(EPOCH, KEY).text(seq)) == Cursor(EPOCH, seq)


@given(NUMBERS)
def test_an_id_tells_nothing_of_its_number(seq: int) -> None:
    """Not even whether two are of the same: nobody can see that nothing happened elsewhere."""
    ids = Ids(EPOCH, KEY)
    first, second = ids.text(seq), ids.text(seq)
    assert first != second
    assert len(first) == len(ids.text(0)) == len(ids.text(2**63 - 1))
    raw = base64.urlsafe_b64decode(first.partition(":")[2] + "==")
    assert seq.to_bytes(8) not in raw


@given(st.text() | st.from_regex(r"\A[0-9a-f]{12}:[A-Za-z0-9_-]{22}\Z"))
def test_no_text_breaks_the_reading_of_an_id(text: str) -> None:
    """Whatever comes is a place or none; one that was made up is none of this epoch."""
    cursor = Ids(EPOCH, KEY).cursor(text)
    assert cursor is None or (cursor.epoch != EPOCH and cursor.seq == 0)


def test_an_id_of_another_key_is_none() -> None:
    """Nor one that was changed; of another epoch only that is known."""
    ids, others = Ids(EPOCH, KEY), Ids(EPOCH, bytes(32))
    assert all(ids.cursor(others.text(seq)) is None for seq in range(50))
    text = ids.text(7)
    assert ids.cursor(text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]) is None
    assert ids.cursor(Ids("ba9876543210", KEY).text(7)) == Cursor("ba9876543210", 0)


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
