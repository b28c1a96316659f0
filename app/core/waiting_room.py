"""Waiting rooms: work that takes a core has threads of its own, and a short queue before them.

Whoever finds the queue full is told so at once. So much of that work at once holds up no other.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.requests import Request

from app.core.errors import busy

Given = ParamSpec("Given")
Made = TypeVar("Made")


class NobodyWaits(Exception):
    """Whoever asked for the work has hung up, or the server ends."""


class WaitingRoom:
    """Of one kind of work, in one process. To be used on one event loop alone."""

    def __init__(self, what: str, *, at_once: int, waiting: int) -> None:
        """An empty one.

        Args:
            what: the work as whoever is refused is told of it ("sign-ins").
            at_once: threads that work.
            waiting: how many more may wait for one of them.
        """
        self._what = what
        self._most = at_once + waiting
        self._inside = 0
        self._threads = CapacityLimiter(at_once)
        self._ends: set[Callable[[], None]] = set()

    async def run(
        self, work: Callable[Given, Made], *args: Given.args, **words: Given.kwargs
    ) -> Made:
        """What the work gives, which is done in a thread as soon as it is its turn.

        Raises:
            Problem: 503 `busy` where as many as may are waiting already.
        """
        if self._inside >= self._most:
            raise busy(self._what)
        self._inside += 1
        try:
            return await to_thread.run_sync(partial(work, *args, **words), limiter=self._threads)
        finally:
            self._inside -= 1

    async def run_while_asked(
        self,
        request: Request,
        work: Callable[Concatenate[Callable[[], bool], Given], Made],
        *args: Given.args,
        **words: Given.kwargs,
    ) -> Made:
        """The same for work that ends when nobody waits for it any more.

        Args:
            request: of whoever waits, read whole.
            work: is given `is_alone()` first, to be asked a few times a second: whether it is to
                end, by raising `NobodyWaits`.

        Raises:
            Problem: 503 `busy` where as many as may are waiting already.
            NobodyWaits: whoever asked has hung up, or the room was closed.
        """
        alone = threading.Event()
        # Cancelled, it leaves the queue at once; a thread that works is waited for.
        with CancelScope() as scope:

            def end() -> None:
                alone.set()
                scope.cancel()

            async def listen() -> None:
                while (await request.receive())["type"] != "http.disconnect":
                    pass
                end()

            self._ends.add(end)
            listening = asyncio.create_task(listen())
            try:
                return await self.run(work, alone.is_set, *args, **words)
            finally:
                self._ends.discard(end)
                alone.set()
                listening.cancel()
        raise NobodyWaits

    def close(self) -> None:
        """End what ends when nobody waits for it: the server is asked to stop."""
        for end in list(self._ends):
            end()


def named_room(name: str) -> Callable[[Request], Awaitable[WaitingRoom]]:
    """What gives a route the room that `main` keeps under a name (a FastAPI dependency)."""

    async def get(request: Request) -> WaitingRoom:
        found: WaitingRoom = getattr(request.app.state, name)
        return found

    return get
