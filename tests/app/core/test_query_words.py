"""The shared query words refuse what the database would take, and say why."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.query_words import (
    LONGEST_WINDOW,
    AreaCode,
    BBox,
    Instant,
    TimeWindow,
    parse_bbox,
    parse_categories,
)

lon = st.floats(-180, 180)
lat = st.floats(-90, 90)
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


@given(lon, lat, lon, lat)
def test_a_bbox_comes_back_or_is_refused(w: float, s: float, e: float, n: float) -> None:
    """Right way round it is what was written; inside out it is refused."""
    text = f"{w!r},{s!r},{e!r},{n!r}"
    if w < e and s < n:
        assert parse_bbox(text) == BBox(w, s, e, n)
    else:
        with pytest.raises(ValueError, match="inside out"):
            parse_bbox(text)


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "1e999,0,1,1", "0,0,0,0",
     "103,36,104", "10,10,9,11", "-181,0,1,1", "0,-91,1,1", "0,0,1,91", "1;2;3;4", ",,,"],
)  # fmt: skip
def test_hostile_bboxes_are_refused(text: str) -> None:
    """PostGIS would take several of these and return every row."""
    with pytest.raises(ValueError, match=r"must|inside"):
        parse_bbox(text)


@pytest.mark.parametrize(
    "text", ["2026", "1700000000", "2026-01-01", "2026-01-01T00:00:00", "x", "9999-01-01T00:00:00Z"]
)
def test_instants_without_zone_or_sense_are_refused(text: str) -> None:
    """A bare number would be taken for seconds, a naive instant for somebody's local time."""
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_python(text)


def test_a_plus_that_became_a_blank_is_still_an_offset() -> None:
    """`+08:00` in a query string arrives as ` 08:00`."""
    parsed = TypeAdapter(Instant).validate_python("2026-01-01T08:00:00 08:00")
    assert parsed == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["１２３４５６７８９０１２３４５", "62_0102000000000", "-1", "0", "620102", "9" * 18]
)
def test_codes_are_fifteen_ascii_digits(text: str) -> None:
    """int() takes full-width digits and underscores; a code does not."""
    with pytest.raises(ValidationError):
        TypeAdapter(AreaCode).validate_python(text)


def test_categories_are_two_or_four_digits() -> None:
    """Repeated or in one text, each once, sorted."""
    assert parse_categories(["10,0101", "10"]) == ("0101", "10")
    for bad in ("1", "101", "ab", "10'--", "１０", "10,,01", ","):
        with pytest.raises(ValueError, match="digits"):
            parse_categories(bad)


@given(st.timedeltas(timedelta(seconds=1), LONGEST_WINDOW))
def test_a_window_resolves_to_an_ordered_pair(length: timedelta) -> None:
    """Given or defaulted, since lies before until."""
    window = TimeWindow(since=NOW - length, until=NOW)
    assert window.resolve(NOW) == (NOW, NOW - length, NOW)
    at, since, until = TimeWindow(at=NOW - length).resolve(NOW)
    assert at == until == NOW - length
    assert since < until


def test_a_window_too_long_or_inside_out_is_refused() -> None:
    """A hundred years are a mistake, not a question."""
    with pytest.raises(ValidationError):
        TimeWindow(since=NOW, until=NOW - timedelta(hours=1))
    with pytest.raises(ValidationError):
        TimeWindow(since=NOW - LONGEST_WINDOW - timedelta(days=1), until=NOW)
