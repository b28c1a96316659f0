"""Sessions: how they begin, what they may not survive, and what is refused on the way in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import Problem
from app.core.scope import Scope
from app.identity import accounts, attempts, queries, rules, service
from app.identity.rules import Role
from tests import staff
from tests.app.identity.ages import set_back

PATH = "/api/v1/session"
WRONG = {"user": staff.ADMIN, "password": "not the password"}
INJECTIONS = [
    "' OR 1=1 --", 'admin"; DROP TABLE account; --', "test_admin'--", "test_admin\x00", "\ud800",
    "../../etc/passwd", "<script>alert(1)</script>", "test_admin ", "TEST_ADMIN", "%00", "{{7*7}}",
]  # fmt: skip


@pytest.fixture
def nobody(own_client: TestClient) -> TestClient:
    """The same server, without a session."""
    own_client.cookies.clear()
    del own_client.headers["X-Minqing-Token"]
    return own_client


def test_who_is_told(own_client: TestClient) -> None:
    """Login, grants, the active one, operations, the header token; the cookie is HttpOnly."""
    answer = own_client.post(PATH, json={"user": staff.ADMIN, "password": staff.PASSWORD})
    told = answer.json()
    assert told["user"] == staff.ADMIN
    assert [grant["role"] for grant in told["grants"]] == ["city_admin"]
    assert told["active"] == told["grants"][0]["id"]
    assert "report_incident" in told["operations"]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert own_client.get(PATH).json() == told


def test_only_a_hash_is_kept(own_client: TestClient, own_context: Context) -> None:
    """Whoever reads the table can sign in as nobody."""
    token = own_client.cookies["minqing"]
    assert len(token) >= 43
    with reading(own_context.engine) as session:
        kept = session.execute(text("SELECT * FROM sign_in")).all()
        accounts = session.execute(text("SELECT password_hash FROM account")).scalars().all()
    assert service.token_hash(token) in {bytes(row.token_hash) for row in kept}
    assert all(value.startswith("$argon2id$") for value in accounts)
    assert token not in str(kept)


def test_a_session_cannot_be_given_to_somebody(nobody: TestClient, own_context: Context) -> None:
    """A token that was known before the sign-in is worth nothing after it."""
    nobody.cookies.set("minqing", "chosen-by-a-stranger")
    staff.sign_in(nobody)
    fresh = nobody.cookies.get("minqing", domain="127.0.0.1") or nobody.cookies["minqing"]
    assert fresh != "chosen-by-a-stranger"
    assert service.actor_of(own_context.engine, "chosen-by-a-stranger") is None


def test_a_token_without_end_is_nobodys(nobody: TestClient, own_context: Context) -> None:
    """It is not kept in memory either, as thousands of them would be."""
    sessions = service.Sessions(own_context.engine)
    for token, is_known in (("x" * 43, True), ("x" * 60_000, False)):
        assert sessions.look_up(token, by_person=False) is None
        assert sessions.remembered(token, by_person=False) == (is_known, None)
        answer = nobody.get("/api/v1/city", headers={"Cookie": f"minqing={token}"})
        assert answer.status_code == 401


def test_signing_in_again_ends_the_session_before(
    own_client: TestClient, own_context: Context
) -> None:
    """One browser, one session."""
    before = own_client.cookies["minqing"]
    staff.sign_in(own_client)
    assert service.actor_of(own_context.engine, before) is None


@pytest.mark.parametrize("given", ["", "0" * 64, "ü"])
def test_a_write_needs_the_header_token(own_client: TestClient, given: str) -> None:
    """The cookie alone, which a browser sends by itself, writes nothing."""
    headers = {"X-Minqing-Token": given.encode()} if given else {"X-Minqing-Token": b""}
    for method, path in (("post", "/api/v1/incidents"), ("delete", PATH)):
        answer = own_client.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/header-token"
    assert own_client.get(PATH).status_code == 200


def test_wrong_is_wrong_whatever_is_wrong(nobody: TestClient) -> None:
    """An unknown user and a wrong password are told apart by nothing."""
    unknown = nobody.post(PATH, json={"user": "nobody_here", "password": "x"})
    wrong = nobody.post(PATH, json=WRONG)
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json() == wrong.json()


@pytest.mark.parametrize(
    "change", [{"password": "another password for tests"}, {"disabled": True}], ids=str
)
def test_what_changes_while_a_password_is_compared_counts(
    own_context: Context, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """Whoever signs in again and again while their password is taken from them gets no session
    that outlasts it."""
    engine = own_context.engine
    staff.add_account(engine, "leaving", Role.DUTY_OFFICER, staff.CITY)
    right = service.passwords.is_right

    def meanwhile(known: str | None, password: str) -> bool:
        found = right(known, password)
        accounts.change(engine, "leaving", **change)
        return found

    monkeypatch.setattr(service.passwords, "is_right", meanwhile)
    given = service.Credentials(user="leaving", password=staff.PASSWORD)
    with pytest.raises(Problem) as refused:
        service.sign_in(engine, given, "test", None)
    assert refused.value.status == 401
    with reading(engine) as session:
        left = text(
            "SELECT count(*) FROM sign_in s JOIN account a ON a.id = s.account_id"
            " WHERE a.name = 'leaving'"
        )
        assert session.scalar(left) == 0


def test_a_sign_in_of_many_members_is_one_error(nobody: TestClient) -> None:
    """Each of thousands refused on its own kept the server from everybody else."""
    refused = nobody.post(PATH, json={f"m{number}": 1 for number in range(5_000)})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert "at most" in error["message"]


def test_an_unknown_user_costs_as_much(nobody: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Argon2 verification, for somebody and for nobody."""
    calls = []
    right = service.passwords.is_right

    def counted(known: str | None, password: str) -> bool:
        calls.append(known is None)
        return right(known, password)

    monkeypatch.setattr(service.passwords, "is_right", counted)
    nobody.post(PATH, json={"user": "nobody_here", "password": "x"})
    nobody.post(PATH, json=WRONG)
    assert calls == [True, False]
    assert service.passwords.is_right(None, "x") is False


