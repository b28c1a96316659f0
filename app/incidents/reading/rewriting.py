"""Writing the reading model anew behind the scenes: after limits or the calendar have changed, and
holding it against the log every night."""

from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.core import jobs
from app.core.context import Context
from app.core.db import reading, wait_as_long_as_it_takes, writing
from app.incidents.reading import checking
from geodata.progress import Cancelled, Progress

log = structlog.get_logger()

REWRITE = "rewrite_readings"
CHECKED_BACK = timedelta(hours=36)
MOST_NAMED = 20


def ask_rewrite(session: Session, since: datetime) -> None:
    """Have the reading model written anew once this session's transaction is committed.

    Args:
        since: every case whose clock started or is due from then on (UTC) is looked at.
    """
    jobs.ask_for(session, REWRITE, int(since.timestamp()))


def rewrite(engine: Engine, since: datetime, progress: Progress) -> int:
    """Write anew what the log says of every case that a change from an instant on may concern; how
    many rows and columns were otherwise.

    Args:
        progress: told of the cases; may raise to stop: what was written stays.
    """
    with reading(engine) as session:
        wait_as_long_as_it_takes(session)
        nos = list(
            session.scalars(
                text(
                    "SELECT no FROM case_now UNION SELECT no FROM case_past"
                    " WHERE due_at >= :since OR started_at >= :since"
                ),
                {"since": since},
            )
        )
    return len(checking.mend(engine, nos, progress))


class _Stopping:
    """Progress of a task that ends when the server does."""

    def __init__(self, asked: jobs.Asked) -> None:
        self._asked = asked

    def step(self, name: str, done: int, total: int) -> None:
        """See `geodata.progress`."""
        if self._asked.stopping():
            raise Cancelled


def _run(context: Context, asked: jobs.Asked) -> str:
    since = datetime.fromtimestamp(asked.row_id, UTC)
    try:
        found = rewrite(context.engine, since, _Stopping(asked))
    except Cancelled:
        with writing(context.engine) as session:
            ask_rewrite(session, since)
        return "the server ends; asked for again"
    return f"{found} differences written anew"


TASK = jobs.Task(REWRITE, _run)


def check(context: Context, now: datetime) -> str:
    """Hold the reading model against the log: all that is open, and what has ended of late."""
    found = checking.differences(context.engine, since=now - CHECKED_BACK)
    for difference in found[:MOST_NAMED]:
        log.error("reading model differs from the log", difference=str(difference))
    if found:
        named = "; ".join(map(str, found[:MOST_NAMED]))
        raise ReadingDiffers(f"{len(found)} differences; `minqing case check --mend`: {named}")
    return "no differences"


class ReadingDiffers(Exception):
    """The reading model says otherwise than the log; the message names where."""
