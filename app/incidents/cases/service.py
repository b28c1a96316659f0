"""Deciding about incidents: what is acknowledged, once; how a case stood at a minute."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.errors import id_conflict, invalid, not_found, outside_city, unavailable
from app.core.outbox import tell
from app.core.paging import cut, decode_cursor
from app.identity.rules import Actor, reads_free_text
from app.identity.service import outside_scope
from app.incidents import queries, rules
from app.incidents.attachments import queries as attachment_queries
from app.incidents.cases import card
from app.incidents.cases.schemas import (
    CategoryLine,
    CategoryPage,
    City,
    Incident,
    IncidentDetail,
    IncidentPage,
    NewIncident,
)
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.queries import event_of
from app.incidents.clocks.rules import Clock
from app.incidents.clocks.service import as_sent, clocks_at, stays_of
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.contacts import service as contact
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.queries import AnyRow
from app.incidents.reading import service as reading
from app.incidents.reading.service import CaseKey
from app.incidents.schemas import IncidentQuery
from app.places import addresses, versions
from app.places import queries as place_queries
from app.places import service as places

AnyIncident = TypeVar("AnyIncident", bound=Incident)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_AGO = timedelta(days=366)
CLOCK_SLACK = timedelta(minutes=5)
FIRST_ORDINAL = 1
REPORTED_TOPIC = "incident.reported"
DEMO_NOTICE_ZH = "演示数据：区县以下边界、事件与值守安排均为虚构，仅供演示。"
DEMO_NOTICE_EN = (
    "Demonstration data: outlines below the districts, incidents and rosters are made up."
)
NATIONAL = CityCalendar()


class Place(NamedTuple):
    """Where a report is filed: degrees of EPSG:4326, the radius it may be off, and the cell."""

    lon: float
    lat: float
    uncertainty_m: float
    cell_code: int


def report(
    session: Session, new: NewIncident, now: datetime, *, demo: bool, actor: Actor | None = None
) -> tuple[Incident, bool]:
    """Acknowledge a report: receipt, case, first step and outbox row, in the caller's transaction.

    The same report under the same id gets the first answer again, word for word.

    Args:
        session: committed by its owner before the answer leaves.
        demo: whether simulated reports are accepted.
        actor: who reports, only from inside their area; None for what is no request.

    Returns:
        The incident as first acknowledged, and whether it is new.

    Raises:
        Problem: 403 for a place beyond the actor's area; 409 when the id names another report;
            422 naming the field for a place outside the city, a category that is not in force, an
            instant out of range.
    """
    known = queries.receipt(session, new.id)
    if known is None:
        _check(session, new, now, demo=demo)
        place = _locate(session, new, now)
        if actor is not None and not actor.lo <= place.cell_code <= actor.hi:
            raise outside_scope(*_told_by(new))
        no = queries.claim(session, new.id, new.digest(), now, place.cell_code)
        if no is not None:
            _file(session, new, no, place, now)
            answer = _first_answer(session, no, now)
            tell(session, REPORTED_TOPIC, place.cell_code, answer.told(now))
            return answer, True
        known = queries.receipt(session, new.id)
    # Taken, and not to be seen from here: a case of another area.
    if known is None:
        raise id_conflict(new.id)
    if known.body_hash != new.digest():
        raise id_conflict(new.id)
    return _first_answer(session, known.no, known.reported_at), False


def _check(session: Session, new: NewIncident, now: datetime, *, demo: bool) -> None:
    if new.simulated and not demo:
        raise invalid("simulated", "is accepted by a demo server only (MINQING_DEMO=1)")
    if new.occurred_at is not None and new.occurred_at > now + CLOCK_SLACK:
        raise invalid("occurred_at", "lies more than 5 minutes ahead of the server's clock")
    if new.occurred_at is not None and new.occurred_at < now - LONGEST_AGO:
        raise invalid("occurred_at", "lies more than 366 days back")
    if not queries.category_in_force(session, new.category, now):
        raise invalid("category", "is not in the filing standard in force")


def _locate(session: Session, new: NewIncident, now: datetime) -> Place:
    versions.keep_cells(session)
    if new.address is not None:
        settled = addresses.settle(session, new.address, now)
        lon, lat, uncertainty_m = settled.lon, settled.lat, settled.uncertainty_m
    else:
        (lon, lat), uncertainty_m = new.point(), 0.0
    cell = place_queries.cell_at(session, lon, lat, now)
    if cell is None:
        raise outside_city(*_told_by(new))
    return Place(lon, lat, uncertainty_m, cell)


def _told_by(new: NewIncident) -> list[str]:
    """The fields that told the place."""
    return ["address"] if new.address is not None else ["lon", "lat"]


def _file(session: Session, new: NewIncident, no: int, place: Place, now: datetime) -> None:
    queries.make_room(session, now)
    queries.add(
        session,
        place.lon,
        place.lat,
        reported_at=now,
        no=no,
        id=new.id,
        category=new.category,
        title=new.title,
        description=new.description,
        severity=new.severity,
        source=new.source,
        status=rules.Status.REPORTED,
        cell_code=place.cell_code,
        location_uncertainty_m=place.uncertainty_m,
        occurred_at=new.occurred_at or now,
        closed_at=None,
        simulated=new.simulated,
    )
    event = rules.Event(
        now, FIRST_ORDINAL, rules.Step.REPORT, rules.Status.REPORTED, rules.Tier.GRID
    )
    queries.add_event(session, no=no, reason=None, cell_code=place.cell_code, **vars(event))
    reading.record(session, CaseKey(no, now, new.category, place.cell_code), [event])


def _first_answer(session: Session, no: int, reported_at: datetime) -> Incident:
    # Of all that is said only the state changes later, so the first answer can be given again.
    row = queries.one(session, no, reported_at)
    first = rules.CaseState(rules.Status.REPORTED, rules.Tier.GRID, None)
    return _incidents(session, [row], {no: first}, reported_at, {no: Clock()})[0]


def list_incidents(
    session: Session, query: IncidentQuery, now: datetime, calendar: Calendar = NATIONAL
) -> IncidentPage:
    """The incidents that the query selects, newest first, each as it stood at `at`.

    Args:
        calendar: by which working days are counted.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, int))
    before = (from_cursor(key[0]), int(key[1])) if key else None
    total, rows = queries.page(session, query, now, before)
    sent, following = cut(rows, query.limit, lambda row: [for_cursor(row.reported_at), row.no])
    states = _states_at(session, sent, query.at) if query.at else _states_now(sent)
    clocks = clocks_at(session, sent, calendar, query.at or now)
    items = _incidents(session, sent, states, query.at or now, clocks, in_past=query.at is not None)
    return IncidentPage(total=total.n, total_is_exact=total.is_exact, items=items, next=following)


