"""SQL of the reading model. Instants are UTC."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.core.scope import clipped
from app.identity.rules import Role
from app.incidents.clocks.limits import UNIT_NUMBERS, Limit
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle.who_may import Post, Waiting
from app.incidents.queries import MOST_COUNTED, Total
from app.incidents.reading.models import CASE_PAST, SPAN_CLASSES, CaseNow
from app.incidents.reading.rules import Reading
from app.incidents.rules import STATUS_NUMBERS, TIER_NUMBERS, Tier

AnyRow = Row[*tuple[Any, ...]]
STATUS_OF = {number: status for status, number in STATUS_NUMBERS.items()}
TIER_OF = {number: tier for tier, number in TIER_NUMBERS.items()}
UNIT_OF = {number: unit for unit, number in UNIT_NUMBERS.items()}

NOW_COLUMNS = tuple(column.name for column in CaseNow.__table__.columns)
PAST_COLUMNS = tuple(c.name for c in CASE_PAST.columns if c.computed is None)
_PAST_NAMES = tuple(name for name in PAST_COLUMNS if name != "until")
_KEPT = ", ".join(_PAST_NAMES)
# What held until this event goes to the past; in one statement with what holds from now on.
_ENDED = f"""
    WITH ended AS (
        INSERT INTO case_past ({_KEPT}, until)
        SELECT {_KEPT}, :until FROM case_now WHERE no = :no AND since < :until
    )
"""  # noqa: S608 (names of our own)
_WRITE = text(
    f"{_ENDED} INSERT INTO case_now ({', '.join(NOW_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join(':' + name for name in NOW_COLUMNS)})"
    " ON CONFLICT (no) DO UPDATE SET"
    f" {', '.join(f'{name} = excluded.{name}' for name in NOW_COLUMNS if name != 'no')}"
)
_END = text(f"{_ENDED} DELETE FROM case_now WHERE no = :no")  # noqa: S608


def values_of(reading: Reading) -> dict[str, Any]:
    """The columns that both tables share, but for those of the case itself."""
    limit, raw = reading.limit, reading.raw_due_at
    return {
        "since": reading.since,
        "version": reading.version,
        "status": STATUS_NUMBERS[reading.status],
        "tier": TIER_NUMBERS[reading.tier],
        "unit_id": reading.unit_id,
        "held_since": reading.held_since,
        "started_at": reading.started_at,
        "ended_at": reading.ended_at,
        "limit_thousandths": limit.thousandths if limit else None,
        "limit_unit": UNIT_NUMBERS[limit.unit] if limit else None,
        "due_at": reading.due_at,
        "raw_due_at": raw if raw != reading.due_at else None,
        "soon_at": reading.soon_at,
        "extensions": reading.extensions,
        "paused_until": reading.paused_until,
        "resumes_at": reading.resumes_at,
        "resumes_as": STATUS_NUMBERS[reading.resumes_as] if reading.resumes_as else None,
        "provisional": reading.provisional,
    }


def reading_of(row: AnyRow) -> Reading:
    """A row of either table as the rules take it."""
    limit = None
    if row.limit_unit is not None:
        limit = Limit(Decimal(row.limit_thousandths) / 1000, UNIT_OF[row.limit_unit])
    return Reading(
        since=row.since,
        version=row.version,
        status=STATUS_OF[row.status],
        tier=TIER_OF[row.tier],
        unit_id=row.unit_id,
        held_since=row.held_since,
        started_at=row.started_at,
        ended_at=row.ended_at,
        limit=limit,
        raw_due_at=row.raw_due_at or row.due_at,
        due_at=row.due_at,
        soon_at=row.soon_at,
        extensions=row.extensions,
        paused_until=row.paused_until,
        resumes_at=row.resumes_at,
        resumes_as=STATUS_OF[row.resumes_as] if row.resumes_as is not None else None,
        provisional=row.provisional,
    )


def waiting_values(waiting: Waiting, askers: Collection[int | None]) -> dict[str, int | None]:
    """For whom a case waits, as columns.

    Args:
        askers: accounts that wait for an answer of chiefs.
    """
    return {
        "asked_by": next(iter(askers)) if len(askers) == 1 else None,
        "waits_leaders": _number(waiting.leaders),
        "waits_responders": _number(waiting.responders),
        "waits_grid": int(waiting.grid),
        "waits_chiefs": _number(waiting.chiefs),
    }


def _number(tier: Tier | None) -> int:
    return TIER_NUMBERS[tier] if tier else 0


def write(session: Session, values: Mapping[str, Any]) -> None:
    """Let an open case stand so from its last event on; how it stood until then stays as its past.

    Args:
        values: every column of `case_now`.
    """
    session.execute(_WRITE, {**values, "until": values["since"]})


def end(session: Session, no: int, at: datetime) -> None:
    """Let a case be open no more from an instant on; how it stood stays as its past."""
    session.execute(_END, {"no": no, "until": at})


def open_rows(session: Session, nos: Sequence[int]) -> dict[int, AnyRow]:
    """Rows of `case_now` by number."""
    found = session.execute(text("SELECT * FROM case_now WHERE no = ANY (:nos)"), {"nos": nos})
    return {row.no: row for row in found}


_MOVED = """
    unnest(CAST(:nos AS bigint[]), CAST(:times AS timestamptz[]), CAST(:cells AS bigint[]),
           CAST(:units AS bigint[]), CAST(:ordinals AS smallint[])) w (no, at, cell, unit, version)
