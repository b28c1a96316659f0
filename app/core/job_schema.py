"""The tables of the job queue (procrastinate), in a schema of their own: `jobs`.

They are not ours: alembic and the list of columns look at `public` only, and requests may not look
into `jobs` at all.
"""

from pathlib import Path

import procrastinate
from sqlalchemy import Connection, text

SCHEMA = "jobs"
_SQL = Path(procrastinate.__file__).parent / "sql"


def search_path() -> str:
    """As libpq takes it in `options`: the queue's own statements name no schema."""
    return f"-c search_path={SCHEMA}"


def pending_scripts(connection: Connection) -> list[tuple[str, str]]:
    """Name and text of what has not been run yet: the whole schema, or what came with an update."""
    names = sorted(path.name for path in (_SQL / "migrations").glob("*.sql"))
    if connection.scalar(text("SELECT to_regclass('jobs.applied')")) is None:
        note = f"CREATE TABLE {SCHEMA}.applied (name text PRIMARY KEY);" + "".join(
            _noted(name) for name in names
        )
        schema = (_SQL / "schema.sql").read_text(encoding="utf-8")
        return [("schema.sql", f"CREATE SCHEMA {SCHEMA}; {_inside(schema)} {note}")]
    done = set(connection.scalars(text("SELECT name FROM jobs.applied")))
    return [
        (name, _inside((_SQL / "migrations" / name).read_text(encoding="utf-8")) + _noted(name))
        for name in names
        if name not in done
    ]


def _inside(script: str) -> str:
    return f"SET LOCAL search_path = {SCHEMA};\n{script}\n; SET LOCAL search_path = DEFAULT;"


def _noted(name: str) -> str:
    return f"INSERT INTO {SCHEMA}.applied VALUES ('{name}');"  # noqa: S608  (a file's name)
