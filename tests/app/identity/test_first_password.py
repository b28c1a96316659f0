"""A password that somebody else has set opens nothing but changing it."""

from typing import Any

import pytest
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import writing
from app.identity import accounts, demo, passwords
from app.identity.rules import Role
from tests import staff
from tests.app.identity.test_start import user

USERS = "/api/v1/users"
NEW = "a lantern over the river"
OTHER = "a quieter lantern there"


def outside(client: TestClient, name: str, password: str) -> tuple[TestClient, Any]:
    """A browser of its own, signed in as that account, and what it was told."""
    browser = TestClient(client.app, base_url="http://127.0.0.1")
    return browser, staff.sign_in(browser, name, password)


def planner(client: TestClient, name: str = "drawer") -> None:
    """An account that opens nothing protected, made on the page."""
    client.post(USERS, json={"name": name, "password": NEW}).raise_for_status()
    body = {"role": "planner", "area": staff.CITY}
    client.post(f"{USERS}/{name}/grants", json=body).raise_for_status()


def change(client: TestClient, old: str, new: str) -> int:
    """Set one's own password."""
    body = {"old_password": old, "new_password": new}
    return client.post("/api/v1/session/password", json=body).status_code


def test_it_is_changed_at_the_first_sign_in(own_client: TestClient) -> None:
    """Nothing else is open before, everything afterwards; so again after another one was set."""
    planner(own_client)
    given = NEW
    for chosen in (OTHER, f"{OTHER}!"):
        drawer, told = outside(own_client, "drawer", given)
        assert (told["first_password"], told["awaits_code"]) == (True, False)
        refused = drawer.get("/api/v1/city")
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/first-sign-in")
        assert [one["field"] for one in refused.json()["errors"]] == ["password"]
        for method, path in (
            ("POST", "/api/v1/session/step_up"),
            ("POST", "/api/v1/incidents"),
            ("GET", "/api/v1/stream"),
            ("GET", "/tiles/cells/9/401/200.mvt"),
            ("GET", "/api/v1/session/"),
        ):
            assert drawer.request(method, path, json={}).status_code == 403, path
        assert change(drawer, given, given) == 422
        assert change(drawer, given, chosen) == 204
        assert drawer.get("/api/v1/city").status_code == 200
        assert drawer.get("/api/v1/session").json()["first_password"] is False
        assert own_client.get(f"{USERS}/drawer").json()["first_password"] is False
        given = f"{NEW}, again"
        own_client.patch(f"{USERS}/drawer", json={"password": given}).raise_for_status()


def test_a_display_on_a_wall_goes_on(own_client: TestClient) -> None:
    """Nobody stands there who could choose a password, and it shows nothing protected."""
    own_client.post(USERS, json={"name": "wall_7", "password": NEW}).raise_for_status()
    body = {"role": "wall_display", "area": staff.CITY}
    own_client.post(f"{USERS}/wall_7/grants", json=body).raise_for_status()
    wall, told = outside(own_client, "wall_7", NEW)
    assert told["first_password"] is False
    assert wall.get("/api/v1/city").status_code == 200


def test_demo_accounts_go_on(own_client: TestClient, own_context: Context) -> None:
    """Whatever was done to them: at the next start they are as new."""
    engine = own_context.engine
    demo.ensure_demo_accounts(engine, staff.PASSWORD)
    own_client.patch(f"{USERS}/planner", json={"password": NEW}).raise_for_status()
    _, told = outside(own_client, "planner", NEW)
    assert told["first_password"] is False
    with writing(engine) as session:
        session.execute(text("UPDATE account SET release_hash = '\\x00' WHERE name = 'planner'"))
    demo.ensure_demo_accounts(engine, staff.PASSWORD)
    drawer, told = outside(own_client, "planner", staff.PASSWORD)
    assert told["awaits_code"] is False
    assert drawer.get("/api/v1/city").status_code == 200


def test_the_command_line_makes_one_up(
    own_client: TestClient, own_context: Context, database: URL
) -> None:
    """A typed one is the typist's own; one that it printed must be changed."""
    words = ("--role", "planner", "--area", str(staff.CITY))
    status, said = user(database, "add", "drawer", "--generate", *words)
    assert status == 0, said
    made_up = said.split("First password of drawer: ")[1].split()[0]
    drawer, told = outside(own_client, "drawer", made_up)
    assert told["first_password"] is True
    assert change(drawer, made_up, OTHER) == 204
    status, said = user(database, "passwd", "drawer", "--generate")
    assert status == 0, said
    made_up = said.split("First password of drawer: ")[1].split()[0]
    assert outside(own_client, "drawer", made_up)[1]["first_password"] is True
    assert user(database, "passwd", "drawer", "--password", NEW)[0] == 0
    assert outside(own_client, "drawer", NEW)[1]["first_password"] is False
    both = user(database, "passwd", "drawer", "--password", NEW, "--generate")
    assert both[0] == 1


def test_a_made_up_password_is_a_password() -> None:
    """Never the same, taken by the rules, right after its quick hash; another is not."""
    many = {passwords.made_up() for _ in range(200)}
    assert len(many) == 200
    one = many.pop()
    secret = passwords.hashed_quickly(one)
    assert passwords.is_right(secret, one) and not passwords.is_right(secret, many.pop())
    accounts.hashed(one, "desk_7")


@pytest.mark.parametrize("stored", ["", "!", "nonsense", "$argon2id$v=19$m=1"])
def test_what_is_no_hash_lets_nobody_in(stored: str) -> None:
    """And breaks nothing."""
    assert not passwords.is_right(stored, "")
    assert not passwords.is_right(stored, NEW)


def test_who_signs_in_elsewhere_needs_none(own_context: Context) -> None:
    """A first password that nobody changed lets nobody in once the post comes another way."""
    from app.identity import account_queries, queries

    engine = own_context.engine
    accounts.add_account(engine, "drawer", NEW, area=staff.CITY, must_change=True)
    accounts.grant(engine, "drawer", Role.PLANNER, staff.CITY)
    with writing(engine) as session:
        known = queries.account(session, "drawer")
        assert known is not None and passwords.is_right(known.password_hash, NEW)
        account_queries.drop_first_password(session, known.id)
        known = queries.account(session, "drawer")
    assert known is not None and not passwords.is_right(known.password_hash, NEW)
