"""Whether there is room left on the disk where the server and its database write."""

import shutil
from collections.abc import Iterable
from pathlib import Path

BYTES_PER_MB = 2**20


def free_mb(folder: Path) -> int:
    """What may still be written in a folder (MiB), or in that where it would be made.

    Raises:
        OSError: it cannot be told.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free // BYTES_PER_MB


def shortest_mb(folders: Iterable[Path], least_mb: int) -> int | None:
    """What the fullest of these folders has left (MiB), where that is less than `least_mb`; else
    None."""
    shortest = min((free_mb(folder) for folder in folders), default=least_mb)
    return shortest if shortest < least_mb else None
