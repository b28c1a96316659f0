"""Importing stations: the new state of all of them, in force from now on."""

import numpy as np
import pyarrow as pa
import shapely

from app.city import rows
from app.city.importing import fields, places, queries
from app.city.importing.drawn import Drawn
from app.city.importing.work import Work
from app.core.copying import copy_table
from app.core.db import driver_of
from app.dispatch.rules import StationKind
from app.mediation.queries import make_rooms
from app.places import versions
from app.places.rows import since
from geodata import codes
from geodata.codes import LEVELS, Level

FIELDS = ("code", "kind", "name", "area_code", "covers", "lon", "lat", "address")
LEVEL_OF: dict[str, Level] = {
    StationKind.CITY_CENTRE: Level.CITY,
    StationKind.SUB_CENTRE: Level.DISTRICT,
    StationKind.COMMAND_POST: Level.SUBDISTRICT,
    StationKind.WORKSTATION: Level.COMMUNITY,
    StationKind.GRID_POST: Level.CELL,
    StationKind.POLICE_STATION: Level.SUBDISTRICT,
    StationKind.ANTI_FRAUD_CENTRE: Level.DISTRICT,
}
"""The level of the area that a kind of station stands for, where the file does not name one."""


def take(work: Work) -> None:
    """Check the stations against each other and the areas, and write them if they fit."""
    code = work.each("code", fields.name)
    work.refuse_twice("code", code)
    kind = work.each("kind", fields.word(StationKind))
    name = work.each("name", fields.name)
    found = places.find(work)
    if found is None:
        return
    area_code = _areas_of(work, kind, found)
    covers = _covers(work, area_code)
    if not work.report.fits:
        return
    work.begin_writing()
    first = versions.first_free_id(work.session, "station")
    ids = np.arange(first, first + len(code))
    content = pa.table(
        {
            "station_id": ids,
            "code": pa.array(code, pa.string()),
            "kind": pa.array(kind, pa.string()),
            "name": pa.array(name, pa.string()),
            "area_code": pa.array(area_code, pa.int64()),
        }
    )
    is_first = queries.station_count(work.session) == 0
    opened_at = queries.opening(work.session) if is_first else work.now
    queries.replace_stations(work.session, work.now)
    driver = driver_of(work.session)
    table = rows.station_rows(content, found.points, since(opened_at))
    work.report.written = copy_table(driver, "station", table)
    pairs = [(int(ids[i]), one) for i, served in enumerate(covers) for one in served]
    served = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    copy_table(
        driver, "station_cover", pa.table({"station_id": served[:, 0], "area_code": served[:, 1]})
    )
    make_rooms(work.session)
    closed = queries.move_units_to_new_stations(work.session, work.now)
    if closed:
        work.report.notes.append(f"{closed:,} duty units had a station that is gone; closed.")


def _areas_of(work: Work, kind: list[str | None], found: places.Places) -> list[int | None]:
    """The area of each station: the one that it names, else the one of its level around it."""

    def around(index: int) -> int:
        level = LEVEL_OF.get(kind[index] or "")
        cell = int(found.cell_code[index])
        return codes.ancestor_at(cell, level) if cell and level else 0

    area_code = work.each("area_code", fields.code(*LEVELS), around)
    for index, one in enumerate(area_code):
        if not one:
            continue
        if _area(work, one) is None:
            work.refuse(index, "area_code", f"there is no area {one}")
        elif found.points[index] is not None and not _holds(work, one, found.points[index]):
            work.refuse_outside(index, "geometry", f"lies outside its area {one}")
    return area_code


def _covers(work: Work, area_code: list[int | None]) -> list[tuple[int, ...]]:
    """The areas that each station serves, separated by commas or semicolons; else its own."""
    parse = fields.code(*LEVELS)

    def parse_all(text: str) -> tuple[int, ...]:
        parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
        return tuple(sorted({parse(part) for part in parts}))

    def own(index: int) -> tuple[int, ...]:
        one = area_code[index]
        return (one,) if one else ()

    covers = work.each("covers", parse_all, own)
    for index, served in enumerate(covers):
        missing = [one for one in served or () if _area(work, one) is None]
        if missing:
            work.refuse(index, "covers", f"there is no area {missing[0]}")
    return [served or () for served in covers]


def _area(work: Work, code: int) -> int | None:
    return _level(work, code).row_of(code)


def _holds(work: Work, code: int, point: object) -> bool:
    drawn = _level(work, code)
    row = drawn.row_of(code)
    return row is not None and bool(shapely.intersects(drawn.geometries[row], point))  # type: ignore[call-overload]


def _level(work: Work, code: int) -> Drawn:
    level = codes.level_of(code)
    if level not in work.loaded:
        work.loaded[level] = queries.areas_in_force(work.session, level, work.now)
    return work.loaded[level]
