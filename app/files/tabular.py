"""Tables: CSV and XLSX. The first line names the columns."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.files.job import FileRefused
from app.files.table import RawTable, Wanted

MOST_ROWS = 5_000_000
MOST_COLUMNS = 300
ENCODINGS = ("utf-8", "gbk", "gb18030", "gb2312", "big5", "utf-16", "latin-1")


def codec(name: str | None) -> str | None:
    """The encoding as Python knows it.

    Raises:
        FileRefused: none of the accepted ones.
    """
    if name is None:
        return None
    plain = name.strip().lower().replace("_", "-")
    plain = {"utf8": "utf-8", "936": "gbk", "cp936": "gbk", "65001": "utf-8",
             "iso-8859-1": "latin-1", "utf16": "utf-16"}.get(plain, plain)  # fmt: skip
    if plain not in ENCODINGS:
        raise FileRefused(f"Encoding {name!r} is not known; one of {', '.join(ENCODINGS)}.")
    # GB18030 holds GBK and GB2312 whole; files that claim these often need it.
    return {"gbk": "gb18030", "gb2312": "gb18030"}.get(plain, plain)


def read_csv(path: Path, encoding: str | None, wanted: Wanted) -> RawTable:
    """The rows of a CSV file; separated by comma, semicolon or tab.

    Raises:
        FileRefused: not in that encoding, or not a table.
    """
    return _table(csv_lines(path, encoding), None, wanted)


def csv_lines(path: Path, encoding: str | None) -> Iterator[list[str]]:
    """The lines of a CSV file, each as its cells.

    Raises:
        FileRefused: not in that encoding, or not a table.
    """
    chosen = codec(encoding) or "utf-8"
    try:
        text = path.read_bytes().decode("utf-8-sig" if chosen == "utf-8" else chosen)
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"The text is not {chosen} (byte {error.start}). Say which encoding it is in,"
            " for example --encoding gbk."
        ) from None
    heading = text.split("\n", 1)[0]
    separator = max(",;\t", key=heading.count)
    csv.field_size_limit(1 << 20)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as error:
        raise FileRefused(f"The CSV cannot be read: {error}.") from None


def read_xlsx(path: Path, sheet: str | None, wanted: Wanted) -> RawTable:
    """The rows of one sheet: the named one, or the only one.

    Raises:
        FileRefused: no such sheet, or not a workbook.
    """
    import openpyxl  # noqa: PLC0415  (slow to come up, and most files are no workbooks)

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(path.read_bytes()), read_only=True, data_only=True, keep_links=False
        )
        names = book.sheetnames
        if sheet is not None and sheet not in names:
            raise FileRefused(f"There is no sheet {sheet!r}; there are {', '.join(names)}.")
        if sheet is None and len(names) != 1:
            raise FileRefused(f"Name a sheet by --layer; there are {', '.join(names)}.")
        chosen = sheet or names[0]
        return _table(sheet_lines(book[chosen]), chosen, wanted)
    except FileRefused:
        raise
    except Exception as error:  # openpyxl lets pass whatever its parsers raise
        raise FileRefused(f"The workbook cannot be read: {error}.") from None


def sheet_lines(sheet: Any) -> Iterator[list[Any]]:
    """The rows of a sheet of openpyxl, each as its cells, one column more than a table may have:
    a single cell in the last of 16,384 would make every row as wide."""
    rows = sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True)
    return (list(row) for row in rows)


def _table(lines: Iterable[list[Any]], layer: str | None, wanted: Wanted) -> RawTable:
    each = iter(lines)
    names = [str(name).strip() if name is not None else "" for name in next(each, [])]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise FileRefused("The first line names no columns.")
    if len(names) > MOST_COLUMNS:
        raise FileRefused(f"The table has more than {MOST_COLUMNS} columns.")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise FileRefused(f"Two columns have the same name: {', '.join(twice)}.")
    numbers: list[int] = []
    columns = {place: list[Any]() for place, name in enumerate(names) if name and wanted(name)}
    faults: dict[int, str] = {}
    for number, line in enumerate(each, 2):
        if all(value is None or value == "" for value in line):
            continue
        if len(numbers) == MOST_ROWS:
            raise FileRefused(f"The table has more than {MOST_ROWS:,} rows.")
        if any(value not in (None, "") for value in line[len(names) :]):
            faults[len(numbers)] = "has more values than there are columns"
        numbers.append(number)
        for place, values in columns.items():
            values.append(line[place] if place < len(line) else None)
    return RawTable(
        np.array(numbers, dtype=np.int64),
        {names[place]: values for place, values in columns.items()},
        [name for name in names if name],
        faults=faults,
        layer=layer,
    )
