"""Work behind the scenes: due by the clock, or asked for by somebody; one worker for all servers.

A job is a row of the queue (procrastinate, in PostgreSQL): it outlasts the process that ran it, and
can be looked at. Several servers may run; the one that holds the database's lock works, the others
are spares. What a killed one left undone is begun again by whoever comes next: so a job must bear
to be run twice; never at the same time, for a run that was begun again elsewhere can commit nothing
(`app.core.fencing`).

There are three queues, each with places of its own. What is due by the clock and short has a place
for each of its jobs and connections of its own, so that it waits for nothing; what is due by the
clock and long has one place; what somebody asks for has two.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.core import memory
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import NEVER_IDLE, reading
from app.core.fencing import FencedJobs, fenced
from app.core.job_schema import SCHEMA, search_path

log = structlog.get_logger()

WORKER_LOCK = 0x6A6F6273
# Held under the number of connections that a server may need (app/cli/connections.py).
CLAIMS_LOCK = 0x636F6E6E
SPARE_POLL_S = 1.0
ALIVE_EVERY_S = 1.0
ANSWER_WITHIN_S = 10.0
POLL_JOBS_S = 5.0
STOP_WITHIN_S = 3.0
END_REST_WITHIN_S = 1.0
BY_CLOCK, UPKEEP, ASKED_FOR = "default", "upkeep", "asked"
# Jobs that run side by side: of those that are asked for, and of the long ones by the clock.
AT_ONCE = 2
UPKEEP_AT_ONCE = 1
CLOCK_CONNECTIONS = 2
# A worker that gave no sign for so long is no more; what it was doing is begun again.
STALLED_AFTER_S = 30.0
LOOK_FOR_STALLED_S = 10.0
# For so long an ended job can be looked at.
KEPT_H = 72
# Of the queue: for each of its workers one that listens, one that beats, and what it fetches.
CONNECTIONS = 3 * 3 + 1
DOING = Status.DOING.value


@dataclass(frozen=True)
class Job:
    """Something that is done again and again.

    Attributes:
        name: a word.
        cron: minute, hour, day, month, weekday, in UTC.
        run: does it, as of the given instant (UTC), and says what it did: counts, nothing of
            anybody. It must bear to be broken off anywhere and run again.
        is_long: whether it may take minutes, and so runs beside those that must not wait.
    """

    name: str
    cron: str
    run: Callable[[Context, datetime], object]
    is_long: bool = False

    @property
    def queue(self) -> str:
        """The queue in which it waits."""
        return UPKEEP if self.is_long else BY_CLOCK


@dataclass(frozen=True)
class Asked:
    """One run of a task.

    Attributes:
        row_id: the number of the row that it is about.
        beginnings: how often it was begun before and broken off.
        stopping: whether the server is about to end: what takes long should end now, and ask for
            itself again.
    """

    row_id: int
    beginnings: int
    stopping: Callable[[], bool]


@dataclass(frozen=True)
class Task:
    """Something that somebody asks for, about one row of a table.

    Attributes:
        name: a word.
        run: does it, and says what it did. It must bear to be broken off anywhere and run again.
    """

    name: str
    run: Callable[[Context, Asked], object]


def queue(
    context: Context,
    jobs: Sequence[Job],
    tasks: Sequence[Task] = (),
    *,
    of_clock: Context | None = None,
) -> procrastinate.App:
    """The queue with these jobs and tasks in it; to be opened before use.

    Args:
        of_clock: with the connections of the short jobs by the clock; None: those of all others.
    """
    connector = procrastinate.PsycopgConnector(
        conninfo=context.conninfo,
        min_size=1,
        max_size=CONNECTIONS,
        kwargs={"options": f"{search_path()} {NEVER_IDLE}", "application_name": "minqing jobs"},
    )
    app = procrastinate.App(connector=connector)
    app.job_manager = FencedJobs(app.connector)
    for job in jobs:
        _register(app, context if job.is_long else of_clock or context, job)
    for task in tasks:
        _register_task(app, context, task)
    return app


def _register(app: procrastinate.App, context: Context, job: Job) -> None:
    # One at a time (lock), and one waiting at most (queueing_lock).
    @app.periodic(cron=job.cron)
    @app.task(
        name=job.name, queue=job.queue, lock=job.name, queueing_lock=job.name, pass_context=True
    )
    def run(job_context: procrastinate.JobContext, timestamp: int) -> None:
        said = job.run(_of_run(context, job_context), utc_now())
        log.info("job", name=job.name, said=str(said))


def _register_task(app: procrastinate.App, context: Context, task: Task) -> None:
    @app.task(name=task.name, queue=ASKED_FOR, pass_context=True)
    def run(job_context: procrastinate.JobContext, row_id: int) -> None:
        asked = Asked(row_id, job_context.job.attempts, job_context.should_abort)
        try:
            said = task.run(_of_run(context, job_context), asked)
        finally:
            memory.give_back()
        log.info("task", name=task.name, row=row_id, said=str(said))


def _of_run(context: Context, job_context: procrastinate.JobContext) -> Context:
    """The context of one run, which writes only as long as it is the one that counts."""
    return replace(context, engine=fenced(context.engine, job_context.job))


def ask_for(session: Session, name: str, row_id: int) -> None:
    """Have a task run about a row, once this session's transaction is committed; not at all
    otherwise. The worker that leads is told at once."""
    session.execute(text("SELECT ask_for_task(:name, :row_id)"), {"name": name, "row_id": row_id})


def forget_old(context: Context, now: datetime) -> str:
    """Forget jobs that ended long ago."""
    statement = text(
        "DELETE FROM jobs.procrastinate_jobs j WHERE status IN ('succeeded', 'failed', 'cancelled',"
        " 'aborted') AND NOT EXISTS (SELECT FROM jobs.procrastinate_events e WHERE e.job_id = j.id"
        " AND e.at > CAST(:now AS timestamptz) - make_interval(hours => :hours))"
    )
    with context.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))  # its triggers need it
        return f"{connection.execute(statement, {'now': now, 'hours': KEPT_H}).rowcount} forgotten"


class Worker:
    """A thread with an event loop of its own: it waits for the lock, then works the queue."""

    def __init__(
        self,
        context: Context,
        jobs: Sequence[Job],
        tasks: Sequence[Task] = (),
        *,
        connections: int = 0,
    ) -> None:
        self._context = context
        self._connections = connections
        self._jobs = jobs
        self._tasks = tasks
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, name="jobs", daemon=True)
        self._task: asyncio.Task[None] | None = None
        self.leads = threading.Event()

    def start(self) -> None:
        """Begin, without waiting for anything."""
        self._thread.start()

    def stop(self) -> None:
        """End; a job that takes longer than `STOP_WITHIN_S` is left to whoever comes next."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(2 * STOP_WITHIN_S + END_REST_WITHIN_S)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._for_ever())
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.run_until_complete(_end_rest())
        self._loop.close()

    async def _for_ever(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._context.conninfo, autocommit=True, connect_timeout=5,
                    application_name="minqing jobs", options=NEVER_IDLE,
                ) as connection:  # fmt: skip
                    await self._claim(connection)
                    await self._as_leader(connection)
            except (psycopg.Error, ConnectorException, OSError, TimeoutError) as error:
                log.warning("jobs wait for the database", error=type(error).__name__)
            self.leads.clear()
            await asyncio.sleep(SPARE_POLL_S)

    async def _claim(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Let whoever starts another server know how many connections this one may need."""
        if self._connections:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await connection.execute(
                    "SELECT pg_advisory_lock_shared(%s::int, %s::int)",
                    [CLAIMS_LOCK, self._connections],
                )

    async def _as_leader(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while not await _leads(connection):
            await asyncio.sleep(SPARE_POLL_S)
        of_clock = self._context.apart(CLOCK_CONNECTIONS)
        places = self._places()
        # Threads of its own: one that still computes what was lost keeps none of them.
        threads = ThreadPoolExecutor(sum(places.values()), thread_name_prefix="job")
        asyncio.get_running_loop().set_default_executor(threads)
        app = queue(self._context, self._jobs, self._tasks, of_clock=of_clock)
        try:
            async with app.open_async():
                await _begin_again(app, await app.job_manager.list_jobs_async(status=DOING))
                self.leads.set()
                await self._work(app, connection, places)
        finally:
            threads.shutdown(wait=False)
            of_clock.engine.dispose()

    def _places(self) -> dict[str, int]:
        """How many jobs of each queue may run side by side: of the short ones by the clock all."""
        short = sum(not job.is_long for job in self._jobs)
        return {BY_CLOCK: max(short, 1), UPKEEP: UPKEEP_AT_ONCE, ASKED_FOR: AT_ONCE}

    async def _work(
        self,
        app: procrastinate.App,
        connection: psycopg.AsyncConnection[Any],
        places: Mapping[str, int],
    ) -> None:
        work = [asyncio.create_task(_work(app, name, count)) for name, count in places.items()]
        try:
            await self._while_alive(app, connection, work)
        finally:
            for each in work:
                each.cancel()
            await asyncio.wait(work, timeout=2 * STOP_WITHIN_S)
            _say_why(work)

    async def _while_alive(
        self,
        app: procrastinate.App,
        connection: psycopg.AsyncConnection[Any],
        work: "list[asyncio.Task[None]]",
    ) -> None:
        # The lock goes with the connection: without it somebody else may be working already.
        looked_at_s = time.monotonic()
        while not any(each.done() for each in work):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await connection.execute("SELECT 1")
            if time.monotonic() - looked_at_s >= LOOK_FOR_STALLED_S:
                looked_at_s = time.monotonic()
                # Taken by one that led before us, and died since.
                await _begin_again(app, await _stalled(app))
            await asyncio.wait(work, timeout=ALIVE_EVERY_S, return_when=asyncio.FIRST_COMPLETED)


async def _end_rest() -> None:
    """End what still waits for jobs that go on in their threads, while its event loop runs: left to
    the end of the process it would try to write down what became of them."""
    ends_at_s = time.monotonic() + END_REST_WITHIN_S
    own = {asyncio.current_task()}
    while (rest := asyncio.all_tasks() - own) and time.monotonic() < ends_at_s:
        for each in rest:
            each.cancel()
        done, _ = await asyncio.wait(rest, timeout=END_REST_WITHIN_S / 4)
        for each in done:
            if not each.cancelled():
                each.exception()  # looked at, or it would be in the log: the database is let go of


def _say_why(work: "list[asyncio.Task[None]]") -> None:
    for each in work:
        if each.done() and not each.cancelled() and (error := each.exception()) is not None:
            log.warning("jobs wait for the database", error=type(error).__name__)


async def _work(app: procrastinate.App, queue_name: str, at_once: int) -> None:
    await app.run_worker_async(
        queues=[queue_name],
        name=queue_name,
        concurrency=at_once,
        stalled_worker_timeout=STALLED_AFTER_S,
        fetch_job_polling_interval=POLL_JOBS_S,
        shutdown_graceful_timeout=STOP_WITHIN_S,
        install_signal_handlers=False,
    )


async def _leads(connection: psycopg.AsyncConnection[Any]) -> bool:
    async with asyncio.timeout(ANSWER_WITHIN_S):
        answer = await connection.execute("SELECT pg_try_advisory_lock(%s)", [WORKER_LOCK])
        row = await answer.fetchone()
    return row is not None and bool(row[0])


async def _stalled(app: procrastinate.App) -> Iterable[procrastinate.jobs.Job]:
    return await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S)


async def _begin_again(app: procrastinate.App, undone: Iterable[procrastinate.jobs.Job]) -> None:
    """Put back what a worker was doing that is no more, or leads no more: we hold the lock, and
    what it still does it cannot commit."""
    for job in undone:
        try:
            await app.job_manager.retry_job(job)
        except ConnectorException:
            # The next one of its kind is waiting already, and will do the same.
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        log.warning("job begun again", name=job.task_name, job=job.id)


@contextmanager
def working(
    context: Context, jobs: Sequence[Job], tasks: Sequence[Task] = (), *, connections: int = 0
) -> Iterator[Worker]:
    """A worker for the length of the block.

    Args:
        connections: how many its server may need, as others are told; 0: nothing is told.
    """
    worker = Worker(context, jobs, tasks, connections=connections)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def put_in_queue(context: Context, jobs: Sequence[Job], name: str) -> int:
    """Have a job run now, by whichever server works; its number in the queue.

    Raises:
        KeyError: no such job.
        procrastinate.exceptions.AlreadyEnqueued: it waits already.
    """
    if name not in {job.name for job in jobs}:
        raise KeyError(name)

    async def defer() -> int:
        app = queue(context, jobs)
        async with app.open_async():
            return await app.tasks[name].defer_async(timestamp=int(utc_now().timestamp()))

    return asyncio.run(defer())


def last_runs(context: Context, limit: int = 50) -> Sequence[Row[Any]]:
    """The newest rows of the queue: `id`, `name`, `status`, `attempts`, `queued_at`, `started_at`,
    `ended_at`; instants in UTC."""
    statement = text(
        "SELECT j.id, j.task_name AS name, j.status::text, j.attempts,"
        "  min(e.at) FILTER (WHERE e.type = 'deferred') AS queued_at,"
        "  max(e.at) FILTER (WHERE e.type = 'started') AS started_at,"
        "  max(e.at) FILTER (WHERE e.type IN ('succeeded', 'failed', 'cancelled', 'aborted'))"
        "    AS ended_at"
        " FROM jobs.procrastinate_jobs j LEFT JOIN jobs.procrastinate_events e ON e.job_id = j.id"
        " GROUP BY j.id ORDER BY j.id DESC LIMIT :limit"
    )
    with reading(context.engine) as session:
        return session.execute(statement, {"limit": limit}).all()
