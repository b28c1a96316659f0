"""What all processes of one server count together, in Prometheus' text format.

One worker counts in its own memory. Several write what they count into files of one folder
(prometheus_client's multiprocess mode), and whichever of them is asked adds them up: counters over
all workers, also those that have ended; of gauges each says how (`multiprocess_mode`). The folder
must be named before the library is imported, so `serve` names it before it starts its workers; it
counts nothing itself.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_OF_PROCESS = re.compile(r"gauge_live[a-z]*_([0-9]+)\.db")


@contextmanager
def counting_together(workers: int) -> Iterator[None]:
    """For the length of the block, what the workers of this server count is one whole.

    Args:
        workers: how many; with one of them nothing is written to files.
    """
    if workers == 1:
        os.environ.pop(FOLDER, None)
        yield
        return
    folder = tempfile.mkdtemp(prefix="minqing-metrics-")
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_text() -> bytes:
    """Everything that is counted, as Prometheus reads it."""
    from prometheus_client import generate_latest  # noqa: PLC0415  (after the folder is named)

    return generate_latest(registry())


def registry() -> Any:
    """What can be collected: this process's counters, or those of all workers."""
    from prometheus_client import REGISTRY, CollectorRegistry  # noqa: PLC0415  (see above)

    folder = os.environ.get(FOLDER)
    if folder is None:
        return REGISTRY
    gathered = CollectorRegistry(auto_describe=False)
    gathered.register(_Gathered(Path(folder)))
    return gathered


class _Gathered:
    """The files of all workers, those of ended ones forgotten where only the living count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Any:
        """Add them up."""
        from prometheus_client.multiprocess import (  # noqa: PLC0415  (see above)
            MultiProcessCollector,
        )

        files = [file for file in self._folder.glob("*.db") if _counts(file)]
        merge: Any = MultiProcessCollector.merge  # it has no types
        return merge([str(file) for file in files])


def _counts(file: Path) -> bool:
    """Whether what a file says counts; that of a gauge whose worker has ended is removed.

    Not by the library's `mark_process_dead`, which fails where another worker, asked at the same
    time, was quicker. A file without a byte is that of a worker that has just opened it.
    """
    of_gauge = _OF_PROCESS.fullmatch(file.name)
    if of_gauge and not _lives(int(of_gauge[1])):
        file.unlink(missing_ok=True)
        return False
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def serving_apart(host: str, port: int | None) -> Iterator[None]:
    """A port of its own for the counters, for the length of the block.

    Args:
        host: the address on which it listens.
        port: None: there is none.

    Raises:
        OSError: it cannot listen there.
    """
    if port is None:
        yield
        return
    from prometheus_client import start_http_server  # noqa: PLC0415  (see above)

    server, thread = start_http_server(port, host, registry())
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
