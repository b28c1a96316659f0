"""SQL of the sender, whatever it sends."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from app.programs.rules import GIVEN_UP_AFTER_H, pause_s

# Of each outlet; held by the one process that sends on it. PostgreSQL drops it with the holder's
# connection.
WEBHOOKS_LOCK = 0x6D71_7768
DUTY_MAIL_LOCK = 0x6D71_646D


async def try_to_lead(connection: AsyncConnection[Any], lock: int) -> bool:
    """Whether this connection, which did not hold an outlet's lock, does now."""
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,))
    row = await cursor.fetchone()
    return bool(row and row[0])


class Failure(NamedTuple):
    """What follows from an attempt that failed.

    Attributes:
        pause_s: for how long nothing more is sent to that receiver.
        is_given_up: whether it is not tried again.
    """

    pause_s: float
    is_given_up: bool


async def count(connection: AsyncConnection[Any], statement: str) -> int:
    """The one number that a statement of ours gives."""
    cursor = await connection.execute(statement.encode())
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class Attempts:
    """Where it is noted what came of each attempt to send something.

    Attributes:
        sent: table of what is sent.
        receivers: table of those to whom it goes.
        receiver_id: column of `sent` that names one of them.
        done_at: column of `sent` that says when it was taken.
    """

    sent: str
    receivers: str
    receiver_id: str
    done_at: str

    async def note_taken(
        self, connection: AsyncConnection[Any], sent_id: int, status: int | None
    ) -> None:
        """It was taken, with a status; the next one may follow at once."""
        statement = f"""
            WITH done AS (
                UPDATE {self.sent} SET tries = tries + 1, tried_at = now(), {self.done_at} = now(),
                    last_status = %(status)s, last_error = NULL
                WHERE id = %(id)s RETURNING {self.receiver_id}
            )
            UPDATE {self.receivers} SET failures = 0, next_at = NULL
            WHERE id = (SELECT {self.receiver_id} FROM done)
        """  # noqa: S608 (words of our own)
        await connection.execute(statement.encode(), {"id": sent_id, "status": status})

    async def note_failed(
        self,
        connection: AsyncConnection[Any],
        sent_id: int,
        failures: int,
        status: int | None,
        error: str,
        *,
        give_up: bool,
    ) -> Failure:
        """It was not taken.

        Args:
            failures: in a row, before this one.
            give_up: not to be tried again, though its day is not over.
        """
        statement = f"""
            WITH done AS (
                UPDATE {self.sent} SET tries = tries + 1, tried_at = now(),
                    last_status = %(status)s, last_error = %(error)s,
                    failed_at = CASE WHEN %(give_up)s
                        OR queued_at < now() - make_interval(hours => %(hours)s) THEN now() END
                WHERE id = %(id)s RETURNING {self.receiver_id}, failed_at
            )
            UPDATE {self.receivers} SET failures = failures + 1,
                next_at = now() + make_interval(secs => %(pause_s)s)
            WHERE id = (SELECT {self.receiver_id} FROM done)
            RETURNING (SELECT failed_at IS NOT NULL FROM done)
        """  # noqa: S608 (words of our own)
        pause = pause_s(failures + 1)
        words = {
            "id": sent_id,
            "status": status,
            "error": error,
            "pause_s": pause,
            "hours": GIVEN_UP_AFTER_H,
            "give_up": give_up,
        }
        cursor = await connection.execute(statement.encode(), words)
        row = await cursor.fetchone()
        return Failure(pause, bool(row and row[0]))
