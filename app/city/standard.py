"""The filing standard as rows of the tables: the lines as they stand, the categories they make.

The nine columns are in `app.incidents.clocks.standard`. English names stand in a file of their own,
for no city's spreadsheet has a column for them.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.incidents import rules
from app.incidents.clocks.standard import StandardLine, by_code, faults_of, limit_text, line_of

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


@dataclass(frozen=True)
class Standard:
    """A filing standard: its lines in their order, and the categories they make."""

    lines: tuple[StandardLine, ...]
    categories: tuple[CategoryRow, ...]


def shipped_standard(standard: Path = STANDARD_FILE, english: Path = ENGLISH_FILE) -> Standard:
    """The standard with which a city begins.

    Raises:
        ValueError: a line that cannot be used, or a code without its English name.
    """
    read = [(row, *line_of(row, cells)) for row, cells in enumerate(_rows(standard), 2)]
    rows = [(row, line) for row, line, _ in read]
    faults = [fault for *_, faults in read for fault in faults] or faults_of(rows)
    if faults:
        raise ValueError(f"{standard.name}: row {faults[0].row}, {faults[0].reason}")
    lines = tuple(line for _, line in rows)
    names_en = english_names(english)
    missing = sorted({c for line in lines for c in (line.code, line.code[:2])} - names_en.keys())
    if missing:
        raise ValueError(f"{english.name} names no {', '.join(missing)}")
    return Standard(lines, categories_of(lines, names_en))


def english_names(path: Path = ENGLISH_FILE) -> dict[str, str]:
    """English names by code, of groups and of categories."""
    return {row["code"]: row["name_en"] for row in _rows(path)}


def categories_of(
    lines: Sequence[StandardLine], names_en: Mapping[str, str]
) -> tuple[CategoryRow, ...]:
    """The categories of a standard, ascending by code; without an English name the Chinese one."""
    found: dict[str, CategoryRow] = {}
    for code, same in by_code(lines).items():
        kind, group = rules.kind_of(code), code[:2]
        name, group_name = same[0].sub_category, same[0].category
        found[group] = CategoryRow(
            group, None, group_name, names_en.get(group, group_name), kind, None
        )
        found[code] = CategoryRow(
            code, group, name, names_en.get(code, name), kind, limit_text(same)
        )
    return tuple(found[code] for code in sorted(found))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)
