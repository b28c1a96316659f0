"""The tables are those of the models, whoever upgrades and however often."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from sqlalchemy import URL, Engine, event, text
from sqlalchemy.exc import IntegrityError

from app.city import service as city
from app.core import schema
from app.core.db import make_engine
from tests.conftest import TestCluster, run_command
from tests.server import free_port
from tests.waiting import wait_until


@pytest.fixture
def engine(empty_database: URL) -> Engine:
    """An engine over a database with tables and no city."""
    return make_engine(empty_database)


def test_migrations_make_what_the_models_say(engine: Engine) -> None:
    """A model changed without a migration is named here."""
    command.check(schema.alembic_config(engine))
    assert schema.is_current(engine)


def test_a_fresh_database_is_not_current(cluster: TestCluster) -> None:
    """`minqing db check` can say no."""
    cluster.drop("fresh")
    cluster.execute("CREATE DATABASE fresh")
    engine = make_engine(cluster.url("fresh"))
    assert not schema.is_current(engine)
    engine.dispose()
    cluster.drop("fresh")


def test_tables_of_a_newer_version_are_left_alone(engine: Engine) -> None:
    """In a sentence, and nothing is changed: the older code knows no way back."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for look in (schema.upgrade, schema.is_current):
        with pytest.raises(schema.NewerSchemaError, match="stand at 9999"):
            look(engine)
    env = {
        "MINQING_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "MINQING_PORT": str(free_port()),
    }
    for words in (("serve",), ("db", "upgrade"), ("db", "check")):
        refused = run_command(*words, env=env)
        assert refused.returncode == 1
        assert "newer version" in refused.stderr and "Traceback" not in refused.stderr
    with engine.connect() as connection:
        stands = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert stands == "9999"


def test_upgrading_again_and_at_once_changes_nothing(engine: Engine) -> None:
    """Two servers may start together."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: city.prepare_database(engine), range(3)))
    command.check(schema.alembic_config(engine))


VIEWS = text("SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('published')")


def test_views_are_made_anew_only_when_something_is_other(engine: Engine) -> None:
    """A start drops nothing that another server reads; what is missing comes back."""
    schema.upgrade(engine)  # a clone stands in another database than its template
    with engine.connect() as connection:
        before = set(connection.scalars(VIEWS))
    schema.upgrade(engine)
    with engine.begin() as connection:
        assert set(connection.scalars(VIEWS)) == before != set()
        connection.execute(text("DROP SCHEMA tiles CASCADE"))
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert not set(connection.scalars(VIEWS)) & before
        assert connection.scalar(text("SELECT to_regnamespace('tiles')")) is not None


def test_guards_that_were_taken_away_come_back(engine: Engine) -> None:
    """At the next start, though the scripts have not changed."""
    schema.upgrade(engine)
    faults = text("SELECT count(*) FROM scope_faults()")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE incident NO FORCE ROW LEVEL SECURITY"))
        assert connection.scalar(faults)
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(faults) == 0


def test_no_reader_fails_while_views_are_made_anew(engine: Engine) -> None:
    """Ten times over, beside readers that never stop."""
    stop = threading.Event()
    read = [0, 0]

    def keep_reading(reader: int) -> None:
        with engine.connect() as connection:
            while not stop.is_set():
                connection.execute(READ).all()
                connection.rollback()
                read[reader] += 1

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(keep_reading, number) for number in range(2)]
        for _ in range(10):
            with engine.begin() as connection:
                connection.execute(text("COMMENT ON SCHEMA published IS 'of another version'"))
            at_least = [number + 1 for number in read]
            schema.upgrade(engine)
            wait_until(lambda: all(r.done() for r in readers) or min(read) > max(at_least))  # noqa: B023
        stop.set()
        for reader in readers:
            reader.result()


def test_long_readers_are_waited_for_and_go_first(engine: Engine) -> None:
    """Whoever reads for long holds up the upgrade, but not those who come after."""
    with engine.connect() as connection, ThreadPoolExecutor(1) as pool:
        connection.execute(READ).all()
        with engine.begin() as other:
            other.execute(text("COMMENT ON SCHEMA published IS 'of another version'"))
        upgrade = pool.submit(schema.upgrade, engine)
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL")
        with engine.connect() as other:
            wait_until(lambda: other.scalar(waits))
            other.execute(READ).all()
        assert not upgrade.done()
        connection.rollback()
        upgrade.result()


READ = text(
    "SELECT * FROM published.area, tiles.areas(8, 201, 100, 'city', now()), published.incident"
)


def test_events_are_append_only(engine: Engine) -> None:
    """Neither update nor delete; the log is what everything is computed from."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident_event (at, no, ordinal, step, status, tier, cell_code)"
                " VALUES (now(), 1, 0, 'report', 'reported', 'grid', 1)"
            )
        )
    for statement in ("UPDATE incident_event SET step = 'x'", "DELETE FROM incident_event"):
        with engine.begin() as connection, pytest.raises(IntegrityError, match="append-only"):
            connection.execute(text(statement))


def test_months_are_made_once(engine: Engine) -> None:
    """Asking again makes nothing; every month of the span is there."""
    question = text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'incident'::regclass")
    span = text("SELECT ensure_months('2025-11-15T00:00Z', '2026-02-01T00:00Z')")
    with engine.begin() as connection:
        connection.execute(span)
        before = connection.execute(question).scalar_one()
        connection.execute(span)
        assert connection.execute(question).scalar_one() == before
        present = connection.execute(
            text("SELECT count(*) FROM pg_class WHERE relname IN"
                 " ('incident_202511', 'incident_202512', 'incident_202601', 'incident_202602')")
        ).scalar_one()  # fmt: skip
    assert present == 4


def test_published_views_hold_no_free_text(engine: Engine) -> None:
    """Titles and descriptions end before the schema that maps and notebooks read."""
    with engine.connect() as connection:
        columns = connection.execute(
            text("SELECT column_name FROM information_schema.columns"
                 " WHERE table_schema = 'published' AND table_name = 'incident'")
        ).scalars()  # fmt: skip
        assert not {"title", "description", "body"} & set(columns)


def test_an_upgrade_is_not_cut_short(engine: Engine) -> None:
    """The limit of a request does not hold for what walks over a year of cases."""
    limits: dict[str, str] = {}

    @event.listens_for(engine, "after_cursor_execute")
    def note(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if not statement.startswith(("SHOW", "SET LOCAL")):
            limits[statement] = cursor.connection.execute("SHOW statement_timeout").fetchone()[0]

    schema.upgrade(engine)
    assert len(limits) > 1
    assert set(limits.values()) == {"0"}, limits
