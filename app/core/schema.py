"""Bringing the database to the state that this code expects.

Tables come through alembic; views and functions are idempotent `.sql` files that run again, in
name order, at the end of every upgrade (design, the house).
"""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.core.db import sql_files, wait_as_long_as_it_takes
from app.core.job_schema import pending_scripts

ROOT = Path(__file__).resolve().parents[2]
SQL_FOLDERS = (ROOT / "app" / "sql", ROOT / "tiles" / "sql")
UPGRADE_LOCK = 0x6D696E71


def alembic_config(engine: Engine) -> Config:
    """Alembic's configuration, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "app" / "migrations").replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Migrate to the newest tables, then lay views and functions anew. Safe to run at any time.

    Two processes that upgrade at once take turns.
    """
    with engine.connect() as guard:
        wait_as_long_as_it_takes(guard)
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": UPGRADE_LOCK})
        try:
            command.upgrade(alembic_config(engine), "head")
            with engine.begin() as connection:
                wait_as_long_as_it_takes(connection)
                for _, script in pending_scripts(connection):
                    run_script(connection, script)
            with engine.begin() as connection:
                wait_as_long_as_it_takes(connection)
                for path in sql_files(*SQL_FOLDERS):
                    run_script(connection, path.read_text(encoding="utf-8"))
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": UPGRADE_LOCK})


def run_script(connection: Connection, script: str) -> None:
    """Run several statements as they stand: no `%` in them is a placeholder."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("a psycopg connection is needed")
    driver.execute(script.encode())


def is_current(engine: Engine) -> bool:
    """Whether the tables are those of this code."""
    script = ScriptDirectory.from_config(alembic_config(engine))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        return set(context.get_current_heads()) == set(script.get_heads())
