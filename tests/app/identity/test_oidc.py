"""Signing in at a city's own provider: a real one, in a process of its own."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.core.settings import Settings
from app.identity import accounts, demo
from app.identity.oidc import Attempt, OidcError
from app.identity.rules import Role
from app.main import create_app
from tests import staff
from tests.oidc_provider import NAMES, agree, providing, refuse

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
    accounts.change(engine, "disabled_desk", disabled=True)
    accounts.add_account(engine, "idle_desk", staff.PASSWORD)
    demo.ensure_demo_accounts(engine, staff.PASSWORD)
    with visiting(own_context, issuer) as client:
        yield client


def visiting(context: Context, issuer: str, **words: str) -> TestClient:
    """A browser before a server with these settings."""
    settings = Settings(
        demo=True, data_dir=context.settings.data_dir, oidc_issuer=issuer,
        oidc_client_id="minqing", oidc_client_secret="a secret", **words,  # type: ignore[arg-type]
    )  # fmt: skip
    own = Context.open(settings, context.url.render_as_string(hide_password=False))
    return TestClient(create_app(own), base_url="http://127.0.0.1", follow_redirects=False)


def begin(browser: TestClient) -> str:
    """Where the provider's button leads."""
    answer = browser.get(START)
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
    assert words["scope"] == "openid profile"
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
