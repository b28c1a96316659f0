"""Keys of programs that send us something: made once, told once, kept as a hash."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Engine, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import utc_now
from app.core.db import reading, writing
from app.core.errors import FieldError, Problem, invalid, not_found
from app.core.scope import Scope
from app.identity import audit
from app.identity.audit_words import AuditKind
from app.identity.key_models import ApiKey
from app.places import queries as places
from geodata import codes

HEADER = "X-Minqing-Key"
KEY_BYTES = 32
LONGEST_KEY = 200
_NAME = re.compile(r"[a-z][a-z0-9_.-]{1,39}", re.ASCII)


@dataclass(frozen=True)
class Key:
    """A program that may send us something, and where.

    Attributes:
        lo, hi: first and last code of its area, both inclusive.
        token: the key itself, by which row security knows it.
    """

    name: str
    area_code: int
    lo: int
    hi: int
    token: str

    @property
    def scope(self) -> Scope:
        """How far it reaches."""
        return Scope(self.lo, self.hi, self.token)


@dataclass(frozen=True)
class KeyLine:
    """What is told of a key: everything but the key."""

    name: str
    area_code: int
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def _hash(key: str) -> bytes:
    # 256 random bits: nothing that a slow hash would have to protect from being guessed.
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def add_key(engine: Engine, name: str, area_code: int) -> str:
    """A new key; it is told here and never again.

    Raises:
        Problem: 422 on `name` or `area`; 409 where a key of that name holds.
    """
    if not _NAME.fullmatch(name):
        raise invalid("name", "must be a-z, 0-9, dot, - and _, beginning with a letter, 2 to 40")
    if not codes.is_code(area_code):
        raise invalid("area", "must be a 15-digit area code")
    key = secrets.token_urlsafe(KEY_BYTES)
    lo, hi = codes.code_range(area_code)
    with writing(engine) as session:
        if not places.names(session, {area_code}, utc_now()):
            raise invalid("area", "is no area of this city")
        added = session.execute(
            insert(ApiKey)
            .values(name=name, key_hash=_hash(key), area_code=area_code, lo=lo, hi=hi,
                    created_at=utc_now())
            .on_conflict_do_nothing()
            .returning(ApiKey.id)
        ).first()  # fmt: skip
        if added is None:
            raise _taken(name)
        audit.record(
            session, None, AuditKind.KEY_ADDED, area_code=area_code, detail=f"{name}: {area_code}"
        )
    return key


def list_keys(engine: Engine) -> list[KeyLine]:
    """Every key that there is or was, by name."""
    columns = (
        ApiKey.name, ApiKey.area_code, ApiKey.created_at, ApiKey.used_at, ApiKey.revoked_at,
    )  # fmt: skip
    with reading(engine) as session:
        rows = session.execute(select(*columns).order_by(ApiKey.name, ApiKey.id))
        return [KeyLine(**row._mapping) for row in rows]


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


def key_of(engine: Engine, given: str | None) -> Key:
    """The program that sent a key.

    Raises:
        Problem: 401, the same for none, a wrong one and one that was revoked.
    """
    if not given or len(given) > LONGEST_KEY:
        raise bad_key()
    with writing(engine) as session:
        found = session.execute(
            update(ApiKey)
            .where(ApiKey.key_hash == _hash(given), ApiKey.revoked_at.is_(None))
            .values(used_at=utc_now())
            .returning(ApiKey.name, ApiKey.area_code, ApiKey.lo, ApiKey.hi)
        ).first()
    if found is None:
        raise bad_key()
    return Key(found.name, found.area_code, found.lo, found.hi, given)


def bad_key() -> Problem:
    """No key that holds: 401."""
    message = "must be a key that holds (minqing key add)"
    return Problem(
        HTTPStatus.UNAUTHORIZED, "bad-key", "Key missing or wrong", f"{HEADER}: {message}",
        (FieldError(HEADER, message),),
    )  # fmt: skip


def _taken(name: str) -> Problem:
    message = "is the name of a key that holds: revoke that first, or take another name"
    return Problem(
        HTTPStatus.CONFLICT, "name-taken", "Name already taken", f"name: {name} {message}",
        (FieldError("name", message),),
    )  # fmt: skip
