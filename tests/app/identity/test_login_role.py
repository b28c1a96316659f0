"""As whom the server signs in for requests: a role that owns nothing.

Row security binds the role under which a request runs. Whoever gets a statement of their own into a
request can lay that role down; what is left then is looked at here.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import errors
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from app.city import service as city
from app.core import embedded
from app.core.context import Context
from app.core.db import conninfo, make_engine, reading
from app.core.embedded import OWNER
from app.core.scope import DATABASE_ROLE, LOGIN_ROLE, Scope
from app.core.settings import Settings
from app.identity import service
from app.main import create_app
from tests import staff
from tests.app.incidents.reports import a_report
from tests.conftest import run_command
from tests.server import ServerProcess, free_port

LAID_DOWN = ("", f"SET ROLE {DATABASE_ROLE}", f"SET ROLE {DATABASE_ROLE}; RESET ROLE",
             f"SET ROLE {DATABASE_ROLE}; SET ROLE NONE")  # fmt: skip
"""As whom a stranger's statement may come to run."""
FORBIDDEN = (
    # To become somebody who may.
    f"SET ROLE {OWNER}",
    f"SET SESSION AUTHORIZATION {OWNER}",
    f"GRANT {OWNER} TO {LOGIN_ROLE}",
    f"GRANT pg_read_server_files TO {LOGIN_ROLE}",
    f"ALTER ROLE {LOGIN_ROLE} SUPERUSER",
    f"ALTER ROLE {LOGIN_ROLE} BYPASSRLS",
    f"ALTER ROLE {OWNER} PASSWORD 'mine'",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    # To read who is signed in, and with what password.
    "SELECT token_hash FROM sign_in",
    "SELECT token_hash FROM live_sign_in",
    "SELECT password_hash FROM account",
    "SELECT key_hash FROM api_key",
    "SELECT sealed FROM webhook",
    "SELECT rolpassword FROM pg_authid",
    # To lay row security down.
    "ALTER TABLE case_contact DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE case_contact NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY scope ON case_contact",
    f"CREATE POLICY mine ON case_contact TO {DATABASE_ROLE} USING (true)",
    f"ALTER TABLE case_contact OWNER TO {LOGIN_ROLE}",
    "CREATE OR REPLACE FUNCTION session_scope() RETURNS int8range LANGUAGE sql AS"
    " $$ SELECT int8range(0, NULL) $$",
    "ALTER VIEW published.incident RESET (security_invoker)",
    # To break what others read, or leave something for them.
    "DROP VIEW published.incident",
    "DROP TABLE case_contact",
    "TRUNCATE incident",
    "DELETE FROM audit_row",
    "CREATE TABLE public.mine (n int)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    # To leave the database.
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/dev/null'",
    "CREATE TEMP TABLE mine (line text); COPY mine FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SELECT pg_reload_conf()",
)


def as_login(url: URL) -> URL:
    """The same database, as the server signs in for requests."""
    return url.set(username=LOGIN_ROLE)


