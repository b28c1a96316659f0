"""Cursors come back as they went, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Problem
from app.core.paging import decode_cursor, encode_cursor

STORABLE = st.characters(exclude_characters="\0", exclude_categories=["Cs"])


@given(st.text(STORABLE, max_size=40), st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_cursor_comes_back(name: str, number: int) -> None:
    """Texts and numbers survive."""
    key = [name, number]
    if len(encode_cursor(key)) <= 400:
        assert decode_cursor(encode_cursor(key), (str, int)) == key


@given(st.text(max_size=60))
def test_any_other_text_is_refused_by_name(text: str) -> None:
    """No text makes it fail otherwise."""
    with pytest.raises(Problem) as refused:
        decode_cursor(text, (str, int, float, bool))
    assert refused.value.errors[0].field == "cursor"


@pytest.mark.parametrize(
    "key",
    [[1], ["a", "b"], ["a", True], ["a", 2**63], {}, None, ["\0", 1], ["\ud800", 1]],
)
def test_a_cursor_of_another_list_is_refused(key: list[object]) -> None:
    """True is no number, 2**63 would overflow a bigint, and no text of the database holds NUL or
    half a character."""
    with pytest.raises(Problem):
        decode_cursor(encode_cursor(key), (str, int))
