"""Turns: of each asker so many requests are at work at the same time, and the others wait for
theirs in the order in which they came. So one asker, whatever they ask for, keeps no other from the
threads and the connections of the database.

An asker is an account, a program by its key, or the place from which somebody signs in.
"""

import asyncio
from collections.abc import Hashable

from app.core.errors import busy


class _Queue:
    """Of one asker."""

    def __init__(self, at_once: int) -> None:
        self.inside = 0
        self.free = asyncio.Semaphore(at_once)


class Turns:
    """Of one kind of requests, in one process. To be used on one event loop alone."""

    def __init__(self, what: str, *, at_once: int, waiting: int) -> None:
        """Nobody asks for anything yet.

        Args:
            what: the requests as whoever is refused is told of them ("sign-ins from your address").
            at_once: requests of one asker that are at work.
            waiting: how many more may wait.
        """
        self._what = what
        self._at_once = at_once
        self._most = at_once + waiting
        self._queues: dict[Hashable, _Queue] = {}

    async def enter(self, asker: Hashable) -> bool:
        """Wait for one's turn, to be left again (`leave`).

        Returns:
            Whether there was anything to wait for.

        Raises:
            Problem: 503 `busy` where as many as may are waiting already.
        """
        queue = self._queues.get(asker)
        if queue is None:
            queue = self._queues[asker] = _Queue(self._at_once)
        if queue.inside >= self._most:
            raise busy(self._what)
        queue.inside += 1
        waits = queue.free.locked()
        try:
            await queue.free.acquire()
        except BaseException:
            self._out(asker, queue)
            raise
        return waits

    def leave(self, asker: Hashable) -> None:
        """Let the next one have the turn."""
        queue = self._queues[asker]
        queue.free.release()
        self._out(asker, queue)

    def _out(self, asker: Hashable, queue: _Queue) -> None:
        queue.inside -= 1
        if not queue.inside:
            del self._queues[asker]
