"""Signing in at a city's own provider: a real one, in a process of its own."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.core.errors import Problem
from app.core.settings import Settings
from app.core.turns import Turns
from app.identity import accounts, demo, linking
from app.identity.oidc import Attempt, OidcError
from app.identity.rules import Role
from app.identity.second_person import service as second_person
from app.main import OF_AN_ADDRESS, create_app
from tests import staff
from tests.conftest import run_command
from tests.oidc_provider import NAMES, Silent, agree, providing, refuse
from tests.raw_socket import RawSocket
from tests.server import serving
from tests.waiting import wait_until

START = "/api/v1/session/oidc/start"
CALLBACK = "/api/v1/session/oidc/callback"
KNOWN = ("desk_7", "disabled_desk", "idle_desk", "auditor", "nobody_here", "Zhang Wei")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider that knows all of them."""
    with providing(*KNOWN) as found:
        yield found


@pytest.fixture
def browser(own_context: Context, issuer: str) -> Iterator[TestClient]:
    """The app beside that provider; the one account that may come in is desk_7."""
    engine = own_context.engine
    staff.add_account(engine, "desk_7", Role.RESPONDER, staff.CITY)
    staff.add_account(engine, "disabled_desk", Role.RESPONDER, staff.CITY)
    accounts.add_account(engine, "idle_desk", staff.PASSWORD)
    demo.ensure_demo_accounts(engine, staff.PASSWORD)
    for name in ("desk_7", "disabled_desk", "idle_desk"):
        link(own_context, issuer, name, f"sub-{name}")
    accounts.change(engine, "disabled_desk", disabled=True)
    with visiting(own_context, issuer) as client:
        yield client


def settings_of(context: Context, issuer: str, **words: Any) -> Settings:
    """Those of a server beside a provider."""
    given = {"oidc_client_id": "minqing", "oidc_client_secret": "a secret", **words}
    return Settings(demo=True, data_dir=context.settings.data_dir, oidc_issuer=issuer, **given)


def link(context: Context, issuer: str, name: str, subject: str | None) -> None:
    """Link an account to a subject of that provider, as the command line does."""
    linking.link(context.engine, settings_of(context, issuer), name, subject)


def visiting(context: Context, issuer: str, **words: Any) -> TestClient:
    """A browser before a server with these settings."""
    settings = settings_of(context, issuer, **words)
    own = Context.open(settings, context.url.render_as_string(hide_password=False))
    return TestClient(create_app(own), base_url="http://127.0.0.1", follow_redirects=False)


def begin(browser: TestClient, *, step_up: bool = False) -> str:
    """Where the provider's button leads."""
    answer = browser.get(START, params={"step_up": True} if step_up else None)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def come_back(browser: TestClient, address: str) -> str:
    """Follow the provider back; where the browser ends up."""
    answer = browser.get(address)
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    assert location.startswith("/") and not location.startswith("//")
    return location


def is_nobody(browser: TestClient) -> bool:
    """Whether there is no session."""
    return browser.get("/api/v1/session").status_code == 401


