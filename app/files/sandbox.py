"""Having a file read by a child that cannot harm: the parent's side."""

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.core import child
from app.core.child import Why
from app.core.confine import CPU_S, ENVIRONMENT
from app.files.job import FIELDS_FILE, ROWS_FILE, Answer, FileRefused, Job
from geodata.progress import Progress

MOST_BYTES = 1 * 2**30
PATIENCE_S = 300.0
CHILD = "app.files.child"
_SENTENCES = {
    Why.TOO_SLOW: f"Reading took longer than {PATIENCE_S:.0f} s; split the file.",
    Why.TOO_MUCH_COMPUTING: "Reading took more computing than a file may take; split it.",
    Why.BROUGHT_DOWN: "The file brings its reader down; it cannot be taken.",
}


@dataclass(frozen=True)
class FileRows:
    """What a file holds.

    Attributes:
        answer: what the child says of it.
        sha256: of the file, in hexadecimal.
        row: (n,) each row as its sender counts it.
        geometries: (n,) in EPSG:4326, None where refused or to be found by address.
        fields: our field -> (n) texts, None for nothing.
    """

    answer: Answer
    sha256: str
    row: NDArray[np.int64]
    geometries: NDArray[np.object_]
    fields: dict[str, list[str | None]]


def read(file: Path, job: Job, progress: Progress) -> FileRows:
    """Have `file` read.

    Args:
        file: a local file; links are followed, anything but a plain file is refused.
        job: what is wanted; `path` and `name` are filled in here.
        progress: asked now and then, so that it can stop the work.

    Raises:
        FileRefused: the file as a whole cannot be taken.
        Cancelled: `progress` asked to stop.
    """
    with tempfile.TemporaryDirectory(prefix="minqing-import-") as temporary:
        folder = Path(temporary)
        own = folder / "file"
        sha256 = copy_in(file, own)
        answer = _run(replace(job, path=str(own), name=file.name, cpu_s=CPU_S), folder, progress)
        if answer.error is not None:
            raise FileRefused(answer.error, answer.layers)
        return _rows(folder, answer, sha256)


def _rows(folder: Path, answer: Answer, sha256: str) -> FileRows:
    with np.load(folder / ROWS_FILE, allow_pickle=False) as arrays:
        row, size, wkb = arrays["row"], arrays["size"], arrays["wkb"].tobytes()
    ends = np.cumsum(np.maximum(size, 0))
    parts = [
        wkb[end - length : end] if length >= 0 else None
        for end, length in zip(ends.tolist(), size.tolist(), strict=True)
    ]
    return FileRows(
        answer=answer,
        sha256=sha256,
        row=row,
        geometries=np.array(shapely.from_wkb(parts), dtype=object),
        fields=json.loads((folder / FIELDS_FILE).read_text(encoding="utf-8")),
    )


def copy_in(file: Path, own: Path) -> str:
    """Copy the file under a name of ours, so that nothing changes or lures under the reader."""
    try:
        # Not to hang on a pipe: opened first, looked at then.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such file"
        raise FileRefused(f"{str(file)!r} cannot be opened: {reason}.") from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
        os.close(descriptor)
        kind = f"larger than {MOST_BYTES // 2**20} MB"
        kind = kind if stat.S_ISREG(about.st_mode) else "not a plain file"
        raise FileRefused(f"{str(file)!r} is {kind}.")
    with os.fdopen(descriptor, "rb") as source, own.open("xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    with own.open("rb") as copied:
        return hashlib.file_digest(copied, "sha256").hexdigest()


def _run(job: Job, folder: Path, progress: Progress) -> Answer:
    gdal = {"GDAL_SKIP": drivers_to_skip()}
    return Answer.from_json(run_child(CHILD, asdict(job), folder, progress, gdal))


def drivers_to_skip() -> str:
    """What GDAL is not to load."""
    from app.files import layers  # noqa: PLC0415  (GDAL; the server reads only sheets)

    return layers.drivers_to_skip()


def run_child(
    module: str,
    job: dict[str, Any],
    folder: Path,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Have a reading child of this package do a job (core.child.run_child).

    Args:
        module: of this package.
        folder: the only place it may write to.
        environment: what it finds there besides what all of them do.

    Raises:
        FileRefused: it came to no answer.
        Cancelled: `progress` asked to stop.
    """

    def look() -> None:
        progress.step("read file", 0, 1)

    try:
        answer = child.run_child(
            module, job, folder, patience_s=PATIENCE_S, look=look,
            environment={**ENVIRONMENT, **(environment or {})},
        )  # fmt: skip
    except child.ChildFailed as error:
        raise FileRefused(_SENTENCES[error.why]) from None
    progress.step("read file", 1, 1)
    return answer
