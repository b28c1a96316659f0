"""What the demo city's cases also are: warnings with their visits, disputes at a table.

Made from the cases that a bundle brings, so that the queues are not empty: nothing here adds a case
or moves one, and everything is demo data as they are.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.incidents.clocks.workdays import CityCalendar
from app.mediation import queries as tables
from app.mediation.openings import work_hours
from app.mediation.rules import Act, Answer, TableState

SINCE = timedelta(days=30)
TABLES_A_STATE = 4
BY = {"role": "duty_officer"}

# Acknowledging is the call, handling the visit, handing back its result; half way in between they
# set out.
_WARNINGS = text("""
    WITH log AS (
        SELECT e.no, i.id, i.cell_code, i.severity, i.occurred_at,
               min(e.at) FILTER (WHERE e.step = 'assign') AS dispatched,
               min(e.at) FILTER (WHERE e.step = 'acknowledge') AS called,
               min(e.at) FILTER (WHERE e.step = 'handle') AS arrived,
               min(e.at) FILTER (WHERE e.step = 'hand_back') AS concluded
        FROM incident i JOIN incident_event e
            ON e.no = i.no AND e.at >= i.reported_at AND e.at >= :since
        WHERE i.category LIKE '11%' AND i.reported_at >= :since
        GROUP BY e.no, i.id, i.cell_code, i.severity, i.occurred_at
    ), made AS (
        INSERT INTO warning (id, no, cell_code, urgency, detected_at, dispatched_at, station_id,
                             state, told_level)
        SELECT l.id, l.no, l.cell_code, least(greatest(l.severity - 1, 1), 3), l.occurred_at,
               l.dispatched, s.id,
               CASE WHEN l.concluded IS NOT NULL THEN 'concluded'
                    WHEN l.arrived IS NOT NULL THEN 'arrived'
                    WHEN l.called IS NOT NULL THEN 'called' ELSE 'dispatched' END,
               'police_station'
        FROM log l LEFT JOIN LATERAL (
            SELECT t.id FROM station_cover c JOIN station t ON t.id = c.station_id
            WHERE t.kind = 'police_station' AND c.area_code IN
                (l.cell_code, l.cell_code / 1000 * 1000, l.cell_code / 1000000 * 1000000,
                 l.cell_code / 1000000000 * 1000000000)
            ORDER BY c.area_code DESC, t.id LIMIT 1
        ) s ON true
        WHERE l.dispatched IS NOT NULL
        RETURNING id
    )
    SELECT l.id, l.cell_code, l.dispatched, l.called, l.arrived, l.concluded FROM log l
    WHERE l.dispatched IS NOT NULL
""")
_EVENTS = text("""
    INSERT INTO warning_event (warning_id, ordinal, at, step, outcome, cell_code, role)
    SELECT w.id, row_number() OVER (PARTITION BY w.id ORDER BY s.place), s.at, s.step,
           CASE WHEN s.step = 'conclude' THEN 'dissuaded' END, w.cell_code,
           CASE WHEN s.step <> 'dispatch' THEN 'responder' END
    FROM (SELECT unnest(CAST(:ids AS uuid[])) AS id, unnest(CAST(:cells AS bigint[])) AS cell_code,
                 unnest(CAST(:dispatched AS timestamptz[])) AS dispatched,
                 unnest(CAST(:called AS timestamptz[])) AS called,
                 unnest(CAST(:arrived AS timestamptz[])) AS arrived,
                 unnest(CAST(:concluded AS timestamptz[])) AS concluded) w
    CROSS JOIN LATERAL (VALUES
        (1, 'dispatch', w.dispatched), (2, 'call', w.called),
        (3, 'depart', w.called + (w.arrived - w.called) / 2), (4, 'arrive', w.arrived),
        (5, 'conclude', w.concluded)) s (place, step, at)
    WHERE s.at IS NOT NULL
