"""The key file of contacts, for what else is sealed with it: secrets of second factors."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from app.core.errors import unavailable
from app.identity.second_factor.sealing import Sealed
from app.incidents.contacts import keys as contact_keys
from app.incidents.contacts.keys import KeyFileError, KeyRing, UnknownKeyError
from app.incidents.contacts.service import KEY_LOCK, ring_of

log = structlog.get_logger()


@dataclass(frozen=True)
class KeyFileSeal:
    """The way to the keys of a file."""

    path: Path

    def ring(self, session: Session) -> "OpenRing":
        """The keys as they are now, and for this transaction nobody changes them.

        Raises:
            Problem: 503, the file cannot be used, or is missing beside what is sealed with its
                keys.
        """
        session.execute(select(func.pg_advisory_xact_lock_shared(literal(KEY_LOCK))))
        try:
            return OpenRing(ring_of(session, self.path))
        except KeyFileError as error:
            log.error("keys of second factors", why=str(error))
            raise unavailable(
                "The key file cannot be used (MINQING_CONTACT_KEY_FILE), and second factors open"
                " with its keys alone; nothing was changed. A recovery code works without it."
            ) from None


@dataclass(frozen=True, repr=False)
class OpenRing:
    """Keys that were read."""

    keys: KeyRing

    def seal(self, row_id: UUID, content: bytes) -> Sealed:
        """Seal something for one row."""
        sealed = self.keys.seal(row_id, content)
        return Sealed(sealed.key_id, sealed.nonce, sealed.sealed)

    def open(self, row_id: UUID, sealed: Sealed) -> bytes:
        """What was sealed for that row.

        Raises:
            Problem: 503, no key of the file opens it for this row.
        """
        try:
            return self.keys.open(row_id, contact_keys.Sealed(*sealed))
        except UnknownKeyError as error:
            log.error("second factor cannot be opened", why=str(error))
            raise unavailable(
                "The key file has not the key of this second factor (MINQING_CONTACT_KEY_FILE). A"
                " recovery code works without it."
            ) from None
