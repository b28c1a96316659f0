"""SQL of second factors. All of it runs as the database's owner, as that of accounts does."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.identity.queries import AnyRow
from app.identity.second_factor.models import SecondFactor
from app.identity.second_factor.rules import ENROL_WITHIN
from app.identity.second_factor.sealing import Sealed

_SECRET = (
    SecondFactor.id,
    SecondFactor.key_id,
    SecondFactor.nonce,
    SecondFactor.sealed,
    SecondFactor.last_step,
    SecondFactor.recovery_hashes,
)


def held(session: Session, account_id: int) -> AnyRow | None:
    """The factor of an account that counts, locked until the transaction ends; None for none."""
    counts = SecondFactor.confirmed_at.is_not(None)
    found = select(*_SECRET).where(SecondFactor.account_id == account_id, counts)
    return session.execute(found.with_for_update()).first()


def begun(session: Session, account_id: int, now: datetime) -> AnyRow | None:
    """The one that was shown lately and waits for its first code, locked; None for none."""
    found = select(*_SECRET).where(
        SecondFactor.account_id == account_id,
        SecondFactor.confirmed_at.is_(None),
        SecondFactor.begun_at > now - ENROL_WITHIN,
    )
    return session.execute(found.with_for_update()).first()


def recovery_codes(session: Session, account_id: int) -> int | None:
    """How many recovery codes an account has left; None where it has no factor."""
    left: int | None = session.scalar(
        select(func.cardinality(SecondFactor.recovery_hashes)).where(
            SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None)
        )
    )
    return left


def begin(session: Session, account_id: int, row_id: UUID, sealed: Sealed, now: datetime) -> None:
    """Keep a secret that is being set up, in the place of one that was begun before."""
    session.execute(
        delete(SecondFactor).where(
            SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_(None)
        )
    )
    values = {"id": row_id, "account_id": account_id, "begun_at": now, **sealed._asdict()}
    session.execute(insert(SecondFactor).values(values))


def confirm(session: Session, account_id: int, row_id: UUID, changes: dict[str, Any]) -> None:
    """Let the one that was begun count from now on, in the place of the one before."""
    old = SecondFactor.id != row_id
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account_id, old))
    change(session, row_id, {"confirmed_at": func.now(), **changes})


def change(session: Session, row_id: UUID, changes: dict[str, Any]) -> None:
    """Note what was used of a factor, or its new recovery codes."""
    session.execute(update(SecondFactor).where(SecondFactor.id == row_id).values(changes))


def remove(session: Session, account_id: int) -> bool:
    """Take the factor of an account away, and one that was begun; whether there was one that
    counted."""
    gone = delete(SecondFactor).where(SecondFactor.account_id == account_id)
    ended: Sequence[datetime | None] = session.scalars(
        gone.returning(SecondFactor.confirmed_at)
    ).all()
    return any(at is not None for at in ended)


def unreadable(session: Session, key_ids: Iterable[str]) -> int:
    """How many factors none of these keys opens."""
    foreign = SecondFactor.key_id.not_in(list(key_ids))
    return session.scalar(select(func.count()).select_from(SecondFactor).where(foreign)) or 0
