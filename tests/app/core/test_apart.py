"""A function that is called in a process of its own: what comes back, and when it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.core import apart, metrics
from app.core.apart import ChildFault, DatabaseAway
from app.core.errors import Problem
from tests.app.core import apart_work
from tests.conftest import ROOT
from tests.processes import has_ended
from tests.waiting import wait_until


def test_it_says_how_far_it_is_and_answers() -> None:
    """In that order."""
    heard: list[int] = []

    def hear(message: int | None) -> None:
        if message is not None:
            heard.append(message)

    assert apart.call(apart_work.add, 1, 2, on_message=hear) == 3
    assert heard == [1, 2]


def test_a_refusal_comes_back_whole() -> None:
    """With the fields that it names, and whatever else it says."""
    with pytest.raises(Problem) as refused:
        apart.call(apart_work.refuse, on_message=lambda _: None)
    assert vars(refused.value) == vars(apart_work.PROBLEM)


def test_faults_and_a_lost_database_are_told_apart() -> None:
    """A fault comes with its traceback."""
    with pytest.raises(ChildFault, match="LookupError: in the child"):
        apart.call(apart_work.fail, on_message=lambda _: None)
    with pytest.raises(DatabaseAway):
        apart.call(apart_work.lose, on_message=lambda _: None)


def test_it_is_a_process_beside_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a session of its own, so that Ctrl-C is for the server; and it counts nothing."""
    monkeypatch.setenv(metrics.FOLDER, "/nowhere")
    pid, session, counts = apart.call(apart_work.where, on_message=lambda _: None)
    assert pid == session != os.getpid()
    assert not counts
    assert has_ended(pid)


def test_whoever_listens_ends_it(tmp_path: Path) -> None:
    """By whatever it raises, also while nothing is said; so does the kernel."""
    pids: list[int] = []

    def hear(message: int | None) -> None:
        if message is not None:
            pids.append(message)
        elif pids:
            raise KeyError

    with pytest.raises(KeyError):
        apart.call(apart_work.wait, tmp_path, on_message=hear)
    assert has_ended(pids[0])

    def kill(message: int | None) -> None:
        if message is not None:
            os.kill(message, signal.SIGKILL)

    with pytest.raises(ChildFault):
        apart.call(apart_work.wait, tmp_path, on_message=kill)


def test_it_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    """And takes its folder with it."""
    folder = tmp_path / "made"
    folder.mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.app.core.apart_work", str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    child = int(server.stdout.readline())
    assert (folder / "begun").exists() and not has_ended(child)
    server.kill()
    server.wait()
    wait_until(lambda: has_ended(child))
    assert not folder.exists()
