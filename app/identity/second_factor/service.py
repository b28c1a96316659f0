"""One's own second factor: set up, replaced, its recovery codes made anew, removed."""

import secrets
from http import HTTPStatus
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import writing
from app.core.errors import Problem
from app.identity import attempts, audit
from app.identity.audit_words import AuditKind
from app.identity.queries import end_others
from app.identity.rules import Actor
from app.identity.second_factor import queries, rules
from app.identity.second_factor.checking import sealed_of, wrong_code
from app.identity.second_factor.schemas import BegunFactor, RecoveryCodes
from app.identity.second_factor.sealing import Seal
from app.identity.service import first_sign_in, token_hash
from app.identity.step_up import require_step_up


def begin(engine: Engine, actor: Actor, seal: Seal) -> BegunFactor:
    """Make a secret and show it. The factor that the account has goes on until the new one counts.

    Raises:
        Problem: 403 `first-sign-in` before the account is its post's alone; 403 `step-up` in a
            session that is open; 503 where the key file cannot be used.
    """
    _refuse_others(actor)
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    row_id = uuid4()
    with writing(engine) as session:
        sealed = seal.ring(session).seal(row_id, rules.as_text(secret).encode())
        queries.begin(session, actor.account_id, row_id, sealed, utc_now())
    return BegunFactor(
        secret=rules.in_groups(rules.as_text(secret)),
        uri=rules.provisioning_uri(secret, actor.name),
    )


def confirm(engine: Engine, actor: Actor, seal: Seal, code: str) -> RecoveryCodes:
    """Let the secret that was shown count, once a code of it was given; other sessions of the
    account end: they were begun without it.

    Raises:
        Problem: as `begin`; 409 `factor-not-begun` where none was shown lately; 403 `wrong-code`
            (not 401: the session goes on); 429 while one must wait.
    """
    _refuse_others(actor)
    now, own = utc_now(), token_hash(actor.token)
    attempt = attempts.in_session(actor.name, own)
    with writing(engine) as session:
        attempts.count(session, attempt, now)
    with writing(engine) as session:
        ring = seal.ring(session)
        begun = queries.begun(session, actor.account_id, now)
        if begun is None:
            raise _not_begun()
        secret = rules.as_secret(ring.open(begun.id, sealed_of(begun)).decode())
        step = rules.matching_step(secret, code, now, begun.last_step)
        if step is None:
            raise wrong_code(HTTPStatus.FORBIDDEN)
        attempts.succeeded(session, attempt)
        codes, hashes = _new_codes(actor.account_id)
        changes = {"last_step": step, "recovery_hashes": hashes}
        queries.confirm(session, actor.account_id, begun.id, changes)
        end_others(session, actor.account_id, own)
        _note(session, actor, AuditKind.SECOND_FACTOR_ADDED)
    return RecoveryCodes(codes=codes)


def renew_recovery_codes(engine: Engine, actor: Actor) -> RecoveryCodes:
    """Other recovery codes; those of before open nothing any more.

    Raises:
        Problem: 403 `step-up`; 409 `factor-not-begun` for an account without a second factor.
    """
    require_step_up(actor)
    with writing(engine) as session:
        held = queries.held(session, actor.account_id)
        if held is None:
            raise _not_begun()
        codes, hashes = _new_codes(actor.account_id)
        queries.change(session, held.id, {"recovery_hashes": hashes})
        _note(session, actor, AuditKind.RECOVERY_CODES_MADE)
    return RecoveryCodes(codes=codes)


def remove(engine: Engine, actor: Actor) -> None:
    """Sign in without it from now on. Where the role must have one, the session opens nothing
    until there is another; where there is none, nothing happens.

    Raises:
        Problem: 403 `step-up`.
    """
    require_step_up(actor)
    with writing(engine) as session:
        if queries.remove(session, actor.account_id):
            _note(session, actor, AuditKind.SECOND_FACTOR_REMOVED)


def _refuse_others(actor: Actor) -> None:
    if actor.awaits_code or actor.first_password:
        raise first_sign_in(actor)
    # Whoever must set one up has just given the password, and nothing else is open to them.
    if not actor.needs_factor:
        require_step_up(actor)


def _note(session: Session, actor: Actor, kind: AuditKind) -> None:
    detail = f"{actor.name}: by itself"
    audit.record(session, actor, kind, area_code=actor.area_code, detail=detail)


def _new_codes(account_id: int) -> tuple[list[str], list[bytes]]:
    """Recovery codes as they are shown, and what is kept of them."""
    codes = [_code() for _ in range(rules.RECOVERY_CODES)]
    return codes, [rules.recovery_hash(account_id, code) for code in codes]


def _code() -> str:
    signs = rules.RECOVERY_SIGNS
    groups = (
        "".join(secrets.choice(signs) for _ in range(rules.RECOVERY_GROUP))
        for _ in range(rules.RECOVERY_GROUPS)
    )
    return "-".join(groups)


def _not_begun() -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        "factor-not-begun",
        "No second factor",
        "There is none, or it was shown too long ago: begin"
        " (POST /api/v1/session/second_factor), then give its code within"
        f" {int(rules.ENROL_WITHIN.total_seconds()) // 60} minutes.",
    )
