"""Counting attempts with a password: each counts as failed until it has succeeded, so many at once
gain nothing.

An attempt to sign in is counted three times: for the account from its address, for the address, and
for the account from everywhere. What failed from an address makes that address wait, and with one
account more than with many; an account at which somebody guesses from many addresses makes each new
address wait longer after its first failure, and none before it. So a stranger elsewhere locks
nobody out. Nor does one behind the same address (an office has one) where the account has signed in
with the same browser before (`seen_here`): its attempts are counted for that browser alone. Those
of somebody who is signed in already are counted for the session.

The code of a second factor is counted once more, for the account from everywhere: who gets as far
as that knows the password, and six digits are few.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import Problem
from app.identity import queries, rules


@dataclass(frozen=True)
class Attempt:
    """Under what an attempt is counted.

    Attributes:
        own: the account from one address, with one browser, or in one session.
        address: the address, for whichever account; None where that does not count.
        account: the account, from wherever; None likewise.
    """

    own: bytes
    address: bytes | None = None
    account: bytes | None = None


def at_sign_in(name: str, source: str, device: str | None) -> Attempt:
    """An attempt to sign in.

    Args:
        source: where it comes from (an address).
        device: the browser, where the account is known to have signed in with it.
    """
    if device is not None:
        return Attempt(_key("device", name, device))
    place = rules.place_of(source)
    return Attempt(key_of(name, source), _key("address", place), _key("account", name))


def of_code(name: str, device: str | None) -> Attempt:
    """The code of a second factor at a sign-in whose password was right, in addition to that.

    Args:
        device: as of `at_sign_in`: whoever guesses elsewhere does not make this browser wait.
    """
    return Attempt(_key("code", name, device or ""))


def in_session(name: str, token_hash: bytes) -> Attempt:
    """An attempt of somebody who is signed in, to give the password again or to change it."""
    return Attempt(_key("session", name, token_hash.hex()))


def key_of(name: str, source: str) -> bytes:
    """Under what the attempts for an account from a place (an address) are counted."""
    return _key("place", name, rules.place_of(source))


def _key(kind: str, *parts: str) -> bytes:
    text = "\n".join(parts).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=32, person=kind.encode()).digest()


def count(session: Session, attempt: Attempt, now: datetime) -> None:
    """Note one more attempt, in a transaction of its own that ends before the password is tried.

    Raises:
        Problem: 429 with Retry-After while one must wait; such an attempt is not counted.
    """
    # Everybody takes the rows in this order, so that no two wait for each other.
    noted = {}
    if attempt.address is not None:
        failures, since_s = _failures(session, attempt.address, now)
        _refuse(rules.wait_of_address_s(failures, since_s), "from here")
        noted[attempt.address] = rules.leaked(failures, since_s, rules.ADDRESS_LEAK_S)
    is_guessed = False
    if attempt.account is not None:
        failures, since_s = _failures(session, attempt.account, now)
        noted[attempt.account] = rules.leaked(failures, since_s, rules.ACCOUNT_LEAK_S)
        is_guessed = noted[attempt.account] >= rules.GUESSED_FAILURES
    failures, since_s = _failures(session, attempt.own, now)
    wait_s = rules.wait_left_s(failures, since_s, is_guessed=is_guessed)
    _refuse(wait_s, "for this account from here")
    noted[attempt.own] = rules.failures_after(failures, since_s)
    for key, failures in noted.items():
        queries.set_failures(session, key, failures + 1, now)
    queries.forget_old_failures(session)


def succeeded(session: Session, attempt: Attempt) -> None:
    """The password was right: what failed before is forgotten, elsewhere this attempt alone."""
    for key in (attempt.address, attempt.account):
        if key is not None:
            queries.take_back_failure(session, key)
    queries.forget_failures(session, attempt.own)


def take_back(session: Session, attempt: Attempt) -> None:
    """This attempt alone was no failure; what failed before still counts."""
    for key in (attempt.address, attempt.account, attempt.own):
        if key is not None:
            queries.take_back_failure(session, key)


def _failures(session: Session, key: bytes, now: datetime) -> tuple[int, float]:
    failures, last_at = queries.failures(session, key, now)
    return failures, (now - last_at).total_seconds()


def _refuse(wait_s: float, which: str) -> None:
    if wait_s > 0:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "wait",
            "Wait",
            f"Too many failures {which}. Wait {wait_s:.0f} s.",
            headers={"Retry-After": str(max(1, round(wait_s)))},
        )
