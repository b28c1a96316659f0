"""`minqing …` as a process of its own, without importing the product anew each time.

A fork server (one a test worker) imports the product once. What it forks is a real process with an
environment, a session, a folder and output of its own; only the imports are there already.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GROUPS = ("serve", "city", "user", "standard", "retention", "rebalance", "plan")
PRELOADED = ["app.main", *(f"app.cli.{name}" for name in GROUPS)]

_forks = get_context("forkserver")
_forks.set_forkserver_preload(PRELOADED)


class Forked:
    """A running command, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, process: ForkServerProcess, words: Sequence[str]) -> None:
        self._process = process
        self._words = list(words)
        self.pid = int(process.pid or 0)

    @property
    def returncode(self) -> int | None:
        """Its exit status; negative for the signal that ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._words, timeout or 0.0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def start(words: Sequence[str], env: Mapping[str, str], output: Path, errors: Path) -> Forked:
    """Start `minqing` with these words; what it says goes to the files."""
    process = _forks.Process(
        target=_run, args=(list(words), dict(env), str(output), str(errors)), daemon=False
    )
    process.start()
    return Forked(process, words)


def _run(words: list[str], env: dict[str, str], output: str, errors: str) -> None:
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    for path, stream in ((output, 1), (errors, 2)):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, stream)
        os.close(target)
    sys.argv = ["minqing", *words]
    from app.cli import main

    main()