def test_failures_make_the_next_one_wait(nobody: TestClient, own_context: Context) -> None:
    """From one place; the same account from elsewhere is not locked out."""
    answers = [nobody.post(PATH, json=WRONG) for _ in range(5)]
    assert [a.status_code for a in answers][:3] == [401] * 3
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    right = {"user": staff.ADMIN, "password": staff.PASSWORD}
    assert nobody.post(PATH, json=right).status_code == 429
    credentials = service.Credentials(**right)
    assert service.sign_in(own_context.engine, credentials, "elsewhere", None).token


def test_many_at_once_gain_nothing(nobody: TestClient) -> None:
    """Guesses in parallel are counted before they are looked at."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: nobody.post(PATH, json=WRONG).status_code, range(16)))
    assert answers.count(401) <= rules.FREE_FAILURES + 1
    assert answers.count(429) >= 10


@pytest.mark.parametrize(
    ("failures", "since_s", "left_s"),
    [
        (0, 0, 0), (2, 0, 0), (3, 0, 1), (3, 0.4, 0.6), (3, 1, 0), (4, 0, 2), (5, 1, 3),
        (11, 0, 256), (12, 0, 300), (99, 0, 300), (99, 299, 1), (99, 301, 0), (10**9, 0, 300),
    ],
)  # fmt: skip
def test_the_delay_grows_and_ends(failures: int, since_s: float, left_s: float) -> None:
    """By doubling after the third, to five minutes; what was waited already counts."""
    assert rules.wait_left_s(failures, since_s) == pytest.approx(left_s)


@pytest.mark.parametrize(("since_s", "counted"), [(0, 7), (3_600, 7), (3_601, 0)])
def test_failures_are_forgotten_after_an_hour(since_s: float, counted: int) -> None:
    """And the next one starts anew."""
    assert rules.failures_after(7, since_s) == counted


def test_the_wait_is_over_when_it_is_over(nobody: TestClient, own_context: Context) -> None:
    """After it the next attempt is looked at, a right one ends the counting."""
    key = attempts.key_of(staff.ADMIN, "testclient")
    now = datetime.now(UTC)
    with writing(own_context.engine) as session:
        queries.failures(session, key, now)
        queries.set_failures(session, key, 8, now - timedelta(seconds=31))
    right = {"user": staff.ADMIN, "password": staff.PASSWORD}
    assert nobody.post(PATH, json=right).status_code == 429
    with writing(own_context.engine) as session:
        queries.set_failures(session, key, 8, now - timedelta(seconds=33))
    assert nobody.post(PATH, json=right).status_code == 200
    with writing(own_context.engine) as session:
        assert queries.failures(session, key, now)[0] == 0


@pytest.mark.parametrize("user", INJECTIONS)
def test_a_user_is_data(nobody: TestClient, user: str) -> None:
    """401 or 422, never anything else."""
    body = f'{{"user": {ascii(user)!r}}}'.encode()
    answer = nobody.post(PATH, json={"user": user.encode("utf-8", "replace").decode(),
                                     "password": staff.PASSWORD})  # fmt: skip
    assert body and answer.status_code in (401, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("column", "ago", "role", "lives"),
    [
        ("seen_at", "14 minutes", "duty_officer", True),
        ("seen_at", "16 minutes", "duty_officer", False),
        ("created_at", "11 hours", "duty_officer", True),
        ("created_at", "13 hours", "duty_officer", False),
        ("created_at", "400 days", "wall_display", True),
        ("seen_at", "29 days", "wall_display", True),
        ("seen_at", "31 days", "wall_display", False),
    ],
)
def test_when_a_session_is_over(
    own_context: Context, column: str, ago: str, role: str, lives: bool
) -> None:
    """Idle 15 minutes (where it does not watch then) or 12 hours old; a wall unseen for a month."""
    engine = own_context.engine
    staff.add_account(engine, "somebody", Role(role), staff.CITY)
    given = service.Credentials(user="somebody", password=staff.PASSWORD)
    terms = rules.Terms(watching=timedelta(0))
    token = service.sign_in(engine, given, "x", None, terms=terms).token
    set_back(own_context, token, column, ago)
    assert (service.actor_of(engine, token) is not None) is lives
    with reading(own_context.request_engine, Scope(0, 10**15, token)) as session:
        seen = session.scalar(text("SELECT count(*) FROM incident"))
    assert bool(seen) is lives


def test_sign_out_and_everywhere(own_client: TestClient, own_context: Context) -> None:
    """This session, or all of them; the next request is nobody's."""
    other = staff.headers_of(own_context.engine)["Cookie"].partition("=")[2]
    own_client.delete(PATH, params={"everywhere": True}).raise_for_status()
    assert own_client.get("/api/v1/city").status_code == 401
    assert service.actor_of(own_context.engine, other) is None


