"""Deciding about places: lists of areas, one area, the cell that is here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import not_found
from app.core.paging import cut, decode_cursor
from app.places import queries
from app.places.schemas import (
    Area,
    AreaPage,
    AreaQuery,
    BoundaryProperties,
    ChainLink,
)
from geodata import codes


def list_areas(session: Session, query: AreaQuery, now: datetime) -> AreaPage:
    """The areas that the query selects, in the order of their codes.

    Raises:
        Problem: 422 on `cursor`.
    """
    at = query.at or now
    after = decode_cursor(query.cursor, (int,))
    only: tuple[int, ...] | None = None
    if query.lon is not None and query.lat is not None:
        only = codes_at(session, query.lon, query.lat, at)
    total, rows = queries.areas(session, query, only, at, after[0] if after else None)
    sent, following = cut(rows, query.limit, lambda row: [row.code])
    return AreaPage(total=total, items=[as_area(row) for row in sent], next=following)


def codes_at(session: Session, lon: float, lat: float, at: datetime) -> tuple[int, ...]:
    """The areas that contain a point (degrees, EPSG:4326), from the city down to the cell.

    Nothing outside the city; exactly one area of each level inside, also on a border.
    """
    cell = queries.cell_at(session, lon, lat, at)
    return codes.chain_of(cell) if cell is not None else ()


def get_area(session: Session, code: int, at: datetime) -> Area:
    """One area.

    Raises:
        Problem: 404.
    """
    row = queries.area(session, code, at)
    if row is None:
        raise not_found("area", code)
    return as_area(row)


def boundary_json(session: Session, code: int, at: datetime) -> str:
    """An area's full outline as the text of a GeoJSON feature; see `schemas.Boundary`.

    Raises:
        Problem: 404.
    """
    row = queries.outline(session, code, at)
    if row is None:
        raise not_found("area", code)
    properties = BoundaryProperties.model_validate(row, from_attributes=True)
    return (
        f'{{"type":"Feature","id":{row.code},"geometry":{row.geojson},'
        f'"properties":{properties.model_dump_json()}}}'
    )


def chains(session: Session, wanted: Iterable[int], at: datetime) -> dict[int, list[ChainLink]]:
    """For each code the areas from the city down to itself, as they were named at `at`."""
    all_codes = set(wanted)
    named = queries.names(session, queries.chain_codes(all_codes), at)
    links = {code: ChainLink.model_validate(row) for code, row in named.items()}
    return {
        code: [links[above] for above in codes.chain_of(code) if above in links]
        for code in all_codes
    }


def as_area(row: queries.AnyRow) -> Area:
    """An area as it is sent."""
    return Area(**area_fields(row))


def area_fields(row: queries.AnyRow) -> dict[str, Any]:
    """The members of `schemas.Area` from a row of `queries.AREA_COLUMNS`."""
    found = dict(row._mapping)
    found["label"] = (found.pop("label_lon"), found.pop("label_lat"))
    found["bbox"] = tuple(found.pop(side) for side in ("west", "south", "east", "north"))
    return found