def as_they_stand(
    session: Session, rows: queries.Rows, clocks: Mapping[int, Clock], now: datetime
) -> list[Incident]:
    """Incidents as they stand now, in the order of `rows`, with clocks that were computed before.

    Args:
        clocks: by number.
    """
    return _incidents(session, rows, _states_now(rows), now, clocks)


def get_incident(
    session: Session,
    report_id: UUID,
    at: datetime,
    calendar: Calendar = NATIONAL,
    actor: Actor | None = None,
) -> IncidentDetail:
    """One incident by its UUID, as it stood at `at`.

    Args:
        actor: for whom `next_steps` are told; None for nobody, or for another minute than now.

    Raises:
        Problem: 404, also when it was not yet reported at `at`.
    """
    return _detail(
        session, queries.receipt(session, report_id), report_id, at, calendar=calendar, actor=actor
    )


def get_incident_by_no(
    session: Session,
    no: int,
    at: datetime,
    calendar: Calendar = NATIONAL,
    actor: Actor | None = None,
) -> IncidentDetail:
    """One incident by its short number, as it stood at `at`; otherwise as `get_incident`.

    Raises:
        Problem: 404, also when it was not yet reported at `at`.
    """
    return _detail(
        session, queries.receipt_by_no(session, no), no, at, calendar=calendar, actor=actor
    )


def _detail(
    session: Session,
    known: AnyRow | None,
    key: object,
    at: datetime,
    *,
    calendar: Calendar,
    actor: Actor | None,
) -> IncidentDetail:
    if known is None or known.reported_at > at:
        raise not_found("incident", key)
    row = queries.one(session, known.no, known.reported_at)
    steps = queries.events(session, [known.no], known.reported_at, at)
    case = lifecycle.replay(map(step_queries.event_of, steps), at)
    if case is None:
        raise not_found("incident", key)
    clocks = clocks_at(session, [row], calendar, at)
    incident = _incidents(session, [row], {known.no: case.state}, at, clocks, in_past=True)[0]
    standing = card.standing(session, incident, case, at, actor)
    return IncidentDetail(
        **dict(incident),
        **dict(standing),
        timeline=card.timeline(session, steps, at),
        stages=stays_of(session, row, steps, calendar, at),
        has_contact=contact.has_contact(session, incident.id),
        attachments=attachment_queries.count(session, known.no, at),
    )


