"""A city's own days, as they stand in `working_days.csv` in the data dir. Pure.

    day,kind,note
    2026-12-07,holiday,city day of remembrance
    2027,covered,after the notice of 2026-11
    2027-01-01,holiday,New Year's Day
    2027-02-14,working,pays for Spring Festival

In a year that is `covered` Monday to Friday are worked unless the file says otherwise.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

COLUMNS = ["day", "kind", "note"]
COVERED = "covered"
MOST_DAYS = 1_000
MOST_NOTE_CHARS = 200


class DayKind(StrEnum):
    """What a day is."""

    HOLIDAY = "holiday"
    WORKING = "working"


@dataclass(frozen=True, order=True)
class OwnDay:
    """A local day of which the city says itself whether it is worked."""

    day: date
    kind: DayKind
    note: str = ""


@dataclass(frozen=True, order=True)
class DayFault:
    """A line that cannot be used.

    Attributes:
        line: as an editor counts, from 1; the headings are line 1.
        column: `day`, `kind`, `note`; empty for the file as a whole.
        reason: in words.
    """

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class DaysUnfit(ValueError):
    """Days that cannot be taken, with every fault."""

    def __init__(self, faults: Sequence[DayFault]) -> None:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")
        self.faults = tuple(faults)


@dataclass(frozen=True)
class OwnDays:
    """All that a city says.

    Attributes:
        days: in order, each day once.
        covered: years that the city describes whole, with the note beside each.
    """

    days: tuple[OwnDay, ...] = ()
    covered: dict[int, str] = field(default_factory=dict)

    def of_year(self, year: int) -> list[OwnDay]:
        """The days of one year, in order."""
        return [one for one in self.days if one.day.year == year]

    def with_year(self, year: int, days: Iterable[OwnDay], note: str) -> "OwnDays":
        """The same, with one year described whole by these days and no others."""
        others = [one for one in self.days if one.day.year != year]
        return OwnDays(tuple(sorted([*others, *days])), self.covered | {year: note})


def parse(text: str) -> OwnDays:
    """A city's own days from the text of its file.

    Raises:
        DaysUnfit: wrong columns, a line that is no day or year, a day or a year given twice.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    taken = _Taken()
    try:
        if next(lines, None) != COLUMNS:
            raise DaysUnfit([DayFault(1, "", f"the columns must be {','.join(COLUMNS)}")])
        for cells in lines:
            if cells:
                taken.take(lines.line_num, cells)
    except csv.Error as error:
        taken.faults.append(DayFault(lines.line_num, "", str(error)))
    return taken.given()


def parse_rows(rows: Iterable[tuple[str, str, str]]) -> OwnDays:
    """A city's own days from `day`, `kind`, `note` of each; counted from line 2, as in a file.

    Raises:
        DaysUnfit: as `parse`.
    """
    taken = _Taken()
    for line, cells in enumerate(rows, 2):
        taken.take(line, cells)
    return taken.given()


def render(own: OwnDays) -> str:
    """The text of the file, sorted: each year before its days."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = [(f"{year}", COVERED, note) for year, note in own.covered.items()]
    rows += [(f"{one.day}", one.kind.value, one.note) for one in own.days]
    writer.writerows(sorted(rows))
    return out.getvalue()


class _Taken:
    """What has been read so far, and what could not be."""

    def __init__(self) -> None:
        self.faults: list[DayFault] = []
        self._days: dict[date, OwnDay] = {}
        self._covered: dict[int, str] = {}
        self._lines: dict[date | int, int] = {}

    def take(self, line: int, cells: Sequence[str]) -> None:
        """Take one line, or note why not."""
        if len(cells) != len(COLUMNS):
            self._refuse(line, "", f"has {len(cells)} cells instead of {len(COLUMNS)}")
            return
        day, kind, note = cells
        if len(note) > MOST_NOTE_CHARS or not note.isprintable():
            self._refuse(line, "note", f"is longer than {MOST_NOTE_CHARS} characters, or no text")
        elif kind == COVERED:
            self._take_year(line, day, note)
        elif kind not in set(DayKind):
            self._refuse(line, "kind", f"{kind!r} is none of holiday, working, covered")
        else:
            self._take_day(line, day, DayKind(kind), note)

    def given(self) -> OwnDays:
        """All of it.

        Raises:
            DaysUnfit: something could not be taken.
        """
        if len(self._days) > MOST_DAYS:
            self._refuse(1, "", f"more than {MOST_DAYS} days")
        if self.faults:
            raise DaysUnfit(sorted(self.faults))
        return OwnDays(tuple(sorted(self._days.values())), dict(sorted(self._covered.items())))

    def _take_year(self, line: int, words: str, note: str) -> None:
        if not re.fullmatch(r"[12][0-9]{3}", words, re.ASCII):
            self._refuse(line, "day", f"{words!r} is not a year such as 2027")
        elif self._is_new(line, int(words), f"{words} is said to be covered twice"):
            self._covered[int(words)] = note

    def _take_day(self, line: int, words: str, kind: DayKind, note: str) -> None:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", words, re.ASCII):
            self._refuse(line, "day", f"{words!r} is not a day such as 2027-01-01")
            return
        try:
            day = date.fromisoformat(words)
        except ValueError:
            self._refuse(line, "day", f"{words!r} is not a day of the calendar")
            return
        known = self._days.get(day)
        differs = known is not None and known.kind is not kind
        how = "said to be both holiday and working" if differs else "given twice"
        if self._is_new(line, day, f"{words} is {how}"):
            self._days[day] = OwnDay(day, kind, note)

    def _is_new(self, line: int, key: date | int, reason: str) -> bool:
        first = self._lines.setdefault(key, line)
        if first != line:
            self._refuse(line, "day", f"{reason} (line {first} has it)")
        return first == line

    def _refuse(self, line: int, column: str, reason: str) -> None:
        self.faults.append(DayFault(line, column, reason))
