"""SQL of the maps that is no tile: boundary versions, surfaces, states in the past."""

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.scope import Scope
from tiles.located import DrawnCells
from tiles.points import IntArray
from tiles.pool import HOLDS
from tiles.selection import CaseFilter

VERSIONS = b"""
SELECT now(), v.id, CASE WHEN lower_inf(valid) THEN NULL ELSE lower(valid) END,
       CASE WHEN upper_inf(valid) THEN NULL ELSE upper(valid) END
FROM (SELECT 1) one LEFT JOIN published.boundary_version v ON NOT isempty(v.valid)
ORDER BY v.id
"""
# As counted when the tables were analyzed last; -1 where they never were.
CASES_ABOUT = b"""
SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'public.incident'::regclass
"""
SURFACES = text("SELECT code, area_m2 FROM published.area WHERE level = :level AND valid @> :at")
# Shapes are needed of cells that were redrawn since the city was first drawn, and of those beside
# them, on whose borders a place may lie.
CELLS = text("""
SELECT code, ST_AsBinary(geom) AS wkb, coalesce(lower(valid), '-infinity') > (
    SELECT min(coalesce(lower(valid), '-infinity')) FROM published.area WHERE level = 'cell'
) AS is_redrawn
FROM published.area WHERE level = 'cell' AND valid @> CAST(:at AS timestamptz) ORDER BY code
""")
# A case has no event before it was reported, so `since` bounds its events as well.
IN_STATES = text("""
SELECT coalesce(array_agg(no), '{}') FROM (
    SELECT DISTINCT ON (no) no, status FROM published.incident_event
    WHERE at >= :since AND at <= :as_of
    ORDER BY no, at DESC, ordinal DESC
) last WHERE status = ANY (:statuses)
""")

SCOPE_HOLDS = text(HOLDS.format(":lo", ":hi"))


class BoundaryVersion(NamedTuple):
    """One state of all boundaries, in force from `since` until `until` (exclusive, UTC).

    None is for ever.
    """

    id: int
    since: datetime | None
    until: datetime | None


async def boundary_versions(
    connection: psycopg.AsyncConnection[Any],
) -> tuple[list[BoundaryVersion], datetime]:
    """All states of the boundaries there have been, and when the database said so."""
    cursor = await connection.execute(VERSIONS)
    found = await cursor.fetchall()
    return [BoundaryVersion(*row[1:]) for row in found if row[1] is not None], found[0][0]


async def cases_about(connection: psycopg.AsyncConnection[Any]) -> int:
    """About how many cases there are, without counting them."""
    cursor = await connection.execute(CASES_ABOUT)
    found = await cursor.fetchone()
    return 0 if found is None else int(found[0])


def surfaces_m2(session: Session, level: str, at: datetime) -> dict[int, float]:
    """Surface in m² of every area of a level as drawn at `at`, by code."""
    rows = session.execute(SURFACES, {"level": level, "at": at})
    return {row.code: row.area_m2 for row in rows}


def drawn_cells(session: Session, at: datetime) -> DrawnCells:
    """The cells as drawn at `at`: which of them always were so, and the shapes of the others."""
    rows = session.execute(CELLS, {"at": at}).all()
    return DrawnCells.of(
        np.array([row.code for row in rows], dtype=np.int64),
        np.asarray(shapely.from_wkb([bytes(row.wkb) for row in rows]), dtype=object),
        np.array([row.is_redrawn for row in rows], dtype=np.bool_),
    )


def numbers_in_states(session: Session, wanted: CaseFilter) -> IntArray:
    """Short numbers of cases that stood in one of the filter's states at its `as_of`."""
    words = {
        "since": wanted.since, "as_of": wanted.as_of, "statuses": sorted(wanted.statuses or ())
    }  # fmt: skip
    return np.asarray(session.scalar(IN_STATES, words), dtype=np.int64)


def scope_holds(session: Session, scope: Scope) -> bool:
    """Whether row security lets this session see exactly the scope, in the session's transaction.

    Not so once the sign-in has ended, or acts under another grant.
    """
    words = {"lo": scope.lo, "hi": scope.hi}
    return bool(session.scalar(SCOPE_HOLDS, words))


def attribution(session: Session) -> str:
    """Where the city's data comes from; empty without a city."""
    row = session.execute(text("SELECT name, demo FROM published.city")).one_or_none()
    if row is None:
        return ""
    return f"{row.name}: demonstration data" if row.demo else str(row.name)
