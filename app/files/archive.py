"""Zip archives of strangers: looked through before anything is unpacked, under names of our own."""

import shutil
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from app.files.job import FileRefused

MOST_ENTRIES = 2_000
MOST_BYTES = 1 * 2**30
MOST_RATIO = 200
RATIO_MATTERS_BYTES = 32 * 2**20
_ARCHIVES = (".zip", ".kmz", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz")


def open_checked(path: Path) -> zipfile.ZipFile:
    """The archive, once its directory says nothing dangerous.

    Raises:
        FileRefused: a bomb, names that lead elsewhere, links, encryption, archives in it.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise FileRefused(f"The zip archive is damaged: {error}.") from None
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise FileRefused(f"The archive holds {len(entries):,} files; at most {MOST_ENTRIES:,}.")
    for entry in entries:
        _check_entry(entry)
    _check_size(entries)
    return archive


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name[:3] or "\0" in name:
        raise FileRefused(f"The archive names a place outside itself: {name!r}.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise FileRefused(f"The archive holds a link or device: {name!r}.")
    if name.lower().endswith(_ARCHIVES):
        raise FileRefused(f"The archive holds another archive, {name!r}; unpack that one first.")


def _check_size(entries: Iterable[zipfile.ZipInfo]) -> None:
    entries = list(entries)
    size = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if size > MOST_BYTES:
        raise FileRefused(f"The archive would unpack to {size:,} bytes; at most {MOST_BYTES:,}.")
    if size > RATIO_MATTERS_BYTES and size > packed * MOST_RATIO:
        raise FileRefused(
            f"The archive would unpack to {size // packed} times its size; that is no map."
        )


def unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write one entry to `target`; zipfile gives no more of it than its directory has announced.

    Raises:
        FileRefused: the entry is damaged, encrypted or not what was announced.
    """
    try:
        with archive.open(entry) as source, target.open("xb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except Exception as error:  # zlib, lzma and bz2 each raise an error of their own
        raise FileRefused(f"{entry.filename!r} cannot be unpacked: {error}.") from None
