"""SQL of the clocks: limits over time, logs of cases whose clock may run."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import literal_column, select, text
from sqlalchemy.orm import Session

from app.core.scope import within
from app.incidents.clocks.limits import Limit
from app.incidents.clocks.rules import HANDED_BACK, Limits
from app.incidents.clocks.standard import limits_over_time
from app.incidents.models import FilingLine, Incident
from app.incidents.queries import AnyRow, case_columns
from app.incidents.rules import Event, Status, Tier

# Cases in whose state nobody is expected to hand back any more. Written into the statement, not
# bound to it: the planner takes the index `incident_open` only where it sees the same words.
DONE = ", ".join(f"'{status}'" for status in sorted(HANDED_BACK))


# Looked up, not constructed: lists fold thousands of steps.
STATUSES = {status.value: status for status in Status}
TIERS = {tier.value: tier for tier in Tier}


def event_of(row: AnyRow) -> Event:
    """A step as the rules take it."""
    status, tier = STATUSES[row.status], TIERS[row.tier]
    return Event(row.at, row.ordinal, row.step, status, tier, until=row.until)


def log_of(
    session: Session, nos: Sequence[int], since: datetime, at: datetime
) -> Iterator[tuple[int, Event]]:
    """The steps of cases that were reported at `since` or later, up to `at`, with their numbers;
    in no order, and no more of each than clocks and states go by."""
    found = session.execute(
        text(
            "SELECT no, at, ordinal, step, status, tier, until FROM incident_event"
            " WHERE no = ANY(:nos) AND at >= :since AND at <= :at"
        ),
        {"nos": list(nos), "since": since, "at": at},
    )
    for no, when, ordinal, step, status, tier, until in found.all():
        yield no, Event(when, ordinal, step, STATUSES[status], TIERS[tier], until=until)


def limits_of(session: Session, categories: Iterable[str]) -> dict[str, Limits]:
    """What clocks go by, of each category given, over all time."""
    wanted = sorted(set(categories))
    found: Iterable[AnyRow] = session.execute(
        select(
            FilingLine.code,
            literal_column("lower(valid)").label("since"),
            literal_column("upper(valid)").label("until"),
            FilingLine.limit,
            FilingLine.unit,
        )
        .where(FilingLine.code.in_(wanted))
        .order_by(FilingLine.code, literal_column("lower(valid)"), FilingLine.ordinal)
    )
    versions: dict[str, list[tuple[datetime, datetime | None, tuple[Limit | None, ...]]]] = {}
    for (code, since, until), lines in groupby(found, lambda r: (r.code, r.since, r.until)):
        limits = tuple(Limit.of(r.limit, r.unit) if r.limit else None for r in lines)
        versions.setdefault(code, []).append((since, until, limits))
    return {code: limits_over_time(code, versions.get(code, ())) for code in wanted}


def limited_categories(session: Session) -> list[str]:
    """Every code of which the filing standard has ever said something."""
    return list(session.scalars(select(FilingLine.code).distinct()))


def incidents(session: Session, keys: Iterable[tuple[datetime, int]]) -> dict[int, AnyRow]:
    """Incidents by their number.

    Args:
        keys: `reported_at` and `no` of each.
    """
    wanted = {no: reported_at for reported_at, no in keys}
    # Not by pairs: the planner leaves out whole months for a list of instants alone.
    instants = Incident.reported_at.in_(sorted(set(wanted.values())))
    found = session.execute(
        select(*case_columns(session)).where(
            instants, Incident.no.in_(wanted), *within(session, Incident.cell_code)
        )
    )
    return {row.no: row for row in found}
