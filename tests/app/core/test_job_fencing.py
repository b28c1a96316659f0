"""A job whose worker lost its connection is begun again elsewhere, and done once.

Seen to fail with `fenced` giving the engine as it is: the row `ended` is then written twice.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app.core import jobs
from app.core.context import Context
from app.core.db import reading, writing
from app.core.fencing import RunLost, fenced
from tests.app.core import job_worker
from tests.app.core.test_jobs import start, status, trace, traced, wait_until_it_leads
from tests.waiting import wait_until

__all__ = ["start", "traced"]
LEADER = (
    "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database"
    f" WHERE locktype = 'advisory' AND objid = {jobs.WORKER_LOCK} AND granted"
    " AND datname = current_database()"
)


def waiting_for_hold(context: Context) -> int:
    """How many transactions wait for the table `hold`."""
    with reading(context.engine) as session:
        return int(session.scalar(text(
            "SELECT count(*) FROM pg_locks WHERE relation = to_regclass('hold') AND NOT granted"
        )) or 0)  # fmt: skip


def test_cut_off_in_the_middle_it_is_done_once(traced: Context, start: Callable[[], Any]) -> None:
    """The backend that holds the lead is terminated while the job works. The spare begins it
    again; the first process lives on and comes to its end too, and can commit nothing."""
    first = start()
    wait_until_it_leads(first)
    spare = start()
    with psycopg.connect(traced.conninfo) as holder:
        holder.execute("LOCK TABLE hold")
        jobs.put_in_queue(traced, job_worker.JOBS, "work")
        wait_until(lambda: waiting_for_hold(traced) == 1)
        with psycopg.connect(traced.conninfo, autocommit=True) as killer:
            killer.execute(f"SELECT pg_terminate_backend(pid) FROM ({LEADER}) l")
        wait_until_it_leads(spare)
        wait_until(lambda: waiting_for_hold(traced) == 2)
        assert first.poll() is None
        assert trace(traced) == ["begun", "begun"]
        holder.rollback()
        wait_until(lambda: status(traced) == {"work": "succeeded"})
        wait_until(lambda: waiting_for_hold(traced) == 0)
    # The first one has come to its end as well: nothing of it is under way any more.
    wait_until(lambda: _nobody_works(traced))
    assert trace(traced) == ["begun", "begun", "ended"]
    (run,) = jobs.last_runs(traced)
    assert (run.status, run.attempts) == ("succeeded", 2)


def _nobody_works(context: Context) -> bool:
    with reading(context.engine) as session:
        return not session.scalar(text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'minqing' AND pid <> pg_backend_pid() AND state <> 'idle'"
        ))  # fmt: skip


class Run:
    """A row of the queue as its worker knows it."""

    def __init__(self, number: int, attempts: int) -> None:
        self.id, self.attempts, self.task_name = number, attempts, "work"


def test_a_lost_run_commits_nothing(traced: Context) -> None:
    """While it is the one that counts it commits; begun again or ended, not any more."""
    number = jobs.put_in_queue(traced, job_worker.JOBS, "work")
    change = text("UPDATE jobs.procrastinate_jobs SET status = 'doing', attempts = :n")
    run = fenced(traced.engine, Run(number, 0))  # type: ignore[arg-type]
    for attempts, counts in ((0, True), (1, False)):
        with traced.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL search_path = jobs")
            connection.execute(change, {"n": attempts})
        if counts:
            with writing(run) as session:
                session.execute(text("INSERT INTO trace VALUES ('counts')"))
            continue
        with pytest.raises(RunLost), writing(run) as session:
            session.execute(text("INSERT INTO trace VALUES ('lost')"))
    with writing(traced.engine) as session:
        session.execute(text("INSERT INTO trace VALUES ('of no job')"))
    assert trace(traced) == ["counts", "of no job"]
