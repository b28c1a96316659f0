"""SQL of importing: what is in force, closing it, and where new numbers begin."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
import shapely
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.city.importing.drawn import Drawn
from app.places.models import City
from geodata.codes import Level


def areas_in_force(session: Session, level: Level, now: datetime) -> Drawn:
    """The areas of one level as they stand now."""
    found = session.execute(
        text(
            "SELECT code, name, ST_AsBinary(geom) AS geom FROM area"
            " WHERE level = :level AND valid @> :now ORDER BY code"
        ),
        {"level": level.value, "now": now},
    ).all()
    return Drawn(
        np.array([row.code for row in found], dtype=np.int64),
        [row.name for row in found],
        np.array(shapely.from_wkb([bytes(row.geom) for row in found]), dtype=object),
    )


def is_demo(session: Session) -> bool | None:
    """Whether the loaded city is the demo; None where no city is loaded."""
    return session.scalar(select(City.demo))


def has_level(session: Session, level: Level) -> bool:
    """Whether any area of this level has ever been loaded."""
    found = text("SELECT EXISTS (SELECT FROM area WHERE level = :level)")
    return bool(session.scalar(found, {"level": level.value}))


def opening(session: Session) -> datetime:
    """From when the first boundaries of this city are said to stand."""
    found: datetime = session.execute(
        text("SELECT min(lower(valid)) FROM boundary_version")
    ).scalar_one()
    return found


def close_areas(session: Session, level: Level, now: datetime) -> int:
    """Close all areas of a level, and their shapes, at `now`. Gives back how many."""
    words = {"level": level.value, "now": now}
    ending = "SET valid = tstzrange(lower(valid), :now) WHERE level = :level AND upper_inf(valid)"
    session.execute(text(f"UPDATE area_shape {ending}"), words)
    closed = session.execute(text(f"UPDATE area {ending} RETURNING id"), words).all()
    return len(closed)


def close_units(session: Session, now: datetime) -> None:
    """End all base units at `now`."""
    session.execute(
        text("UPDATE base_unit SET valid = tstzrange(lower(valid), :now) WHERE upper_inf(valid)"),
        {"now": now},
    )


def newest_base(session: Session) -> datetime | None:
    """The last instant from which a plan was drawn; None without plans."""
    last: datetime | None = session.scalar(text("SELECT max(base_at) FROM plan"))
    return last


def orphans(session: Session, now: datetime) -> list[tuple[int, str, int]]:
    """Areas in force whose parent is not: code, name, parent."""
    found = session.execute(
        text(
            "SELECT a.code, a.name, a.parent_code FROM area a"
            " WHERE upper_inf(a.valid) AND a.parent_code IS NOT NULL AND NOT EXISTS ("
            "   SELECT FROM area p WHERE p.code = a.parent_code AND upper_inf(p.valid))"
            " ORDER BY a.code LIMIT 20"
        ),
        {"now": now},
    ).all()
    return [(row.code, row.name, row.parent_code) for row in found]


def dissolved(session: Session, codes: Sequence[int]) -> set[int]:
    """Those of the codes that stood for an area once and are not in force."""
    found = session.execute(
        text(
            "SELECT code FROM area WHERE code = ANY (:codes)"
            " GROUP BY code HAVING NOT bool_or(upper_inf(valid))"
        ),
        {"codes": list(codes)},
    ).scalars()
    return set(found)


def left_behind(session: Session) -> dict[str, int]:
    """What refers to areas that are no longer in force: word -> how many."""
    row = session.execute(
        text(
            "WITH gone AS ("
            "   SELECT code FROM area GROUP BY code HAVING NOT bool_or(upper_inf(valid)))"
            " SELECT"
            " (SELECT count(*) FROM incident i JOIN incident_status s USING (status)"
            "   WHERE s.is_open AND i.cell_code IN (SELECT code FROM gone)) AS incidents,"
            " (SELECT count(*) FROM base_unit"
            "   WHERE upper_inf(valid) AND cell_code IN (SELECT code FROM gone)) AS units,"
            " (SELECT count(*) FROM assignment"
            "   WHERE upper_inf(valid) AND area_code IN (SELECT code FROM gone)) AS assignments"
        )
    ).one()
    return {
        "open incidents": row.incidents,
        "base units": row.units,
        "assignments": row.assignments,
    }


def receipts(session: Session, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The hash of the report that was acknowledged under each id."""
    found = session.execute(
        text("SELECT id, body_hash FROM report_receipt WHERE id = ANY (:ids)"), {"ids": list(ids)}
    ).all()
    return {row.id: bytes(row.body_hash) for row in found}


def categories_in_force(session: Session, now: datetime) -> set[str]:
    """The four-digit codes of the filing standard."""
    found = text("SELECT code FROM category WHERE valid @> :now AND length(code) = 4")
    return set(session.execute(found, {"now": now}).scalars())


def next_incident_numbers(session: Session, count: int) -> list[int]:
    """As many new short numbers, ascending."""
    found = text("SELECT nextval('incident_no_seq') FROM generate_series(1, :count)")
    return sorted(session.execute(found, {"count": count}).scalars())


def station_count(session: Session) -> int:
    """How many stations there are, past ones included."""
    return int(session.execute(text("SELECT count(*) FROM station")).scalar_one())


def replace_stations(session: Session, now: datetime) -> None:
    """Close all stations at `now`."""
    session.execute(
        text("UPDATE station SET valid = tstzrange(lower(valid), :now) WHERE upper_inf(valid)"),
        {"now": now},
    )


def move_units_to_new_stations(session: Session, now: datetime) -> int:
    """Let duty units follow their station to its new row; close those whose station is gone.

    Returns:
        How many duty units were closed.
    """
    session.execute(
        text(
            "UPDATE duty_unit u SET station_id = new.id FROM station old, station new"
            " WHERE old.id = u.station_id AND upper_inf(u.valid) AND NOT upper_inf(old.valid)"
            " AND new.code = old.code AND upper_inf(new.valid)"
        )
    )
    gone = session.execute(
        text(
            "UPDATE duty_unit u SET valid = tstzrange(lower(u.valid), :now) FROM station s"
            " WHERE s.id = u.station_id AND upper_inf(u.valid) AND NOT upper_inf(s.valid)"
            " RETURNING u.id"
        ),
        {"now": now},
    ).scalars()
    ids = list(gone)
    session.execute(
        text(
            "UPDATE assignment SET valid = tstzrange(lower(valid), :now)"
            " WHERE unit_id = ANY (:ids) AND upper_inf(valid)"
        ),
        {"now": now, "ids": ids},
    )
    return len(ids)
