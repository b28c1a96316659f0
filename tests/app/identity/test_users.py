"""Accounts and grants over HTTP: only city admins, only inside their own area, all written down."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.identity import accounts, audit, service
from app.identity.rules import Role
from tests import staff
from tests.app.identity.canary import client_of, places

PATH = "/api/v1/users"
NEW = "a lantern over the river"


@pytest.fixture
def area(own_context: Context) -> dict[str, int]:
    """Codes of a community and of what stands in each relation to it."""
    return places(own_context.engine)


@pytest.fixture
def local(own_context: Context, own_client: TestClient, area: dict[str, int]) -> Iterator[Any]:
    """An admin of one community only."""
    staff.add_account(own_context.engine, "local_admin", Role.CITY_ADMIN, area["own"])
    with client_of(own_context, "local_admin") as client:
        yield client


def written(context: Context) -> list[tuple[Any, ...]]:
    """The audit: kind, who, detail, area."""
    with reading(context.engine) as session:
        rows = session.execute(
            text("SELECT kind, account, detail, area_code FROM audit_row ORDER BY no")
        )
        return [tuple(row) for row in rows]


def test_an_account_from_its_making_to_its_end(
    own_client: TestClient, own_context: Context, area: dict[str, int]
) -> None:
    """Every change leaves exactly one row in the audit."""
    before = len(written(own_context))
    made = own_client.post(PATH, json={"name": "desk_7", "password": NEW})
    assert made.status_code == 201, made.text
    assert made.json() | {"created_at": None} == {
        "name": "desk_7", "demo": False, "area_code": staff.CITY, "disabled": False,
        "created_at": None, "last_seen_at": None, "grants": [], "sessions": 0, "manageable": True,
        "linked": False, "first_password": True, "awaits_code": False, "proposals": [],
        "second_factor": False,
    }  # fmt: skip
    granted = own_client.post(
        f"{PATH}/desk_7/grants",
        json={"role": "planner", "area": area["own"], "until": "2027-01-01T00:00:00Z"},
    )
    assert granted.status_code == 201, granted.text
    (held,) = granted.json()["grants"]
    assert (held["role"], held["area"]["code"]) == ("planner", area["own"])
    assert held["valid_until"] == "2027-01-01T00:00:00Z"

    token = bearer(own_context, "desk_7")
    shown = own_client.get(f"{PATH}/desk_7").json()
    assert shown["sessions"] == 1 and shown["last_seen_at"]
    own_client.delete(f"{PATH}/desk_7/sessions").raise_for_status()
    assert service.actor_of(own_context.engine, token) is None

    own_client.patch(f"{PATH}/desk_7", json={"disabled": True}).raise_for_status()
    assert own_client.get(f"{PATH}/desk_7").json()["disabled"] is True
    own_client.patch(f"{PATH}/desk_7", json={"disabled": False, "password": f"{NEW}!"})
    token = bearer(own_context, "desk_7", f"{NEW}!")
    gone = own_client.delete(f"{PATH}/desk_7/grants/{held['id']}")
    assert gone.status_code == 204
    assert service.actor_of(own_context.engine, token) is None
    assert own_client.get(f"{PATH}/desk_7").json()["grants"] == []

    rows = written(own_context)[before:]
    assert [row[0] for row in rows] == [
        "account_added", "grant_added", "sessions_ended", "account_disabled", "password_changed",
        "account_enabled", "grant_revoked",
    ]  # fmt: skip
    assert {row[1] for row in rows} == {staff.ADMIN}
    assert all("desk_7" in row[2] for row in rows)
    assert rows[1][3] == rows[-1][3] == area["own"]
    assert NEW not in str(rows)
    assert audit.check(own_context.engine).ok


def bearer(context: Context, name: str, password: str = NEW) -> str:
    """The token of a new session."""
    given = service.Credentials(user=name, password=password)
    return service.sign_in(context.engine, given, "test", None).token


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "Desk 7", "password": NEW}, 422, "name"),
        ({"name": "x" * 61, "password": NEW}, 422, "name"),
        ({"name": "desk'; DROP TABLE account; --", "password": NEW}, 422, "name"),
        ({"name": "desk_7", "password": "short"}, 422, "password"),
        ({"name": "desk_7", "password": "1234567890"}, 422, "password"),
        ({"name": "lantern", "password": NEW}, 422, "password"),
        ({"name": "desk_7"}, 422, "password"),
        ({"name": "desk_7", "password": NEW, "admin": True}, 422, "admin"),
        ({"name": staff.ADMIN, "password": NEW}, 409, "name"),
    ],
)
def test_what_cannot_be_an_account(
    own_client: TestClient, own_context: Context, body: dict[str, Any], status: int, field: str
) -> None:
    """The field is named, and nothing is kept or written down."""
    before = written(own_context)
    answer = own_client.post(PATH, json=body)
    assert answer.status_code == status, answer.text
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert written(own_context) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "king", "area": staff.CITY}, "role"),
        ({"role": "responder", "area": 12}, "area"),
        ({"role": "responder", "area": 620111999999999}, "area"),
        ({"role": "responder", "area": staff.CITY, "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"role": "responder", "area": staff.CITY, "until": "soon"}, "until"),
    ],
)
def test_what_cannot_be_granted(own_client: TestClient, body: dict[str, Any], field: str) -> None:
    """422, naming the field."""
    answer = own_client.post(f"{PATH}/{staff.ADMIN}/grants", json=body)
    assert answer.status_code == 422, answer.text
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_the_same_grant_twice_is_refused(own_client: TestClient) -> None:
    """409."""
    body = {"role": "city_admin", "area": staff.CITY}
    answer = own_client.post(f"{PATH}/{staff.ADMIN}/grants", json=body)
    assert answer.json()["type"] == "/problems/already-granted"


def test_unknown_accounts_and_grants(own_client: TestClient) -> None:
    """404, whatever is asked for."""
    for method, path in (
        ("get", "nobody_here"), ("get", "%27%20OR%201=1"), ("delete", "nobody_here/sessions"),
        ("delete", "nobody_here/grants/1"), ("delete", f"{staff.ADMIN}/grants/999999"),
    ):  # fmt: skip
        answer = own_client.request(method, f"{PATH}/{path}")
        assert answer.status_code == 404, (path, answer.text)


def test_the_last_admin_stays(own_client: TestClient, own_context: Context) -> None:
    """Neither disabled nor without the grant, by whatever way; with another beside it, yes."""
    engine = own_context.engine
    own_client.app.state.sessions.forget()  # type: ignore[attr-defined]
    (mine,) = own_client.get(f"{PATH}/{staff.ADMIN}").json()["grants"]
    for answer in (
        own_client.patch(f"{PATH}/{staff.ADMIN}", json={"disabled": True}),
        own_client.delete(f"{PATH}/{staff.ADMIN}/grants/{mine['id']}"),
    ):
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/last-admin"
    with pytest.raises(service.Problem, match="Nobody else administers"):
        accounts.revoke(engine, staff.ADMIN, Role.CITY_ADMIN, staff.CITY)
    assert own_client.get(PATH).status_code == 200
    # One for a while, or of a part, is not enough.
    accounts.add_account(engine, "second", NEW, area=staff.CITY)
    until = datetime(2027, 1, 1, tzinfo=UTC)
    accounts.grant(engine, "second", Role.CITY_ADMIN, staff.CITY, until)
    assert own_client.patch(f"{PATH}/{staff.ADMIN}", json={"disabled": True}).status_code == 409
    accounts.grant(engine, "second", Role.CITY_ADMIN, staff.CITY)
    assert own_client.patch(f"{PATH}/{staff.ADMIN}", json={"disabled": True}).status_code == 200
    assert own_client.get(PATH).status_code == 401


def test_a_local_admin_stays_inside(
    local: TestClient, own_context: Context, area: dict[str, int]
) -> None:
    """Grants only in their own area; accounts of others are neither seen nor changed."""
    engine = own_context.engine
    staff.add_account(engine, "stranger", Role.RESPONDER, area["sibling"])
    assert {user["name"] for user in local.get(PATH).json()["items"]} == {"local_admin"}
    assert local.get(f"{PATH}/stranger").status_code == 404
    assert local.get(PATH, params={"q": "stranger"}).json()["total"] == 0
    for method, path, body in (
        ("patch", "stranger", {"password": NEW}),
        ("post", "stranger/grants", {"role": "responder", "area": area["own"]}),
        ("delete", "stranger/sessions", None),
    ):
        answer = local.request(method, f"{PATH}/{path}", json=body)
        assert answer.status_code == 404, (path, answer.text)
    local.post(PATH, json={"name": "helper", "password": NEW}).raise_for_status()
    for beyond in (area["sibling"], staff.CITY, area["own"] // 10**11 * 10**11):
        body = {"role": "responder", "area": beyond}
        answer = local.post(f"{PATH}/helper/grants", json=body)
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"] == "/problems/outside-scope"
    inside = {"role": "planner", "area": area["child"]}
    assert local.post(f"{PATH}/helper/grants", json=inside).status_code == 201


def test_nobody_is_taken_over_through_a_password(
    local: TestClient, own_client: TestClient, own_context: Context, area: dict[str, int]
) -> None:
    """Who also acts beyond an admin's area is shown without that, and not theirs to change."""
    engine = own_context.engine
    staff.add_account(engine, "wide", Role.RESPONDER, area["own"])
    accounts.grant(engine, "wide", Role.CITY_ADMIN, staff.CITY)
    shown = local.get(f"{PATH}/wide").json()
    assert shown["manageable"] is False
    assert [held["role"] for held in shown["grants"]] == ["responder"]
    for method, path, body in (
        ("patch", "wide", {"password": NEW}),
        ("patch", "wide", {"disabled": True}),
        ("delete", "wide/sessions", None),
    ):
        answer = local.request(method, f"{PATH}/{path}", json=body)
        assert answer.status_code == 403, (path, answer.text)
    assert bearer(own_context, "wide", staff.PASSWORD)
    # The grant in their own area they may take; the city's they do not even find.
    ids = {held["role"]: held["id"] for held in own_client.get(f"{PATH}/wide").json()["grants"]}
    assert local.delete(f"{PATH}/wide/grants/{ids['city_admin']}").status_code == 404
    assert local.delete(f"{PATH}/wide/grants/{ids['responder']}").status_code == 204
    # An account that was made by the command line belongs to the city.
    accounts.add_account(engine, "unplaced", NEW)
    assert local.get(f"{PATH}/unplaced").status_code == 404
    assert own_client.get(f"{PATH}/unplaced").json()["manageable"] is True


def test_the_list_is_paged_and_searched(
    own_client: TestClient, own_context: Context, area: dict[str, int]
) -> None:
    """By name, each once; `q` and `area` narrow it; the simulation's own account is not in it."""
    engine = own_context.engine
    for nth in range(5):
        staff.add_account(engine, f"desk_{nth}", Role.RESPONDER, area["own"])
    names: list[str] = []
    cursor = None
    while True:
        page = own_client.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        names += [user["name"] for user in page.json()["items"]]
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert names == sorted(names) and len(names) == len(set(names)) == page.json()["total"]
    assert staff.ADMIN in names and "simulation" not in names
    assert own_client.get(PATH, params={"q": "desk_"}).json()["total"] == 5
    assert own_client.get(PATH, params={"q": "%"}).json()["total"] == 0
    assert own_client.get(PATH, params={"area": area["own"]}).json()["total"] == 5
    assert own_client.get(PATH, params={"area": area["sibling"]}).json()["total"] == 0
    assert own_client.get(PATH, params={"cursor": "x"}).status_code == 422
