"""Having strangers' files read by a child process that cannot harm: the parent's side.

The child confines itself (core/confine.py); all files that a stranger has made, geodata, sheets and
photos, are read in such a one and never in a server process.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import structlog

from app.core import confine
from app.core.errors import not_ready
from app.core.settings import get_settings

ROOT = Path(__file__).resolve().parents[2]
NOT_CONFINED = (
    "the process that would read the file cannot be confined on this machine; nothing was read"
)
_LOOK_S = 0.2

log = structlog.get_logger()


class Why(Enum):
    """Why a child came to no answer."""

    TOO_SLOW = "it took too long"
    TOO_MUCH_COMPUTING = "it took too much computing"
    BROUGHT_DOWN = "its file brought it down"


class ChildFailed(Exception):
    """The child came to no answer."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def run_child(
    module: str,
    job: Mapping[str, Any],
    folder: Path,
    *,
    patience_s: float,
    look: Callable[[], None] = lambda: None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Have a child do a job.

    Args:
        module: of ours; its `main` takes a job on standard input, confines itself and answers on
            standard output, both JSON; `unconfined` says what could not be kept from it.
        folder: the only place it may write to.
        patience_s: how long it may take.
        look: called now and then; what it raises ends the child.
        environment: what it finds there besides the path.

    Raises:
        ChildFailed: it came to no answer.
        Problem: 503 where this machine cannot confine it, and `MINQING_REQUIRE_CONFINEMENT` is set.
    """
    waited_s = 0.0
    with (
        (folder / "answer").open("w+b") as output,
        _child(module, folder, output.fileno(), environment or {}) as child,
    ):
        assert child.stdin is not None
        child.stdin.write(json.dumps(job).encode())
        child.stdin.close()
        while child.poll() is None:
            look()
            try:
                child.wait(timeout=_LOOK_S)
            except subprocess.TimeoutExpired:
                waited_s += _LOOK_S
                if waited_s > patience_s:
                    raise ChildFailed(Why.TOO_SLOW) from None
        output.seek(0)
        said = output.read()
    if child.returncode == confine.NOT_CONFINED:
        raise not_ready(confine.REQUIRED, NOT_CONFINED)
    if child.returncode == -signal.SIGXCPU:
        raise ChildFailed(Why.TOO_MUCH_COMPUTING)
    if child.returncode != 0:
        raise ChildFailed(Why.BROUGHT_DOWN)
    answer: dict[str, Any] = json.loads(said)
    if answer.get("unconfined"):
        log.warning("file read by a process that is not confined", reaches=answer["unconfined"])
    return answer


def command(module: str, *words: str) -> list[str]:
    """What starts a process that calls `main` of a module of ours, with words as its arguments."""
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from {module} import main; main()"
    # -I: neither the folder it stands in nor PYTHONPATH may lend it modules.
    return [sys.executable, "-I", "-c", start, *words]


@contextmanager
def _child(
    module: str, folder: Path, output: int, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        command(module),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TMPDIR": str(folder),
            confine.REQUIRED: "1" if get_settings().require_confinement else "0",
            **environment,
        },
        start_new_session=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
