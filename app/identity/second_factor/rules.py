"""Codes of an authenticator app (RFC 6238), recovery codes, and who must have one. Pure.

A code has six digits, is made with HMAC-SHA-1 and changes every 30 seconds: what every
authenticator app knows without being told.
"""

import base64
import hashlib
import unicodedata
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from app.identity.rules import Role

SECRET_BYTES = 20
DIGITS = 6
STEP_S = 30
AROUND = 1
"""Steps before and after that of the server's clock of which a code is taken: clocks differ."""
RECOVERY_CODES = 8
ENROL_WITHIN = timedelta(minutes=30)
"""For so long a secret that was shown waits for its first code."""
ISSUER = "Minqing Map"
"""As the authenticator app shows it beside the account's login."""

# No letters or digits that are taken for one another: 30 of them, so 58 bits in twelve.
RECOVERY_SIGNS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
RECOVERY_GROUPS, RECOVERY_GROUP = 3, 4


def roles_of(setting: str) -> frozenset[Role]:
    """The roles that a setting names, with commas between; empty: none.

    Raises:
        ValueError: one of them is no role.
    """
    words = [word.strip() for word in setting.split(",") if word.strip()]
    unknown = [word for word in words if word not in set(Role)]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no role; there are {', '.join(Role)}")
    return frozenset(Role(word) for word in words)


def as_text(secret: bytes) -> str:
    """A secret as it is typed into an authenticator app: base32, 32 signs for 20 bytes."""
    return base64.b32encode(secret).decode()


def as_secret(text: str) -> bytes:
    """The secret of `as_text`."""
    return base64.b32decode(text)


def in_groups(text: str) -> str:
    """The same with a blank after every fourth sign, to be read."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def provisioning_uri(secret: bytes, account: str) -> str:
    """The `otpauth://` address by which an authenticator app takes a secret over.

    Args:
        account: login of the post.
    """
    return _totp(secret).get_provisioning_uri(account, ISSUER)


def step_of(now: datetime) -> int:
    """The number of the 30 seconds in which an instant (UTC) lies, since 1970."""
    return int(now.timestamp()) // STEP_S


def is_of_app(code: str) -> bool:
    """Whether this has the form of an app's code; what has not can only be a recovery code."""
    digits = _plain(code)
    return len(digits) == DIGITS and digits.isascii() and digits.isdigit()


def matching_step(secret: bytes, code: str, now: datetime, last_step: int) -> int | None:
    """The step of which this is the code; None where it is of none that may still be used.

    Args:
        code: as it was typed.
        now: UTC.
        last_step: the step of the last code that was used: neither it nor one before is used again.
    """
    if not is_of_app(code):
        return None
    this = step_of(now)
    totp = _totp(secret)
    found = None
    for step in range(this - AROUND, this + AROUND + 1):
        try:
            totp.verify(_plain(code).encode(), step * STEP_S)
        except InvalidToken:
            continue
        if step > last_step:
            found = step
    return found


def recovery_hash(account_id: int, code: str) -> bytes:
    """What is kept of a recovery code; blanks, dashes and small letters do not count."""
    plain = "".join(sign for sign in _plain(code).upper() if sign in RECOVERY_SIGNS)
    return hashlib.sha256(f"minqing recovery 1\n{account_id}\n{plain}".encode()).digest()


def _plain(code: str) -> str:
    # An input method for Chinese may write digits at full width.
    return "".join(unicodedata.normalize("NFKC", code).split())


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_S)
