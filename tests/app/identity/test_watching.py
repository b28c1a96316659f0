"""A session that nobody uses goes on watching: what it sees then, what it asks the password for."""

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from app.core.audiences import Audience
from app.core.context import Context
from app.core.db import conninfo, reading
from app.core.scope import DATABASE_ROLE, WATCHING_ROLE, Scope
from app.identity import rules, service
from app.identity.audiences import audiences_of
from app.identity.rules import Role, Terms
from tests import staff
from tests.app.identity.ages import idle_s, set_back
from tests.app.identity.canary import a_case
from tests.app.identity.test_idle import forget
from tests.app.live.writers import connect, tell
from tests.app.maps import picture
from tests.server import ServerProcess, serving
from tests.stream_client import Viewer
from tests.waiting import wait_until

SESSION = "/api/v1/session"
IDLE = "16 minutes"
EVERYTHING = (0, 10**15)
# What whoever only watches may read, of all tables: the map, rosters, cases without their texts.
READABLE = {
    "alembic_version", "area", "area_shape", "assignment", "base_unit", "boundary_version",
    "category", "city", "closing_rule", "duty_unit", "filing_line", "incident_status",
    "map_feature", "staffing_rule", "station", "station_cover", "stream_event", "stream_state",
    "case_now", "case_past", "taken_days",
}  # fmt: skip
IN_PART = {
    "incident": {"description"},
    "incident_event": {"reason", "account_id"},
}
"""Of these all columns but these."""


def begin_to_watch(client: TestClient, context: Context) -> str:
    """Let nobody have used the client's session for a while; its token."""
    token = client.cookies["minqing"]
    set_back(context, token, "seen_at", IDLE)
    forget(client)
    return token


def test_every_operation_says_whether_it_is_open() -> None:
    """A new one is in neither set, and fails here."""
    assert rules.OPEN_WHILE_WATCHING.isdisjoint(rules.CLOSED_WHILE_WATCHING)
    decided = rules.OPEN_WHILE_WATCHING | rules.CLOSED_WHILE_WATCHING
    assert decided == rules.OPERATIONS.keys()


@pytest.mark.parametrize(
    ("column", "ago", "terms", "becomes"),
    [
        ("seen_at", "14 minutes", Terms(), "acts"),
        ("seen_at", "16 minutes", Terms(), "watches"),
        ("seen_at", "11 hours", Terms(), "watches"),
        ("created_at", "11 hours", Terms(), "acts"),
        ("created_at", "13 hours", Terms(), "over"),
        ("seen_at", "16 minutes", Terms(watching=Terms().idle * 0), "over"),
        ("seen_at", "14 minutes", Terms(watching=Terms().idle * 0), "acts"),
        ("seen_at", "16 minutes", Terms(idle=Terms().idle * 2), "acts"),
    ],
)
def test_what_becomes_of_a_session(
    own_context: Context, column: str, ago: str, terms: Terms, becomes: str
) -> None:
    """Unused for fifteen minutes it watches, after twelve hours it is over; as the city has set."""
    engine = own_context.engine
    staff.add_account(engine, "somebody", Role.DUTY_OFFICER, staff.CITY)
    given = service.Credentials(user="somebody", password=staff.PASSWORD)
    token = service.sign_in(engine, given, "x", None, terms=terms).token
    set_back(own_context, token, column, ago)
    actor = service.actor_of(engine, token)
    if becomes == "over":
        assert actor is None
    else:
        assert actor is not None and actor.watching is (becomes == "watches")


def test_the_city_sets_both(own_context: Context) -> None:
    """By its settings: here a session that nobody uses ends, after twenty minutes."""
    with serving(own_context.url, MINQING_IDLE_MINUTES="20", MINQING_WATCHING_HOURS="0") as server:
        given = {"user": staff.ADMIN, "password": staff.PASSWORD}
        signed = httpx.post(f"{server.base_url}{SESSION}", json=given)
        token = signed.cookies["minqing"]
        headers = {"Cookie": f"minqing={token}", "X-Minqing-Background": "1"}
        set_back(own_context, token, "seen_at", "19 minutes")
        assert _asks(server, headers) == 200
        set_back(own_context, token, "seen_at", "21 minutes")
        wait_until(lambda: _asks(server, headers) == 401, patience_s=2)


