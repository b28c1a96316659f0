"""Connections that behave as no client library would: that read nothing, or send bit by bit."""

import json
import select
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 60.0
SMALL_WINDOW_BYTES = 4_096


class RawSocket:
    """A TCP connection to a server, with requests written out by hand."""

    def __init__(self, base_url: str, *, window_bytes: int | None = None, source: str = "") -> None:
        """Connect.

        Args:
            source: the address of this machine from which; empty for the usual.
            window_bytes: how much the kernel is to take in for whoever does not read; None: as
                much as it likes.
        """
        address = urlsplit(base_url)
        self.host = str(address.netloc)
        self._socket = socket.socket()
        if window_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        self._socket.settimeout(PATIENCE_S)
        if source:
            self._socket.bind((source, 0))
        self._socket.connect((address.hostname, address.port))
        self._came = b""

    def __enter__(self) -> "RawSocket":
        return self

    def __exit__(self, *given: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def send(self, data: bytes) -> bool:
        """Write bytes; whether the other side took them and did not hang up meanwhile."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)
            return True
        return False

    def fileno(self) -> int:
        """Its number, for those who wait for several of them."""
        return self._socket.fileno()

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> None:
        """Send a whole request for a path: GET, or POST where there is a body."""
        given = {"Host": self.host, **(headers or {})}
        if body is not None:
            given["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        method = "GET" if body is None else "POST"
        self.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + (body or b""))

    def status(self) -> int | None:
        """The status of the answer, of which no more is read than its first line; None where the
        other side has hung up without one."""
        while b"\r\n" not in self._came:
            part = self._part(1)
            if not part:
                return None
            self._came += part
        return int(self._came.split()[1])

    def is_quiet(self, for_s: float) -> bool:
        """Whether nothing comes for so long, and the other side does not hang up."""
        return not select.select([self], [], [], for_s)[0]

    def wait_until_cut(self) -> None:
        """Wait until the other side breaks the connection off, without reading anything."""
        watch = select.poll()
        watch.register(self, 0)  # what is always told: errors
        assert watch.poll(1_000 * PATIENCE_S), "the connection goes on"

    def take(self, most: int) -> bool:
        """Read what has come, `most` bytes at most, if there is any; whether there was."""
        if self.is_quiet(0):
            return False
        return bool(self._part(most))

    def rest(self) -> bytes:
        """All that comes until the other side hangs up."""
        while part := self._part(1 << 16):
            self._came += part
        return self._came

    def problem(self) -> Any:
        """The body of the answer as JSON, when the other side has hung up."""
        return json.loads(self.rest().partition(b"\r\n\r\n")[2])

    def _part(self, most: int) -> bytes:
        with suppress(ConnectionResetError):
            return self._socket.recv(most)
        return b""
