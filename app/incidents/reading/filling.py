"""Writing the reading model anew from the log: after a load, after an upgrade, on demand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from psycopg import sql
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.core.binary_copy import read_rows, write_rows
from app.core.bulk import build_indexes, without_indexes
from app.core.clock import utc_now
from app.core.db import driver_of
from app.incidents.clocks.queries import limited_categories, limits_of
from app.incidents.clocks.service import calendar_of
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle.who_may import Unit
from app.incidents.reading import bulk
from app.incidents.reading.bulk import Logs, Standard
from app.incidents.reading.models import CASE_PAST, CaseNow
from app.incidents.reading.openhours import IntArray
from app.incidents.reading.queries import PAST_COLUMNS
from app.incidents.reading.service import CaseKey, fold
from app.incidents.rules import STATUS_NUMBERS, TIER_NUMBERS
from geodata.progress import Progress

CHUNK_CASES = 15_000
CHUNK_ROWS = 2_000
_CASE_COLUMNS = (("no", "i8"), ("category", "i2"), ("cell_code", "i8"))
_EVENT_COLUMNS = (
    ("no", "i8"), ("at", "i8"), ("ordinal", "i2"), ("step", "i2"), ("status", "i2"),
    ("tier", "i2"), ("unit_id", "i8"), ("until", "i8"), ("from_cell", "i8"),
)  # fmt: skip
_CASES = "SELECT no, category::text::int2, cell_code FROM incident WHERE {}"
_EVENTS = """
SELECT no, at, ordinal, coalesce(array_position({}::text[], step), 1)::int2 - 1::int2,
       ({}::int2[])[array_position({}::text[], status)],
       ({}::int2[])[array_position({}::text[], tier)],
       coalesce(unit_id, -1), coalesce(until, '-infinity'), coalesce(from_cell, -1)
