"""A run of a job that was begun again elsewhere writes nothing any more.

A worker that loses its connection to the database loses the lead with it, while its threads go on:
a second server begins the same job again, and both would write. So a run has a token, how often
its job was begun before, and every transaction of it commits only while the job's row of the queue
still says so. That row is held for the moment of the commit: whoever begins the job again waits for
it, and comes strictly after.
"""

from contextlib import suppress
from typing import Any

import procrastinate
import psycopg
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from sqlalchemy import Connection, Engine, event

_HOLD = (
    "SELECT 1 FROM jobs.procrastinate_jobs"
    " WHERE id = %s AND status = 'doing' AND attempts = %s FOR SHARE"
)
_FINISH = (
    "SELECT procrastinate_finish_job_v1(id, %(status)s, false) FROM procrastinate_jobs"
    " WHERE id = %(job_id)s AND status = 'doing' AND attempts = %(attempts)s FOR UPDATE"
)


class RunLost(Exception):
    """The job was begun again elsewhere; what this run has not committed is taken back."""


def fenced(engine: Engine, job: procrastinate.jobs.Job) -> Engine:
    """The same engine for one run of a job: a commit raises `RunLost`, and commits nothing, once
    the job was begun again or ended by somebody else.

    Args:
        engine: of the owner role, which alone may look into the queue.
    """
    own = engine.execution_options()

    @event.listens_for(own, "commit")
    def hold(connection: Connection) -> None:
        # On the driver's own connection: in the transaction that is about to be committed.
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        try:
            if driver.execute(_HOLD, (job.id, job.attempts)).fetchone() is None:
                raise RunLost(f"job {job.id} ({job.task_name}) was begun again elsewhere")
        except BaseException:
            # SQLAlchemy takes a commit that was refused for ended, and would not take it back.
            with suppress(psycopg.Error):
                driver.rollback()
            raise

    return own


class FencedJobs(JobManager):
    """The queue, in which a run that was lost ends nothing."""

    async def finish_job(
        self, job: procrastinate.jobs.Job, status: Status, delete_job: bool
    ) -> None:
        """End a job, unless it was begun again since.

        One whose worker ends before it does (`ABORTED`) is left as it is: whoever leads next begins
        it again.
        """
        if status is Status.ABORTED:
            return
        await self.connector.execute_query_async(
            query=_FINISH, job_id=job.id, attempts=job.attempts, status=status.value
        )
