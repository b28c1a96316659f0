"""What a connection may hold: heads, bodies, answers, and how many of them there may be.

Over real sockets, at a server whose deadlines are short where they are to pass.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import URL

from app.bounded_http import MOST_HEAD_BYTES, PIECE_BYTES
from app.core.context import Context
from app.core.settings import Settings
from app.identity.rules import Role
from tests import staff
from tests.raw_socket import SMALL_WINDOW_BYTES, RawSocket
from tests.server import ServerProcess, serving
from tests.stream_client import Viewer
from tests.waiting import wait_until

MIB = 2**20
SOON_S = 1.0
PAUSE_S = 0.05
MANY = 600  # pauses: half a minute
FEW_CONNECTIONS = 12


@pytest.fixture
def hasty(database: URL) -> Iterator[ServerProcess]:
    """A server that waits for a second where another waits for ten, or sixty."""
    with serving(
        database, MINQING_HEAD_WITHIN_S=str(SOON_S), MINQING_STALLED_AFTER_S=str(SOON_S)
    ) as server:
        yield server


def memory_bytes(server: ServerProcess) -> int:
    """What the server's process holds of the machine's memory."""
    told = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in told.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1_024


def test_a_head_without_an_end_is_refused(server: ServerProcess) -> None:
    """Nobody takes 150 MB of it, and nothing of it is kept."""
    before = memory_bytes(server)
    with RawSocket(server.base_url) as line:
        line.send(f"GET /healthz HTTP/1.1\r\nHost: {line.host}\r\nX-Long: ".encode())
        taken = [line.send(b"a" * MIB) for _ in range(150)]
        assert not taken[-1]
        assert line.status() == 431
        told = line.problem()
    assert told["type"] == "/problems/content-too-large"
    assert told["errors"] == [{"field": "header", "message": "is longer than 64 KiB"}]
    assert memory_bytes(server) - before < 20 * MIB


def test_an_answer_behind_a_body_is_no_way_around(server: ServerProcess) -> None:
    """What follows a body in pieces is a head, too."""
    with RawSocket(server.base_url) as line:
        line.send(
            f"POST /api/v1/session HTTP/1.1\r\nHost: {line.host}\r\nTransfer-Encoding: chunked"
            "\r\n\r\n1\r\n{\r\n0\r\nX-Long: ".encode()
        )
        taken = [line.send(b"a" * MIB) for _ in range(20)]
        assert not taken[-1]


@pytest.mark.parametrize(
    ("head", "status", "field"),
    [
        ("GET /healthz?{long} HTTP/1.1\r\nHost: {host}\r\n\r\n", 414, "url"),
        ("GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-Long: {long}\r\n\r\n", 431, "header"),
        ("GET /healthz HTTP/1.1\r\nHost: {host}\r\n{many}\r\n", 431, "header"),
    ],
)
def test_which_part_is_too_long(server: ServerProcess, head: str, status: int, field: str) -> None:
    """The address, one header, or all of them; in problem+json, which names it."""
    for length, expected in ((MOST_HEAD_BYTES + 2 * PIECE_BYTES, status), (30_000, 200)):
        words = {"long": "a" * length, "many": "X-Some: thing\r\n" * (length // 15)}
        with RawSocket(server.base_url) as line:
            line.send(head.format(host=line.host, **words).encode())
            assert line.status() == expected
            if expected == status:
                told = line.problem()
                assert [error["field"] for error in told["errors"]] == [field]
                assert b"\r\ncontent-type: application/problem+json\r\n" in line.rest().lower()


def test_what_is_no_http_is_told_so(server: ServerProcess) -> None:
    """In problem+json, too."""
    with RawSocket(server.base_url) as line:
        line.send(b"what is this?\r\n\r\n")
        assert line.status() == 400
        assert line.problem()["type"] == "/problems/bad-request"


def is_ended_while_dripping(line: RawSocket, what: bytes) -> bool:
    """Send something again and again, with pauses: whether the other side says something."""
    return any(not (line.is_quiet(PAUSE_S) and line.send(what)) for _ in range(MANY))


def test_a_head_has_a_deadline(hasty: ServerProcess) -> None:
    """Bit by bit it comes too late; a connection on which nothing comes is closed."""
    with RawSocket(hasty.base_url) as line, RawSocket(hasty.base_url) as silent:
        line.send(f"GET /healthz HTTP/1.1\r\nHost: {line.host}\r\nX-Long: ".encode())
        assert is_ended_while_dripping(line, b"a")
        assert line.status() == 408
        told = line.problem()
        assert told["type"] == "/problems/too-slow"
        assert [error["field"] for error in told["errors"]] == ["header"]
        assert silent.status() is None


def test_a_deadline_is_that_of_one_head(hasty: ServerProcess) -> None:
    """Whoever asks again and again on one connection is served for longer than that."""
    with httpx.Client(base_url=hasty.base_url) as browser, RawSocket(hasty.base_url) as silent:
        for _ in range(MANY):
            assert browser.get("/healthz").status_code == 200
            if not silent.is_quiet(PAUSE_S):
                break
        assert silent.status() is None
        assert browser.get("/healthz").status_code == 200


def body_of(length: int) -> bytes:
    """A sign-in of so many bytes."""
    words = json.dumps({"user": "nobody", "password": "whatever"}).encode()
    return words + b" " * (length - len(words))


def begin_body(line: RawSocket, length: int) -> None:
    """The head of a sign-in."""
    line.send(
        f"POST /api/v1/session HTTP/1.1\r\nHost: {line.host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n".encode()
    )


def test_a_body_must_go_on(hasty: ServerProcess) -> None:
    """A byte now and then is not enough."""
    with RawSocket(hasty.base_url) as line:
        begin_body(line, 10_000)
        assert is_ended_while_dripping(line, b" ")
        assert line.status() == 408
        assert [error["field"] for error in line.problem()["errors"]] == ["body"]


def test_a_body_on_a_bad_line_is_taken(hasty: ServerProcess) -> None:
    """It takes longer than one stretch, and goes on in each of them."""
    whole = body_of(60_000)
    with RawSocket(hasty.base_url) as line, RawSocket(hasty.base_url) as silent:
        begin_body(line, len(whole))
        for first in range(0, len(whole), 2_000):
            assert line.is_quiet(PAUSE_S)
            line.send(whole[first : first + 2_000])
        assert line.status() == 401
        assert not silent.is_quiet(0)  # its second was over long ago


def test_whoever_reads_nothing_is_cut_off(hasty: ServerProcess) -> None:
    """The rest of the answer is not kept for them for ever. It is asked for several times, as the
    kernel takes some megabytes for whoever does not read."""
    times = 10
    with RawSocket(hasty.base_url, window_bytes=SMALL_WINDOW_BYTES) as line:
        for _ in range(times):
            line.ask("/api/v1/openapi.json")
        assert line.status() == 200
        line.wait_until_cut()
        head = line.rest().lower().partition(b"content-length: ")[2]
        assert len(line.rest()) < times * int(head.split(b"\r\n")[0])


def test_requests_in_a_row(server: ServerProcess) -> None:
    """Some may be sent ahead of their answers, thousands may not."""
    one = "GET /healthz HTTP/1.1\r\nHost: {}\r\n{}\r\n"
    for count, most in ((10, 10), (5_000, 40)):
        with RawSocket(server.base_url) as line:
            last = one.format(line.host, "Connection: close\r\n")
            line.send((one.format(line.host, "") * (count - 1) + last).encode())
            answered = line.rest().count(b"HTTP/1.1 200 ")
        assert answered <= most
        assert count != 10 or answered == 10


@pytest.fixture
def small(database: URL) -> Iterator[ServerProcess]:
    """A server that takes few connections."""
    with serving(
        database,
        MINQING_MAX_CONNECTIONS=str(FEW_CONNECTIONS),
        MINQING_STREAMS_PER_SESSION=str(FEW_CONNECTIONS),
    ) as server:
        yield server


def test_there_is_room_for_whoever_asks(small: ServerProcess) -> None:
    """Of connections on which nothing is asked the oldest go first; none is made for nothing."""
    with ExitStack() as stack:
        idle = [stack.enter_context(RawSocket(small.base_url)) for _ in range(3 * FEW_CONNECTIONS)]
        for line in idle[::2]:
            line.send(b"GET /healthz HTTP/1.1\r\nX-Long: ")
        assert httpx.get(f"{small.base_url}/healthz").status_code == 200
        assert idle[0].status() is None
        assert idle[-1].is_quiet(0)


def test_one_connection_too_many(own_context: Context, small: ServerProcess) -> None:
    """Where all are being answered: 503 at once, and room again when one of them ends."""
    staff.add_account(own_context.engine, "other_desk", Role.DUTY_OFFICER, staff.CITY)
    desks = [staff.headers_of(own_context.engine, name) for name in (staff.ADMIN, "other_desk")]
    with ExitStack() as stack:
        streams = [
            stack.enter_context(Viewer(small.base_url, headers=desks[number % 2]))
            for number in range(FEW_CONNECTIONS)
        ]
        assert {stream.status for stream in streams} == {200}
        with RawSocket(small.base_url) as line:
            assert line.status() == 503
            assert line.problem()["type"] == "/problems/busy"
        streams[0].close()
        wait_until(lambda: httpx.get(f"{small.base_url}/healthz").status_code == 200)


def test_no_account_has_all_the_connections(own_context: Context, small: ServerProcess) -> None:
    """Whoever signs in again and again may open streams in each session; half of all are left."""
    sessions = [staff.headers_of(own_context.engine) for _ in range(FEW_CONNECTIONS)]
    with ExitStack() as stack:
        half = FEW_CONNECTIONS // 2
        for headers in sessions[:half]:
            assert stack.enter_context(Viewer(small.base_url, headers=headers)).status == 200
        for headers in sessions[half:]:
            refused = httpx.get(f"{small.base_url}/api/v1/stream", headers=headers)
            assert refused.status_code == 429
            assert "account" in refused.json()["detail"]
        assert httpx.get(f"{small.base_url}/healthz").status_code == 200


def test_the_eleventh_stream_of_a_session(own_context: Context, database: URL) -> None:
    """It is refused; another session's is not; whoever closes one may open one."""
    staff.add_account(own_context.engine, "other_desk", Role.DUTY_OFFICER, staff.CITY)
    other = staff.headers_of(own_context.engine, "other_desk")
    most = Settings.model_fields["streams_per_session"].default
    with ExitStack() as stack:
        server = stack.enter_context(serving(database, MINQING_STREAMS_PER_SESSION=str(most)))
        streams = [stack.enter_context(Viewer(server.base_url)) for _ in range(10)]
        assert {stream.status for stream in streams} == {200}
        refused = staff.get(f"{server.base_url}/api/v1/stream")
        assert refused.status_code == 429
        assert refused.json()["type"] == "/problems/too-many-streams"
        with Viewer(server.base_url, headers=other) as stream:
            assert stream.status == 200
        streams[0].close()

        def opens() -> bool:
            with Viewer(server.base_url) as again:
                return again.status == 200

        wait_until(opens)
