"""SQL of stations, assignments and staffing. Every answer is as of an instant (UTC)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.query_words import parse_bbox
from app.dispatch.models import Assignment, DutyUnit, StaffingRule, Station, StationCover
from app.dispatch.schemas import AssignmentQuery, StaffingQuery, StationQuery
from app.places.models import Area
from app.places.queries import inside
from geodata import codes
from geodata.codes import Level

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

STATION_COLUMNS = (
    Station.id.label("station_id"),
    Station.code,
    Station.kind,
    Station.name,
    Station.area_code,
    func.ST_X(Station.geom).label("lon"),
    func.ST_Y(Station.geom).label("lat"),
)
UNIT_COLUMNS = (
    DutyUnit.call_sign,
    DutyUnit.role,
    Assignment.duty,
    Station.name.label("station"),
    Assignment.area_code,
)


def stations(
    session: Session, query: StationQuery, at: datetime, after: int | None
) -> tuple[int, Rows]:
    """How many stations the query selects, and one more than `limit` of them behind `after`."""
    where: list[ColumnElement[bool]] = [Station.valid.contains(at)]
    if query.kind is not None:
        where.append(Station.kind == query.kind)
    if query.area is not None:
        where.append(Station.area_code.between(*codes.code_range(query.area)))
    if query.bbox is not None:
        where.append(inside(Station.geom, parse_bbox(query.bbox)))
    total = session.scalar(select(func.count()).select_from(Station).where(*where)) or 0
    found = select(*STATION_COLUMNS).where(*where)
    if after is not None:
        found = found.where(Station.id > after)
    return total, session.execute(found.order_by(Station.id).limit(query.limit + 1)).all()


def stations_serving(session: Session, chain: Sequence[int], at: datetime) -> Rows:
    """The stations that serve any of the areas of a chain, nearest level first."""
    serves = select(StationCover.station_id).where(StationCover.area_code.in_(chain))
    found = (
        select(*STATION_COLUMNS)
        .where(
            Station.valid.contains(at),
            or_(Station.id.in_(serves), Station.area_code.in_(chain)),
        )
        .order_by(Station.area_code.desc(), Station.id)
    )
    return session.execute(found).all()


def _assigned(columns: tuple[Any, ...], at: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .select_from(Assignment)
        .join(DutyUnit, DutyUnit.id == Assignment.unit_id)
        .where(Assignment.valid.contains(at), DutyUnit.valid.contains(at))
    )


def units_for(session: Session, area_codes: Sequence[int], at: datetime) -> Rows:
    """The units that answer for these areas, the smallest area first."""
    found = (
        _assigned(UNIT_COLUMNS, at)
        .join(Station, Station.id == DutyUnit.station_id)
        .where(Assignment.area_code.in_(area_codes))
    )
    order = (Assignment.area_code.desc(), Assignment.duty != "primary", DutyUnit.call_sign)
    return session.execute(found.order_by(*order)).all()


def assignments(
    session: Session, query: AssignmentQuery, at: datetime, after: tuple[int, int] | None
) -> tuple[int, Rows]:
    """How many assignments the query selects, and one more than `limit` of them behind `after`."""
    where: list[ColumnElement[bool]] = []
    if query.area is not None:
        where.append(Assignment.area_code.between(*codes.code_range(query.area)))
    if query.role is not None:
        where.append(DutyUnit.role == query.role)
    if query.duty is not None:
        where.append(Assignment.duty == query.duty)
    total = session.scalar(_assigned((func.count(),), at).where(*where)) or 0
    columns = (
        Assignment.id,
        *UNIT_COLUMNS,
        Station.code.label("station_code"),
        Area.name.label("area_name"),
        Area.level.label("area_level"),
    )
    found = (
        _assigned(columns, at)
        .join(Station, Station.id == DutyUnit.station_id)
        .join(Area, (Area.code == Assignment.area_code) & Area.valid.contains(at))
        .where(*where)
    )
    if after is not None:
        found = found.where(tuple_(Assignment.area_code, Assignment.id) > after)
    found = found.order_by(Assignment.area_code, Assignment.id).limit(query.limit + 1)
    return total, session.execute(found).all()


def staffing(
    session: Session, query: StaffingQuery, at: datetime, after: int | None
) -> tuple[int, Rows]:
    """How many communities the query selects, and one more than `limit` of them behind `after`.

    A row has `code`, `name`, `kind`, `required` and `present` (role -> units), `ok`.
    """
    standing = _standing(query.area, at).cte("standing")
    found = select(standing)
    if query.ok is not None:
        found = found.where(standing.c.ok == query.ok)
    selected = found.cte("selected").prefix_with("MATERIALIZED")
    total = select(func.count()).select_from(selected).scalar_subquery()
    page = select(selected, total.label("total")).where(selected.c.code > (after or 0))
    rows = session.execute(page.order_by(selected.c.code).limit(query.limit + 1)).all()
    if rows:
        return rows[0].total, rows
    return session.scalar(select(func.count()).select_from(selected)) or 0, rows


def _standing(area: int | None, at: datetime) -> Select[*tuple[Any, ...]]:
    """One row a community; a unit counts once, whatever the number of its assignments there."""
    low, high = codes.code_range(area) if area is not None else (0, 2**63 - 1)
    present = (
        select(
            Assignment.area_code,
            DutyUnit.role,
            func.count(DutyUnit.id.distinct()).label("present"),
        )
        .join(DutyUnit, DutyUnit.id == Assignment.unit_id)
        .where(
            Assignment.area_code.between(low, high),
            Assignment.area_code % Level.COMMUNITY.span == 0,
            DutyUnit.role.in_(select(StaffingRule.role)),
            Assignment.valid.contains(at),
            DutyUnit.valid.contains(at),
        )
        .group_by(Assignment.area_code, DutyUnit.role)
        .subquery()
    )
    units = func.coalesce(present.c.present, 0)
    return (
        select(
            Area.code,
            Area.name,
            Area.kind,
            func.jsonb_object_agg(StaffingRule.role, StaffingRule.required).label("required"),
            func.jsonb_object_agg(StaffingRule.role, units).label("present"),
            func.bool_and(units >= StaffingRule.required).label("ok"),
        )
        .join(StaffingRule, StaffingRule.area_kind == Area.kind)
        .outerjoin(
            present,
            (present.c.area_code == Area.code) & (present.c.role == StaffingRule.role),
        )
        .where(Area.level == Level.COMMUNITY, Area.code.between(low, high), Area.valid.contains(at))
        .group_by(Area.code, Area.name, Area.kind)
    )
