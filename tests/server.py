"""The product as a second process: what `minqing serve` does, seen from outside."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import URL

from app.core.db import make_engine
from app.core.errors import Problem
from app.core.scope import LOGIN_ROLE
from tests import forked, staff

PATIENCE_S = 60.0


@dataclass
class ServerProcess:
    """A running server."""

    base_url: str
    database_url: URL
    process: "forked.Forked | subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End it as the kernel would: no goodbye."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it as Ctrl-C does, and give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE_S)


def free_port() -> int:
    """A port on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(
    database: URL, port: int | None = None, *, embedded_in: Path | None = None, **env: str
) -> ServerProcess:
    """Start a server and wait until it answers.

    Args:
        embedded_in: the data directory whose embedded cluster has that database: the server finds
            it, and looks after it, by itself.

    Raises:
        RuntimeError: it ended, or did not answer in a minute; with what it said.
    """
    port = port or free_port()
    log = Path(tempfile.mkstemp(prefix="minqing-server-", suffix=".log")[1])
    environment = {
        **os.environ,
        "MINQING_DATABASE_URL": _shown(database.set(username=LOGIN_ROLE)),
        "MINQING_OWNER_DATABASE_URL": _shown(database),
        "MINQING_PORT": str(port),
        "MINQING_HOST": "127.0.0.1",
        "MINQING_DEMO": "1",
        "MINQING_SIMULATE": "0",
        # Everybody who looks on in a test does so in the session of the test admin.
        "MINQING_STREAMS_PER_SESSION": "1000",
        **env,
    }
    if embedded_in is not None:
        del environment["MINQING_DATABASE_URL"], environment["MINQING_OWNER_DATABASE_URL"]
        environment["MINQING_DATA_DIR"] = str(embedded_in)
    process = _started(environment, log)
    server = ServerProcess(f"http://127.0.0.1:{port}", database, process, log)
    _wait_until_ready(server)
    _sign_in(server)
    return server


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _started(environment: dict[str, str], log: Path) -> "forked.Forked | subprocess.Popen[bytes]":
    if environment.get("MINQING_WORKERS", "1") == "1":
        return forked.start(["serve"], environment, output=log, errors=log)
    # Its workers are processes that it starts itself: not from a fork that has imported everything.
    with log.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"], cwd=forked.ROOT, env=environment,
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip


def _sign_in(server: ServerProcess) -> None:
    """Requests through `tests.staff` are those of the test admin, where the database has one."""
    engine = make_engine(server.database_url)
    with suppress(Problem):
        staff.remember(server.base_url, staff.headers_of(engine))
    engine.dispose()


def _wait_until_ready(server: ServerProcess) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if httpx.get(f"{server.base_url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    said = server.log.read_text(errors="replace")
    if server.process.poll() is None:
        server.kill()
    raise RuntimeError(f"the server did not come up:\n{said}")


@contextmanager
def serving_embedded(database: URL, data_dir: Path, **env: str) -> Iterator[ServerProcess]:
    """A server that holds the embedded cluster of a data directory, for the length of the block."""
    server = start(database, embedded_in=data_dir, **env)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        server.log.unlink(missing_ok=True)


@contextmanager
def serving(database: URL, **env: str) -> Iterator[ServerProcess]:
    """A server for the length of the block."""
    # What a server writes beside its database is its own, and gone with it.
    with tempfile.TemporaryDirectory(prefix="minqing-server-") as data_dir:
        server = start(database, **{"MINQING_DATA_DIR": data_dir, **env})
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.stop()
            server.log.unlink(missing_ok=True)
