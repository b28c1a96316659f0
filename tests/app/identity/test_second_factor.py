"""The second factor: set up, asked for, used once, taken away by two persons; sealed with a key."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import URL, Engine, text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import Problem
from app.core.settings import Settings
from app.identity import accounts, attempts, audit, demo, rules, service
from app.identity.rules import Role
from app.identity.schemas import Credentials
from app.identity.second_factor import rules as factor
from app.identity.second_factor.models import SecondFactor
from app.incidents.contacts import keys as contact_keys
from app.incidents.contacts.rotation import rotate
from app.incidents.contacts.sealing import KeyFileSeal
from app.incidents.contacts.service import is_lost
from app.main import create_app
from tests import staff
from tests.app.identity.canary import client_of
from tests.app.identity.test_start import on, user
from tests.conftest import addresses, run_command
from tests.waiting import wait_until

PATH, USERS = "/api/v1/session/second_factor", "/api/v1/users"
SESSION, STEP_UP = "/api/v1/session", "/api/v1/session/step_up"
NEW = "a lantern over the river"
OTHER = "a quieter lantern there"
MUST = "city_admin,auditor"
# RFC 6238, appendix B, SHA-1: the last six of its eight digits.
RFC_SECRET = b"12345678901234567890"
RFC_CODES = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]
AT = datetime.fromtimestamp(1_234_567_890, UTC)


class Authenticator:
    """The app on a phone, with the secret that was typed into it. It gives no code twice."""

    def __init__(self, secret: str) -> None:
        self._totp = TOTP(factor.as_secret(secret.replace(" ", "")), 6, SHA1(), 30)
        self._last = 0

    def code(self) -> str:
        """A code that the server takes now: of this step or, where that was given, of the next.
        Of the one after that it takes none: two calls are all that a test has."""
        self._last = max(factor.step_of(utc_now()), self._last + 1)
        return self._totp.generate(self._last * factor.STEP_S).decode()

    def forget(self) -> None:
        """As if it had given none."""
        self._last = 0


def set_up(client: TestClient) -> tuple[Authenticator, list[str]]:
    """Set one up in the client's session: the app, of which no code was used yet, and the recovery
    codes."""
    begun = client.post(PATH)
    assert begun.status_code == 200, begun.text
    app = Authenticator(begun.json()["secret"])
    done = client.post(f"{PATH}/confirm", json={"code": app.code()})
    assert done.status_code == 200, done.text
    with writing(engine_of(client)) as session:
        session.execute(text("UPDATE second_factor SET last_step = 0"))
    app.forget()
    return app, done.json()["codes"]


def engine_of(client: TestClient) -> Engine:
    """The owner's way to the database of the client's app."""
    engine: Engine = client.app.state.context.engine  # type: ignore[attr-defined]
    return engine


def step_up(client: TestClient, **more: str) -> Any:
    """Give the password again."""
    return client.post(STEP_UP, json={"password": staff.PASSWORD, **more})


def sign_in(client: TestClient, name: str = staff.ADMIN, **more: str) -> Any:
    """Sign in with a browser of its own; what came of it."""
    outside = TestClient(client.app, base_url="http://127.0.0.1")
    return outside.post(SESSION, json={"user": name, "password": staff.PASSWORD, **more})


def kind(answer: Any) -> tuple[int, str]:
    """Status and kind of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def written(context: Context, like: str = "%factor%") -> list[tuple[str, str | None, str]]:
    """Rows of the audit of such kinds: kind, who, detail."""
    with reading(context.engine) as session:
        rows = session.execute(
            text("SELECT kind, account, detail FROM audit_row WHERE kind LIKE :like ORDER BY no"),
            {"like": like},
        )
        return [(row.kind, row.account, row.detail) for row in rows]


def everything(context: Context) -> str:
    """All that the database says of accounts, sessions and what was done with them."""
    with reading(context.engine) as session:
        tables = ("account", "sign_in", "second_factor", "identity_proposal", "audit_row", "outbox")
        rows = [session.execute(text(f"SELECT t::text FROM {t} t")).all() for t in tables]
    return str(rows)


