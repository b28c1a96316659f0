"""The cases of an export, read part by part: what the list would show, without what it would send.

Each part is a transaction of its own, so whoever loads slowly holds none open, and no more than one
part is in memory. What every part needs is read once: names of areas and categories, limits.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import CITY_ZONE
from app.core.db import reading
from app.core.scope import Scope
from app.core.spreadsheet import Cell
from app.incidents import queries, rules
from app.incidents.clocks import queries as clock_queries
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.rules import Clock, Limits, clock_of
from app.incidents.exports.rules import COLUMNS
from app.incidents.queries import AnyRow
from app.incidents.schemas import IncidentFilter
from app.places import service as places

PART = 1_000


class Reader:
    """Reads the cases that a query selects, newest first.

    Args:
        now: the present; with `at` in the query all is as of that minute.
        calendar: by which working days are counted.
    """

    def __init__(self, query: IncidentFilter, now: datetime, calendar: Calendar) -> None:
        self._query, self._now, self._calendar = query, now, calendar
        self._as_of = query.at or now
        self._names: dict[str, str] | None = None
        self._limits: dict[str, Limits] = {}
        self._places: dict[int, str] = {}

    def rows(self, engine: Engine, scope: Scope | None) -> Iterator[tuple[Cell, ...]]:
        """The cells of each case, in the order of `COLUMNS`."""
        last: tuple[datetime, int] | None = None
        while True:
            with reading(engine, scope) as session:
                found = queries.selected(session, self._query, self._now, last, PART)
                cells = self._cells(session, found) if found else []
            yield from cells
            if len(found) < PART:
                return
            last = (found[-1].reported_at, found[-1].no)

    def _cells(self, session: Session, found: queries.Rows) -> list[tuple[Cell, ...]]:
        logs = self._logs(session, found)
        self._read_names(session, found)
        return [
            tuple(_cell(told[name]) for name, _ in COLUMNS)
            for row in found
            if (told := self._told(row, logs[row.no])) is not None
        ]

    def _told(self, row: AnyRow, log: list[rules.Event]) -> dict[str, object] | None:
        """What a case says, by column; None for one that was not reported yet."""
        state = self._state(row, log)
        if state is None:
            return None
        clock: Clock = clock_of(log, self._limits[row.category], self._calendar, self._as_of)
        return {
            **row._mapping,
            "status": state.status,
            "stage": state.stage,
            "closed_at": state.closed_at,
            "category_name_zh": (self._names or {}).get(row.category, row.category),
            "kind": rules.kind_of(row.category),
            "limit": clock.limit,
            "due_at": clock.due_at,
            "state": clock.state,
            "places": self._places[row.cell_code],
        }

    def _state(self, row: AnyRow, log: list[rules.Event]) -> rules.CaseState | None:
        if self._query.at is not None:
            return rules.state_as_of(log, self._as_of)
        status, tier = clock_queries.STATUSES[row.status], clock_queries.TIERS[row.tier]
        return rules.CaseState(status, tier, row.closed_at)

    def _logs(self, session: Session, found: queries.Rows) -> dict[int, list[rules.Event]]:
        logs: dict[int, list[rules.Event]] = defaultdict(list)
        nos, earliest = [row.no for row in found], min(row.reported_at for row in found)
        for no, event in clock_queries.log_of(session, nos, earliest, self._as_of):
            logs[no].append(event)
        return logs

    def _read_names(self, session: Session, found: queries.Rows) -> None:
        """Read what is not known yet of what these cases need."""
        if self._names is None:
            lines = queries.categories(session, self._as_of)
            self._names = {line.code: line.name_zh for line in lines}
        categories = {row.category for row in found}
        gone = categories - self._names.keys()
        if gone:
            known = {line.code: line.name_zh for line in queries.last_names(session, gone)}
            self._names |= {code: known.get(code, code) for code in gone}
        unread = categories - self._limits.keys()
        if unread:
            self._limits |= clock_queries.limits_of(session, unread)
        self._read_places(session, {row.cell_code for row in found} - self._places.keys())

    def _read_places(self, session: Session, cells: Iterable[int]) -> None:
        for cell, chain in places.chains(session, cells, self._as_of).items():
            self._places[cell] = "/".join(link.name or str(link.code) for link in chain)


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return str(value)  # of an enumeration its word
    if isinstance(value, datetime):
        return value.astimezone(CITY_ZONE)
    if isinstance(value, bool):
        return int(value)
    # Codes and numbers of 15 digits as text: a spreadsheet would round or shorten them.
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**9):
        return value
    return None if value is None else str(value)
