"""Making the database ready, and filling it with a whole city.

What reads files (Arrow, shapely) is imported where it is called: the web server, which only asks
whether a city is there, must not carry it.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

from app.city import queries
from app.city.report import CityStatus, LoadReport
from app.core import schema
from app.core.db import reading, wait_as_long_as_it_takes, writing
from app.core.settings import Settings
from app.incidents.reading import queries as reading_queries
from geodata.progress import Progress, Silent

if TYPE_CHECKING:
    from app.city.importing.report import ImportReport, Kind
    from app.city.importing.work import Options

DEMO_NAME = "lanzhou"


def prepare_database(engine: Engine, progress: Progress | None = None) -> None:
    """Upgrade the tables and write what follows from the code and from the log: the fixed
    vocabularies, and once after an upgrade the reading model. Safe at every start.

    Args:
        progress: told where that takes long.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database refuses; nothing half-done stays.
    """
    schema.upgrade(engine)
    with writing(engine) as session:
        queries.write_vocabularies(session)
        is_filled = reading_queries.is_filled(session)
    if not is_filled:
        _fill(engine, progress or Silent())


def _fill(engine: Engine, progress: Progress) -> None:
    from app.incidents.reading import filling  # noqa: PLC0415  (see above)

    with writing(engine) as session:
        wait_as_long_as_it_takes(session)
        session.execute(text("LOCK TABLE case_now IN EXCLUSIVE MODE"))
        if not reading_queries.is_filled(session):
            filling.fill(session, progress)


def load_bundle(engine: Engine, bundle_dir: Path, progress: Progress, now: datetime) -> LoadReport:
    """Replace whatever city is loaded by the one of a bundle. All of it or nothing.

    The bundle's times are moved by whole weeks so that `now` lies in its last week; what would then
    lie in the future is left out. The stream begins a new epoch, so that every viewer reloads.

    Args:
        engine: of a database with this version's tables.
        bundle_dir: a folder made by `geodata.demo.build`.
        progress: told about every table; may raise `Cancelled`, which leaves the old city.
        now: the instant that is to be the present.

    Raises:
        BundleError: the folder holds no complete bundle, or one that contradicts itself.
        Cancelled: `progress` asked to stop.
        Problem: 409 `boundaries-busy`: somebody else replaces boundaries just now.
        sqlalchemy.exc.SQLAlchemyError, psycopg.Error: the database fails.
    """
    from app.city import loading  # noqa: PLC0415  (see above)

    return loading.load_bundle(engine, bundle_dir, progress, now)


def ensure_demo_city(engine: Engine, settings: Settings, progress: Progress) -> LoadReport | None:
    """Build and load the demo city if no city is loaded; None if one is.

    A bundle that is half there, unreadable or of an older recipe is built anew.

    Raises:
        BundleError, DemoError, Cancelled, SQLAlchemyError: no city is loaded.
    """
    from app.city import demo  # noqa: PLC0415  (see above)

    return demo.ensure(engine, demo.Places(settings.data_dir), DEMO_NAME, progress)


def import_file(
    engine: Engine,
    kind: "Kind",
    file: Path,
    options: "Options",
    *,
    progress: Progress,
    now: datetime,
) -> "ImportReport":
    """Import a city's own file: read in a child process, checked, written whole or not at all.

    Args:
        engine: of a database with this version's tables.
        kind: what the file holds.
        file: GeoJSON, a zipped Shapefile, GeoPackage, CSV or XLSX.
        options: what its sender declares beside it.
        progress: told of the steps; may raise `Cancelled`, which changes nothing.
        now: from when new boundaries and stations are in force.

    Returns:
        What was found; `fits` says whether it was, or with `dry_run` would have been, written.

    Raises:
        Cancelled: `progress` asked to stop.
        Problem: 409 `boundaries-busy`: somebody else replaces boundaries just now.
        sqlalchemy.exc.SQLAlchemyError, psycopg.Error: the database fails.
    """
    from app.city.importing import service as importing  # noqa: PLC0415  (see above)

    return importing.import_file(engine, kind, file, options, progress=progress, now=now)


def is_city_loaded(engine: Engine) -> bool:
    """Whether a city is there."""
    with reading(engine) as session:
        return queries.loaded_city(session) is not None


def city_status(engine: Engine, now: datetime) -> CityStatus | None:
    """What is loaded, as of `now`; None when no city is."""
    with reading(engine) as session:
        return queries.city_status(session, now)
