"""Computing for a job in a process of its own: the server's side, and the child's.

Search and studies hold the arrays of a whole city and a compiler, and compute for half a minute:
in the server all of that would stay, and requests would wait for the interpreter. The child reads
what it needs from the database by itself, writes nothing, and ends with its answer; killed, it
leaves nothing behind. What goes between the two is pickled, by our own code on both ends.
"""

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy.exc import OperationalError

from app.core.child import command
from app.core.context import Context
from app.core.errors import Problem
from app.core.settings import Settings
from app.planning.jobs.work import Watch

Computing = Callable[[Context, int, Mapping[str, Any], Watch], Any]
"""Computes something about a plan, by its number and a job's `params`: a function at the top of a
module. May raise a `Problem`, `OperationalError` and whatever `watch` raises."""

_LOOK_S = 0.2
_BACKGROUND = 5
"""How much the child stands back (`nice`): somebody is looking at the page."""


class DatabaseAway(Exception):
    """The child's database did not answer."""


class ChildFault(Exception):
    """A fault of ours in the child, with its traceback; or it was ended from outside."""


@dataclass(frozen=True)
class _Job:
    module: str
    function: str
    settings: Settings
    database_url: str
    plan_id: int
    params: Mapping[str, Any]


@dataclass(frozen=True)
class _Step:
    name: str
    done: int
    total: int


@dataclass(frozen=True)
class _Better:
    objective: float


@dataclass(frozen=True)
class _Refused:
    """A `Problem`, member by member."""

    status: HTTPStatus
    slug: str
    title: str
    detail: str


@dataclass(frozen=True)
class _Away:
    pass


@dataclass(frozen=True)
class _Fault:
    text: str


@dataclass(frozen=True)
class _Answer:
    value: Any


def compute(
    function: Computing, context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch
) -> Any:
    """Have `function` called in a child, `watch` hearing what it says there.

    Returns:
        What it returned.

    Raises:
        Problem: that it raised.
        DatabaseAway: its connection was lost.
        ChildFault: it failed otherwise.
        BaseException: what `watch` raised; the child has ended then.
    """
    job = _Job(
        function.__module__,
        function.__qualname__,
        context.settings,
        context.engine.url.render_as_string(hide_password=False),
        plan_id,
        params,
    )
    with _child(job) as said:
        latest = _Step("", 0, 1)
        while True:
            if not said.poll(_LOOK_S):
                watch.step(latest.name, latest.done, latest.total)
                continue
            match _received(said):
                case _Step() as latest:
                    watch.step(latest.name, latest.done, latest.total)
                case _Better(objective):
                    watch.better(objective)
                case _Refused(status, slug, title, detail):
                    raise Problem(status, slug, title, detail)
                case _Away():
                    raise DatabaseAway
                case _Fault(text):
                    raise ChildFault(text)
                case _Answer(value):
                    return value


def _received(said: Connection) -> object:
    try:
        return said.recv()
    except EOFError:
        raise ChildFault("it was ended from outside") from None


@contextmanager
def _child(job: _Job) -> Iterator[Connection]:
    said, saying = Pipe(duplex=False)
    with said:
        with saying:
            child = subprocess.Popen(
                command(__name__, str(saying.fileno())),
                stdin=subprocess.PIPE,
                pass_fds=[saying.fileno()],
                start_new_session=True,
            )
        try:
            assert child.stdin is not None
            with suppress(BrokenPipeError), child.stdin:
                child.stdin.write(pickle.dumps(job))
            yield said
        finally:
            child.kill()
            child.wait()


class _Saying:
    """The child's `Watch`. A server that has ended is noticed by it: nobody reads any more."""

    def __init__(self, to: Connection) -> None:
        self._to = to

    def step(self, name: str, done: int, total: int) -> None:
        """Say it to the server."""
        self._to.send(_Step(name, done, total))

    def better(self, objective: float) -> None:
        """Say it to the server."""
        self._to.send(_Better(objective))


def _work(job: _Job, watch: Watch) -> object:
    """Do the job, and put what comes of it into words for the server."""
    function: Computing = getattr(import_module(job.module), job.function)
    context = Context.open(job.settings, job.database_url)
    try:
        return _Answer(function(context, job.plan_id, job.params, watch))
    except Problem as problem:
        return _Refused(problem.status, problem.slug, problem.title, problem.detail)
    except OperationalError:
        return _Away()
    except BrokenPipeError:
        raise SystemExit(1) from None
    except Exception:
        return _Fault(traceback.format_exc())


def main() -> None:
    """Do the job on standard input; speak through the descriptor in the first argument."""
    os.nice(_BACKGROUND)
    job: _Job = pickle.load(sys.stdin.buffer)
    with Connection(int(sys.argv[1]), readable=False) as to, suppress(BrokenPipeError):
        to.send(_work(job, _Saying(to)))
