"""SQL of the calendar: open cases whose deadline rests on the days of a year."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.incidents.clocks.limits import UNIT_NUMBERS, WORKING_SPANS
from app.incidents.queries import AnyRow

# Whether one admin after the other changes the city's days.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('minqing.working_days'))")
_OPEN = text("""
    SELECT n.no, n.category, n.reported_at, i.title
    FROM case_now n JOIN incident i ON i.no = n.no AND i.reported_at = n.reported_at
    WHERE n.limit_unit = ANY (:units) AND n.started_at < :until
      AND (n.due_at IS NULL OR greatest(n.due_at, n.raw_due_at) > :since)
""")


def hold_days(session: Session) -> None:
    """Let nobody else change the city's days until this transaction ends."""
    session.execute(_ONE_AT_A_TIME)


def taken(session: Session) -> Sequence[AnyRow]:
    """What was taken and does not stand in the city's file yet, in order: `year`, `content` of the
    whole file."""
    return session.execute(text("SELECT year, content FROM taken_days ORDER BY id")).all()


def add_taken(session: Session, year: int, content: str) -> int:
    """Keep the text of the city's file with a year that was taken; the number of the row."""
    added = session.scalars(
        text("INSERT INTO taken_days (year, content) VALUES (:year, :content) RETURNING id"),
        {"year": year, "content": content},
    )
    return int(added.one())


def forget_taken(session: Session) -> None:
    """Everything that was taken stands in the file."""
    session.execute(text("DELETE FROM taken_days"))


def open_cases(session: Session, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """Open cases of limits that count working days, whose clock started before `until` and whose
    deadline lies after `since`, or is not known: `no`, `category`, `reported_at`, `title`."""
    units = [UNIT_NUMBERS[unit] for unit in WORKING_SPANS]
    return session.execute(_OPEN, {"units": units, "since": since, "until": until}).all()
