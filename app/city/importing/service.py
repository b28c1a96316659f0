"""Importing one file: read apart, checked whole, written in one transaction or not at all.

Nothing is held while a file is read, checked and computed; the lock on boundaries is tried when
there is nothing left to do but to write.
"""

import csv
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.city import queries as city_queries
from app.city.importing import areas, cells, incidents, stations, units
from app.city.importing.report import MOST_OUTSIDE_SHARE, ImportReport, Kind
from app.city.importing.work import BoundariesMoved, Options, Work
from app.core.db import reading_long, writing
from app.files import sandbox
from app.files.job import FileRefused, Job, Shape
from app.files.sandbox import FileRows
from app.live.service import restart_stream
from app.places import versions
from geodata.progress import Progress

NAMES_FILE = Path(__file__).with_name("column_names.csv")
MOST_TRIES = 3
"""So often a file is checked anew because boundaries were drawn meanwhile."""
POINTS = (Kind.STATIONS, Kind.INCIDENTS)
FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.AREAS: areas.FIELDS,
    Kind.CELLS: cells.FIELDS,
    Kind.UNITS: units.FIELDS,
    Kind.STATIONS: stations.FIELDS,
    Kind.INCIDENTS: incidents.FIELDS,
}
TAKE: dict[Kind, Callable[[Work], None]] = {
    Kind.AREAS: areas.take,
    Kind.CELLS: cells.take,
    Kind.UNITS: units.take,
    Kind.STATIONS: stations.take,
    Kind.INCIDENTS: incidents.take,
}


class _NotWritten(Exception):
    """Raised to take back what the transaction has done so far."""


def import_file(
    engine: Engine, kind: Kind, file: Path, options: Options, *, progress: Progress, now: datetime
) -> ImportReport:
    """Import one file. See `app.city.service.import_file`."""
    try:
        found = sandbox.read(file, _job(kind, options), progress)
    except FileRefused as error:
        report = ImportReport(kind)
        report.problems.append(str(error))
        return report
    for _ in range(MOST_TRIES):
        report = ImportReport(kind)
        _take_over(report, found)
        try:
            with reading_long(engine) as session, ExitStack() as stack:
                begin = partial(_begin, stack, engine)
                _import(Work(session, begin, found, options, now, report, progress))
        except _NotWritten:
            report.written = 0
        except BoundariesMoved:
            continue
        return report
    raise versions.busy()


def _begin(stack: ExitStack, engine: Engine) -> Session:
    return stack.enter_context(writing(engine))


def _job(kind: Kind, options: Options) -> Job:
    unknown = sorted(options.columns.keys() - set(FIELDS[kind]))
    if unknown:
        raise FileRefused(
            f"--columns: {kind} have no field {', '.join(unknown)}; they have"
            f" {', '.join(FIELDS[kind])}."
        )
    with NAMES_FILE.open(encoding="utf-8", newline="") as names_file:
        names = [(row["field"], row["name"]) for row in csv.DictReader(names_file)]
    return Job(
        path="",
        name="",
        shape=Shape.POINT if kind in POINTS else Shape.POLYGON,
        fields={field: [n for f, n in names if f == field] for field in FIELDS[kind]},
        columns=options.columns,
        crs=options.crs,
        layer=options.layer,
        encoding=options.encoding,
        may_have_address=kind in POINTS,
    )


def _take_over(report: ImportReport, found: FileRows) -> None:
    answer = found.answer
    report.format, report.crs, report.layer = answer.format, answer.crs, answer.layer
    report.rows = answer.rows
    report.notes.extend(answer.notes)
    if answer.unconfined:
        report.notes.append(
            "The process that read the file could not be confined on this machine: a hostile file"
            f" might have reached {' and '.join(answer.unconfined)} (docs/operating.md)."
        )
    report.refused_rows.update(answer.refused_rows)
    report.refusals.extend(answer.refusals)
    if not report.rows:
        report.problems.append("The file has no rows.")


def _import(work: Work) -> None:
    report, progress = work.report, work.progress
    if report.rows:
        progress.step("check", 0, 1)
        TAKE[report.kind](work)
        progress.step("check", 1, 1)
    if report.outside_share > MOST_OUTSIDE_SHARE:
        report.problems.insert(
            0, f"{report.outside_share:.0%} of the rows lie outside; more than"
            f" {MOST_OUTSIDE_SHARE:.0%} means that the file or its coordinate system is wrong.",
        )  # fmt: skip
    if work.options.dry_run or not report.fits:
        raise _NotWritten
    if not work.writes:
        return
    session = work.session
    city_queries.continue_numbers(session)
    restart_stream(session)
    progress.step("finish", 0, 1)
    city_queries.analyze(session)
    progress.step("finish", 1, 1)
