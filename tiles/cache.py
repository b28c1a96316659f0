"""Ready answers in memory, within a limit of bytes; one computation for all who wait for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something that knows about how much memory it takes."""

    @property
    def size_bytes(self) -> int:
        """Bytes held."""
        ...


Value = TypeVar("Value", bound=Sized)


class ByteCache(Generic[Value]):
    """The answers used last, up to a limit of bytes. Lives on one event loop.

    Whoever asks for what is just being made waits for it, whether or not the first one stays. A
    failure is told to all who wait, and not kept.
    """

    OVERHEAD_BYTES = 400
    """Charged for an entry beside its own bytes: key, node and object."""

    def __init__(self, limit_bytes: int) -> None:
        """
        Args:
            limit_bytes: most bytes kept; an answer larger than half of it is never kept.
        """
        self.limit_bytes = limit_bytes
        # Told `hit`, `merged` or `made` at each request, `dropped` at each eviction.
        self.on_event: Callable[[str], None] = lambda event: None
        self.held_bytes = 0
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[Value]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def peek(self, key: Hashable) -> Value | None:
        """The answer kept under the key, now the one used last."""
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
        return value

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        """The answer kept under the key, or the one that `make` gives.

        Raises:
            Exception: whatever `make` raises.
        """
        kept = self.peek(key)
        if kept is not None:
            self.on_event("hit")
            return kept
        task = self._making.get(key)
        if task is None:
            self.on_event("made")
            task = asyncio.create_task(self._make(key, make))
            self._making[key] = task
            task.add_done_callback(lambda done: self._made(key, done))
        else:
            self.on_event("merged")
        # Shielded: one client that hangs up must not take the tile from the others.
        return await asyncio.shield(task)

    def clear(self) -> None:
        """Forget everything that is kept; what is being made goes to those who wait, no further."""
        self._kept.clear()
        self._making.clear()
        self.held_bytes = 0

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        value = await make()
        if self._making.get(key) is asyncio.current_task():
            self._keep(key, value)
        return value

    def _made(self, key: Hashable, task: asyncio.Task[Value]) -> None:
        if self._making.get(key) is task:
            del self._making[key]
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits any more

    def _keep(self, key: Hashable, value: Value) -> None:
        cost = value.size_bytes + self.OVERHEAD_BYTES
        if cost > self.limit_bytes // 2:
            return
        self._kept[key] = value
        self.held_bytes += cost
        while self.held_bytes > self.limit_bytes:
            _, dropped = self._kept.popitem(last=False)
            self.held_bytes -= dropped.size_bytes + self.OVERHEAD_BYTES
            self.on_event("dropped")
