"""Counting attempts with a password: each counts as failed until it has succeeded.

So many at once gain nothing. The delay is that of one account from one place: a stranger elsewhere
locks nobody out.
"""

import hashlib
from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import Problem
from app.identity import queries, rules


def key_of(name: str, source: str) -> bytes:
    """Under what the attempts for an account from a place (an address) are counted."""
    return hashlib.sha256(f"{name}\n{source}".encode("utf-8", "replace")).digest()


def count(session: Session, key: bytes, now: datetime) -> None:
    """Note one more attempt, in a transaction of its own that ends before the password is tried.

    Raises:
        Problem: 429 with Retry-After while one must wait; such an attempt is not counted.
    """
    failures, last_at = queries.failures(session, key, now)
    since_s = (now - last_at).total_seconds()
    wait_s = rules.wait_left_s(failures, since_s)
    if wait_s > 0:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "wait",
            "Wait",
            f"Too many failures for this account from here. Wait {wait_s:.0f} s.",
            headers={"Retry-After": str(max(1, round(wait_s)))},
        )
    queries.set_failures(session, key, rules.failures_after(failures, since_s) + 1, now)
