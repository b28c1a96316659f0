"""The one contact of a case: sealed when it comes, shown on demand with a reason, erased in time.

What is done with it is written down in the same transaction (identity.audit). Nothing of it goes to
the stream, a list, an export, a search or a log.
"""

import re
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import delete, exists, func, literal, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.errors import Problem, invalid, not_found, unavailable
from app.core.scope import within
from app.core.settings import Settings
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.identity.rules import Actor, Asker
from app.identity.step_up import require_step_up
from app.incidents.contacts import keys as contact_keys
from app.incidents.contacts.keys import KeyFileError, KeyRing, Sealed, UnknownKeyError
from app.incidents.contacts.models import CaseContact
from app.incidents.contacts.rules import handles
from app.incidents.contacts.schemas import Contact, RevealedContact
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle.posts import post_of
from app.incidents.models import Incident, ReportReceipt
from app.incidents.queries import AnyRow
from app.incidents.rules import Tier

log = structlog.get_logger()

KEY_FILE = "contact.key"
KEY_LOCK = 0x636F6E74
"""Held by whoever seals, together; by whoever changes the keys, alone."""

_SHORTEST_BLANKED = 2
_DIGITS = re.compile(r"\D")


def key_file(settings: Settings) -> Path:
    """Where the keys lie: as set, or in the data directory."""
    return settings.contact_key_file or settings.data_dir / KEY_FILE


def ring_of(session: Session, path: Path) -> KeyRing:
    """The keys of the file; with one new key where there is no file, and nothing is sealed yet.

    Raises:
        KeyFileError: the file cannot be used, or is missing beside what is sealed with its keys.
    """
    if is_lost(session, path):
        raise KeyFileError(
            f"{path} is missing, and what is sealed in the database opens with its keys alone: put"
            " it back from where its copy is kept (MINQING_CONTACT_KEY_FILE says where it lies)"
        )
    return contact_keys.ensure(path)


def is_lost(session: Session, path: Path) -> bool:
    """Whether the key file is missing although something is sealed with its keys."""
    return not path.exists() and bool(session.scalar(text("SELECT anything_sealed()")))


def attach(
    session: Session, asker: Asker, report_id: UUID, given: Contact, *, keys: Path, now: datetime
) -> None:
    """Seal the contact that came with a new report, in the report's own transaction.

    Raises:
        Problem: 503 while the key file cannot be used.
    """
    case = _case(session, report_id)
    _write(session, _ring(session, keys), case, given, now)
    _note(session, asker, AuditKind.CONTACT_CHANGED, case, detail="with the report")


def put(
    session: Session, actor: Actor, report_id: UUID, given: Contact, *, keys: Path, now: datetime
) -> None:
    """Seal a contact in the place of the one that was there.

    Raises:
        Problem: 403 for who does not handle the case; 404; 503 while the key file cannot be used.
    """
    case = _handled_case(session, actor, report_id)
    was_there = _write(session, _ring(session, keys), case, given, now)
    _note(
        session, actor, AuditKind.CONTACT_CHANGED, case, detail="replaced" if was_there else "added"
    )


def erase(session: Session, actor: Actor, report_id: UUID) -> None:
    """Erase the contact of a case; where there is none, nothing happens.

    Raises:
        Problem: 403 for who does not handle the case; 404 for the case.
    """
    case = _handled_case(session, actor, report_id)
    gone = delete(CaseContact).where(CaseContact.id == case.id).returning(CaseContact.no)
    if session.scalar(gone) is not None:
        _note(session, actor, AuditKind.CONTACT_ERASED, case, detail="by hand")


def reveal(
    session: Session, actor: Actor, report_id: UUID, reason: str, *, keys: Path
) -> RevealedContact:
    """Show the contact of a case, and write down that and why; one row a call.

    Raises:
        Problem: 403 for who does not handle the case; 403 `step-up`; 404 for the case, or where it
            has no contact; 503 while no key opens it.
    """
    case = _handled_case(session, actor, report_id)
    require_step_up(actor)
    columns = (CaseContact.key_id, CaseContact.nonce, CaseContact.sealed)
    row = session.execute(select(*columns).where(CaseContact.id == case.id)).first()
    if row is None:
        raise not_found("contact of incident", case.no)
    try:
        opened = _ring(session, keys).open(case.id, Sealed(row.key_id, row.nonce, row.sealed))
    except UnknownKeyError as error:
        log.error("contact cannot be opened", incident_no=case.no, why=str(error))
        raise unavailable(f"The contact cannot be opened: {error}.") from None
    contact = Contact.model_validate_json(opened)
    _note(session, actor, AuditKind.REVEAL, case, detail="contact", reason=blanked(reason, contact))
    return RevealedContact(name=contact.name, phone=contact.phone, note=contact.note)


