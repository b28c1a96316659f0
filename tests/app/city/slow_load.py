"""Loads a bundle as its own process, and waits at every step for a line on standard input."""

import sys
from pathlib import Path

from sqlalchemy import make_url

from app.city import service
from app.core.clock import utc_now
from app.core.db import make_engine


class Stepwise:
    """Says each step, and goes on when told to."""

    def step(self, name: str, done: int, total: int) -> None:
        """Say where the load is."""
        sys.stdout.write(f"{name} {done}/{total}\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    service.load_bundle(
        make_engine(make_url(sys.argv[1])), Path(sys.argv[2]), Stepwise(), utc_now()
    )
