"""The child that reads a plain sheet of cells: CSV or XLSX, every cell as it stands."""

import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from app.core.confine import confine
from app.files.job import FileRefused
from app.files.sniff import Format, format_of
from app.files.tabular import MOST_COLUMNS, csv_lines, sheet_lines

Cell = str | int | float | bool | None


def main() -> None:
    """Read one file: its rows with their numbers, or why it cannot be read."""
    job = json.load(sys.stdin)
    unconfined = confine(Path(job["path"]).parent, job["cpu_s"])
    try:
        answer: dict[str, Any] = {"rows": list(_rows(job))}
    except FileRefused as error:
        answer = {"error": str(error)}
    except (MemoryError, RecursionError):
        answer = {"error": "The file needs more memory than a file may take."}
    json.dump({**answer, "unconfined": unconfined}, sys.stdout)


def _rows(job: dict[str, Any]) -> Iterator[tuple[int, list[Cell]]]:
    """Row number (the headings are 1) and cells of every row that is not empty."""
    path = Path(job["path"])
    match format_of(path, job["name"]):
        case Format.CSV:
            lines: Iterable[list[Any]] = csv_lines(path, job["encoding"])
        case Format.XLSX:
            lines = _workbook(path)
        case _:
            raise FileRefused("CSV or XLSX is wanted here.")
    for number, line in enumerate(lines, 1):
        cells = [_cell(value) for value in line[: MOST_COLUMNS + 1]]
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if number > job["most_rows"]:
            raise FileRefused(f"The table has more than {job['most_rows']:,} rows.")
        if cells:
            yield number, cells


def _cell(value: Any) -> Cell:
    # What is no text and no number (a date, a duration) arrives as a truth value: nobody wants it.
    return value if value is None or isinstance(value, str | int | float) else True


def _workbook(path: Path) -> Iterator[list[Any]]:
    import openpyxl  # noqa: PLC0415  (slow to come up)

    try:
        # Formulas as they are written, not what they came to when somebody last looked.
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True)
        if len(book.sheetnames) != 1:
            raise FileRefused(f"One sheet is wanted; there are {', '.join(book.sheetnames)}.")
        yield from sheet_lines(book[book.sheetnames[0]])
    except FileRefused:
        raise
    except Exception as error:  # openpyxl lets pass whatever its parsers raise
        raise FileRefused(f"The workbook cannot be read: {error}.") from None


if __name__ == "__main__":
    main()
