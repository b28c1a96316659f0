"""A worker in a process of its own, to be killed: `job_worker.py URL`. Ctrl-C stops it.

Its one job writes a row when it begins, and another when it ends; between the two it waits for as
long as the table `hold` is locked by the test.
"""

import signal
import sys
from contextlib import suppress
from datetime import datetime

from sqlalchemy import text

from app.core.context import Context
from app.core.jobs import Job, working
from app.core.settings import Settings


def work(context: Context, now: datetime) -> str:
    """Begin, wait, end."""
    with context.engine.begin() as connection:
        connection.execute(text("INSERT INTO trace (what) VALUES ('begun')"))
    with context.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0; LOCK TABLE hold"))
        connection.execute(text("INSERT INTO trace (what) VALUES ('ended')"))
    return "done"


JOBS = (Job("work", "0 0 1 1 *", work),)

if __name__ == "__main__":
    with (
        suppress(KeyboardInterrupt),
        working(Context.open(Settings(), sys.argv[1]), JOBS) as worker,
    ):
        worker.leads.wait()
        print("leads", flush=True)  # noqa: T201
        signal.pause()
    print("stopped", flush=True)  # noqa: T201
