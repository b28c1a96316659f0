"""Deciding about sign-in: who is let in, under which grant, for how long."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import reading, writing
from app.core.errors import FieldError, Problem, invalid
from app.core.scope import Scope
from app.core.settings import Settings
from app.identity import attempts, passwords, queries, rules, seen_here
from app.identity.rules import Actor, Asker, HeldGrant, Role, Terms
from app.identity.schemas import Credentials, Grant, GrantedArea, SessionInfo
from app.identity.second_factor import checking
from app.identity.second_factor import queries as factors
from app.identity.second_factor import rules as factor_rules
from app.identity.second_factor.sealing import Seal
from app.places import queries as places
from geodata.codes import level_of

TOKEN_BYTES = 32
# For so long a process believes what it knows of a session before it asks again.
BELIEVED_S = 0.5
MOST_BELIEVED = 5_000
# Ours have 43; what is longer is nobody's, and is not kept in memory.
LONGEST_TOKEN = 100


class Opened(NamedTuple):
    """A session that was just begun; `seen`: the cookie by which its browser is known again."""

    token: str
    account_id: int
    seen: str


def token_hash(token: str) -> bytes:
    """What the database knows of a session token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def header_token(token: str) -> str:
    """What a page sends with its writes: known to whoever could read an answer of this session."""
    return hmac.new(token.encode("utf-8", "replace"), b"X-Minqing-Token", "sha256").hexdigest()


def scope_of(asker: Asker) -> Scope:
    """How far they may look."""
    return Scope(asker.lo, asker.hi, asker.token, asker.watching)


def terms_of(settings: Settings) -> Terms:
    """How long a session goes on that nobody uses, and which roles must have a second factor, as
    the city has set it.

    Raises:
        ValueError: a setting names something that is no role.
    """
    return Terms(
        timedelta(minutes=settings.idle_minutes),
        timedelta(hours=settings.watching_hours),
        factor_rules.roles_of(settings.second_factor_roles),
    )


def sign_in(
    engine: Engine,
    given: Credentials,
    source: str,
    old_token: str | None,
    seen: str | None = None,
    *,
    terms: Terms | None = None,
    seal: Seal | None = None,
) -> Opened:
    """Begin a session, always a new one; the one that the browser had before ends.

    The code of a second factor is asked for once the password was right, and what is wrong with it
    is said as such: decision 23.

    Args:
        source: where it comes from (an address).
        old_token: of the session that the browser still holds.
        seen: the cookie by which the browser is known, where it has one.
        terms: how long the session goes on that nobody uses; None for the usual.
        seal: the way to the keys of second factors; None: accounts that have one are refused.

    Raises:
        Problem: 401, the same for a wrong name, password, a disabled account and one without a
            grant; `code-needed` and `wrong-code` of an account with a second factor; 429 while one
            must wait; 503 where a code cannot be checked.
    """
    now, device = utc_now(), None
    with writing(engine) as session:
        is_name = rules.is_account_name(given.user)
        known = queries.account(session, given.user) if is_name else None
        if known is not None and known.password_hash != passwords.UNUSABLE:
            device = seen_here.device_of(seen, given.user, known.password_hash, now)
        attempt = attempts.at_sign_in(given.user, source, device)
        attempts.count(session, attempt, now)
    if not passwords.is_right(known.password_hash if known else None, given.password):
        raise _wrong()
    if known is None or known.disabled_at is not None:
        raise _wrong()
    counted = [attempt]
    if known.has_factor:
        counted.append(_count_code(engine, given, attempt, device))
    with writing(engine) as session:
        # It was looked up before the password was compared, which takes a while.
        if not queries.still_opens(session, known.id, known.password_hash):
            raise _wrong()
        passed = _passed(session, seal, known, given.code)
        token = open_session(session, known.id, terms=terms, label=given.label)
        for one in counted:
            attempts.succeeded(session, one)
        if old_token is not None:
            queries.end(session, token_hash(old_token))
        if passed.recovery_left is not None:
            _note_recovery(session, passed, given.user, token)
    cookie = seen_here.cookie_for(given.user, known.password_hash, device, now)
    return Opened(token, known.id, cookie)


def _count_code(
    engine: Engine, given: Credentials, attempt: attempts.Attempt, device: str | None
) -> attempts.Attempt:
    """The attempt that the code is, noted as failed until it has succeeded.

    Raises:
        Problem: 401 `code-needed` where none is given: the password was no failure then, but takes
            nothing back of what failed before, or codes could be guessed for ever; 429.
    """
    by_code = attempts.of_code(given.user, device)
    with writing(engine) as session:
        if given.code is None:
            attempts.take_back(session, attempt)
        else:
            attempts.count(session, by_code, utc_now())
    if given.code is None:
        raise checking.code_needed(HTTPStatus.UNAUTHORIZED)
    return by_code


