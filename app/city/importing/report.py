"""What an import says of a file."""

import csv
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.core.spreadsheet import harmless
from app.files.job import MOST_REFUSALS, Refusal

MOST_OUTSIDE_SHARE = 0.2
# A spreadsheet takes a cell that begins so for a formula.


class Kind(StrEnum):
    """What can be imported."""

    AREAS = "areas"
    CELLS = "cells"
    UNITS = "units"
    STATIONS = "stations"
    INCIDENTS = "incidents"


@dataclass
class ImportReport:
    """How an import went.

    Attributes:
        kind: what was imported.
        format, crs, layer: of the file, as it was read.
        rows: how many rows the file has.
        refusals: rows that cannot be taken, the first MOST_REFUSALS of them.
        refused: how many there are.
        outside: rows that lie outside the city, or outside the area they name.
        known: rows that were there already, word for word.
        problems: why the file as a whole cannot be taken.
        notes: what its sender should know.
        written: rows that are now in the database.
    """

    kind: Kind
    format: str = ""
    crs: str | None = None
    layer: str | None = None
    rows: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    refused_rows: set[int] = field(default_factory=set)
    outside_rows: set[int] = field(default_factory=set)
    known: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    written: int = 0

    @property
    def refused(self) -> int:
        """How many rows cannot be taken."""
        return len(self.refused_rows)

    @property
    def outside_share(self) -> float:
        """Share of the rows that lie outside, 0 to 1."""
        return len(self.outside_rows) / self.rows if self.rows else 0.0

    @property
    def fits(self) -> bool:
        """Whether the whole file can be taken."""
        return not (self.refused_rows or self.problems)

    def refuse(self, row: int, at: str, reason: str) -> None:
        """Note a row that cannot be taken."""
        self.refused_rows.add(row)
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(Refusal(row, at, reason))

    def refuse_outside(self, row: int, at: str, reason: str) -> None:
        """Note a row that lies outside."""
        self.outside_rows.add(row)
        self.refuse(row, at, reason)

    def write_csv(self, path: Path) -> None:
        """Write the refused rows as a table that a spreadsheet opens safely."""
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow(["row", "field", "reason"])
            for refusal in sorted(self.refusals, key=lambda refusal: refusal.row):
                table.writerow([refusal.row, harmless(refusal.field), harmless(refusal.reason)])
