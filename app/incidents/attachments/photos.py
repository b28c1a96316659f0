"""Having a photo drawn anew by a child process: the parent's side."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.child import ChildFailed, run_child
from app.core.errors import invalid, too_large
from app.incidents.attachments.rules import MOST_BYTES

CHILD = "app.incidents.attachments.photo_child"
CPU_S = 20
PATIENCE_S = 30.0


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
            pixels.
    """
    with tempfile.TemporaryDirectory(prefix="minqing-photo-") as temporary:
        folder = Path(temporary)
        _copy_in(file, folder / "file")
        try:
            answer = run_child(
                CHILD, {"path": str(folder / "file"), "cpu_s": CPU_S}, folder, patience_s=PATIENCE_S
            )
        except ChildFailed:
            raise invalid("file", "brings its reader down; it cannot be taken") from None
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
