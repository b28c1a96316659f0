"""What the live path costs, against bare SQL on the same cluster in the same run.

Everything happens in a scratch database with one grid cell, under a second `minqing serve`.
"""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import orjson
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from rich.table import Table
from sqlalchemy import URL

from app.city import service as city
from app.cli import service_session
from app.core.context import Context
from app.core.db import conninfo

SCRATCH = "minqing_bench"
WRITERS = 4
BATCHES = 400
BATCH_REPORTS = 100
SAMPLES = 200
_CHANCE = np.random.default_rng(1)
BULK_EVENTS = 20_000
EVENTS_PER_S = 10
PATIENCE_S = 60.0
CELL = 620102001001001
TOPIC = "incident.reported"
TELL = "INSERT INTO outbox (topic, area_code, audience, payload) VALUES (%s, %s, 'cases', %s)"
PAYLOAD = {"title": "路边暴露生活垃圾", "filler": "x" * 800}

# One square of 0.02 degrees on every level: enough for a report to find its cell.
ONE_CELL = """
INSERT INTO boundary_version (valid, note) VALUES ('[2000-01-01,)', 'bench');
INSERT INTO city (code, name, demo, loaded_at) VALUES (620100000000000, '测试', true, now());
INSERT INTO category (code, name_zh, name_en, kind, valid)
VALUES ('0110', '暴露生活垃圾', 'Rubbish', 'request', '[2000-01-01,)');
INSERT INTO area (code, level, parent_code, name, kind, households, residents, area_m2, locked,
                  label, geom, lo, hi, valid)
SELECT code, level, parent, level, kind, 0, 0, 4e6, false,
       ST_SetSRID(ST_MakePoint(103.8, 36.06), 4326),
       ST_Multi(ST_MakeEnvelope(103.79, 36.05, 103.81, 36.07, 4326)), code, hi, '[2000-01-01,)'
FROM (VALUES
    (620100000000000, 'city', NULL::bigint, 'city', 620199999999999),
    (620102000000000, 'district', 620100000000000, 'district', 620102999999999),
    (620102001000000, 'subdistrict', 620102000000000, 'subdistrict', 620102001999999),
    (620102001001000, 'community', 620102001000000, 'community', 620102001001999),
    (620102001001001, 'cell', 620102001001000, 'grid_cell', 620102001001001)
) v (code, level, parent, kind, hi);
CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload jsonb NOT NULL);
"""


def run(context: Context, *, viewers: int, posts: int, seconds: int) -> Iterator[Table]:
    """Measure, one table a question."""
    with _scratch(context) as own, _server(own) as server:
        yield _intake(own.url, server, posts)
        yield _latency(own.url, server)
        yield _throughput(own.url, server)
        yield _fan_out(own.url, server, viewers, seconds)


