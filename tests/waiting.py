"""Waiting for a condition, with a deadline: never for a length of time."""

import time
from collections.abc import Callable

PATIENCE_S = 30.0


def wait_until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Return as soon as `condition` holds.

    Raises:
        AssertionError: it did not hold before the deadline.
    """
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