def has_contact(session: Session, report_id: UUID) -> bool:
    """Whether a case has a contact, as far as the session's scope tells."""
    where = [CaseContact.id == report_id, *within(session, CaseContact.cell_code)]
    return bool(session.scalar(select(exists().where(*where))))


def unreadable(session: Session, ring: KeyRing) -> int:
    """How many contacts no key of the file opens: the file is another one, or was lost."""
    foreign = CaseContact.key_id.not_in(list(ring.keys))
    return session.scalar(select(func.count()).select_from(CaseContact).where(foreign)) or 0


def blanked(reason: str, contact: Contact) -> str:
    """A reason without the words of the contact: the audit outlasts the contact by far."""
    for words in (contact.name, contact.phone, contact.note):
        if words and len(words) >= _SHORTEST_BLANKED:
            reason = reason.replace(words, "…")
    if digits := _DIGITS.sub("", contact.phone or ""):
        loosely = r"[\s()*#+-]*".join(digits)
        reason = re.sub(loosely, "…", reason)
    return reason


def _case(session: Session, report_id: UUID) -> AnyRow:
    """`id`, `no`, `cell_code`, `tier`, `unit_id` of a case in scope."""
    receipt = session.execute(
        select(ReportReceipt.no, ReportReceipt.reported_at).where(
            ReportReceipt.id == report_id, *within(session, ReportReceipt.cell_code)
        )
    ).first()
    if receipt is None:
        raise not_found("incident", report_id)
    columns = (Incident.id, Incident.no, Incident.cell_code, Incident.tier, Incident.unit_id)
    found = select(*columns).where(
        Incident.no == receipt.no, Incident.reported_at == receipt.reported_at
    )
    return session.execute(found).one()


def _handled_case(session: Session, actor: Actor, report_id: UUID) -> AnyRow:
    case = _case(session, report_id)
    carrying, post = Tier(case.tier), post_of(actor)
    unit = step_queries.unit_of(session, case.unit_id)
    if not handles(actor.role, post.tier, carrying, unit.tier if unit else None):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "not-handling",
            "Not your case",
            f"The contact is for those who handle the case: it is carried at the tier {carrying}.",
        )
    return case


def _ring(session: Session, keys: Path) -> KeyRing:
    """The keys as they are now, and for this transaction nobody changes them."""
    session.execute(select(func.pg_advisory_xact_lock_shared(literal(KEY_LOCK))))
    try:
        return ring_of(session, keys)
    except KeyFileError as error:
        log.error("contact keys", why=str(error))
        raise unavailable("The key of contacts cannot be used; nothing was changed.") from None


def _write(session: Session, ring: KeyRing, case: AnyRow, given: Contact, now: datetime) -> bool:
    """Whether there was one before."""
    try:
        sealed = ring.seal(case.id, given.model_dump_json(exclude_none=True).encode())
    except ValueError:
        raise invalid("note", "is too long") from None
    content = {
        "key_id": sealed.key_id, "nonce": sealed.nonce, "sealed": sealed.sealed, "changed_at": now,
    }  # fmt: skip
    was_there = has_contact(session, case.id)
    session.execute(
        postgresql.insert(CaseContact)
        .values(id=case.id, no=case.no, cell_code=case.cell_code, **content)
        .on_conflict_do_update(index_elements=["id"], set_=content)
    )
    return was_there


def _note(
    session: Session, asker: Asker, kind: AuditKind, case: AnyRow, *,
    detail: str, reason: str | None = None,
) -> None:  # fmt: skip
    audit.record(
        session, asker, kind, area_code=case.cell_code, incident_no=case.no, detail=detail,
        reason=reason,
    )  # fmt: skip
