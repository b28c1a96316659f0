"""A viewer of the live stream, as far from our code as it gets: a socket and the SSE rules."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import psycopg
from sqlalchemy import URL

from app.core.db import conninfo
from app.live.ids import Ids
from tests import staff

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Event:
    """One event as a browser would dispatch it."""

    id: str
    name: str
    data: dict[str, Any]


def ids_of(database: URL) -> Ids:
    """How the servers over a database write places in the stream."""
    with psycopg.connect(conninfo(database)) as connection:
        row = connection.execute("SELECT stream_epoch(), stream_key()").fetchone()
    assert row is not None
    return Ids(*row)


def numbers(database: URL, events: Sequence[Event]) -> list[int]:
    """The number of each event in the stream, which its id tells to whoever has the key."""
    ids = ids_of(database)
    places = [ids.cursor(event.id) for event in events]
    return [place.seq for place in places if place is not None and place.epoch == ids.epoch]


@dataclass
class SseParser:
    """The event stream rules of the HTML standard, fed with bytes cut anywhere."""

    last_id: str | None = None
    comments: list[str] = field(default_factory=list)
    _rest: bytes = b""
    _fields: dict[str, str] = field(default_factory=dict)

    def feed(self, data: bytes) -> list[Event]:
        """What has become complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [e for line in lines if (e := self._line(line.decode())) is not None]

    def _line(self, line: str) -> Event | None:
        if line.startswith(":"):
            self.comments.append(line[1:].strip())
        elif line:
            name, _, value = line.partition(": ")
            self._fields[name] = value
        else:
            fields, self._fields = self._fields, {}
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields and self.last_id is not None:
                return Event(self.last_id, fields["event"], json.loads(fields["data"]))
        return None


class Viewer:
    """One open stream."""

    def __init__(
        self,
        base_url: str,
        *,
        last_event_id: str | None = None,
        area: int | None = None,
        receive_buffer: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        address = urlsplit(base_url)
        assert address.hostname is not None and address.port is not None
        self._connection = http.client.HTTPConnection(address.hostname, address.port)
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect((address.hostname, address.port))
        self._connection.sock = self._socket
        query = f"?{urlencode({'area': area})}" if area is not None else ""
        headers = staff.headers_for(base_url) if headers is None else headers
        if last_event_id is not None:
            headers = headers | {"Last-Event-ID": last_event_id}
        self._connection.request("GET", f"/api/v1/stream{query}", headers=headers)
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = self._response.headers
        self.parser = SseParser()
        self.events: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """That of this end of the connection."""
        port: int = self._socket.getsockname()[1]
        return port

    def fileno(self) -> int:
        """Its number, for those who wait for several of them."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._response.close()
        self._socket.close()

    def read(self, most_bytes: int = 65536) -> bool:
        """Take what arrives next, `most_bytes` at most; False when the server has hung up."""
        try:
            data = self._response.read1(most_bytes)
        except ConnectionError:
            return False
        self.events += self.parser.feed(data)
        return bool(data)

    def read_until(self, enough: Callable[[list[Event]], bool]) -> list[Event]:
        """Read on until `enough` of what arrived so far is true; all that arrived."""
        deadline = time.monotonic() + PATIENCE_S
        while not enough(self.events):
            assert time.monotonic() < deadline, f"never came; so far: {self.events[-3:]}"
            assert self.read(), f"the server hung up; so far: {self.events[-3:]}"
        return self.events

    def read_count(self, name: str, count: int) -> list[Event]:
        """Read on until so many events of that name have arrived; those."""
        found = self.read_until(lambda events: sum(e.name == name for e in events) >= count)
        return [event for event in found if event.name == name]
