"""A disk that is soon full, in memory; only root can make one."""

import errno
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from app.core.db import conninfo
from app.core.embedded import Cluster

BLOCK = bytes(2**20)
WRITE = b"SELECT pg_logical_emit_message(false, 'drill', repeat('x', 4000000)), pg_switch_wal()"


@contextmanager
def small_disk(size_mb: int) -> Iterator[Path | None]:
    """A folder that holds no more than so much; None where none can be made."""
    with tempfile.TemporaryDirectory(prefix="minqing-disk-") as name:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "minqing-drill", name],
            capture_output=True, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def fill(file: Path) -> None:
    """Write a file until nothing more can be written."""
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(BLOCK)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def write_until_it_ends(cluster: Cluster) -> None:
    """Have the database write its log until it can no more, and ends."""
    with suppress(psycopg.Error), psycopg.connect(conninfo(cluster.url), autocommit=True) as busy:
        while True:
            busy.execute(WRITE)
