"""Holding the reading model against the log, and writing it anew where they differ.

What the log says is computed into tables of the transaction, and compared there. All reads of one
comparison see the same moment, so steps may go on meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.core.db import reading, wait_as_long_as_it_takes, writing
from app.incidents.lifecycle import queries as step_queries
from app.incidents.reading import filling
from app.incidents.reading.bulk import Standard
from app.incidents.reading.queries import NOW_COLUMNS, PAST_COLUMNS
from geodata.progress import Progress, Silent

PART = 20_000
MENDED_AT_ONCE = 200
_EXPECTED = {"case_now": NOW_COLUMNS, "case_past": PAST_COLUMNS}


@dataclass(frozen=True)
class Difference:
    """Something that the reading model says otherwise than the log.

    Attributes:
        table: `case_now` or `case_past`.
        no: number of the case.
        version: ordinal of the event from which the row holds.
        column: `row` where a row is missing, or one too many.
        stored, expected: what stands there, and what the log says.
    """

    table: str
    no: int
    version: int
    column: str
    stored: Any
    expected: Any

    def __str__(self) -> str:
        return (
            f"case {self.no}, event {self.version}, {self.table}.{self.column}:"
            f" {self.stored}, but the log says {self.expected}"
        )


def differences(
    engine: Engine, *, since: datetime | None = None, progress: Progress | None = None
) -> list[Difference]:
    """Everything that the reading model says otherwise than the log.

    Args:
        since: of what has ended, only what did so since then; None for all of it.
        progress: told of the cases; may raise to stop.
    """
    progress = progress or Silent()
    found: list[Difference] = []
    with reading(engine) as session:
        _at_one_moment(session)
        standard = filling.standard_of(session)
        progress.step("open cases", 0, 1)
        found += _of_open(session, standard, None)
        progress.step("open cases", 1, 1)
        parts = _all_parts(session) if since is None else _parts_ended(session, since)
        for done, part in enumerate(parts):
            progress.step("past", done, len(parts))
            found += _of_past(session, standard, part)
        progress.step("past", 1, 1)
    return found


def mend(engine: Engine, nos: Sequence[int], progress: Progress | None = None) -> list[Difference]:
    """Write what the log says of some cases wherever the reading model says otherwise; what was
    otherwise. Steps of a case wait only while its own rows are written.

    Args:
        nos: numbers of the cases.
        progress: told of the cases; may raise to stop: what was mended stays so.
    """
    progress = progress or Silent()
    found: list[Difference] = []
    parts = list(_in_parts(sorted(set(nos)), MENDED_AT_ONCE))
    for done, part in enumerate(parts):
        progress.step("write anew", done * MENDED_AT_ONCE, len(nos))
        with writing(engine) as session:
            wait_as_long_as_it_takes(session)
            _hold(session, part)
            _plan_each_anew(session)
            standard = filling.standard_of(session)
            differing = _of_open(session, standard, part) + _of_past(session, standard, part)
            for table, columns in _EXPECTED.items():
                wrong = sorted({one.no for one in differing if one.table == table})
                _replace(session, table, columns, wrong)
            found += differing
    progress.step("write anew", len(nos), max(len(nos), 1))
    return found


def _at_one_moment(session: Session) -> None:
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    wait_as_long_as_it_takes(session)
    _plan_each_anew(session)


def _plan_each_anew(session: Session) -> None:
    """A plan kept for any list of cases reads a block range index once for each of them: hours."""
    session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def _hold(session: Session, nos: Sequence[int]) -> None:
    """Keep others from taking steps of some cases; in the order in which everybody does."""
    session.execute(
        text("SELECT no FROM incident WHERE no = ANY (:nos) ORDER BY no FOR UPDATE"),
        {"nos": list(nos)},
    )


def _all_parts(session: Session) -> Sequence[Sequence[int]]:
    """The numbers of all cases, in parts."""
    first, last = filling.numbers(session)
    return [range(begin, min(begin + PART, last + 1)) for begin in range(first, last + 1, PART)]


def _parts_ended(session: Session, since: datetime) -> Sequence[Sequence[int]]:
    """Cases of which something has ended since an instant."""
    found = session.scalars(
        text(
            "SELECT DISTINCT no FROM incident_event WHERE at >= :since"
            " UNION SELECT DISTINCT no FROM case_past WHERE until >= :since ORDER BY no"
        ),
        {"since": since},
    )
    return list(_in_parts(list(found), PART))


def _of_open(session: Session, standard: Standard, nos: Sequence[int] | None) -> list[Difference]:
    _empty_twin(session, "case_now")
    logs = step_queries.open_logs(session, nos=nos)
    for rows, _ in filling.fold_open(session, logs, standard):
        session.execute(
            text(
                f"INSERT INTO expected_case_now ({', '.join(NOW_COLUMNS)})"  # noqa: S608 (ours)
                f" VALUES ({', '.join(':' + name for name in NOW_COLUMNS)})"
            ),
            rows,
        )
    return _compared(session, "case_now", nos)


def _of_past(session: Session, standard: Standard, nos: Sequence[int]) -> list[Difference]:
    _empty_twin(session, "case_past")
    logs = filling.logs_of(session, nos)
    filling.write_past(session, logs, standard, "expected_case_past")
    return _compared(session, "case_past", nos)


def _empty_twin(session: Session, table: str) -> None:
    session.execute(
        text(f"CREATE TEMP TABLE IF NOT EXISTS expected_{table} (LIKE {table}) ON COMMIT DROP")
    )
    session.execute(text(f"TRUNCATE expected_{table}"))


def _compared(session: Session, table: str, nos: Sequence[int] | None) -> list[Difference]:
    columns = _EXPECTED[table]
    names = ", ".join(columns)
    stored = f"SELECT {names} FROM {table}{'' if nos is None else f' WHERE {_among(nos)}'}"  # noqa: S608
    expected = f"SELECT {names} FROM expected_{table}"  # noqa: S608 (names of our own)
    words = {} if nos is None else _ends_of(nos)

    def rows(first: str, second: str) -> dict[tuple[int, int], Any]:
        found = session.execute(text(f"{first} EXCEPT ALL {second}"), words)
        return {(row.no, row.version): row for row in found}

    # In parentheses: EXCEPT binds its own WHERE.
    surplus, missing = rows(stored, expected), rows(expected, stored)
    return [
        difference
        for key in sorted(surplus.keys() | missing.keys())
        for difference in _told(table, key, surplus.get(key), missing.get(key))
    ]


def _told(table: str, key: tuple[int, int], stored: Any, expected: Any) -> Iterator[Difference]:
    if stored is None or expected is None:
        there, wanted = stored is not None, expected is not None
        yield Difference(table, *key, "row", _presence(there), _presence(wanted))
        return
    for name in _EXPECTED[table]:
        one, other = getattr(stored, name), getattr(expected, name)
        if one != other:
            yield Difference(table, *key, name, one, other)


def _presence(there: bool) -> str:
    return "a row" if there else "no row"


def _replace(session: Session, table: str, columns: Sequence[str], nos: Sequence[int]) -> None:
    if not nos:
        return
    names = ", ".join(columns)
    among, words = _among(nos), _ends_of(nos)
    session.execute(text(f"DELETE FROM {table} WHERE {among}"), words)  # noqa: S608 (ours)
    session.execute(
        text(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM expected_{table}"  # noqa: S608
            f" WHERE {among}"
        ),
        words,
    )


def _among(nos: Sequence[int]) -> str:
    """Condition on `no`, with the words of `_ends_of`."""
    # A block range index holds each of its ranges against every number of a list: it gets the ends.
    between = "no BETWEEN :first AND :last"
    if isinstance(nos, range):
        return between
    return f"{between} AND no IN (SELECT unnest(CAST(:nos AS bigint[])))"


def _ends_of(nos: Sequence[int]) -> dict[str, Any]:
    ends = {"first": min(nos, default=0), "last": max(nos, default=-1)}
    return ends if isinstance(nos, range) else {"nos": list(nos), **ends}


def _in_parts(items: Sequence[int], size: int) -> Iterator[list[int]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
