"""Who must wait after failures to sign in, and who never does."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import writing
from app.core.errors import Problem
from app.identity import attempts, queries, rules, seen_here, service
from app.identity.schemas import Credentials
from tests import staff

PATH = "/api/v1/session"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RIGHT = {"user": staff.ADMIN, "password": staff.PASSWORD}
WRONG = {"user": staff.ADMIN, "password": "not the right one"}


def _status(engine: Engine, source: str, password: str = "no", name: str = staff.ADMIN) -> int:
    """What an attempt from an address, with a browser that nobody knows, is answered."""
    try:
        service.sign_in(engine, Credentials(user=name, password=password), source, None)
    except Problem as problem:
        return problem.status
    return HTTPStatus.OK


def _failed_often(engine: Engine, key: bytes | None, count: int) -> None:
    """As if so many had failed a moment ago."""
    assert key is not None
    with writing(engine) as session:
        queries.failures(session, key, datetime.now(UTC))
        queries.set_failures(session, key, count, datetime.now(UTC))


def test_guesses_from_many_addresses_lock_nobody_out(own_context: Context) -> None:
    """Whoever comes from a new address is let in at once with the right password; who fails there
    has had the one try, where three are free while nobody guesses."""
    engine = own_context.engine
    assert _status(engine, "192.0.2.1") == 401
    assert _status(engine, "192.0.2.1") == 401
    guessed = attempts.at_sign_in(staff.ADMIN, "198.51.100.1", None).account
    _failed_often(engine, guessed, rules.GUESSED_FAILURES)
    assert _status(engine, "198.51.100.1", staff.PASSWORD) == 200
    assert _status(engine, "198.51.100.2") == 401
    assert _status(engine, "198.51.100.2") == 429
    assert _status(engine, "198.51.100.2", staff.PASSWORD) == 429
    assert _status(engine, "198.51.100.3", staff.PASSWORD) == 200


def test_many_failures_from_one_address_are_enough(own_context: Context) -> None:
    """One password for every account is tried from one address: it waits, no other does."""
    engine = own_context.engine
    full = attempts.at_sign_in("anybody", "192.0.2.9", None).address
    _failed_often(engine, full, rules.ADDRESS_FAILURES - 1)
    assert _status(engine, "192.0.2.9", staff.PASSWORD) == 200
    assert _status(engine, "192.0.2.9", name="some_post") == 401
    assert _status(engine, "192.0.2.9", name="another_post") == 429
    assert _status(engine, "192.0.2.8", name="another_post") == 401


def test_a_network_of_ipv6_is_one_place(own_context: Context) -> None:
    """Its holder has as many addresses as there are passwords to be tried."""
    engine = own_context.engine
    answers = [_status(engine, f"2001:db8:1:2::{number:x}") for number in range(1, 6)]
    assert answers[:3] == [401] * 3 and answers[-1] == 429
    assert _status(engine, "2001:db8:1:2:ffff::1", staff.PASSWORD) == 429
    assert _status(engine, "2001:db8:1:3::1", staff.PASSWORD) == 200


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_places(source: str, place: str) -> None:
    """An address as one, whichever way it is written."""
    assert rules.place_of(source) == place


def test_who_has_signed_in_here_before_never_waits_for_strangers(own_client: TestClient) -> None:
    """Behind the same address, by the cookie of the browser; without it all wait there."""
    stranger = TestClient(own_client.app, base_url="http://127.0.0.1")
    while stranger.post(PATH, json=WRONG).status_code != 429:
        pass
    assert stranger.post(PATH, json=RIGHT).status_code == 429
    assert own_client.post(PATH, json=RIGHT).status_code == 200
    own_client.cookies.clear()
    assert own_client.post(PATH, json=RIGHT).status_code == 429


def test_the_browser_that_is_known_may_not_guess_either(own_client: TestClient) -> None:
    """Its failures are its own, and make it wait."""
    answers = [own_client.post(PATH, json=WRONG).status_code for _ in range(5)]
    assert answers[0] == 401 and answers[-1] == 429
    own_client.cookies.clear()
    assert own_client.post(PATH, json=RIGHT).status_code == 200


def test_a_stranger_at_the_sign_in_stops_nobody_who_is_signed_in(own_client: TestClient) -> None:
    """Giving the password again is counted for the session."""
    stranger = TestClient(own_client.app, base_url="http://127.0.0.1")
    while stranger.post(PATH, json=WRONG).status_code != 429:
        pass
    given = own_client.post(f"{PATH}/step_up", json={"password": staff.PASSWORD})
    assert given.status_code == 200


def test_the_cookie_proves_one_account_with_its_password_for_a_while() -> None:
    """Not of another account, with another password, for another browser, or another day."""
    cookie = seen_here.cookie_for("officer", "hash", None, NOW)
    device = seen_here.device_of(cookie, "officer", "hash", NOW)
    assert device is not None
    assert seen_here.cookie_for("officer", "hash", device, NOW) == cookie
    last = NOW + timedelta(days=seen_here.LASTING_DAYS)
    assert seen_here.device_of(cookie, "officer", "hash", last) == device
    refused = [
        seen_here.device_of(cookie, "officer", "hash", last + timedelta(days=1)),
        seen_here.device_of(cookie, "officer", "hash", NOW - timedelta(days=1)),
        seen_here.device_of(cookie, "another", "hash", NOW),
        seen_here.device_of(cookie, "officer", "another hash", NOW),
        seen_here.device_of("A" * 16 + cookie[16:], "officer", "hash", NOW),
        seen_here.device_of(cookie.replace(".2", ".3", 1), "officer", "hash", NOW),
        seen_here.device_of(cookie[:-1], "officer", "hash", NOW),
        seen_here.device_of(None, "officer", "hash", NOW),
    ]
    assert refused == [None] * len(refused)


@pytest.mark.parametrize(
    ("failures", "since_s", "left_s"),
    [
        (0, 0, 0), (rules.ADDRESS_FAILURES - 1, 0, 0), (rules.ADDRESS_FAILURES, 0, 10),
        (rules.ADDRESS_FAILURES, 4, 6), (rules.ADDRESS_FAILURES, 10, 0),
        (rules.ADDRESS_FAILURES + 2, 0, 30),
    ],
)  # fmt: skip
def test_an_address_is_let_in_one_by_one(failures: int, since_s: float, left_s: float) -> None:
    """Once very many have failed there: one more every ten seconds."""
    assert rules.wait_of_address_s(failures, since_s) == left_s


def test_counts_leak_away() -> None:
    """One after the other, as time goes on; a clock that was set back takes none away."""
    assert [rules.leaked(5, since_s, 10.0) for since_s in (-5, 0, 9, 10, 49, 50, 999)] == [
        5, 5, 5, 4, 1, 0, 0
    ]  # fmt: skip
    assert rules.wait_left_s(1, 0, is_guessed=True) > 0
    assert rules.wait_left_s(0, 0, is_guessed=True) == 0
