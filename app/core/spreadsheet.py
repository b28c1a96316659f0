"""Tables for spreadsheet programs, a few rows at a time in memory: CSV and XLSX.

What strangers wrote is text there, too: a cell that a program would take for a formula gets an
apostrophe in front (OWASP, CSV injection), in both formats, because one is made out of the other.
So does what would become one inside a cell: where `;` or a tab separates (as in much of Europe), a
program cuts our cells there, and at the end of a line, whatever quotes stand around them.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO

from xlsxwriter import Workbook

Cell = str | int | float | datetime | None
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_CELL_CHARS = 32_767
"""More do not fit into a cell of a workbook."""

# The wide ones are what a Chinese or Japanese keyboard gives, and count as the narrow ones there.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")
_INNER_FORMULA = re.compile(r"([;\t\r\n])(?=(?:[^\S\t\r\n]|[\"'])*[=+\-@＝＋－＠])")
# Neither XML nor a cell can hold them. The form feed and the like have been refused before.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARK = "\ufeff"
_FLUSH_ROWS = 500
_PART_BYTES = 64 * 1024
# Whatever a text looks like, it is one; rows are written to a file as they come.
_BOOK = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "remove_timezone": True,
}
# The time of a book is not that of its making: two exports of the same rows are the same file.
_MADE_AT = datetime(2000, 1, 1, tzinfo=UTC)


def harmless(text: str) -> str:
    """The text as a cell that is no formula and that every program can hold."""
    text = _INNER_FORMULA.sub(r"\1'", _UNFIT.sub("\ufffd", text))
    return (f"'{text}" if _FORMULA.match(text) else text)[:MOST_CELL_CHARS]


def csv_parts(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file in parts: UTF-8 with a mark, by which spreadsheet programs know it.

    Args:
        rows: cells; instants are written in the zone they carry, to the second.
    """
    out = io.StringIO(newline="")
    table = csv.writer(out)
    out.write(_MARK)
    table.writerow([harmless(heading) for heading in headings])
    for number, row in enumerate(rows, 1):
        table.writerow([_plain(cell) for cell in row])
        if number % _FLUSH_ROWS == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _plain(cell: Cell) -> str | int | float:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case str():
            return harmless(cell)
        case _:
            return cell


def xlsx_parts(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> Iterator[bytes]:
    """The same as a workbook of one sheet. It is written to a file that has no name first: the
    first part comes when the last row is there.

    Args:
        title: of the sheet.
        rows: cells; instants become those of a spreadsheet, in the zone they carry.
    """
    with tempfile.TemporaryFile() as file:
        _write_book(file, title, headings, rows)
        file.seek(0)
        while part := file.read(_PART_BYTES):
            yield part


def _write_book(
    file: IO[bytes], title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    with Workbook(file, _BOOK) as book:
        book.set_properties({"created": _MADE_AT})
        text = book.add_format({"num_format": "@"})
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for at, heading in enumerate(headings):
            sheet.write_string(0, at, harmless(heading), text)
        for number, row in enumerate(rows, 1):
            for at, cell in enumerate(row):
                match cell:
                    case None | "":
                        pass
                    case datetime():
                        sheet.write_datetime(number, at, cell, instant)
                    case str():
                        sheet.write_string(number, at, harmless(cell), text)
                    case _:
                        sheet.write_number(number, at, cell)