def test_the_way_there_and_back(browser: TestClient, own_context: Context, issuer: str) -> None:
    """State, nonce and PKCE go along; one is signed in, and nothing of the provider's is kept."""
    assert browser.get("/api/v1/session/oidc").json() == {"enabled": True, "name": "127.0.0.1"}
    address = begin(browser)
    words = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(issuer)
    assert words["redirect_uri"] == f"http://127.0.0.1{CALLBACK}"
    assert (words["response_type"], words["code_challenge_method"]) == ("code", "S256")
    assert words["scope"] == "openid"
    assert "prompt" not in words
    held = attempt_of(browser)
    digest = hashlib.sha256(held["verifier"].encode()).digest()
    assert words["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert (words["state"], words["nonce"]) == (held["state"], held["nonce"])
    assert held["verifier"] not in address

    assert come_back(browser, agree(address, "sub-desk_7")) == "/"
    told = browser.get("/api/v1/session").json()
    assert (told["user"], told["grants"][0]["role"]) == ("desk_7", "responder")
    assert "minqing-oidc" not in browser.cookies
    with reading(own_context.engine) as session:
        for table in ("account", "account_grant", "sign_in", "audit_row"):
            rows = str(session.execute(text(f"SELECT t::text FROM {table} t")).all())
            assert not any(word in rows for word in (*NAMES, "sub-desk_7"))


def attempt_of(browser: TestClient) -> dict[str, str]:
    """What the browser holds of its attempt."""
    value = next(cookie.value for cookie in browser.cookies.jar if cookie.name == "minqing-oidc")
    assert value is not None
    held: dict[str, str] = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    return held


def test_codes_from_one_address_leave_room_for_others(browser: TestClient) -> None:
    """As many as may come from one at once are being looked at: one more is told to try again."""
    turns: Turns = cast(FastAPI, browser.app).state.sign_in_turns
    back, places = agree(begin(browser), "sub-desk_7"), OF_AN_ADDRESS["at_once"]

    async def fill() -> None:
        for _ in range(places):
            await turns.enter("testclient")

    asyncio.run(fill())
    assert come_back(browser, back) == "/?oidc=unavailable"
    for _ in range(places):
        turns.leave("testclient")
    assert come_back(browser, agree(begin(browser), "sub-desk_7")) == "/"


@pytest.mark.parametrize("name", KNOWN[1:])
def test_who_has_no_account_gets_none(browser: TestClient, own_context: Context, name: str) -> None:
    """Unknown, disabled, without a grant, a demo account's name, a person's: none comes in."""
    before = [row.name for row in accounts.list_accounts(own_context.engine)]
    assert come_back(browser, agree(begin(browser), f"sub-{name}")) == "/?oidc=no-account"
    assert is_nobody(browser)
    assert [row.name for row in accounts.list_accounts(own_context.engine)] == before


def test_whoever_refuses_there_is_nobody_here(browser: TestClient) -> None:
    """`refused`."""
    address = begin(browser)
    sent_back = urlsplit(refuse(address))
    state = parse_qs(urlsplit(address).query)["state"][0]
    query = (
        f"{sent_back.query}&state={state}" if "state=" not in sent_back.query else sent_back.query
    )
    assert come_back(browser, f"{CALLBACK}?{query}") == "/?oidc=refused"
    assert is_nobody(browser)


def test_an_answer_to_somebody_else_is_worth_nothing(browser: TestClient, own_context: Context,
                                                     issuer: str) -> None:  # fmt: skip
    """A code that a stranger puts into one's browser signs in nobody, under whatever state."""
    with visiting(own_context, issuer) as stranger:
        theirs = agree(begin(stranger), "sub-desk_7")
    assert come_back(browser, theirs) == "/?oidc=expired"
    begin(browser)
    assert come_back(browser, theirs) == "/?oidc=expired"
    code = parse_qs(urlsplit(theirs).query)["code"][0]
    begin(browser)
    assert come_back(browser, f"{CALLBACK}?code={code}") == "/?oidc=expired"
    # Even under one's own state the nonce is another's.
    begin(browser)
    state = attempt_of(browser)["state"]
    assert come_back(browser, f"{CALLBACK}?code={code}&state={state}") == "/?oidc=refused"
    assert is_nobody(browser)


def test_an_answer_counts_once(browser: TestClient) -> None:
    """The attempt ends with it, whatever came of it."""
    back = agree(begin(browser), "sub-desk_7")
    assert come_back(browser, back) == "/"
    browser.cookies.delete("minqing")
    assert come_back(browser, back) == "/?oidc=expired"
    assert is_nobody(browser)


@pytest.mark.parametrize(
    "words",
    ["?next=https://evil.example", "?redirect_uri=https://evil.example", "?return=//evil.example"],
)
def test_nobody_is_sent_elsewhere(browser: TestClient, words: str) -> None:
    """The way there takes no words; the way back knows none that would lead anywhere."""
    assert browser.get(START + words).status_code == 422
    back = agree(begin(browser), "sub-desk_7")
    assert come_back(browser, f"{back}&{words[1:]}") == "/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_the_way_back_is_not_made_of_a_strangers_host(browser: TestClient, host: str) -> None:
    """A rebound name is refused before anything is sent anywhere."""
    assert browser.get(START, headers={"host": host}).status_code == 400


def test_the_public_address_is_where_one_comes_back(own_context: Context, issuer: str) -> None:
    """Behind a proxy the server does not know its own name."""
    with visiting(own_context, issuer, public_url="https://map.example.cn/") as client:
        answer = client.get(START, headers={"host": "map.example.cn"})
    words = parse_qs(urlsplit(answer.headers["location"]).query)
    assert words["redirect_uri"] == [f"https://map.example.cn{CALLBACK}"]


def test_the_session_before_ends(browser: TestClient) -> None:
    """One browser, one session, as with a password."""
    staff.sign_in(browser)
    before = browser.cookies["minqing"]
    assert come_back(browser, agree(begin(browser), "sub-desk_7")) == "/"
    old = browser.get("/api/v1/session", headers={"cookie": f"minqing={before}"})
    assert old.status_code == 401


def test_a_provider_that_is_not_there(own_context: Context) -> None:
    """The page says so, and the password still works; of another name it is not trusted."""
    with visiting(own_context, "http://127.0.0.1:9/") as client:
        assert client.get(START).headers["location"] == "/?oidc=unavailable"
        assert staff.sign_in(client)["user"] == staff.ADMIN
    with providing("desk_7") as other:
        port = urlsplit(other).port
        with visiting(own_context, f"http://localhost:{port}/") as client:
            assert client.get(START).headers["location"] == "/?oidc=unavailable"


def test_without_a_provider_there_is_none(client: TestClient) -> None:
    """The button is not shown, and the way there is 404."""
    assert client.get("/api/v1/session/oidc").json() == {"enabled": False, "name": None}
    for path in (START, CALLBACK):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "issuer", ["http://idp.example.cn", "ftp://idp.example.cn", "https://idp.example.cn/?x=1"]
)
def test_what_cannot_be_a_provider(issuer: str) -> None:
    """Without TLS only on this machine."""
    with pytest.raises(ValueError, match="oidc_issuer"):
        Settings(oidc_issuer=issuer, oidc_client_id="minqing")


