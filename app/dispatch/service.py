"""Deciding about dispatch: who answers for an area, which stations serve it, is it staffed."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.paging import cut, decode_cursor
from app.dispatch import queries
from app.dispatch.queries import AnyRow
from app.dispatch.rules import STAFFING_RULE_NAME
from app.dispatch.schemas import (
    AreaCard,
    Assigned,
    Assignment,
    AssignmentPage,
    AssignmentQuery,
    Children,
    CommunityStaffing,
    DutyUnit,
    DutyUnitPage,
    DutyUnitQuery,
    Staffing,
    StaffingPage,
    StaffingQuery,
    Station,
    StationPage,
    StationQuery,
    StationRef,
)
from app.places import queries as place_queries
from app.places import service as places
from geodata import codes
from geodata.codes import Level


def list_stations(session: Session, query: StationQuery, now: datetime) -> StationPage:
    """The stations that the query selects.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int,))
    total, rows = queries.stations(session, query, query.at or now, key[0] if key else None)
    sent, following = cut(rows, query.limit, lambda row: [row.station_id])
    return StationPage(total=total, items=[_station(row) for row in sent], next=following)


def list_assignments(session: Session, query: AssignmentQuery, now: datetime) -> AssignmentPage:
    """The assignments that the query selects.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, int))
    after = (key[0], key[1]) if key else None
    total, rows = queries.assignments(session, query, query.at or now, after)
    sent, following = cut(rows, query.limit, lambda row: [row.area_code, row.id])
    items = [Assignment.model_validate(row) for row in sent]
    return AssignmentPage(total=total, items=items, next=following)


def list_staffing(session: Session, query: StaffingQuery, now: datetime) -> StaffingPage:
    """How the staffing rule stands in the communities that the query selects.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int,))
    total, rows = queries.staffing(session, query, query.at or now, key[0] if key else None)
    sent, following = cut(rows, query.limit, lambda row: [row.code])
    return StaffingPage(total=total, items=[_staffing(row) for row in sent], next=following)


def area_card(session: Session, code: int, at: datetime) -> AreaCard:
    """An area with its chain, its children, its units, its staffing and its stations.

    Raises:
        Problem: 404.
    """
    area = places.get_area(session, code, at)
    chain = codes.chain_of(code)
    answering = [code] if area.level is not Level.CELL else [code, chain[-2]]
    return AreaCard(
        **dict(area),
        chain=places.chains(session, [code], at)[code],
        children=_children(session, code, at),
        assigned=[
            Assigned.model_validate(row) for row in queries.units_for(session, answering, at)
        ],
        staffing=_staffing_of(session, code, at) if area.level is Level.COMMUNITY else None,
        stations=[_station(row) for row in queries.stations_serving(session, chain, at)],
    )


def _children(session: Session, code: int, at: datetime) -> Children | None:
    below = codes.level_of(code).child
    if below is None:
        return None
    return Children(level=below, count=place_queries.child_count(session, code, at))


def _staffing_of(session: Session, code: int, at: datetime) -> Staffing | None:
    _, rows = queries.staffing(session, StaffingQuery(area=code, limit=1), at, None)
    return Staffing.model_validate(dict(_staffing(rows[0]))) if rows else None


def _staffing(row: AnyRow) -> CommunityStaffing:
    return CommunityStaffing(
        rule=STAFFING_RULE_NAME[row.kind],
        required=row.required,
        present=row.present,
        ok=row.ok,
        code=row.code,
        name=row.name,
        kind=row.kind,
    )


def _station(row: AnyRow) -> Station:
    return Station.model_validate(row)


def list_duty_units(session: Session, query: DutyUnitQuery, now: datetime) -> DutyUnitPage:
    """The units on duty that the query selects.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, str))
    after = (key[0], key[1]) if key else None
    total, rows = queries.duty_units(session, query, query.at or now, after)
    sent, following = cut(rows, query.limit, lambda row: [-row.station_area, row.call_sign])
    return DutyUnitPage(total=total, items=[duty_unit(row) for row in sent], next=following)


def duty_unit(row: AnyRow) -> DutyUnit:
    """A unit as it is sent."""
    return DutyUnit(
        unit_id=row.unit_id,
        call_sign=row.call_sign,
        role=row.role,
        station=StationRef(
            id=row.station_id, name=row.station_name, kind=row.station_kind,
            area_code=row.station_area,
        ),
    )  # fmt: skip