"""
# The cell of scope has moved already; its past says where it lay.
_MOVE_PAST = text(f"""
    INSERT INTO case_past ({_KEPT}, until)
    SELECT {", ".join("w.old" if name == "cell_code" else f"n.{name}" for name in _PAST_NAMES)},
           w.at
    FROM case_now n JOIN unnest(CAST(:nos AS bigint[]), CAST(:times AS timestamptz[]),
                                CAST(:old_cells AS bigint[])) w (no, at, old) ON w.no = n.no
    WHERE n.since < w.at
""")  # noqa: S608 (names of our own)
_MOVE_NOW = text(f"""
    UPDATE case_now n SET
        status = CASE WHEN n.resumes_at <= w.at THEN n.resumes_as ELSE n.status END,
        resumes_as = CASE WHEN n.resumes_at <= w.at THEN NULL ELSE n.resumes_as END,
        resumes_at = CASE WHEN n.resumes_at <= w.at THEN NULL ELSE n.resumes_at END,
        paused_until = CASE WHEN n.paused_until <= w.at THEN NULL ELSE n.paused_until END,
        held_since = CASE WHEN n.unit_id IS DISTINCT FROM w.unit THEN w.at ELSE n.held_since END,
        soon_at = CASE WHEN n.soon_at < w.at THEN w.at ELSE n.soon_at END,
        since = w.at, unit_id = w.unit, version = w.version, cell_code = w.cell
    FROM {_MOVED} WHERE w.no = n.no
""")  # noqa: S608 (names of our own)


def move(session: Session, moves: Sequence[AnyRow]) -> None:
    """Let open cases lie in other cells, with other units, from an instant on: what was read of
    their clocks holds on.

    Args:
        moves: `no`, `at`, `old_cell`, `new_cell`, `new_unit`, `ordinal` of each.
    """
    words = {
        "nos": [one.no for one in moves],
        "times": [one.at for one in moves],
        "ordinals": [one.ordinal for one in moves],
        "units": [one.new_unit for one in moves],
    }
    old_cells = [one.old_cell for one in moves]
    session.execute(_MOVE_PAST, {**words, "old_cells": old_cells})
    session.execute(_MOVE_NOW, {**words, "cells": [one.new_cell for one in moves]})


_RUNS = "started_at IS NOT NULL AND ended_at IS NULL"
"""That the clock of an open case runs; word for word as in the indexes."""
_COUNTED = """
    SELECT count(*) AS running,
           count(*) FILTER (WHERE due_at < :at) AS overdue,
           count(*) FILTER (WHERE coalesce(raw_due_at, due_at) < :at) AS raw_overdue,
           count(*) FILTER (WHERE due_at >= :at AND soon_at <= :at) AS due_soon,
           count(*) FILTER (WHERE due_at >= :at AND soon_at > :at) AS ok,
           count(*) FILTER (WHERE limit_unit IS NULL) AS no_limit,
           count(*) FILTER (WHERE limit_unit IS NOT NULL AND due_at IS NULL) AS unknown,
           count(*) FILTER (WHERE paused_until > :at) AS paused,
           count(*) FILTER (WHERE provisional) AS provisional
