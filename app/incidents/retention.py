"""What of a closed case goes in time: its contact, its photos, its free text."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.retention import Kind
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.incidents.queries import AnyRow

ERASED_TITLE = "（文字已过保存期限）"
AFTER_CLOSING = "closing of the case"

# A case that was opened again has no closing date, and keeps what it has.
_CONTACTS = text(
    "DELETE FROM case_contact WHERE id IN ("
    " SELECT c.id FROM case_contact c JOIN report_receipt r ON r.id = c.id"
    " JOIN incident i ON i.no = r.no AND i.reported_at = r.reported_at"
    " WHERE i.closed_at < :before ORDER BY c.no LIMIT :limit FOR UPDATE OF c)"
    " RETURNING no, cell_code"
)
_PHOTOS = text(
    "DELETE FROM attachment WHERE id IN ("
    " SELECT a.id FROM attachment a JOIN report_receipt r ON r.no = a.no"
    " JOIN incident i ON i.no = r.no AND i.reported_at = r.reported_at"
    " WHERE i.closed_at < :before ORDER BY a.no, a.id LIMIT :limit FOR UPDATE OF a)"
    " RETURNING no, cell_code"
)
_TEXTS = text(
    "UPDATE incident SET title = :erased, description = ''"
    " WHERE (reported_at, no) IN (SELECT reported_at, no FROM incident"
    # Somebody may have called it so.
    "   WHERE closed_at < :before AND (title <> :erased OR description <> '')"
    "   ORDER BY no LIMIT :limit FOR UPDATE)"
    " RETURNING no, cell_code"
)
_REASONS = text(
    "UPDATE incident_event SET reason = NULL WHERE no = ANY (:numbers) AND reason IS NOT NULL"
)


def erase_contacts(session: Session, before: datetime, limit: int) -> Sequence[str]:
    """Contacts of cases that were closed before an instant: their cases' numbers."""
    rows = session.execute(_CONTACTS, {"before": before, "limit": limit}).all()
    return _noted(session, AuditKind.CONTACT_ERASED, rows)


def erase_photos(session: Session, before: datetime, limit: int) -> Sequence[str]:
    """Photos of cases that were closed before an instant."""
    rows = session.execute(_PHOTOS, {"before": before, "limit": limit}).all()
    return _noted(session, AuditKind.PHOTO_ERASED, rows)


def erase_texts(session: Session, before: datetime, limit: int) -> Sequence[str]:
    """Titles, descriptions and reasons of cases that were closed before an instant."""
    words = {"before": before, "limit": limit, "erased": ERASED_TITLE}
    rows = session.execute(_TEXTS, words).all()
    if rows:
        session.execute(_REASONS, {"numbers": [row.no for row in rows]})
    return _noted(session, AuditKind.TEXT_ERASED, rows)


def _noted(session: Session, kind: AuditKind, rows: Sequence[AnyRow]) -> list[str]:
    """The numbers of the cases, after one audit row for each."""
    of_case = Counter((row.no, row.cell_code) for row in rows)
    for (no, cell_code), count in sorted(of_case.items()):
        audit.record(
            session, None, kind, area_code=cell_code, incident_no=no,
            detail=f"{count}, its time is over",
        )  # fmt: skip
    return [str(row.no) for row in rows]


KINDS = (
    Kind("contact", AFTER_CLOSING, erase_contacts),
    Kind("photo", AFTER_CLOSING, erase_photos),
    Kind("text", AFTER_CLOSING, erase_texts),
)
