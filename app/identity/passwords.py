"""Passwords: Argon2id, and as long for nobody as for somebody.

Each takes 64 MiB and the better part of a core for 50 ms: requests come here through the waiting
room of passwords (`identity.deps.PasswordRoom`), never by themselves.
"""

import secrets
from contextlib import suppress
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

UNUSABLE = "!"

# Whoever makes hundreds of accounts puts a cheaper one here; a hash says by itself how it was made.
hasher = PasswordHasher()


_quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
# No letters or digits that are taken for one another.
_SIGNS = "abcdefghjkmnpqrstvwxyz23456789"


@cache
def _of_nobody() -> str:
    """What is compared for a name that nobody has, so that the answer takes as long.

    Made when it is first needed: every command of the terminal would wait for it at its start.
    """
    return hasher.hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    """The password's hash, with its salt and parameters."""
    return hasher.hash(password)


def made_up() -> str:
    """A password that nobody can guess: 16 signs in groups of four, 78 bits."""
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def hashed_quickly(password: str) -> str:
    """The same of a password of `made_up`, in a thousandth of the time.

    A slow hash makes up for what people choose; 78 bits are not to be guessed at any speed, and
    they are changed at the first sign-in.
    """
    return _quick.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; for no account (None) as long, and never."""
    usable = password_hash is not None and password_hash != UNUSABLE
    try:
        if usable and password_hash and hasher.check_needs_rehash(password_hash):
            # A hash that is made quickly is not to be told from nobody's by the time it takes.
            with suppress(VerificationError):
                hasher.verify(_of_nobody(), password)
        matches = hasher.verify(
            password_hash if usable and password_hash else _of_nobody(), password
        )
    except (VerificationError, InvalidHashError):
        return False
    return matches and usable
