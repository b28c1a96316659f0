"""Jobs: one process works, a spare takes over, and what a killed one began is begun again."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import text

from app.core import jobs
from app.core.context import Context
from app.core.db import OWNER_POOL_SIZE, make_engine, reading, writing
from app.core.jobs import Asked, Job, Task
from app.core.schema import upgrade
from app.core.scope import Scope
from tests.app.core import job_worker
from tests.conftest import ROOT
from tests.waiting import wait_until


@pytest.fixture
def traced(own_context: Context) -> Context:
    """A database with the tables of `job_worker`."""
    with writing(own_context.engine) as session:
        session.execute(text("CREATE TABLE trace (what text); CREATE TABLE hold ()"))
    return own_context


def trace(context: Context) -> list[str]:
    """What the job has done."""
    with reading(context.engine) as session:
        return list(session.scalars(text("SELECT what FROM trace")))


def status(context: Context) -> dict[str, str]:
    """State of the newest row of each job."""
    return {run.name: run.status for run in reversed(jobs.last_runs(context))}


@pytest.fixture
def start(traced: Context, tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts worker processes, whose complaints go to `stderr`; all are killed at the end."""
    started = []

    def begin() -> "subprocess.Popen[str]":
        url = traced.url.render_as_string(hide_password=False)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.app.core.job_worker", url], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=(tmp_path / "stderr").open("a"), text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def wait_until_it_leads(process: "subprocess.Popen[str]") -> None:
    """Read what a worker says until it says that."""
    assert process.stdout is not None
    while (line := process.stdout.readline()) != "leads\n":
        assert line, "the worker ended"


def test_a_job_survives_kill_9(traced: Context, start: Callable[[], Any]) -> None:
    """The first worker is killed in the middle; the spare begins it again and ends it."""
    first = start()
    wait_until_it_leads(first)
    spare = start()
    with psycopg.connect(traced.conninfo) as holder:
        holder.execute("LOCK TABLE hold")
        jobs.put_in_queue(traced, job_worker.JOBS, "work")
        wait_until(lambda: trace(traced) == ["begun"])
        assert status(traced) == {"work": "doing"}
        first.kill()
        first.wait()
        wait_until_it_leads(spare)
        wait_until(lambda: trace(traced) == ["begun", "begun"])
    wait_until(lambda: status(traced) == {"work": "succeeded"})
    assert trace(traced) == ["begun", "begun", "ended"]
    (run,) = jobs.last_runs(traced)
    assert run.attempts == 2 and run.started_at > run.queued_at and run.ended_at > run.started_at


def test_a_worker_that_is_stopped_leaves_its_job_in_order(
    traced: Context, start: Callable[[], Any], tmp_path: Path
) -> None:
    """One that takes longer than a worker waits: nothing is complained of, and the job goes on
    counting as begun, so that the next worker begins it again."""
    first = start()
    wait_until_it_leads(first)
    with psycopg.connect(traced.conninfo) as holder:
        holder.execute("LOCK TABLE hold")
        jobs.put_in_queue(traced, job_worker.JOBS, "work")
        wait_until(lambda: trace(traced) == ["begun"])
        first.send_signal(signal.SIGINT)
        assert first.stdout.readline() == "stopped\n"
        assert status(traced) == {"work": "doing"}
        second = start()
        wait_until_it_leads(second)
        wait_until(lambda: trace(traced) == ["begun", "begun"])
    wait_until(lambda: status(traced) == {"work": "succeeded"})
    assert first.wait(timeout=30) == 0
    assert trace(traced) == ["begun", "begun", "ended"]
    complaints = (tmp_path / "stderr").read_text()
    assert "never awaited" not in complaints and "destroyed" not in complaints, complaints


