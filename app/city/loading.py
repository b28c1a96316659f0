"""Loading a bundle: the whole city in one transaction, or nothing of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.city import bundle, case_tables, queries, rows, tables, timeline
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
from app.incidents.reading.models import CaseNow
from app.live.service import restart_stream
from app.mediation.queries import make_rooms
from app.places import versions
from app.places.rows import since
from geodata.progress import Progress

HISTORY = timedelta(days=400)
MONTHS_AHEAD = timedelta(days=92)
FOLLOWING: tuple[Callable[[Session], None], ...] = (
    queries.continue_numbers,
    make_rooms,
    restart_stream,
)


def load_bundle(engine: Engine, folder: Path, progress: Progress, now: datetime) -> LoadReport:
    """Replace whatever city is loaded by the one of a bundle. All of it or nothing.

    See `app.city.service.load_bundle`.
    """
    started = time.monotonic()
    manifest = bundle.read_manifest(folder)
    shift = timeline.shift_to(manifest.anchor_on, now)
    progress.step("read cases", 0, 1)
    span = rows.read_span(folder)
    progress.step("read cases", 1, 1)
    valid_from = _opening(span, shift, now)
    valid = since(valid_from)
    with writing(engine) as session:
        versions.lock_boundaries(session)
        version = versions.next_boundary_version(session, now)
        progress.step("clear the tables", 0, 3)
        queries.clear_city(session)
        progress.step("clear the tables", 1, 3)
        _write_frame(session, manifest, version, valid, now)
        progress.step("clear the tables", 2, 3)
        first = span.first_reported_at
        queries.ensure_months(session, first + shift if first else now, now + MONTHS_AHEAD)
        progress.step("clear the tables", 3, 3)
        with _refusing():
            with closing(tables.one_ahead(tables.of_bundle(folder, valid))) as content:
                written = _copy_all(session, content, progress)
            progress.step("places of cells", 0, 1)
            coarse = rows.CoarsePlaces.of(queries.coarse_places(session))
            progress.step("places of cells", 1, 1)
            found = rows.read_cases(folder, shift, now, coarse)
            standard = filling.standard_since(session, valid_from.year)
            prepared = case_tables.prepare(found, standard)
            with closing(tables.one_ahead(prepared)) as parts:
                cases = case_tables.write(session, parts, span, progress)
        _finish(session, progress)
        filling.write_open(session, standard, progress)
        queries.analyze(session, (CaseNow.__tablename__,))
        if manifest.demo:
            progress.step("warnings and tables", 0, 1)
            make_demo_tables(session, now)
            progress.step("warnings and tables", 1, 1)
    return LoadReport(
        name=manifest.name,
        demo=manifest.demo,
        rows=written | cases.rows,
        later_incidents=cases.later,
        shift_weeks=shift // timeline.WEEK,
        boundary_version=version,
        seconds=time.monotonic() - started,
    )


def _opening(span: rows.Span, shift: timedelta, now: datetime) -> datetime:
    """From when areas, stations and rosters are said to stand: before the first case."""
    first = span.first_occurred_at
    return city_midnight(min(now - HISTORY, first + shift if first else now))


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

        written[table] = copy_table(driver_of(session), table, table_rows, advanced)
    return written


@contextmanager
def _refusing() -> Iterator[None]:
    """Rows that the database does not take are a fault of the bundle."""
    try:
        yield
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        where = error.diag.table_name or error.diag.context
        raise BundleError(f"Rows for {where} contradict each other: {error}") from error


def _finish(session: Session, progress: Progress) -> None:
    """What follows from the rows. The log is in place here, with its indexes."""
    for done, step in enumerate(FOLLOWING):
        progress.step("finish", done, len(FOLLOWING))
        step(session)
    progress.step("finish", len(FOLLOWING), len(FOLLOWING))
    for done, table in enumerate(queries.CITY_TABLES):
        progress.step("analyze", done, len(queries.CITY_TABLES))
        queries.analyze(session, (table,))
    progress.step("analyze", len(queries.CITY_TABLES), len(queries.CITY_TABLES))
