"""SQL of what happens to cases by itself."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle.rules import Case
from app.incidents.models import IS_OPEN_SQL, Incident
from app.incidents.rules import Status
from app.incidents.steps.closing import Rule


def _in_state(session: Session, status: Status) -> dict[int, tuple[datetime, str]]:
    """When each case in a state was reported, and its category, by number."""
    found = select(Incident.no, Incident.reported_at, Incident.category).where(
        text(IS_OPEN_SQL), Incident.status == status
    )
    return {row.no: (row.reported_at, row.category) for row in session.execute(found)}


def lapsed(session: Session, now: datetime) -> list[int]:
    """Numbers of the cases whose suspension has run out, and nobody has noted it."""
    found = _in_state(session, Status.SUSPENDED)
    cases = step_queries.cases_of(session, {no: at for no, (at, _) in found.items()}, now)
    return sorted(no for no, case in cases.items() if case.status is not Status.SUSPENDED)


def checked(session: Session, now: datetime) -> Iterator[tuple[int, str, Case]]:
    """Number, category and state of the cases that wait to be closed."""
    found = _in_state(session, Status.PENDING_CHECK)
    cases = step_queries.cases_of(session, {no: at for no, (at, _) in found.items()}, now)
    for no, case in sorted(cases.items()):
        yield no, found[no][1], case


def rules(session: Session) -> list[Rule]:
    """Every rule by which cases close by themselves, of any time."""
    rows = session.execute(
        text(
            "SELECT prefix, days, lower(valid) AS since, upper(valid) AS until FROM closing_rule"
            " WHERE NOT isempty(valid) ORDER BY prefix, valid"
        )
    )
    return [Rule(row.prefix, row.days, row.since, row.until) for row in rows]


def set_rule(session: Session, prefix: str, days: int | None, since: datetime) -> None:
    """End what holds for a prefix at an instant, and let another rule hold from then on."""
    words = {"prefix": prefix, "since": since, "days": days}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('closing_rule'))"))
    session.execute(
        text("DELETE FROM closing_rule WHERE prefix = :prefix AND lower(valid) >= :since"), words
    )
    session.execute(
        text(
            "UPDATE closing_rule SET valid = tstzrange(lower(valid), :since)"
            " WHERE prefix = :prefix AND valid @> CAST(:since AS timestamptz)"
        ),
        words,
    )
    if days is not None:
        session.execute(
            text(
                "INSERT INTO closing_rule (prefix, days, valid)"
                " VALUES (:prefix, :days, tstzrange(:since, NULL))"
            ),
            words,
        )
