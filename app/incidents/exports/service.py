"""Taking the list of cases out as a table: the same filters and scope as the list.

The password is asked for again, and one row goes to the audit before the first byte leaves. The
cases are read part by part, each in a transaction of its own: who loads slowly holds none open.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.db import writing
from app.core.errors import invalid, unavailable
from app.core.scope import Scope
from app.core.spreadsheet import CSV_TYPE, XLSX_TYPE, Cell, csv_parts, xlsx_parts
from app.identity.audit import record
from app.identity.rules import Actor
from app.identity.step_up import require_step_up
from app.incidents import queries
from app.incidents.clocks.limits import Calendar
from app.incidents.exports.rows import Reader
from app.incidents.exports.rules import HEADINGS, MOST_CASES
from app.incidents.schemas import IncidentFilter
from app.places import queries as place_queries

SHEET_TITLE = "incidents"


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPE = {Format.CSV: CSV_TYPE, Format.XLSX: XLSX_TYPE}


class ExportBroken(Exception):
    """Fewer cases could be read than were to be taken out: the file must not look complete."""


def export(
    engine: Engine,
    query: IncidentFilter,
    form: Format,
    now: datetime,
    *,
    calendar: Calendar,
    actor: Actor | None,
    scope: Scope | None,
) -> Iterator[bytes]:
    """Take out the cases that a query selects.

    Args:
        actor, scope: of the request; None for the command line.

    Returns:
        The file in parts; until the first is asked for, all but the rows is done.

    Raises:
        Problem: 403 `step-up`; 422 on `since` when they are too many.
    """
    if actor is not None:
        require_step_up(actor)
    with writing(engine, scope) as session:
        total = _count(queries.count(session, query, now))
        words = " ".join(f"{n}={_word(v)}" for n, v in _asked(query).items() if v)
        record(
            session, actor, "export",
            area_code=_area(session, query, actor, scope),
            detail=f"{total} cases as {form}{': ' if words else ''}{words}",
        )  # fmt: skip
    return parts(engine, query, form, now, calendar=calendar, scope=scope, total=total)


def parts(
    engine: Engine,
    query: IncidentFilter,
    form: Format,
    now: datetime,
    *,
    calendar: Calendar,
    scope: Scope | None,
    total: int,
) -> Iterator[bytes]:
    """The file of `total` cases, in parts; raises ExportBroken at its end when there were fewer."""
    rows = _rows(engine, query, now, calendar, scope, total)
    if form is Format.CSV:
        return csv_parts(HEADINGS, rows)
    return xlsx_parts(SHEET_TITLE, HEADINGS, rows)


def _area(session: Session, query: IncidentFilter, actor: Actor | None, scope: Scope | None) -> int:
    """Whose audit is told: that of the area asked for, of the grant's own, of the city."""
    if query.area is not None and (scope is None or scope.holds(query.area)):
        return query.area
    if actor is not None:
        return actor.area_code
    city = place_queries.city(session)
    if city is None:
        raise unavailable("No city is loaded yet. Run `minqing city load`.")
    return int(city.code)


def _asked(query: IncidentFilter) -> dict[str, object]:
    """The words of the query that were said, as they were understood."""
    return {name: getattr(query, name) for name in query.model_fields_set}


def _word(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _count(total: int) -> int:
    if total > MOST_CASES:
        raise invalid(
            "since",
            f"{total:,} cases are selected, and {MOST_CASES:,} can be taken out at once: choose"
            " less time or a smaller area",
        )
    return total


def _rows(  # noqa: PLR0917 what, as of when, for whom
    engine: Engine,
    query: IncidentFilter,
    now: datetime,
    calendar: Calendar,
    scope: Scope | None,
    total: int,
) -> Iterator[tuple[Cell, ...]]:
    sent = 0
    for sent, row in enumerate(Reader(query, now, calendar).rows(engine, scope), 1):  # noqa: B007
        yield row
    if sent < total:
        raise ExportBroken(f"{sent} of {total} cases could be read")
