"""The role as which the server signs in for requests: its password, and whether it can do more.

It is made with the views and functions (app/sql/05_roles.sql). What it must not be able to do is
looked at there, too (`scope_faults`); here it is asked of whoever signs in for requests in fact.
"""

from pathlib import Path

from psycopg import sql
from sqlalchemy import Engine, text

from app.core.db import driver_of, reading, writing
from app.core.scope import LOGIN_ROLE

ROLES = Path(__file__).resolve().parents[1] / "sql" / "05_roles.sql"

_CAN_MORE = text("""
    SELECT session_user FROM pg_roles
    WHERE rolname = session_user
      AND (rolsuper OR rolbypassrls OR rolcreaterole
           OR pg_has_role(session_user, (SELECT relowner FROM pg_class
                                         WHERE oid = to_regclass('public.incident')), 'MEMBER'))
""")


def stronger_than_requests(request_engine: Engine) -> str | None:
    """The name of whoever signs in for requests, where that role could lay row security down;
    None where it could not."""
    with reading(request_engine) as session:
        name: str | None = session.scalar(_CAN_MORE)
        return name


def statements(engine: Engine, password: str) -> str:
    """The SQL that makes the roles and gives that of requests a password.

    Args:
        engine: only asked how the database keeps passwords.
        password: does not stand in it: what is sent and kept is its SCRAM verifier.
    """
    with reading(engine) as session:
        driver = driver_of(session)
        verifier = driver.pgconn.encrypt_password(
            password.encode(), LOGIN_ROLE.encode(), b"scram-sha-256"
        ).decode()
        given = sql.SQL("ALTER ROLE {} PASSWORD {};\n").format(
            sql.Identifier(LOGIN_ROLE), sql.Literal(verifier)
        )
        return ROLES.read_text(encoding="utf-8") + given.as_string(driver)


def make(engine: Engine, password: str) -> None:
    """Make the roles where they are missing, and give that of requests a password.

    Args:
        engine: of a role that may make roles.

    Raises:
        sqlalchemy.exc.DBAPIError, psycopg.Error: it may not.
    """
    said = statements(engine, password)
    with writing(engine) as session:
        driver_of(session).execute(said.encode())