"""
_COMPARED = "due_at, raw_due_at, soon_at, limit_unit, paused_until, provisional"
_HELD = (
    " OR ".join(
        f"(span_class = {number} AND since > :at - interval '{4**number} hours' AND since <= :at)"
        for number in range(SPAN_CLASSES)
    )
    + f" OR (span_class = {SPAN_CLASSES} AND since <= :at)"
)
"""That a row of `case_past` began so that it may hold at `:at`: short scans of one index."""
_SUMMARY_THEN = text(f"""{_COUNTED} FROM (
    SELECT {_COMPARED} FROM case_now
    WHERE cell_code BETWEEN :lo AND :hi AND since <= :at AND {_RUNS}
    UNION ALL
    SELECT {_COMPARED} FROM case_past
    WHERE cell_code BETWEEN :lo AND :hi AND until > :at AND ({_HELD}) AND {_RUNS}
) held""")  # noqa: S608 (words of our own)


def summary_then(session: Session, codes: tuple[int, int], at: datetime) -> AnyRow:
    """How many clocks ran at a minute of the past in cells of a range of codes, and how they stood:
    `running`, `overdue`, `raw_overdue`, `due_soon`, `ok`, `no_limit`, `unknown`, `paused`,
    `provisional`. Cases count where they lay then.
    """
    lo, hi = clipped(session, codes)
    return session.execute(_SUMMARY_THEN, {"lo": lo, "hi": hi, "at": at}).one()


class Due(NamedTuple):
    """Which running clocks: overdue ones, and those due before an instant or due soon."""

    overdue: bool
    soon: bool
    before: datetime | None


def due(
    session: Session,
    codes: tuple[int, int],
    wanted: Due,
    now: datetime,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> tuple[Total, Sequence[AnyRow]]:
    """How many open cases are overdue or due soon, and the first rows of `case_now` of these by
    deadline and number.

    Args:
        after: deadline and number of the last one that was sent.
    """
    lo, hi = clipped(session, codes)
    words: dict[str, Any] = {"lo": lo, "hi": hi, "now": now, "limit": limit}
    if wanted.soon and wanted.before is not None:
        words["before"] = wanted.before
        when = "due_at <= :before"
    elif wanted.soon:
        when = "soon_at <= :now"
    else:
        when = "due_at < :now"
    if not wanted.overdue:
        when += " AND due_at >= :now"
    chosen = f"cell_code BETWEEN :lo AND :hi AND {_RUNS} AND {when}"
    total = _count(session, f"case_now WHERE {chosen}", words)
    following = ""
    if after is not None:
        following = " AND (due_at, no) > (:after_at, :after_no)"
        words |= {"after_at": after[0], "after_no": after[1]}
    statement = (
        f"SELECT * FROM case_now WHERE {chosen}{following}"  # noqa: S608
        " ORDER BY due_at, no LIMIT :limit"
    )
    return total, session.execute(text(statement), words).all()


def tasks(
    session: Session,
    codes: tuple[int, int],
    post: Post,
    now: datetime,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> tuple[Total, Sequence[AnyRow]]:
    """How many open cases wait for a post, and the first rows of `case_now` of these by deadline
    (report, where none runs) and number.

    Args:
        after: instant and number of the last one that was sent.
    """
    chosen = _waits_for(post)
    if not chosen:
        return Total(0, is_exact=True), []
    lo, hi = clipped(session, codes)
    words: dict[str, Any] = {
        "lo": lo,
        "hi": hi,
        "now": now,
        "limit": limit,
        "tier": TIER_NUMBERS[post.tier],
        "account": post.account_id,
    }
    # One look-up an index: with OR the planner would read all cases of the area.
    among = " UNION ".join(
        f"SELECT no, coalesce(due_at, reported_at) AS by FROM case_now"  # noqa: S608 (our words)
        f" WHERE {condition} AND cell_code BETWEEN :lo AND :hi"
        for condition in chosen
    )
    total = _count(session, f"({among}) t", words)
    following = ""
    if after is not None:
        following = "WHERE (by, no) > (:after_at, :after_no)"
        words |= {"after_at": after[0], "after_no": after[1]}
    statement = (
        f"SELECT c.*, t.by FROM (SELECT * FROM ({among}) a {following}"  # noqa: S608
        " ORDER BY by, no LIMIT :limit) t JOIN case_now c USING (no) ORDER BY t.by, t.no"
    )
    return total, session.execute(text(statement), words).all()


def _count(session: Session, found: str, words: Mapping[str, Any]) -> Total:
    """How many rows there are.

    Args:
        found: what stands after FROM.
        words: what `found` compares.
    """
    statement = f"SELECT count(*) FROM (SELECT FROM {found} LIMIT :most) n"  # noqa: S608
    counted: int = session.scalar(text(statement), {**words, "most": MOST_COUNTED + 1}) or 0
    return Total.up_to(MOST_COUNTED, counted)


_GOES_ON = "(resumes_at IS NULL OR resumes_at <= :now)"


def _waits_for(post: Post) -> list[str]:
    """Conditions under one of which a case waits for a post; word for word as in the indexes."""
    found = []
    if post.role in who_may.CHIEFS:
        found.append(
            "waits_chiefs = :tier AND waits_chiefs > 0 AND asked_by IS DISTINCT FROM :account"
        )
    if post.role in who_may.LEADERS:
        found.append(f"waits_leaders = :tier AND waits_leaders > 0 AND {_GOES_ON}")
    elif post.role is Role.RESPONDER:
        found.append(f"waits_responders = :tier AND waits_responders > 0 AND {_GOES_ON}")
    elif post.role is Role.GRID_WORKER:
        found.append(f"waits_grid > 0 AND {_GOES_ON}")
    return found


def is_filled(session: Session) -> bool:
    """Whether every open case has its row, or there is none: false after an upgrade from before."""
    found = session.scalar(
        text("SELECT EXISTS (SELECT FROM case_now) OR NOT EXISTS (SELECT FROM incident)")
    )
    return bool(found)
