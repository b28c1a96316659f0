"""Subjects of a provider, as an account is found by them."""

import hashlib
from dataclasses import dataclass

MOST_SUBJECT_CHARS = 255


@dataclass(frozen=True)
class Vouched:
    """For whom the provider vouches.

    Attributes:
        subject_hash: of the issuer and the subject, by which an account is found.
        name: what the claim says that may name an account; None where it names none.
        fresh: whether they signed in there just now.
    """

    subject_hash: bytes
    name: str | None
    fresh: bool


def subject_hash(issuer: str, subject: str) -> bytes:
    """What is kept of a subject: neither can be read from it, and each issuer has its own."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode("utf-8", "replace")).digest()
