"""Changing one's own password: the old one is asked for, and every other session ends."""

from http import HTTPStatus

from sqlalchemy import Engine

from app.core.clock import utc_now
from app.core.db import reading, writing
from app.core.errors import FieldError, Problem, invalid
from app.identity import account_queries, attempts, audit, password_rules, passwords, queries
from app.identity.audit_words import AuditKind
from app.identity.rules import Actor
from app.identity.service import token_hash


def change_own_password(engine: Engine, actor: Actor, old: str, new: str) -> None:
    """Set another password of the account that is signed in; its other sessions end.

    Raises:
        Problem: 422 on `new_password`; 403 `wrong-credentials` for a wrong old one (not 401: the
            session goes on); 409 `no-password` for an account that signs in elsewhere (OIDC); 429
            while one must wait.
    """
    _check(old, new, actor.name)
    with reading(engine) as session:
        known = queries.account(session, actor.name)
    if known is not None and known.password_hash == passwords.UNUSABLE:
        raise _no_password()
    keeping = token_hash(actor.token)
    attempt = attempts.in_session(actor.name, keeping)
    with writing(engine) as session:
        attempts.count(session, attempt, utc_now())
    if known is None or not passwords.is_right(known.password_hash, old):
        raise _wrong()
    secret = passwords.hashed(new)
    with writing(engine) as session:
        account_queries.lock(session)
        now_known = queries.account(session, actor.name)
        # Whoever was given another password meanwhile no longer knows the old one.
        if now_known is None or now_known.password_hash != known.password_hash:
            raise _wrong()
        attempts.succeeded(session, attempt)
        account_queries.set_password(session, known.id, secret, keeping=keeping)
        audit.record(
            session, actor, AuditKind.PASSWORD_CHANGED, area_code=actor.area_code,
            detail=f"{actor.name}: by itself",
        )  # fmt: skip


def _check(old: str, new: str, name: str) -> None:
    faults = password_rules.faults(new, name)
    if faults:
        raise invalid("new_password", f"is not taken: a password {'; '.join(faults)}")
    if new == old:
        raise invalid("new_password", "is not taken: it is the old one")


def _wrong() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "wrong-credentials",
        "Not changed",
        "The old password is wrong.",
        (FieldError("old_password", "is not that of this account"),),
    )


def _no_password() -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        "no-password",
        "No password here",
        "This account signs in at the city's provider; its password is changed there.",
    )