@contextmanager
def where_needed(context: Context, roles: str = MUST) -> Iterator[TestClient]:
    """The app over the same database where these roles must have one; nobody is signed in."""
    settings = context.settings.model_copy(update={"second_factor_roles": roles})
    own = Context.open(settings, *addresses(context.url))
    with TestClient(create_app(own), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def stepped_up(own_client: TestClient) -> TestClient:
    """The test admin, who has just given the password."""
    assert step_up(own_client).status_code == 200
    return own_client


@pytest.mark.parametrize(("at_s", "code"), RFC_CODES)
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    """At their instant, and in the step before and after it; not two steps away."""
    at = datetime.fromtimestamp(at_s, UTC)
    for steps, expected in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        now = at + timedelta(seconds=steps * factor.STEP_S)
        if now.timestamp() < factor.STEP_S:
            continue  # the standard counts from 1970
        assert (factor.matching_step(RFC_SECRET, code, now, -5) is not None) is expected, steps


@pytest.mark.parametrize(
    ("typed", "is_right"),
    [
        ("005924", True),
        (" 005 924 ", True),
        ("００５９２４", True),  # an input method at full width
        ("5924", False),
        ("005925", False),
        ("0059240", False),
        ("٠٠٥٩٢٤", False),
        ("", False),
        ("-05924", False),
    ],
)
def test_how_a_code_may_be_typed(typed: str, is_right: bool) -> None:
    """With blanks and at full width; six digits and nothing else."""
    assert (factor.matching_step(RFC_SECRET, typed, AT, 0) is not None) is is_right


def test_no_code_is_used_twice() -> None:
    """Neither that of the last step that was used nor one before it."""
    this = factor.step_of(AT)
    assert factor.matching_step(RFC_SECRET, "005924", AT, this - 1) == this
    assert factor.matching_step(RFC_SECRET, "005924", AT, this) is None
    assert factor.matching_step(RFC_SECRET, "005924", AT, this + 1) is None


def test_recovery_codes_are_of_one_account() -> None:
    """However they are typed; the same code of another account is another one."""
    one = factor.recovery_hash(1, "ABCD-EFGH-2345")
    assert one == factor.recovery_hash(1, " abcd efgh 2345 ")
    assert one != factor.recovery_hash(2, "ABCD-EFGH-2345")


def test_which_roles_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """Admins and auditors where nobody says otherwise; what is no role is said."""
    monkeypatch.delenv("MINQING_SECOND_FACTOR_ROLES")
    assert factor.roles_of(Settings().second_factor_roles) == {Role.CITY_ADMIN, Role.AUDITOR}
    assert factor.roles_of(" planner, responder,") == {Role.PLANNER, Role.RESPONDER}
    assert factor.roles_of("") == frozenset()
    with pytest.raises(ValueError, match="king"):
        factor.roles_of("city_admin,king")


def test_a_server_refuses_what_is_no_role(database: URL) -> None:
    """Before it listens, naming the setting."""
    done = run_command("serve", env=on(database, MINQING_SECOND_FACTOR_ROLES="city_admin,king"))
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "MINQING_SECOND_FACTOR_ROLES" in said and "king" in said


def test_it_is_set_up_and_asked_for(stepped_up: TestClient, own_context: Context) -> None:
    """At sign-in and at every step-up, after the password; each code once."""
    elsewhere = staff.headers_of(own_context.engine)["Cookie"].partition("=")[2]
    app, _ = set_up(stepped_up)
    assert stepped_up.get(SESSION).json()["second_factor"] is True
    assert service.actor_of(own_context.engine, elsewhere) is None

    assert kind(sign_in(stepped_up)) == (401, "code-needed")
    wrong = sign_in(stepped_up, code="000000")
    assert kind(wrong) == (401, "wrong-code")
    assert wrong.json()["errors"][0]["field"] == "code"
    assert kind(sign_in(stepped_up, password="not it", code=app.code())) == (
        401,
        "wrong-credentials",
    )
    code = app.code()
    right = sign_in(stepped_up, code=code)
    assert right.status_code == 200 and right.json()["needs_second_factor"] is False
    assert kind(sign_in(stepped_up, code=code)) == (401, "wrong-code")


def test_step_up_asks_as_well(stepped_up: TestClient) -> None:
    """The password alone no longer opens what is protected."""
    app, recovery = set_up(stepped_up)
    assert kind(step_up(stepped_up)) == (403, "code-needed")
    assert kind(step_up(stepped_up, code="000000")) == (403, "wrong-code")
    code = app.code()
    assert step_up(stepped_up, code=code).status_code == 200
    assert kind(step_up(stepped_up, code=code)) == (403, "wrong-code")
    assert step_up(stepped_up, code=recovery[0]).status_code == 200


def test_recovery_codes_stand_in_once(stepped_up: TestClient, own_context: Context) -> None:
    """Each for one sign-in, which the audit says; new ones end those of before."""
    app, codes = set_up(stepped_up)
    assert len(codes) == len(set(codes)) == factor.RECOVERY_CODES
    assert sign_in(stepped_up, code=codes[0].lower()).status_code == 200
    assert kind(sign_in(stepped_up, code=codes[0])) == (401, "wrong-code")
    assert sign_in(stepped_up, code=codes[1]).json()["recovery_codes"] == 6
    assert written(own_context, "recovery%") == [
        ("recovery_code_used", staff.ADMIN, f"{staff.ADMIN}: 7 left"),
        ("recovery_code_used", staff.ADMIN, f"{staff.ADMIN}: 6 left"),
    ]
    step_up(stepped_up, code=app.code()).raise_for_status()
    fresh = stepped_up.post(f"{PATH}/recovery_codes").json()["codes"]
    assert len(fresh) == factor.RECOVERY_CODES and not set(fresh) & set(codes)
    assert kind(sign_in(stepped_up, code=codes[2])) == (401, "wrong-code")
    assert sign_in(stepped_up, code=fresh[0]).status_code == 200
    assert audit.check(own_context.engine).ok


def test_setting_it_up_asks_for_the_password(own_client: TestClient) -> None:
    """So do other recovery codes and removing it: a page that was left open gives none of it."""
    for method, path in (("POST", PATH), ("POST", f"{PATH}/recovery_codes"), ("DELETE", PATH)):
        assert kind(own_client.request(method, path)) == (403, "step-up"), path
    assert kind(own_client.post(f"{PATH}/confirm", json={"code": "000000"})) == (403, "step-up")
    step_up(own_client).raise_for_status()
    none = own_client.post(f"{PATH}/confirm", json={"code": "000000"})
    assert kind(none) == (409, "factor-not-begun")
    assert kind(own_client.post(f"{PATH}/recovery_codes")) == (409, "factor-not-begun")


def test_it_counts_with_its_first_code_and_not_before(
    stepped_up: TestClient, own_context: Context
) -> None:
    """What was shown and never confirmed is asked for by nobody, and is no use after a while."""
    begun = stepped_up.post(PATH)
    assert begun.headers["cache-control"] == "no-store"
    assert begun.json()["uri"].startswith("otpauth://totp/Minqing%20Map:test_admin?")
    assert begun.json()["secret"].replace(" ", "") in begun.json()["uri"]
    assert kind(stepped_up.post(f"{PATH}/confirm", json={"code": "000000"})) == (403, "wrong-code")
    assert sign_in(stepped_up).status_code == 200
    with writing(own_context.engine) as session:
        session.execute(text("UPDATE second_factor SET begun_at = now() - interval '31 minutes'"))
    code = Authenticator(begun.json()["secret"]).code()
    late = stepped_up.post(f"{PATH}/confirm", json={"code": code})
    assert kind(late) == (409, "factor-not-begun")


def test_another_authenticator_takes_over(stepped_up: TestClient) -> None:
    """The old one goes on until the new one counts; then its codes are void, of both kinds."""
    old, codes = set_up(stepped_up)
    begun = stepped_up.post(PATH).json()
    assert sign_in(stepped_up, code=old.code()).status_code == 200
    new = Authenticator(begun["secret"])
    confirmed = stepped_up.post(f"{PATH}/confirm", json={"code": new.code()})
    assert confirmed.status_code == 200, confirmed.text
    assert kind(sign_in(stepped_up, code=old.code())) == (401, "wrong-code")
    assert kind(sign_in(stepped_up, code=codes[0])) == (401, "wrong-code")
    assert sign_in(stepped_up, code=new.code()).status_code == 200


def test_removed_the_password_is_enough(stepped_up: TestClient, own_context: Context) -> None:
    """By itself, where the role need not have one."""
    set_up(stepped_up)
    assert stepped_up.delete(PATH).status_code == 204
    assert sign_in(stepped_up).status_code == 200
    assert stepped_up.delete(PATH).status_code == 204  # there is none any more
    assert [one[0] for one in written(own_context)] == [
        "second_factor_added",
        "second_factor_removed",
    ]


def test_codes_are_counted_wherever_they_come_from(stepped_up: TestClient) -> None:
    """Six digits are few: wrong ones add up over all addresses, and the right password without a
    code takes none of them back. Who never gets that far adds nothing."""
    app, _ = set_up(stepped_up)
    engine, key = engine_of(stepped_up), attempts.of_code(staff.ADMIN, None).own
    seal = stepped_up.app.state.seal  # type: ignore[attr-defined]

    def tried(source: str, code: str | None, password: str = staff.PASSWORD) -> str:
        given = Credentials(user=staff.ADMIN, password=password, code=code)
        try:
            service.sign_in(engine, given, source, None, seal=seal)
        except Problem as problem:
            return problem.slug
        return "in"

    for place in range(8):
        assert tried(f"10.1.0.{place}", "000000", password="not it") == "wrong-credentials"
    for place in range(3):
        assert tried(f"10.0.0.{place}", "000000") == "wrong-code"
        assert tried(f"10.0.0.{place}", None) == "code-needed"
    with writing(engine) as session:
        found = text("SELECT failures FROM sign_in_failure WHERE key_hash = :key")
        assert session.scalar(found, {"key": key}) == 3
        # Long enough a wait for a machine that is busy.
        many = text("UPDATE sign_in_failure SET failures = 12 WHERE key_hash = :key")
        session.execute(many, {"key": key})
    assert tried("10.0.0.9", app.code()) == "wait"


def test_the_password_alone_forgets_no_failure(stepped_up: TestClient) -> None:
    """Else whoever knows it could guess codes for ever, a request without one in between."""
    set_up(stepped_up)
    answers = []
    for _ in range(5):
        answers.append(kind(sign_in(stepped_up, code="000000")))
        sign_in(stepped_up)
    assert answers[0] == (401, "wrong-code") and (429, "wait") in answers


def test_whoever_signs_in_here_always_waits_for_no_stranger(stepped_up: TestClient) -> None:
    """The browser in which the account has signed in before is counted by itself."""
    app, _ = set_up(stepped_up)
    desk = TestClient(stepped_up.app, base_url="http://127.0.0.1")
    body = {"user": staff.ADMIN, "password": staff.PASSWORD}
    assert desk.post(SESSION, json={**body, "code": app.code()}).status_code == 200
    answers = [kind(sign_in(stepped_up, code="000000")) for _ in range(6)]
    assert (429, "wait") in answers
    assert desk.post(SESSION, json={**body, "code": app.code()}).status_code == 200


def test_who_must_have_one_sets_it_up_first(own_client: TestClient, own_context: Context) -> None:
    """Nothing else is open, in the routes and in row security; then everything."""
    with where_needed(own_context) as client:
        session = staff.sign_in(client)
        assert session["needs_second_factor"] and not session["second_factor"]
        assert "list_users" not in session["operations"]
        refused = client.get("/api/v1/city")
        assert kind(refused) == (403, "first-sign-in")
        assert [one["field"] for one in refused.json()["errors"]] == ["second_factor"]
        for method, path in (
            ("POST", STEP_UP),
            ("GET", "/api/v1/stream"),
            ("GET", "/tiles/cells/9/401/200.mvt"),
            ("DELETE", PATH),
            ("POST", f"{PATH}/recovery_codes"),
        ):
            assert client.request(method, path, json={}).status_code == 403, path
        token = client.cookies["minqing"]
        assert scope_of(own_context, token) is None
        assert own_client.get("/api/v1/city").status_code == 200  # begun where nobody must
        app, _ = set_up(client)
        assert scope_of(own_context, token) is not None
        assert client.get("/api/v1/city").status_code == 200
        assert client.get(SESSION).json()["needs_second_factor"] is False
        step_up(client, code=app.code()).raise_for_status()
        assert client.delete(PATH).status_code == 204
        assert kind(client.get("/api/v1/city")) == (403, "first-sign-in")


def scope_of(context: Context, token: str) -> Any:
    """The codes that a session may see, as PostgreSQL says."""
    with reading(context.engine) as session:
        session.execute(text("SELECT set_config('app.session', :t, true)"), {"t": token})
        return session.scalar(text("SELECT session_scope()"))


def test_it_goes_by_the_role_in_which_one_acts(own_context: Context) -> None:
    """Also one that was granted or taken up while the session was open; others need none."""
    engine = own_context.engine
    staff.add_account(engine, "drawer", Role.PLANNER, staff.CITY)
    with where_needed(own_context) as client:
        session = staff.sign_in(client, "drawer")
        assert session["needs_second_factor"] is False
        accounts.grant(engine, "drawer", Role.AUDITOR, staff.CITY)
        (grant,) = [g for g in client.get(SESSION).json()["grants"] if g["role"] == "auditor"]
        switched = client.put(f"{SESSION}/grant", json={"grant": grant["id"]})
        assert switched.json()["needs_second_factor"] is True
        assert kind(client.get("/api/v1/audit")) == (403, "first-sign-in")


def test_a_first_password_comes_before_it(own_client: TestClient, own_context: Context) -> None:
    """Whoever set the password must not be the one who sets up the factor."""
    accounts.add_account(
        own_context.engine, "auditor_7", NEW, area=staff.CITY, role=Role.AUDITOR, must_change=True
    )
    with where_needed(own_context) as client:
        session = staff.sign_in(client, "auditor_7", NEW)
        assert (session["first_password"], session["needs_second_factor"]) == (True, True)
        assert kind(client.post(PATH)) == (403, "first-sign-in")
        assert kind(client.post(f"{PATH}/confirm", json={"code": "1"})) == (403, "first-sign-in")
        body = {"old_password": NEW, "new_password": OTHER}
        assert client.post(f"{SESSION}/password", json=body).status_code == 204
        set_up(client)
        assert client.get("/api/v1/audit").status_code == 200


def test_demo_accounts_need_none(own_context: Context) -> None:
    """They are nobody's own; one that somebody tried is gone at the next start."""
    demo.ensure_demo_accounts(own_context.engine, staff.PASSWORD)
    with where_needed(own_context) as client:
        assert staff.sign_in(client, "city_admin")["needs_second_factor"] is False
        step_up(client).raise_for_status()
        set_up(client)
        assert kind(sign_in(client, "city_admin")) == (401, "code-needed")
        demo.ensure_demo_accounts(own_context.engine, staff.PASSWORD)
        assert sign_in(client, "city_admin").status_code == 200


def test_who_comes_from_the_provider_has_it_there(own_context: Context) -> None:
    """Their session wants none here."""
    terms = rules.Terms(factor_roles=frozenset({Role.CITY_ADMIN}))
    with writing(own_context.engine) as session:
        admin = text("SELECT id FROM account WHERE name = 'test_admin'")
        number = int(session.execute(admin).scalar_one())
        at_provider = service.open_session(session, number, terms=terms, by_provider=True)
        here = service.open_session(session, number, terms=terms)
    actors = [service.actor_of(own_context.engine, token) for token in (at_provider, here)]
    assert [one is not None and one.needs_factor for one in actors] == [False, True]


@pytest.fixture
def other(own_context: Context, own_client: TestClient) -> Iterator[TestClient]:
    """A second admin of the city."""
    staff.add_account(own_context.engine, "other_admin", Role.CITY_ADMIN, staff.CITY)
    with client_of(own_context, "other_admin") as client:
        step_up(client).raise_for_status()
        yield client


def test_one_admin_takes_it_from_an_account_that_opens_nothing(
    own_client: TestClient, own_context: Context
) -> None:
    """At once; its sessions end, and the audit says who did it."""
    staff.add_account(own_context.engine, "drawer", Role.PLANNER, staff.CITY)
    with client_of(own_context, "drawer") as drawer:
        step_up(drawer).raise_for_status()
        set_up(drawer)
        assert own_client.get(f"{USERS}/drawer").json()["second_factor"] is True
        answer = own_client.patch(f"{USERS}/drawer", json={"second_factor": False})
        assert (answer.status_code, answer.json()["second_factor"]) == (200, False)
        wait_until(lambda: drawer.get(SESSION).status_code == 401)
    assert sign_in(own_client, "drawer").status_code == 200
    assert written(own_context)[-1] == ("second_factor_removed", staff.ADMIN, "drawer")
    nothing = own_client.patch(f"{USERS}/drawer", json={"second_factor": False})
    assert nothing.status_code == 200 and len(written(own_context)) == 2


def test_two_take_it_from_one_that_does(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """Proposed by one admin, confirmed by another; whoever may know its password gains nothing."""
    staff.add_account(own_context.engine, "desk_7", Role.DUTY_OFFICER, staff.CITY)
    with client_of(own_context, "desk_7") as desk:
        step_up(desk).raise_for_status()
        set_up(desk)
        with writing(own_context.engine) as session:
            session.execute(text("UPDATE account SET known_to = ARRAY['test_admin']"
                                 " WHERE name = 'desk_7'"))  # fmt: skip
        answer = own_client.patch(f"{USERS}/desk_7", json={"second_factor": False})
        assert answer.status_code == 202, answer.text
        assert answer.json()["second_factor"] is True
        (proposal,) = answer.json()["proposals"]
        assert proposal["kind"] == "factor"
        again = own_client.patch(f"{USERS}/desk_7", json={"second_factor": False})
        assert kind(again) == (409, "already-proposed")
        assert desk.get("/api/v1/city").status_code == 200
        step_up(own_client).raise_for_status()
        url = f"/api/v1/proposals/{proposal['no']}/confirm"
        assert kind(own_client.post(url)) == (403, "not-second-person")
        confirmed = other.post(url)
        assert confirmed.status_code == 200, confirmed.text
        assert [one["account"] for one in confirmed.json()["codes"]] == ["desk_7"]
        wait_until(lambda: desk.get(SESSION).status_code == 401)
    assert sign_in(own_client, "desk_7").json()["awaits_code"] is True
    assert written(own_context)[-1] == (
        "second_factor_removed",
        "other_admin",
        "desk_7: proposed by test_admin",
    )


def test_released_the_factor_of_before_is_gone(
    own_client: TestClient, own_context: Context
) -> None:
    """Whoever made the account may have its secret, and its recovery codes."""
    staff.add_account(own_context.engine, "desk_7", Role.PLANNER, staff.CITY)
    with client_of(own_context, "desk_7") as desk:
        step_up(desk).raise_for_status()
        app, _ = set_up(desk)
    with writing(own_context.engine) as session:
        session.execute(text("UPDATE account SET known_to = ARRAY['test_admin']"
                             " WHERE name = 'desk_7'"))  # fmt: skip
    code = accounts.grant(own_context.engine, "desk_7", Role.DUTY_OFFICER, staff.CITY).code
    post = TestClient(own_client.app, base_url="http://127.0.0.1")
    body = {"user": "desk_7", "password": staff.PASSWORD, "code": app.code()}
    answer = post.post(SESSION, json=body)
    post.headers["X-Minqing-Token"] = answer.json()["header_token"]
    given = {"code": code, "new_password": OTHER}
    assert post.post(f"{SESSION}/release", json=given).status_code == 204
    assert post.get(SESSION).json()["second_factor"] is False


def test_the_console_takes_it_away(
    stepped_up: TestClient, own_context: Context, database: URL
) -> None:
    """Logged, as the command line is."""
    set_up(stepped_up)
    status, said = user(database, "reset-factor", staff.ADMIN)
    assert status == 0, said
    assert sign_in(stepped_up).status_code == 200
    assert written(own_context)[-1] == ("second_factor_removed", None, staff.ADMIN)
    assert user(database, "reset-factor", "nobody_here")[0] == 1


def test_nothing_of_it_is_kept_in_the_clear(stepped_up: TestClient, own_context: Context) -> None:
    """Neither secret nor codes stand in the database, in an answer or in the audit."""
    begun = stepped_up.post(PATH).json()
    secret = begun["secret"].replace(" ", "")
    code = Authenticator(secret).code()
    codes = stepped_up.post(f"{PATH}/confirm", json={"code": code}).json()["codes"]
    kept = everything(own_context)
    raw = factor.as_secret(secret).hex()
    for word in (secret, raw, *codes, *(code.replace("-", "") for code in codes)):
        assert word not in kept and word.lower() not in kept
    for path in (SESSION, f"{USERS}/{staff.ADMIN}", "/api/v1/audit", "/api/v1/sessions"):
        answer = stepped_up.get(path).text
        assert secret not in answer and not any(code in answer for code in codes)


@pytest.fixture
def own_key(stepped_up: TestClient) -> Iterator[Path]:
    """A key file of this test's own, with which nothing is sealed yet."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contact.key"
        stepped_up.app.state.seal = KeyFileSeal(path)  # type: ignore[attr-defined]
        with writing(engine_of(stepped_up)) as session:
            session.execute(text("DELETE FROM case_contact"))
        yield path


def test_another_key_seals_it_anew(
    stepped_up: TestClient, own_context: Context, own_key: Path
) -> None:
    """Rotation covers it: the old key is forgotten, and the codes still fit."""
    app, _ = set_up(stepped_up)
    engine = own_context.engine
    rotated = rotate(engine, own_key, staff.CITY, forget_old=True, beside=(SecondFactor,))
    assert rotated.forgotten == 1
    with reading(engine) as session:
        keys = session.scalars(text("SELECT DISTINCT key_id FROM second_factor")).all()
    assert keys == [rotated.key_id]
    assert sign_in(stepped_up, code=app.code()).status_code == 200


def test_the_command_covers_it(
    stepped_up: TestClient, own_context: Context, database: URL, own_key: Path
) -> None:
    """`minqing contact rotate-key --forget-old`, beside a server that goes on."""
    app, _ = set_up(stepped_up)
    words = ("contact", "rotate-key", "--forget-old")
    done = run_command(*words, env=on(database, MINQING_CONTACT_KEY_FILE=str(own_key)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(own_key.read_text().splitlines()) == 1
    assert sign_in(stepped_up, code=app.code()).status_code == 200


def test_without_the_key_file_it_says_so(
    own_context: Context, stepped_up: TestClient, own_key: Path
) -> None:
    """503 and never a new file beside what the old one seals; a recovery code still lets in."""
    path, own_client = own_key, stepped_up
    app, codes = set_up(own_client)
    code = app.code()
    kept = path.read_bytes()
    path.unlink()
    refused = sign_in(own_client, code=code)
    assert refused.status_code == 503 and "MINQING_CONTACT_KEY_FILE" in refused.json()["detail"]
    assert not path.exists()
    with reading(own_context.engine) as session:
        assert is_lost(session, path)
    assert sign_in(own_client, code=codes[0]).status_code == 200
    contact_keys.ensure(path)  # with another key
    assert sign_in(own_client, code=code).status_code == 503
    path.write_bytes(kept)
    assert sign_in(own_client, code=code).status_code == 200