def _passed(
    session: Session, seal: Seal | None, known: queries.AnyRow, code: str | None
) -> checking.Passed:
    status = HTTPStatus.UNAUTHORIZED
    # Nobody's code is looked at who has none: that would want the key file.
    code = code if known.has_factor else None
    if seal is not None:
        return checking.check(session, seal, known.id, code, utc_now(), status=status)
    if known.has_factor:
        raise checking.code_needed(status)
    return checking.Passed()


def _note_recovery(session: Session, passed: checking.Passed, name: str, token: str) -> None:
    held = queries.live(session, token_hash(token), seen=False)
    if held is not None:
        checking.note(session, passed, checking.By(name, Role(held.role)), held.area_code)


def open_session(
    session: Session,
    account_id: int,
    role: Role | None = None,
    area_code: int | None = None,
    *,
    terms: Terms | None = None,
    label: str | None = None,
    by_provider: bool = False,
) -> str:
    """The token of a new session, under the account's first grant of that kind that holds; that of
    a screen on a wall comes last, for there is no way back from it (`switch_grant`).

    Args:
        terms: how long it goes on that nobody uses; None for the usual.
        label: what tells it from others of the account.

    Raises:
        Problem: 401 where it holds none.
    """
    held = [
        grant for grant in queries.grants(session, account_id)
        if role in (None, grant.role) and area_code in (None, grant.area_code)
    ]  # fmt: skip
    if not held:
        raise _wrong()
    held.sort(key=lambda grant: grant.role == Role.WALL_DISPLAY)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    queries.add_sign_in(
        session,
        token_hash(token),
        account_id,
        held[0].id,
        terms=terms,
        label=label,
        by_provider=by_provider,
    )
    return token


def _wrong() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "wrong-credentials",
        "Not signed in",
        "User or password is wrong.",
        (FieldError("password", "does not fit the user"),),
    )


def actor_of(engine: Engine, token: str, *, by_person: bool = True) -> Actor | None:
    """Who acts under a session token just now; None for nobody.

    Args:
        by_person: whether a person caused this, which keeps the session from becoming idle.
    """
    with writing(engine) as session:
        row = queries.live(session, token_hash(token), seen=by_person)
    if row is None:
        return None
    return Actor(
        account_id=row.account_id, name=row.name, demo=row.demo, grant_id=row.grant_id,
        role=Role(row.role), area_code=row.area_code, lo=row.lo, hi=row.hi, token=token,
        stepped_up_until=row.stepped_up_until, watching=row.watching,
        awaits_code=row.awaits_code, first_password=row.first_password,
        needs_factor=row.needs_factor, by_provider=row.by_provider,
    )  # fmt: skip


def held_grants(engine: Engine, tokens: Sequence[str]) -> dict[str, HeldGrant]:
    """Of those of these tokens whose sessions hold just now: under what each acts."""
    by_hash = {token_hash(token): token for token in tokens}
    with reading(engine) as session:
        found = queries.held_grants(session, list(by_hash))
    return {by_hash[key]: grant for key, grant in found.items()}


class Known(NamedTuple):
    """What is believed of a session, until when (monotonic), and whether a person was noted."""

    until_s: float
    actor: Actor | None
    noted: bool


class Sessions:
    """What one process knows of sessions. It believes itself for half a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: dict[str, Known] = {}

    def remembered(self, token: str, *, by_person: bool) -> tuple[bool, Actor | None]:
        """Whether it is known who acts under a token, and who it is.

        Not known either while a person's request would go unnoted.
        """
        known = self._known.get(token)
        if known is None or known.until_s < time.monotonic() or (by_person and not known.noted):
            return False, None
        return True, known.actor

    def look_up(self, token: str, *, by_person: bool) -> Actor | None:
        """Who acts under a token, by the database."""
        if len(token) > LONGEST_TOKEN:
            return None
        actor = actor_of(self._engine, token, by_person=by_person)
        with self._lock:
            if len(self._known) >= MOST_BELIEVED:
                self._known.clear()
            self._known[token] = Known(time.monotonic() + BELIEVED_S, actor, by_person)
        return actor

    def forget(self) -> None:
        """Ask again, whoever comes."""
        with self._lock:
            self._known.clear()


def describe(engine: Engine, actor: Actor) -> SessionInfo:
    """Who is signed in, and what they may do."""
    with reading(engine) as session:
        held = queries.grants(session, actor.account_id)
        named = places.names(session, {grant.area_code for grant in held}, utc_now())
        ways = queries.ways_in(session, actor.account_id)
        recovery_codes = factors.recovery_codes(session, actor.account_id)
    opened_until = actor.stepped_up_until
    opened = rules.FIRST_SIGN_IN if actor.at_first_sign_in else frozenset(rules.OPERATIONS)
    return SessionInfo(
        user=actor.name,
        demo=actor.demo,
        grants=[
            Grant(
                id=grant.id,
                role=Role(grant.role),
                area=granted_area(grant.area_code, named.get(grant.area_code)),
                valid_until=grant.valid_until,
            )
            for grant in held
        ],
        active=actor.grant_id,
        operations=sorted(name for name in opened if rules.may(actor.role, name)),
        watching=actor.watching,
        open_while_watching=sorted(
            name for name in rules.OPEN_WHILE_WATCHING & opened if rules.may(actor.role, name)
        ),
        header_token=header_token(actor.token),
        has_password=ways.has_password,
        linked=ways.is_linked,
        first_password=actor.first_password,
        awaits_code=actor.awaits_code,
        needs_second_factor=actor.needs_factor,
        second_factor=recovery_codes is not None,
        recovery_codes=recovery_codes or 0,
        by_provider=actor.by_provider,
        stepped_up_until=opened_until if rules.is_stepped_up(opened_until, utc_now()) else None,
    )


def granted_area(code: int, named: queries.AnyRow | None) -> GrantedArea:
    """Where a grant holds; `named` is the area's row, None where it is not drawn."""
    if named is None:
        return GrantedArea(code=code, level=level_of(code), name=None, name_en=None)
    return GrantedArea(code=code, level=named.level, name=named.name, name_en=named.name_en)