@dataclass(frozen=True)
class _Server:
    port: int
    pid: int
    headers: dict[str, str]

    @property
    def hello(self) -> bytes:
        """The request for a stream."""
        cookie = self.headers["Cookie"]
        return (
            f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
        ).encode()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        """Processor time that the server has used so far (s)."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            fields = stat.read().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _scratch(context: Context) -> Iterator[Context]:
    drop = f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)".encode()
    with psycopg.connect(context.conninfo, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(f"CREATE DATABASE {SCRATCH}".encode())
    owner, requests = (
        url.set(database=SCRATCH).render_as_string(hide_password=False)
        for url in (context.url, context.request_url)
    )
    own = Context.open(context.settings, owner, requests)
    try:
        city.prepare_database(own.engine)
        with _connect(own.url) as connection:
            connection.execute(ONE_CELL.encode())
        yield own
    finally:
        own.dispose()
        with psycopg.connect(context.conninfo, autocommit=True) as connection:
            connection.execute(drop)


@contextmanager
def _server(context: Context) -> Iterator[_Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        **context.environment(),
        "MINQING_HOST": "127.0.0.1",
        "MINQING_PORT": str(port),
        "MINQING_DEMO": "0",
        "MINQING_WORKERS": "1",
        "MINQING_STREAMS_PER_SESSION": "100000",  # all of them look under one session
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve"], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        _until_ready(f"http://127.0.0.1:{port}")
        yield _Server(port, process.pid, service_session.headers(context))
    finally:
        process.terminate()
        process.wait()


def _until_ready(base_url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{base_url}/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the server under measurement does not answer")


def _connect(url: URL) -> psycopg.Connection[Any]:
    return psycopg.connect(conninfo(url), autocommit=True)


@dataclass
class _Stream:
    """Viewers on an event loop of their own; notes when each saw each event (by payload `n`)."""

    server: _Server
    viewers: int
    seen_s: dict[int, list[float]] = field(default_factory=dict)
    open: int = 0
    resets: int = 0

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "_Stream":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._join(), self._loop).result()
        _wait(lambda: self.open == self.viewers)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def count(self, n: int) -> int:
        """How many viewers have seen event `n`."""
        return len(self.seen_s.get(n, ()))

    async def _join(self) -> None:
        self._views = [asyncio.create_task(self._view()) for _ in range(self.viewers)]

    async def _hang_up(self) -> None:
        for view in self._views:
            view.cancel()
        await asyncio.gather(*self._views, return_exceptions=True)

    async def _view(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=2**20)
        writer.write(self.server.hello)
        try:
            await self._note(reader)
        finally:
            writer.close()

    async def _note(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            if line.startswith(b"event: hello"):
                self.open += 1
            elif line.startswith(b"event: reset"):
                self.resets += 1
            elif line.startswith(b"data: "):
                data = json.loads(line[6:])
                n = data.get("n", data.get("no"))
                if n is not None:
                    self.seen_s.setdefault(n, []).append(time.perf_counter())


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("an event did not arrive")
        time.sleep(0.001)


def _intake(url: URL, server: _Server, posts: int) -> Table:
    share = posts // WRITERS

    def insert(_: int) -> None:
        with _connect(url) as connection:
            for _ in range(share):
                connection.execute("INSERT INTO floor (payload) VALUES (%s)", (Jsonb(PAYLOAD),))

    def insert_many(_: int) -> None:
        with _connect(url) as connection:
            for _ in range(BATCHES // WRITERS):
                connection.execute(BULK["floor"], (0, BATCH_REPORTS - 1))

    def post(_: int) -> int:
        with _sender(server) as send:
            return max(int(send("/api/v1/incidents", _report())["no"]) for _ in range(share))

    def post_many(_: int) -> int:
        with _sender(server) as send:
            for _ in range(BATCHES // WRITERS):
                batch = {"reports": [_report() for _ in range(BATCH_REPORTS)]}
                items = send("/api/v1/incidents/batch", batch)["items"]
            return max(int(item["no"]) for item in items)

    with _Stream(server, 1) as stream:
        bare_s, _ = _timed(lambda: _by_many(insert))
        post_s, last = _timed(lambda: _by_many(post))
        seen_s, _ = _timed(lambda: _wait(lambda: all(stream.count(n) for n in last)))
        many_bare_s, _ = _timed(lambda: _by_many(insert_many))
        many_s, last = _timed(lambda: _by_many(post_many))
        many_seen_s, _ = _timed(lambda: _wait(lambda: all(stream.count(n) for n in last)))
        arrived = len(stream.seen_s)
    total, many = share * WRITERS, BATCHES * BATCH_REPORTS
    return _table(
        f"Intake: {total} reports, then {BATCHES} batches of {BATCH_REPORTS}, by {WRITERS} senders",
        ("bare INSERT + commit", _a_second(total, bare_s), "1"),
        ("POST /api/v1/incidents", _a_second(total, post_s), _ratio(bare_s, post_s)),
        ("… until the viewer has all", _a_second(total, post_s + seen_s),
         _ratio(bare_s, post_s + seen_s)),
        (f"bare INSERT of {BATCH_REPORTS}", _a_second(many, many_bare_s), "1"),
        ("POST /api/v1/incidents/batch", _a_second(many, many_s), _ratio(many_bare_s, many_s)),
        ("… until the viewer has all", _a_second(many, many_s + many_seen_s),
         _ratio(many_bare_s, many_s + many_seen_s)),
        ("lost", str(total + many - arrived), ""),
    )  # fmt: skip


@contextmanager
def _sender(server: _Server) -> Iterator[Callable[[str, object], dict[str, Any]]]:
    """Posts over one connection. The standard library's client: it takes a fifth of the time of
    one with comforts, and sender and server share the processors."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {**server.headers, "Content-Type": "application/json"}

    def send(path: str, body: object) -> dict[str, Any]:
        line.request("POST", path, orjson.dumps(body), headers)
        answer = line.getresponse()
        read = answer.read()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{path} answered {answer.status}: {read[:500]!r}")
        found: dict[str, Any] = orjson.loads(read)
        return found

    try:
        yield send
    finally:
        line.close()


