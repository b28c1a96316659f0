"""SQL of steps: the log of one case, duty units, cases that were merged."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.scope import within
from app.incidents.clocks.queries import STATUSES, TIERS
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle.rules import Case
from app.incidents.lifecycle.who_may import TIER_OF_LEVEL, Unit
from app.incidents.models import IS_OPEN_SQL, Incident, IncidentEvent, ReportReceipt
from app.incidents.queries import EVENT_COLUMNS, AnyRow, Rows
from app.incidents.rules import Event, Status, Step
from geodata import codes

_UNITS = """
    SELECT u.id AS unit_id, u.call_sign, u.role, s.name AS station, s.area_code AS station_area
    FROM published.duty_unit u JOIN published.station s ON s.id = u.station_id
"""


def event_of(row: AnyRow) -> Event:
    """A step with everything that the rules look at."""
    return Event(
        row.at, row.ordinal, row.step, STATUSES[row.status], TIERS[row.tier], row.account_id,
        row.unit_id, row.until, row.outcome, row.other_no, row.from_cell,
    )  # fmt: skip


def log_of(session: Session, no: int, reported_at: datetime) -> list[Event]:
    """The steps of a case, in no order."""
    found = select(*EVENT_COLUMNS).where(IncidentEvent.no == no, IncidentEvent.at >= reported_at)
    return list(map(event_of, session.execute(found)))


def case_of(session: Session, no: int, reported_at: datetime) -> Case | None:
    """A case as its last step left it; None without a log."""
    return lifecycle.replay(log_of(session, no, reported_at))


def cases_of(session: Session, since: dict[int, datetime], at: datetime) -> dict[int, Case]:
    """Some cases as they stood at `at`, by number.

    Args:
        since: when each was reported, by number.
    """
    if not since:
        return {}
    found = select(*EVENT_COLUMNS).where(
        IncidentEvent.no.in_(sorted(since)),
        IncidentEvent.at >= min(since.values()),
        IncidentEvent.at <= at,
    )
    logs: dict[int, list[Event]] = {}
    for row in session.execute(found):
        logs.setdefault(row.no, []).append(event_of(row))
    replayed = {no: lifecycle.replay(log, at) for no, log in logs.items()}
    return {no: case for no, case in replayed.items() if case is not None}


def units(session: Session, ids: Iterable[int]) -> dict[int, AnyRow]:
    """Duty units by number, on duty or not: `unit_id`, `call_sign`, `role`, `station`,
    `station_area`."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = session.execute(text(_UNITS + " WHERE u.id = ANY(:ids)"), {"ids": wanted})
    return {row.unit_id: row for row in rows}


def unit_of(session: Session, unit_id: int | None) -> Unit | None:
    """A duty unit as the rules take it."""
    row = units(session, [unit_id]).get(unit_id) if unit_id is not None else None
    return as_unit(row) if row is not None else None


def as_unit(row: AnyRow) -> Unit:
    """A row of `units` as the rules take it."""
    return Unit(row.role, TIER_OF_LEVEL[codes.level_of(row.station_area)])


def merged_into(session: Session, no: int, at: datetime) -> list[int]:
    """Numbers of the cases that stand merged into this one."""
    asked = select(IncidentEvent.no).where(
        IncidentEvent.other_no == no,
        IncidentEvent.step == Step.MERGE,
        IncidentEvent.at <= at,
        *within(session, IncidentEvent.cell_code),
    )
    candidates = sorted(set(session.scalars(asked)))
    if not candidates:
        return []
    cases = cases_of(session, _reported(session, candidates), at)
    return [
        number
        for number, case in cases.items()
        if case.status is Status.DUPLICATE and case.duplicate_of == no
    ]


def _reported(session: Session, nos: Sequence[int]) -> dict[int, datetime]:
    found = select(ReportReceipt.no, ReportReceipt.reported_at).where(
        ReportReceipt.no.in_(nos), *within(session, ReportReceipt.cell_code)
    )
    return {row.no: row.reported_at for row in session.execute(found)}


def refs(session: Session, nos: Iterable[int]) -> dict[int, AnyRow]:
    """Those of the cases that can be seen: `id`, `no`, `title`."""
    wanted = sorted(set(nos))
    if not wanted:
        return {}
    found: Rows = session.execute(
        select(Incident.id, Incident.no, Incident.title).where(
            Incident.no.in_(wanted), *within(session, Incident.cell_code)
        )
    ).all()
    return {row.no: row for row in found}


def open_logs(session: Session, first: int = 0, nos: Sequence[int] | None = None) -> Rows:
    """The steps of open cases, case by case, each with `category`, `reported_at` and `cell_code` of
    its case.

    Args:
        first: only cases from this number on.
        nos: only these.
    """
    return session.execute(
        text(f"""
            SELECT i.category, i.reported_at, i.cell_code, e.no, e.ordinal, e.at, e.step, e.status,
                   e.tier, e.account_id, e.unit_id, e.until, e.outcome, e.other_no, e.from_cell
            FROM incident i
            CROSS JOIN LATERAL (
                SELECT * FROM incident_event e WHERE e.no = i.no AND e.at >= i.reported_at
            ) e
            WHERE i.{IS_OPEN_SQL} AND i.no >= :first
              AND (CAST(:nos AS bigint[]) IS NULL OR i.no = ANY (:nos))
            ORDER BY i.no, e.ordinal
        """),  # noqa: S608 (words of our own)
        {"first": first, "nos": None if nos is None else list(nos)},
    ).all()
