"""What a hostile file that has taken its reader over can reach: nothing but itself."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from app.core import calls, confine, landlock
from app.core.child import run_child
from tests.conftest import ROOT, TestCluster

READER = "tests.app.core.hostile_reader"
needs_landlock = pytest.mark.skipif(
    landlock.version() == 0 or not calls.is_possible(),
    reason="this kernel gives processes no Landlock, or this machine has no libseccomp",
)


def attempts(cluster: TestCluster, folder: Path, *, confined: bool) -> dict[str, Any]:
    """What comes of everything a hostile reader tries, in the folders of a server."""
    work, server, other = (folder / name for name in ("work", "server", "other"))
    for made in (work, server, other):
        made.mkdir()
    for name in ("empty", "mode", "gone"):
        (other / name).write_text("somebody's")
    (work / "file").write_text("a file")
    key = server / "contact.key"
    key.write_text("a key")
    key.chmod(0o600)
    database = cluster.cluster.socket_dir / ".s.PGSQL.5432"
    assert database.exists()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        job = {
            "path": str(work / "file"), "key": str(key), "other": str(other),
            "database": str(database), "port": listener.getsockname()[1], "confined": confined,
        }  # fmt: skip
        return run_child(READER, job, work, patience_s=60)


def _accept(listener: socket.socket) -> None:
    try:
        while True:
            listener.accept()[0].close()
    except OSError:
        return


@needs_landlock
def test_a_hostile_reader_reaches_nothing(cluster: TestCluster, tmp_path: Path) -> None:
    """Each attempt is refused by the kernel, and reading goes on."""
    found = attempts(cluster, tmp_path, confined=True)
    assert found["unconfined"] == []
    assert set(found["allowed"].values()) == {"done"}, found["allowed"]
    assert set(found["refused"].values()) == {"PermissionError"}, found["refused"]
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["empty", "gone", "mode"]


def test_without_confinement_it_reaches_all(cluster: TestCluster, tmp_path: Path) -> None:
    """The same attempts: what is refused above is refused by nothing else."""
    found = attempts(cluster, tmp_path, confined=False)
    lucky = {name for name, outcome in found["refused"].items() if outcome == "done"}
    # Containers may refuse this one by themselves.
    assert set(found["refused"]) - lucky <= {"use io_uring"}, found["refused"]


def test_no_folder_with_keys_is_left_readable(tmp_path: Path) -> None:
    """What every reader may read is code and data of the system: neither the folder in which the
    server was started, which holds its data, nor anybody's home."""
    allowed = [path.resolve() for path in confine.readable()]
    for secret in (ROOT, ROOT / ".data", Path.home(), tmp_path, Path("/etc"), Path("/proc/self")):
        inside = [path for path in allowed if secret.resolve().is_relative_to(path)]
        assert not inside, (secret, inside)


def read_without_landlock(tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A sheet, read by a server's process on a kernel that gives no Landlock."""
    file = tmp_path / "t.csv"
    file.write_text("code,name\n1,2\n")
    return subprocess.run(
        [sys.executable, "-m", "tests.app.core.without_landlock", "tests.app.core.read_sheet",
         str(file)],
        cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.skipif(not calls.is_possible(), reason="this machine has no libseccomp")
def test_where_it_cannot_be_had_the_answer_says_so(tmp_path: Path) -> None:
    """The file is read, and whoever sent it is told; so is the log."""
    done = read_without_landlock(tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"headings": ["code", "name"], "unconfined": [confine.FILES],
                    "lacks": [confine.FILES]}  # fmt: skip
    assert "not confined" in done.stdout + done.stderr


@pytest.mark.skipif(not calls.is_possible(), reason="this machine has no libseccomp")
def test_where_it_must_be_had_nothing_is_read(tmp_path: Path) -> None:
    """And the setting is named."""
    done = read_without_landlock(tmp_path, MINQING_REQUIRE_CONFINEMENT="1")
    assert done.returncode == 1
    assert "MINQING_REQUIRE_CONFINEMENT" in done.stderr
    assert "headings" not in done.stdout
