"""Keys of programs: made once, told once, kept as a hash; what each opens, and how often."""

import hashlib
import secrets
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from sqlalchemy import Engine, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.clock import CITY_ZONE, utc_now
from app.core.db import reading, writing
from app.core.errors import Problem, invalid, name_taken, not_found, of_field
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.identity.key_models import ApiKey, KeyUse
from app.identity.rules import PROGRAM_NAME_FORM, Key, KeyRight, is_program_name, key_may
from app.places import queries as places
from geodata import codes

HEADER = "X-Minqing-Key"
KEY_BYTES = 32
LONGEST_KEY = 200
# Requests, and reports of batches, a minute.
DEFAULT_PER_MINUTE = 600
MOST_PER_MINUTE = 1_000_000
# For so long a process believes what it knows of a key; using it asks the database all the same.
BELIEVED_S = 0.5
MOST_BELIEVED = 1_000

# Counts where all processes see it. Nothing changes where the limit would be passed, so one row
# comes back only where it holds; the count of a minute that a crash forgets is no loss. Whoever
# waited for the row over the turn of a minute counts in the one that another has begun.
_COUNT = text("""
    WITH counted AS (
        UPDATE api_key
        SET used = CASE WHEN minute BETWEEN date_trunc('minute', now())
                        AND date_trunc('minute', now()) + interval '1 minute'
                   THEN used ELSE 0 END + :times,
            minute = CASE WHEN minute = date_trunc('minute', now()) + interval '1 minute'
                     THEN minute ELSE date_trunc('minute', now()) END,
            used_at = now()
        WHERE id = :id AND revoked_at IS NULL AND :times + CASE
            WHEN minute BETWEEN date_trunc('minute', now())
                 AND date_trunc('minute', now()) + interval '1 minute'
            THEN used ELSE 0 END <= per_minute
        RETURNING id
    ), noted AS (
        INSERT INTO key_use AS k (key_id, used_on, operation, times)
        SELECT id, (now() AT TIME ZONE :zone)::date, :operation, :times FROM counted
        ON CONFLICT (key_id, used_on, operation) DO UPDATE SET times = k.times + excluded.times
        RETURNING xmax = 0 AS is_first
    )
    SELECT is_first FROM noted
""")
_WITHOUT_WAITING = text("SET LOCAL synchronous_commit = off")
_FOR_GOOD = text("SET LOCAL synchronous_commit = on")


@dataclass(frozen=True)
class KeyLine:
    """What is told of a key: everything but the key.

    Attributes:
        per_minute: requests, and reports of batches, that it may send in a minute.
        used_today: how often it was used for each operation on this local day.
    """

    name: str
    area_code: int
    rights: frozenset[KeyRight]
    per_minute: int
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    used_today: dict[str, int]


def _hash(key: str) -> bytes:
    # 256 random bits: nothing that a slow hash would have to protect from being guessed.
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def add_key(
    engine: Engine,
    name: str,
    area_code: int,
    rights: Collection[KeyRight] = (KeyRight.WARN,),
    per_minute: int = DEFAULT_PER_MINUTE,
) -> str:
    """A new key; it is told here and never again.

    Args:
        rights: what it opens.
        per_minute: requests, and reports of batches, that it may send in a minute.

    Raises:
        Problem: 422 on `name`, `area`, `may` or `per_minute`; 409 where a key of that name holds.
    """
    if not is_program_name(name):
        raise invalid("name", PROGRAM_NAME_FORM)
    if not codes.is_code(area_code):
        raise invalid("area", "must be a 15-digit area code")
    if not rights:
        raise invalid("may", "must name at least one of " + ", ".join(KeyRight))
    if not 1 <= per_minute <= MOST_PER_MINUTE:
        raise invalid("per_minute", f"must be 1 to {MOST_PER_MINUTE}")
    key, words = secrets.token_urlsafe(KEY_BYTES), sorted(right.value for right in set(rights))
    lo, hi = codes.code_range(area_code)
    with writing(engine) as session:
        if not places.names(session, {area_code}, utc_now()):
            raise invalid("area", "is no area of this city")
        row = {
            "name": name,
            "key_hash": _hash(key),
            "area_code": area_code,
            "lo": lo,
            "hi": hi,
            "created_at": utc_now(),
            "rights": words,
            "per_minute": per_minute,
        }
        added = session.execute(
            insert(ApiKey).values(row).on_conflict_do_nothing().returning(ApiKey.id)
        ).first()
        if added is None:
            message = "is the name of a key that holds: revoke that first, or take another name"
            raise name_taken(name, message)
        detail = f"{name}: {area_code}, {' '.join(words)}, {per_minute} a minute"
        audit.record(session, None, AuditKind.KEY_ADDED, area_code=area_code, detail=detail)
    return key


def list_keys(engine: Engine) -> list[KeyLine]:
    """Every key that there is or was, by name."""
    columns = (
        ApiKey.id,
        ApiKey.name,
        ApiKey.area_code,
        ApiKey.rights,
        ApiKey.per_minute,
        ApiKey.created_at,
        ApiKey.used_at,
        ApiKey.revoked_at,
    )
    with reading(engine) as session:
        used = _used_today(session)
        rows = session.execute(select(*columns).order_by(ApiKey.name, ApiKey.id))
        return [
            KeyLine(
                name=row.name,
                area_code=row.area_code,
                rights=frozenset(map(KeyRight, row.rights)),
                per_minute=row.per_minute,
                created_at=row.created_at,
                used_at=row.used_at,
                revoked_at=row.revoked_at,
                used_today=used.get(row.id, {}),
            )
            for row in rows
        ]


