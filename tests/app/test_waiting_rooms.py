"""Too many sign-ins or photos at once: some are taken, the others told so, nobody else waits."""

import asyncio
import io
import json
import selectors
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import anyio
import httpx
import pytest
from anyio import to_thread
from PIL import Image
from starlette.requests import Request
from starlette.types import Message

from app.core.context import Context
from app.core.errors import Problem
from app.core.waiting_room import NobodyWaits, WaitingRoom
from app.identity.rules import Role
from app.main import FILES, OF_AN_ADDRESS, PHOTOS, SIGN_INS, create_app
from tests import staff
from tests.app.planning.written import add_plan
from tests.raw_socket import RawSocket
from tests.server import ServerProcess, serving
from tests.waiting import wait_until

PATIENCE_S = 30.0


def answers(
    server: ServerProcess,
    count: int,
    ask: Callable[[RawSocket, int], None],
    addresses: Sequence[str] = ("",),
) -> list[str]:
    """What is answered in which order to so many requests at once, and to `/healthz` meanwhile,
    asked again as soon as it was answered: `503`, `health`, ...

    Args:
        addresses: from which they come, in turn.
    """
    order: list[str] = []
    with ExitStack() as stack, selectors.DefaultSelector() as waiting:
        for number in range(count):
            source = addresses[number % len(addresses)]
            line = stack.enter_context(RawSocket(server.base_url, source=source))
            ask(line, number)
            waiting.register(line, selectors.EVENT_READ, "")

        def ask_health() -> None:
            line = stack.enter_context(RawSocket(server.base_url))
            line.ask("/healthz", {"Connection": "close"})
            waiting.register(line, selectors.EVENT_READ, "health")

        ask_health()
        while len([word for word in order if word != "health"]) < count:
            ready = waiting.select(PATIENCE_S)
            assert ready, order
            for key, _ in ready:
                line = key.fileobj
                assert isinstance(line, RawSocket)
                waiting.unregister(line)
                status = line.status()
                if key.data == "health":
                    assert status == 200
                    ask_health()
                elif status == 503:
                    assert line.problem()["type"] == "/problems/busy"
                    assert b"\r\nretry-after: " in line.rest().lower()
                order.append(key.data or str(status))
    return order


def test_eighty_sign_ins_at_once(server: ServerProcess) -> None:
    """As many as there is room for are looked at, the others are told so before those are done;
    health is answered in between. The server hashes as it does in a city."""
    headers = {"Content-Type": "application/json", "Connection": "close"}

    def sign_in(line: RawSocket, number: int) -> None:
        words = {"user": f"nobody_{number}", "password": "whatever it may be"}
        line.ask("/api/v1/session", headers, json.dumps(words).encode())

    order = answers(server, 80, sign_in, [f"127.0.0.{number}" for number in range(2, 10)])
    told = Counter(order)
    assert told["401"] + told["503"] == 80
    assert told["401"] >= sum(SIGN_INS.values())
    assert told["503"] > 0
    last = len(order) - 1 - order[::-1].index("503")
    assert "401" in order[last:]
    assert order[last:].count("health") > 1


def test_sign_ins_from_one_address_leave_room_for_others(server: ServerProcess) -> None:
    """However many come from there, and at whatever time: half of the room is for others."""
    headers = {"Content-Type": "application/json", "Connection": "close"}

    def sign_in(line: RawSocket, number: int) -> None:
        words = {"user": f"nobody_{number}", "password": "whatever it may be"}
        line.ask("/api/v1/session", headers, json.dumps(words).encode())

    # The last one comes from elsewhere, when all the others are there already.
    last = 60
    with ExitStack() as stack:
        lines = [stack.enter_context(RawSocket(server.base_url)) for _ in range(last)]
        elsewhere = stack.enter_context(RawSocket(server.base_url, source="127.0.0.2"))
        for number, line in enumerate([*lines, elsewhere]):
            sign_in(line, number)
        assert elsewhere.status() == 401
        told = Counter(line.status() for line in lines)
    assert told[401] >= OF_AN_ADDRESS["at_once"]
    assert told[503] > 0 and told[401] + told[503] == last


def test_sixty_photos_at_once(own_context: Context, server: ServerProcess) -> None:
    """Likewise, of several accounts: of one alone only some come at once."""
    listed = staff.get(f"{server.base_url}/api/v1/incidents", params={"limit": 60}).json()
    paths = [f"/api/v1/incidents/{item['id']}/attachments" for item in listed["items"]]
    assert len(paths) == 60
    out = io.BytesIO()
    Image.new("RGB", (2_000, 1_500), (200, 20, 20)).save(out, "JPEG")
    form = httpx.Request(
        "POST", server.base_url, data={"kind": "near"}, files={"file": ("a.jpg", out.getvalue())}
    )
    body = form.read()
    desks = [f"photo_desk_{number}" for number in range(6)]
    for name in desks:
        staff.add_account(own_context.engine, name, Role.DUTY_OFFICER, staff.CITY)
    sent = {"Content-Type": form.headers["content-type"], "Connection": "close"}
    headers = [staff.headers_of(own_context.engine, name) | sent for name in desks]

    def add(line: RawSocket, number: int) -> None:
        line.ask(paths[number], headers[number % len(desks)], body)

    order = answers(server, 60, add)
    told = Counter(order)
    assert told["201"] + told["503"] == 60
    assert told["201"] >= sum(PHOTOS.values())
    last = len(order) - 1 - order[::-1].index("503")
    assert "201" in order[last:]
    assert order[last:].count("health") > 1


