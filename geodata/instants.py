"""Instants as whole numbers: microseconds since 2000-01-01 UTC, as PostgreSQL counts them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """The count of an instant, which must name its zone."""
    return (at - EPOCH) // MICROSECOND


def from_us(us: int) -> datetime:
    """The instant (UTC) of a count, to the microsecond."""
    return EPOCH + int(us) * MICROSECOND
