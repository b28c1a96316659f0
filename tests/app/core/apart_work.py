"""What children of `app.core.apart` do in tests; `apart_work.py FOLDER` is a server that has one.

It prints the child's number, and waits for it until it is killed.
"""

import os
import sys
import threading
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn

from sqlalchemy.exc import OperationalError

from app.core import apart
from app.core.apart import Emit
from app.core.errors import FieldError, Problem
from app.core.metrics import FOLDER

PROBLEM = Problem(
    HTTPStatus.CONFLICT,
    "stale-version",
    "Title",
    detail="Detail.",
    errors=(FieldError("area", "is none"),),
    headers={"Retry-After": "2"},
    extra={"job_id": 7},
)


def add(one: int, other: int, emit: Emit) -> int:
    """Says what it adds, and adds."""
    emit(one)
    emit(other)
    return one + other


def refuse(_: Emit) -> NoReturn:
    """Refuses."""
    raise PROBLEM


def fail(_: Emit) -> NoReturn:
    """Has a fault."""
    raise LookupError("in the child")


def lose(_: Emit) -> NoReturn:
    """Has lost its database."""
    raise OperationalError("SELECT 1", {}, Exception("gone"))


def where(_: Emit) -> tuple[int, int, bool]:
    """Number, session, and whether its counters go among the workers'."""
    return os.getpid(), os.getsid(0), FOLDER in os.environ


def wait(folder: Path, emit: Emit) -> None:
    """Says its number and never ends."""
    (folder / "begun").touch()
    emit(os.getpid())
    threading.Event().wait()


def show(message: int | None) -> None:
    """Prints what the child says."""
    if message is not None:
        print(message, flush=True)  # noqa: T201


def main(folder: Path) -> None:
    """A server, in the words of its child: a module that is known to both by its name."""
    from tests.app.core.apart_work import wait as work

    apart.call(work, folder, on_message=show, folder=folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
