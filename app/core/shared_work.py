"""Work that is done once for all who ask for it at the same time.

For what anybody may ask for, as often as they like: however many do, it is at work once.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import to_thread

Made = TypeVar("Made")


class SharedWork(Generic[Made]):
    """Of one kind of work, in one process. To be used on one event loop alone."""

    def __init__(self, work: Callable[[], Made]) -> None:
        """
        Args:
            work: done in a thread.
        """
        self._work = work
        self._doing: asyncio.Task[Made] | None = None

    async def ask(self) -> Made:
        """What the work gives, or raises, that is being done just now; begun where none is."""
        if self._doing is None:
            self._doing = asyncio.create_task(to_thread.run_sync(self._work))
            self._doing.add_done_callback(self._is_done)
        return await asyncio.shield(self._doing)

    def _is_done(self, task: asyncio.Task[Made]) -> None:
        self._doing = None
        if not task.cancelled():
            task.exception()  # looked at, also where nobody waits any more
