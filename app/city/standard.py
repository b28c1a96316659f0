"""The filing standard as it is published: nine columns, one line a code and condition.

Columns: category, sub_category, code, condition, limit, unit, responsible_unit,
closing_condition, note. English names stand beside it in a file of their own.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.incidents import rules

FOLDER = Path(rules.__file__).parent
STANDARD_FILE = FOLDER / "filing_standard.csv"
ENGLISH_FILE = FOLDER / "category_names_en.csv"


@dataclass(frozen=True)
class CategoryRow:
    """One category: two digits for a group, four for a category in it."""

    code: str
    parent_code: str | None
    name_zh: str
    name_en: str
    kind: str
    limit_text: str | None


def read_categories(
    standard: Path = STANDARD_FILE, english: Path = ENGLISH_FILE
) -> list[CategoryRow]:
    """The categories of the standard, ascending by code.

    Raises:
        ValueError: a code without its four digits, or without its English name.
    """
    names_en = {row["code"]: row["name_en"] for row in _rows(english)}
    lines: dict[str, list[dict[str, str]]] = {}
    for row in _rows(standard):
        code = row["code"]
        if not (len(code) == 4 and code.isascii() and code.isdigit()):
            raise ValueError(f"{standard.name}: {code!r} is not a code of four digits")
        lines.setdefault(code, []).append(row)
    missing = sorted({c for code in lines for c in (code, code[:2])} - names_en.keys())
    if missing:
        raise ValueError(f"{english.name} names no {', '.join(missing)}")
    groups = {code[:2]: rows[0]["category"] for code, rows in lines.items()}
    found = [
        CategoryRow(code, None, name, names_en[code], rules.kind_of(code), None)
        for code, name in groups.items()
    ]
    found += [
        CategoryRow(
            code, code[:2], rows[0]["sub_category"], names_en[code], rules.kind_of(code),
            _limit(rows),
        )
        for code, rows in lines.items()
    ]  # fmt: skip
    return sorted(found, key=lambda row: row.code)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _limit(rows: list[dict[str, str]]) -> str | None:
    """`4 work_hour`, or `2 urgent_work_day (在建); 15 work_day (已建成)` where it depends."""
    limits = [(f"{row['limit']} {row['unit']}".strip(), row["condition"]) for row in rows]
    if len({limit for limit, _ in limits}) == 1:
        return limits[0][0] or None
    return "; ".join(f"{limit} ({condition})" for limit, condition in limits)
