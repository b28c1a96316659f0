"""SQL of places. Every answer is as of an instant (UTC)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import ColumnElement, Row, Text, and_, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.query_words import BBox
from app.core.types import among
from app.places.models import Area, BoundaryVersion, City
from app.places.schemas import AreaQuery
from geodata import codes
from geodata.codes import Level

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

NAME_COLUMNS = (Area.code, Area.level, Area.name, Area.name_en)
EXTENT_COLUMNS = (
    func.ST_X(Area.label).label("label_lon"),
    func.ST_Y(Area.label).label("label_lat"),
    func.ST_XMin(Area.geom).label("west"),
    func.ST_YMin(Area.geom).label("south"),
    func.ST_XMax(Area.geom).label("east"),
    func.ST_YMax(Area.geom).label("north"),
)
AREA_COLUMNS = (
    *NAME_COLUMNS,
    *EXTENT_COLUMNS,
    Area.kind,
    Area.parent_code,
    Area.households,
    Area.residents,
    Area.area_m2,
    func.lower(Area.valid).label("valid_from"),
    func.upper(Area.valid).label("valid_until"),
)


def point(lon: float, lat: float) -> ColumnElement[Any]:
    """A point of EPSG:4326."""
    return func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326, type_=Geometry)


def inside(place: InstrumentedAttribute[Any], window: BBox) -> ColumnElement[bool]:
    """Whether a point column (EPSG:4326) lies in a window, its edges in it.

    The index finds the candidates, in single precision; the comparison decides. For points it
    takes a tenth of the time of ST_Intersects.
    """
    return and_(
        place.op("&&")(func.ST_MakeEnvelope(*window, 4326)),
        func.ST_X(place).between(window.west, window.east),
        func.ST_Y(place).between(window.south, window.north),
    )


def city(session: Session) -> AnyRow | None:
    """The city's row, if one is loaded."""
    columns = (City.code, City.name, City.name_en, City.demo)
    return session.execute(select(*columns).order_by(City.code).limit(1)).first()


def boundary_version(session: Session, at: datetime) -> int | None:
    """Which state of all boundaries was in force."""
    found = select(BoundaryVersion.id).where(BoundaryVersion.valid.contains(at))
    return session.scalar(found)


def counts_by_level(session: Session, at: datetime) -> dict[str, int]:
    """How many areas each level has."""
    found = (
        select(Area.level, func.count().label("areas"))
        .where(Area.valid.contains(at))
        .group_by(Area.level)
    )
    return {row.level: row.areas for row in session.execute(found)}


def area(session: Session, code: int, at: datetime) -> AnyRow | None:
    """One area."""
    found = select(*AREA_COLUMNS).where(Area.code == code, Area.valid.contains(at))
    return session.execute(found).first()


def areas(
    session: Session, query: AreaQuery, only: Iterable[int] | None, at: datetime, after: int | None
) -> tuple[int, Rows]:
    """How many areas the query selects, and one more than `limit` of them behind `after`.

    Args:
        only: codes to which the answer is confined; None: no confinement.
        after: the last code that was sent.
    """
    where = _selected(query, only, at)
    total = session.scalar(select(func.count()).select_from(Area).where(*where)) or 0
    wanted = select(Area.id).where(*where).order_by(Area.code).limit(query.limit + 1)
    if after is not None:
        wanted = wanted.where(Area.code > after)
    # Extents are measured for the rows that are sent only: a district has thousands of corners.
    page = select(*AREA_COLUMNS).where(Area.id.in_(wanted.scalar_subquery())).order_by(Area.code)
    return total, session.execute(page).all()


def _selected(
    query: AreaQuery, only: Iterable[int] | None, at: datetime
) -> list[ColumnElement[bool]]:
    where = [Area.valid.contains(at)]
    if query.level is not None:
        where.append(Area.level == query.level)
    if query.parent is not None:
        where.append(Area.parent_code == query.parent)
    if query.code is not None:
        where.append(Area.code == query.code)
    if only is not None:
        where.append(Area.code.in_(list(only)))
    if query.q is not None:
        wanted = query.q.lower()
        where.append(
            or_(
                func.strpos(func.lower(Area.name), wanted) > 0,
                func.strpos(func.lower(Area.name_en), wanted) > 0,
                func.starts_with(cast(Area.code, Text), wanted),
            )
        )
    return where


def names(session: Session, wanted: Iterable[int], at: datetime) -> dict[int, AnyRow]:
    """Code, level and names of areas, by code."""
    found = select(*NAME_COLUMNS).where(
        among(Area.code, sorted(set(wanted))), Area.valid.contains(at)
    )
    return {row.code: row for row in session.execute(found)}


def extents(session: Session, at: datetime) -> Rows:
    """Names, label points and windows (degrees, EPSG:4326) of all areas."""
    return session.execute(
        select(*NAME_COLUMNS, *EXTENT_COLUMNS).where(Area.valid.contains(at))
    ).all()


def cell_at(session: Session, lon: float, lat: float, at: datetime) -> int | None:
    """The grid cell that contains a point; of several that share a border the lowest code.

    Args:
        lon, lat: degrees, EPSG:4326.
    """
    where = point(lon, lat)
    found = (
        select(Area.code)
        .where(
            Area.level == Level.CELL,
            Area.geom.op("&&")(where),
            func.ST_Covers(Area.geom, where),
            Area.valid.contains(at),
        )
        .order_by(Area.code)
        .limit(1)
    )
    return session.scalar(found)


def child_count(session: Session, code: int, at: datetime) -> int:
    """How many areas lie directly below one."""
    found = select(func.count()).where(Area.parent_code == code, Area.valid.contains(at))
    return session.scalar(found) or 0


def outline(session: Session, code: int, at: datetime) -> AnyRow | None:
    """An area's full outline as GeoJSON text, with what it is the outline of."""
    found = select(
        *NAME_COLUMNS,
        Area.area_m2,
        func.ST_AsGeoJSON(Area.geom, 9).label("geojson"),
    ).where(Area.code == code, Area.valid.contains(at))
    return session.execute(found).first()


def chain_codes(all_codes: Iterable[int]) -> set[int]:
    """The codes of some areas and of everything above them."""
    return {above for code in all_codes for above in codes.chain_of(code)}
