"""The HTTP protocol of our servers: uvicorn's own, with bounds on what a connection may hold.

uvicorn reads a head of any length and waits for it for ever. Here a head is 64 KiB at most and has
a deadline; a body, and an answer that is read, must go on at a pace that any telephone keeps; and
a server that has as many connections as it takes lets go of one whose request is not whole yet,
the one that has been waiting for longest, before it turns a new one away.
"""

import asyncio
import fcntl
import json
import os
import resource
import socket
import struct
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from app.core.errors import MEDIA_TYPE, Problem, busy, of_field, size_text
from app.core.settings import Settings, get_settings
from app.guards import HEADERS

MOST_HEAD_BYTES = 64 * 1024
PIECE_BYTES = 16 * 1024
"""So much is parsed at once: a head may turn out to be too long by as much later."""
MOST_PIPELINED = 16
"""Requests that wait behind one whose answer is on its way."""
LEAST_BYTES = 4 * 1024
"""Of a body or an answer, in each stretch of `stalled_after_s`: some 70 bytes a second."""
LINGER_S = 1.0
LINGER_BYTES = 1024 * 1024
"""For so long, and so much, is thrown away after a refusal, so that its sender can read it."""
MOST_UNREAD_BYTES = 80 * 1024 * 1024
"""Of a body that nobody wants any more, as its answer is given already; longer than any is."""
OTHER_FILES = 256
"""Open files of a process besides its connections: the database's, the page's, photos."""


