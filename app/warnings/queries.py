"""SQL of warnings. Instants are UTC; where one is stands in its case (EPSG:4326)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.orm import Session

from app.core.errors import unavailable
from app.core.scope import clipped
from app.warnings.models import RUNS_SQL, FraudWarning, VisitRule, WarningEvent
from app.warnings.rules import Event, Timer
from geodata import codes

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

# Where a case has ended by itself, the warning has, too.
_WARNINGS = f"""
    SELECT w.id, w.no, w.cell_code, w.urgency, w.detected_at, w.dispatched_at, w.station_id,
           i.category, i.closed_at, i.location_uncertainty_m,
           ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat,
           i.closed_at IS NOT NULL OR r.body_hash = sha256(uuid_send(r.id)) AS is_coarse,
           CASE WHEN i.closed_at IS NOT NULL THEN 'concluded' ELSE w.state END AS state,
           CASE WHEN i.closed_at IS NOT NULL OR w.state = 'concluded' THEN 2
                WHEN w.{RUNS_SQL} THEN 0 ELSE 1 END AS rank,
           w.dispatched_at + make_interval(mins => coalesce(v.visit_min, 0)) AS due_at
    FROM warning w
    JOIN report_receipt r ON r.id = w.id
    JOIN incident i ON i.reported_at = r.reported_at AND i.no = r.no
    LEFT JOIN visit_rule v ON v.valid @> w.dispatched_at
    WHERE w.cell_code BETWEEN :lo AND :hi
"""  # noqa: S608 (words of our own)
_MICROSECONDS = "(extract(epoch FROM {}) * 1000000)::bigint"
_PLACE = (
    f"CASE WHEN rank < 2 THEN {_MICROSECONDS.format('due_at')}"
    f" ELSE -{_MICROSECONDS.format('dispatched_at')} END"
)
_CHOSEN = (
    f"SELECT *, {_PLACE} AS place FROM ({_WARNINGS}) w"  # noqa: S608 (words of our own)
    " WHERE CAST(:state AS text) IS NULL OR state = :state"
)


def page(
    session: Session,
    area: int | None,
    state: str | None,
    limit: int,
    after: tuple[int, int, int] | None,
) -> tuple[int, Rows]:
    """How many warnings there are, and one more than `limit` of them behind `after`.

    A row has `rank` and `place` (by which they are ordered, with `no`) beside what it is about.
    """
    lo, hi = clipped(session, codes.code_range(area) if area is not None else (0, 10**15))
    words = {"lo": lo, "hi": hi, "state": state}
    total = session.scalar(text(f"SELECT count(*) FROM ({_CHOSEN}) c"), words) or 0  # noqa: S608
    behind = "WHERE (rank, place, no) > (:rank, :place, :no)" if after else ""
    if after is not None:
        words |= dict(zip(("rank", "place", "no"), after, strict=True))
    statement = f"SELECT * FROM ({_CHOSEN}) c {behind} ORDER BY rank, place, no LIMIT :limit"  # noqa: S608
    return total, session.execute(text(statement), {**words, "limit": limit + 1}).all()


def one(session: Session, warning_id: UUID) -> AnyRow | None:
    """A warning by the UUID under which it was sent."""
    lo, hi = clipped(session, (0, 10**15))
    return session.execute(
        text(_WARNINGS + " AND w.id = :id"), {"lo": lo, "hi": hi, "id": warning_id}
    ).first()


def lock(session: Session, warning_id: UUID) -> None:
    """Hold a warning until the transaction ends."""
    session.execute(select(FraudWarning.id).where(FraudWarning.id == warning_id).with_for_update())


def logs(session: Session, ids: Iterable[UUID]) -> dict[UUID, list[AnyRow]]:
    """What was done, in order, by warning: `at`, `ordinal`, `step`, `outcome`, `role`."""
    found: dict[UUID, list[AnyRow]] = {}
    columns = (
        WarningEvent.warning_id, WarningEvent.at, WarningEvent.ordinal, WarningEvent.step,
        WarningEvent.outcome, WarningEvent.role,
    )  # fmt: skip
    asked = select(*columns).where(WarningEvent.warning_id.in_(list(ids)))
    for row in session.execute(asked.order_by(WarningEvent.warning_id, WarningEvent.ordinal)):
        found.setdefault(row.warning_id, []).append(row)
    return found


def event_of(row: AnyRow) -> Event:
    """A row of the log as the rules take it."""
    return Event(row.at, row.ordinal, row.step, row.outcome)


def timers(session: Session, instants: Iterable[datetime]) -> dict[datetime, Timer]:
    """The timer that was in force at each of some instants (UTC).

    Raises:
        Problem: 503 where none was.
    """
    columns = (VisitRule.visit_min, VisitRule.climb_min, VisitRule.valid)
    rules = session.execute(select(*columns)).all()
    found = {}
    for at in set(instants):
        row = next((rule for rule in rules if rule.valid.contains(at)), None)
        if row is None:
            raise unavailable(f"No rule of visits is in force at {at.isoformat()}.")
        found[at] = Timer(timedelta(minutes=row.visit_min), timedelta(minutes=row.climb_min))
    return found


def add(session: Session, **values: Any) -> None:
    """A new warning."""
    session.execute(insert(FraudWarning).values(**values))


def add_event(session: Session, **values: Any) -> None:
    """One more line of its log."""
    session.execute(insert(WarningEvent).values(**values))


def set_state(session: Session, warning_id: UUID, state: str) -> None:
    """Its state as of its last event."""
    session.execute(update(FraudWarning).where(FraudWarning.id == warning_id).values(state=state))


def running(session: Session) -> Rows:
    """Warnings whose timer runs, each held until the transaction ends; what somebody else holds is
    left out. With `told_level`."""
    return session.execute(
        text(f"""
            SELECT w.id, w.no, w.cell_code, w.dispatched_at, w.station_id, w.told_level
            FROM warning w JOIN report_receipt r ON r.id = w.id
            JOIN incident i ON i.reported_at = r.reported_at AND i.no = r.no
            WHERE w.{RUNS_SQL} AND i.closed_at IS NULL
            ORDER BY w.dispatched_at FOR UPDATE OF w SKIP LOCKED
        """)  # noqa: S608 (words of our own)
    ).all()


def set_told_level(session: Session, warning_id: UUID, level: str) -> None:
    """Up to where the stream was told."""
    session.execute(
        update(FraudWarning).where(FraudWarning.id == warning_id).values(told_level=level)
    )