def _asks(server: ServerProcess, headers: dict[str, str]) -> int:
    return httpx.get(f"{server.base_url}{SESSION}", headers=headers).status_code


def test_only_the_password_lets_it_act_again(own_client: TestClient, own_context: Context) -> None:
    """Not a touch: whoever passes by could do that. The same session goes on then."""
    token = begin_to_watch(own_client, own_context)
    told = own_client.get(SESSION).json()
    assert told["watching"] is True
    assert set(told["open_while_watching"]) == rules.OPEN_WHILE_WATCHING
    body = a_case(staff.CITY, own_context.engine, "x")
    refused = own_client.post("/api/v1/incidents", json=body)
    assert refused.status_code == 403
    assert refused.json()["type"] == "/problems/password-again"
    assert idle_s(own_context, token) > 900

    wrong = own_client.post(f"{SESSION}/step_up", json={"password": "not it"})
    assert wrong.json()["type"] == "/problems/wrong-credentials"
    assert own_client.get(SESSION).json()["watching"] is True
    right = own_client.post(f"{SESSION}/step_up", json={"password": staff.PASSWORD})
    assert right.json()["watching"] is False
    assert own_client.cookies["minqing"] == token
    assert own_client.post("/api/v1/incidents", json=body).status_code == 201


@pytest.mark.parametrize("words", [{}, {"at": "2026-06-01T00:00:00Z"}])
def test_lists_go_on_without_what_was_written(
    own_client: TestClient, own_context: Context, words: dict[str, str]
) -> None:
    """Titles are there, descriptions are empty; now and at a minute of the past."""
    found = own_client.get("/api/v1/incidents", params=words).json()
    assert any(item["description"] for item in found["items"])
    begin_to_watch(own_client, own_context)
    for path in ("/api/v1/incidents", "/api/v1/incidents/due"):
        told = own_client.get(path, params=words if path.endswith("incidents") else {})
        assert told.status_code == 200, told.text
        items = told.json()["items"]
        assert items and all(item["title"] and not item["description"] for item in items)


def columns_of(context: Context) -> dict[str, set[str]]:
    """Every column of every table of the schema `public`, but of partitions."""
    question = (
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
        " AND c.relname <> 'spatial_ref_sys'"
    )
    found: dict[str, set[str]] = {}
    with reading(context.engine) as session:
        for table, column in session.execute(text(question)):
            found.setdefault(table, set()).add(column)
    return found


