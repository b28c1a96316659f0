"""Open sessions one by one: listed by account and label, a wall's renewed, each ended by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.identity import accounts, rules, service
from app.identity.rules import Role
from tests import staff
from tests.app.identity.ages import idle_s, set_back
from tests.app.identity.canary import client_of, places
from tests.app.identity.test_idle import forget
from tests.conftest import run_command
from tests.server import ServerProcess
from tests.stream_client import Viewer
from tests.waiting import wait_until

PATH = "/api/v1/sessions"
WALL = "hall_wall"
LABEL = "大厅东墙"


@pytest.fixture
def area(own_context: Context) -> dict[str, int]:
    """Codes of a community and of what stands in each relation to it; a wall hangs there."""
    found = places(own_context.engine)
    staff.add_account(own_context.engine, WALL, Role.WALL_DISPLAY, found["own"])
    return found


@pytest.fixture
def wall(own_context: Context, area: dict[str, int]) -> Iterator[TestClient]:
    """The wall, signed in with a label."""
    with client_of(own_context, None) as client:
        body = {"user": WALL, "password": staff.PASSWORD, "label": LABEL}
        answer = client.post("/api/v1/session", json=body)
        assert answer.status_code == 200, answer.text
        client.headers["X-Minqing-Token"] = answer.json()["header_token"]
        yield client


def walls(client: TestClient) -> list[dict[str, Any]]:
    """The walls that an admin is shown."""
    answer = client.get(PATH, params={"role": "wall_display"})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_wall_from_its_sign_in_to_its_end(
    own_client: TestClient, own_context: Context, wall: TestClient, area: dict[str, int]
) -> None:
    """By name and label, since when, where; labelled anew, and ended by itself."""
    (shown,) = walls(own_client)
    assert (shown["user"], shown["label"], shown["role"]) == (WALL, LABEL, "wall_display")
    assert shown["area"]["code"] == area["own"]
    assert (shown["watching"], shown["own"], shown["manageable"]) == (False, False, True)
    ends_at = datetime.fromisoformat(shown["ends_at"])
    assert ends_at - datetime.now(UTC) > timedelta(days=rules.WALL_UNSEEN_DAYS - 1)

    changed = own_client.patch(f"{PATH}/{shown['id']}", json={"label": "前厅"})
    assert changed.json()["label"] == "前厅" == walls(own_client)[0]["label"]
    assert own_client.delete(f"{PATH}/{shown['id']}").status_code == 204
    assert walls(own_client) == []
    wait_until(lambda: wall.get("/api/v1/city").status_code == 401, patience_s=2)
    assert own_client.get("/api/v1/session").status_code == 200
    assert own_client.delete(f"{PATH}/{shown['id']}").status_code == 404
    with reading(own_context.engine) as session:
        row = session.execute(
            text("SELECT kind, account, detail FROM audit_row ORDER BY no DESC LIMIT 1")
        ).one()
    assert tuple(row) == ("sessions_ended", staff.ADMIN, f"{WALL}: one, 前厅")


def test_a_wall_goes_on_for_as_long_as_it_is_seen(own_context: Context, wall: TestClient) -> None:
    """By what its page asks of itself, for nobody touches it; unseen for thirty days it is over."""
    token = wall.cookies["minqing"]
    set_back(own_context, token, "created_at", "400 days")
    for ago, lives in (("29 days", True), ("31 days", False)):
        set_back(own_context, token, "seen_at", ago)
        forget(wall)
        answer = wall.get("/api/v1/city", headers={"X-Minqing-Background": "1"})
        assert answer.is_success is lives, ago
        if lives:
            assert idle_s(own_context, token) < 100


def test_a_wall_is_nobodys_way_to_another_grant(own_context: Context, area: dict[str, int]) -> None:
    """Its session never asks for the password: whoever walks past it could act for its account."""
    accounts.grant(own_context.engine, WALL, Role.DUTY_OFFICER, area["own"])
    with client_of(own_context, WALL) as client:
        shown = client.get("/api/v1/session").json()
        of_role = {grant["role"]: grant["id"] for grant in shown["grants"]}
        # Signed in as somebody, who makes a wall of it.
        assert shown["active"] == of_role["duty_officer"]
        path, wall = "/api/v1/session/grant", {"grant": of_role["wall_display"]}
        assert client.put(path, json=wall).status_code == 200
        refused = client.put(path, json={"grant": of_role["duty_officer"]})
        assert refused.status_code == 403
        assert client.get("/api/v1/session").json()["active"] == of_role["wall_display"]
        assert client.put(path, json=wall).status_code == 200


def test_the_cookie_of_a_wall_outlives_its_browser(
    own_client: TestClient, wall: TestClient
) -> None:
    """And is given anew when the page begins; that of a desk goes with the browser."""
    lasting = f"Max-Age={rules.WALL_UNSEEN_DAYS * 86_400}"
    assert lasting in wall.get("/api/v1/session").headers["set-cookie"]
    assert "set-cookie" not in own_client.get("/api/v1/session").headers
    given = {"user": staff.ADMIN, "password": staff.PASSWORD}
    cookies = own_client.post("/api/v1/session", json=given).headers.get_list("set-cookie")
    (of_session,) = [cookie for cookie in cookies if cookie.startswith("minqing=")]
    assert "Max-Age" not in of_session


def test_an_admin_sees_those_of_their_area(
    own_context: Context, wall: TestClient, area: dict[str, int]
) -> None:
    """Those that act there or belong there; the wall of another district is not there at all."""
    for name, code in (("near_admin", area["own"]), ("far_admin", area["other"])):
        staff.add_account(own_context.engine, name, Role.CITY_ADMIN, code)
    with client_of(own_context, "near_admin") as near:
        (shown,) = walls(near)
        users = {item["user"] for item in near.get(PATH).json()["items"]}
        assert users == {WALL, "near_admin"}
    with client_of(own_context, "far_admin") as far:
        assert walls(far) == []
        for method, body in (("DELETE", None), ("PATCH", {"label": "x"})):
            answer = far.request(method, f"{PATH}/{shown['id']}", json=body)
            assert answer.status_code == 404
    assert wall.get("/api/v1/city").status_code == 200
    assert wall.get(PATH).status_code == 403


def test_one_that_acts_elsewhere_is_not_theirs_to_end(
    own_context: Context, area: dict[str, int]
) -> None:
    """An account that belongs to the area but acts beyond it is shown, and left alone."""
    engine = own_context.engine
    staff.add_account(engine, "near_admin", Role.CITY_ADMIN, area["own"])
    accounts.add_account(engine, "lent", staff.PASSWORD, area=area["own"])
    accounts.grant(engine, "lent", Role.RESPONDER, area["other"])
    token = staff.headers_of(engine, "lent")["Cookie"].partition("=")[2]
    with client_of(own_context, "near_admin") as near:
        (shown,) = near.get(PATH, params={"user": "lent"}).json()["items"]
        assert shown["manageable"] is False
        answer = near.delete(f"{PATH}/{shown['id']}")
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/outside-scope"
    assert service.actor_of(engine, token) is not None


def test_everybody_sees_and_ends_their_own(
    own_context: Context, area: dict[str, int], wall: TestClient
) -> None:
    """The desk that was left open, and of others nothing, in the same area too."""
    engine = own_context.engine
    staff.add_account(engine, "officer", Role.DUTY_OFFICER, area["own"])
    left_open = staff.headers_of(engine, "officer")["Cookie"].partition("=")[2]
    with client_of(own_context, "officer") as client:
        items = client.get(PATH).json()["items"]
        assert [item["user"] for item in items] == ["officer"] * 2
        (other,) = [item for item in items if not item["own"]]
        assert client.delete(f"{PATH}/{other['id']}").status_code == 204
        assert service.actor_of(engine, left_open) is None
        assert client.get("/api/v1/session").status_code == 200
        with reading(engine) as session:
            foreign = session.scalar(
                text("SELECT id FROM live_sign_in WHERE name = :name"), {"name": WALL}
            )
        assert client.delete(f"{PATH}/{foreign}").status_code == 404
    assert wall.get("/api/v1/city").status_code == 200


@pytest.mark.parametrize("label", ["", " ", "x" * 61, "two\nlines", "\x00", 7])
def test_what_is_no_label(own_client: TestClient, label: object) -> None:
    """422, naming the field, at sign-in and later."""
    (own,) = [s for s in own_client.get(PATH).json()["items"] if s["own"]]
    body = {"user": staff.ADMIN, "password": staff.PASSWORD, "label": label}
    for answer in (
        own_client.patch(f"{PATH}/{own['id']}", json={"label": label}),
        own_client.post("/api/v1/session", json=body),
    ):
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == ["label"]


def test_the_list_comes_in_parts(own_client: TestClient, own_context: Context) -> None:
    """By account and number, each once."""
    for _ in range(3):
        staff.headers_of(own_context.engine)
    found, cursor = [], None
    while True:
        page = own_client.get(PATH, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        told = page.json()
        found += [item["id"] for item in told["items"]]
        cursor = told["next"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) == told["total"] >= 4
    assert own_client.get(PATH, params={"cursor": "x"}).status_code == 422


def test_by_the_command_line(server: ServerProcess, own_context: Context, area: Any) -> None:
    """Listed, labelled, ended: the wall's stream ends with it."""
    env = {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        "COLUMNS": "200",
    }
    headers = staff.headers_of(own_context.engine, WALL)
    with reading(own_context.engine) as session:
        number = str(session.scalar(text("SELECT max(id) FROM sign_in")))
    with Viewer(server.base_url, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        assert run_command("session", "label", number, LABEL, env=env).returncode == 0
        listed = run_command("session", "list", "--role", "wall_display", env=env)
        assert (WALL in listed.stdout, LABEL in listed.stdout) == (True, True), listed.stdout
        assert staff.ADMIN not in listed.stdout
        ended = run_command("session", "end", number, env=env)
        assert WALL in ended.stdout, ended.stderr
        wait_until(lambda: not viewer.read(), patience_s=6)
    assert run_command("session", "end", number, env=env).returncode == 1