def test_one_acts_under_one_grant(own_client: TestClient, own_context: Context) -> None:
    """Switching narrows what is seen; somebody else's grant cannot be taken."""
    engine = own_context.engine
    everything = own_client.get("/api/v1/city").json()["incident_total"]
    with reading(engine) as session:
        cell = session.scalar(text("SELECT min(cell_code) FROM incident"))
    mine = accounts.grant(engine, staff.ADMIN, Role.GRID_WORKER, cell).id
    staff.add_account(engine, "another", Role.CITY_ADMIN, staff.CITY)
    own_client.put(f"{PATH}/grant", json={"grant": mine}).raise_for_status()
    assert 0 < own_client.get("/api/v1/city").json()["incident_total"] < everything
    assert own_client.put(f"{PATH}/grant", json={"grant": mine + 1}).status_code == 422


@pytest.mark.parametrize("token", ["", "nobody's", "' OR true --"])
def test_an_unset_or_unknown_session_sees_zero_rows(own_context: Context, token: str) -> None:
    """And no error; and it can read no hash of anybody."""
    with reading(own_context.request_engine, Scope(0, 10**15, token)) as session:
        for table in ("incident", "incident_event", "report_receipt", "stream_event"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    for table in ("account", "sign_in", "live_sign_in", "incident_202601"):
        with reading(own_context.request_engine, Scope(0, 10**15, token)) as session:
            allowed = "SELECT has_table_privilege('minqing_app', to_regclass(:t), 'SELECT')"
            assert not session.scalar(text(allowed), {"t": table})


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF",
        "DROP POLICY scope ON incident",
        "CREATE POLICY more ON incident TO minqing_app USING (true)",
        "ALTER TABLE stream_event DISABLE ROW LEVEL SECURITY",
        "DROP POLICY audience ON stream_event",
        "ALTER TABLE incident_event NO FORCE ROW LEVEL SECURITY",
        "ALTER VIEW published.incident RESET (security_invoker)",
        "DROP POLICY watching ON case_now",
        "CREATE POLICY more ON incident TO minqing_watching USING (true)",
        "GRANT UPDATE (status) ON incident TO minqing_watching",
        "GRANT SELECT ON incident_event TO minqing_watching",
    ],
)
def test_a_missing_guard_is_noticed(
    own_client: TestClient, own_context: Context, damage: str
) -> None:
    """`/readyz` refuses, and so does the start."""
    assert own_client.get("/readyz").status_code == 200
    with writing(own_context.engine) as session:
        session.execute(text(damage))
    answer = own_client.get("/readyz")
    assert answer.status_code == 503
    assert "Row security" in answer.json()["detail"]