def test_what_is_asked_for_runs_at_once(traced: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the transaction that asks is committed, by a request's own role; not if it is undone."""
    monkeypatch.setattr(jobs, "POLL_JOBS_S", 600.0)
    begun: list[tuple[int, int]] = []
    task = Task("about", lambda _, asked: begun.append((asked.row_id, asked.beginnings)))
    scope = Scope(0, 10**15, "no session")
    with jobs.working(traced, (), (task,)):
        wait_until(lambda: _listens(traced))
        with reading(traced.request_engine, scope) as session:
            jobs.ask_for(session, "about", 1)
            session.rollback()
        with writing(traced.request_engine, scope) as session:
            jobs.ask_for(session, "about", 2**40)
        wait_until(lambda: begun == [(2**40, 0)])
        wait_until(lambda: status(traced) == {"about": "succeeded"})


def test_long_work_hears_that_the_server_ends(
    traced: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a moment of patience; it asks for itself again, and the next server takes it up."""
    monkeypatch.setattr(jobs, "STOP_WITHIN_S", 0.5)
    heard = threading.Event()

    def work(context: Context, asked: Asked) -> None:
        wait_until(asked.stopping)
        heard.set()
        with writing(context.engine) as session:
            jobs.ask_for(session, "long", asked.row_id)

    with jobs.working(traced, (), (Task("long", work),)) as worker:
        with writing(traced.engine) as session:
            jobs.ask_for(session, "long", 7)
        wait_until(lambda: status(traced) == {"long": "doing"})
        worker.stop()
        wait_until(heard.is_set)
    rows: list[int] = []
    with jobs.working(traced, (), (Task("long", lambda _, asked: rows.append(asked.row_id)),)):
        wait_until(lambda: rows == [7])


def _listens(context: Context) -> bool:
    with reading(context.engine) as session:
        return bool(session.scalar(text(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'idle' AND query LIKE '%LISTEN%#asked%')"
        )))  # fmt: skip


def test_what_is_asked_for_does_not_keep_the_clock_waiting(traced: Context) -> None:
    """Long work fills its own places only."""
    go_on = threading.Event()
    task = Task("long", lambda *_: go_on.wait())
    try:
        with jobs.working(traced, job_worker.JOBS, (task,)):
            with writing(traced.engine) as session:
                for row_id in range(jobs.AT_ONCE + 1):
                    jobs.ask_for(session, "long", row_id)
            wait_until(lambda: [r.status for r in jobs.last_runs(traced)].count("doing") == 2)
            jobs.put_in_queue(traced, job_worker.JOBS, "work")
            wait_until(lambda: status(traced)["work"] == "succeeded")
            assert [r.status for r in jobs.last_runs(traced)].count("doing") == jobs.AT_ONCE
            go_on.set()
            wait_until(lambda: {r.status for r in jobs.last_runs(traced)} == {"succeeded"})
    finally:
        go_on.set()


def test_the_clock_waits_for_nothing_long(traced: Context) -> None:
    """Long work fills its places, by the clock and asked for, and holds every connection: what is
    due by the clock and short runs at once."""
    go_on = threading.Event()
    longs = [Job(f"long{n}", "0 0 1 1 *", lambda *_: go_on.wait(), is_long=True) for n in (1, 2)]
    task = Task("long", lambda *_: go_on.wait())
    every = (*longs, *job_worker.JOBS)
    try:
        with jobs.working(traced, every, (task,)), ExitStack() as held:
            with writing(traced.engine) as session:
                for row_id in range(jobs.AT_ONCE + 1):
                    jobs.ask_for(session, "long", row_id)
            for job in longs:
                jobs.put_in_queue(traced, every, job.name)
            busy = jobs.AT_ONCE + jobs.UPKEEP_AT_ONCE
            wait_until(lambda: [r.status for r in jobs.last_runs(traced)].count("doing") == busy)
            pool = make_engine(traced.url)
            held.callback(pool.dispose)
            jobs.put_in_queue(traced, every, "work")
            for _ in range(2 * OWNER_POOL_SIZE):
                held.enter_context(traced.engine.connect())
            with reading(pool) as session:
                done = text(
                    "SELECT status = 'succeeded' FROM jobs.procrastinate_jobs"
                    " WHERE task_name = 'work'"
                )
                wait_until(lambda: session.scalar(done))
    finally:
        go_on.set()


def test_one_works_and_the_spare_waits(traced: Context) -> None:
    """Until the first one leaves."""
    with jobs.working(traced, ()) as first:
        wait_until(first.leads.is_set)
        with jobs.working(traced, ()) as spare:
            assert not spare.leads.wait(2 * jobs.SPARE_POLL_S)
            first.stop()
            wait_until(spare.leads.is_set)


def test_a_failing_job_is_seen_and_the_others_go_on(traced: Context) -> None:
    """Its state is `failed`; the next one of its kind may be queued again."""

    def fail(context: Context, now: datetime) -> None:
        raise LookupError

    both = (Job("fail", "0 0 1 1 *", fail), *job_worker.JOBS)
    with jobs.working(traced, both):
        jobs.put_in_queue(traced, both, "fail")
        jobs.put_in_queue(traced, both, "work")
        wait_until(lambda: status(traced) == {"fail": "failed", "work": "succeeded"})
        jobs.put_in_queue(traced, both, "fail")
        wait_until(lambda: [r.status for r in jobs.last_runs(traced)].count("failed") == 2)


def test_one_of_a_kind_waits_at_most(traced: Context) -> None:
    """A second one is refused while the first waits; an unknown name is none."""
    jobs.put_in_queue(traced, job_worker.JOBS, "work")
    with pytest.raises(AlreadyEnqueued):
        jobs.put_in_queue(traced, job_worker.JOBS, "work")
    with pytest.raises(KeyError):
        jobs.put_in_queue(traced, job_worker.JOBS, "rest")
    assert [run.status for run in jobs.last_runs(traced)] == ["todo"]


def test_the_clock_queues_it(traced: Context) -> None:
    """A job of every minute is queued by the worker that leads, without anybody's doing."""
    every_minute = (Job("work", "* * * * *", job_worker.work),)
    with jobs.working(traced, every_minute):
        wait_until(lambda: status(traced).get("work") == "succeeded", patience_s=30)
    assert trace(traced)[:2] == ["begun", "ended"]


def test_it_comes_back_when_the_database_does(traced: Context, cluster: Any) -> None:
    """Every connection cut: it leads again, and works."""
    with jobs.working(traced, job_worker.JOBS) as worker:
        wait_until(worker.leads.is_set)
        cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{traced.url.database}' AND pid <> pg_backend_pid()"
        )
        wait_until(lambda: not worker.leads.is_set(), patience_s=20)
        wait_until(worker.leads.is_set, patience_s=20)
        jobs.put_in_queue(traced, job_worker.JOBS, "work")
        wait_until(lambda: status(traced) == {"work": "succeeded"})


def test_old_rows_are_forgotten(traced: Context) -> None:
    """What ended more than three days ago; what waits stays."""
    jobs.put_in_queue(traced, job_worker.JOBS, "work")
    with writing(traced.engine) as session:
        session.execute(
            text("INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, status)"
                 " VALUES ('default', 'old', 'succeeded');"
                 "UPDATE jobs.procrastinate_events SET at = at - interval '73 hours'")
        )  # fmt: skip
    assert jobs.forget_old(traced, jobs.utc_now()) == "1 forgotten"
    assert status(traced) == {"work": "todo"}


def test_the_tables_are_made_once(own_context: Context) -> None:
    """Upgrading again changes nothing, and requests may not look into the queue."""
    upgrade(own_context.engine)
    with reading(own_context.engine) as session:
        assert (session.scalar(text("SELECT count(*) FROM jobs.applied")) or 0) > 10
        allowed = session.scalar(
            text("SELECT has_schema_privilege('minqing_app', 'jobs', 'USAGE')")
        )
    assert allowed is False
