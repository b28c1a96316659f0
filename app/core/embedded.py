"""A private PostgreSQL + PostGIS, for machines on which nobody runs one.

It listens on a unix socket only. As root (initdb refuses root) it belongs to the system user
`postgres`, and lives where that user can reach it.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import URL

from app.core.scope import LOGIN_ROLE

DATABASE = "minqing"
OWNER = "minqing"
START_PATIENCE_S = 30.0
ORPHANS_END_WITHIN_S = 1.0
PROCESSES = Path("/proc")
SERVER_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "max_connections": "500",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}


class EmbeddedError(Exception):
    """The embedded database cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Cluster:
    """Where one private cluster is, and as whom it runs."""

    bin_dir: Path
    data_dir: Path
    socket_dir: Path
    user: str | None

    @property
    def url(self) -> URL:
        """The address of the city's database in this cluster."""
        return self.database_url(DATABASE)

    @property
    def request_url(self) -> URL:
        """The same for what runs under somebody's scope: as a role that owns nothing."""
        return self.database_url(DATABASE, LOGIN_ROLE)

    def database_url(self, database: str, user: str = OWNER) -> URL:
        """The address of any database in this cluster, as its owner unless said otherwise."""
        return URL.create(
            "postgresql+psycopg",
            username=user,
            database=database,
            query={"host": str(self.socket_dir)},
        )


def find_bin_dir() -> Path:
    """The newest PostgreSQL on this machine that has PostGIS beside it.

    Raises:
        EmbeddedError: there is none.
    """
    found: list[tuple[int, Path]] = []
    for config in {*Path("/usr/lib/postgresql").glob("*/bin/pg_config"), *_on_path("pg_config")}:
        answer = subprocess.run(
            [config, "--bindir", "--sharedir", "--version"], capture_output=True, text=True
        )
        if answer.returncode != 0:
            continue
        bin_dir, share_dir, version = answer.stdout.splitlines()
        major = int("".join(c if c.isdigit() else " " for c in version).split()[0])
        has_postgis = (Path(share_dir) / "extension" / "postgis.control").exists()
        if has_postgis and (Path(bin_dir) / "initdb").exists():
            found.append((major, Path(bin_dir)))
    if not found:
        raise EmbeddedError(
            "No PostgreSQL with PostGIS on this machine. Run scripts/setup, install"
            " postgresql-postgis, or set MINQING_DATABASE_URL to a PostGIS that is already there."
        )
    return max(found)[1]


def _on_path(name: str) -> list[Path]:
    where = shutil.which(name)
    return [Path(where)] if where else []


def locate(data_dir: Path) -> Cluster:
    """The cluster that belongs to a data directory, made or not.

    Args:
        data_dir: our data directory (`MINQING_DATA_DIR`).
    """
    user = _user()
    home = data_dir.resolve()
    return Cluster(find_bin_dir(), _pg_data(home, user), _socket_dir(home), user)


def _user() -> str | None:
    return "postgres" if os.geteuid() == 0 else None


def _pg_data(home: Path, user: str | None) -> Path:
    if user is not None and not _can_reach(user, home):
        return Path("/var/lib/minqing") / _name(home)
    return home / "postgres"


def _socket_dir(home: Path) -> Path:
    # 107 bytes are all that a socket path may have, so it never stands under the data directory.
    return Path(tempfile.gettempdir()) / f"minqing-{os.geteuid()}-{_name(home)}"


