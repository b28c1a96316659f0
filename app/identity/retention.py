"""What of signing in goes in time. No area's audit: nobody's content is erased."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.retention import Kind

_SESSIONS = text(
    "DELETE FROM sign_in WHERE token_hash IN ("
    " SELECT s.token_hash FROM sign_in s WHERE s.seen_at < :before"
    "   AND NOT EXISTS (SELECT FROM live_sign_in l WHERE l.token_hash = s.token_hash)"
    " LIMIT :limit) RETURNING 'session'"
)
_FAILURES = text(
    "DELETE FROM sign_in_failure WHERE key_hash IN ("
    " SELECT key_hash FROM sign_in_failure WHERE last_at < :before LIMIT :limit)"
    " RETURNING 'failure'"
)


def erase_sessions(session: Session, before: datetime, limit: int) -> Sequence[str]:
    """Sessions that are over; a display on a wall goes on."""
    return session.scalars(_SESSIONS, {"before": before, "limit": limit}).all()


def erase_failures(session: Session, before: datetime, limit: int) -> Sequence[str]:
    """Counts of failed sign-ins."""
    return session.scalars(_FAILURES, {"before": before, "limit": limit}).all()


KINDS = (
    Kind("session", "its last use", erase_sessions),
    Kind("sign_in_failure", "the last attempt", erase_failures),
)
