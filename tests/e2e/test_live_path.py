"""The live path from a report to a viewer, through everything that can die on the way."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
import pytest
from sqlalchemy import URL

from app.city import service as city
from app.core import embedded
from app.core.clock import utc_now
from app.core.db import conninfo, make_engine
from geodata.progress import Silent
from tests import server as servers
from tests import staff as httpx
from tests.conftest import ROOT
from tests.server import ServerProcess
from tests.stream_client import Viewer
from tests.waiting import wait_until

REPORTED, CHANGED = "incident.reported", "incident.changed"
CENTRE_SQL = "SELECT ST_X(label), ST_Y(label) FROM area WHERE level = 'cell' ORDER BY code"


def _places(url: URL) -> list[tuple[float, float]]:
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(CENTRE_SQL.encode()).fetchall()


def _body(place: tuple[float, float], **more: object) -> dict[str, object]:
    return {
        "id": str(uuid4()),
        "category": "0110",
        "title": "路边暴露生活垃圾",
        "lon": place[0],
        "lat": place[1],
        "source": "patrol",
        **more,
    }


def test_a_report_is_on_the_stream_and_in_the_list(server: ServerProcess) -> None:
    """Posted by one, seen by another: the journey of one report."""
    place = _places(server.database_url)[0]
    with Viewer(server.base_url) as viewer, httpx.Client(base_url=server.base_url) as http:
        viewer.read_count("hello", 1)
        for nth in range(20):
            body = _body(place, title=f"第{nth}件")
            answer = http.post("/api/v1/incidents", json=body)
            assert answer.status_code == 201
            event = viewer.read_count(REPORTED, nth + 1)[-1]
            assert event.data["id"] == body["id"]
            assert event.data["title"] == body["title"]
            assert "description" not in event.data
            assert event.data["no"] == answer.json()["no"]
    listed = httpx.get(f"{server.base_url}/api/v1/incidents", params={"limit": 1}).json()
    assert listed["items"][0]["id"] == body["id"]


def test_what_a_viewer_knows_is_what_the_server_holds(server: ServerProcess) -> None:
    """The state fetched once, plus all events, equals the state fetched again, while a real
    simulation reports and moves cases on."""
    rng = np.random.default_rng(3)
    places = _places(server.database_url)

    def report(http: httpx.Client, **more: object) -> int:
        place = places[int(rng.integers(len(places)))]
        answer = http.post("/api/v1/incidents", json=_body(place, **more))
        return int(answer.raise_for_status().json()["no"])

    with httpx.Client(base_url=server.base_url, timeout=30) as http, ExitStack() as stack:
        for _ in range(90):  # cases that the simulation picks up where it finds them
            report(http, simulated=True)
        viewer = stack.enter_context(Viewer(server.base_url))
        viewer.read_count("hello", 1)
        known = _state(http)
        stack.enter_context(_simulation(server))
        for _ in range(50):
            report(http)
        viewer.read_until(lambda events: sum(bool(e.data.get("simulated")) for e in events) > 10)
        viewer.read_count(CHANGED, 2)
        stack.pop_all().close()
    with httpx.Client(base_url=server.base_url, timeout=30) as http:
        last_id = viewer.events[-1].id
        last = report(http)
        with Viewer(server.base_url, last_event_id=last_id) as again:
            again.read_until(lambda events: any(e.data.get("no") == last for e in events))
        fetched = _state(http)
    events = [*viewer.events, *again.events]
    for event in events:
        if event.name in (REPORTED, CHANGED):
            known[event.data["no"]] = _shown(event.data)
    assert known == fetched
    assert {event.name for event in events} - {"warning.changed"} == {"hello", REPORTED, CHANGED}


@contextmanager
def _simulation(server: ServerProcess) -> Iterator[None]:
    """`minqing simulate` beside a server, until the block ends; then it must go at once."""
    url = server.database_url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "simulate", "--seed", "5", "--per-minute", "600",
         "--url", server.base_url],
        cwd=ROOT, env={**os.environ, "MINQING_DATABASE_URL": url}, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            said = process.communicate(timeout=30)[1]
        finally:
            process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in said


def _state(http: httpx.Client) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    query: dict[str, Any] = {"limit": 500}
    while True:
        page = http.get("/api/v1/incidents", params=query).raise_for_status().json()
        found |= {item["no"]: _shown(item) for item in page["items"]}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def _shown(incident: dict[str, Any]) -> dict[str, Any]:
    # A clock is a figure of the minute in which it is asked for, so no event can tell it.
    unseen = ("description", "at", "step", "steps", "timeline", "clock")
    return {name: value for name, value in incident.items() if name not in unseen}


@dataclass
class _Station:
    """A cluster, a server over it and senders: everything that the test may kill."""

    folder: Path
    cluster: embedded.Cluster
    database: URL
    port: int
    places: list[tuple[float, float]]
    server: ServerProcess | None = None
    acknowledged: dict[str, int] = field(default_factory=dict)

    def start_server(self) -> None:
        self.server = servers.start(self.database, self.port, MINQING_DEMO="0")

    def kill_server(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.start_server()

    def kill_backend(self) -> None:
        """One backend dies: PostgreSQL throws all out and recovers by itself."""
        with psycopg.connect(conninfo(self.database), autocommit=True) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'minqing%'"
                " AND datname = current_database() ORDER BY random() LIMIT 1"
            ).fetchone()
        assert row is not None
        os.kill(row[0], signal.SIGKILL)

    def kill_postmaster(self) -> None:
        """The whole database dies, and is started again as after a power cut."""
        pid_file = self.cluster.data_dir / "postmaster.pid"
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
        with suppress(ProcessLookupError):
            wait_until(lambda: not embedded.is_running(self.cluster))
        with embedded.running(self.folder):
            pass  # held by the test as a whole: it stays when this block ends

    def is_back(self) -> bool:
        try:
            with psycopg.connect(conninfo(self.database), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True


@pytest.fixture
def station(test_city_bundle: Path, own_folder: Path) -> Iterator[_Station]:
    """A cluster of its own: killing the run's cluster would be felt by every other test."""
    with embedded.running(own_folder) as cluster:
        engine = make_engine(cluster.url)
        city.prepare_database(engine)
        city.load_bundle(engine, test_city_bundle, Silent(), utc_now())
        httpx.add_admin(engine)
        engine.dispose()
        station = _Station(
            own_folder, cluster, cluster.url, servers.free_port(), _places(cluster.url)
        )
        station.start_server()
        yield station
        assert station.server is not None
        station.server.stop()


