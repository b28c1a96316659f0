"""Instants as whole numbers."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from geodata.instants import from_us, to_us

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3))])
INSTANTS = st.datetimes(timezones=ZONES).filter(lambda at: 1900 <= at.year < 2900)


@given(INSTANTS, st.integers(0, 10**15))
def test_there_and_back(at: datetime, us: int) -> None:
    """To the microsecond, in any zone, before and after the epoch."""
    assert from_us(to_us(at)) == at
    assert from_us(to_us(at)).tzinfo is UTC
    assert to_us(at + us * timedelta(microseconds=1)) == to_us(at) + us


def test_postgres_counts_so() -> None:
    """From the first instant of 2000, in UTC."""
    assert to_us(datetime(2000, 1, 1, 8, 0, 0, 5, timezone(timedelta(hours=8)))) == 5