def test_a_provider_needs_to_know_us() -> None:
    """The settings say what is missing."""
    with pytest.raises(ValueError, match="MINQING_OIDC_CLIENT_ID"):
        Settings(oidc_issuer="https://idp.example.cn")


@pytest.mark.parametrize("value", [None, "", "x", "e30", "bnVsbA", "W10", "\ud83d", "e30" * 3000])
def test_a_made_up_attempt_is_none(value: str | None) -> None:
    """Whatever stands in the cookie."""
    with pytest.raises(OidcError):
        Attempt.from_cookie(value, "x", time.time())


@pytest.mark.parametrize(("later_s", "holds"), [(0, True), (600, True), (601, False), (-5, False)])
def test_an_attempt_lasts_ten_minutes(later_s: int, holds: bool) -> None:
    """By the clock."""
    attempt = Attempt.new()
    now_s = attempt.began_s + later_s
    if holds:
        assert Attempt.from_cookie(attempt.to_cookie(), attempt.state, now_s) == attempt
        return
    with pytest.raises(OidcError):
        Attempt.from_cookie(attempt.to_cookie(), attempt.state, now_s)


STRANGER = {"preferred_username": "desk_7"}


def test_a_name_at_the_provider_is_no_account(browser: TestClient, own_context: Context) -> None:
    """Whoever can change their name there is still themselves."""
    with providing(claims={"a-stranger": STRANGER}) as other:
        link(own_context, other, "desk_7", "sub-desk_7")
        for words in ({}, {"oidc_link_by_claim": True}):
            with visiting(own_context, other, **words) as client:
                assert come_back(client, agree(begin(client), "a-stranger")) == "/?oidc=no-account"
                assert is_nobody(client)