def test_postgresql_holds_it_to_that(own_client: TestClient, own_context: Context) -> None:
    """Column by column: what is not told of above it cannot read, and write it can nothing."""
    token = begin_to_watch(own_client, own_context)
    tables = columns_of(own_context)
    assert READABLE | IN_PART.keys() <= tables.keys()
    with psycopg.connect(conninfo(own_context.url), autocommit=True) as connection:
        connection.execute(f"SET ROLE {WATCHING_ROLE}")
        connection.execute("SELECT set_config('app.session', %s, false)", (token,))
        for table, columns in tables.items():
            for column in columns:
                can = table in READABLE or (table in IN_PART and column not in IN_PART[table])
                try:
                    connection.execute(f'SELECT "{column}" FROM "{table}" LIMIT 1')
                    read = True
                except psycopg.errors.InsufficientPrivilege:
                    read = False
                assert read is can, f"{table}.{column}"
            for statement in (
                f'DELETE FROM "{table}"',
                f'INSERT INTO "{table}" DEFAULT VALUES',
                f'UPDATE "{table}" SET "{min(columns)}" = DEFAULT',
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
        seen = connection.execute("SELECT count(*) FROM incident").fetchone()
        assert seen is not None and seen[0] > 0


@pytest.mark.parametrize("as_role", [DATABASE_ROLE, WATCHING_ROLE])
def test_what_watches_sees_nothing_as_whoever_acts(
    own_client: TestClient, own_context: Context, as_role: str
) -> None:
    """Should the app forget that it only watches: no row at all, once two seconds have passed."""
    token = own_client.cookies["minqing"]
    for ago, sees in (("14 minutes", True), ("15 minutes 3 seconds", as_role == WATCHING_ROLE)):
        set_back(own_context, token, "seen_at", ago)
        scope = Scope(*EVERYTHING, token, watching=as_role == WATCHING_ROLE)
        with reading(own_context.request_engine, scope) as session:
            assert session.scalar(text("SELECT current_user")) == as_role
            for table in ("incident", "incident_event", "case_now"):
                found = session.scalar(text(f"SELECT count(*) FROM {table}"))
                assert bool(found) is sees, (ago, table)
    only_watches = Scope(*EVERYTHING, token, watching=True)
    with (
        reading(own_context.request_engine, only_watches) as session,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        session.execute(text("SELECT description FROM incident"))


def test_of_what_it_hears_postgresql_knows_too(own_context: Context) -> None:
    """The two lists of audiences say the same of every role that only watches."""
    engine = own_context.engine
    with connect(own_context.url) as connection:
        connection.execute(
            "INSERT INTO stream_event (seq, topic, area_code, audience, payload, created_at)"
            " SELECT n, 'test.mark', %s, audience, '{}', now()"
            " FROM unnest(%s::text[]) WITH ORDINALITY a (audience, n)",
            (staff.CITY, [audience.value for audience in Audience]),
        )
    for role in set(Role) - {Role.WALL_DISPLAY}:
        name = f"post_{role.value}"
        staff.add_account(engine, name, role, staff.CITY)
        token = staff.headers_of(engine, name)["Cookie"].partition("=")[2]
        set_back(own_context, token, "seen_at", IDLE)
        actor = service.actor_of(engine, token)
        assert actor is not None and actor.watching
        with reading(own_context.request_engine, service.scope_of(actor)) as session:
            heard = set(session.scalars(text("SELECT audience FROM stream_event")))
        assert heard == audiences_of(role, watching=True) < {a.value for a in Audience}, role


def test_the_stream_goes_on_with_less(server: ServerProcess, own_context: Context) -> None:
    """It is told that it only watches, hears of cases and of no warning, and of all again after
    the password: one stream, never cut."""
    headers = staff.headers_of(own_context.engine)
    token = headers["Cookie"].partition("=")[2]
    with Viewer(server.base_url, headers=headers) as viewer:
        assert viewer.read_count("hello", 1)[0].data["watching"] is False
        set_back(own_context, token, "seen_at", IDLE)
        assert viewer.read_count("session", 1)[0].data == {"watching": True}
        with Viewer(server.base_url, headers=headers) as late:
            late.read_until(lambda seen: seen[-1:] != [] and seen[-1].data["watching"] is True)
        _tell_of_both(server, "meanwhile")
        viewer.read_until(lambda seen: any(e.data.get("n") == "meanwhile" for e in seen))
        given = {"password": staff.PASSWORD}
        httpx.post(
            f"{server.base_url}{SESSION}/step_up", json=given, headers=headers
        ).raise_for_status()
        assert viewer.read_count("session", 2)[1].data == {"watching": False}
        _tell_of_both(server, "again")
        viewer.read_until(lambda seen: any(e.data.get("n") == "again" for e in seen))
        heard = [(e.name, e.data["n"]) for e in viewer.events if e.name.startswith("test.")]
    assert heard == [("test.case", "meanwhile"), ("test.warning", "again"), ("test.case", "again")]


def _tell_of_both(server: ServerProcess, n: str) -> None:
    with connect(server.database_url) as connection:
        tell(connection, staff.CITY, topic="test.warning", audience=Audience.WARNINGS, n=n)
        tell(connection, staff.CITY, topic="test.case", audience=Audience.CASES, n=n)


def test_figures_and_tiles_go_on(own_client: TestClient, own_context: Context) -> None:
    """Counted for whoever acts and for whoever watches alike, from one answer that is kept."""
    case = own_client.get("/api/v1/incidents").json()["items"][0]
    z, x, y = picture.tile_at(case["lon"], case["lat"], 13)
    paths = (
        "/api/v1/figures?window=24h&parts=head,clocks,histogram,counts,staffing",
        f"/tiles/cells/{z}/{x}/{y}.mvt",
        f"/tiles/incidents/{z}/{x}/{y}.mvt",
        "/api/v1/layers/incidents.geojson?limit=5",
    )
    before = [own_client.get(path) for path in paths]
    begin_to_watch(own_client, own_context)
    after = [own_client.get(path) for path in paths]
    assert [answer.status_code for answer in (*before, *after)] == [200] * 8
    assert after[0].headers["etag"] == before[0].headers["etag"]
