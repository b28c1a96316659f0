"""Keeping the reading model: written in the transaction of each event, from the log alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.queries import limits_of
from app.incidents.clocks.rules import Limits
from app.incidents.clocks.service import calendar_of
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle.rules import Case
from app.incidents.lifecycle.who_may import Unit, Waiting
from app.incidents.reading import queries
from app.incidents.reading.rules import Reading, read
from app.incidents.rules import Event


@dataclass(frozen=True)
class CaseKey:
    """What never changes of a case, and the cell in which it lies."""

    no: int
    reported_at: datetime
    category: str
    cell_code: int


def record(session: Session, key: CaseKey, log: Sequence[Event]) -> None:
    """Write how a case stands after its last event; how it stood until then stays as its past.

    Args:
        log: all of its events, the new one among them.

    Raises:
        Problem: 503 while the city's working days cannot be used.
    """
    limits = limits_of(session, [key.category])[key.category]
    reading, case = read(log, limits, calendar_of(session))
    if not reading.is_open:
        queries.end(session, key.no, reading.since)
        return
    unit = step_queries.unit_of(session, case.unit_id)
    queries.write(session, row_of(key, reading, case, unit))


def row_of(key: CaseKey, reading: Reading, case: Case, unit: Unit | None) -> dict[str, Any]:
    """A row of `case_now`."""
    return {
        "no": key.no,
        "reported_at": key.reported_at,
        "category": key.category,
        "cell_code": key.cell_code,
        **queries.values_of(reading),
        **queries.waiting_values(_waiting(reading, case, unit), who_may.askers_of(case)),
    }


def _waiting(reading: Reading, case: Case, unit: Unit | None) -> Waiting:
    """For whom a case waits: once it goes on by itself, where it is suspended until then."""
    resumed = case.at(reading.resumes_at) if reading.resumes_at is not None else case
    return replace(who_may.waiting_of(resumed, unit), chiefs=who_may.waiting_of(case, unit).chiefs)


def fold(
    key: CaseKey,
    log: Sequence[Event],
    limits: Limits,
    calendar: Calendar,
    units: Mapping[int, Unit],
) -> dict[str, Any] | None:
    """The row of `case_now` that the log of a case asks for; None for a closed case.

    Args:
        units: those to which cases are assigned, by number.
    """
    reading, case = read(log, limits, calendar)
    if not reading.is_open:
        return None
    unit = units.get(case.unit_id) if case.unit_id is not None else None
    return row_of(key, reading, case, unit)
