"""SQL of open sessions as they are managed: one's own by everybody, those of an area by its admins,
as accounts are (`account_queries`)."""

from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.identity.account_queries import BELONGS, MANAGEABLE, VISIBLE
from app.identity.models import SignIn
from app.identity.queries import AnyRow, Rows

_INSIDE = "l.lo >= :lo AND l.hi <= :hi"
_OWN = "coalesce(l.account_id = CAST(:account AS bigint), false)"
_FOUND = f"""
    FROM live_sign_in l JOIN account a ON a.id = l.account_id
    WHERE ({_OWN} OR (:is_admin AND {VISIBLE} AND ({_INSIDE} OR {BELONGS})))
"""
_COLUMNS = f"""
    SELECT l.id, l.token_hash, l.name, l.label, l.role, l.area_code, l.created_at, l.seen_at,
        l.ends_at, NOT l.acts AS watching, a.area_code AS belongs,
        ({_OWN} OR (:is_admin AND ({_INSIDE} OR {MANAGEABLE}))) AS manageable
"""
_FILTER = """
    (CAST(:user AS text) IS NULL OR l.name = :user)
    AND (CAST(:role AS text) IS NULL OR l.role = :role)
"""
_PAGE = text(
    f"{_COLUMNS} {_FOUND} AND {_FILTER} AND (CAST(:after_name AS text) IS NULL"
    ' OR (l.name COLLATE "C", l.id) > (:after_name, :after_id))'
    ' ORDER BY l.name COLLATE "C", l.id LIMIT :limit'
)
_TOTAL = text(f"SELECT count(*) {_FOUND} AND {_FILTER}")
_ONE = text(f"{_COLUMNS} {_FOUND} AND l.id = :id")


def page(session: Session, area: dict[str, Any], words: dict[str, Any]) -> tuple[int, Rows]:
    """How many sessions are open, and those of one part of the list, by account and number.

    Args:
        area: `lo`, `hi`, `whole_city`, `is_admin` and `account` (a number, or None) of who asks.
        words: `user`, `role`, `after_name`, `after_id` (each None for any) and `limit`.
    """
    values = area | words
    return session.scalar(_TOTAL, values) or 0, session.execute(_PAGE, values).all()


def one(session: Session, area: dict[str, Any], session_id: int) -> AnyRow | None:
    """One open session as whoever manages that area sees it; None where they see none."""
    return session.execute(_ONE, area | {"id": session_id}).first()


def set_label(session: Session, session_id: int, label: str | None) -> None:
    """Know a session by a label; None: by none."""
    session.execute(update(SignIn).where(SignIn.id == session_id).values(label=label))
