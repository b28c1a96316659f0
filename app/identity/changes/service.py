"""Making a change of many accounts so that its maker sees how far it is, and can cancel it.

What is slow is done before the transaction that changes accounts, and tells how far it is in short
transactions of its own. The change itself is one short transaction: the last thing in it is to ask
whether it was cancelled, so that who was told that it is finds nothing changed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.db import reading, writing
from app.core.errors import Problem, not_found, of_field
from app.identity.changes import queries
from app.identity.changes.rules import ChangeStage
from app.identity.changes.schemas import ChangeState
from app.identity.rules import Actor

TELL_EVERY_S = 0.2


class Progress:
    """How far one change is. Without an id nobody asks, and nobody can cancel it."""

    def __init__(self, engine: Engine | None = None, change_id: UUID | None = None) -> None:
        self._engine = engine
        self._id = change_id
        self._told: tuple[ChangeStage, float] | None = None

    def tell(self, stage: ChangeStage, done: int = 0, total: int = 0) -> None:
        """Write down how far it is, unless that was done a moment ago. Not inside a transaction
        that changes accounts: it takes a connection of its own.

        Raises:
            Problem: 409 `change-cancelled`.
        """
        if self._engine is None or self._id is None:
            return
        now_s = time.monotonic()
        if self._told is not None and self._told[0] is stage:
            is_soon = now_s - self._told[1] < TELL_EVERY_S
            if is_soon and done < total:
                return
        self._told = (stage, now_s)
        with writing(self._engine) as session:
            goes_on = queries.note(session, self._id, stage, done, total)
        if not goes_on:
            raise _cancelled()

    def end_in(self, session: Session) -> None:
        """In the transaction that changes accounts, when all but the audit is written: from here on
        it cannot be cancelled.

        Raises:
            Problem: 409 `change-cancelled`; nothing of the transaction stands then.
        """
        if self._id is not None and not queries.end(session, self._id):
            raise _cancelled()


@contextmanager
def changing_many(
    engine: Engine, actor: Actor | None, change_id: UUID | None
) -> Iterator[Progress]:
    """What tells of a change for as long as it is being made; of none where there is no id.

    Raises:
        Problem: 409 `id-conflict`: that id was used before.
    """
    if actor is None or change_id is None:
        yield Progress()
        return
    with writing(engine) as session:
        if not queries.begin(session, change_id, actor.account_id):
            message = "was used before"
            raise of_field(HTTPStatus.CONFLICT, "id-conflict", "Id already used", "change", message)
    try:
        yield Progress(engine, change_id)
    finally:
        with writing(engine) as session:
            queries.give_up(session, change_id)


def get(engine: Engine, actor: Actor, change_id: UUID) -> ChangeState:
    """How far a change of one's own is.

    Raises:
        Problem: 404.
    """
    with reading(engine) as session:
        return _state(session, actor, change_id)


def cancel(engine: Engine, actor: Actor, change_id: UUID) -> ChangeState:
    """Let nothing come of a change of one's own.

    Raises:
        Problem: 404; 409 `change-ended`: it is too late.
    """
    with writing(engine) as session:
        state = _state(session, actor, change_id)
        if not queries.cancel(session, change_id, actor.account_id) and not state.cancelling:
            raise Problem(
                HTTPStatus.CONFLICT,
                "change-ended",
                "Ended already",
                "That change has ended and cannot be cancelled any more.",
            )
        return _state(session, actor, change_id)


def _state(session: Session, actor: Actor, change_id: UUID) -> ChangeState:
    row = queries.one(session, change_id, actor.account_id)
    if row is None:
        raise not_found("change of accounts", change_id)
    return ChangeState(
        stage=ChangeStage(row.stage), done=row.done, total=row.total, cancelling=row.cancel_asked
    )


def _cancelled() -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        "change-cancelled",
        "Cancelled",
        "It was cancelled; nothing was changed.",
    )
