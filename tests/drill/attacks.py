"""Attackers and a crowd at a station's door, and how the others fare meanwhile."""

import json
import os
import selectors
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http import HTTPStatus

from app.identity.rules import Role
from geodata.mercator import tile_at
from geodata.progress import Progress
from tests import server as servers
from tests import staff
from tests.app.planning.written import DISTRICT, add_plan
from tests.drill.promises import Measured
from tests.drill.station import Station, memory_mb
from tests.oidc_provider import Silent
from tests.raw_socket import SMALL_WINDOW_BYTES, RawSocket
from tests.server import ServerProcess
from tests.stream_client import Viewer

HALF_OPEN = 200
SIGN_INS = 80
STARTS = 60
SLOW_READERS = 20
ATTACK_S = 20.0
TILES = 1_000
TILE_ROUNDS = 5
TILE_ZOOM = 14
START = "/api/v1/session/oidc/start"
PROMISED_TILES = 0.95


class Times:
    """How long each request of a series took, in seconds."""

    def __init__(self) -> None:
        self.taken_s: list[float] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        """The block is a request."""
        began_s = time.monotonic()
        yield
        self.taken_s.append(time.monotonic() - began_s)


@contextmanager
def again_and_again(*works: Callable[[], None], pause_s: float = 0.0) -> Iterator[None]:
    """For the length of the block each of these goes on beside it, in a thread of its own."""
    ended = threading.Event()
    faults: list[BaseException] = []

    def go_on(work: Callable[[], None]) -> None:
        try:
            while not ended.wait(pause_s):
                work()
        except BaseException as fault:  # raised again where it is noticed
            faults.append(fault)

    threads = [threading.Thread(target=go_on, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    for fault in faults:
        raise fault


class HalfOpen:
    """Connections that send a header a byte a second, and come back when they are cut."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._lines: list[RawSocket] = []
        self.is_over = False

    def creep(self) -> None:
        """A byte more on each, and a second's rest."""
        if self.is_over:
            return
        self._lines = [line for line in self._lines if self._sends(line)]
        while len(self._lines) < HALF_OPEN:
            line = RawSocket(self._base_url)
            line.send(b"GET / HTTP/1.1\r\nHost: ")
            self._lines.append(line)
        time.sleep(1.0)

    def close(self) -> None:
        """Hang up on all."""
        for line in self._lines:
            line.close()

    @staticmethod
    def _sends(line: RawSocket) -> bool:
        if line.send(b"x"):
            return True
        line.close()
        return False


class SlowReaders:
    """Those who ask for a file each and take a small piece of it a second."""

    def __init__(self, server: ServerProcess, plan_id: int) -> None:
        self._headers = staff.headers_for(server.base_url) | {"Connection": "close"}
        self._path = f"/api/v1/plans/{plan_id}/moves.gpkg"
        self._lines = [
            RawSocket(server.base_url, window_bytes=SMALL_WINDOW_BYTES) for _ in range(SLOW_READERS)
        ]
        self._asked = False
        self.is_over = False

    def read_on(self) -> None:
        """A piece more of each, and a second's rest."""
        if self.is_over:
            return
        for line in self._lines:
            if not self._asked:
                line.ask(self._path, self._headers)
        self._asked = True
        for line in self._lines:
            line.take(SMALL_WINDOW_BYTES)
        time.sleep(1.0)


def attack(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """Two hundred half-open headers at a byte a second, eighty sign-ins and sixty starts at a
    silent provider each second, and twenty who read a file slowly, all at once and for twenty
    seconds, while others report and ask for health."""
    plan_id = add_plan(station.engine, area=DISTRICT)
    tiles, health, reports = [], Times(), Times()
    grown_mb, ends_s = [], []
    with Silent() as provider:
        words = {"MINQING_OIDC_ISSUER": provider.issuer, "MINQING_OIDC_CLIENT_ID": "minqing"}
        for nth in range(tries):
            with servers.serving(station.cluster.url, MINQING_DEMO="0", **words) as server:
                tiles += _tiles_beside(server, station.places[0])
                before_mb = memory_mb(server)
                most_mb = [before_mb]
                creeping, slow = HalfOpen(server.base_url), SlowReaders(server, plan_id)
                with again_and_again(
                    creeping.creep,
                    slow.read_on,
                    partial(_sign_in, server),
                    partial(_start, server),
                    partial(_ask_health, server, health),
                    partial(_report, station, server, reports),
                    partial(_look_at_memory, server, most_mb),
                ):
                    time.sleep(ATTACK_S)
                    grown_mb.append(max(most_mb) - before_mb)
                    creeping.is_over = slow.is_over = True
                began_s = time.monotonic()
                server.stop()
                ends_s.append(time.monotonic() - began_s)
            progress.step("attack", nth + 1, tries)
    return [
        Measured("health under attack", "s", 0.2, health.taken_s, 0.99),
        Measured("a signed-in report under attack", "s", 1.0, reports.taken_s, 0.99),
        Measured("memory grown by the attack", "MB", 200.0, grown_mb),
        Measured(
            "a warm tile beside half-open headers, in times of before",
            "x",
            1 / PROMISED_TILES,
            tiles,
            0.5,
        ),
        Measured("SIGTERM ends the server with the attackers there", "s", 5.0, ends_s),
    ]


def _tiles_beside(server: ServerProcess, place: tuple[float, float]) -> list[float]:
    """How long a warm tile takes beside half-open headers, in times of without; several times."""
    x, y = (int(axis) for axis in tile_at(*place, TILE_ZOOM))
    tile = f"/tiles/cells/{TILE_ZOOM}/{x}/{y}.mvt"
    found = []
    _tiles_s(server, tile)
    for _ in range(TILE_ROUNDS):
        without_s = _tiles_s(server, tile)
        creeping = HalfOpen(server.base_url)
        with again_and_again(creeping.creep):
            found.append(_tiles_s(server, tile) / without_s)
        creeping.close()
    return found


def _tiles_s(server: ServerProcess, tile: str) -> float:
    """How long it takes to send a tile many times over one connection."""
    with staff.Client(base_url=server.base_url, timeout=60) as http:
        began_s = time.monotonic()
        for _ in range(TILES):
            http.get(tile).raise_for_status()
        return time.monotonic() - began_s


def _all_at_once(server: ServerProcess, count: int, ask: Callable[[RawSocket, int], None]) -> None:
    """So many connections with a request each, until all are answered; and a second's rest."""
    with ExitStack() as stack:
        lines = [stack.enter_context(RawSocket(server.base_url)) for _ in range(count)]
        for nth, line in enumerate(lines):
            ask(line, nth)
        for line in lines:
            line.status()
    time.sleep(1.0)


def _sign_in(server: ServerProcess) -> None:
    """With passwords that are none."""

    def ask(line: RawSocket, nth: int) -> None:
        words = {"user": f"nobody_{nth}", "password": "whatever it may be"}
        headers = {"Content-Type": "application/json", "Connection": "close"}
        line.ask("/api/v1/session", headers, json.dumps(words).encode())

    _all_at_once(server, SIGN_INS, ask)


def _start(server: ServerProcess) -> None:
    _all_at_once(server, STARTS, lambda line, _: line.ask(START, {"Connection": "close"}))


def _look_at_memory(server: ServerProcess, seen: list[float]) -> None:
    seen.append(memory_mb(server))
    time.sleep(0.2)


# By hand: a client of some comfort takes as long to make a connection ready as the answer takes.
def _ask_health(server: ServerProcess, times: Times) -> None:
    with times.one(), RawSocket(server.base_url) as line:
        line.ask("/healthz", {"Connection": "close"})
        assert line.status() == HTTPStatus.OK


def _report(station: Station, server: ServerProcess, times: Times) -> None:
    body = json.dumps(station.report(len(times.taken_s))).encode()
    own = {"Content-Type": "application/json", "Connection": "close"}
    headers = staff.headers_for(server.base_url) | own
    with times.one(), RawSocket(server.base_url) as line:
        line.ask("/api/v1/incidents", headers, body)
        assert line.status() == HTTPStatus.CREATED


CROWD = 1_500
REPORTS_A_SECOND = 10
WATCHED = 3


def crowd(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """Fifteen hundred streams at one server, and ten reports a second for so many seconds: from
    the acknowledgement of each to the screens of those that are watched."""
    server = station.servers[0]
    viewers: list[Viewer] = []
    staff.add_account(station.engine, "crowd", Role.DUTY_OFFICER, staff.CITY)
    arrived: list[tuple[int, float]] = []
    taken_at_s: dict[int, float] = {}
    try:
        for nth in range(CROWD):
            if nth % 500 == 0:
                headers = staff.headers_of(station.engine, "crowd")
            viewers.append(Viewer(server.base_url, headers=headers))
            viewers[-1].read_count("hello", 1)
        total = tries * REPORTS_A_SECOND
        readers = [
            threading.Thread(target=_watch, args=(viewer, arrived, total))
            for viewer in viewers[:WATCHED]
        ]
        with again_and_again(_drained(viewers[WATCHED:])):
            for reader in readers:
                reader.start()
            with staff.Client(base_url=server.base_url, timeout=60) as http:
                for nth in range(total):
                    began_s = time.monotonic()
                    answer = http.post("/api/v1/incidents", json=station.report(nth))
                    answer.raise_for_status()
                    taken_at_s[answer.json()["no"]] = time.monotonic()
                    progress.step("crowd", nth + 1, total)
                    time.sleep(max(began_s + 1 / REPORTS_A_SECOND - time.monotonic(), 0.0))
            for reader in readers:
                reader.join()
    finally:
        for viewer in viewers:
            viewer.close()
    # A screen may hear of a report before whoever sent it has read that it was taken.
    waits_s = [max(at_s - taken_at_s[no], 0.0) for no, at_s in arrived if no in taken_at_s]
    times = Counter(no for no, _ in arrived)
    missed = sum(times[no] != WATCHED for no in taken_at_s)
    return [
        Measured(f"from the acknowledgement to a screen among {CROWD}", "s", 1.0, waits_s, 0.99),
        Measured("reports that did not reach each screen once", "reports", 0.0, [float(missed)]),
    ]


def _watch(viewer: Viewer, arrived: list[tuple[int, float]], total: int) -> None:
    """Look on until so many reports have come, or nothing comes any more: number and instant."""
    known, seen = len(viewer.events), 0
    with suppress(TimeoutError):
        while seen < total and viewer.read():
            now_s = time.monotonic()
            for event in viewer.events[known:]:
                if event.name == "incident.reported":
                    arrived.append((int(event.data["no"]), now_s))
                    seen += 1
            known = len(viewer.events)


def _drained(viewers: list[Viewer]) -> Callable[[], None]:
    """Reads once what has come to these, and looks at none of it."""
    waiting = selectors.DefaultSelector()
    for viewer in viewers:
        waiting.register(viewer, selectors.EVENT_READ)

    def drain() -> None:
        for key, _ in waiting.select(0.1):
            os.read(key.fd, 1 << 16)

    return drain
