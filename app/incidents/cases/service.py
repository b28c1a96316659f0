"""Deciding about incidents: what is acknowledged, once; how a case stood at a minute."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.errors import invalid, not_found, unavailable
from app.core.paging import cut, decode_cursor
from app.identity.rules import Actor, reads_free_text
from app.incidents import queries, rules
from app.incidents.cases import card
from app.incidents.cases import queries as case_queries
from app.incidents.cases.schemas import (
    CategoryLine,
    CategoryPage,
    City,
    Incident,
    IncidentDetail,
    IncidentPage,
    IncidentState,
    IncidentStatePage,
)
from app.incidents.cases.whole import WholeCase
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.queries import event_of
from app.incidents.clocks.rules import Clock, clocks_of
from app.incidents.clocks.service import as_sent, clocks_at, stays_as_sent
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle.schemas import CaseRef
from app.incidents.queries import AnyRow
from app.incidents.schemas import IncidentQuery
from app.places import queries as place_queries
from app.places import service as places
from app.places.schemas import ChainLink

AnyIncident = TypeVar("AnyIncident", bound=Incident)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEMO_NOTICE_ZH = "演示数据：区县以下边界、事件与值守安排均为虚构，仅供演示。"
DEMO_NOTICE_EN = (
    "Demonstration data: outlines below the districts, incidents and rosters are made up."
)
NATIONAL = CityCalendar()


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
    items = incidents_as(
        session, sent, states, query.at or now, clocks, in_past=query.at is not None
    )
    return IncidentPage(total=total.n, total_is_exact=total.is_exact, items=items, next=following)


def as_they_stand(
    session: Session, rows: queries.Rows, clocks: Mapping[int, Clock], now: datetime
) -> list[Incident]:
    """Incidents as they stand now, in the order of `rows`, with clocks that were computed before.

    Args:
        clocks: by number.
    """
    return incidents_as(session, rows, _states_now(rows), now, clocks)


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
    whole = case_queries.whole_case(session, at, case_id=report_id)
    if whole is None:
        raise not_found("incident", report_id)
    return detail_of(session, whole, at, calendar, actor)


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
    whole = case_queries.whole_case(session, at, no=no)
    if whole is None:
        raise not_found("incident", no)
    return detail_of(session, whole, at, calendar, actor)


def detail_of(
    session: Session,
    whole: WholeCase,
    at: datetime,
    calendar: Calendar = NATIONAL,
    actor: Actor | None = None,
) -> IncidentDetail:
    """A case that was read, as it stood at `at`; asks the database only where others are merged
    into it. Arguments as of `get_incident`.

    Raises:
        Problem: 404 where it was not yet reported at `at`.
    """
    case = lifecycle.replay(whole.log, at)
    if case is None:
        raise not_found("incident", whole.no)
    clocks = clocks_of(whole.log, whole.limits, calendar, at)
    incident = Incident(
        **whole.fields,
        category_name_zh=whole.name_zh,
        category_name_en=whole.name_en,
        kind=rules.kind_of(whole.category),
        cell_code=whole.cell_code,
        chain=[ChainLink.model_validate(link) for link in whole.chain],
        status=case.status,
        stage=case.state.stage,
        closed_at=case.closed_at,
        clock=as_sent(clocks.total),
    )
    standing = card.standing(whole, case, _merged_into(session, whole, at), actor)
    return IncidentDetail(
        **dict(incident),
        **dict(standing),
        timeline=card.timeline(whole),
        stages=stays_as_sent(clocks.stages),
        has_contact=whole.has_contact,
        attachments=whole.photos,
    )


def _merged_into(session: Session, whole: WholeCase, at: datetime) -> list[CaseRef]:
    """The cases that stand merged into this one, as far as they may be seen."""
    if not whole.followers:
        return []
    following = step_queries.merged_into(session, whole.no, at)
    seen = step_queries.refs(session, following)
    return [CaseRef.model_validate(seen[no]) for no in sorted(following) if no in seen]


def state_of(incident: Incident) -> IncidentState:
    """What a program is told of a case."""
    return IncidentState.model_validate(incident)


def list_for_program(
    session: Session, query: IncidentQuery, now: datetime, calendar: Calendar = NATIONAL
) -> IncidentStatePage:
    """As `list_incidents`, as a program is told of it.

    Raises:
        Problem: 422 on `cursor`; on `bbox`, by which an exact place could be closed in on.
    """
    if query.bbox is not None:
        raise invalid("bbox", "is not for programs: ask by area")
    page = list_incidents(session, query, now, calendar)
    return IncidentStatePage(
        total=page.total,
        total_is_exact=page.total_is_exact,
        items=[state_of(incident) for incident in page.items],
        next=page.next,
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


def incidents_as(
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