def _name(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def _can_reach(user: str, folder: Path) -> bool:
    existing = next(p for p in [folder, *folder.parents] if p.exists())
    test = subprocess.run(["test", "-x", str(existing)], user=user, group=user, extra_groups=[])
    return test.returncode == 0


def data_folder_of(data_dir: Path, url: URL) -> Path | None:
    """Where the cluster of a data directory keeps its files; None where `url` leads elsewhere.

    Args:
        data_dir: our data directory (`MINQING_DATA_DIR`).
        url: the address of a database.
    """
    home = data_dir.resolve()
    if url.query.get("host") != str(_socket_dir(home)):
        return None
    return _pg_data(home, _user())


def is_running(cluster: Cluster) -> bool:
    """Whether the cluster answers on its socket."""
    return _run(cluster, "pg_isready", "-q", "-h", str(cluster.socket_dir)).returncode == 0


@contextmanager
def running(data_dir: Path) -> Iterator[Cluster]:
    """The cluster of a data directory, started if need be. The last one out stops it.

    Every process that uses the cluster holds a shared lock, which the system drops even for a
    killed one: a restart after `kill -9` finds the cluster running, takes it over and stops it.

    Raises:
        EmbeddedError: it cannot be made or started.
    """
    cluster = locate(data_dir)
    own_socket_folder(cluster)
    with (cluster.socket_dir / "users.lock").open("w") as users:
        with turn(cluster):
            _start(cluster)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield cluster
        finally:
            with turn(cluster):
                if _is_last(users):
                    stop(cluster)


def copy(data_dir: Path, target_dir: Path) -> Cluster:
    """Copy the cluster of a data directory, which may be in use, into another one.

    Args:
        data_dir: whose cluster is copied.
        target_dir: made if need be; must have no cluster yet.

    Returns:
        The copy, not started.

    Raises:
        EmbeddedError: there is one already, or copying fails; nothing stays of half a copy.
    """
    target_dir.mkdir(parents=True, exist_ok=True)
    target = locate(target_dir)
    own_socket_folder(target)
    with running(data_dir) as source, turn(target):
        if target.data_dir.exists() and any(target.data_dir.iterdir()):
            raise EmbeddedError(f"{target.data_dir} holds a database already; choose another.")
        _own_folder(target, target.data_dir)
        done = _run(
            source,
            "pg_basebackup",
            "-h",
            str(source.socket_dir),
            "-U",
            OWNER,
            "-D",
            str(target.data_dir),
            "--wal-method=stream",
            "--checkpoint=fast",
        )
        if done.returncode != 0:
            shutil.rmtree(target.data_dir, ignore_errors=True)
            raise EmbeddedError(f"The database cannot be copied: {done.stderr.strip()}")
    return target


@contextmanager
def turn(cluster: Cluster) -> Iterator[None]:
    """For the length of the block nobody else starts, makes or stops the cluster: two commands that
    were started at once must not both run initdb, nor one stop what another starts."""
    with (cluster.socket_dir / "turn.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(cluster: Cluster) -> None:
    if not is_running(cluster):
        if not _initialised(cluster):
            _initialise(cluster)
        _start_patiently(cluster)
    _create_database(cluster)


def stop(cluster: Cluster) -> None:
    """Stop the cluster at once, without losing a committed row."""
    _run(cluster, "pg_ctl", "-D", str(cluster.data_dir), "-m", "fast", "-w", "stop")


def _initialised(cluster: Cluster) -> bool:
    # initdb writes this last of all, so a killed initdb does not pass for a cluster.
    return (cluster.data_dir / "global" / "pg_control").exists() and (
        cluster.data_dir / "minqing.ready"
    ).exists()


def _initialise(cluster: Cluster) -> None:
    if cluster.data_dir.exists() and any(cluster.data_dir.iterdir()):
        if (cluster.data_dir / "postmaster.pid").exists():
            raise EmbeddedError(f"{cluster.data_dir} is in use and not ours; move it away.")
        shutil.rmtree(cluster.data_dir)  # what a killed initdb left behind: never held a row
    _own_folder(cluster, cluster.data_dir)
    made = _run(
        cluster, "initdb", "-D", str(cluster.data_dir), "-U", OWNER, "-A", "trust",
        "--data-checksums", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions",
    )  # fmt: skip
    if made.returncode != 0:
        raise EmbeddedError(f"initdb failed: {made.stderr.strip()}")
    options = "".join(f"{name} = '{value}'\n" for name, value in SERVER_OPTIONS.items())
    with (cluster.data_dir / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(f"\n# Minqing Map\n{options}")
    (cluster.data_dir / "minqing.ready").touch()


def _start_patiently(cluster: Cluster) -> None:
    deadline = time.monotonic() + START_PATIENCE_S
    pause_s = 0.2
    while fault := try_to_start(cluster, wait_s=30):
        # After a kill -9 the old lock file bars the way until its processes are gone.
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"PostgreSQL does not start; its log is {log_file(cluster)}\n{fault}"
            )
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 2.0)


def try_to_start(cluster: Cluster, *, wait_s: int) -> str:
    """Start the cluster once. Nobody else may start or stop it meanwhile (`turn`).

    Args:
        wait_s: seconds until it must answer; it may still be recovering then, and goes on.

    Returns:
        Why it does not answer, as PostgreSQL says it; empty once it does.
    """
    if postmaster_of(cluster) is None:
        _end_orphans(cluster)
    started = _run(
        cluster,
        "pg_ctl",
        "-D",
        str(cluster.data_dir),
        "-l",
        str(log_file(cluster)),
        "-w",
        "-t",
        str(wait_s),
        "-o",
        f"-k '{cluster.socket_dir}'",
        "start",
    )
    if started.returncode == 0 or is_running(cluster):
        return ""
    return started.stderr.strip() or f"pg_ctl ended with {started.returncode}"


def log_file(cluster: Cluster) -> Path:
    """Where PostgreSQL writes what it has to say."""
    return cluster.socket_dir / "postgres.log"


def postmaster_of(cluster: Cluster) -> int | None:
    """The number of the process that is this cluster's server; None where none lives.

    Its lock file outlives a killed one, and its number may be another process's by now: the server
    of a data directory is the one that works in it.
    """
    try:
        number = int((cluster.data_dir / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    if PROCESSES.is_dir():
        return number if _works_in(number, cluster.data_dir.resolve(), unknown=True) else None
    with suppress(PermissionError):  # somebody else's, so it is there
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return None
    return number


def _works_in(process: int, folder: Path, *, unknown: bool) -> bool:
    """Whether a process works in a folder; `unknown` where we may not know."""
    try:
        return (PROCESSES / str(process) / "cwd").readlink() == folder
    except PermissionError:
        return unknown
    except OSError:  # gone, or a zombie
        return False


def _end_orphans(cluster: Cluster) -> None:
    """End what a killed server has left behind. A backend in the middle of a long query would go on
    for as long as that takes, and keep the next server from starting. Nothing is lost by it: what
    is committed is in the log of writes, all else was gone with the server."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        orphans = _orphans(cluster)
        for process in orphans:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        deadline = time.monotonic() + ORPHANS_END_WITHIN_S
        while orphans and _orphans(cluster) and time.monotonic() < deadline:
            time.sleep(0.02)


def _orphans(cluster: Cluster) -> list[int]:
    """The backends in the cluster's folder, by the title that PostgreSQL gives them; no server."""
    found, folder = [], cluster.data_dir.resolve()
    for entry in PROCESSES.glob("[0-9]*"):
        if _works_in(int(entry.name), folder, unknown=False):
            with suppress(OSError):
                if (entry / "cmdline").read_bytes().startswith(b"postgres: "):
                    found.append(int(entry.name))
    return found


def _create_database(cluster: Cluster) -> None:
    import psycopg  # noqa: PLC0415  (the settings and the command line's help do not need it)

    address = f"host='{cluster.socket_dir}' user={OWNER} dbname=postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if row.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def own_socket_folder(cluster: Cluster) -> None:
    """Make the folder of the cluster's socket, where it is missing, and keep others out of it.

    Raises:
        EmbeddedError: it is somebody else's, or leads elsewhere: anybody may write where it lies.
        OSError: it cannot be made.
    """
    if cluster.socket_dir.is_symlink():
        raise EmbeddedError(f"{cluster.socket_dir} leads elsewhere.")
    _own_folder(cluster, cluster.socket_dir)


def _own_folder(cluster: Cluster, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    account = pwd.getpwnam(cluster.user) if cluster.user is not None else None
    ours = {os.geteuid(), account.pw_uid if account else os.geteuid()}
    if folder.stat().st_uid not in ours:
        raise EmbeddedError(f"{folder} belongs to somebody else.")
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o700)


def _run(cluster: Cluster, program: str, *args: str) -> subprocess.CompletedProcess[str]:
    # A session of its own: Ctrl-C in our terminal must not reach PostgreSQL before we stop it.
    # Output goes to a file: the server inherits it, and a pipe would never close.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(cluster.bin_dir / program), *args],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            cwd="/",
            user=cluster.user,
            group=cluster.user,
            extra_groups=[] if cluster.user else None,
            start_new_session=True,
        )
        output.seek(0)
        done.stderr = output.read()
    return done
