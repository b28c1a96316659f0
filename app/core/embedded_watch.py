"""Starting the embedded PostgreSQL again when it has ended under its users.

A server that holds the cluster looks after it: killed by the kernel or by hand, or ended by itself
because the disk was full, it is started again, with pauses between tries, for as long as the server
lives. A server that is merely slow, recovering or frozen is left alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.core.embedded import (
    Cluster,
    EmbeddedError,
    is_running,
    log_file,
    own_socket_folder,
    postmaster_of,
    try_to_start,
    turn,
)

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
FIRST_PAUSE_S = 0.2
# So that a server whose disk has room again is back within seconds, however long it was full.
LAST_PAUSE_S = 2.0
# A server that stops waits for a try that is under way.
START_WITHIN_S = 3
STOP_WITHIN_S = 2.0 * START_WITHIN_S
_LAST_WORDS_BYTES = 8_192
_GRAVE = (" FATAL:  ", " PANIC:  ", "could not ")


@contextmanager
def watched(cluster: Cluster) -> Iterator[None]:
    """For the length of the block, which holds the cluster (`embedded.running`), it is started
    again whenever it has ended."""
    watch = _Watch(cluster)
    watch.start()
    try:
        yield
    finally:
        watch.stop()


class _Watch:
    """A thread that looks twice a second whether the server process lives."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._main, name="embedded database", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; a try to start that is under way is waited for."""
        self._stopping.set()
        self._thread.join(STOP_WITHIN_S)

    def _main(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            if postmaster_of(self._cluster) is None:
                self._bring_back()

    def _bring_back(self) -> None:
        log.error("the embedded database has ended and is started again")
        pause_s, said = FIRST_PAUSE_S, ""
        while not self._stopping.is_set():
            fault = self._try()
            if not fault:
                log.warning("the embedded database is back")
                return
            if fault != said:
                log.error("the embedded database does not start", why=fault)
                said = fault
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)

    def _try(self) -> str:
        """Why it does not answer; empty once it does."""
        if postmaster_of(self._cluster) is not None:
            return "" if is_running(self._cluster) else "it recovers what was written last"
        try:
            # Whoever tidies a folder of temporary files may have taken the socket's away.
            own_socket_folder(self._cluster)
            with turn(self._cluster):
                if postmaster_of(self._cluster) is not None:
                    return "it was started by somebody else, and does not answer yet"
                logged = _size_of_log(self._cluster)
                fault = try_to_start(self._cluster, wait_s=START_WITHIN_S)
        except (OSError, EmbeddedError) as error:
            return str(error)
        return (_last_words(self._cluster, logged) or fault) if fault else ""


def _last_words(cluster: Cluster, since: int) -> str:
    """The last line of PostgreSQL's log that says why it ended, of those after `since` bytes."""
    try:
        with log_file(cluster).open("rb") as file:
            file.seek(max(since, file.seek(0, 2) - _LAST_WORDS_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line for line in reversed(lines) if any(word in line for word in _GRAVE)), "")


def _size_of_log(cluster: Cluster) -> int:
    try:
        return log_file(cluster).stat().st_size
    except OSError:
        return 0