@pytest.mark.parametrize("before", LAID_DOWN, ids=["login", "role", "reset", "none"])
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_strangers_statement_is_refused(city_database: URL, before: str, statement: str) -> None:
    """Whichever role it is laid down to."""
    with (
        psycopg.connect(conninfo(as_login(city_database)), autocommit=True) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(before.encode() or b"SELECT 1")
        connection.execute(statement.encode())


def test_the_owner_could(city_database: URL) -> None:
    """What the test above would let pass, were requests to sign in as the owner: the statements are
    refused because of the role, not because they are wrong."""
    could = []
    for statement in FORBIDDEN:
        with psycopg.connect(conninfo(city_database)) as connection:
            try:
                connection.execute(f"SET ROLE {DATABASE_ROLE}")
                connection.execute("RESET ROLE")
                connection.execute(statement.encode())
            except psycopg.Error:
                pass
            else:
                could.append(statement)
            connection.rollback()
    assert len(could) >= len(FORBIDDEN) - 8, set(FORBIDDEN) - set(could)
    assert "SELECT token_hash FROM sign_in" in could
    assert "SELECT pg_read_file('/etc/passwd')" in could


@pytest.fixture
def sealed(own_context: Context, own_client: TestClient) -> URL:
    """A database in which a case has a contact."""
    body = a_report(contact={"name": "值班室", "phone": "0931-0000000"})
    assert own_client.post("/api/v1/incidents", json=body).status_code == 201
    with reading(own_context.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM case_contact")) == 1
    return own_context.url


@pytest.mark.parametrize("lay_down", ["RESET ROLE", "SET ROLE NONE"])
def test_who_lays_the_role_down_sees_less(
    own_context: Context, sealed: URL, own_client: TestClient, lay_down: str
) -> None:
    """In the very session of a request: before, what the scope shows; after, not even that."""
    token = own_client.cookies["minqing"]
    contacts = text("SELECT count(*) FROM case_contact")
    with reading(own_context.request_engine, Scope(0, 10**15, token)) as session:
        assert session.scalar(contacts) == 1
        session.execute(text(lay_down))
        assert session.scalar(text("SELECT current_user")) == LOGIN_ROLE
        with pytest.raises(DBAPIError, match="permission denied"):
            session.scalar(contacts)
    with (
        reading(own_context.request_engine, Scope(0, 10**15, token)) as session,
        pytest.raises(DBAPIError, match="row-level security"),
    ):
        session.execute(text("SET row_security = off"))
        session.scalar(contacts)


def test_no_scope_goes_over_the_owners_connections(own_context: Context) -> None:
    """Whoever forgets which of the two engines is meant hears of it at once."""
    with (
        pytest.raises(TypeError, match="request_engine"),
        reading(own_context.engine, Scope(0, 10**15, "nobody")),
    ):
        pass
    with reading(own_context.request_engine, Scope(0, 10**15, "nobody")) as session:
        row = session.execute(text("SELECT session_user, current_user")).one()
    assert tuple(row) == (LOGIN_ROLE, DATABASE_ROLE)


def test_pools_without_sqlalchemy_sign_in_so_too(own_context: Context) -> None:
    """Those of tiles and of reports."""
    app = create_app(own_context)
    for pool in (app.state.maps.pool, app.state.quick_intake._pool):
        assert f"user={LOGIN_ROLE}" in str(pool.conninfo) or f"{LOGIN_ROLE}@" in str(pool.conninfo)


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (f"ALTER ROLE {LOGIN_ROLE} CREATEDB", "can do more than take the role"),
        (f"ALTER ROLE {LOGIN_ROLE} BYPASSRLS", "can do more than take the role"),
        (f"ALTER ROLE {LOGIN_ROLE} INHERIT", "can do more than take the role"),
        (f"GRANT pg_read_all_data TO {LOGIN_ROLE}", "can do more than take the role"),
        (f"GRANT pg_read_all_data TO {DATABASE_ROLE}", "may take another role"),
        (f"GRANT SELECT ON account TO {LOGIN_ROLE}", "granted something for itself"),
        (f"ALTER TABLE incident OWNER TO {DATABASE_ROLE}", "owns something"),
        (f"REVOKE {DATABASE_ROLE} FROM {LOGIN_ROLE}", "can do more than take the role"),
    ],
)
def test_a_login_that_can_more_is_noticed(own_context: Context, damage: str, fault: str) -> None:
    """`/readyz` refuses, and so does the start. Roles belong to the whole cluster: taken back
    before another test sees it."""
    asked = text("SELECT fault FROM scope_faults()")
    with own_context.engine.connect() as connection:
        assert list(connection.scalars(asked)) == []
        connection.execute(text(damage))
        assert any(fault in found for found in connection.scalars(asked))
        connection.rollback()


def test_a_server_serves_with_both(server: ServerProcess, own_context: Context) -> None:
    """Signed in as its owner only where no request comes; nothing to be told of."""
    assert httpx.get(f"{server.base_url}/readyz").json()["notes"] == []
    staff.get(f"{server.base_url}/api/v1/incidents").raise_for_status()
    with reading(own_context.engine) as session:
        names = set(session.scalars(text(
            "SELECT usename FROM pg_stat_activity WHERE datname = current_database()"
        )))  # fmt: skip
    assert names == {OWNER, LOGIN_ROLE}


def test_with_one_address_the_server_says_so(own_context: Context) -> None:
    """As before there were two; it serves, and tells whoever operates it."""
    url = own_context.url.render_as_string(hide_password=False)
    alone = Context.open(own_context.settings, url)
    with TestClient(create_app(alone), base_url="http://127.0.0.1") as client:
        told = client.get("/readyz").json()
    assert told["status"] == "ok"
    assert OWNER in told["notes"][0] and "minqing db roles" in told["notes"][0]


def test_the_owners_address_alone_is_refused() -> None:
    """Nobody serves by mistake as the owner."""
    with pytest.raises(ValueError, match="MINQING_OWNER_DATABASE_URL needs"):
        Settings(owner_database_url="postgresql://somebody@localhost/city", database_url=None)


