"""How a secret is sealed: by keys that lie in a file and never in the database.

The file belongs to a domain above this one; `main` puts the two together.
"""

from typing import NamedTuple, Protocol
from uuid import UUID

from sqlalchemy.orm import Session


class Sealed(NamedTuple):
    """What the database keeps of a secret."""

    key_id: str
    nonce: bytes
    sealed: bytes


class Ring(Protocol):
    """The keys, as they are until the transaction ends."""

    def seal(self, row_id: UUID, content: bytes) -> Sealed:
        """Seal something for one row."""

    def open(self, row_id: UUID, sealed: Sealed) -> bytes:
        """What was sealed for that row.

        Raises:
            Problem: 503, no key opens it for this row.
        """


class Seal(Protocol):
    """The way to the keys."""

    def ring(self, session: Session) -> Ring:
        """The keys as they are now. Ask for them before a row is locked: whoever changes the keys
        waits for this transaction, and then locks rows.

        Raises:
            Problem: 503, the key file cannot be used, or is missing.
        """
