"""Loading a bundle: the whole city in one transaction, or nothing of it."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.city import bundle, queries, rows, tables, timeline
from app.city.bundle import Manifest
from app.city.demo_tables import make_demo_tables
from app.city.errors import BundleError
from app.city.report import LoadReport
from app.city.standard import shipped_standard
from app.city.standard_queries import write_standard
from app.core.clock import city_midnight
from app.core.copying import copy_table
from app.core.db import driver_of, writing
from app.incidents.reading import filling
from app.live.service import restart_stream
from app.mediation.queries import make_rooms
from app.places import versions
from app.places.rows import since
from geodata.progress import Progress

HISTORY = timedelta(days=400)
MONTHS_AHEAD = timedelta(days=92)


def load_bundle(engine: Engine, folder: Path, progress: Progress, now: datetime) -> LoadReport:
    """Replace whatever city is loaded by the one of a bundle. All of it or nothing.

    See `app.city.service.load_bundle`.
    """
    started = time.monotonic()
    manifest = bundle.read_manifest(folder)
    shift = timeline.shift_to(manifest.anchor_on, now)
    progress.step("read cases", 0, 1)
    cases = rows.read_cases(folder, shift, now)
    progress.step("read cases", 1, 1)
    valid = since(_opening(cases, now))
    content = tables.one_ahead(tables.of_bundle(folder, cases, valid))
    with writing(engine) as session, closing(content):
        versions.take_turn(session)
        version = versions.next_boundary_version(session, now)
        queries.clear_city(session)
        _write_frame(session, manifest, version, valid, now)
        queries.ensure_months(session, _first_report(cases, now), now + MONTHS_AHEAD)
        written = _copy_all(session, content, progress)
        _finish(session, progress)
        filling.fill(session, progress)
        if manifest.demo:
            make_demo_tables(session, now)
    return LoadReport(
        name=manifest.name,
        demo=manifest.demo,
        rows=written,
        later_incidents=cases.later,
        shift_weeks=shift // timeline.WEEK,
        boundary_version=version,
        seconds=time.monotonic() - started,
    )


def _opening(cases: rows.Cases, now: datetime) -> datetime:
    """From when areas, stations and rosters are said to stand: before the first case."""
    first = pc.min(cases.incidents.column("occurred_at")).as_py()
    return city_midnight(min(now - HISTORY, first or now))


def _first_report(cases: rows.Cases, now: datetime) -> datetime:
    first: datetime | None = pc.min(cases.incidents.column("reported_at")).as_py()
    return first or now


def _write_frame(
    session: Session, manifest: Manifest, version: int, valid: str, now: datetime
) -> None:
    queries.write_city(
        session,
        code=manifest.city_code,
        name=manifest.name,
        name_en=manifest.name_en,
        demo=manifest.demo,
        now=now,
    )
    note = f"recipe {manifest.recipe}, seed {manifest.seed}"
    versions.write_boundary_version(session, version, valid, note)
    write_standard(session, shipped_standard(), valid)


def _copy_all(
    session: Session, content: Iterator[tuple[str, pa.Table]], progress: Progress
) -> dict[str, int]:
    written = {}
    for table, table_rows in content:

        def advanced(done: int, name: str = table, total: int = table_rows.num_rows) -> None:
            progress.step(f"load {name}", done, total)

        try:
            written[table] = copy_table(driver_of(session), table, table_rows, advanced)
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            raise BundleError(f"Rows for {table} contradict each other: {error}") from error
    return written


def _finish(session: Session, progress: Progress) -> None:
    steps = (
        queries.write_receipts,
        queries.continue_numbers,
        make_rooms,
        restart_stream,
        queries.analyze,
    )
    for done, step in enumerate(steps):
        progress.step("finish", done, len(steps))
        step(session)
    progress.step("finish", len(steps), len(steps))