FROM incident_event WHERE {}
"""


def fill(session: Session, progress: Progress) -> int:
    """Write both tables, which are empty, from the whole log; how many rows.

    Args:
        session: in a transaction of the caller's, without a scope.
        progress: told of the cases done; may raise to stop.
    """
    session.execute(text("SET LOCAL enable_seqscan = off"))  # nothing may be known of the tables
    first, last = numbers(session)
    if last < first:
        return 0
    standard = standard_of(session)
    bare = without_indexes(driver_of(session), CASE_PAST.name)
    written = 0
    for begin in range(first, last + 1, CHUNK_CASES):
        progress.step("read the log", begin - first, last - first + 1)
        logs = logs_between(session, begin, min(begin + CHUNK_CASES - 1, last))
        written += write_past(session, logs, standard)
    progress.step("read the log", last - first + 1, last - first + 1)
    build_indexes(driver_of(session), bare, progress)
    written += write_open(session, standard, progress)
    session.execute(text("ANALYZE case_now, case_past"))
    return written


def standard_of(session: Session) -> Standard:
    """What the clocks of all cases go by."""
    years = session.execute(
        text("SELECT extract(year FROM min(reported_at))::int AS first FROM incident")
    ).one()
    return standard_since(session, years.first or utc_now().year)


def standard_since(session: Session, first_year: int) -> Standard:
    """What the clocks of cases go by that were reported in a year (UTC) or later."""
    found = limits_of(session, limited_categories(session))
    return Standard.of(
        {int(code): limits for code, limits in found.items()},
        calendar_of(session),
        first_year,
        utc_now().year + 1,
    )


def numbers(session: Session) -> tuple[int, int]:
    """The first and the last number of a case; the last below the first where there is none."""
    row = session.execute(
        text("SELECT coalesce(min(no), 1) AS first, coalesce(max(no), 0) AS last FROM incident")
    ).one()
    return row.first, row.last


def logs_between(session: Session, first: int, last: int) -> Logs:
    """The logs of the cases whose numbers lie between two, both included."""
    bounds = sql.Literal(first), sql.Literal(last)
    return _logs(session, sql.SQL("no BETWEEN {} AND {}").format(*bounds))


def logs_of(session: Session, nos: Sequence[int]) -> Logs:
    """The logs of some cases."""
    if isinstance(nos, range):
        return logs_between(session, nos.start, nos.stop - 1)
    return _logs(session, sql.SQL("no = ANY ({}::bigint[])").format(sql.Literal(list(nos))))


def _logs(session: Session, chosen: sql.Composable) -> Logs:
    driver = driver_of(session)
    cases = read_rows(driver, sql.SQL(_CASES).format(chosen), _CASE_COLUMNS)
    cases = cases[np.argsort(cases["no"])]
    steps = sql.Literal([step.value for step in bulk.STEPS])
    numbers = [
        part
        for known in (STATUS_NUMBERS, TIER_NUMBERS)
        for part in (sql.Literal(list(known.values())), sql.Literal([w.value for w in known]))
    ]
    events = sql.SQL(_EVENTS).format(steps, *numbers, chosen)
    found = read_rows(driver, events, _EVENT_COLUMNS)
    found = found[np.lexsort((found["ordinal"], found["no"]))]
    case = np.searchsorted(cases["no"], found["no"])
    return Logs(
        no=cases["no"],
        category=cases["category"].astype(np.int64),
        case=case,
        at=found["at"],
        ordinal=found["ordinal"].astype(np.int64),
        step=found["step"].astype(np.int64),
        status=found["status"].astype(np.int64),
        tier=found["tier"].astype(np.int64),
        unit_id=found["unit_id"],
        until=found["until"],
        cell_code=_cells(case, cases["cell_code"], found["from_cell"]),
    )


def _cells(case: IntArray, now: IntArray, left: IntArray) -> IntArray:
    """(e,) The cell in which its case lay after each event: the one that it left next, or that of
    now.

    Args:
        case: (e,) place of its case.
        now: (c,) the cell of each case as it lies now.
        left: (e,) the cell that an event left; negative for one that left none.
    """
    cells = now[case]
    for place in np.flatnonzero(left >= 0)[::-1]:
        before = np.arange(np.searchsorted(case, case[place]), place)
        cells[before] = left[place]
    return cells


def write_past(
    session: Session, logs: Logs, standard: Standard, table: str = CASE_PAST.name
) -> int:
    """Write the past of some cases; how many rows.

    Args:
        table: `case_past`, or one of the same columns.
    """
    written = write_rows(driver_of(session), table, bulk.ordinary_past(logs, standard))
    return written + write_strange(session, bulk.strange_past(logs, standard), table)


def write_strange(
    session: Session, rows: Iterable[Mapping[str, Any]], table: str = CASE_PAST.name
) -> int:
    """Write rows that were folded one by one; how many.

    Args:
        rows: as `bulk.strange_past` gives them.
        table: as for `write_past`.
    """
    written = 0
    names = ", ".join(PAST_COLUMNS)
    statement = text(
        f"INSERT INTO {table} ({names})"  # noqa: S608 (names of our own)
        f" VALUES ({', '.join(':' + name for name in PAST_COLUMNS)})"
    )
    for part in _in_parts(rows):
        session.execute(statement, part)
        written += len(part)
    return written


def write_open(session: Session, standard: Standard, progress: Progress, first: int = 0) -> int:
    """Write the rows of the open cases from a number on, which have none; how many."""
    done = 0
    progress.step("read open cases", 0, 1)
    logs = step_queries.open_logs(session, first)
    for rows, total in fold_open(session, logs, standard):
        progress.step("read open cases", done, total)
        session.execute(insert(CaseNow), rows)
        done += len(rows)
    progress.step("read open cases", done, max(done, 1))
    return done


def fold_open(
    session: Session, logs: Sequence[Any], standard: Standard
) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Rows of `case_now` that logs ask for, some at a time, with how many there are in all.

    Args:
        logs: events of whole cases, case by case, as `lifecycle.queries.open_logs` gives them.
    """
    cases = [list(events) for _, events in groupby(logs, lambda row: row.no)]
    found = step_queries.units(session, (row.unit_id for row in logs if row.unit_id))
    units = {number: step_queries.as_unit(row) for number, row in found.items()}
    folded = (row for one in cases if (row := _fold(one, standard, units)) is not None)
    for part in _in_parts(folded):
        yield part, len(cases)


def _fold(
    events: Sequence[Any], standard: Standard, units: Mapping[int, Unit]
) -> dict[str, Any] | None:
    first = events[0]
    key = CaseKey(first.no, first.reported_at, first.category, first.cell_code)
    log = [step_queries.event_of(event) for event in events]
    limits = standard.limits_of(int(first.category))
    return fold(key, log, limits, standard.calendar, units)


def _in_parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == CHUNK_ROWS:
            yield part
            part = []
    if part:
        yield part
