"""Base units and plans as files on the command line: what is wrong with one is said, not thrown."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.terminal import give_up
from geodata.rebalance.units import UnitsError

MOST_BYTES = 8 * 2**30
"""Of address space while files are read: a city takes less than a tenth of it."""


@contextmanager
def said_plainly() -> Iterator[None]:
    """Give up, a line a fault, when a file of units or a plan cannot be used or opened.

    A small file can unpack to more than any machine holds: in here there is a limit to it.
    """
    try:
        with _little_memory():
            yield
    except UnitsError as error:
        raise give_up("\n".join(error.faults)) from None
    except OSError as error:
        raise give_up(
            f"{error.filename or error}: {error.strerror or 'cannot be opened'}."
        ) from None
    except MemoryError:
        raise give_up("The file needs more memory than a file may take.") from None


@contextmanager
def _little_memory() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [limit for limit in (soft, hard, MOST_BYTES) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