def _latency(url: URL, server: _Server) -> Table:
    bare = np.array(list(_notify_waits_s(url)))
    path = []
    with (
        _sender(server) as send,
        _Stream(server, 1) as stream,
    ):
        for _ in range(SAMPLES):
            no = send("/api/v1/incidents", _report())["no"]
            acknowledged_s = time.perf_counter()
            _wait(lambda no=no: stream.count(no) == 1)  # type: ignore[misc]
            path.append(max(stream.seen_s[no][0] - acknowledged_s, 0.0))
    waits = np.array(path)
    return _table(
        f"Latency: acknowledgement to viewer, {SAMPLES} one after the other",
        ("bare INSERT + NOTIFY to LISTEN, p50", _ms(bare, 50), "1"),
        ("bare INSERT + NOTIFY to LISTEN, p99", _ms(bare, 99), "1"),
        ("report to viewer, p50", _ms(waits, 50), _times(waits, bare, 50)),
        ("report to viewer, p99", _ms(waits, 99), _times(waits, bare, 99)),
    )


def _notify_waits_s(url: URL) -> Iterator[float]:
    with _connect(url) as listener, _connect(url) as writer:
        listener.execute("LISTEN floor")
        for _ in range(SAMPLES):
            with writer.transaction():
                writer.execute("INSERT INTO floor (payload) VALUES (%s)", (Jsonb(PAYLOAD),))
                writer.execute("SELECT pg_notify('floor', '')")
            committed_s = time.perf_counter()
            for _ in listener.notifies(timeout=PATIENCE_S, stop_after=1):
                yield time.perf_counter() - committed_s


def _throughput(url: URL, server: _Server) -> Table:
    def fill(table: str) -> None:
        with _connect(url) as connection:
            for first in range(0, BULK_EVENTS, 100):
                connection.execute(BULK[table], (first, first + 99))

    def read() -> None:
        with _connect(url) as connection:
            row = connection.execute("SELECT max(id) FROM floor").fetchone()
            last = end = (row[0] or 0) if row else 0
            while last < end + BULK_EVENTS:
                rows = connection.execute(
                    "SELECT id, payload::text FROM floor WHERE id > %s ORDER BY id LIMIT 1000",
                    (last,),
                ).fetchall()
                last = rows[-1][0] if rows else last

    with ThreadPoolExecutor(1) as pool:

        def bare() -> None:
            reading = pool.submit(read)
            fill("floor")
            reading.result()

        bare_s, _ = _timed(bare)
    with _Stream(server, 1) as stream:

        def path() -> None:
            fill("outbox")
            _wait(lambda: stream.count(-BULK_EVENTS) == 1)

        path_s, _ = _timed(path)
        arrived = sum(n < 0 for n in stream.seen_s)
    return _table(
        f"Throughput: {BULK_EVENTS:,} events, 100 a transaction",
        ("bare table, polled by id (unsafe)", f"{BULK_EVENTS / bare_s:,.0f}/s", "1"),
        ("outbox to viewer", f"{BULK_EVENTS / path_s:,.0f}/s", _ratio(bare_s, path_s)),
        ("lost", str(BULK_EVENTS - arrived), ""),
    )