def test_the_first_to_come_with_a_name(own_context: Context) -> None:
    """Where the settings say so they are linked to its account, and nobody else afterwards; an
    account that may not enter is linked to nobody."""
    staff.add_account(own_context.engine, "desk_8", Role.RESPONDER, staff.CITY)
    accounts.add_account(own_context.engine, "idle_desk", staff.PASSWORD)
    said = {
        "first": {"preferred_username": "desk_8"}, "second": {"preferred_username": "desk_8"},
        "third": {"preferred_username": "idle_desk"},
    }  # fmt: skip
    with providing(claims=said) as issuer:
        with visiting(own_context, issuer) as client:
            assert come_back(client, agree(begin(client), "first")) == "/?oidc=no-account"
        with visiting(own_context, issuer, oidc_link_by_claim=True) as client:
            for subject, where in (
                ("third", "/?oidc=no-account"), ("first", "/"), ("second", "/?oidc=no-account"),
                ("first", "/"),
            ):  # fmt: skip
                assert come_back(client, agree(begin(client), subject)) == where
            assert client.get("/api/v1/session").json()["user"] == "desk_8"
        # By now it is known by its subject, whatever the settings are.
        with visiting(own_context, issuer) as client:
            assert come_back(client, agree(begin(client), "first")) == "/"
    with reading(own_context.engine) as session:
        rows = session.execute(text("SELECT kind, detail FROM audit_row")).all()
    linked = [row.detail for row in rows if row.kind == "account_linked"]
    assert linked == ["desk_8: at its first sign-in"]


def test_a_subject_that_is_the_accounts_name(own_context: Context) -> None:
    """Then whoever made the account has linked it."""
    staff.add_account(own_context.engine, "desk_9", Role.RESPONDER, staff.CITY)
    with (
        providing(claims={"desk_9": {}}) as issuer,
        visiting(own_context, issuer, oidc_claim="sub") as client,
    ):
        assert come_back(client, agree(begin(client), "desk_9")) == "/"


def test_an_admin_links_and_unlinks(browser: TestClient, own_context: Context, issuer: str) -> None:
    """On the page and by the command line; sessions end, and each time it is in the audit."""
    with visiting(own_context, issuer) as admin:
        staff.sign_in(admin)
        assert come_back(browser, agree(begin(browser), "sub-desk_7")) == "/"
        path = "/api/v1/users/desk_7"
        assert admin.get(path).json()["linked"]
        assert not admin.patch(path, json={"subject": ""}).json()["linked"]
        wait_until(lambda: is_nobody(browser))
        assert come_back(browser, agree(begin(browser), "sub-desk_7")) == "/?oidc=no-account"
        taken = admin.patch(path, json={"subject": "sub-idle_desk"})
        assert (taken.status_code, taken.json()["errors"][0]["field"]) == (409, "subject")
        assert admin.patch(path, json={"subject": "x" * 256}).status_code == 422
        # It opens contacts: a second person links it, and its post must give the code.
        answer = admin.patch(path, json={"subject": "sub-desk_7"})
        assert (answer.status_code, answer.json()["linked"]) == (202, False)
        (waiting,) = answer.json()["proposals"]
        second_person.confirm(own_context.engine, None, waiting["no"])
        assert come_back(browser, agree(begin(browser), "sub-desk_7")) == "/"
        assert browser.get("/api/v1/session").json()["awaits_code"]
    env = {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        "MINQING_OIDC_ISSUER": issuer, "MINQING_OIDC_CLIENT_ID": "minqing",
    }  # fmt: skip
    for words in (["desk_7", "--undo"], ["desk_7", "sub-other"]):
        done = run_command("user", "link", *words, env=env)
        assert done.returncode == 0, done.stderr
    assert run_command("user", "link", "desk_7", env=env).returncode != 0
    with reading(own_context.engine) as session:
        kinds = session.scalars(
            text(
                "SELECT kind FROM audit_row WHERE split_part(detail, ':', 1) = 'desk_7' ORDER BY no"
            )
        ).all()
    assert [kind for kind in kinds if kind.startswith("account_")] == [
        "account_added", "account_linked", "account_unlinked", "account_linked",
        "account_unlinked", "account_linked",
    ]  # fmt: skip


