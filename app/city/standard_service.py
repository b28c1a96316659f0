"""The filing standard over HTTP: reading it, and publishing what was uploaded."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.city import publishing, standard_queries
from app.city.publishing import CaseChange, PublishReport
from app.city.standard_schemas import (
    CellError,
    ChangedCase,
    ChangedCases,
    ChangedLimit,
    FilingStandard,
    StandardLineBody,
    StandardPreview,
)
from app.core.db import reading
from app.core.errors import FieldError, Problem, invalid, not_found, too_large, unavailable
from app.files.job import FileRefused
from app.identity.rules import Actor
from app.incidents.clocks.limits import Calendar, CalendarUnknown, Limit, due
from app.incidents.clocks.standard import Fault
from app.places import queries as place_queries

MOST_BYTES = 4 * 2**20
MOST_CASES, MOST_FAULTS = 500, 200
ENDINGS = {b"PK\x03\x04": ".xlsx"}


def read(session: Session, at: datetime) -> FilingStandard:
    """The standard in force at `at`.

    Raises:
        Problem: 404 where none was.
    """
    valid = standard_queries.valid_at(session, at)
    if valid is None:
        raise not_found("filing standard in force at", at.isoformat())
    lines = standard_queries.lines_at(session, at)
    return FilingStandard(
        valid_from=valid[0],
        valid_until=valid[1],
        lines=[StandardLineBody.model_validate(line) for line in lines],
    )


def workbook(engine: Engine, at: datetime) -> bytes:
    """The same as a workbook of nine columns.

    Raises:
        Problem: 404 where none was.
    """
    with tempfile.TemporaryDirectory(prefix="minqing-standard-") as folder:
        file = Path(folder) / "standard.xlsx"
        try:
            publishing.export_standard(engine, file, at)
        except FileRefused:
            raise not_found("filing standard in force at", at.isoformat()) from None
        return file.read_bytes()


def publish(
    engine: Engine,
    actor: Actor,
    upload: BinaryIO,
    valid_from: date,
    now: datetime,
    *,
    calendar: Calendar,
    dry_run: bool,
) -> StandardPreview:
    """Publish an uploaded standard on a date, or say what that would do.

    Args:
        actor: must act for the whole city, for every part of it is held to the standard.
        valid_from: the local day from whose beginning it is in force.
        calendar: by which deadlines are computed.

    Raises:
        Problem: 403 for who acts for a part of the city; 413; 422 on `valid_from`, on `file`, and,
            unless it is a preview, on every cell that cannot be taken.
    """
    _check_whole_city(engine, actor)
    try:
        with _kept(upload) as file:
            report = publishing.publish(engine, file, valid_from, now, dry_run=dry_run, actor=actor)
    except OverflowError:
        raise invalid("valid_from", "is out of range") from None
    if report.problem is not None:
        is_past = "lies in the past" in report.problem
        raise invalid("valid_from" if is_past else "file", report.problem)
    if report.faults and not dry_run:
        raise _refused(report.faults)
    return _as_sent(engine, report, calendar)


def _check_whole_city(engine: Engine, actor: Actor) -> None:
    with reading(engine) as session:
        city = place_queries.city(session)
    if city is None:
        raise unavailable("No city is loaded yet. Run `minqing city load`.")
    if actor.area_code != city.code:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "outside-scope",
            "Outside your area",
            "The filing standard is that of the whole city; act under a grant for the city.",
        )


@contextmanager
def _kept(upload: BinaryIO) -> Iterator[Path]:
    """The upload as a file of ours, named by what its content is, not by what it is called."""
    if upload.seek(0, os.SEEK_END) > MOST_BYTES:
        raise too_large("file", MOST_BYTES)
    upload.seek(0)
    ending = ENDINGS.get(upload.read(4), ".csv")
    upload.seek(0)
    with tempfile.TemporaryDirectory(prefix="minqing-standard-") as folder:
        file = Path(folder) / f"file{ending}"
        with file.open("xb") as target:
            shutil.copyfileobj(upload, target, 1 << 20)
        yield file


def _refused(faults: list[Fault]) -> Problem:
    errors = tuple(FieldError(f"row {f.row}, {f.column}", f.reason) for f in faults[:MOST_FAULTS])
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-input",
        "Invalid input",
        f"{len(faults):,} cells cannot be taken; nothing was published.",
        errors,
    )


def _as_sent(engine: Engine, report: PublishReport, calendar: Calendar) -> StandardPreview:
    changes = [ChangedLimit.model_validate(vars(change)) for change in report.changes]
    shown = report.cases[:MOST_CASES]
    with reading(engine) as session:
        titles = standard_queries.titles(session, [case.no for case in shown])
    return StandardPreview(
        valid_from=report.effective_at,
        published=report.written,
        lines=report.lines,
        added=[change for change in changes if change.before is None],
        removed=[change for change in changes if change.after is None],
        changed=[c for c in changes if c.before is not None and c.after is not None],
        cases=ChangedCases(
            n=len(report.cases),
            kept=report.untouched,
            items=[_case(case, titles.get(case.no, ""), calendar) for case in shown],
        ),
        errors=[
            CellError(row=f.row, column=f.column, message=f.reason)
            for f in report.faults[:MOST_FAULTS]
        ],
    )


def _case(case: CaseChange, title: str, calendar: Calendar) -> ChangedCase:
    return ChangedCase(
        no=case.no,
        title=title,
        code=case.code,
        limit_before=None if case.before is None else str(case.before),
        limit_after=None if case.after is None else str(case.after),
        due_before=_due(case.started_at, case.before, calendar),
        due_after=_due(case.started_at, case.after, calendar),
    )


def _due(start: datetime | None, limit: Limit | None, calendar: Calendar) -> datetime | None:
    if start is None or limit is None:
        return None
    try:
        return due(start, limit, calendar)
    except CalendarUnknown:
        return None
