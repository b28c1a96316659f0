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
from app.core.embedded_watch import watched
from tests.waiting import wait_until

SOMEBODY = 54_321
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


def test_a_socket_folder_of_somebody_else_is_not_taken(own_folder: Path) -> None:
    """Anybody may make one under that name, or a link: root would hand over what it leads to."""
    cluster = embedded.locate(own_folder / "data")
    elsewhere = own_folder / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    before = elsewhere.stat()
    cluster.socket_dir.symlink_to(elsewhere)
    try:
        with pytest.raises(embedded.EmbeddedError, match="leads elsewhere"):
            embedded.own_socket_folder(cluster)
        if os.geteuid() == 0:  # nobody else can give a folder away
            cluster.socket_dir.unlink()
            cluster.socket_dir.mkdir()
            os.chown(cluster.socket_dir, SOMEBODY, SOMEBODY)
            with pytest.raises(embedded.EmbeddedError, match="somebody else"):
                embedded.own_socket_folder(cluster)
            assert cluster.socket_dir.stat().st_uid == SOMEBODY
            cluster.socket_dir.rmdir()
            cluster.socket_dir.symlink_to(elsewhere)
    finally:
        cluster.socket_dir.unlink()
    after = elsewhere.stat()
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)


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


def _kill(cluster: embedded.Cluster) -> int:
    """kill -9 of the server; its number."""
    number = _postmaster_pid(cluster)
    os.kill(number, signal.SIGKILL)
    return number


def test_a_watched_one_is_started_again(own_folder: Path) -> None:
    """However often, with every row that was committed; and stopped in the end like any other."""
    with embedded.running(own_folder) as cluster, watched(cluster):
        with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        for _ in range(2):
            killed = _kill(cluster)
            wait_until(lambda killed=killed: embedded.postmaster_of(cluster) not in (None, killed))  # type: ignore[misc]
            wait_until(lambda: embedded.is_running(cluster))
            assert _one(cluster, "SELECT answer FROM kept") == 42
    assert embedded.postmaster_of(cluster) is None


ENDLESS = "DO $$ BEGIN LOOP END LOOP; END $$"


def test_a_backend_that_computes_on_does_not_bar_the_way(own_folder: Path) -> None:
    """It hears of its server's death when its query is done, and no other may start until then."""
    with embedded.running(own_folder) as cluster, watched(cluster):
        busy = psycopg.connect(conninfo(cluster.url), autocommit=True)
        busy.pgconn.send_query(ENDLESS.encode())
        backend = busy.info.backend_pid
        killed = _kill(cluster)
        wait_until(lambda: embedded.postmaster_of(cluster) not in (None, killed))
        wait_until(lambda: embedded.is_running(cluster))
        assert not Path(f"/proc/{backend}").exists()
        busy.close()


def test_what_cannot_be_started_is_tried_until_it_can(own_folder: Path) -> None:
    """As with a disk that is full: it fails, again and again, and then no more."""
    with embedded.running(own_folder) as cluster, watched(cluster):
        settings = cluster.data_dir / "postgresql.conf"
        settings.rename(cluster.data_dir / "away.conf")
        size = embedded.log_file(cluster).stat().st_size
        _kill(cluster)
        said = b"postgresql.conf"
        wait_until(lambda: embedded.log_file(cluster).read_bytes()[size:].count(said) >= 3)
        assert not embedded.is_running(cluster)
        (cluster.data_dir / "away.conf").rename(settings)
        wait_until(lambda: embedded.is_running(cluster))


def test_the_lock_file_of_a_dead_server_may_name_another_process(own_folder: Path) -> None:
    """Numbers of processes are used again; a frozen server is none the less a living one."""
    with embedded.running(own_folder) as cluster:
        server = embedded.postmaster_of(cluster)
        assert server == _postmaster_pid(cluster)
        os.kill(server, signal.SIGSTOP)
        assert embedded.postmaster_of(cluster) == server
        os.kill(server, signal.SIGCONT)
    assert embedded.postmaster_of(cluster) is None
    lock_file = cluster.data_dir / "postmaster.pid"
    lock_file.write_text(f"{os.getpid()}\n")
    assert embedded.postmaster_of(cluster) is None
    lock_file.unlink()


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
