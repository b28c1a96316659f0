"""Places in the history of states, as pure decisions. Imports nothing of ours."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_STATES = 1_000
# A step carries the instant at which its transaction began; none that is a request takes so long.
SLACK = timedelta(hours=1)
# An instant from which changes are wanted lies not further back: for more there is the list.
LONGEST_AGO = timedelta(days=31)
# After a restore to an earlier second, so much of what was told before it is told again.
AFTER_RESTORE = timedelta(hours=24)
IN_THE_STREAM = -1
OTHER_EPOCH = "0" * 12
"""Stands for an epoch of the stream that is not the present one."""


@dataclass(frozen=True)
class Place:
    """Up to where a program has been told, opaque to it.

    Attributes:
        epoch, seq: everything up to and including `seq` of that epoch of the stream was told.
        given_us: when this place was given out, in microseconds since 1970 (UTC).
        past_us, past_no: while older changes are read from the log: instant and case number of the
            last one told; `past_us` is `IN_THE_STREAM` otherwise.
    """

    epoch: str
    seq: int
    given_us: int
    past_us: int = IN_THE_STREAM
    past_no: int = 0

    @property
    def is_in_past(self) -> bool:
        """Whether older changes are still being read from the log."""
        return self.past_us != IN_THE_STREAM


def microseconds(at: datetime) -> int:
    """An instant as a place holds it."""
    return (at - EPOCH) // timedelta(microseconds=1)


def instant(at_us: int) -> datetime:
    """The instant (UTC) of such a number.

    Raises:
        OverflowError: there is none.
    """
    return EPOCH + timedelta(microseconds=at_us)


def from_log(place: Place, now_epoch: str, now_seq: int, now: datetime) -> Place:
    """Where to read on in the log for whoever stands at a place of which the stream knows no more,
    and in the stream afterwards."""
    back = SLACK if place.epoch == now_epoch else AFTER_RESTORE
    past_us = max(0, place.given_us - back // timedelta(microseconds=1))
    return Place(now_epoch, now_seq, microseconds(now), past_us)


def since_instant(since: datetime, now_epoch: str, now_seq: int, now: datetime) -> Place:
    """The same for whoever wants to know everything from an instant on."""
    return Place(now_epoch, now_seq, microseconds(now), max(0, microseconds(since) - 1), 2**62)