class Bounds(NamedTuple):
    """How much, and for how long.

    Attributes:
        connections: of one process.
        head_within_s: from its first byte, or from the connection's first moment, to its last.
        stalled_after_s: in each such stretch a body or an answer must go on by `LEAST_BYTES`.
    """

    connections: int
    head_within_s: float
    stalled_after_s: float

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        """Those of the settings, as far as the system lets us have so many open files."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        room = max(files - OTHER_FILES, 16) if files != resource.RLIM_INFINITY else sys.maxsize
        return cls(
            min(settings.max_connections, room), settings.head_within_s, settings.stalled_after_s
        )


# Of each server: its connections whose request is not whole yet, in the order in which they came
# to be so. A dict, as it keeps that order.
_WAITING: WeakKeyDictionary[ServerState, dict["BoundedHttp", None]] = WeakKeyDictionary()

# Of a connection's newest request.
_HEAD, _BODY, _WHOLE = range(3)


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = bounds or Bounds.of(get_settings())
        self._waiting = _WAITING.setdefault(server_state, {})
        self._comes = _HEAD
        self._refused = False
        # Bytes since the last of a body, or of a request: of a head, of what follows a body.
        self._beside_bytes = 0
        self._body_bytes = 0
        self._unread_bytes = 0
        self._unsent_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._read_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, where there is room."""
        super().connection_made(transport)
        if len(self.connections) > self._bounds.connections and not self._make_room():
            self._refuse(busy("connections"), linger=False)
            return
        self._waiting[self] = None
        self._within(self._bounds.head_within_s, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._waiting.pop(self, None)
        self._no_deadline()
        self._no_read_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in bytes, a piece at a time."""
        if self._refused:
            self._throw_away(data)
            return
        if len(data) <= PIECE_BYTES:
            self._take(data)
        else:
            for first in range(0, len(data), PIECE_BYTES):
                self._take(data[first : first + PIECE_BYTES])
                if self._refused or self.transport.is_closing():
                    return
        if self._deadline is None and self._comes != _WHOLE:
            self._set_deadline()

    def _take(self, piece: bytes) -> None:
        self._beside_bytes += len(piece)
        super().data_received(piece)
        if self._beside_bytes > MOST_HEAD_BYTES and not self._refused:
            self._refuse(self._too_long())

    def _set_deadline(self) -> None:
        if self._comes == _HEAD:
            self._within(self._bounds.head_within_s, self._head_is_late)
        else:
            self._body_bytes = 0
            self._within(self._bounds.stalled_after_s, self._look_at_body)

    def on_headers_complete(self) -> None:
        """A request's head is whole: it is served, or waits for the one before."""
        if self._deadline is not None:
            self._no_deadline()
        self._comes = _BODY
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("too many requests at once on one connection")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._beside_bytes = 0
        self._body_bytes += len(body)
        if self.cycle.response_complete:
            self._unread_bytes += len(body)
            if self._unread_bytes > MOST_UNREAD_BYTES:
                self.transport.abort()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is whole."""
        if self._deadline is not None:
            self._no_deadline()
        self._comes = _WHOLE
        self._beside_bytes = 0
        self._waiting.pop(self, None)
        super().on_message_complete()
        if self.cycle.response_complete:  # answered before it had come
            self._wait_for_next()

    def on_response_complete(self) -> None:
        """Its answer is given; the next request may come."""
        super().on_response_complete()
        self._unread_bytes = 0
        if self.transport.is_closing():  # as soon as the answer is read
            self._watch_reader()
        elif self._comes == _WHOLE and not self.pipeline:
            self._wait_for_next()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was asked for a while: it is closed, as soon as the last answer is read."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def pause_writing(self) -> None:
        """The answer is not read as fast as it is written."""
        super().pause_writing()
        self._waiting[self] = None
        self._watch_reader()

    def resume_writing(self) -> None:
        """It is read again."""
        self._no_read_deadline()
        if self._comes == _WHOLE:
            self._waiting.pop(self, None)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(Problem(HTTPStatus.BAD_REQUEST, "bad-request", "Bad request", msg))

    def _wait_for_next(self) -> None:
        self._comes = _HEAD
        self._waiting[self] = None

    def _make_room(self) -> bool:
        """Let go of the connection that has been waiting for longest, if any waits."""
        oldest = next(iter(self._waiting), None)
        if oldest is None:
            return False
        self._waiting.pop(oldest)
        self.connections.discard(oldest)
        oldest.transport.abort()
        return True

    def _too_long(self) -> Problem:
        if self._comes != _HEAD:
            return Problem(
                HTTPStatus.BAD_REQUEST, "bad-request", "Bad request", "Too much beside the body."
            )
        url_comes = bool(getattr(self, "url", b"")) and not self.headers
        status = (
            HTTPStatus.REQUEST_URI_TOO_LONG
            if url_comes
            else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        )
        message = f"is longer than {size_text(MOST_HEAD_BYTES)}"
        field = "url" if url_comes else "header"
        return of_field(status, "content-too-large", "Too large", field, message)

    def _head_is_late(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # by us: the request before it is not done
            self._within(self._bounds.head_within_s, self._head_is_late)
        elif self._beside_bytes:
            self._refuse(_too_slow("header"))
        else:  # it was opened in advance, as browsers do, or by mistake
            self.transport.close()

    def _look_at_body(self) -> None:
        self._deadline = None
        if self.flow.read_paused or self._body_bytes >= LEAST_BYTES:
            self._body_bytes = 0
            self._within(self._bounds.stalled_after_s, self._look_at_body)
        elif self.cycle.response_complete:  # nobody wants it any more
            self.transport.close()
        else:
            self._refuse(_too_slow("body"))

    def _watch_reader(self) -> None:
        """Where nothing more is written until what was written is read."""
        if self._read_deadline is None:
            self._unsent_bytes = self._not_yet_read()
            self._read_deadline = self.loop.call_later(
                self._bounds.stalled_after_s, self._look_at_reader
            )

    def _look_at_reader(self) -> None:
        self._read_deadline = None
        if not self.transport.get_write_buffer_size():  # the rest is the kernel's
            return
        if self._unsent_bytes - self._not_yet_read() < LEAST_BYTES:
            self._break_off()
        else:
            self._watch_reader()

    def _break_off(self) -> None:
        """End it, and let the kernel, too, forget what it has to say: that may be megabytes."""
        with suppress(OSError, AttributeError):
            number = os.dup(self.transport.get_extra_info("socket").fileno())
            with socket.socket(fileno=number) as same:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _not_yet_read(self) -> int:
        """Bytes of the answer that wait here or in the kernel."""
        waiting = self.transport.get_write_buffer_size()
        with suppress(OSError, ValueError, AttributeError):
            number = self.transport.get_extra_info("socket").fileno()
            told = fcntl.ioctl(number, termios.TIOCOUTQ, bytes(4))
            waiting += int.from_bytes(told, sys.byteorder)
        return waiting

    def _refuse(self, problem: Problem, *, linger: bool = True) -> None:
        """Say why, unless an answer is on its way already, and hang up."""
        self._refused = True
        self._no_deadline()
        self._unset_keepalive_if_required()
        self._waiting.pop(self, None)
        cycle = self.cycle
        is_served = cycle is not None and not cycle.response_complete
        if is_served and cycle.response_started:
            self.transport.close()
            return
        if is_served:  # whatever the app says of it goes nowhere
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(_written(problem))
        if not linger:
            self.transport.close()
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._unread_bytes = 0
        self._within(LINGER_S, self.transport.abort)

    def _throw_away(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        if self._unread_bytes > LINGER_BYTES:
            self.transport.abort()

    def _within(self, seconds: float, late: Callable[[], None]) -> None:
        self._deadline = self.loop.call_later(seconds, late)

    def _no_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _no_read_deadline(self) -> None:
        if self._read_deadline is not None:
            self._read_deadline.cancel()
            self._read_deadline = None


def _too_slow(field: str) -> Problem:
    return of_field(
        HTTPStatus.REQUEST_TIMEOUT, "too-slow", "Too slow", field, "did not come in time"
    )


def _written(problem: Problem) -> bytes:
    """A refusal as it stands on the line."""
    body = json.dumps(problem.body("")).encode()
    headers = (
        HEADERS
        | problem.headers
        | {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[problem.status] + lines.encode() + b"\r\n" + body
