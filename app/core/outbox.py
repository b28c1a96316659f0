"""The outbox: what a transaction tells the live stream, in the same commit as the fact itself.

It stands in `core` because every domain that changes a case writes it, and only `live` reads it.
There is no NOTIFY here: it would serialise the commits of all writers (design, the live path).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import BigInteger, Engine, Identity, Pool, Text, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import UserDefinedType

from app.core.audiences import Audience
from app.core.db import Base
from app.core.types import Code, Instant


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id. Only migration 0001, which stays as it is, names it."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"


class Outbox(Base):
    """An event that its transaction has told, and the relay has not yet published."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    topic: Mapped[str] = mapped_column(Text)
    area_code: Mapped[Code]
    audience: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


_waiting: WeakKeyDictionary[Pool, Callable[[], None]] = WeakKeyDictionary()


def when_emitted(engine: Engine, wake: Callable[[], None]) -> None:
    """Have something called as soon as a transaction of this process has emitted something; it must
    be quick, and may be called from any thread. Others' transactions are found by looking."""
    _waiting[engine.pool] = wake


def emitted(engine: Engine) -> None:
    """Something was emitted, and is committed, past a session of this engine."""
    wake = _waiting.get(engine.pool)
    if wake is not None:
        wake()


def _wake(session: Session) -> None:
    emitted(session.get_bind().engine)


def wake_after(session: Session) -> None:
    """Say that something was emitted, once the session commits; for statements that write to the
    outbox themselves."""
    event.listen(session, "after_commit", _wake, once=True)


# In their order: events of one case are published in the order of their ids.
_EMIT = text("""
    INSERT INTO outbox (topic, area_code, audience, payload)
    SELECT e.event ->> 'topic', (e.event ->> 'area_code')::bigint, e.event ->> 'audience',
           e.event -> 'payload'
    FROM jsonb_array_elements(CAST(:events AS jsonb)) WITH ORDINALITY e (event, place)
    ORDER BY place
""")


def emit(
    session: Session, topic: str, area: int, audience: Audience, payload: Mapping[str, Any]
) -> None:
    """Put an event into the outbox; it is told when, and only when, the session commits.

    Args:
        topic: `incident.reported`, `incident.changed`, ….
        area: code of the cell where it happened; who may see that cell may see the event.
        audience: what it tells of; who may list that may see the event.
        payload: JSON without free text that only handlers may read.
    """
    emit_all(session, [(topic, area, audience, payload)])


def emit_all(
    session: Session, events: Iterable[tuple[str, int, Audience, Mapping[str, Any]]]
) -> None:
    """As `emit`, many events in one statement: topic, area, audience and payload of each."""
    rows = [
        {"topic": topic, "area_code": area, "audience": audience, "payload": payload}
        for topic, area, audience, payload in events
    ]
    if rows:
        wake_after(session)
        written = orjson.dumps(rows, option=orjson.OPT_NON_STR_KEYS).decode()
        session.execute(_EMIT, {"events": written})