BULK = {
    "floor": "INSERT INTO floor (payload) SELECT jsonb_build_object('n', -1 - n, 'filler',"
    " repeat('x', 800)) FROM generate_series(%s::int, %s::int) n",
    "outbox": "INSERT INTO outbox (topic, area_code, audience, payload)"
    " SELECT 'incident.reported', 620102001001001, 'cases',"
    " jsonb_build_object('n', -1 - n, 'filler', repeat('x', 800))"
    " FROM generate_series(%s::int, %s::int) n",
}


def _fan_out(url: URL, server: _Server, viewers: int, seconds: int) -> Table:
    one, _, _ = _watch(url, server, 1, seconds)
    many, share, missed = _watch(url, server, viewers, seconds)
    return _table(
        f"Fan-out: {EVENTS_PER_S} events/s for {seconds} s",
        ("1 viewer, commit to arrival, p50", _ms(one, 50), "1"),
        ("1 viewer, p99", _ms(one, 99), "1"),
        (f"{viewers} viewers, p50", _ms(many, 50), _times(many, one, 50)),
        (f"{viewers} viewers, p99", _ms(many, 99), _times(many, one, 99)),
        (f"{viewers} viewers, share of one core", f"{share:.0%}", ""),
        (f"{viewers} viewers, lost", str(missed), ""),
    )


def _watch(
    url: URL, server: _Server, viewers: int, seconds: int
) -> tuple[NDArray[np.float64], float, int]:
    """Waits (s) from commit to each viewer, the server's share of one core, deliveries missed."""
    events = EVENTS_PER_S * seconds
    first = time.time_ns()
    told_s: dict[int, float] = {}
    with _Stream(server, viewers) as stream, _connect(url) as connection:
        cpu_s, start_s = server.cpu_s(), time.perf_counter()
        for nth in range(events):
            time.sleep(max(0.0, start_s + nth / EVENTS_PER_S - time.perf_counter()))
            connection.execute(TELL, (TOPIC, CELL, Jsonb({**PAYLOAD, "n": first + nth})))
            told_s[first + nth] = time.perf_counter()
        _wait(lambda: stream.count(first + events - 1) == viewers)
        share = (server.cpu_s() - cpu_s) / (time.perf_counter() - start_s)
        waits = [seen - at for n, at in told_s.items() for seen in stream.seen_s.get(n, ())]
    return np.array(waits), share, events * viewers - len(waits)


def _report() -> dict[str, object]:
    return {
        "id": str(uuid4()), "category": "0110", "title": PAYLOAD["title"],
        "description": PAYLOAD["filler"], "source": "patrol",
        "lon": _CHANCE.uniform(103.7901, 103.8099), "lat": _CHANCE.uniform(36.0501, 36.0699),
    }  # fmt: skip


def _by_many(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(work, range(WRITERS)))


def _a_second(count: int, time_s: float) -> str:
    return f"{count / time_s:,.0f}/s"


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start_s = time.perf_counter()
    result = work()
    return time.perf_counter() - start_s, result


def _table(title: str, *rows: tuple[str, str, str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_column("ratio to floor", justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _ratio(floor_s: float, path_s: float) -> str:
    return f"{floor_s / path_s:.2f}"


def _ms(waits_s: NDArray[np.float64], percentile: int) -> str:
    return f"{1e3 * float(np.percentile(waits_s, percentile)):.1f} ms"


def _times(waits_s: NDArray[np.float64], floor_s: NDArray[np.float64], percentile: int) -> str:
    ratio = float(np.percentile(waits_s, percentile) / np.percentile(floor_s, percentile))
    return f"{ratio:.1f}"
