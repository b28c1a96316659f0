"""Passwords: Argon2id, a few at a time, and as long for nobody as for somebody."""

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import unavailable

# Each takes 64 MiB and the better part of a core for 50 ms.
AT_ONCE = 2
PATIENCE_S = 10.0
UNUSABLE = "!"

# Whoever makes hundreds of accounts puts a cheaper one here; a hash says by itself how it was made.
hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(AT_ONCE)


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
    """Whether it is the password; for no account (None) as long, and never.

    Raises:
        Problem: 503 when too many wait.
    """
    if not _turns.acquire(timeout=PATIENCE_S):
        raise unavailable("Too many sign-ins at once. Try again.")
    usable = password_hash is not None and password_hash != UNUSABLE
    try:
        matches = hasher.verify(
            password_hash if usable and password_hash else _of_nobody(), password
        )
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _turns.release()
    return matches and usable
