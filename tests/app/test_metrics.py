"""`/metrics`: one whole of several workers, and closed to whoever may not read it."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.metrics import FOLDER, as_text
from app.core.settings import Settings
from app.main import create_app
from tests.processes import below
from tests.server import ServerProcess, free_port, serving
from tests.stream_client import Viewer
from tests.waiting import wait_until

TOKEN = "a-token-of-the-monitoring"


def value(text: str, name: str) -> float:
    """The one sample of a name, all labels added up."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )


def test_several_workers_count_as_one(database: URL) -> None:
    """Whichever of four is asked: streams are those of all; a killed worker's are gone, and what it
    had counted stays. On a port of its own the same."""
    port = free_port()
    with serving(
        database, MINQING_WORKERS="4", MINQING_METRICS_TOKEN=TOKEN, MINQING_METRICS_PORT=str(port)
    ) as server:
        apart = f"http://127.0.0.1:{port}/metrics"

        def asked() -> set[float]:
            found = set()
            for _ in range(12):  # each over a connection of its own, so at any of the workers
                answer = httpx.get(
                    f"{server.base_url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
                )
                assert answer.status_code == 200, answer.text
                found.add(value(answer.text, "minqing_stream_clients"))
            found.add(value(httpx.get(apart).text, "minqing_stream_clients"))
            return found

        viewers = [Viewer(server.base_url) for _ in range(12)]
        try:
            for viewer in viewers:
                viewer.read_count("hello", 1)
            wait_until(lambda: asked() == {12.0})
            # A worker without a viewer may still be starting.
            wait_until(lambda: value(httpx.get(apart).text, "minqing_stream_connected") == 1)
            wait_until(lambda: value(httpx.get(apart).text, "minqing_relay_leads") == 1)
            os.kill(_worker_of(server, viewers[0]), signal.SIGKILL)
            wait_until(lambda: max(asked()) < 12.0 and len(asked()) == 1)
        finally:
            for viewer in viewers:
                viewer.close()
        assert httpx.get(f"{server.base_url}/metrics").status_code == 404


def _worker_of(server: ServerProcess, viewer: Viewer) -> int:
    """The process below the server that holds the other end of a viewer's connection."""
    for pid in below(server.process.pid):
        sockets = _sockets_of(pid)
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            remote = int(fields[2].partition(":")[2], 16)
            if remote == viewer.port and fields[9] in sockets:
                return pid
    raise AssertionError("no worker has that stream")


def test_files_of_starting_and_ended_workers_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is being made has no byte yet; one of a worker that has ended goes."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    (tmp_path / "counter_1.db").touch()
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f"gauge_livesum_{ended.pid}.db"
    left.write_bytes(bytes(64))
    as_text()
    assert [file.name for file in tmp_path.iterdir()] == ["counter_1.db"]


def _sockets_of(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        target = link.readlink().name if link.is_symlink() else ""
        if target.startswith("socket:["):
            found.add(target.removeprefix("socket:[").removesuffix("]"))
    return found


@pytest.fixture
def client_with(own_context: Context) -> Callable[..., TestClient]:
    """A caller from this machine, of an app with other settings."""

    def build(**words: object) -> TestClient:
        settings = own_context.settings.model_copy(update=words)
        app = create_app(replace(own_context, settings=settings))
        return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000))

    return build


def test_who_may_read_what_is_counted(client_with: Callable[..., TestClient]) -> None:
    """Without a token callers on this machine, none of them through a proxy; with one whoever sends
    it, and nobody else."""
    token = SecretStr(TOKEN)
    right = {"Authorization": f"Bearer {TOKEN}"}
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    for words, headers, status in (
        ({}, {}, 200),
        ({}, forwarded, 404),
        ({"metrics_port": 9464}, {}, 404),
        ({"metrics_token": token}, {}, 404),
        ({"metrics_token": token}, right, 200),
        ({"metrics_token": token}, right | forwarded, 200),
        ({"metrics_token": token}, {"Authorization": f"Bearer {TOKEN}x"}, 404),
        ({"metrics_token": token}, {"Authorization": TOKEN}, 404),
        ({"metrics_token": token}, {"Authorization": "Bearer ä".encode()}, 404),
        ({"metrics_token": token, "metrics_port": 9464}, right, 200),
    ):
        answer = client_with(**words).get("/metrics", headers=headers)
        assert answer.status_code == status, (words, headers)
        assert ("minqing_stream_clients" in answer.text) == (status == 200)


def test_a_short_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be guessed."""
    monkeypatch.setenv("MINQING_METRICS_TOKEN", "short")
    with pytest.raises(ValueError, match="metrics_token"):
        Settings()


def test_a_taken_port_is_told(database: URL) -> None:
    """By the name of its setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with (
            pytest.raises(RuntimeError, match="MINQING_METRICS_PORT"),
            serving(database, MINQING_METRICS_PORT=port),
        ):
            pass
