"""The embedded database dies under its server, which starts it again by itself."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from app.city import service as city
from app.core import embedded
from app.core.clock import utc_now
from app.core.db import conninfo, make_engine
from geodata.progress import Silent
from tests import server as servers
from tests import staff as httpx
from tests.server import ServerProcess
from tests.waiting import wait_until

KILLS = 10
REPORTS_BETWEEN = 4
PATIENCE_S = 120.0
CENTRES = b"SELECT ST_X(label), ST_Y(label) FROM area WHERE level = 'cell' ORDER BY code"


@pytest.fixture
def cluster(test_city_bundle: Path, own_folder: Path) -> Iterator[embedded.Cluster]:
    """A cluster of its own with a city, held by the test: it outlives the server."""
    with embedded.running(own_folder) as held:
        engine = make_engine(held.url)
        city.prepare_database(engine)
        city.load_bundle(engine, test_city_bundle, Silent(), utc_now())
        httpx.add_admin(engine)
        engine.dispose()
        yield held


@pytest.fixture
def server(cluster: embedded.Cluster, own_folder: Path) -> Iterator[ServerProcess]:
    """`minqing serve` over the embedded database, as it runs without a setting."""
    with servers.serving_embedded(cluster.url, own_folder, MINQING_DEMO="0") as process:
        yield process


def _rows(cluster: embedded.Cluster, statement: bytes) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def _report(
    server: ServerProcess,
    places: list[tuple[object, ...]],
    stop: threading.Event,
    acknowledged: dict[str, int],
) -> None:
    """Report after report; each again, under its own id, until it is acknowledged."""
    nth = 0
    with httpx.Client(base_url=server.base_url, timeout=10) as http:
        while not stop.is_set():
            nth += 1
            lon, lat = places[nth % len(places)]
            body = {
                "id": str(uuid4()), "category": "0110", "title": f"第{nth}件", "lon": lon,
                "lat": lat, "source": "patrol",
            }  # fmt: skip
            while not stop.is_set():
                with suppress(httpx.TransportError):
                    answer = http.post("/api/v1/incidents", json=body)
                    assert answer.status_code in (200, 201, 503), answer.text
                    if answer.is_success:
                        acknowledged[str(body["id"])] = answer.json()["no"]
                        break
                stop.wait(0.05)


def _kill(cluster: embedded.Cluster) -> None:
    """kill -9 of the database; returns once another one lives."""
    killed = embedded.postmaster_of(cluster)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: embedded.postmaster_of(cluster) not in (None, killed), PATIENCE_S)


def test_what_was_acknowledged_outlives_ten_kills(
    cluster: embedded.Cluster, server: ServerProcess
) -> None:
    """Nobody starts the database again but the server; each report is stored and told once."""
    before = len(_rows(cluster, b"SELECT no FROM incident"))
    places = _rows(cluster, CENTRES)
    acknowledged: dict[str, int] = {}
    stop = threading.Event()
    reporter = threading.Thread(target=_report, args=(server, places, stop, acknowledged))
    reporter.start()
    try:
        for _ in range(KILLS):
            enough = len(acknowledged) + REPORTS_BETWEEN
            wait_until(lambda enough=enough: len(acknowledged) >= enough, PATIENCE_S)  # type: ignore[misc]
            _kill(cluster)
        enough = len(acknowledged) + REPORTS_BETWEEN
        wait_until(lambda: len(acknowledged) >= enough, PATIENCE_S)
    finally:
        stop.set()
        reporter.join()
    wait_until(lambda: not _rows(cluster, b"SELECT 1 FROM outbox"), PATIENCE_S)
    stored = dict(_rows(cluster, b"SELECT id::text, no FROM incident"))
    assert {key: stored.get(key) for key in acknowledged} == acknowledged
    told = _rows(cluster, b"SELECT payload ->> 'id' FROM stream_event ORDER BY seq")
    # At most the one that was under way when the sender stopped was stored unacknowledged.
    assert len(acknowledged) <= len(told) == len(stored) - before <= len(acknowledged) + 1
    assert len(set(told)) == len(told)
    wait_until(lambda: httpx.get(f"{server.base_url}/readyz").status_code == 200)
    listed = httpx.get(f"{server.base_url}/api/v1/incidents", params={"limit": 1}).json()
    assert listed["items"][0]["id"] in stored