def _send_until(station: _Station, stop: threading.Event, seed: int) -> None:
    """Report after report; each is sent again, under its own id, until it is acknowledged."""
    rng = np.random.default_rng(seed)
    with httpx.Client(base_url=f"http://127.0.0.1:{station.port}", timeout=10) as http:
        while not stop.is_set():
            body = _body(station.places[int(rng.integers(len(station.places)))])
            while True:
                with suppress(httpx.TransportError):
                    answer = http.post("/api/v1/incidents", json=body)
                    assert answer.status_code in (200, 201, 503), answer.text
                    if answer.is_success:
                        station.acknowledged[str(body["id"])] = answer.json()["no"]
                        break
                if stop.wait(0.05):
                    return


def test_no_acknowledged_report_is_lost_or_doubled(station: _Station) -> None:
    """kill -9 of a backend, the whole database and the server, four times each, during intake."""
    with psycopg.connect(conninfo(station.database)) as connection:
        row = connection.execute("SELECT count(*) FROM incident").fetchone()
    assert row is not None
    before = row[0]
    stop = threading.Event()
    senders = [
        threading.Thread(target=_send_until, args=(station, stop, seed)) for seed in range(4)
    ]
    for sender in senders:
        sender.start()
    kills: list[Callable[[], None]] = [
        station.kill_backend, station.kill_postmaster, station.kill_server,
    ]  # fmt: skip
    try:
        for cycle in range(12):
            enough = len(station.acknowledged) + 8
            wait_until(lambda enough=enough: len(station.acknowledged) >= enough, 120)
            kills[cycle % 3]()
            wait_until(station.is_back, 120)
        enough = len(station.acknowledged) + 8
        wait_until(lambda: len(station.acknowledged) >= enough, 120)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    with psycopg.connect(conninfo(station.database), autocommit=True) as connection:
        wait_until(lambda: connection.execute("SELECT 1 FROM outbox").fetchone() is None)
        rows = connection.execute(
            "SELECT id::text, no FROM incident ORDER BY no DESC LIMIT %s",
            (len(station.acknowledged) + 100,),
        ).fetchall()
        stored = [(key, no) for key, no in rows if key in station.acknowledged]
        told = connection.execute(
            "SELECT seq, payload->>'id' FROM stream_event ORDER BY seq"
        ).fetchall()
        counted = connection.execute("SELECT count(*) FROM incident").fetchone()
    assert counted is not None
    assert sorted(stored) == sorted(station.acknowledged.items())
    assert [seq for seq, _ in told] == list(range(1, len(told) + 1))
    assert len({key for _, key in told}) == len(told) == counted[0] - before
    # At most the four that were under way when the senders stopped were stored unacknowledged.
    assert len(told) - len(station.acknowledged) <= len(senders)
    assert {key for _, key in told} >= set(station.acknowledged)
