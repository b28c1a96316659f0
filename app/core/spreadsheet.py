"""Tables for spreadsheet programs, a few rows at a time: CSV and XLSX.

What strangers wrote is text there, too: a cell that a program would take for a formula gets an
apostrophe in front (OWASP, CSV injection), in both formats, because one is made out of the other.
So does what would become one inside a cell: where `;` or a tab separates (as in much of Europe), a
program cuts our cells there, and at the end of a line, whatever quotes stand around them.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

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
# A workbook writes characters as _x000D_; a text that looks so is told apart by this.
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_MARK = "\ufeff"
_FLUSH_ROWS = 500


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


_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.styles+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats'
        '-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/styles" Target="styles.xml"/></Relationships>'
    ),
    # Cell formats: 0 anything, 1 a text whatever it looks like, 2 an instant.
    "xl/styles.xml": (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
        '</numFmts><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs>'
        '<cellXfs count="3"><xf numFmtId="0" xfId="0"/>'
        '<xf numFmtId="49" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="164" xfId="0" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    ),
}
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)


class _Outbox(io.RawIOBase):
    """A file that keeps what is written until it is taken; it cannot go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found


def xlsx_parts(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> Iterator[bytes]:
    """The same as a workbook of one sheet, compressed while the rows come.

    Args:
        title: of the sheet.
        rows: cells; instants become those of a spreadsheet, in the zone they carry.
    """
    out = _Outbox()
    # The time of a member is not the export's: two exports of the same rows are the same file.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        parts = {**_PARTS, "xl/workbook.xml": _workbook(title)}
        for name, content in parts.items():
            book.writestr(zipfile.ZipInfo(name), _XML + content, zipfile.ZIP_DEFLATED)
        info = zipfile.ZipInfo("xl/worksheets/sheet1.xml")
        info.compress_type = zipfile.ZIP_DEFLATED
        with book.open(info, "w") as sheet:
            sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}">{_FROZEN}<sheetData>'.encode())
            sheet.write(_row(1, headings).encode())
            for number, row in enumerate(rows, 2):
                sheet.write(_row(number, row).encode())
                if number % _FLUSH_ROWS == 0:
                    yield out.take()
            sheet.write(b"</sheetData></worksheet>")
    yield out.take()


_FROZEN = (
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
    ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
)


def _workbook(title: str) -> str:
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{relations}"><sheets>'
        f'<sheet name="{escape(title)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _row(number: int, cells: Sequence[Cell]) -> str:
    return f'<row r="{number}">{"".join(map(_cell, cells))}</row>'


def _cell(cell: Cell) -> str:
    match cell:
        case None | "":
            return "<c/>"
        case datetime():
            local = cell.replace(tzinfo=UTC)
            return f'<c s="2"><v>{(local - _DAY_ZERO) / timedelta(days=1):.8f}</v></c>'
        case str():
            text = escape(_ESCAPED.sub("_x005F_", harmless(cell)))
            return f'<c t="inlineStr" s="1"><is><t xml:space="preserve">{text}</t></is></c>'
        case _:
            return f"<c><v>{cell!r}</v></c>"
