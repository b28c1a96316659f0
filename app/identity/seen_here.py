"""That an account has signed in with a browser before: a cookie of that browser says so, signed.

Whoever has it is not made to wait for what strangers fail at. It opens nothing, names nobody, and
nothing of it is stored here. It is signed with a key that follows from the account's password hash,
which no one has but the database: any server over it knows the cookie again, and with another
password the cookies are void.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

LASTING_DAYS = 90
DEVICE_BYTES = 12
SECONDS_PER_DAY = 86_400
_FORM = re.compile(r"([A-Za-z0-9_-]{16})\.([0-9]{1,6})\.([0-9a-f]{64})", re.ASCII)
_PURPOSE = b"minqing seen here 1\n"


def cookie_for(name: str, password_hash: str, device: str | None, now: datetime) -> str:
    """What a browser is given with which the account has just signed in.

    Args:
        device: as which it was known before; None for one that was not.
    """
    device = device or secrets.token_urlsafe(DEVICE_BYTES)
    day = int(now.timestamp()) // SECONDS_PER_DAY
    return f"{device}.{day}.{_signature(name, password_hash, device, day)}"


def device_of(cookie: str | None, name: str, password_hash: str, now: datetime) -> str | None:
    """As which browser a cookie makes itself known; None where it proves nothing of the account."""
    match = _FORM.fullmatch(cookie or "")
    if match is None:
        return None
    device, day, given = match[1], int(match[2]), match[3]
    age_days = int(now.timestamp()) // SECONDS_PER_DAY - day
    is_ours = hmac.compare_digest(given, _signature(name, password_hash, device, day))
    return device if is_ours and 0 <= age_days <= LASTING_DAYS else None


def _signature(name: str, password_hash: str, device: str, day: int) -> str:
    key = hashlib.sha256(_PURPOSE + password_hash.encode()).digest()
    return hmac.new(key, f"{name}\n{device}\n{day}".encode(), "sha256").hexdigest()