def test_the_index_is_used_under_row_security(own_context: Context) -> None:
    """A window of the map, as a request would ask, over many cases; not without LEAKPROOF."""
    engine = own_context.engine
    with writing(engine) as session:
        session.execute(
            text("INSERT INTO incident (reported_at, no, id, category, title, description,"
                 " severity, source, status, cell_code, geom, location_uncertainty_m,"
                 " occurred_at, simulated)"
                 " SELECT now() - (n % 20) * interval '1 day', 1000000 + n, gen_random_uuid(),"
                 " '0110', 'x', '', 2, 'patrol', 'reported', a.code,"
                 " ST_SetSRID(ST_Translate(a.label, random() / 500, random() / 500), 4326), 0,"
                 " now(), false"
                 " FROM generate_series(1, 40000) n JOIN (SELECT code, label,"
                 " row_number() OVER () AS r, count(*) OVER () AS k FROM area"
                 " WHERE level = 'cell') a ON a.r = n % a.k + 1")
        )  # fmt: skip
        session.execute(text("ANALYZE incident"))
    token = staff.headers_of(engine)["Cookie"].partition("=")[2]
    plan = plan_of_a_window(own_context, token)
    assert "range_contains_elem" in plan, plan
    assert "Index Cond: (geom &&" in plan and "_geom_idx" in plan, plan
    with writing(engine) as session:
        session.execute(text("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF"))
    assert "Index Cond: (geom &&" not in plan_of_a_window(own_context, token)


def plan_of_a_window(context: Context, token: str) -> str:
    """How the database would answer for a window of the map in a session."""
    with reading(context.request_engine, Scope(0, 10**15, token)) as session:
        return "\n".join(session.scalars(text(
            "EXPLAIN SELECT no FROM published.incident WHERE geom && ST_MakeEnvelope("
            "102.85, 36.33, 102.87, 36.35, 4326) AND cell_code BETWEEN 620111000000000"
            " AND 620111999999999 AND reported_at > now() - interval '5 days'"
        )))  # fmt: skip
