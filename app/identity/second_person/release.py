"""Releasing an account: a code that only the second person hands to the post.

Whoever made an account, set its password or linked it may sign in to it before its post does. What
a second person has confirmed therefore opens only with a code that the first one is never told, and
with it the post sets a password that nobody has told it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from http import HTTPStatus

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import reading, writing
from app.core.errors import FieldError, Problem, invalid
from app.identity import account_queries, attempts, audit, password_rules, passwords
from app.identity.audit_words import AuditKind
from app.identity.queries import end_all, end_all_of
from app.identity.rules import Actor
from app.identity.second_factor import queries as factors
from app.identity.second_person import queries
from app.identity.second_person.rules import ProposalKind, needs_code
from app.identity.service import token_hash

# No letters or digits that are taken for one another: 30 of them, so 58 bits.
_SIGNS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_GROUPS, _GROUP = 3, 4


def lock_up(session: Session, account_id: int, kind: ProposalKind) -> str | None:
    """Where somebody else may know a way into an account: the code that releases it from now on.

    Its sessions end. None where the account is its post's alone, or waits for a code already.

    Args:
        kind: what has just been done with it.
    """
    now = queries.ways_in(session, account_id)
    if not needs_code(kind, now.known_to, is_waiting=now.release_hash is not None):
        return None
    code = _new_code()
    queries.set_release(session, account_id, _hash(account_id, code))
    end_all(session, account_id)
    return code


def lock_up_several(session: Session, accounts: Mapping[str, int]) -> dict[str, str]:
    """The same of many accounts, numbers by logins, for the grants of a sheet: the codes of those
    that wait for one from now on, by login."""
    now = {row.id: row for row in queries.ways_in_of(session, accounts.values())}
    codes = {
        name: _new_code()
        for name, number in sorted(accounts.items())
        if needs_code(
            ProposalKind.SHEET,
            now[number].known_to,
            is_waiting=now[number].release_hash is not None,
        )
    }
    numbers = {accounts[name]: _hash(accounts[name], code) for name, code in codes.items()}
    if numbers:
        queries.set_releases(session, numbers)
        end_all_of(session, list(numbers))
    return codes


def release(engine: Engine, actor: Actor, code: str, new_password: str | None) -> None:
    """Let the account that is signed in do what it is granted; it is its post's alone from now on.

    Whoever gives the code sets the password in the same moment, so that nobody else knows it; every
    other session ends, and so does every other way in: the link to the provider, or the password
    where this session was begun there. A second factor goes, too: somebody else may have its
    secret. Where the account waits for no code nothing happens.

    Raises:
        Problem: 422 on `new_password`; 403 `wrong-credentials` for a wrong code (not 401: the
            session goes on); 429 while one must wait.
    """
    with reading(engine) as session:
        before = queries.ways_in(session, actor.account_id)
    if before.release_hash is None:
        return
    secret = passwords.UNUSABLE
    if not actor.by_provider:
        secret = _hashed(new_password, actor.name, before.password_hash)
    keeping = token_hash(actor.token)
    attempt = attempts.in_session(actor.name, keeping)
    with writing(engine) as session:
        attempts.count(session, attempt, utc_now())
    with writing(engine) as session:
        account_queries.lock(session)
        wanted = queries.ways_in(session, actor.account_id).release_hash
        given = _hash(actor.account_id, code)
        if wanted is None or not hmac.compare_digest(bytes(wanted), given):
            raise _wrong()
        attempts.succeeded(session, attempt)
        account_queries.set_password(session, actor.account_id, secret, keeping=keeping)
        if not actor.by_provider:
            account_queries.set_subject(session, actor.account_id, None)
        factors.remove(session, actor.account_id)
        queries.make_own(session, actor.account_id)
        way = "at the provider" if actor.by_provider else "by password"
        audit.record(
            session,
            actor,
            AuditKind.ACCOUNT_RELEASED,
            area_code=actor.area_code,
            detail=f"{actor.name}: {way}",
        )


def _new_code() -> str:
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _hashed(new: str | None, name: str, old_hash: str) -> str:
    if new is None:
        raise invalid("new_password", "is missing")
    faults = password_rules.faults(new, name)
    if faults:
        raise invalid("new_password", f"is not taken: a password {'; '.join(faults)}")
    if passwords.is_right(old_hash, new):
        raise invalid("new_password", "is not taken: it is the old one")
    return passwords.hashed(new)


def _hash(account_id: int, code: str) -> bytes:
    plain = "".join(sign for sign in code.upper() if sign in _SIGNS)
    return hashlib.sha256(f"minqing release 1\n{account_id}\n{plain}".encode()).digest()


def _wrong() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "wrong-credentials",
        "Not released",
        "That is not the code that was given out for this account.",
        (FieldError("code", "is not that of this account"),),
    )
