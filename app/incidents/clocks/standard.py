"""The filing standard as a city publishes it: nine columns, one line a code and condition. Pure.

What is read is kept cell for cell, so that a file imported and exported again is the same file.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from app.incidents.clocks.limits import Limit
from app.incidents.clocks.rules import Limits, LimitVersion
from app.incidents.rules import Step, kind_of

COLUMNS = (
    "category", "sub_category", "code", "condition", "limit", "unit", "responsible_unit",
    "closing_condition", "note",
)  # fmt: skip
MOST_CHARS = 2_000
MOST_LINES = 10_000
REQUIRED = ("category", "sub_category", "code")
# What a spreadsheet takes for a formula: refused, so that no export can carry one.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class StandardLine:
    """One line, each cell as the text that stands in it; empty for nothing.

    Attributes:
        limit_is_text: the workbook had the limit as text, not as a number.
    """

    category: str
    sub_category: str
    code: str
    condition: str = ""
    limit: str = ""
    unit: str = ""
    responsible_unit: str = ""
    closing_condition: str = ""
    note: str = ""
    limit_is_text: bool = False

    def parsed_limit(self) -> Limit | None:
        """The limit; None where none is fixed.

        Raises:
            ValueError: number or unit cannot be used.
        """
        return Limit.of(self.limit, self.unit) if self.limit or self.unit else None


@dataclass(frozen=True, order=True)
class Fault:
    """A cell that cannot be taken.

    Attributes:
        row: as a spreadsheet counts: the headings are row 1.
        column: one of COLUMNS.
        reason: in words.
    """

    row: int
    column: str
    reason: str


def line_of(
    row: int, cells: Mapping[str, object], is_workbook: bool = False
) -> tuple[StandardLine, list[Fault]]:
    """A line from the cells of a row, and which of them cannot be taken.

    Args:
        cells: by column: texts, numbers, or None for nothing.
        is_workbook: of a format that tells a text from a number.
    """
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    for column in COLUMNS:
        value = cells.get(column)
        text, reason = _text(column, value)
        texts[column] = text
        if reason is not None:
            faults.append(Fault(row, column, reason))
    is_text = is_workbook and isinstance(cells.get("limit"), str) and texts["limit"] != ""
    return StandardLine(**texts, limit_is_text=is_text), faults


def _text(column: str, value: object) -> tuple[str, str | None]:
    """The text of a cell, and why it cannot be taken, if so."""
    if value is None or value == "":
        return "", "is missing" if column in REQUIRED else None
    if isinstance(value, str):
        reason = _unfit(column, value)
        return ("" if reason else value), reason
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "", "is neither text nor a number"
    if column != "limit":
        return str(value), "is a number: format the column as text, or zeros in front are lost"
    return str(int(value) if isinstance(value, float) and value.is_integer() else value), None


def _unfit(column: str, text: str) -> str | None:
    if text.startswith(FORMULA):
        return f"begins with {text[0]!r}, which a spreadsheet takes for a formula"
    if len(text) > MOST_CHARS:
        return f"has {len(text):,} characters; at most {MOST_CHARS:,}"
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c != "\n" for c in text):
        return "holds a control character"
    return "is missing" if column in REQUIRED and not text.strip() else None


def faults_of(rows: Sequence[tuple[int, StandardLine]]) -> list[Fault]:
    """What is wrong with lines whose cells are fit for themselves, in the order of the rows."""
    faults: list[Fault] = []
    groups: dict[str, tuple[int, str]] = {}
    names: dict[str, tuple[int, str]] = {}
    seen: dict[tuple[str, str], int] = {}
    for row, line in rows:
        if not (len(line.code) == 4 and line.code.isascii() and line.code.isdigit()):
            faults.append(Fault(row, "code", f"{line.code[:20]!r} is not a code of four digits"))
            continue
        for column, known, key, name in (
            ("category", groups, line.code[:2], line.category),
            ("sub_category", names, line.code, line.sub_category),
        ):
            first, other = known.setdefault(key, (row, name))
            if other != name:
                faults.append(Fault(row, column, f"{key} is called {other!r} in row {first}"))
        before = seen.setdefault((line.code, line.condition), row)
        if before != row:
            reason = f"code {line.code} has the same condition in row {before}"
            faults.append(Fault(row, "condition", reason))
        faults += _limit_faults(row, line)
    return sorted(faults)


def _limit_faults(row: int, line: StandardLine) -> list[Fault]:
    if bool(line.limit) != bool(line.unit):
        missing, there = ("unit", "limit") if line.limit else ("limit", "unit")
        return [Fault(row, missing, f"is missing beside a {there}")]
    try:
        line.parsed_limit()
    except ValueError as error:
        column = "unit" if "units" in str(error) else "limit"
        return [Fault(row, column, str(error))]
    return []


def by_code(lines: Iterable[StandardLine]) -> dict[str, list[StandardLine]]:
    """The lines of each code, in their order."""
    found: dict[str, list[StandardLine]] = {}
    for line in lines:
        found.setdefault(line.code, []).append(line)
    return found


def limits_of_lines(lines: Sequence[StandardLine]) -> tuple[Limit | None, ...]:
    """The limits of the lines of one code."""
    return tuple(line.parsed_limit() for line in lines)


def limit_text(lines: Sequence[StandardLine]) -> str | None:
    """`4 work_hour`, or `2 urgent_work_day (在建); 15 work_day (已建成)` where it depends."""
    limits = [(f"{line.limit} {line.unit}".strip(), line.condition) for line in lines]
    if len({limit for limit, _ in limits}) == 1:
        return limits[0][0] or None
    return "; ".join(f"{limit} ({condition})" for limit, condition in limits)


def limits_over_time(
    code: str, versions: Iterable[tuple[datetime, datetime | None, tuple[Limit | None, ...]]]
) -> Limits:
    """What the clock of a case of this code goes by: disputes climb a ladder, a warning's clock
    starts when it is assigned.

    Args:
        versions: in force from, until before (None: no end), the limits of the lines in order.
    """
    kind = kind_of(code)
    return Limits(
        versions=tuple(LimitVersion(*version) for version in versions),
        is_ladder=kind == "dispute",
        starts_with=Step.ASSIGN if kind == "warning" else Step.REGISTER,
    )


assert tuple(f.name for f in fields(StandardLine))[: len(COLUMNS)] == COLUMNS
