"""SQL of joint mediation. Instants are UTC."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.scope import clipped
from app.dispatch.models import Station
from app.mediation.models import Mediation as Table
from app.mediation.models import MediationEvent, MeetingBooking, Room
from app.mediation.rules import Event
from geodata import codes

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

_TABLES = """
    SELECT m.id, m.no, m.cell_code, m.opened_at, m.state, i.id AS incident_id, i.title,
           i.category, i.status, i.tier
    FROM mediation m
    JOIN report_receipt r ON r.no = m.no
    JOIN incident i ON i.reported_at = r.reported_at AND i.no = r.no
    WHERE m.cell_code BETWEEN :lo AND :hi
"""
ROOM_COLUMNS = (
    Room.id,
    Room.name,
    Room.seats,
    Station.id.label("station_id"),
    Station.name.label("station_name"),
    Station.kind.label("station_kind"),
    Station.area_code.label("station_area"),
)
EVENT_FIELDS = tuple(Event.__dataclass_fields__)


def page(
    session: Session,
    area: int | None,
    state: str | None,
    limit: int,
    before: tuple[datetime, int] | None,
) -> tuple[int, Rows]:
    """How many tables there are, and one more than `limit` of them before `before`, newest
    first."""
    lo, hi = clipped(session, codes.code_range(area) if area is not None else (0, 10**15))
    words: dict[str, object] = {"lo": lo, "hi": hi, "state": state}
    chosen = _TABLES + " AND (CAST(:state AS text) IS NULL OR m.state = :state)"
    total = session.scalar(text(f"SELECT count(*) FROM ({chosen}) c"), words) or 0  # noqa: S608
    if before is not None:
        chosen += " AND (m.opened_at, m.no) < (:at, :no)"
        words |= {"at": before[0], "no": before[1]}
    ordered = chosen + " ORDER BY m.opened_at DESC, m.no DESC LIMIT :limit"
    return total, session.execute(text(ordered), {**words, "limit": limit + 1}).all()


def one(session: Session, mediation_id: UUID) -> AnyRow | None:
    """A table by its UUID."""
    lo, hi = clipped(session, (0, 10**15))
    words = {"lo": lo, "hi": hi, "id": mediation_id}
    return session.execute(text(_TABLES + " AND m.id = :id"), words).first()


def lock(session: Session, mediation_id: UUID) -> None:
    """Hold a table until the transaction ends."""
    session.execute(select(Table.id).where(Table.id == mediation_id).with_for_update())


def logs(session: Session, ids: Iterable[UUID]) -> dict[UUID, list[AnyRow]]:
    """What was done, in order, by table: the fields of `rules.Event`, and `role`."""
    columns = [getattr(MediationEvent, name) for name in EVENT_FIELDS]
    found: dict[UUID, list[AnyRow]] = {}
    asked = (
        select(MediationEvent.mediation_id, MediationEvent.role, *columns)
        .where(MediationEvent.mediation_id.in_(list(ids)))
        .order_by(MediationEvent.mediation_id, MediationEvent.ordinal)
    )
    for row in session.execute(asked):
        found.setdefault(row.mediation_id, []).append(row)
    return found


def event_of(row: AnyRow) -> Event:
    """A row of the log as the rules take it."""
    return Event(**{name: getattr(row, name) for name in EVENT_FIELDS})


def add(session: Session, **values: Any) -> bool:
    """A new table; False where one stands already for the dispute."""
    try:
        with session.begin_nested():
            session.execute(insert(Table).values(**values))
    except IntegrityError:
        return False
    return True


def add_event(session: Session, **values: Any) -> None:
    """One more line of a table's log."""
    session.execute(insert(MediationEvent).values(**values))


def set_state(session: Session, mediation_id: UUID, state: str) -> None:
    """Its state as of its last event."""
    session.execute(update(Table).where(Table.id == mediation_id).values(state=state))


def rooms(session: Session, area: int | None, at: datetime) -> Rows:
    """Rooms of stations in an area or above it, those of the smallest areas first."""
    found = (
        select(*ROOM_COLUMNS)
        .join(Station, (Station.code == Room.station_code) & Station.valid.contains(at))
        .where(Room.valid.contains(at))
        .order_by(Station.area_code.desc(), Room.id)
    )
    if area is not None:
        found = found.where(
            Station.area_code.between(*codes.code_range(area))
            | Station.area_code.in_(codes.chain_of(area))
        )
    return session.execute(found).all()


def rooms_by_id(session: Session, ids: Iterable[int]) -> dict[int, AnyRow]:
    """Rooms by number, whenever they were to be had."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = (
        select(*ROOM_COLUMNS)
        .join(Station, Station.code == Room.station_code)
        .where(Room.id.in_(wanted))
        .order_by(Room.id, func.lower(Station.valid))
    )
    return {row.id: row for row in session.execute(found)}


def taken(
    session: Session,
    rooms_asked: Sequence[int],
    units: Sequence[int],
    during: tuple[datetime, datetime],
    besides: UUID,
) -> Rows:
    """When rooms and units are taken for other tables: `room_id` or `unit_id`, `during`."""
    return session.execute(
        text(
            "SELECT room_id, unit_id, lower(during) AS since, upper(during) AS until"
            " FROM taken_times(:rooms, :units, :since, :until, :besides)"
        ),
        {"rooms": list(rooms_asked), "units": list(units), "since": during[0],
         "until": during[1], "besides": besides},
    ).all()  # fmt: skip


def book(
    session: Session,
    mediation: AnyRow,
    room_id: int | None,
    units: Iterable[int],
    during: tuple[datetime, datetime],
) -> bool:
    """Take a room and units for a meeting; False, and nothing is, where one is taken already.

    The constraints decide: of two at once the second waits for the first, and is refused.
    """
    common = {"mediation_id": mediation.id, "cell_code": mediation.cell_code,
              "during": Range(*during)}  # fmt: skip
    # In one order for everybody, or two could wait for each other for ever.
    things = [{"room_id": None, "unit_id": unit} for unit in sorted(units)]
    things += [{"room_id": room_id, "unit_id": None}] if room_id is not None else []
    if not things:
        return True
    try:
        with session.begin_nested():
            session.execute(insert(MeetingBooking), [{**common, **thing} for thing in things])
    except IntegrityError:
        return False
    return True


def release(session: Session, mediation_id: UUID, unit_id: int | None = None) -> None:
    """Give back everything that is taken for a table, or one unit."""
    gone = delete(MeetingBooking).where(MeetingBooking.mediation_id == mediation_id)
    if unit_id is not None:
        gone = gone.where(MeetingBooking.unit_id == unit_id)
    session.execute(gone)


def make_rooms(session: Session) -> None:
    """One room at every command post, two at every sub-centre, where there are none yet."""
    session.execute(
        text(
            "INSERT INTO room (station_code, name, seats, valid)"
            " SELECT s.code, n.name, n.seats, tstzrange(lower(s.valid), NULL) FROM station s"
            " JOIN (VALUES ('command_post', '调解室', 12), ('sub_centre', '第一调解室', 20),"
            "  ('sub_centre', '第二调解室', 12)) n (kind, name, seats) ON n.kind = s.kind"
            " WHERE upper_inf(s.valid)"
            "  AND NOT EXISTS (SELECT FROM room r WHERE r.station_code = s.code)"
            " ORDER BY s.id, n.name"
        )
    )