def _used_today(session: Session) -> dict[int, dict[str, int]]:
    today = utc_now().astimezone(CITY_ZONE).date()
    found: dict[int, dict[str, int]] = {}
    rows = select(KeyUse.key_id, KeyUse.operation, KeyUse.times).where(KeyUse.used_on == today)
    for row in session.execute(rows.order_by(KeyUse.operation)):
        found.setdefault(row.key_id, {})[row.operation] = row.times
    return found


def revoke_key(engine: Engine, name: str) -> None:
    """Let a key hold no longer, from now on.

    Raises:
        Problem: 404.
    """
    with writing(engine) as session:
        ended = session.execute(
            update(ApiKey)
            .where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
            .values(revoked_at=utc_now())
            .returning(ApiKey.area_code)
        ).first()
        if ended is None:
            raise not_found("key", name)
        audit.record(session, None, AuditKind.KEY_REVOKED, area_code=ended.area_code, detail=name)


class _Known(NamedTuple):
    """What is believed of a key, and until when (monotonic)."""

    until_s: float
    key: Key | None


class Keys:
    """What one process knows of keys. It believes itself for half a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def remembered(self, given: str) -> tuple[bool, Key | None]:
        """Whether it is known which program has a key, and which it is."""
        known = self._known.get(given)
        if known is None or known.until_s < time.monotonic():
            return False, None
        return True, known.key

    def look_up(self, given: str) -> Key | None:
        """Which program has a key, by the database; None for one that does not hold."""
        if len(given) > LONGEST_KEY:
            return None
        key = _key_of(self._engine, given)
        with self._lock:
            if len(self._known) >= MOST_BELIEVED:
                self._known.clear()
            self._known[given] = _Known(time.monotonic() + BELIEVED_S, key)
        return key


def _key_of(engine: Engine, given: str) -> Key | None:
    columns = (ApiKey.id, ApiKey.name, ApiKey.area_code, ApiKey.lo, ApiKey.hi, ApiKey.rights)
    where = (ApiKey.key_hash == _hash(given), ApiKey.revoked_at.is_(None))
    with reading(engine) as session:
        row = session.execute(select(*columns).where(*where)).first()
    if row is None:
        return None
    return Key(
        id=row.id,
        program=row.name,
        area_code=row.area_code,
        lo=row.lo,
        hi=row.hi,
        token=given,
        rights=frozenset(map(KeyRight, row.rights)),
    )


def count_use(engine: Engine, key: Key, operation: str, times: int = 1) -> None:
    """Note that a key is used, in a transaction of its own that ends before the work begins.

    The first use for an operation on a local day is written down in the audit.

    Args:
        times: requests, or reports.

    Raises:
        Problem: 401 where the key no longer holds; 429 with Retry-After where it has been used as
            often as it may in this minute, from wherever; nothing is counted then.
    """
    words = {"id": key.id, "times": times, "operation": operation, "zone": CITY_ZONE.key}
    with writing(engine) as session:
        session.execute(_WITHOUT_WAITING)
        is_first: bool | None = session.scalar(_COUNT, words)
        if is_first:
            session.execute(_FOR_GOOD)
            audit.record(
                session, key, AuditKind.KEY_USED, area_code=key.area_code, detail=operation
            )
    if is_first is None:
        with reading(engine) as session:
            per_minute = session.scalar(
                select(ApiKey.per_minute).where(ApiKey.id == key.id, ApiKey.revoked_at.is_(None))
            )
        raise bad_key() if per_minute is None else _limit_reached(per_minute, times)


def _limit_reached(per_minute: int, times: int) -> Problem:
    wait_s = 60 - utc_now().second
    detail = f"This key may be used {per_minute} times a minute. Wait {wait_s} s."
    if times > 1:
        detail += " Each report of a batch counts."
    problem = of_field(
        HTTPStatus.TOO_MANY_REQUESTS, "limit-reached", "Limit reached", HEADER, detail
    )
    problem.headers["Retry-After"] = str(wait_s)
    return problem


def bad_key() -> Problem:
    """No key that holds: 401."""
    message = "must be a key that holds (minqing key add)"
    return of_field(HTTPStatus.UNAUTHORIZED, "bad-key", "Key missing or wrong", HEADER, message)


def refuse_unless_may(key: Key, operation: str) -> None:
    """Raises a `Problem`, 403, where a key does not open an operation."""
    if not key_may(key.rights, operation):
        raise key_not_allowed(key, operation)


def key_not_allowed(key: Key, operation: str) -> Problem:
    """The key holds, but does not open this: 403."""
    rights = ", ".join(sorted(key.rights))
    message = f"this key may {rights}; it does not open {operation or 'this path'}"
    return of_field(HTTPStatus.FORBIDDEN, "not-allowed", "Not allowed", HEADER, message)
