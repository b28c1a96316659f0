"""Retention: what is protected goes when its time is over, by rules that are rows.

Each kind of thing says how it is erased; how long it is kept says its row in `retention_rule`. A
dry run does the same and takes it back, so that it says exactly what would go.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import reading, writing
from app.core.retention_models import RetentionRule

AT_ONCE = 500
"""So many things go in one transaction."""

Erase = Callable[[Session, datetime, int], Sequence[str]]
"""`erase(session, before, limit)`: erase what came to its end before an instant (UTC), `limit` of
it at most; a word for each, such as the number of its case, and nothing of its content."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing that is not kept for ever.

    Attributes:
        name: as its rule calls it.
        since: in words, from when its days are counted.
    """

    name: str
    since: str
    erase: Erase


@dataclass
class Gone:
    """What went of one kind, or would go.

    Attributes:
        days: after which it goes; None where there is no rule, and it is kept.
    """

    kind: Kind
    days: int | None
    items: list[str] = field(default_factory=list)


def run_retention(
    engine: Engine, kinds: Sequence[Kind], now: datetime, *, dry_run: bool = False
) -> list[Gone]:
    """Erase everything whose time is over.

    May be broken off anywhere and run again.

    Args:
        now: the present (UTC).
        dry_run: only say what would go.
    """
    with reading(engine) as session:
        days = rules(session)
    return [_run_kind(engine, kind, days.get(kind.name), now, dry_run) for kind in kinds]


def _run_kind(
    engine: Engine, kind: Kind, days: int | None, now: datetime, dry_run: bool
) -> Gone:  # fmt: skip
    gone = Gone(kind, days)
    if days is None:
        return gone
    before = now - timedelta(days=days)
    if dry_run:
        # Taken back at the end: all of it in one transaction, or it would be found again.
        with reading(engine) as session:
            while items := kind.erase(session, before, AT_ONCE):
                gone.items += items
        return gone
    while True:
        with writing(engine) as session:
            items = kind.erase(session, before, AT_ONCE)
        gone.items += items
        if not items:
            return gone


def rules(session: Session) -> dict[str, int]:
    """Days by what they are for."""
    return {row.what: row.days for row in session.scalars(select(RetentionRule))}


def set_rule(session: Session, what: str, days: int | None) -> None:
    """Keep something for so many days from now on; None: until somebody says otherwise.

    Raises:
        ValueError: not 1 to 3650 days.
    """
    if days is None:
        session.execute(delete(RetentionRule).where(RetentionRule.what == what))
        return
    if not 1 <= days <= 3650:
        raise ValueError("keep it for 1 to 3650 days")
    session.execute(
        postgresql.insert(RetentionRule)
        .values(what=what, days=days)
        .on_conflict_do_update(index_elements=["what"], set_={"days": days})
    )
