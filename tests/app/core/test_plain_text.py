"""Text from strangers: uniform where harmless, refused where not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.plain_text import MOST_MARKS, clean_line, clean_text


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "a\x1bb", "a\x7fb", "a\x9bb", "\ud800", "abc\u202egnp.exe", "\u2066x", "a\ufffeb",
     "\U0001fffe", "\ufdd0"],
)  # fmt: skip
def test_refused(text: str) -> None:
    """NUL breaks the store, escapes break terminals, bidi controls break readers."""
    with pytest.raises(ValueError, match="must"):
        clean_text(text)


@pytest.mark.parametrize("marks", ["\u0301", "\u0301\u0323", "\u05b0", "\u0f73", "\U0001d165"])
def test_marks_without_end_are_refused(marks: str) -> None:
    """Putting them into their order would take minutes of a core for a text of some hundred KiB;
    what any language writes is taken."""
    many = marks * MOST_MARKS
    assert clean_text("a" + many[:MOST_MARKS])
    for text in ("a" + many + marks, marks * 100_000, "\u0301" * 100_000 + "\u0323" * 100_000):
        with pytest.raises(ValueError, match="marks"):
            clean_text(text)


@pytest.mark.parametrize("text", ["", " ", "\u200b\u200d", "\u3000", "a\nb", "a\tb", "a\u2028b"])
def test_refused_as_a_line(text: str) -> None:
    """A title is one line in which something can be seen."""
    with pytest.raises(ValueError, match="must"):
        clean_line(text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("e\u0301", "é"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("  井盖\t", "井盖"),
        ("👩‍👩‍👧 <b>", "👩‍👩‍👧 <b>"),
    ],
)
def test_made_uniform(text: str, clean: str) -> None:
    """NFC, one kind of line end, no blanks around; markup stays the data that it is."""
    assert clean_text(text) == clean


@given(st.text())
def test_clean_text_stays_clean(text: str) -> None:
    """Whatever passes is stable, storable and in NFC."""
    try:
        clean = clean_text(text)
    except ValueError:
        return
    assert clean_text(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert "\x00" not in clean
    clean.encode()