def test_a_link_needs_a_provider(own_context: Context) -> None:
    """Without one there is no subject."""
    staff.add_account(own_context.engine, "desk_7", Role.RESPONDER, staff.CITY)
    with pytest.raises(Problem, match="MINQING_OIDC_ISSUER"):
        linking.link(own_context.engine, own_context.settings, "desk_7", "sub-desk_7")


def test_stepping_up_at_the_provider(own_context: Context) -> None:
    """Whoever signs in there does so once more, and what is protected is open. Not with a sign-in
    of an hour ago, of which nobody knows when it was, or of somebody else."""
    now_s = int(time.time())
    said = {
        "me": {"auth_time": now_s}, "long-ago": {"auth_time": now_s - 3_600},
        "who-knows": {"auth_time": None}, "somebody": {"auth_time": now_s},
    }  # fmt: skip
    accounts.add_account(own_context.engine, "desk_7", None, area=staff.CITY)
    accounts.grant(own_context.engine, "desk_7", Role.RESPONDER, staff.CITY)
    with providing(claims=said) as issuer, visiting(own_context, issuer) as client:
        assert client.get(START, params={"step_up": True}).status_code == 401
        for subject, where in (
            ("long-ago", "/?oidc=refused"), ("who-knows", "/?oidc=refused"), ("me", "/"),
        ):  # fmt: skip
            link(own_context, issuer, "desk_7", subject)
            assert come_back(client, agree(begin(client), subject)) == "/"
            told = client.get("/api/v1/session").json()
            assert (told["has_password"], told["linked"]) == (False, True)
            address = begin(client, step_up=True)
            words = parse_qs(urlsplit(address).query)
            assert (words["prompt"], words["max_age"]) == (["login"], ["0"])
            if subject == "me":
                answer = agree(address, "somebody")
                assert come_back(client, answer) == "/?oidc=refused"
                assert client.get("/api/v1/session").json()["stepped_up_until"] is None
                address = begin(client, step_up=True)
            assert come_back(client, agree(address, subject)) == where
            opened = client.get("/api/v1/session").json()["stepped_up_until"]
            assert (opened is not None) == (subject == "me")
        # An answer to a sign-in is none to this, and the other way round nothing is opened.
        assert client.get("/api/v1/session").json()["user"] == "desk_7"


SIXTY = 60


def test_a_silent_provider_holds_up_nobody(database: URL) -> None:
    """Sixty who want to go there: it is asked once for all of them; health is answered meanwhile,
    a sign-in with a password too; the next is told at once; and the server ends when it is to."""
    with Silent() as provider, ExitStack() as stack:
        words = {"MINQING_OIDC_ISSUER": provider.issuer, "MINQING_OIDC_CLIENT_ID": "minqing"}
        server = stack.enter_context(serving(database, **words))
        starts = [stack.enter_context(RawSocket(server.base_url)) for _ in range(SIXTY)]
        for line in starts:
            line.ask(START, {"Connection": "close"})
        wait_until(lambda: provider.asked)
        health = staff.get(f"{server.base_url}/healthz")
        listed = staff.get(f"{server.base_url}/api/v1/areas")
        assert (health.status_code, listed.status_code) == (200, 200)
        assert all(line.is_quiet(0) for line in starts)
        for line in starts:
            assert line.status() == 303
            assert b"\r\nlocation: /?oidc=unavailable\r\n" in line.rest().lower()
        with RawSocket(server.base_url) as line:
            line.ask(START, {"Connection": "close"})
            assert line.status() == 303
        assert provider.asked == 1

        other = stack.enter_context(serving(database, **words))
        waiting = [stack.enter_context(RawSocket(other.base_url)) for _ in range(SIXTY)]
        for line in waiting:
            line.ask(START)
        wait_until(lambda: provider.asked == 2)
        other.stop()
        # Those that it had taken in are answered, the others find it closed.
        told = {line.status() for line in waiting}
        assert 303 in told and told <= {303, None}
