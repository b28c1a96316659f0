"""What the stream promises, as pure decisions: how a viewer resumes. Imports nothing."""

from dataclasses import dataclass
from enum import StrEnum

CHANNEL = "minqing_stream"
# Events stay replayable for so long.
RETENTION_H = 24
# More than this is not replayed: the state itself is then the shorter answer.
LONGEST_REPLAY_EVENTS = 5_000
# Events that may wait for one slow viewer.
QUEUE_EVENTS = 1_000
HEARTBEAT_S = 15.0
RETRY_MS = 1_000


class ResetReason(StrEnum):
    """Why a viewer must fetch its state again."""

    UNKNOWN_ID = "unknown_id"
    OTHER_EPOCH = "other_epoch"
    TOO_OLD = "too_old"
    TOO_SLOW = "too_slow"


@dataclass(frozen=True)
class Cursor:
    """A place in the stream: everything up to and including `seq` of `epoch` was seen."""

    epoch: str
    seq: int


def refusal_to_resume(seen: Cursor | None, now: Cursor) -> ResetReason | None:
    """Why nobody can resume after `seen` when the stream stands at `now`; None if one may try.

    A number from the future belongs to a history that this database has lost.
    """
    if seen is None:
        return ResetReason.UNKNOWN_ID
    if seen.epoch != now.epoch:
        return ResetReason.OTHER_EPOCH
    if seen.seq > now.seq:
        return ResetReason.UNKNOWN_ID
    if now.seq - seen.seq > LONGEST_REPLAY_EVENTS:
        return ResetReason.TOO_OLD
    return None
