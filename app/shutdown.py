"""Stopping at once although streams are open.

uvicorn waits for open answers before it tells the app to shut down, and a stream never ends by
itself, nor does whoever waits for a provider that is silent. So the app hears the signal too, and
ends these first.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def before_shutdown(goodbye: Callable[[], None]) -> Iterator[None]:
    """Have `goodbye` called on the running event loop when the process is asked to stop.

    Outside the main thread (in tests) nobody sends signals, and this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in SIGNALS}

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(goodbye)
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in SIGNALS:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
