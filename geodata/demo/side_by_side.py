"""Work on several parts at a time in threads, for work that lets go of the interpreter."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Made = TypeVar("Made")


def in_order(make: Callable[[Part], Made], parts: Iterable[Part], at_once: int) -> Iterator[Made]:
    """What `make` answers for each part, in their order.

    Args:
        make: called in a thread; must not depend on which part comes first.
        parts: begun one after the other.
        at_once: how many are made side by side; one more may wait to be taken.

    Raises:
        Whatever `make` raises, in its turn.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(make, part))
                if len(waiting) > at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
