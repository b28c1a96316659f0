"""What a child that reads strangers' files may not do: grow without end, run without end, reach
the network. Called by the child itself, before it opens anything (core/child.py starts it)."""

import ctypes
import os
import resource

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
    cpu_s: int = CPU_S, memory_bytes: int = MEMORY_BYTES, file_bytes: int = FILE_BYTES
) -> bool:
    """Give up what reading does not need. For ever: there is no way back in this process.

    Args:
        cpu_s: seconds of computing after which the system ends the process.
        memory_bytes: of address space; beyond it there is a MemoryError.
        file_bytes: the longest file that it may write.

    Returns:
        Whether the network is gone as well, which a hardened kernel may not allow.
    """
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CPU, cpu_s, grace=5)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(5)
    return _leave_network()


def _limit(what: int, most: int, grace: int = 0) -> None:
    # Of computing the soft limit comes first, with a signal that tells what happened.
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    ceiling = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
    resource.setrlimit(what, (most, ceiling))


def _leave_network() -> bool:
    # A network namespace of one's own holds nothing but a loopback device that is down.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
