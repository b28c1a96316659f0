"""The embedded PostGIS over real processes: awkward paths, kills, who stops it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from app.core import embedded
from app.core.db import conninfo

HOLDER = """
import sys
from pathlib import Path
from app.core import embedded
with embedded.running(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


def _one(cluster: embedded.Cluster, statement: str) -> object:
    with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return row[0]


def _postmaster_pid(cluster: embedded.Cluster) -> int:
    return int((cluster.data_dir / "postmaster.pid").read_text().splitlines()[0])


@contextmanager
def _holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A second process that uses the cluster until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield process
    finally:
        if process.poll() is None:
            process.communicate()


def test_it_runs_under_a_path_with_blanks_and_chinese(own_folder: Path) -> None:
    """The checkout of a user in China: ~/项目 一/minqing."""
    with embedded.running(own_folder / "数据 目录") as cluster:
        assert "PostgreSQL" in str(_one(cluster, "SELECT version()"))
        assert _one(cluster, "SHOW listen_addresses") == ""
        assert _one(cluster, "SHOW data_checksums") == "on"
    assert not embedded.is_running(cluster)


def test_the_last_one_out_stops_it(own_folder: Path) -> None:
    """A command that started the cluster must not stop it under a server that came later."""
    with embedded.running(own_folder) as cluster, _holder(own_folder):
        pass
    assert not embedded.is_running(cluster)
    with _holder(own_folder):
        with embedded.running(own_folder):
            assert embedded.is_running(cluster)
        assert embedded.is_running(cluster), "stopped under somebody else's feet"
    assert not embedded.is_running(cluster)


def test_a_copy_of_a_cluster_in_use_starts_beside_it(own_folder: Path) -> None:
    """With every row that was committed by then, and without what is written afterwards."""
    first, second = own_folder / "one", own_folder / "two"
    with embedded.running(first) as source:
        with psycopg.connect(conninfo(source.url), autocommit=True) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS x")
            copied = embedded.copy(first, second)
            connection.execute("INSERT INTO t VALUES (2)")
        assert not embedded.is_running(copied)
        with embedded.running(second) as copy:
            assert copy == copied != source
            assert _one(copy, "SELECT sum(x) FROM t") == 1
            assert _one(source, "SELECT sum(x) FROM t") == 3
    with pytest.raises(embedded.EmbeddedError, match="holds a database already"):
        embedded.copy(first, second)


def test_after_a_killed_user_the_next_one_takes_over(own_folder: Path) -> None:
    """`kill -9` of the server leaves the cluster; the next start finds it and later stops it."""
    with _holder(own_folder) as holder:
        holder.kill()
        holder.wait()
    cluster = embedded.locate(own_folder)
    assert embedded.is_running(cluster)
    with embedded.running(own_folder):
        assert _one(cluster, "SELECT 1") == 1
    assert not embedded.is_running(cluster)


def test_it_comes_up_after_its_own_kill(own_folder: Path) -> None:
    """The old lock file bars an immediate start; patience gets past it without deleting it."""
    with embedded.running(own_folder) as cluster:
        _one(cluster, "SELECT 1")
        with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(_postmaster_pid(cluster), signal.SIGKILL)
    with embedded.running(own_folder) as cluster:
        assert _one(cluster, "SELECT answer FROM kept") == 42


def test_a_killed_initdb_is_made_anew(own_folder: Path) -> None:
    """What was half-made never held a row, and is not mistaken for a cluster."""
    cluster = embedded.locate(own_folder)
    with embedded.running(own_folder):
        pass
    (cluster.data_dir / "minqing.ready").unlink()
    (cluster.data_dir / "global" / "pg_control").unlink()
    with embedded.running(own_folder):
        assert _one(cluster, "SELECT 1") == 1


def test_without_postgis_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the three ways out."""
    monkeypatch.setattr(embedded.Path, "glob", lambda *_: iter(()))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(embedded.EmbeddedError, match="MINQING_DATABASE_URL"):
        embedded.find_bin_dir()
