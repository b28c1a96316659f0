"""What a reader of files would do that a hostile file has taken over: it tries all that it should
not be able to. Started as every reader is (`core.child.run_child`), and confined as they are."""

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from platform import machine
from typing import Any

from app.core.confine import confine

_FCNTL = {"x86_64": 72, "aarch64": 25}


def main() -> None:
    """Try everything the job names; the answer says of each what came of it."""
    job = json.load(sys.stdin)
    folder = Path(job["path"]).parent
    unconfined = confine(folder) if job["confined"] else ["everything"]
    allowed = {name: _outcome(attempt) for name, attempt in _allowed(folder).items()}
    refused = {name: _outcome(attempt) for name, attempt in _attacks(job).items()}
    json.dump({"unconfined": unconfined, "allowed": allowed, "refused": refused}, sys.stdout)


def _outcome(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def _allowed(folder: Path) -> dict[str, Callable[[], Any]]:
    """What a reader does."""
    own = folder / "own"
    return {
        "read its file": (folder / "file").read_bytes,
        "write beside it": lambda: own.write_text("mine"),
        "make a folder": (folder / "made").mkdir,
        "remove what it wrote": own.unlink,
        "import a library": lambda: __import__("openpyxl"),
        "work in a thread": _in_a_thread,
        "look at its own limits": lambda: resource.getrlimit(resource.RLIMIT_AS),
    }


def _attacks(job: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    key, other, parent = Path(job["key"]), Path(job["other"]), os.getppid()
    return {
        "read the key": key.read_bytes,
        "list its folder": lambda: list(key.parent.iterdir()),
        "read the server's environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "read what signs people in": lambda: Path("/etc/passwd").read_bytes(),
        "write elsewhere": lambda: (other / "mine").write_text("mine"),
        "write over the key": lambda: key.open("r+b").close(),
        "empty the key": lambda: os.truncate(other / "empty", 0),
        "open the key to all": lambda: (other / "mode").chmod(0o777),
        "date the key back": lambda: os.utime(other / "mode", (0, 0)),
        "delete elsewhere": (other / "gone").unlink,
        "move something out": lambda: (Path(job["path"]).parent / "made").rename(other / "made"),
        "connect to the database": lambda: _connect(socket.AF_UNIX, job["database"]),
        "connect to this machine": lambda: _connect(socket.AF_INET, ("127.0.0.1", job["port"])),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)).close(),
        "use io_uring": lambda: _call(425, 1, 0),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "become two": _fork,
        "signal the server": lambda: os.kill(parent, 0),
        "stop the server": lambda: _signal(parent),
        "have the server signalled": lambda: _own_by(parent),
        "have it signalled by a socket": lambda: [one.close() for one in socket.socketpair()],
        "take the server's files": lambda: os.close(os.pidfd_open(parent)),
        "lower the server's limits": lambda: _lower(parent),
    }  # fmt: skip


def _connect(family: int, address: Any) -> None:
    with socket.socket(family) as opened:
        opened.settimeout(5)
        opened.connect(address)


def _call(number: int, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *map(ctypes.c_long, arguments)) == -1:
        error = ctypes.get_errno()
        # Asked for nothing, the kernel finds fault with the question: it has been reached.
        if error != 14:
            raise OSError(error, os.strerror(error))


def _signal(process: int) -> None:
    # Waking what does not sleep does no harm where it is not refused.
    os.kill(process, signal.SIGCONT)


def _in_a_thread() -> None:
    worker = threading.Thread(target=int)
    worker.start()
    worker.join()


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _own_by(process: int) -> None:
    # Of a pipe that never says that it is ready: nothing comes of it where it is not refused.
    ends = os.pipe()
    try:
        if machine() not in _FCNTL:
            fcntl.fcntl(ends[0], fcntl.F_SETOWN, process)
            return
        # With bits beside the command, which the kernel does not look at.
        _call(_FCNTL[machine()], ends[0], 1 << 32 | fcntl.F_SETOWN, process)
    finally:
        for end in ends:
            os.close(end)


def _lower(process: int) -> None:
    limits = resource.prlimit(process, resource.RLIMIT_CORE)
    resource.prlimit(process, resource.RLIMIT_CORE, limits)
