"""Bringing the database to the state that this code expects.

Tables come through alembic; views and functions are idempotent `.sql` files that run again, in
name order, when they or what they stand on have changed (design, the house).
"""

import time
from hashlib import blake2b
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, text

from app.core.db import sql_files, wait_as_long_as_it_takes
from app.core.job_schema import pending_scripts

ROOT = Path(__file__).resolve().parents[2]
SQL_FOLDERS = (ROOT / "app" / "sql", ROOT / "tiles" / "sql")
UPGRADE_LOCK = 0x6D696E71
# Readers wait behind whoever waits for a lock: so long, and then they go first.
WAIT_FOR_READERS_S = 2
TRIES = 30


def alembic_config(engine: Engine) -> Config:
    """Alembic's configuration, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "app" / "migrations").replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


class NewerSchemaError(ValueError):
    """The tables are those of a newer version of the code; the message says what to do."""


def upgrade(engine: Engine) -> None:
    """Migrate to the newest tables, then lay views and functions anew where they are others. Safe
    to run at any time.

    Two processes that upgrade at once take turns. Readers see the old views or the new ones.

    Raises:
        NewerSchemaError: a newer version has been here; nothing was changed.
        psycopg.errors.LockNotAvailable: readers held the views for minutes.
    """
    with engine.connect() as guard:
        wait_as_long_as_it_takes(guard)
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": UPGRADE_LOCK})
        try:
            refuse_newer(engine)
            command.upgrade(alembic_config(engine), "head")
            with engine.begin() as connection:
                wait_as_long_as_it_takes(connection)
                for _, script in pending_scripts(connection):
                    run_script(connection, script)
            _lay_views(
                engine, [path.read_text(encoding="utf-8") for path in sql_files(*SQL_FOLDERS)]
            )
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": UPGRADE_LOCK})


def _lay_views(engine: Engine, scripts: list[str]) -> None:
    for left in reversed(range(TRIES)):
        try:
            with engine.begin() as connection:
                wait_as_long_as_it_takes(connection)
                made_from = _made_from(connection, scripts)
                are_laid = set(connection.scalars(_NOTES)) == {made_from}
                if are_laid and connection.scalar(_IN_ORDER):
                    return
                run_script(connection, f"SET LOCAL lock_timeout = '{WAIT_FOR_READERS_S}s'")
                for script in scripts:
                    run_script(connection, script)
                for name in _MADE:
                    run_script(connection, f"COMMENT ON SCHEMA {name} IS '{made_from}'")
        except LockNotAvailable:
            if not left:
                raise
            time.sleep(WAIT_FOR_READERS_S / 4)  # readers that waited behind us go first
        else:
            return


# What the scripts drop and make. A note on each says from what: it goes when the schema goes.
_MADE = ("published", "tiles")
_NOTES = text(
    "SELECT obj_description(to_regnamespace(name), 'pg_namespace')"
    " FROM unnest(CAST(:names AS text[])) name"
).bindparams(names=list(_MADE))
# What the scripts guard with may have been taken away since: they put it back.
_IN_ORDER = text("SELECT NOT EXISTS (SELECT FROM scope_faults())")
# Beside the scripts: the tables, and what a dump restored elsewhere does not bring along (roles,
# and marks on functions of an extension).
_STANDS_ON = text("""
    SELECT concat_ws(' ', (SELECT version_num FROM alembic_version),
        (SELECT extversion FROM pg_extension WHERE extname = 'postgis'),
        c.system_identifier, d.oid)
    FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
""")


def _made_from(connection: Connection, scripts: list[str]) -> str:
    stands_on: str = connection.execute(_STANDS_ON).scalar_one()
    return blake2b("\0".join([stands_on, *scripts]).encode(), digest_size=16).hexdigest()


def run_script(connection: Connection, script: str) -> None:
    """Run several statements as they stand: no `%` in them is a placeholder."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("a psycopg connection is needed")
    driver.execute(script.encode())


def is_current(engine: Engine) -> bool:
    """Whether the tables are those of this code.

    Raises:
        NewerSchemaError: they are those of a newer version of it.
    """
    script = ScriptDirectory.from_config(alembic_config(engine))
    return refuse_newer(engine) == set(script.get_heads())


def refuse_newer(engine: Engine) -> set[str]:
    """At which migrations the tables stand; none for an empty database.

    Raises:
        NewerSchemaError: this code does not know one of them.
    """
    script = ScriptDirectory.from_config(alembic_config(engine))
    with engine.connect() as connection:
        stands = set(MigrationContext.configure(connection).get_current_heads())
    unknown = stands - {revision.revision for revision in script.walk_revisions()}
    if unknown:
        raise NewerSchemaError(
            f"The database was upgraded by a newer version of Minqing Map: its tables stand at"
            f" {', '.join(sorted(unknown))}, and this version knows them up to"
            f" {', '.join(script.get_heads())}. Start that version, or a copy of the database from"
            " before the upgrade. Nothing was changed."
        )
    return stands
