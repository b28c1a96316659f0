"""How the first account comes to be, and what a server says or refuses before it listens."""

import pytest
from sqlalchemy import URL, text

from app.core.context import Context
from app.core.db import make_engine, reading, writing
from app.identity import accounts, demo, queries, service
from app.identity.rules import Role
from geodata import codes
from tests import staff
from tests.conftest import run_command
from tests.server import serving

PASSWORD = "a lantern over the river"


def user(database: URL, *words: str) -> tuple[int, str]:
    """`minqing user …`: exit status, and what was said."""
    done = run_command("user", *words, env=on(database))
    return done.returncode, done.stdout + done.stderr


def on(database: URL, **more: str) -> dict[str, str]:
    """The environment of a command over that database, without the demo."""
    url = database.render_as_string(hide_password=False)
    return {"MINQING_DATABASE_URL": url, "MINQING_DEMO": "0", **more}


def without_admin(context: Context) -> None:
    """As a database is before anybody administers it."""
    with writing(context.engine) as session:
        session.execute(text("DELETE FROM account"))


def granted(context: Context, name: str) -> str:
    """The grants of an account as words."""
    return next(row.grants for row in accounts.list_accounts(context.engine) if row.name == name)


def test_the_first_admin_takes_one_command(database: URL, own_context: Context) -> None:
    """And signs in; the second account can do nothing until it is told what."""
    without_admin(own_context)
    status, said = user(database, "add", "zhou", "--password", PASSWORD)
    assert (status, "city_admin" in said) == (0, True), said
    assert granted(own_context, "zhou") == f"city_admin@{staff.CITY}"
    given = service.Credentials(user="zhou", password=PASSWORD)
    assert service.sign_in(own_context.engine, given, "here", None).token
    status, said = user(database, "add", "desk_7", "--password", PASSWORD)
    assert (status, "user grant desk_7" in said) == (0, True), said
    assert granted(own_context, "desk_7") == ""
    words = ("--role", "responder", "--area", "620111001001")
    assert user(database, "add", "desk_8", "--password", PASSWORD, *words)[0] == 1
    words = ("--role", "responder", "--area", "620111000000000")
    assert user(database, "add", "desk_8", "--password", PASSWORD, *words)[0] == 0
    assert granted(own_context, "desk_8") == "responder@620111000000000"
    with reading(own_context.engine) as session:
        rows = session.execute(text("SELECT account, kind, detail FROM audit_row ORDER BY no"))
        told = [tuple(row) for row in rows][-5:]
    assert told[0] == (None, "account_added", "zhou")
    assert told[1] == (None, "grant_added", f"zhou: city_admin in {staff.CITY}")
    assert told[-1] == (None, "grant_added", "desk_8: responder in 620111000000000")


def test_the_command_refuses_with_words(database: URL, own_context: Context) -> None:
    """What the API refuses, the command line refuses too."""
    for words, expected in (
        (("add", "Zhou", "--password", PASSWORD), "beginning with a letter"),
        (("add", "zhou", "--password", "short"), "10 characters"),
        (("add", staff.ADMIN, "--password", PASSWORD), "already"),
        (("grant", "nobody_here", "auditor", str(staff.CITY)), "No account"),
        (("revoke", staff.ADMIN, "auditor", str(staff.CITY)), "No grant"),
        (("revoke", staff.ADMIN, "city_admin", str(staff.CITY)), "Nobody else administers"),
        (("disable", staff.ADMIN), "Nobody else administers"),
    ):
        status, said = user(database, *words)
        assert (status, expected in said) == (1, True), (words, said)
    assert granted(own_context, staff.ADMIN) == f"city_admin@{staff.CITY}"


