"""Having a function called in a process of its own: the server's side, and the child's.

What takes seconds of a core, or much memory, would hold up every request and stay in the server for
good. A child does it instead: it opens what it needs by itself, says how far it is, answers and
ends. It ends when the server does, however that ends. What goes between the two is pickled, by our
own code on both ends.
"""

import os
import shutil
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from app.core.child import command
from app.core.errors import Problem
from app.core.metrics import FOLDER

Emit = Callable[[object], None]
"""Sends something that pickles to whoever waits for the child."""

_LOOK_S = 0.2
_BACKGROUND = 5
"""How much the child stands back (`nice`): somebody is looking at the page."""


class DatabaseAway(Exception):
    """The child's database did not answer."""


class ChildFault(Exception):
    """A fault of ours in the child, with its traceback; or it was ended from outside."""


@dataclass(frozen=True)
class _Call:
    module: str
    function: str
    args: tuple[Any, ...]
    folder: Path | None


@dataclass(frozen=True)
class _Message:
    content: object


@dataclass(frozen=True)
class _Refused:
    """A `Problem`, member by member: pickled whole it would lose what was given by name."""

    members: Mapping[str, Any]


@dataclass(frozen=True)
class _Away:
    pass


@dataclass(frozen=True)
class _Fault:
    text: str


@dataclass(frozen=True)
class _Answer:
    value: Any


def call(
    function: Callable[..., Any],
    *args: Any,
    on_message: Callable[[Any], None],
    folder: Path | None = None,
) -> Any:
    """Have `function(*args, emit)` called in a child.

    Args:
        function: at the top of a module. It may raise a `Problem` and `OperationalError`.
        args: must pickle, as must whatever the function emits and returns.
        on_message: is given what the child emits, and None after each fifth of a second without;
            what it raises ends the child.
        folder: to be removed by the caller when this returns; by the child where the server has
            ended before.

    Returns:
        What the function returned.

    Raises:
        Problem: that it raised.
        DatabaseAway: its connection was lost.
        ChildFault: it failed otherwise.
        BaseException: what `on_message` raised; the child has ended then.
    """
    job = _Call(function.__module__, function.__qualname__, args, folder)
    with _child() as connection:
        with suppress(BrokenPipeError):  # it has ended; what follows says so
            connection.send(job)
        while True:
            if not connection.poll(_LOOK_S):
                on_message(None)
                continue
            match _received(connection):
                case _Message(content):
                    on_message(content)
                case _Refused(members):
                    raise Problem(**members)
                case _Away():
                    raise DatabaseAway
                case _Fault(text):
                    raise ChildFault(text)
                case _Answer(value):
                    return value


def _received(connection: Connection) -> object:
    try:
        return connection.recv()
    except (EOFError, ConnectionResetError):
        raise ChildFault("it was ended from outside") from None


@contextmanager
def _child() -> Iterator[Connection]:
    ours, theirs = Pipe()
    with ours:
        with theirs:
            child = subprocess.Popen(
                command(__name__, str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # It counts nothing: among the workers' files its own would stay.
                env={name: value for name, value in os.environ.items() if name != FOLDER},
                start_new_session=True,
            )
        try:
            yield ours
        finally:
            child.kill()
            child.wait()


def _answer(job: _Call, emit: Emit) -> object:
    """Call the function, and say what comes of it as the server is to hear it."""
    try:
        function = getattr(import_module(job.module), job.function)
        return _Answer(function(*job.args, emit))
    except Problem as problem:
        return _Refused({each.name: getattr(problem, each.name) for each in fields(problem)})
    except OperationalError:
        return _Away()
    except (BrokenPipeError, ConnectionResetError):  # nobody listens any more
        raise SystemExit(1) from None
    except Exception:
        return _Fault(traceback.format_exc())


def _end_with_server(connection: Connection, folder: Path | None) -> None:
    """Wait for the server's end, of which the connection tells, and end at once."""
    with suppress(EOFError, OSError):
        connection.recv()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> None:
    """Do what comes over the descriptor in the first argument, and answer there."""
    os.nice(_BACKGROUND)
    with Connection(int(sys.argv[1])) as connection, suppress(ConnectionError):
        job: _Call = connection.recv()
        watch = (connection, job.folder)
        threading.Thread(target=_end_with_server, args=watch, daemon=True).start()
        answer = _answer(job, lambda content: connection.send(_Message(content)))
        connection.send(answer)
