"""SQL of cases that follow the boundaries. Runs as the owner role; instants are UTC."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.incidents.queries import Rows
from app.incidents.reading.queries import STATUS_OF, TIER_OF

# The point decides, as for a report: of several cells that share a border the lowest code. What
# lies inside its own cell, off its border, lies in no other: only the rest is looked up.
_STRAYED = text("""
    WITH placed AS (
        SELECT n.no, n.reported_at, n.cell_code, i.geom
        FROM case_now n
        JOIN incident i ON i.reported_at = n.reported_at AND i.no = n.no
        WHERE (CAST(:cells AS bigint[]) IS NULL OR n.cell_code = ANY (:cells))
          AND n.reported_at >= :since
    ), beside AS MATERIALIZED (
        SELECT p.* FROM placed p
        LEFT JOIN area own ON own.code = p.cell_code AND own.level = 'cell' AND upper_inf(own.valid)
        WHERE own.code IS NULL OR NOT ST_ContainsProperly(own.geom, p.geom)
    )
    SELECT b.no, b.reported_at, b.cell_code, a.code AS new_cell
    FROM beside b
    CROSS JOIN LATERAL (
        SELECT code FROM area WHERE level = 'cell' AND upper_inf(valid) AND geom && b.geom
          AND ST_Covers(geom, b.geom) ORDER BY code LIMIT 1
    ) a
    WHERE a.code <> b.cell_code
    ORDER BY b.no
""")
_HELD = text("""
    SELECT i.no FROM incident i
    JOIN unnest(CAST(:nos AS bigint[]), CAST(:times AS timestamptz[])) w (no, reported_at)
      ON i.no = w.no AND i.reported_at = w.reported_at
    ORDER BY i.no FOR UPDATE OF i
""")
# Who answers for the new cell takes what the worker of the old one had. A unit that is not of the
# grid (police, a mediator) goes on.
_MOVES = text("""
    SELECT n.no, n.reported_at, n.cell_code AS old_cell, w.new_cell, n.version + 1 AS ordinal,
           greatest(n.since, CAST(:at AS timestamptz)) AS at, n.unit_id AS old_unit,
           CASE WHEN n.resumes_at <= :at THEN n.resumes_as ELSE n.status END AS status, n.tier,
           CASE WHEN u.role IN ('grid_worker', 'grid_lead') THEN (
               SELECT min(d.id) FROM published.assignment s
               JOIN published.duty_unit d ON d.call_sign = s.call_sign AND d.valid @> :at
               WHERE s.area_code = w.new_cell AND s.role = u.role AND s.valid @> :at
                 AND s.duty = 'primary'
           ) ELSE n.unit_id END AS new_unit
    FROM case_now n
    JOIN unnest(CAST(:nos AS bigint[]), CAST(:new_cells AS bigint[])) w (no, new_cell)
      ON w.no = n.no
    LEFT JOIN published.duty_unit u ON u.id = n.unit_id
    ORDER BY n.no
""")
_EVENTS = text("""
    INSERT INTO incident_event (no, at, ordinal, step, status, tier, cell_code, unit_id, from_cell)
    SELECT * FROM unnest(
        CAST(:nos AS bigint[]), CAST(:times AS timestamptz[]), CAST(:ordinals AS smallint[]),
        array_fill('rezone'::text, ARRAY[CAST(:count AS int)]), CAST(:statuses AS text[]),
        CAST(:tiers AS text[]), CAST(:new_cells AS bigint[]), CAST(:units AS bigint[]),
        CAST(:old_cells AS bigint[]))
""")


def strayed(session: Session, cells: Sequence[int] | None, since: datetime) -> Rows:
    """Open cases whose place lies in another cell in force than theirs: `no`, `reported_at`,
    `cell_code`, `new_cell`; in the order of their numbers.

    Args:
        cells: only cases of these; None for all.
        since: only cases reported then or later.
    """
    asked = list(cells) if cells is not None else None
    return session.execute(_STRAYED, {"cells": asked, "since": since}).all()


def hold(session: Session, rows: Rows) -> None:
    """Wait for whoever is taking a step of one of these cases, and keep others from it."""
    nos = [row.no for row in rows]
    times = [row.reported_at for row in rows]
    session.execute(_HELD, {"nos": nos, "times": times})


def moves(session: Session, rows: Rows, at: datetime) -> Rows:
    """What becomes of cases that are still open: `no`, `reported_at`, `old_cell`, `new_cell`,
    `old_unit`, `new_unit`, `status` and `tier` as numbers, `ordinal` and `at` of the event.

    Args:
        rows: as of `strayed`, held.
        at: from when the new boundaries are in force; an event never lies before the last one of
            its case.
    """
    words = {
        "nos": [row.no for row in rows],
        "new_cells": [row.new_cell for row in rows],
        "at": at,
    }
    return session.execute(_MOVES, words).all()


def write_events(session: Session, rows: Rows) -> None:
    """Log the moves, and let every table that tells of these cases follow."""
    nos = [row.no for row in rows]
    new_cells = [row.new_cell for row in rows]
    units = [row.new_unit for row in rows]
    session.execute(
        _EVENTS,
        {
            "nos": nos,
            "times": [row.at for row in rows],
            "ordinals": [row.ordinal for row in rows],
            "count": len(rows),
            "statuses": [STATUS_OF[row.status].value for row in rows],
            "tiers": [TIER_OF[row.tier].value for row in rows],
            "new_cells": new_cells,
            "units": units,
            "old_cells": [row.old_cell for row in rows],
        },
    )
    words = {
        "nos": nos,
        "times": [row.reported_at for row in rows],
        "cells": new_cells,
        "units": units,
    }
    session.execute(text("SELECT move_cases(:nos, :times, :cells, :units)"), words)
