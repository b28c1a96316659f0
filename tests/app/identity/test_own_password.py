"""Changing one's own password: the old one, other sessions, the delay, the audit, OIDC."""

from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.identity import accounts, queries
from app.identity import service as identity
from app.identity.rules import Role
from tests import staff
from tests.app.identity.canary import client_of
from tests.waiting import wait_until

PATH = "/api/v1/session/password"
NEW = "quiet harbour lantern"


def change(client: TestClient, old: str = staff.PASSWORD, new: str = NEW) -> Any:
    """Ask for another password."""
    return client.post(PATH, json={"old_password": old, "new_password": new})


def signs_in(client: TestClient, password: str) -> bool:
    """Whether the admin is let in with a password, as somebody else would come."""
    other = TestClient(client.app, base_url="http://127.0.0.1", client=("10.0.0.9", 1))
    words = {"user": staff.ADMIN, "password": password}
    return bool(other.post("/api/v1/session", json=words).status_code == 200)


def changes(context: Context) -> list[Any]:
    """What was written down of changed passwords."""
    with reading(context.engine) as session:
        return list(session.execute(text(
            "SELECT account, role, area_code, detail FROM audit_row"
            " WHERE kind = 'password_changed' ORDER BY no")))  # fmt: skip


def test_the_new_one_holds_and_other_sessions_end(
    own_client: TestClient, own_context: Context
) -> None:
    """At once and everywhere but here; written down once, and without either password."""
    others = [staff.headers_of(own_context.engine) for _ in range(2)]
    outside = TestClient(own_client.app, base_url="http://127.0.0.1")
    assert outside.get("/api/v1/city", headers=others[0]).status_code == 200
    answer = change(own_client)
    assert (answer.status_code, answer.content) == (204, b"")
    for headers in others:
        assert outside.get("/api/v1/city", headers=headers).status_code == 401
    assert own_client.get("/api/v1/session").json()["user"] == staff.ADMIN
    assert signs_in(own_client, NEW) and not signs_in(own_client, staff.PASSWORD)
    (row,) = changes(own_context)
    assert (row.account, row.role, row.area_code) == (staff.ADMIN, "city_admin", staff.CITY)
    assert NEW not in row.detail and staff.PASSWORD not in row.detail


def test_a_session_in_another_process_ends_too(
    own_client: TestClient, own_context: Context
) -> None:
    """Whatever that process still believes of it."""
    with client_of(own_context, staff.ADMIN) as elsewhere:
        assert elsewhere.get("/api/v1/city").status_code == 200
        assert change(own_client).status_code == 204
        wait_until(lambda: elsewhere.get("/api/v1/city").status_code == 401, patience_s=2)


def test_a_wrong_old_one_is_refused_and_counted(
    own_client: TestClient, own_context: Context
) -> None:
    """403, and the session goes on; then the delay, under which even the right one must wait."""
    answers = [change(own_client, old="not it") for _ in range(5)]
    assert answers[0].status_code == 403
    assert answers[0].json()["type"] == "/problems/wrong-credentials"
    assert answers[0].json()["errors"][0]["field"] == "old_password"
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) >= 1
    assert change(own_client).status_code == 429
    assert own_client.get("/api/v1/session").status_code == 200
    assert signs_in(own_client, staff.PASSWORD)
    assert changes(own_context) == []


@pytest.mark.parametrize(
    "new", ["short", "aaaaaaaaaaaa", "password12345", f"{staff.ADMIN} 2026", staff.PASSWORD]
)
def test_a_bad_new_one_is_refused(own_client: TestClient, new: str) -> None:
    """By the rules of every password, and not the old one again; nothing is counted."""
    for _ in range(5):
        answer = change(own_client, new=new)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == "new_password"
    assert change(own_client).status_code == 204


@pytest.mark.parametrize(
    "body", [{}, {"old_password": "x"}, {"new_password": NEW}, [], {"old_password": "", "x": 1}]
)
def test_bad_input(own_client: TestClient, body: object) -> None:
    """422, naming the field."""
    answer = own_client.post(PATH, json=body)
    assert answer.status_code == 422 and answer.json()["errors"]


def test_an_account_of_a_provider_has_none(own_client: TestClient, own_context: Context) -> None:
    """409: its password is changed where it is kept."""
    accounts.add_account(own_context.engine, "elsewhere", None, area=staff.CITY)
    accounts.grant(own_context.engine, "elsewhere", Role.DUTY_OFFICER, staff.CITY)
    with writing(own_context.engine) as session:
        known = queries.account(session, "elsewhere")
        assert known is not None
        token = identity.open_session(session, known.id)
    client = TestClient(own_client.app, base_url="http://127.0.0.1", cookies={"minqing": token})
    client.headers["X-Minqing-Token"] = identity.header_token(token)
    answer = change(client, old="anything at all")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-password")
    assert changes(own_context) == []


def test_a_wall_changes_nothing(own_context: Context, own_client: TestClient) -> None:
    """A screen that all look at is nobody's own."""
    staff.add_account(own_context.engine, "wall", Role.WALL_DISPLAY, staff.CITY)
    with client_of(own_context, "wall") as wall:
        assert change(wall).status_code == 403
        assert wall.get("/api/v1/session").status_code == 200