@dataclass(frozen=True)
class Elsewhere:
    """A database as a city may have it: not the embedded one, and it asks for a password.

    Attributes:
        owner: its address as its owner, who needs none here.
    """

    owner: URL

    def ask(self, statement: str) -> Any:
        """The first value that a statement of the owner's finds."""
        with psycopg.connect(conninfo(self.owner), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return None if row is None else row[0]

    def do(self, statement: str) -> None:
        """Run a statement as the owner."""
        with psycopg.connect(conninfo(self.owner), autocommit=True) as connection:
            connection.execute(statement.encode())

    @property
    def kept(self) -> str | None:
        """What it keeps of the role's password."""
        name = f"'{LOGIN_ROLE}'"
        found: str | None = self.ask(f"SELECT rolpassword FROM pg_authid WHERE rolname = {name}")
        return found

    def env(self, **more: str) -> dict[str, str]:
        """The setting that a city has which knows of one address."""
        return {"MINQING_DATABASE_URL": self.owner.render_as_string(hide_password=False), **more}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    """A cluster of this file's own: roles and their passwords are those of a whole cluster."""
    folder = Path(tempfile.mkdtemp(prefix="minqing-elsewhere-"))
    folder.chmod(0o755)
    with embedded.running(folder) as cluster:
        engine = make_engine(cluster.url)
        city.prepare_database(engine)
        engine.dispose()
        found = Elsewhere(cluster.url)
        rules = cluster.data_dir / "pg_hba.conf"
        rules.write_text(f"local all {LOGIN_ROLE} scram-sha-256\n{rules.read_text()}")
        found.ask("SELECT pg_reload_conf()")
        yield found
    for leftover in (cluster.socket_dir, folder):
        shutil.rmtree(leftover)


def test_the_command_lets_requests_sign_in(elsewhere: Elsewhere) -> None:
    """It prints the two settings; with them the password opens, and no other does. What is sent to
    the database is its verifier, so no log of it is told the password."""
    done = run_command("db", "roles", env=elsewhere.env())
    assert done.returncode == 0, done.stderr
    told = dict(re.findall(r"^(MINQING_\w+)=(\S+)$", done.stdout, re.MULTILINE))
    requests = make_url(told["MINQING_DATABASE_URL"])
    assert make_url(told["MINQING_OWNER_DATABASE_URL"]).username == OWNER
    assert (elsewhere.kept or "").startswith("SCRAM-SHA-256$")
    with psycopg.connect(conninfo(requests)) as connection:
        assert connection.execute("SELECT session_user").fetchone() == (LOGIN_ROLE,)
    wrong = requests.set(password="not 'the' password")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(conninfo(wrong))

    # The settings of a container name a password of their own: it is given to the role.
    chosen = {**told, "MINQING_DATABASE_URL": wrong.render_as_string(hide_password=False)}
    again = run_command("db", "roles", env=chosen)
    assert again.returncode == 0, again.stderr
    assert "MINQING_" not in again.stdout
    psycopg.connect(conninfo(wrong)).close()

    # And a server that is told another one says so in a sentence.
    env = {**told, "MINQING_PORT": str(free_port()), "MINQING_DEMO": "0"}
    refused = run_command("serve", env=env)
    assert refused.returncode == 1
    assert "Requests cannot sign in (MINQING_DATABASE_URL)" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr


def test_the_command_prints_the_sql(elsewhere: Elsewhere) -> None:
    """For whoever may make roles where we may not; nothing is changed, and no password is in it."""
    elsewhere.do(f"ALTER ROLE {LOGIN_ROLE} PASSWORD NULL")
    done = run_command("db", "roles", "--sql", env=elsewhere.env())
    assert done.returncode == 0, done.stderr
    requests = make_url(re.findall(r"MINQING_DATABASE_URL=(\S+)", done.stderr)[0])
    assert requests.password is not None and requests.password not in done.stdout
    assert elsewhere.kept is None
    elsewhere.do(done.stdout)
    psycopg.connect(conninfo(requests)).close()


def test_the_command_refuses_another_role(elsewhere: Elsewhere) -> None:
    """Its owner is not to be given a new password by mistake."""
    env = elsewhere.env(MINQING_OWNER_DATABASE_URL=elsewhere.env()["MINQING_DATABASE_URL"])
    refused = run_command("db", "roles", env=env)
    assert refused.returncode == 1
    assert f"must name {LOGIN_ROLE}" in " ".join(refused.stderr.split())


def test_an_older_installation_gets_the_role_at_its_start(elsewhere: Elsewhere) -> None:
    """What is missing is made with the views, before anybody is served."""
    elsewhere.do(f"DROP ROLE {LOGIN_ROLE}")
    engine = make_engine(elsewhere.owner)
    assert any(LOGIN_ROLE in fault for fault in service.scope_faults(engine))
    city.prepare_database(engine)
    assert service.scope_faults(engine) == []
    engine.dispose()