""")
_DISPUTES = text("""
    SELECT * FROM (
        SELECT i.no, i.id, i.cell_code, i.status, a.at AS assigned_at, l.at AS last_at,
               row_number() OVER (PARTITION BY i.status ORDER BY i.reported_at DESC) AS nth
        FROM incident i
        CROSS JOIN LATERAL (SELECT max(at) AS at FROM incident_event e
                            WHERE e.no = i.no AND e.at >= i.reported_at AND e.step = 'assign') a
        CROSS JOIN LATERAL (SELECT max(at) AS at FROM incident_event e
                            WHERE e.no = i.no AND e.at >= i.reported_at) l
        WHERE i.category LIKE '10%' AND i.status IN ('assigned', 'acknowledged', 'handling')
          AND i.reported_at >= :since AND a.at IS NOT NULL
    ) d WHERE nth <= :most ORDER BY no
""")
# One of each: of the command post, the police station that covers it, the cell.
_UNITS = text("""
    SELECT DISTINCT ON (u.role) u.role, u.id FROM duty_unit u JOIN station s ON s.id = u.station_id
    LEFT JOIN station_cover c ON c.station_id = s.id
    WHERE (u.role IN ('legal_adviser', 'mediator') AND s.kind = 'command_post'
           AND s.area_code = :subdistrict)
       OR (u.role = 'officer' AND s.kind = 'police_station'
           AND c.area_code IN (:community, :subdistrict))
       OR (u.role = 'grid_worker' AND s.kind = 'grid_post' AND c.area_code = :cell)
    ORDER BY u.role, u.id
""")


def make_demo_tables(session: Session, now: datetime) -> None:
    """Make warnings of the 11xx cases, and tables of some 10xx cases, of the last 30 days."""
    _make_warnings(session, now)
    hours = islice(work_hours(CityCalendar(), now, 14), 2, None, 3)
    disputes = session.execute(_DISPUTES, {"since": now - SINCE, "most": TABLES_A_STATE}).all()
    for dispute in disputes:
        _make_table(session, dispute, hours)


def _make_warnings(session: Session, now: datetime) -> None:
    rows = session.execute(_WARNINGS, {"since": now - SINCE}).all()
    if rows:
        columns = {
            name: [getattr(row, name) for row in rows]
            for name in ("dispatched", "called", "arrived", "concluded")
        }
        ids, cells = [row.id for row in rows], [row.cell_code for row in rows]
        session.execute(_EVENTS, {"ids": ids, "cells": cells, **columns})


def _make_table(
    session: Session, dispute: Row[Any], hours: Iterator[tuple[datetime, datetime]]
) -> None:
    cell: int = dispute.cell_code
    places = {
        "cell": cell,
        "community": cell // 10**3 * 10**3,
        "subdistrict": cell // 10**6 * 10**6,
    }
    units = [row.id for row in session.execute(_UNITS, places)]
    rooms = tables.rooms(session, cell, dispute.assigned_at)
    key: UUID = uuid5(dispute.id, "mediation")
    tables.add(session, id=key, no=dispute.no, cell_code=cell, opened_at=dispute.assigned_at,
               state=TableState.CALLED)  # fmt: skip
    row = tables.one(session, key)
    if row is None or len(units) < 2 or not rooms:
        return
    acts: list[dict[str, Any]] = [{"what": Act.OPENED}]
    acts += [{"what": Act.CALL_IN, "unit_id": unit} for unit in units]
    state, meeting = TableState.CALLED, next(hours, None)
    if dispute.status == "handling":
        meeting = (dispute.last_at, dispute.last_at + timedelta(hours=1))
    if dispute.status != "assigned":
        acts += [{"what": Act.ANSWER, "unit_id": u, "answer": Answer.ACCEPTED} for u in units]
        if meeting is not None and tables.book(session, row, rooms[0].id, units, meeting):
            acts.append({"what": Act.MEETING, "room_id": rooms[0].id, "starts_at": meeting[0],
                         "ends_at": meeting[1]})  # fmt: skip
            state = TableState.SCHEDULED
    if state is TableState.SCHEDULED and dispute.status == "handling":
        acts.append({"what": Act.MET})
        state = TableState.MET
    step = (dispute.last_at - dispute.assigned_at) / len(acts)
    for ordinal, act in enumerate(acts, 1):
        at = dispute.assigned_at + step * ordinal
        tables.add_event(session, mediation_id=key, ordinal=ordinal, at=at, cell_code=cell,
                         **BY, **act)  # fmt: skip
    tables.set_state(session, key, state)
