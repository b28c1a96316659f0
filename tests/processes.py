"""Processes as the kernel lists them."""

from pathlib import Path


def below(parent: int) -> list[int]:
    """Those that a process has started, and those that they have."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            child = int(status.parent.name)
            found += [child, *below(child)]
    return found


def has_ended(pid: int) -> bool:
    """Whether a process is no more; one that nobody has waited for is none, either."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except (FileNotFoundError, ProcessLookupError):
        return True
