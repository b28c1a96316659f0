"""Another key for the contacts: everything is sealed anew, and old keys can be forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, literal, select, update
from sqlalchemy.orm import Session

from app.core.db import writing
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.incidents.contacts import keys as contact_keys
from app.incidents.contacts.keys import KeyRing, Sealed
from app.incidents.contacts.models import CaseContact
from app.incidents.contacts.service import KEY_LOCK, ring_of

AT_ONCE = 500

SealedTable = type[Any]
"""A table with something sealed, by its row's id as a contact is: `id`, `key_id`, `nonce`,
`sealed`."""


@dataclass(frozen=True)
class Rotation:
    """What was done.

    Attributes:
        key_id: of the key with which is sealed from now on.
        resealed: how many contacts were sealed anew.
        forgotten: how many old keys were taken out of the file.
    """

    key_id: str
    resealed: int
    forgotten: int


def rotate(
    engine: Engine,
    keys: Path,
    area_code: int,
    *,
    forget_old: bool,
    beside: Sequence[SealedTable] = (),
) -> Rotation:
    """Add a key to the file and seal every contact with it. May be broken off and run again.

    Args:
        area_code: of the city, for the audit.
        forget_old: take the old keys out of the file. What was erased, and what stands in older
            copies of the database, can then be read by nobody any more.
        beside: other tables with something that is sealed with the keys of this file.

    Raises:
        KeyFileError: the file cannot be used.
        UnknownKeyError: a contact that no key of the file opens; nothing of it is changed.
    """
    with writing(engine) as session:
        _alone(session)
        ring_of(session, keys)
        ring = contact_keys.add_key(keys)
    resealed = 0
    tables: tuple[SealedTable, ...] = (CaseContact, *beside)
    for table in tables:
        while count := _reseal(engine, ring, table):
            resealed += count if table is CaseContact else 0
    forgotten = 0
    with writing(engine) as session:
        _alone(session)
        if forget_old:
            used = {key for t in tables for key in session.scalars(select(t.key_id).distinct())}
            left = contact_keys.keep_keys(keys, used)
            forgotten = len(ring.keys) - len(left.keys)
        detail = f"key {ring.newest}, {resealed} sealed anew, {forgotten} keys forgotten"
        audit.record(
            session, None, AuditKind.CONTACT_KEY_CHANGED, area_code=area_code, detail=detail
        )
    return Rotation(ring.newest, resealed, forgotten)


def _alone(session: Session) -> None:
    """Nobody seals until the transaction ends: all who come later find the newest key."""
    session.execute(select(func.pg_advisory_xact_lock(literal(KEY_LOCK))))


def _reseal(engine: Engine, ring: KeyRing, table: SealedTable) -> int:
    with writing(engine) as session:
        _alone(session)
        columns = (table.id, table.key_id, table.nonce, table.sealed)
        found = select(*columns).where(table.key_id != ring.newest).limit(AT_ONCE)
        rows = session.execute(found.with_for_update()).all()
        for row in rows:
            content = ring.open(row.id, Sealed(row.key_id, row.nonce, row.sealed))
            fresh = ring.seal(row.id, content)
            session.execute(
                update(table)
                .where(table.id == row.id)
                .values(key_id=fresh.key_id, nonce=fresh.nonce, sealed=fresh.sealed)
            )
        return len(rows)
