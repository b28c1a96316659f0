"""What the C library keeps of the memory that this process has let go of."""

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2


def keep_few_arenas() -> None:
    """Let threads share their pools of memory; for the beginning of a server.

    By default every thread may have a pool of its own, and none gives back what it once needed.
    Does nothing with a C library that has no such pools.
    """
    _call("mallopt", _M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return to the system what is free; for the end of work that needed much."""
    _call("malloc_trim", 0)


def _call(name: str, *words: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*words)
