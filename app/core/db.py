"""The way to PostgreSQL: one engine a process, sessions that commit here and nowhere else."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.scope import Scope, confine

DATA_DIR = "minqing_data_dir"
"""Option of an engine: the folder of the city whose database it leads to."""


class Base(DeclarativeBase):
    """Every table of ours."""


def as_psycopg_url(url: str) -> URL:
    """A database URL with our driver, whichever scheme it was written with.

    Raises:
        ValueError: not a PostgreSQL URL.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError(f"MINQING_DATABASE_URL must name PostgreSQL, not {parsed.drivername}")
    return parsed.set(drivername="postgresql+psycopg")


def conninfo(url: URL) -> str:
    """The same address as libpq writes it, for connections without SQLAlchemy: word by word, as
    SQLAlchemy hands them to psycopg (libpq takes no URL with a space in a password)."""
    driver = url.set(drivername="postgresql+psycopg")
    _, words = driver.get_dialect()().create_connect_args(driver)
    return make_conninfo(**words)


POOL_SIZE = 10
"""Connections that an engine keeps; as many again may overflow. Each serves one thread for one
statement after the other, and two cores work on four at a time: more would only wait in PostgreSQL
instead of here."""
PATIENCE_S = 5
"""For so long a request waits for one of them; then it is told 503."""
IDLE_IN_TRANSACTION_S = 60
"""A transaction in which nothing happens for so long is ended by PostgreSQL, connection and all:
it holds locks, and keeps old rows from being swept out. Whoever computes longer between two
statements says so (`wait_as_long_as_it_takes`)."""
NEVER_IDLE = f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_S * 1000}"
"""The same as libpq takes it in `options`."""


OWNER_POOL_SIZE = 5
"""The same for the owner's connections of a server that has others for requests: sessions, accounts
and what is looked up for everybody are short."""


def make_engine(
    url: URL, *, pool_size: int = POOL_SIZE, options: Mapping[str, Any] | None = None
) -> Engine:
    """An engine whose sessions speak UTC and give up on a frozen server.

    Args:
        url: a `postgresql+psycopg` URL.
        pool_size: connections kept; as many again may overflow.
        options: what the engine's sessions are to find there (`DATA_DIR`, `scope.OF_OWNER`).
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=PATIENCE_S,
        pool_pre_ping=True,
        # What was sent to us must not come out again in the text of an error, and so in a log.
        hide_parameters=True,
        execution_options=dict(options or {}),
        connect_args={
            "connect_timeout": 5,
            "application_name": "minqing",
            "options": f"-c timezone=UTC -c statement_timeout=15000 -c jit=off {NEVER_IDLE}",
        },
    )


@contextmanager
def reading(engine: Engine, scope: Scope | None = None) -> Iterator[Session]:
    """A session for looking only: rolled back at the end, so nothing written in it stays.

    Args:
        scope: of the request; None for what belongs to no request, and sees everything.
    """
    with Session(engine) as session:
        if scope is not None:
            confine(session, scope)
        yield session


def of_one_moment(engine: Engine) -> Engine:
    """The same engine for sessions in which every statement sees the database as it was at the
    first one. Make it once: it costs more than a statement."""
    return engine.execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def writing(engine: Engine, scope: Scope | None = None) -> Iterator[Session]:
    """A session whose work is committed as one when the block ends, or not at all.

    Args:
        scope: as for `reading`.
    """
    with Session(engine, expire_on_commit=False) as session:
        if scope is not None:
            confine(session, scope)
        yield session
        session.commit()


@contextmanager
def reading_long(engine: Engine) -> Iterator[Session]:
    """A session for looking while something long is computed: each statement by itself, without
    limit, so that nothing is held between two of them and nobody waits for it."""
    each_by_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
    with Session(each_by_itself) as session:
        session.execute(text("SET statement_timeout = 0"))
        try:
            yield session
        finally:
            with suppress(DBAPIError):  # then the connection is broken, and goes
                session.execute(text("RESET statement_timeout"))


def wait_as_long_as_it_takes(on: Connection | Session) -> None:
    """Lift the limits of a request until the transaction ends, for statements and for the time
    between two of them: a year of cases takes its time."""
    on.execute(
        text(
            "SELECT set_config('statement_timeout', '0', true),"
            " set_config('idle_in_transaction_session_timeout', '0', true)"
        )
    )


def data_dir_of(session: Session) -> Path | None:
    """The data directory of the city whose database a session is in, where its engine knows it."""
    found: Path | None = session.get_bind().get_execution_options().get(DATA_DIR)
    return found


def database_of(session: Session) -> str:
    """Which database a session is in, whoever signs in there: a key for what is kept of it."""
    url = session.get_bind().engine.url
    return URL.create(
        url.drivername, host=url.host, port=url.port, database=url.database, query=url.query
    ).render_as_string()


def driver_of(session: Session) -> psycopg.Connection:
    """The psycopg connection under a session, in the session's own transaction."""
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("a psycopg connection is needed")
    return driver


def sql_files(*folders: Path) -> list[Path]:
    """The idempotent `.sql` files of the given folders, in the order in which they run."""
    return [path for folder in folders for path in sorted(folder.glob("*.sql"))]
