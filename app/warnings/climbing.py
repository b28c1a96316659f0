"""Telling the stream that timers ran out: they do so by themselves, and this only says so."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine

from app.core.audiences import Audience
from app.core.db import reading, writing
from app.core.outbox import emit
from app.warnings import queries, rules, service

log = structlog.get_logger()

CLIMBED_TOPIC = "warning.climbed"


@dataclass(frozen=True)
class ClimbReport:
    """How many timers run, how many warnings climbed since the last time somebody looked, and of
    how many the log could not be read."""

    running: int
    climbed: int
    broken: int = 0


def run_climbs(engine: Engine, now: datetime, *, dry_run: bool = False) -> ClimbReport:
    """Tell of every warning that climbed and was not told of.

    Args:
        now: the instant (UTC) as of which timers are read.
        dry_run: look only.
    """
    with (reading if dry_run else writing)(engine) as session:
        rows = queries.running(session)
        logs = queries.logs(session, [row.id for row in rows])
        timers = queries.timers(session, [row.dispatched_at for row in rows])
        climbed = broken = 0
        for row in rows:
            try:
                standing = rules.standing(
                    map(queries.event_of, logs.get(row.id, [])),
                    timers[row.dispatched_at],
                    now,
                    has_station=row.station_id is not None,
                    closed_at=None,
                )
            except Exception:  # one warning whose log cannot be read: the others climb
                log.exception("a timer cannot be read", warning=str(row.id))
                broken += 1
                continue
            if standing is None or standing.level == row.told_level:
                continue
            climbed += 1
            if not dry_run:
                queries.set_told_level(session, row.id, standing.level)
                told = service.told(row.id, row.no, standing, now)
                emit(session, CLIMBED_TOPIC, row.cell_code, Audience.WARNINGS, told)
    return ClimbReport(len(rows), climbed, broken)
