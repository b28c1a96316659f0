"""The tables are those of the models, whoever upgrades and however often."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from sqlalchemy import URL, Engine, event, text
from sqlalchemy.exc import IntegrityError

from app.city import service as city
from app.core import schema
from app.core.db import make_engine
from tests.conftest import TestCluster


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


def test_upgrading_again_and_at_once_changes_nothing(engine: Engine) -> None:
    """Two servers may start together."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: city.prepare_database(engine), range(3)))
    command.check(schema.alembic_config(engine))


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