def test_before_a_city_is_loaded_the_first_admin_says_where(empty_database: URL) -> None:
    """There is no code to guess."""
    engine = make_engine(empty_database)
    with writing(engine) as session:
        session.execute(text("DELETE FROM account"))
    engine.dispose()
    status, said = user(empty_database, "add", "zhou", "--password", PASSWORD)
    assert (status, "--area" in said) == (1, True), said
    words = ("--area", str(staff.CITY))
    assert user(empty_database, "add", "zhou", "--password", PASSWORD, *words)[0] == 0


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF", None),
        ("DROP POLICY scope ON incident", None),
        ("CREATE POLICY more ON incident TO minqing_app USING (true)", "exactly the policy"),
        (
            "DO $$ BEGIN EXECUTE format('GRANT SELECT ON %s TO minqing_app', (SELECT inhrelid"
            "::regclass FROM pg_inherits WHERE inhparent = 'incident'::regclass LIMIT 1)); END $$",
            "past its parent",
        ),
    ],
)
def test_a_start_mends_what_it_can_and_refuses_the_rest(
    database: URL, own_context: Context, damage: str, fault: str | None
) -> None:
    """Flag and policy are set anew at every start; what somebody added keeps it from serving."""
    with writing(own_context.engine) as session:
        session.execute(text(damage))
    if fault is None:
        with serving(database, MINQING_DEMO="0"):
            assert service.scope_faults(own_context.engine) == []
        return
    refused = run_command("serve", env=on(database, MINQING_PORT="8195"))
    assert refused.returncode == 1
    assert "Row security is not in order" in refused.stderr
    assert fault in " ".join(refused.stderr.split())


def test_without_demo_and_account_the_server_says_what_to_do(
    database: URL, own_context: Context
) -> None:
    """And makes no demo account; beyond loopback it does not start at all."""
    without_admin(own_context)
    demo.ensure_demo_accounts(own_context.engine, PASSWORD)
    refused = run_command("serve", env=on(database, MINQING_HOST="0.0.0.0", MINQING_PORT="8195"))
    assert refused.returncode == 1 and "minqing user add" in refused.stderr
    with serving(database, MINQING_DEMO="0") as server:
        assert "minqing user add NAME" in server.log.read_text()
        assert "Demo sign-ins" not in server.log.read_text()
        assert accounts.list_accounts(own_context.engine) == []


def test_demo_sign_ins_are_printed_and_work(database: URL, own_context: Context) -> None:
    """One a role and tier, in the areas of the busiest cell; the loaded district is among them."""
    with serving(database, MINQING_DEMO="1") as server:
        said = server.log.read_text()
        password = said.split("password  ")[1].split()[0]
        assert len(password) >= 10
        with reading(own_context.engine) as session:
            chain = queries.demo_chain(session)
        assert {codes.level_of(code).value for code in chain} == {
            "city", "district", "subdistrict", "community", "cell",
        }  # fmt: skip
        assert ".620111000000000  红古区" in said
        names = {row.name for row in accounts.list_accounts(own_context.engine) if row.demo}
        assert names == {demo.name_of(role, code) for role in Role for code in chain}
        for name in ("city_admin", f"grid_worker.{chain[-1]}", "wall_display.620111000000000"):
            answer = staff.httpx.post(
                f"{server.base_url}/api/v1/session", json={"user": name, "password": password}
            )
            assert answer.status_code == 200, (name, answer.text)
    with serving(database, MINQING_DEMO="1", MINQING_DEMO_PASSWORD=PASSWORD) as server:
        assert PASSWORD not in server.log.read_text()
        given = {"user": "auditor", "password": PASSWORD}
        assert staff.httpx.post(f"{server.base_url}/api/v1/session", json=given).is_success


def test_a_demo_start_leaves_real_accounts_alone(own_context: Context) -> None:
    """Even one that is called like a demo account; a disabled demo account is let in again."""
    engine = own_context.engine
    accounts.add_account(engine, "auditor", "the real key of the post")
    demo.ensure_demo_accounts(engine, PASSWORD)
    accounts.change(engine, "planner", disabled=True)
    accounts.revoke(engine, "planner", Role.PLANNER, staff.CITY)
    demo.ensure_demo_accounts(engine, PASSWORD)
    rows = {row.name: row for row in accounts.list_accounts(engine)}
    assert (rows["auditor"].demo, rows["auditor"].grants) == (False, "")
    assert rows["planner"].disabled_at is None and "planner@" in rows["planner"].grants
    with pytest.raises(service.Problem):
        service.sign_in(engine, service.Credentials(user="auditor", password=PASSWORD), "x", None)
    demo.delete_demo_accounts(engine)
    assert {row.name for row in accounts.list_accounts(engine)} == {staff.ADMIN, "auditor"}
