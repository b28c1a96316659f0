"""Publishing a filing standard on a date: checked, shown beforehand, written whole or not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.city import standard_queries
from app.city.standard import Standard, categories_of, english_names
from app.core.clock import CITY_ZONE
from app.core.db import reading, writing
from app.files import sheet
from app.files.job import FileRefused
from app.identity.audit import record
from app.identity.rules import Actor
from app.incidents.clocks.limits import Limit
from app.incidents.clocks.queries import event_of, limits_of
from app.incidents.clocks.rules import Limits, start_of
from app.incidents.clocks.standard import (
    COLUMNS,
    MOST_LINES,
    Fault,
    StandardLine,
    by_code,
    faults_of,
    limit_text,
    limits_of_lines,
    limits_over_time,
    line_of,
)
from app.incidents.models import CLOSED
from app.incidents.reading.rewriting import ask_rewrite
from app.incidents.rules import Event, Tier
from app.places import queries as place_queries
from app.places import versions

SHEET_TITLE = "filing_standard"


@dataclass(frozen=True)
class LimitChange:
    """A code whose limits become others; None for a code that is not in that standard."""

    code: str
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class CaseChange:
    """An open case that would have another limit: its clock starts, or started, under the new one.

    Attributes:
        started_at: when its clock started; None while it has not.
    """

    no: int
    code: str
    started_at: datetime | None
    before: Limit | None
    after: Limit | None


@dataclass
class PublishReport:
    """What publishing a standard does, or would do.

    Attributes:
        effective_at: from when it is in force (UTC).
        lines: how many it has.
        faults: cells that cannot be taken; then nothing is published.
        problem: why the file as a whole cannot be taken.
        changes: limits that become others, codes that come and go.
        content: the lines themselves, where all of them can be taken.
        cases: open cases that would have another limit.
        untouched: open cases of changed codes that keep theirs, for it was in force when their
            clock started.
        written: whether it was published.
    """

    effective_at: datetime
    lines: int = 0
    faults: list[Fault] = field(default_factory=list)
    problem: str | None = None
    changes: list[LimitChange] = field(default_factory=list)
    cases: list[CaseChange] = field(default_factory=list)
    content: list[StandardLine] = field(default_factory=list)
    untouched: int = 0
    written: bool = False

    @property
    def fits(self) -> bool:
        """Whether it can be published."""
        return not self.faults and self.problem is None


def export_standard(engine: Engine, file: Path, at: datetime) -> int:
    """Write the standard in force at `at` as one sheet of nine columns; how many lines it has.

    Raises:
        FileRefused: there is none, or the file cannot be written.
    """
    with reading(engine) as session:
        lines = standard_queries.lines_at(session, at)
    if not lines:
        raise FileRefused("No filing standard is in force then.")
    as_numbers = file.suffix.lower() == ".xlsx"
    rows = [_cells(line, as_numbers=as_numbers) for line in lines]
    sheet.write_sheet(file, SHEET_TITLE, COLUMNS, rows)
    return len(lines)


def publish(
    engine: Engine,
    file: Path,
    effective_on: date,
    now: datetime,
    *,
    dry_run: bool,
    actor: Actor | None = None,
) -> PublishReport:
    """Put a standard into force from the beginning of a local day. All of it, or nothing changes.

    It replaces whatever was to be in force from then on.

    Args:
        effective_on: today at the earliest: what was due yesterday stays so.
        dry_run: only say what would change.
        actor: who publishes; None for the command line. Written to the audit with what is
            published.

    Raises:
        Problem: 409 `boundaries-busy` while a city is loaded, imported or redrawn.
    """
    midnight = datetime.combine(effective_on, time(), CITY_ZONE).astimezone(UTC)
    report = PublishReport(midnight)
    if effective_on < now.astimezone(CITY_ZONE).date():
        report.problem = f"{effective_on} lies in the past: what was due then would change."
        return report
    try:
        lines = _read(file, report)
    except FileRefused as error:
        report.problem = str(error)
        return report
    if not report.fits:
        return report
    report.content = lines
    with reading(engine) if dry_run else writing(engine) as session:
        if not dry_run:
            versions.lock_boundaries(session)
        _preview(session, lines, report)
        if not dry_run:
            names_en = {**english_names(), **standard_queries.english_names(session)}
            standard_queries.end_standard(session, midnight)
            standard = Standard(tuple(lines), categories_of(lines, names_en))
            standard_queries.write_standard(session, standard, f"[{midnight.isoformat()},)")
            _note(session, report, effective_on, actor)
            ask_rewrite(session, midnight)
            report.written = True
    return report


def _note(session: Session, report: PublishReport, effective_on: date, actor: Actor | None) -> None:
    city = place_queries.city(session)
    if city is not None:
        detail = f"{report.lines} lines from {effective_on}, {len(report.changes)} limits change"
        record(session, actor, "standard_published", area_code=city.code, detail=detail)


def _cells(line: StandardLine, *, as_numbers: bool) -> list[sheet.Cell]:
    cells: list[sheet.Cell] = [getattr(line, column) for column in COLUMNS]
    if as_numbers and line.limit and not line.limit_is_text:
        cells[COLUMNS.index("limit")] = _number(line.limit)
    return cells


def _number(text: str) -> sheet.Cell:
    """A limit as the number it is, unless that would not be written the same way again."""
    number = float(text) if "." in text else int(text)
    return number if str(number) == text else text


def _read(file: Path, report: PublishReport) -> list[StandardLine]:
    found = sheet.read_sheet(file, MOST_LINES)
    missing = [column for column in COLUMNS if column not in found.headings]
    strange = [heading for heading in found.headings if heading not in COLUMNS]
    if missing or strange or len(found.headings) != len(COLUMNS):
        what = f"; missing: {', '.join(missing)}" if missing else ""
        what += f"; not known: {', '.join(map(repr, strange))}" if strange else ""
        raise FileRefused(f"The columns must be {', '.join(COLUMNS)}{what}.")
    if not found.rows:
        raise FileRefused("The table has no lines.")
    is_workbook = file.suffix.lower() == ".xlsx"
    fit: list[tuple[int, StandardLine]] = []
    for row, cells in found.rows:
        line, faults = line_of(row, dict(zip(found.headings, cells, strict=True)), is_workbook)
        report.faults += faults
        if not faults:
            fit.append((row, line))
    report.faults = sorted(report.faults + faults_of(fit))
    report.lines = len(found.rows)
    return [line for _, line in fit]


def _preview(session: Session, lines: Iterable[StandardLine], report: PublishReport) -> None:
    """Which limits change, and for which open cases."""
    at = report.effective_at
    before = by_code(standard_queries.lines_at(session, at))
    after = by_code(lines)
    for code in sorted(before.keys() | after.keys()):
        old, new = before.get(code, []), after.get(code, [])
        if limits_of_lines(old) != limits_of_lines(new) or not (old and new):
            name = (new or old)[0].sub_category
            report.changes.append(
                LimitChange(
                    code, name, limit_text(old) if old else None, limit_text(new) if new else None
                )
            )
    changed = [change.code for change in report.changes]
    known = limits_of(session, changed)
    coming = {
        code: limits_over_time(code, [(at, None, limits_of_lines(after.get(code, [])))])
        for code in changed
    }
    steps = standard_queries.open_logs(session, changed, CLOSED)
    for (no, code), log in groupby(steps, lambda step: (step.no, step.category)):
        _judge(no, code, [event_of(step) for step in log], (known, coming), report)


def _judge(
    no: int,
    code: str,
    log: list[Event],
    standards: tuple[Mapping[str, Limits], Mapping[str, Limits]],
    report: PublishReport,
) -> None:
    known, coming = standards
    start = start_of(log, known[code])
    # A clock that has not started yet will, at the earliest, when the new standard is in force.
    begins_at = start.at if start else report.effective_at
    tier: Tier = start.tier if start else log[-1].tier
    old = known[code].at(begins_at, tier)
    if begins_at < report.effective_at:
        report.untouched += 1
        return
    new = coming[code].at(begins_at, tier)
    if old != new:
        report.cases.append(CaseChange(no, code, start.at if start else None, old, new))
    else:
        report.untouched += 1
