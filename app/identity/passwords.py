"""Passwords: Argon2id, and as long for nobody as for somebody.

Each takes 64 MiB and the better part of a core for 50 ms: requests come here through the waiting
room of passwords (`identity.deps.PasswordRoom`), never by themselves.
"""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

UNUSABLE = "!"

# Whoever makes hundreds of accounts puts a cheaper one here; a hash says by itself how it was made.
hasher = PasswordHasher()


@cache
def _of_nobody() -> str:
    """What is compared for a name that nobody has, so that the answer takes as long.

    Made when it is first needed: every command of the terminal would wait for it at its start.
    """
    return hasher.hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    """The password's hash, with its salt and parameters."""
    return hasher.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; for no account (None) as long, and never."""
    usable = password_hash is not None and password_hash != UNUSABLE
    try:
        matches = hasher.verify(
            password_hash if usable and password_hash else _of_nobody(), password
        )
    except (VerificationError, InvalidHashError):
        return False
    return matches and usable