def shown_to(actor: Actor, incident: AnyIncident) -> AnyIncident:
    """The incident without what a role is not shown: a wall shows no free text."""
    if reads_free_text(actor.role):
        return incident
    hidden: dict[str, object] = {"description": ""}
    if isinstance(incident, IncidentDetail):
        steps = [step.model_copy(update={"reason": None}) for step in incident.timeline]
        hidden["timeline"] = steps
    return incident.model_copy(update=hidden)


def _states_now(rows: queries.Rows) -> dict[int, rules.CaseState]:
    return {
        row.no: rules.CaseState(rules.Status(row.status), rules.Tier(row.tier), row.closed_at)
        for row in rows
    }


def _states_at(session: Session, rows: queries.Rows, at: datetime) -> dict[int, rules.CaseState]:
    if not rows:
        return {}
    steps: dict[int, list[rules.Event]] = {row.no: [] for row in rows}
    earliest = min(row.reported_at for row in rows)
    for step in queries.events(session, list(steps), earliest, at):
        steps[step.no].append(event_of(step))
    states = {no: rules.state_as_of(events, at) for no, events in steps.items()}
    return {no: state for no, state in states.items() if state is not None}


def _incidents(
    session: Session,
    rows: Iterable[AnyRow],
    states: dict[int, rules.CaseState],
    at: datetime,
    clocks: Mapping[int, Clock],
    *,
    in_past: bool = False,
) -> list[Incident]:
    """The incidents as they are sent, in the order of `rows`; those without a state left out.

    Args:
        in_past: in the cells in which they lay at `at`, not in those of now.
    """
    rows = [row for row in rows if row.no in states]
    cell_of = {row.no: row.cell_code for row in rows}
    cell_of |= queries.cells_left_after(session, list(cell_of), at) if in_past else {}
    chains = places.chains(session, cell_of.values(), at)
    named = {line.code: line for line in queries.categories(session, at)}
    gone = {row.category for row in rows} - named.keys()
    named |= {line.code: line for line in queries.last_names(session, gone)} if gone else {}
    found = []
    for row in rows:
        fields = dict(row._mapping)
        del fields["tier"], fields["unit_id"]
        state, line = states[row.no], named.get(row.category)
        fields |= {
            "status": state.status,
            "stage": state.stage,
            "closed_at": state.closed_at,
            "category_name_zh": line.name_zh if line else row.category,
            "category_name_en": line.name_en if line else row.category,
            "kind": rules.kind_of(row.category),
            "cell_code": cell_of[row.no],
            "chain": chains[cell_of[row.no]],
            "clock": as_sent(clocks[row.no]),
        }
        found.append(Incident(**fields))
    return found


def list_categories(session: Session, at: datetime) -> CategoryPage:
    """The filing standard in force at `at`, whole."""
    lines = [CategoryLine.model_validate(row) for row in queries.categories(session, at)]
    return CategoryPage(total=len(lines), items=lines, next=None)


def get_city(session: Session, at: datetime, *, simulation: bool) -> City:
    """The city that is loaded, as of `at`.

    Raises:
        Problem: 503 while none is loaded; 404 for a minute before its boundaries are known.
    """
    city = place_queries.city(session)
    if city is None:
        raise unavailable("No city is loaded yet. Run `minqing city load`.")
    area = place_queries.area(session, city.code, at)
    version = place_queries.boundary_version(session, at)
    if area is None or version is None:
        raise not_found("boundaries are known at", at.isoformat())
    return City(
        code=city.code,
        name=city.name,
        name_en=city.name_en,
        demo=city.demo,
        bbox=(area.west, area.south, area.east, area.north),
        centre=(area.label_lon, area.label_lat),
        boundary_version=version,
        counts=place_queries.counts_by_level(session, at),
        incident_total=queries.total(session, at),
        data_notice_zh=DEMO_NOTICE_ZH if city.demo else "",
        data_notice_en=DEMO_NOTICE_EN if city.demo else "",
        simulation=simulation,
        server_time=utc_now(),
    )


def for_cursor(at: datetime) -> int:
    """An instant as a cursor carries it: whole microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def from_cursor(microseconds: int) -> datetime:
    """The instant (UTC) of such a number.

    Raises:
        Problem: 422 on `cursor`.
    """
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise invalid("cursor", "is not a cursor of this list") from None