def test_twenty_files_at_once(own_context: Context) -> None:
    """Likewise, of plans."""
    plan_id = add_plan(own_context.engine)
    path = f"/api/v1/plans/{plan_id}/moves.gpkg"
    headers = []
    for number in range(4):
        name = f"plan_desk_{number}"
        staff.add_account(own_context.engine, name, Role.PLANNER, staff.CITY)
        headers.append(staff.headers_of(own_context.engine, name) | {"Connection": "close"})
    with serving(own_context.url) as server:
        order = answers(
            server, 20, lambda line, number: line.ask(path, headers[number % len(headers)])
        )
    told = Counter(order)
    assert told["200"] + told["503"] == 20
    assert told["200"] >= sum(FILES.values())
    last = len(order) - 1 - order[::-1].index("503")
    assert "200" in order[last:]
    assert order[last:].count("health") > 1


def test_health_needs_no_thread(context: Context) -> None:
    """It is answered, and so is a refusal, while every thread works."""

    async def ask() -> list[int]:
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        transport = httpx.ASGITransport(create_app(context))
        async with (
            threads,
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser,
        ):
            with anyio.fail_after(PATIENCE_S):
                paths = ("/healthz", "/api/v1/session/oidc?x=1")
                return [(await browser.get(path)).status_code for path in paths]

    assert anyio.run(ask) == [200, 422]


@pytest.mark.parametrize(("at_once", "waiting"), [(1, 0), (1, 2), (2, 1)])
def test_a_room_is_full_when_it_is(at_once: int, waiting: int) -> None:
    """No more are inside than it has places; whoever leaves makes room, also by failing."""

    async def fill() -> list[str]:
        room = WaitingRoom("things", at_once=at_once, waiting=waiting)
        door = threading.Event()
        told: list[str] = []

        def work() -> None:
            door.wait(PATIENCE_S)
            raise ValueError

        async def come() -> None:
            try:
                await room.run(work)
            except Problem as problem:
                told.append(problem.slug)
                if told.count("busy") == 3:
                    door.set()
            except ValueError:
                told.append("done")

        async with anyio.create_task_group() as everybody:
            for _ in range(at_once + waiting + 3):
                everybody.start_soon(come)
        told.append(await room.run(lambda: "empty again"))
        return told

    assert anyio.run(fill) == ["busy"] * 3 + ["done"] * (at_once + waiting) + ["empty again"]


class Caller:
    """Who has sent a request, and hangs up when told to."""

    def __init__(self) -> None:
        self.hangs_up = anyio.Event()
        self.request = Request({"type": "http"}, self._receive)
        self._sent = False

    async def _receive(self) -> Message:
        if self._sent:
            await self.hangs_up.wait()
            return {"type": "http.disconnect"}
        self._sent = True
        return {"type": "http.request", "body": b"", "more_body": False}


def test_whoever_hangs_up_leaves_the_room() -> None:
    """In the queue at once; while the work goes on it hears of it, and is waited for. Each makes
    room for another one."""

    async def look() -> list[str]:
        room = WaitingRoom("things", at_once=1, waiting=1)
        inside = threading.Event()
        events: list[str] = []

        def work(is_alone: Callable[[], bool], name: str) -> str:
            events.append(f"{name} begins")
            inside.set()
            wait_until(is_alone)
            events.append(f"{name} ends")
            raise NobodyWaits

        async def come(caller: Caller, name: str) -> None:
            try:
                await room.run_while_asked(caller.request, work, name)
            except NobodyWaits:
                events.append(f"{name} left")

        first, second = Caller(), Caller()
        async with anyio.create_task_group() as everybody:
            everybody.start_soon(come, first, "first")
            await to_thread.run_sync(inside.wait)
            everybody.start_soon(come, second, "second")
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Problem, match="Busy"):
                await room.run(events.append, "nobody may")
            second.hangs_up.set()
            await anyio.wait_all_tasks_blocked()
            first.hangs_up.set()
        await room.run(events.append, "third")
        return events

    assert anyio.run(look) == ["first begins", "second left", "first ends", "first left", "third"]


def test_a_room_that_is_closed_is_left() -> None:
    """By those who wait and by the work."""

    async def close() -> list[str]:
        room = WaitingRoom("things", at_once=1, waiting=1)
        inside = threading.Event()
        events: list[str] = []

        def work(is_alone: Callable[[], bool]) -> None:
            inside.set()
            wait_until(is_alone)
            raise NobodyWaits

        async def come() -> None:
            with pytest.raises(NobodyWaits):
                await room.run_while_asked(Caller().request, work)
            events.append("left")

        async with anyio.create_task_group() as everybody:
            everybody.start_soon(come)
            everybody.start_soon(come)
            await to_thread.run_sync(inside.wait)
            await anyio.wait_all_tasks_blocked()
            room.close()
        return events

    assert anyio.run(close) == ["left", "left"]


def test_a_server_that_ends_is_heard_by_the_work() -> None:
    """The task of a request is cancelled then."""
    heard = threading.Event()

    async def end() -> None:
        room = WaitingRoom("things", at_once=1, waiting=0)
        inside = threading.Event()

        def work(is_alone: Callable[[], bool]) -> None:
            inside.set()
            wait_until(is_alone)
            heard.set()

        task = asyncio.create_task(room.run_while_asked(Caller().request, work))
        await to_thread.run_sync(inside.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(end())
    assert heard.wait(PATIENCE_S)
