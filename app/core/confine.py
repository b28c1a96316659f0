"""What a child that reads strangers' files may not do: grow without end, run without end, open
other files, reach the network, the database or any other process. Called by the child itself,
before it opens anything (core/child.py starts it). See docs/decisions/0019."""

import ctypes
import mimetypes
import os
import resource
import sys
from pathlib import Path

from app.core import calls, landlock

ROOT = Path(__file__).resolve().parents[2]
FILES, PROCESSES = "other files", "sockets and other processes"
REQUIRED = "MINQING_REQUIRE_CONFINEMENT"
NOT_CONFINED = 77
"""With this the process ends where it could not be confined, and had to be."""
OURS = ("app", "geodata", "tiles")
_OF_PREFIX = ("lib", "lib64", "share")
_OF_SYSTEM = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/lib", "/etc/ld.so.cache",
    "/etc/localtime", "/etc/ssl/openssl.cnf", "/dev/urandom", "/dev/zero", *mimetypes.knownfiles,
)  # fmt: skip
MEMORY_BYTES = 4 * 2**30
CPU_S = 180
FILE_BYTES = 2 * 2**30
OPEN_FILES = 256
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000

# GDAL reads these from the environment. The drivers it may use are set apart, by name.
ENVIRONMENT = {
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "/nowhere",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "OGR_SQLITE_LIST_ALL_TABLES": "NO",
    "SQLITE_LIST_ALL_TABLES": "NO",
    "PROJ_NETWORK": "OFF",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def confine(
    folder: Path,
    cpu_s: int = CPU_S,
    memory_bytes: int = MEMORY_BYTES,
    file_bytes: int = FILE_BYTES,
) -> list[str]:
    """Give up what reading does not need. For ever: there is no way back in this process.

    What is left: to read in `folder`, of Python and the libraries, and to write in `folder`. No
    socket is opened, no program started, no other process reached.

    Args:
        folder: that of the file which is read.
        cpu_s: seconds of computing after which the system ends the process.
        memory_bytes: of address space; beyond it there is a MemoryError.
        file_bytes: the longest file that it may write.

    Returns:
        What this machine could not keep the process from (`FILES`, `PROCESSES`), in words.

    Raises:
        SystemExit: with `NOT_CONFINED`, where that is anything, and the environment asks for the
            whole (`REQUIRED`).
    """
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CPU, cpu_s, grace=5)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(5)
    _leave_network()
    kept = {
        FILES: _is_alone() and landlock.restrict(readable(), [folder, Path(os.devnull)]),
        PROCESSES: calls.refuse(),
    }
    missing = [what for what, is_so in kept.items() if not is_so]
    if missing and os.environ.get(REQUIRED) == "1":
        sys.exit(NOT_CONFINED)
    return missing


def lacks() -> list[str]:
    """What this machine, as far as it says so itself, cannot keep such a process from."""
    can = {FILES: landlock.version() > 0, PROCESSES: calls.is_possible()}
    return [what for what, is_so in can.items() if not is_so]


def readable() -> list[Path]:
    """What Python and the libraries read on their own: their code, and data of the system. Never a
    folder in which keys or settings may lie."""
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    python = [Path(prefix, name) for prefix in sorted(prefixes) for name in _OF_PREFIX]
    packages = [Path(path) for path in sys.path if path and Path(path) != ROOT]
    return [*(ROOT / name for name in OURS), *python, *packages, *map(Path, _OF_SYSTEM)]


def _is_alone() -> bool:
    """Whether this is the only thread: Landlock would leave the others as they are."""
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    except OSError:  # nobody can tell
        return False


def _limit(what: int, most: int, grace: int = 0) -> None:
    # Of computing the soft limit comes first, with a signal that tells what happened.
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    ceiling = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
    resource.setrlimit(what, (most, ceiling))


def _leave_network() -> None:
    # A network namespace of one's own holds nothing but a loopback device that is down. A hardened
    # kernel may not give one; it is one guard of two.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
