"""SQL of the pull of states. What is read for a program is read under its key."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.incidents.queries import Rows
from app.live.ids import Ids

_POSITION = text("SELECT stream_epoch() AS epoch, last_seq, stream_key() AS key FROM stream_state")
_FROM_STREAM = text("""
    SELECT seq, (payload ->> 'no')::bigint AS no, (payload ->> 'at')::timestamptz AS at
    FROM stream_event
    WHERE seq > :after AND seq <= :until AND area_code BETWEEN :lo AND :hi
      AND topic IN ('incident.reported', 'incident.changed')
    ORDER BY seq LIMIT :limit
""")
_FROM_LOG = text("""
    SELECT at, no FROM incident_event
    WHERE at >= :at AND (at, no) > (:at, :no) AND cell_code BETWEEN :lo AND :hi
    ORDER BY at, no LIMIT :limit
""")
# By way of the receipts, which know in which month a case lies.
_STATES = text("""
    SELECT i.id, i.no, i.category, i.source, i.severity, i.status, s.stage, i.cell_code,
           i.reported_at, i.closed_at
    FROM unnest(CAST(:nos AS bigint[])) AS asked (no)
    JOIN report_receipt r ON r.no = asked.no
    JOIN incident i ON i.reported_at = r.reported_at AND i.no = r.no
    JOIN incident_status s ON s.status = i.status
    WHERE i.cell_code BETWEEN :lo AND :hi
""")


class Position(NamedTuple):
    """Where the stream stands, and how places in it are written for those outside."""

    epoch: str
    seq: int
    ids: Ids


class Change(NamedTuple):
    """That a case has changed, and when (UTC).

    Attributes:
        seq: number in the stream; 0 for one that was read from the log.
    """

    seq: int
    no: int
    at: datetime


def position(session: Session) -> Position | None:
    """Where the stream stands now; None where none was started yet. For the house only."""
    row = session.execute(_POSITION).first()
    if row is None:
        return None
    return Position(row.epoch, row.last_seq, Ids(row.epoch, bytes(row.key)))


def from_stream(
    session: Session, after: int, until: int, area: tuple[int, int], limit: int
) -> list[Change]:
    """Changes that the stream has told after `after` up to `until`, in its order."""
    words = {"after": after, "until": until, "lo": area[0], "hi": area[1], "limit": limit}
    return [Change(*row) for row in session.execute(_FROM_STREAM, words)]


def from_log(
    session: Session, at: datetime, no: int, area: tuple[int, int], limit: int
) -> list[Change]:
    """Steps after one of case `no` at `at`, by instant and number."""
    words = {"at": at, "no": no, "lo": area[0], "hi": area[1], "limit": limit}
    return [Change(0, row.no, row.at) for row in session.execute(_FROM_LOG, words)]


def states(session: Session, nos: Sequence[int], area: tuple[int, int]) -> Rows:
    """Cases as they stand now: the columns of `IncidentState`, in no order."""
    words = {"nos": list(nos), "lo": area[0], "hi": area[1]}
    return session.execute(_STATES, words).all()
