"""One request to a program outside: where it may go, how long it may take, how much is read."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping
from functools import cache, partial

import httpcore
from anyio import CapacityLimiter, to_thread
from httpcore import SOCKET_OPTION

from app.programs.rules import Outcome, is_public
from app.programs.webhooks.rules import ANSWER_WITHIN_S, MOST_ANSWER_BYTES

_BROKEN = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
OK_FROM, OK_BEFORE = 200, 300


# Names of which nobody tells the address take many seconds each: not in the threads in which
# answers are made.
_names = CapacityLimiter(8)


class PrivateAddressError(OSError):
    """The name leads into the own network."""


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was looked at: a name cannot lead elsewhere meanwhile."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a name, once all of them may be connected to."""
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await to_thread.run_sync(look, limiter=_names, abandon_on_cancel=True)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._private and not all(map(is_public, addresses)):
            raise PrivateAddressError(host)
        return await self._inner.connect_tcp(addresses[0], port, timeout=timeout)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)


async def post(url: str, headers: Mapping[str, str], content: bytes, *, private: bool) -> Outcome:
    """Send one request. No redirect is followed, no proxy asked, and only the start of an answer
    is read.

    Args:
        private: whether addresses inside the own network may be connected to.
    """
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            status = await _status(url, headers, content, private=private)
    except (OSError, ValueError, *_BROKEN) as error:
        return Outcome(None, _in_words(error))
    if OK_FROM <= status < OK_BEFORE:
        return Outcome(status, None)
    return Outcome(status, f"answered {status}")


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_WITHIN_S:.0f} s"
    if isinstance(error, PrivateAddressError):
        return "the address lies inside the own network"
    if isinstance(error, socket.gaierror):
        return "the name is unknown"
    return f"no HTTP answer ({type(error).__name__})"


@cache
def _tls() -> ssl.SSLContext:
    """The machine's own certificate authorities: a city may have one of its own."""
    return ssl.create_default_context()


async def _status(url: str, headers: Mapping[str, str], content: bytes, *, private: bool) -> int:
    backend = _Checked(private=private)
    async with (
        httpcore.AsyncConnectionPool(_tls(), network_backend=backend) as pool,
        pool.stream("POST", url, headers=list(headers.items()), content=content) as answer,
    ):
        read = 0
        async for piece in answer.aiter_stream():
            read += len(piece)
            if read > MOST_ANSWER_BYTES:
                break
        return int(answer.status)
