"""Two servers over one database, one of them with two workers; then both behind nginx, configured
as docs/operating.md says.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.all_jobs import JOBS
from app.cli import connections
from app.core import jobs
from app.core.context import Context
from app.core.settings import Settings
from tests import staff
from tests.app.incidents.reports import a_report
from tests.app.planning import hand
from tests.app.planning.hand import Hand
from tests.conftest import ROOT
from tests.server import ServerProcess, free_port, serving
from tests.stream_client import Viewer
from tests.waiting import wait_until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
OPERATING = ROOT / "docs" / "operating.md"
LEADERS = (
    "SELECT count(*) AS n FROM pg_locks JOIN pg_database d ON d.oid = database"
    f" WHERE locktype = 'advisory' AND objid = {jobs.WORKER_LOCK} AND objsubid = 1 AND granted"
    " AND datname = current_database()"
)


@pytest.fixture
def servers(database: URL) -> Iterator[list[ServerProcess]]:
    """Two of them, one with two workers."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(serving(database, MINQING_WORKERS=workers))
            for workers in ("2", "1")
        ]


def signed_in(base_url: str) -> dict[str, str]:
    """The headers of a new session, begun at one server."""
    with httpx.Client(base_url=base_url) as client:
        staff.sign_in(client)
        return staff.headers_held(client)


def version_at(base_url: str, headers: dict[str, str]) -> int:
    """The boundaries that a server says are in force."""
    return int(httpx.get(f"{base_url}/api/v1/city", headers=headers).json()["boundary_version"])


def open_at(base_url: str, headers: dict[str, str]) -> int:
    """How many open cases a server counts: an answer that each worker keeps."""
    words = {"level": "district", "measure": "open"}
    answer = httpx.get(f"{base_url}/api/v1/counts", params=words, headers=headers)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["n"])


def test_two_servers_are_one(
    own_context: Context, own_client: TestClient, servers: list[ServerProcess]
) -> None:
    """Signed in at one, used at the other; reported at one, seen at the other and counted by both;
    a plan published at one is in force at both; one of them keeps the clock; signed out at one,
    the stream at the other ends."""
    engine = own_context.engine
    here, there = (server.base_url for server in servers)
    headers = signed_in(here)
    with Viewer(there, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        before = {base: open_at(base, headers) for base in (here, there)}
        assert len(set(before.values())) == 1
        community = hand.communities(engine)[5]
        unit = next(iter(hand.units(engine, community)))
        place = hand.place_in(engine, unit)
        body = a_report(lon=place.lon, lat=place.lat)
        answer = httpx.post(f"{here}/api/v1/incidents", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        (event,) = viewer.read_count("incident.reported", 1)
        assert event.data["no"] == answer.json()["no"]
        for base in (here, there):
            wait_until(lambda b=base: open_at(b, headers) == before[b] + 1)  # type: ignore[misc]

        version = version_at(here, headers)
        plan = hand.begin(own_client, community)
        assert plan.move(dict([hand.a_border_move(engine, community)])).status_code == 200
        with hand.approver(own_context) as other:
            hand.approve(plan, other)
        plan.now()
        with httpx.Client(base_url=there, headers=headers) as client:
            assert Hand(client, plan.plan).step("publish").status_code == 200
        for base in (here, there):
            wait_until(lambda b=base: version_at(b, headers) > version)  # type: ignore[misc]

        assert hand.rows(engine, LEADERS)[0].n == 1
        number = jobs.put_in_queue(own_context, JOBS, "forget_old_jobs")
        ended = "SELECT status::text, attempts FROM jobs.procrastinate_jobs WHERE id = :id"
        wait_until(lambda: hand.rows(engine, ended, id=number)[0].status == "succeeded")
        assert hand.rows(engine, ended, id=number)[0].attempts == 1

        assert httpx.delete(f"{here}/api/v1/session", headers=headers).status_code < 300
        while viewer.read():
            pass
    for base in (here, there):
        assert httpx.get(f"{base}/api/v1/city", headers=headers).status_code == 401


@contextmanager
def proxied(folder: Path, servers: list[ServerProcess]) -> Iterator[str]:
    """nginx before the servers, as the documentation has it, but without TLS; its address."""
    assert NGINX is not None, "nginx is not installed; scripts/setup --tests brings it"
    (example,) = re.findall(r"```nginx\n(.*?)```", OPERATING.read_text(encoding="utf-8"), re.S)
    ports = iter(server.base_url.rpartition(":")[2] for server in servers)
    port = free_port()
    upstream = re.compile(r"server 10\.0\.0\.1[12]:8000")
    text = upstream.sub(lambda _: f"server 127.0.0.1:{next(ports)}", example)
    text = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", text)
    text = re.sub(r"(?m)^ *ssl_certificate.*\n", "", text)
    assert "listen 443" not in text and "10.0.0" not in text and "ssl" not in text
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}{text}}}\n"
    )
    words = [NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(configuration)]
    tried = subprocess.run([*words, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen(words)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def test_behind_the_proxy_of_the_documentation(
    servers: list[ServerProcess], tmp_path: Path
) -> None:
    """A session, a stream and reports go through it to either server; one of the two is killed and
    people go on; counters are not to be had."""
    tmp_path.chmod(0o777)
    with proxied(tmp_path, servers) as front:
        wait_until(lambda: _answers(front))
        headers = signed_in(front)
        assert httpx.get(f"{front}/metrics").status_code == 404
        with ExitStack() as stack:
            viewers = [stack.enter_context(Viewer(front, headers=headers)) for _ in range(4)]
            for viewer in viewers:
                viewer.read_count("hello", 1)
            answer = httpx.post(f"{front}/api/v1/incidents", json=_report(front, headers),
                                headers=headers)  # fmt: skip
            assert answer.status_code == 201, answer.text
            for viewer in viewers:
                (event,) = viewer.read_count("incident.reported", 1)
                assert event.data["no"] == answer.json()["no"]
        servers[1].kill()
        for _ in range(8):
            assert httpx.get(f"{front}/api/v1/city", headers=headers).status_code == 200
        assert httpx.delete(f"{front}/api/v1/session", headers=headers).status_code < 300
        assert httpx.get(f"{front}/api/v1/city", headers=headers).status_code == 401


def _answers(front: str) -> bool:
    try:
        return httpx.get(f"{front}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _report(base: str, headers: dict[str, str]) -> dict[str, object]:
    """A report at the place of another case."""
    (case,) = httpx.get(f"{base}/api/v1/incidents", params={"limit": 1}, headers=headers).json()[
        "items"
    ]
    return a_report(lon=case["lon"], lat=case["lat"])


def test_too_few_connections_are_told_before_it_serves(
    own_context: Context, servers: list[ServerProcess], tmp_path: Path
) -> None:
    """What a server may need is claimed while it runs, and added up by whoever starts next."""
    room = connections.room_of(own_context)
    needs = [connections.need_of(Settings(workers=workers)) for workers in (2, 1)]
    assert needs == [125, 81]
    assert room.claimed >= sum(needs)
    servers[0].stop()
    wait_until(lambda: connections.room_of(own_context).claimed <= room.claimed - needs[0])
    settings = {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        "MINQING_DATA_DIR": str(tmp_path),
        "MINQING_WORKERS": "32",
        "MINQING_PORT": str(free_port()),
    }
    refused = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve"],
        capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | settings,
    )  # fmt: skip
    assert refused.returncode == 1
    said = " ".join(refused.stderr.split())
    assert "too few connections" in said and "max_connections" in said
    assert "MINQING_WORKERS" in said
