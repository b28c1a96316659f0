"""The quick way of a report: one statement on the event loop, and no thread.

It takes what is plain, a new report at a point. Everything else (an address, a contact, a report
that is known or must be refused) is left to `service`, which gives the same answers.
"""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from app.core import outbox
from app.core.context import Context
from app.core.db import NEVER_IDLE
from app.core.scope import DATABASE_ROLE
from app.identity.rules import Asker
from app.incidents.cases.schemas import Incident, NewIncident
from app.incidents.intake.filing import (
    Place,
    as_row,
    fault_of,
    first_answer,
    first_reading,
    head_of,
)
from app.incidents.intake.queries import FILE, Outcome, filing_words

# As many as there is work for on one core; more reports wait here, in their order.
CONNECTIONS = 4
PATIENCE_S = 5.0
# The pool pauses longer and longer between tries. After so long it gives up, and the next report
# tries at once: however long the database was away, reports are taken seconds after it is back.
RECONNECT_WITHIN_S = 3.0
OPTIONS = (
    f"-c timezone=UTC -c statement_timeout=15000 -c jit=off {NEVER_IDLE} -c role={DATABASE_ROLE}"
)


class QuickIntake:
    """The connections of one process over which reports come in."""

    def __init__(self, context: Context) -> None:
        self._engine = context.request_engine
        self._demo = context.settings.demo
        self._pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]](
            context.request_conninfo,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=PATIENCE_S,
            reconnect_timeout=RECONNECT_WITHIN_S,
            open=False,
            name="minqing-intake",
            kwargs={
                "autocommit": True,
                "connect_timeout": 5,
                "application_name": "minqing-intake",
                "options": OPTIONS,
                "prepare_threshold": 0,
            },
        )

    async def open(self) -> None:
        """Begin to connect, without waiting for it."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.close(timeout=1.0)

    async def take(self, asker: Asker, new: NewIncident, now: datetime) -> Incident | None:
        """The incident as it is acknowledged; None, and nothing was done, where the report wants a
        closer look.

        Raises:
            psycopg.OperationalError, psycopg_pool.PoolTimeout: the database does not answer.
        """
        is_plain = new.address is None and new.contact is None
        if not is_plain or self._pool.closed or fault_of(new, now, demo=self._demo):
            return None
        head = head_of(new, Place(*new.point(), 0.0), now)
        given = [as_row(0, new, new.digest(), head)]
        words = filing_words(given, first_reading(now), now, (asker.lo, asker.hi), asker.token)
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(Outcome))
            row = await (await cursor.execute(FILE, words)).fetchone()
        if row is None or row.outcome != "filed":
            return None
        outbox.emitted(self._engine)
        return first_answer(new, head, row)
