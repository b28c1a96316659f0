"""Long work on plans: one job is one row, run by the worker behind the scenes.

What a job draws is written in the same transaction that says it is done: killed anywhere, it leaves
the plan as it was and is begun again, at most `MOST_BEGINNINGS` times.
"""

import time
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.core import jobs as queue
from app.core.apart import DatabaseAway
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, wait_as_long_as_it_takes, writing
from app.core.errors import Problem
from app.core.jobs import Asked, Task
from app.planning.jobs import balancing, publication, queries, scheduled, studies
from app.planning.jobs.asking import TASK
from app.planning.jobs.work import Kind, Outcome
from app.planning.rules import JobKind, JobState
from geodata.progress import Cancelled

log = structlog.get_logger()

MOST_BEGINNINGS = 3
TELL_EVERY_S = 0.2
BROKEN_OFF = "The server was broken off while it worked. Ask for it again."
AWAY = "unavailable: The database did not answer. Ask for it again."
OUR_FAULT = "A fault of ours; it is in the server's log."

KINDS: dict[JobKind, Kind] = {
    JobKind.BALANCE: balancing.balance,
    JobKind.REPLAY: studies.replay,
    JobKind.FORECAST: studies.forecast,
    JobKind.PUBLISH: publication.publish,
}


class Stopping(Exception):
    """The server is about to end."""


def run(context: Context, asked: Asked) -> str:
    """Do a job, unless it was cancelled before it began."""
    engine, job_id = context.engine, asked.row_id
    begun = _begin(engine, job_id, asked.beginnings)
    if begun is None:
        return "nothing to do"
    kind, plan_id, params = begun
    try:
        outcome = KINDS[kind](context, plan_id, params, _Teller(engine, asked))
        return _finish(engine, job_id, outcome)
    except Stopping:
        return _put_back(engine, job_id)
    except Cancelled:
        return _end(engine, job_id, JobState.CANCELLED)
    except Problem as problem:
        return _end(engine, job_id, JobState.FAILED, f"{problem.slug}: {problem.detail}")
    except (OperationalError, DatabaseAway):
        _end(engine, job_id, JobState.FAILED, AWAY)
        raise
    except Exception:
        _end(engine, job_id, JobState.FAILED, OUR_FAULT)
        raise


RUN = Task(TASK, run)


def sweep(context: Context, _: datetime) -> str:
    """End jobs that nobody works on any more: their worker could not even say that they failed."""
    with reading(context.engine) as session:
        stranded = queries.stranded(session, TASK)
    for job_id in stranded:
        _end(context.engine, job_id, JobState.FAILED, BROKEN_OFF)
    return f"{len(stranded)} stranded"


def _begin(
    engine: Engine, job_id: int, beginnings: int
) -> tuple[JobKind, int, dict[str, Any]] | None:
    with writing(engine) as session:
        job = queries.one(session, job_id, held=True)
        if job is None or job.state not in queries.ACTIVE:
            return None
        if beginnings >= MOST_BEGINNINGS:
            queries.end(session, job, JobState.FAILED, utc_now(), BROKEN_OFF)
            scheduled.note_end(session, job, f"internal: {BROKEN_OFF}")
            return None
        job.state = JobState.RUNNING
        job.started_at = utc_now()
        job.done, job.total, job.objective = 0, 0, None
        return JobKind(job.kind), job.plan_id, dict(job.params)


def _finish(engine: Engine, job_id: int, outcome: Outcome) -> str:
    """Draw what was found, and say that it is done: both or neither."""
    with writing(engine) as session:
        wait_as_long_as_it_takes(session)
        result = dict(outcome.result)
        # Not held yet: what is drawn may take its time, and tells how far it is through that row.
        job = queries.one(session, job_id)
        if job is not None and outcome.draw is not None:
            result |= outcome.draw(session, job)
        job = queries.one(session, job_id, held=True)
        if job is None or job.cancel_asked:
            raise Cancelled
        job.result = result
        job.done = job.total
        queries.end(session, job, JobState.DONE, utc_now())
    return JobState.DONE


def _end(engine: Engine, job_id: int, state: JobState, message: str = "") -> str:
    with writing(engine) as session:
        job = queries.one(session, job_id, held=True)
        if job is not None and job.state in queries.ACTIVE:
            queries.end(session, job, state, utc_now(), message)
            scheduled.note_end(session, job, message or state)
    return state


def _put_back(engine: Engine, job_id: int) -> str:
    """Leave it to the server that comes next."""
    with writing(engine) as session:
        job = queries.one(session, job_id, held=True)
        if job is not None and job.state in queries.ACTIVE:
            job.state = JobState.WAITING
            queue.ask_for(session, TASK, job_id)
    return JobState.WAITING


class _Teller:
    """Writes how far a job is, a few times a second, and hears there whether it is to end."""

    def __init__(self, engine: Engine, asked: Asked) -> None:
        self._engine = engine
        self._asked = asked
        self._objective: float | None = None
        self._told_at = float("-inf")

    def better(self, objective: float) -> None:
        """Keep what the next report says."""
        self._objective = objective

    def step(self, name: str, done: int, total: int) -> None:
        """Write it down, unless that was done a moment ago.

        Raises:
            Cancelled: somebody asked for that, or the job is no more.
            Stopping: the server ends.
        """
        if self._asked.stopping():
            raise Stopping
        now = time.monotonic()
        if done < total and now - self._told_at < TELL_EVERY_S:
            return
        self._told_at = now
        with writing(self._engine) as session:
            goes_on = queries.note_progress(
                session, self._asked.row_id, done, total, self._objective
            )
        if not goes_on:
            raise Cancelled
