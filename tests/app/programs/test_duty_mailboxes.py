"""Mailboxes of desks: who may see and set which, and what is none."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.core.context import Context
from app.identity.rules import Role
from tests import staff
from tests.app.identity.canary import client_of, places
from tests.app.incidents.reports import CELL
from tests.app.programs.mailing import BOX, PATH, a_unit

COMMUNITY = CELL // 1000 * 1000


def stepped_up(client: TestClient) -> TestClient:
    """The client, once it has given its password again."""
    answer = client.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
    assert answer.is_success, answer.text
    return client


def test_who_may_and_where(own_context: Context, own_client: TestClient) -> None:
    """The admin of an area sees and sets the mailboxes of its stations alone, by password."""
    found = places(own_context.engine)
    unit = a_unit(own_context.engine, "grid_worker")
    staff.add_account(own_context.engine, "elsewhere", Role.CITY_ADMIN, found["other"])
    staff.add_account(own_context.engine, "here", Role.CITY_ADMIN, COMMUNITY)
    body = {"call_sign": unit.call_sign, "mailbox": BOX}
    refused = own_client.put(PATH, json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/step-up")
    made = stepped_up(own_client).put(PATH, json=body)
    assert made.status_code == 200, made.text
    url = f"{PATH}/{made.json()['id']}"
    with client_of(own_context, "elsewhere") as client:
        assert client.get(PATH).json()["items"] == []
        assert client.get(f"{url}/mails").status_code == 404
        assert client.post(f"{url}/resend", json={}).status_code == 404
        assert client.post(f"{url}/test").status_code == 404
        assert client.delete(url).status_code == 404
        outside = stepped_up(client).put(PATH, json=body)
        assert (outside.status_code, outside.json()["errors"][0]["field"]) == (403, "call_sign")
    with client_of(own_context, "here") as client:
        assert [item["mailbox"] for item in client.get(PATH).json()["items"]] == [BOX]
        other = stepped_up(client).put(PATH, json={**body, "mailbox": "b@city.example"})
        assert (other.status_code, other.json()["id"]) == (200, made.json()["id"])
    assert own_client.get(PATH).json()["total"] == 1
    assert own_client.post(f"{url}/resend", json={"mail": 10**9}).status_code == 404
    assert own_client.delete(url).status_code == 204
    assert own_client.get(PATH).json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mailbox": "desk"}, "mailbox"),
        ({"mailbox": "a@b@city.example"}, "mailbox"),
        ({"mailbox": "desk@city"}, "mailbox"),
        ({"mailbox": "desk@city.example\r\nBcc: x@y.example"}, "mailbox"),
        ({"mailbox": "desk\n@city.example"}, "mailbox"),
        ({"mailbox": "值班@city.example"}, "mailbox"),
        ({"mailbox": "a@b.example,c@d.example"}, "mailbox"),
        ({"mailbox": '"a b"@city.example'}, "mailbox"),
        ({"mailbox": "a..b@city.example"}, "mailbox"),
        ({"mailbox": "a@[10.0.0.1]"}, "mailbox"),
        ({"mailbox": "a@-city.example"}, "mailbox"),
        ({"mailbox": "a" * 65 + "@city.example"}, "mailbox"),
        ({"mailbox": "a@" + "b." * 140 + "example"}, "mailbox"),
        ({"mailbox": 5}, "mailbox"),
        ({"call_sign": "无此呼号"}, "call_sign"),
        ({"call_sign": ""}, "call_sign"),
        ({"call_sign": "A\x00"}, "call_sign"),
        ({"name": "某"}, "name"),
    ],
)
def test_what_is_refused(own_client: TestClient, changes: dict[str, Any], field: str) -> None:
    """422, the field by name."""
    body = {"call_sign": "X", "mailbox": BOX, **changes}
    answer = stepped_up(own_client).put(PATH, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
