"""Loading a bundle: the whole city in one transaction, or nothing of it."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.city import bundle, queries, rows, timeline
from app.city.copying import as_hex, copy_table, driver_of, same
from app.city.report import LoadReport
from app.city.standard import read_categories
from app.core.clock import city_midnight
from app.core.db import writing
from geodata.progress import Progress

HISTORY = timedelta(days=400)
MONTHS_AHEAD = timedelta(days=92)


@dataclass
class _Load:
    """One load at work: where it writes, what it read, and what it has written so far."""

    session: Session
    folder: Path
    manifest: bundle.Manifest
    progress: Progress
    now: datetime
    valid: str
    written: dict[str, int] = field(default_factory=dict)

    def copy(self, table: str, content: pa.Table) -> None:
        """Write all rows of one table, and say so."""

        def advanced(done: int) -> None:
            self.progress.step(f"load {table}", done, content.num_rows)

        rows_written = copy_table(driver_of(self.session), table, content, advanced)
        self.written[table] = rows_written


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
    categories = read_categories()
    with writing(engine) as session:
        queries.begin_load(session)
        version = queries.next_boundary_version(session, now)
        load = _Load(session, folder, manifest, progress, now, rows.since(_opening(cases, now)))
        queries.clear_city(session)
        _write_frame(load, version)
        queries.write_categories(session, categories, load.valid)
        for part in (_write_areas, _write_units, _write_stations, _write_features):
            part(load)
        _write_cases(load, cases)
        _finish(load)
    return LoadReport(
        name=manifest.name,
        demo=manifest.demo,
        rows=load.written,
        later_incidents=cases.later,
        shift_weeks=shift // timeline.WEEK,
        boundary_version=version,
        seconds=time.monotonic() - started,
    )


def _opening(cases: rows.Cases, now: datetime) -> datetime:
    """From when the city's areas, stations and rosters are said to stand: before its first case."""
    first = pc.min(cases.incidents.column("occurred_at")).as_py()
    return city_midnight(min(now - HISTORY, first or now))


def _write_frame(load: _Load, version: int) -> None:
    manifest = load.manifest
    queries.write_city(
        load.session,
        code=manifest.city_code,
        name=manifest.name,
        name_en=manifest.name_en,
        demo=manifest.demo,
        now=load.now,
    )
    note = f"{load.folder.name}, recipe {manifest.recipe}, seed {manifest.seed}"
    queries.write_boundary_version(load.session, version, load.valid, note)


def _write_areas(load: _Load) -> None:
    read = bundle.read_file(load.folder, "areas", (*rows.AREA_COLUMNS, "geometry"))
    plain, drawn = read.drop_columns(["geometry"]), bundle.geometries(read)
    areas = rows.area_rows(plain, drawn, 1, load.valid)
    load.copy("area", areas)
    shapes = bundle.read_file(load.folder, "shapes", ("code", "level", "zoom", "geometry"))
    try:
        content = rows.shape_rows(
            shapes.drop_columns(["geometry"]), bundle.geometries(shapes), areas, load.valid
        )
    except ValueError as error:
        raise bundle.BundleError(f"{load.folder / 'shapes.parquet'}: {error}") from error
    load.copy("area_shape", content)


def _write_units(load: _Load) -> None:
    read = bundle.read_file(load.folder, "units", (*rows.UNIT_COLUMNS, "geometry"))
    plain = read.drop_columns(["geometry"])
    load.copy("base_unit", rows.unit_rows(plain, bundle.geometries(read), load.valid))


def _write_stations(load: _Load) -> None:
    read = bundle.read_file(load.folder, "stations", (*rows.STATION_COLUMNS, "geometry"))
    plain = read.drop_columns(["geometry"])
    load.copy("station", rows.station_rows(plain, bundle.geometries(read), load.valid))
    load.copy(
        "station_cover",
        bundle.read_file(load.folder, "station_covers", ("station_id", "area_code")),
    )
    units = bundle.read_file(
        load.folder, "duty_units", ("unit_id", "call_sign", "role", "station_id")
    ).rename_columns(["id", "call_sign", "role", "station_id"])
    load.copy("duty_unit", units.append_column("valid", same(load.valid, units.num_rows)))
    given = bundle.read_file(load.folder, "assignments", ("unit_id", "area_code", "duty"))
    load.copy("assignment", given.append_column("valid", same(load.valid, given.num_rows)))


def _write_features(load: _Load) -> None:
    read = bundle.read_file(load.folder, "features", ("kind", "name", "geometry"))
    content = read.drop_columns(["geometry"])
    load.copy("map_feature", content.append_column("geom", as_hex(bundle.geometries(read), 4326)))


def _write_cases(load: _Load, cases: rows.Cases) -> None:
    first = pc.min(cases.incidents.column("reported_at")).as_py() or load.now
    queries.ensure_months(load.session, first, load.now + MONTHS_AHEAD)
    load.copy("incident", cases.incidents)
    load.copy("incident_event", cases.events)
    queries.write_receipts(load.session)


def _finish(load: _Load) -> None:
    steps: tuple[Callable[[], None], ...] = (
        lambda: queries.continue_numbers(load.session),
        lambda: queries.start_stream_epoch(load.session, secrets.token_hex(8)),
        lambda: queries.analyze(load.session),
    )
    for done, step in enumerate(steps):
        load.progress.step("finish", done, len(steps))
        step()
    load.progress.step("finish", len(steps), len(steps))