def switch_grant(engine: Engine, actor: Actor, grant_id: int) -> Actor:
    """Act under another of one's grants.

    Raises:
        Problem: 403 for a screen on a wall, at which nobody may be; 422 on `grant`; 401 when the
            session has just ended.
    """
    if actor.role is Role.WALL_DISPLAY and grant_id != actor.grant_id:
        raise _nobody_there()
    with writing(engine) as session:
        if grant_id not in {grant.id for grant in queries.grants(session, actor.account_id)}:
            raise invalid("grant", "is none of this account's grants that hold")
        queries.switch(session, token_hash(actor.token), grant_id)
    changed = actor_of(engine, actor.token)
    if changed is None:
        raise not_signed_in()
    return changed


def _nobody_there() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "not-allowed",
        "Not allowed",
        "A session that acts as a wall_display never asks for the password, so nobody knows who"
        " stands there. Sign in anew to act under another grant.",
    )


def sign_out(engine: Engine, actor: Actor, *, everywhere: bool) -> None:
    """End this session, or every session of the account."""
    with writing(engine) as session:
        if everywhere:
            queries.end_all(session, actor.account_id)
        else:
            queries.end(session, token_hash(actor.token))


def not_signed_in() -> Problem:
    """Nobody is signed in: 401."""
    return Problem(
        HTTPStatus.UNAUTHORIZED, "not-signed-in", "Not signed in", "Sign in at /api/v1/session."
    )


def first_sign_in(actor: Actor) -> Problem:
    """The account must be its post's alone before it opens anything: 403, naming what is due."""
    due = []
    if actor.first_password:
        due.append(FieldError("password", "must be changed (POST /api/v1/session/password)"))
    if actor.awaits_code:
        due.append(FieldError("code", "must be given (POST /api/v1/session/release)"))
    if actor.needs_factor:
        due.append(
            FieldError("second_factor", "must be set up (POST /api/v1/session/second_factor)")
        )
    return Problem(
        HTTPStatus.FORBIDDEN,
        "first-sign-in",
        "First sign-in not finished",
        "; ".join(f"{one.field} {one.message}" for one in due),
        tuple(due),
    )


def not_allowed(role: Role, operation: str) -> Problem:
    """The active grant's role may not do this: 403."""
    return Problem(
        HTTPStatus.FORBIDDEN, "not-allowed", "Not allowed", f"A {role} may not do {operation}."
    )


def password_again() -> Problem:
    """The session only watches, and this is more than watching: 403."""
    return Problem(
        HTTPStatus.FORBIDDEN,
        "password-again",
        "Password needed to go on",
        "Nobody has used this session for a while, and it only watches. Give your password"
        " (POST /api/v1/session/step_up), or sign in again at the provider"
        " (GET /api/v1/session/oidc/start?step_up=true), then repeat this.",
    )


def refuse_unless_open(actor: Actor, operation: str) -> None:
    """Let an actor do only what is open to their role, and to their session just now.

    Raises:
        Problem: 403 `not-allowed`; `password-again` where the session only watches.
    """
    if not rules.may(actor.role, operation):
        raise not_allowed(actor.role, operation)
    if actor.watching and operation not in rules.OPEN_WHILE_WATCHING:
        raise password_again()


def outside_scope(*field_names: str) -> Problem:
    """A place beyond the active grant's area: 403, naming the fields that told it."""
    return Problem(
        HTTPStatus.FORBIDDEN,
        "outside-scope",
        "Outside your area",
        "That place lies outside the area of the grant under which you act.",
        tuple(FieldError(name, "lies outside your area") for name in field_names),
    )


def scope_faults(engine: Engine) -> list[str]:
    """What is missing in the database for scope to hold."""
    with reading(engine) as session:
        return queries.scope_faults(session)
