"""SQL of stations, assignments and staffing. Every answer is as of an instant (UTC)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.query_words import parse_bbox
from app.dispatch.models import Assignment, DutyUnit, StaffingRule, Station, StationCover
from app.dispatch.schemas import AssignmentQuery, DutyUnitQuery, StaffingQuery, StationQuery
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


DUTY_COLUMNS = (
    DutyUnit.id.label("unit_id"),
    DutyUnit.call_sign,
    DutyUnit.role,
    Station.id.label("station_id"),
    Station.code.label("station_code"),
    Station.name.label("station_name"),
    Station.kind.label("station_kind"),
    Station.area_code.label("station_area"),
)


def duty_units(
    session: Session, query: DutyUnitQuery, at: datetime, after: tuple[int, str] | None
) -> tuple[int, Rows]:
    """How many units on duty may serve an area, and one more than `limit` of them behind `after`:
    those of the smallest areas first (a greater code lies deeper)."""
    where: list[ColumnElement[bool]] = [DutyUnit.valid.contains(at), Station.valid.contains(at)]
    if query.area is not None:
        lo, hi = codes.code_range(query.area)
        covers = select(StationCover.station_id).where(
            or_(StationCover.area_code.in_(codes.chain_of(query.area)),
                StationCover.area_code.between(lo, hi))
        )  # fmt: skip
        where.append(
            or_(Station.area_code.between(lo, hi),
                Station.area_code.in_(codes.chain_of(query.area)), Station.id.in_(covers))
        )  # fmt: skip
    if query.role is not None:
        where.append(DutyUnit.role == query.role)
    joined = select(*DUTY_COLUMNS).join(Station, Station.id == DutyUnit.station_id).where(*where)
    total = session.scalar(select(func.count()).select_from(joined.subquery())) or 0
    if after is not None:
        joined = joined.where(tuple_(-Station.area_code, DutyUnit.call_sign) > after)
    ordered = joined.order_by(-Station.area_code, DutyUnit.call_sign)
    return total, session.execute(ordered.limit(query.limit + 1)).all()


def units_by_id(session: Session, ids: Sequence[int]) -> dict[int, AnyRow]:
    """Units by number, on duty or not, with DUTY_COLUMNS."""
    found = (
        select(*DUTY_COLUMNS)
        .join(Station, Station.id == DutyUnit.station_id)
        .where(DutyUnit.id.in_(ids))
    )
    return {row.unit_id: row for row in session.execute(found)} if ids else {}


def may_serve(
    session: Session, unit_id: int, cell_code: int, area: tuple[int, int], at: datetime
) -> bool:
    """Whether a unit is on duty, at a station that stands in the area (first and last code), above
    the cell, or covers it."""
    chain = codes.chain_of(cell_code)
    covers = select(StationCover.station_id).where(StationCover.area_code.in_(chain))
    found = (
        select(DutyUnit.id)
        .join(Station, Station.id == DutyUnit.station_id)
        .where(
            DutyUnit.id == unit_id,
            DutyUnit.valid.contains(at),
            or_(
                Station.area_code.between(*area),
                Station.area_code.in_(chain),
                Station.id.in_(covers),
            ),
        )
    )
    return session.scalar(found) is not None


def stations_by_id(session: Session, ids: Sequence[int]) -> dict[int, AnyRow]:
    """Stations by number: `id`, `name`, `kind`, `area_code`."""
    found = select(Station.id, Station.name, Station.kind, Station.area_code).where(
        Station.id.in_(ids)
    )
    return {row.id: row for row in session.execute(found)} if ids else {}


def covering_station(
    session: Session, kind: str, chain: Sequence[int], place: tuple[float, float], at: datetime
) -> int | None:
    """The station of a kind that covers the smallest area of a chain, of several the nearest to a
    place (lon, lat in degrees, EPSG:4326); None where none does."""
    here = func.ST_SetSRID(func.ST_MakePoint(*place), 4326)
    found = (
        select(Station.id)
        .join(StationCover, StationCover.station_id == Station.id)
        .where(Station.kind == kind, Station.valid.contains(at), StationCover.area_code.in_(chain))
        .order_by(StationCover.area_code.desc(), func.ST_Distance(Station.geom, here), Station.id)
        .limit(1)
    )
    return session.scalar(found)


def units_of(session: Session, station_id: int, role: str, at: datetime) -> list[int]:
    """Numbers of a station's units of a role, by call sign."""
    found = (
        select(DutyUnit.id)
        .where(
            DutyUnit.station_id == station_id, DutyUnit.role == role, DutyUnit.valid.contains(at)
        )
        .order_by(DutyUnit.call_sign)
    )
    return list(session.scalars(found))
