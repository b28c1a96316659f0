"""What of a mediation goes with the text of its case: what was agreed, and reasons."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.retention import Kind
from app.identity import audit
from app.identity.audit_words import AuditKind

# Emptied, not removed: that there was an agreement stays, and with it what was done of it.
_TEXTS = text(
    "UPDATE mediation_event e SET reason = NULL,"
    "  terms = CASE WHEN e.terms IS NULL THEN NULL ELSE '' END"
    " FROM (SELECT m.id, m.no, m.cell_code FROM mediation m"
    "   JOIN report_receipt r ON r.no = m.no"
    "   JOIN incident i ON i.no = r.no AND i.reported_at = r.reported_at"
    "   WHERE i.closed_at < :before AND EXISTS (SELECT FROM mediation_event f"
    "     WHERE f.mediation_id = m.id AND (f.reason <> '' OR f.terms <> ''))"
    "   ORDER BY m.no LIMIT :limit) t"
    " WHERE e.mediation_id = t.id RETURNING t.no, t.cell_code"
)


def erase_texts(session: Session, before: datetime, limit: int) -> Sequence[str]:
    """Terms and reasons of mediations whose case was closed before an instant."""
    rows = session.execute(_TEXTS, {"before": before, "limit": limit}).all()
    cases = sorted({(row.no, row.cell_code) for row in rows})
    for no, cell_code in cases:
        audit.record(
            session, None, AuditKind.TEXT_ERASED, area_code=cell_code, incident_no=no,
            detail="mediation, its time is over",
        )  # fmt: skip
    return [str(no) for no, _ in cases]


KINDS = (Kind("text", "closing of the case", erase_texts),)
