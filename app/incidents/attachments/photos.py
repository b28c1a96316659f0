"""Having a photo drawn anew by a child process: the parent's side."""

import os
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.child import ChildFailed, run_child
from app.core.errors import invalid, too_large, unavailable
from app.incidents.attachments.rules import MOST_BYTES

CHILD = "app.incidents.attachments.photo_child"
CPU_S = 20
PATIENCE_S = 30.0
# Each may take a core and up to 1 GiB for a moment.
AT_ONCE = 2
WAIT_S = 20.0
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Drawn:
    """A photo as we keep it: two JPEG files, and the size of the larger one in pixels."""

    width: int
    height: int
    full: bytes
    thumb: bytes


def redraw(file: BinaryIO) -> Drawn:
    """Draw a photo anew.

    Raises:
        Problem: 413 for a file that is too long; 422 on `file` for what is no photo, or too many
            pixels; 503 when too many are being drawn.
    """
    with tempfile.TemporaryDirectory(prefix="minqing-photo-") as temporary:
        folder = Path(temporary)
        _copy_in(file, folder / "file")
        if not _turns.acquire(timeout=WAIT_S):
            raise unavailable("Too many photos at once. Try again.")
        try:
            answer = run_child(
                CHILD, {"path": str(folder / "file"), "cpu_s": CPU_S}, folder, patience_s=PATIENCE_S
            )
        except ChildFailed:
            raise invalid("file", "brings its reader down; it cannot be taken") from None
        finally:
            _turns.release()
        if "error" in answer:
            raise invalid("file", answer["error"])
        full, thumb = ((folder / name).read_bytes() for name in ("full.jpg", "thumb.jpg"))
        return Drawn(int(answer["width"]), int(answer["height"]), full, thumb)


def _copy_in(file: BinaryIO, own: Path) -> None:
    if file.seek(0, os.SEEK_END) > MOST_BYTES:
        raise too_large("file", MOST_BYTES)
    file.seek(0)
    with own.open("xb") as target:
        shutil.copyfileobj(file, target, 1 << 20)
