"""One account keeps no other from threads, connections and disk, whatever it asks for."""

import anyio
import anyio.lowlevel
import httpx
from anyio import Event, to_thread
from fastapi import FastAPI
from starlette.types import Message

from app.core.context import Context
from app.core.db import writing
from app.core.errors import Problem
from app.core.turns import Turns
from app.guards import LARGE_BODIES, MAX_BODY_BYTES
from app.identity import queries
from app.identity.rules import KEY_OPERATIONS, OPERATIONS, Role
from app.identity.service import token_hash
from app.main import create_app
from app.sign_in_guard import LARGE_REQUESTS
from tests import staff
from tests.app.identity.ages import idle_s, set_back
from tests.raw_socket import RawSocket
from tests.server import ServerProcess

PATIENCE_S = 30.0
SEEN_S = 30.0
BEGINNING = 100_000
"""Bytes of a body that is begun and never ended: more than are taken in ahead."""


def test_each_asker_has_turns_of_their_own() -> None:
    """So many at once; the next one begins when one of them ends, and others need not wait."""

    async def ask() -> list[str]:
        turns, told = Turns("things", at_once=2, waiting=10), list[str]()
        doors = {name: Event() for name in ("a1", "a2", "a3", "b1")}
        inside = {name: Event() for name in doors}

        async def come(name: str) -> None:
            waited = await turns.enter(name[0])
            told.append(f"{name} waited" if waited else name)
            inside[name].set()
            await doors[name].wait()
            turns.leave(name[0])

        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as everybody:
                for name in doors:
                    everybody.start_soon(come, name)
                await inside["b1"].wait()
                assert not inside["a3"].is_set()
                doors["a2"].set()
                await inside["a3"].wait()
                for door in doors.values():
                    door.set()
        assert await turns.enter("a") is False
        return told

    assert anyio.run(ask) == ["a1", "a2", "b1", "a3 waited"]


def test_a_queue_has_an_end() -> None:
    """Whoever finds it full is told so at once; whoever gives up waiting makes room."""

    async def ask() -> list[str]:
        turns, told = Turns("things", at_once=1, waiting=1), list[str]()
        await turns.enter("a")

        async def come() -> None:
            try:
                await turns.enter("a")
            except Problem as problem:
                told.append(problem.slug)

        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as waiting:
                waiting.start_soon(come)
                await anyio.lowlevel.checkpoint()
                await come()
                waiting.cancel_scope.cancel()
            turns.leave("a")
            told.append("waited" if await turns.enter("a") else "free")
        return told

    assert anyio.run(ask) == ["busy", "free"]


def test_a_body_is_refused_before_it_is_read(own_context: Context, server: ServerProcess) -> None:
    """Where the role may not send it: 64 MiB of somebody who plans nothing fill no disk."""
    staff.add_account(own_context.engine, "street_worker", Role.GRID_WORKER, staff.CITY)
    headers = staff.headers_of(own_context.engine, "street_worker")
    for path in ("/api/v1/plans/imports", "/api/v1/standard", "/api/v1/users/sheet/preview",
                 "/api/v1/plans/1/edits"):  # fmt: skip
        with RawSocket(server.base_url) as line:
            begin(line, path, headers)
            assert line.status() == 403, path
            assert line.problem()["type"] == "/problems/not-allowed"


def begin(line: RawSocket, path: str, headers: dict[str, str]) -> None:
    """Send the head of a large body and some of it, and no more."""
    given = {"Host": line.host, "Content-Length": "1000000", "Connection": "close",
             "Content-Type": "multipart/form-data; boundary=x", **headers}  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    line.send(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + start + b"x" * BEGINNING)


def test_every_large_body_is_that_of_an_operation() -> None:
    """Which somebody may do."""
    for one in LARGE_BODIES:
        assert OPERATIONS[one.operation]
        assert one.most_bytes > MAX_BODY_BYTES
    assert "report_incidents" in KEY_OPERATIONS


class Sender:
    """A large body that is asked for and does not come until its door is opened."""

    def __init__(self, app: FastAPI, name: str, headers: dict[str, str], told: list[str]) -> None:
        self._app, self._name, self._told = app, name, told
        self.asked, self.door = Event(), Event()
        self._headers = headers | {
            "host": "127.0.0.1", "content-length": "1000000",
            "content-type": "multipart/form-data; boundary=x",
        }  # fmt: skip

    async def post(self) -> None:
        """Send the head; tell when the body is asked for, and what is answered."""
        path = "/api/v1/standard/preview"
        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
            "query_string": b"", "scheme": "http", "client": ("127.0.0.1", 1),
            "headers": [(k.lower().encode(), v.encode()) for k, v in self._headers.items()],
        }  # fmt: skip
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self.asked.is_set():
            self._told.append(f"{self._name} asked for")
            self.asked.set()
        await self.door.wait()
        return {"type": "http.request", "body": b"--x--\r\n"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._told.append(f"{self._name}: {message['status']}")


AT_ONCE = LARGE_REQUESTS["at_once"]


def test_few_bodies_of_an_account_come_at_once(own_context: Context) -> None:
    """Those beyond wait unread, for as long as the others are under way; another account's does
    not, and what has no large body neither."""
    staff.add_account(own_context.engine, "other_admin", Role.CITY_ADMIN, staff.CITY)
    mine, others = (staff.headers_of(own_context.engine, n) for n in (staff.ADMIN, "other_admin"))

    async def ask() -> list[str]:
        app, told = create_app(own_context), list[str]()
        first = [Sender(app, f"a{number}", mine, told) for number in range(AT_ONCE)]
        beyond, other = Sender(app, "beyond", mine, told), Sender(app, "other", others, told)
        browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=mine
        )
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as everybody, browser:
                for one in first:
                    everybody.start_soon(one.post)
                    await one.asked.wait()
                everybody.start_soon(beyond.post)
                everybody.start_soon(other.post)
                await other.asked.wait()
                assert (await browser.get("/api/v1/categories")).status_code == 200
                first[0].door.set()
                await beyond.asked.wait()
                for one in (*first, beyond, other):
                    one.door.set()
        return told

    told = anyio.run(ask)
    begun = [f"a{number} asked for" for number in range(AT_ONCE)]
    assert told[: AT_ONCE + 3] == [*begun, "other asked for", "a0: 422", "beyond asked for"]
    assert {word for word in told if ": " in word} == {
        *(f"a{number}: 422" for number in range(AT_ONCE)), "beyond: 422", "other: 422"
    }  # fmt: skip


def test_who_has_waited_is_asked_again(own_context: Context) -> None:
    """A session that has ended meanwhile sends nothing any more."""
    mine, leaving = (staff.headers_of(own_context.engine) for _ in range(2))
    token = leaving["Cookie"].partition("=")[2]
    set_back(own_context, token, "seen_at", "60 seconds")

    async def ask() -> list[str]:
        app, told = create_app(own_context), list[str]()
        first = [Sender(app, f"a{number}", mine, told) for number in range(AT_ONCE)]
        beyond = Sender(app, "beyond", leaving, told)
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as everybody:
                for one in first:
                    everybody.start_soon(one.post)
                    await one.asked.wait()
                everybody.start_soon(beyond.post)
                # Let in: its session was seen. Then it is ended.
                while await to_thread.run_sync(idle_s, own_context, token) > SEEN_S:
                    pass
                with writing(own_context.engine) as session:
                    queries.end(session, token_hash(token))
                for one in (*first, beyond):
                    one.door.set()
        return [word for word in told if word.startswith("beyond")]

    assert anyio.run(ask) == ["beyond: 401"]
