"""Base units and plans as files on the command line: what is wrong with one is said, not thrown."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.terminal import give_up
from geodata.rebalance.units import UnitsError


@contextmanager
def said_plainly() -> Iterator[None]:
    """Give up, a line a fault, when a file of units or a plan cannot be used or opened."""
    try:
        yield
    except UnitsError as error:
        raise give_up("\n".join(error.faults)) from None
    except OSError as error:
        raise give_up(
            f"{error.filename or error}: {error.strerror or 'cannot be opened'}."
        ) from None
