"""What is done to a station, and how long it takes to be answered."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx

from app.core import embedded
from app.identity import accounts
from app.identity.rules import Role
from geodata.progress import Progress
from tests import server as servers
from tests import staff
from tests.app.test_hostile_queries import FILL, QUERIES
from tests.drill import attacks, clock, losses, promised
from tests.drill.promises import Measured
from tests.drill.small_disk import fill, small_disk, write_until_it_ends
from tests.drill.station import Station, memory_mb
from tests.server import ServerProcess
from tests.stream_client import Viewer
from tests.waiting import wait_until

NAME = "desk_7"
PATIENCE_S = 120.0
AT_ONCE = 16


def _since(began_s: float) -> float:
    return time.monotonic() - began_s


def revocation(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """A grant taken back, an account disabled, a password set, all sessions ended, in turn."""
    server, engine = station.servers[0], station.engine
    user = f"{server.base_url}/api/v1/users/{NAME}"
    staff.add_account(engine, NAME, Role.PLANNER, staff.CITY)
    admin = staff.Client(timeout=60)
    ways: list[Callable[[], httpx.Response]] = [
        lambda: admin.delete(f"{user}/grants/{admin.get(user).json()['grants'][0]['id']}"),
        lambda: admin.patch(user, json={"disabled": True}),
        lambda: admin.patch(user, json={"password": staff.PASSWORD}),
        lambda: admin.delete(f"{user}/sessions"),
    ]
    streams_s, requests_s = [], []
    for nth in range(tries):
        # By the command line: a password of an admin's would have to be changed first.
        accounts.change(engine, NAME, password=staff.PASSWORD, disabled=False)
        (account,) = (one for one in accounts.list_accounts(engine) if one.name == NAME)
        if not account.grants:
            accounts.grant(engine, NAME, Role.PLANNER, staff.CITY)
        headers = staff.headers_of(engine, NAME)
        # The other server: what is taken back here must be heard of there.
        other = station.servers[1].base_url
        with Viewer(other, headers=headers) as viewer:
            viewer.read_count("hello", 1)
            ways[nth % len(ways)]().raise_for_status()
            began_s = time.monotonic()
            wait_until(lambda at=other, of=headers: _is_refused(at, of))  # type: ignore[misc]
            requests_s.append(_since(began_s))
            while viewer.read():
                pass
            streams_s.append(_since(began_s))
        progress.step("revocation", nth + 1, tries)
    return [
        Measured("what is taken back ends an open stream", "s", 2.0, streams_s),
        Measured("what is taken back refuses the next request", "s", 2.0, requests_s),
    ]


def _is_refused(base_url: str, headers: dict[str, str]) -> bool:
    return httpx.get(f"{base_url}/api/v1/city", headers=headers).status_code == 401


def arrival(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """A report is acknowledged by one server and read from the stream of the other."""
    here, there = station.servers
    waits_s = []
    with Viewer(there.base_url) as viewer, staff.Client(base_url=here.base_url) as http:
        viewer.read_count("hello", 1)
        for nth in range(tries):
            http.post("/api/v1/incidents", json=station.report(nth)).raise_for_status()
            began_s = time.monotonic()
            viewer.read_count("incident.reported", nth + 1)
            waits_s.append(_since(began_s))
            progress.step("arrival", nth + 1, tries)
    return [Measured("acknowledged report on another server's stream", "s", 1.0, waits_s, 0.99)]


def refusals(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """Hostile query parameters, each of them refused."""
    server = station.servers[0]
    before_mb = memory_mb(server)
    waits_s = []
    with staff.Client(base_url=server.base_url, timeout=60) as http:
        for nth, (path, word, value) in enumerate(QUERIES[:tries]):
            filled = FILL if path.endswith("reverse") else {}
            began_s = time.monotonic()
            answer = http.get(path, params=filled | {word: value})
            waits_s.append(_since(began_s))
            assert 400 <= answer.status_code < 500, (path, word, value)
            progress.step("refusals", nth + 1, min(tries, len(QUERIES)))
    grown_mb = max(memory_mb(server) - before_mb, 0.0)
    return [
        Measured("hostile query refused", "s", 2.0, waits_s),
        Measured("memory grown by all of them", "MB", 200.0, [grown_mb]),
    ]


def recovery(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """A frozen database goes on, a killed one is started again: until a report is taken."""
    frozen_s, killed_s = [], []
    server = station.servers[0]
    for nth in range(tries):
        frozen = station.database_processes()
        _signal(frozen, signal.SIGSTOP)
        assert not station.is_taken(server, nth), "taken by a frozen database"
        _signal(frozen, signal.SIGCONT)
        frozen_s.append(_until_taken(station, nth))
        station.kill_database()
        killed_s.append(_until_taken(station, nth))
        progress.step("recovery", nth + 1, tries)
    return [
        Measured("reports are taken after a frozen database goes on", "s", 10.0, frozen_s),
        Measured("reports are taken after a killed database is back", "s", 10.0, killed_s),
    ]


def restart(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """kill -9 of the embedded database under a server that looks after it: until a report is taken
    and cases are listed."""
    back_s = []
    with servers.serving_embedded(station.cluster.url, station.folder, MINQING_DEMO="0") as server:
        for nth in range(tries):
            wait_until(lambda at=nth: station.is_taken(server, at), PATIENCE_S)  # type: ignore[misc]
            began_s = time.monotonic()
            station.kill_watched_database()
            wait_until(lambda at=nth: station.is_taken(server, at), PATIENCE_S)  # type: ignore[misc]
            wait_until(lambda: station.is_listed(server), PATIENCE_S)
            back_s.append(_since(began_s))
            progress.step("restart", nth + 1, tries)
    return [Measured("a killed embedded database is back by itself", "s", 10.0, back_s)]


FULL_DISK_MB = 700


def fullness(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """The disk of the embedded database is full until the database ends by it; then there is room
    again: until a report is taken and cases are listed. Where no disk can be made (it takes root),
    nothing is measured."""
    back_s: list[float] = []
    with small_disk(FULL_DISK_MB) as disk:
        if disk is None:
            return []
        copied = embedded.copy(station.folder, disk / "data")
        with servers.serving_embedded(copied.url, disk / "data", MINQING_DEMO="0") as server:
            for nth in range(tries):
                wait_until(lambda at=nth: station.is_taken(server, at), PATIENCE_S)  # type: ignore[misc]
                fill(disk / "filler")
                write_until_it_ends(copied)
                wait_until(lambda at=nth: not station.is_taken(server, at), PATIENCE_S)  # type: ignore[misc]
                assert httpx.get(f"{server.base_url}/readyz", timeout=60).status_code == 503
                (disk / "filler").unlink()
                began_s = time.monotonic()
                wait_until(lambda at=nth: station.is_taken(server, at), PATIENCE_S)  # type: ignore[misc]
                wait_until(lambda: station.is_listed(server), PATIENCE_S)
                back_s.append(_since(began_s))
                progress.step("fullness", nth + 1, tries)
    return [Measured("after a full disk has room again all is back by itself", "s", 10.0, back_s)]


def _signal(processes: Iterable[int], number: signal.Signals) -> None:
    for process in processes:
        os.kill(process, number)


def _until_taken(station: Station, nth: int) -> float:
    """Seconds until both servers take a report."""
    began_s = time.monotonic()
    for server in station.servers:
        wait_until(lambda at=server: station.is_taken(at, nth), PATIENCE_S)  # type: ignore[misc]
    return _since(began_s)


def reconnection(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """A server is killed and started again; so many viewers come back to it at once."""
    server = station.servers[0]
    viewers = [Viewer(server.base_url) for _ in range(tries)]
    for viewer in viewers:
        viewer.read_count("hello", 1)
    server.kill()
    port = int(server.base_url.rpartition(":")[2])
    station.servers[0] = servers.start(server.database_url, port, MINQING_DEMO="0")
    began_s = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        live_s = list(pool.map(lambda viewer: _come_back(viewer, began_s, server), viewers))
    progress.step("reconnection", tries, tries)
    return [Measured("viewers are live again after a server's restart", "s", 60.0, live_s)]


def _come_back(viewer: Viewer, began_s: float, server: ServerProcess) -> float:
    last_id = viewer.events[-1].id
    viewer.close()
    with Viewer(server.base_url, last_event_id=last_id) as again:
        again.read_until(lambda events: len(events) > 0)
        return _since(began_s)


DRILLS: dict[str, tuple[Callable[[Station, int, Progress], list[Measured]], int]] = {
    "revocation": (revocation, 20),
    "arrival": (arrival, 200),
    "refusals": (refusals, 1_000),
    "recovery": (recovery, 3),
    "restart": (restart, 10),
    "fullness": (fullness, 3),
    "reconnection": (reconnection, 300),
    "clock": (clock.clock, 3),
    "kills": (losses.kills, 60),
    "database_kills": (losses.database_kills, 20),
    "cuts": (losses.cuts, 2_000),
    "attack": (attacks.attack, 1),
    "crowd": (attacks.crowd, 300),
    "generated": (promised.generated, 20_000),
}
"""By name: what does it, and how often unless something else is asked for."""
