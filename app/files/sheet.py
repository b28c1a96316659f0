"""A plain sheet of cells with headings: read from strangers' files, written for them."""

import csv
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.confine import CPU_S
from app.files.job import FileRefused
from app.files.sandbox import copy_in, run_child
from geodata.progress import Silent

Cell = str | int | float | bool | None
CHILD = "app.files.sheet_child"


@dataclass(frozen=True)
class Sheet:
    """What a file holds.

    Attributes:
        headings: of its columns.
        rows: number of the row (the headings are 1) and its cells, short rows filled with None.
        unconfined: what this machine could not keep its reader from.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    unconfined: tuple[str, ...] = ()


def read_sheet(file: Path, most_rows: int, encoding: str | None = None) -> Sheet:
    """Read a CSV or XLSX file, in a child process that cannot harm.

    Raises:
        FileRefused: it cannot be read, or has no headings.
    """
    with tempfile.TemporaryDirectory(prefix="minqing-sheet-") as temporary:
        folder = Path(temporary)
        own = folder / "file"
        copy_in(file, own)
        job = {
            "path": str(own),
            "name": file.name,
            "encoding": encoding,
            "most_rows": most_rows,
            "cpu_s": CPU_S,
        }
        answer = run_child(CHILD, job, folder, Silent())
    if "error" in answer:
        raise FileRefused(answer["error"])
    rows = [(int(number), cells) for number, cells in answer["rows"]]
    if not rows or rows[0][0] != 1:
        raise FileRefused("The first line names no columns.")
    headings = tuple("" if cell is None else str(cell) for cell in rows[0][1])
    for number, cells in rows:
        if len(cells) > len(headings):
            raise FileRefused(f"Row {number} has more cells than there are headings.")
    filled = tuple(
        (number, (*cells, *[None] * (len(headings) - len(cells)))) for number, cells in rows[1:]
    )
    return Sheet(headings, filled, tuple(answer["unconfined"]))


def write_sheet(
    file: Path, title: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    """Write a CSV (UTF-8 with a mark, as spreadsheets like it) or XLSX file; whole, or not at all.

    Args:
        file: its ending, .csv or .xlsx, says which.
        title: of the sheet in a workbook.

    Raises:
        FileRefused: another ending, or the place cannot be written to.
    """
    kind = file.suffix.lower()
    if kind not in {".csv", ".xlsx"}:
        raise FileRefused(f"{str(file)!r} ends neither in .csv nor in .xlsx.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=kind, dir=file.parent)
    except OSError as error:
        raise FileRefused(f"{str(file)!r} cannot be written: {error.strerror}.") from None
    os.close(handle)
    own = Path(name)
    try:
        (_write_csv if kind == ".csv" else _write_xlsx)(own, title, headings, rows)
        own.chmod(0o644)
        own.replace(file)
    except OSError as error:
        raise FileRefused(f"{str(file)!r} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(FileNotFoundError):
            own.unlink()


def _write_csv(
    file: Path, _title: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(headings)
        table.writerows(["" if cell is None else cell for cell in row] for row in rows)


def _write_xlsx(
    file: Path, title: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    import openpyxl  # noqa: PLC0415  (slow to come up, and the server never needs it)

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, row in enumerate([headings, *rows], 1):
        for column, value in enumerate(row, 1):
            if value in (None, ""):
                continue
            cell = sheet.cell(number, column, value)
            if isinstance(value, str):
                # A text, whatever it looks like: never a formula, and no zeros lost in front.
                cell.data_type = "s"
                cell.number_format = "@"
    book.save(file)
