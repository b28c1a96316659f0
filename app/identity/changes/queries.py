"""SQL of changes of many accounts. All of it runs as the database's owner."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.identity.changes.models import AccountChange
from app.identity.changes.rules import KEPT_H, ChangeStage
from app.identity.queries import AnyRow

_STATE = (
    AccountChange.stage,
    AccountChange.done,
    AccountChange.total,
    AccountChange.cancel_asked,
    AccountChange.ended_at,
)


def begin(session: Session, change_id: UUID, account_id: int) -> bool:
    """Note that it begins, and forget those of yesterday; whether that id is a new one."""
    old = AccountChange.begun_at < func.now() - timedelta(hours=KEPT_H)
    session.execute(delete(AccountChange).where(old))
    added = (
        postgresql.insert(AccountChange)
        .values(id=change_id, account_id=account_id, stage=ChangeStage.READING.value)
        .on_conflict_do_nothing()
        .returning(AccountChange.id)
    )
    return session.scalar(added) is not None


def one(session: Session, change_id: UUID, account_id: int) -> AnyRow | None:
    """How far a change of that account is; None where it makes none such."""
    found = select(*_STATE).where(
        AccountChange.id == change_id, AccountChange.account_id == account_id
    )
    return session.execute(found).first()


def note(session: Session, change_id: UUID, stage: ChangeStage, done: int, total: int) -> bool:
    """Write down how far it is; whether it is to go on."""
    noted = (
        update(AccountChange)
        .where(AccountChange.id == change_id, ~AccountChange.cancel_asked)
        .values(stage=stage.value, done=done, total=total)
        .returning(AccountChange.id)
    )
    return session.scalar(noted) is not None


def cancel(session: Session, change_id: UUID, account_id: int) -> bool:
    """Ask that nothing come of it; whether it had not ended yet. Waits for one that just ends."""
    asked = (
        update(AccountChange)
        .where(
            AccountChange.id == change_id,
            AccountChange.account_id == account_id,
            AccountChange.ended_at.is_(None),
        )
        .values(cancel_asked=True)
        .returning(AccountChange.id)
    )
    return session.scalar(asked) is not None


def end(session: Session, change_id: UUID) -> bool:
    """Note that it has ended, unless it was cancelled; whether it was not. Whoever cancels it from
    here on waits for this transaction, and is too late when that ends well."""
    ended = (
        update(AccountChange)
        .where(AccountChange.id == change_id, ~AccountChange.cancel_asked)
        .values(stage=ChangeStage.ENDED.value, ended_at=func.now())
        .returning(AccountChange.id)
    )
    return session.scalar(ended) is not None


def give_up(session: Session, change_id: UUID) -> None:
    """Note that it has ended and nothing came of it."""
    session.execute(
        update(AccountChange)
        .where(AccountChange.id == change_id, AccountChange.ended_at.is_(None))
        .values(stage=ChangeStage.ENDED.value, ended_at=func.now())
    )
