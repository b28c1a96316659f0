"""`minqing bench tiles`: the map's hot paths, each beside its floor in the same run.

Read the ratios, not the figures: both sides run on the same machine, one request after the other.
"""

import http.client
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import psycopg
from rich.table import Table
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cli import service_session
from app.cli.terminal import give_up
from app.core.clock import utc_now
from app.core.context import Context
from app.incidents.rules import Status
from geodata.mercator import tile_at
from tiles import heat, points, vector
from tiles.pool import OPTIONS
from tiles.selection import CaseFilter
from tiles.vector import TileAddress, TileQuery

BLOBS = "MINQING_BENCH_BLOBS"
PATIENCE_S = 60.0
GZIP = {"Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Line:
    """One task: how often in a second, beside how often its floor."""

    task: str
    ours_per_s: float
    floor: str
    floor_per_s: float


def run(context: Context, *, count: int) -> Table:
    """The measured table.

    Args:
        context: of a database with a city.
        count: different tiles of each kind.
    """
    with psycopg.connect(context.conninfo, autocommit=True, options=OPTIONS) as connection:
        places = _places(connection, count)
        if not places:
            raise give_up("No city is loaded; see `minqing city load`.")
        with serving(context) as ours:
            lines = [
                *_vector(ours, connection, places),
                *_layers(ours, connection),
                *_heat(ours, connection, places),
            ]
    table = Table("task", "ours /s", "floor", "floor /s", "ours : floor")
    for line in lines:
        ratio = f"{line.ours_per_s / line.floor_per_s:.2f}"
        table.add_row(
            line.task, f"{line.ours_per_s:,.0f}", line.floor, f"{line.floor_per_s:,.0f}", ratio
        )
    return table


def _vector(
    ours: "Client", connection: psycopg.Connection[Any], places: Sequence[tuple[float, float]]
) -> Iterator[Line]:
    now = utc_now()
    kinds: list[tuple[str, range, str, Callable[[TileAddress], TileQuery]]] = [
        ("cells z8-15", range(8, 16), "cells", lambda tile: vector.cells_query(tile, now)),
        (
            "cases of 30 days z9-15", range(9, 16), "incidents",
            lambda tile: vector.incidents_query(tile, _month(now)),
        ),
    ]  # fmt: skip
    for name, zooms, layer, build in kinds:
        addresses = _addresses(places, zooms)
        paths = [f"/tiles/{layer}/{t.z}/{t.x}/{t.y}.mvt" for t in addresses]
        queries = [build(tile) for tile in addresses]
        _rate(queries, lambda query: _run(connection, query))  # both sides find pages in memory
        bare = _rate(queries, lambda query: _run(connection, query))
        yield Line(f"{name}, not cached", _rate(paths, ours.get), "bare SQL", bare)
        yield _cached(name, ours, paths)


def _layers(ours: "Client", connection: psycopg.Connection[Any]) -> Iterator[Line]:
    statement = (
        "SELECT ST_AsGeoJSON(ST_ForcePolygonCCW(geom), 7), code, name, households, residents"
        " FROM published.cell WHERE valid @> now()"
    )
    path = "/api/v1/layers/cells.geojson"
    once = _rate([path], ours.get)
    bare = _rate([statement], lambda query: connection.execute(query).fetchall())
    yield Line("all cells as GeoJSON, first", once, "bare SQL", bare)
    yield _cached("all cells as GeoJSON", ours, [path] * 20)
    boxes = _boxes(connection)
    paths = [f"{path}?bbox={west},{south},{east},{north}" for west, south, east, north in boxes]
    within = statement + (
        " AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)"
        " AND ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))"
    )
    bare = _rate(boxes, lambda box: connection.execute(within, (*box, *box)).fetchall())
    yield Line("cells in a window, not cached", _rate(paths, ours.get), "bare SQL", bare)


def _heat(
    ours: "Client", connection: psycopg.Connection[Any], places: Sequence[tuple[float, float]]
) -> Iterator[Line]:
    columns = points.read_columns(connection, [status.value for status in Status])
    rows = points.select(columns, _month(utc_now()), ())
    x, y = columns.x[rows], columns.y[rows]
    scale = heat.scale_for(heat.peak_km2(x, y, 500), 500)
    addresses = _addresses(places, range(9, 16))
    paths = [f"/heat/{t.z}/{t.x}/{t.y}.png" for t in addresses]
    ours.get("/api/v1/heat/legend")
    bare = _rate(addresses, lambda t: heat.paint(heat.density_km2(x, y, t, 500), scale))
    yield Line("heat of 30 days z9-15, not cached", _rate(paths, ours.get), "bare kernel", bare)
    yield _cached("heat of 30 days z9-15", ours, paths)


def _cached(task: str, ours: "Client", paths: Sequence[str]) -> Line:
    """The best of three rounds on both sides: a busy machine only ever takes away."""
    with _serving_blobs({path: ours.get(path) for path in paths}) as blobs:
        rates = [(_rate(paths, ours.get), _rate(paths, blobs.get)) for _ in range(3)]
    best, ready = (max(side) for side in zip(*rates, strict=True))
    return Line(f"{task}, cached", best, "ready bytes", ready)


def _month(now: datetime) -> CaseFilter:
    return CaseFilter(as_of=now, since=now - timedelta(days=30), until=now)


def _places(connection: psycopg.Connection[Any], count: int) -> list[tuple[float, float]]:
    """Where people look: label points of cells, always the same ones."""
    return connection.execute(
        "SELECT ST_X(label), ST_Y(label) FROM published.cell ORDER BY md5(code::text) LIMIT %s",
        (count,),
    ).fetchall()


def _boxes(connection: psycopg.Connection[Any]) -> list[tuple[float, float, float, float]]:
    """Windows of a few hundred cells."""
    return connection.execute(
        "SELECT ST_X(label) - 0.04, ST_Y(label) - 0.03, ST_X(label) + 0.04, ST_Y(label) + 0.03"
        " FROM published.cell ORDER BY md5(code::text) DESC LIMIT 40"
    ).fetchall()


def _addresses(places: Sequence[tuple[float, float]], zooms: range) -> list[TileAddress]:
    """Different tiles at these places, every zoom in its turn."""
    found = {
        TileAddress(zoom, *(int(axis) for axis in tile_at(lon, lat, zoom)))
        for (lon, lat), zoom in zip(places, itertools.cycle(zooms), strict=False)
    }
    return sorted(found)


def _run(connection: psycopg.Connection[Any], query: TileQuery) -> None:
    with connection.cursor(binary=True) as cursor:
        cursor.execute(query.statement, query.values)
        cursor.fetchone()


def _rate(tasks: Sequence[Any], do: Callable[[Any], object]) -> float:
    """How often in a second, one after the other."""
    began = time.perf_counter()
    for task in tasks:
        do(task)
    return len(tasks) / (time.perf_counter() - began)


class Client:
    """One kept connection; less work a request than any of the servers does."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._headers = {**GZIP, **(headers or {})}
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def get(self, path: str) -> bytes:
        """The body, still compressed.

        Raises:
            RuntimeError: it was refused.
        """
        try:
            answer = self._ask(path)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # Left alone for a while, the server has hung up.
            self._connection.close()
            answer = self._ask(path)
        body = answer.read()
        if answer.status not in (200, 204):
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return body

    def _ask(self, path: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers=self._headers)
        return self._connection.getresponse()


@contextmanager
def serving(context: Context) -> Iterator[Client]:
    """Our server as a second process, as `minqing serve` starts it."""
    environment = {
        **context.environment(),
        "MINQING_HOST": "127.0.0.1",
        "MINQING_SIMULATE": "0",
    }
    with _process([sys.executable, "-m", "app.cli", "serve"], environment, "/readyz") as client:
        yield Client(client.port, service_session.headers(context))


@contextmanager
def _serving_blobs(bodies: dict[str, bytes]) -> Iterator[Client]:
    """The floor of cached answers: the same bytes from memory, with nothing around them."""
    with tempfile.TemporaryDirectory() as folder:
        for path, body in bodies.items():
            (Path(folder) / quote(path, safe="")).write_bytes(body)
        command = [sys.executable, "-m", "uvicorn", "--factory", "app.cli.bench_tiles:blob_app",
                   "--no-access-log", "--log-level", "warning"]  # fmt: skip
        with _process(command, {BLOBS: folder}, "/") as client:
            yield client


def blob_app() -> ASGIApp:
    """An application that knows its answers by heart."""
    known = {unquote(file.name): file.read_bytes() for file in Path(os.environ[BLOBS]).iterdir()}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = known.get(scope["path"], b"-")
            headers = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return answer


@contextmanager
def _process(command: list[str], environment: dict[str, str], ready: str) -> Iterator[Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if "uvicorn" in command:
        command = [*command, "--port", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "MINQING_PORT": str(port), **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(port, ready, process)
        yield Client(port)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def _wait(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            Client(port).get(path)
            return
        except (OSError, RuntimeError):
            time.sleep(0.1)
    raise give_up("The server to be measured does not start.")
