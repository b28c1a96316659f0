"""Joint mediation over HTTP: conflicts, races, refusals, areas."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.core.paging import encode_cursor
from app.identity.rules import Role
from tests import staff
from tests.app.identity.canary import CANARY, client_of, places
from tests.app.warnings.sending import DISTRICT, place_in

SOON = timedelta(hours=1)


@pytest.mark.parametrize("instant_us", [2**62, -(2**62), 10**18])
def test_a_forged_cursor_is_refused(client: TestClient, instant_us: int) -> None:
    """Of an instant that no calendar has: 422, and no page of something else."""
    words = {"cursor": encode_cursor([instant_us, 1])}
    refused = client.get("/api/v1/mediations", params=words)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "cursor"


def a_dispute(context: Context, client: TestClient, nth: int = 0, area: int = DISTRICT) -> Any:
    """A dispute that was reported."""
    lon, lat, _ = place_in(context.engine, area, nth)
    body = {"id": str(uuid4()), "category": "1001", "title": "邻里纠纷", "lon": lon, "lat": lat,
            "source": "visit"}  # fmt: skip
    answer = client.post("/api/v1/incidents", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def a_table(context: Context, client: TestClient, nth: int = 0, called: int = 2) -> Any:
    """A table to which units of the place were called."""
    case = a_dispute(context, client, nth)
    answer = client.post(f"/api/v1/incidents/{case['id']}/mediation")
    assert answer.status_code == 201, answer.text
    table = answer.json()
    for unit in units(client, case["cell_code"], called):
        table = do(client, table, "POST", "participants", unit_id=unit).json()
    return table


def units(client: TestClient, area: int, count: int) -> list[int]:
    """Mediators on duty for an area."""
    words: dict[str, Any] = {"area": area, "role": "mediator", "limit": count}
    found = client.get("/api/v1/duty_units", params=words).json()["items"]
    return [unit["unit_id"] for unit in found]


def do(client: TestClient, table: Any, method: str, path: str, **body: Any) -> Any:
    """Something that is done at a table."""
    return client.request(method, f"/api/v1/mediations/{table['id']}/{path}", json=body)


def plan(client: TestClient, table: Any, room: int, hour: float = 1.0) -> Any:
    """Set a meeting so many hours from now."""
    starts_at = datetime.now(UTC).replace(microsecond=0, second=0, minute=0) + SOON * hour
    return do(client, table, "PUT", "meeting", room_id=room, starts_at=starts_at.isoformat(),
              ends_at=(starts_at + SOON).isoformat())  # fmt: skip


def rooms(client: TestClient, table: Any) -> list[int]:
    """Rooms of the place."""
    cell = table["incident"]["chain"][-1]["code"]
    found = client.get("/api/v1/rooms", params={"area": cell}).json()["items"]
    return [room["id"] for room in found]


def test_one_table_at_a_time(own_context: Context, own_client: TestClient) -> None:
    """Of six that open one at once one does; after it was cancelled there may be another."""
    case = a_dispute(own_context, own_client)
    url = f"/api/v1/incidents/{case['id']}/mediation"
    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(lambda _: own_client.post(url).status_code, range(6)))
    assert codes == [201, *[409] * 5]
    (table,) = [
        item for item in own_client.get("/api/v1/mediations").json()["items"]
        if item["incident"]["id"] == case["id"]
    ]  # fmt: skip
    assert do(own_client, table, "POST", "cancel", reason="双方撤回").status_code == 200
    assert own_client.post(url).status_code == 201


def test_what_is_no_dispute_or_not_open(own_context: Context, own_client: TestClient) -> None:
    """409, or 404 for what is not there."""
    lon, lat, _ = place_in(own_context.engine, DISTRICT)
    body = {"id": str(uuid4()), "category": "0110", "title": "垃圾", "lon": lon, "lat": lat,
            "source": "patrol"}  # fmt: skip
    assert own_client.post("/api/v1/incidents", json=body).status_code == 201
    answer = own_client.post(f"/api/v1/incidents/{body['id']}/mediation")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-dispute")
    assert own_client.post(f"/api/v1/incidents/{uuid4()}/mediation").status_code == 404
    assert own_client.get(f"/api/v1/mediations/{uuid4()}").status_code == 404
    case = a_dispute(own_context, own_client)
    step = {"step": "refuse", "reason": "不属实"}
    assert own_client.post(f"/api/v1/incidents/{case['id']}/steps", json=step).status_code == 200
    answer = own_client.post(f"/api/v1/incidents/{case['id']}/mediation")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/case-not-open")


def test_a_room_and_a_unit_are_taken_once(own_context: Context, own_client: TestClient) -> None:
    """Two tables with the same units: the second gets 409 and other openings; released, it may."""
    one, other = a_table(own_context, own_client), a_table(own_context, own_client)
    first, second = rooms(own_client, one)[:2]
    set_ = plan(own_client, one, first)
    assert set_.status_code == 200, set_.text
    same_units = plan(own_client, other, second)
    assert (same_units.status_code, same_units.json()["type"]) == (409, "/problems/taken")
    assert same_units.json()["errors"][0]["field"] == "unit_id"
    assert plan(own_client, other, second, 2.0).status_code == 200  # right behind it
    assert plan(own_client, other, first, 1.5).status_code == 409
    # Its own time does not stand in its way when it is moved.
    assert plan(own_client, one, first, 0.5).status_code == 200
    assert do(own_client, one, "POST", "cancel", reason="改期").status_code == 200
    assert plan(own_client, other, first).status_code == 200


def test_two_that_book_at_once(own_context: Context, own_client: TestClient) -> None:
    """Six tables for one room at one time: one gets it."""
    tables = [a_table(own_context, own_client, called=2) for _ in range(4)]
    room = rooms(own_client, tables[0])[0]
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(lambda t: plan(own_client, t, room).status_code, tables))
    assert codes == [200, 409, 409, 409]


def test_openings_leave_out_what_is_taken(own_context: Context, own_client: TestClient) -> None:
    """Of another table; one's own meeting may be moved onto itself."""
    one, other = a_table(own_context, own_client), a_table(own_context, own_client)
    url = "/api/v1/mediations/{}/openings"
    found = own_client.get(url.format(one["id"]), params={"days": 14}).json()["items"]
    assert found and datetime.fromisoformat(found[0]["starts_at"]) > datetime.now(UTC)
    body = {"room_id": found[0]["room"]["id"], "starts_at": found[0]["starts_at"],
            "ends_at": found[0]["ends_at"]}  # fmt: skip
    assert do(own_client, one, "PUT", "meeting", **body).status_code == 200
    times = [
        {item["starts_at"] for item in
         own_client.get(url.format(table["id"]), params={"days": 14}).json()["items"]}
        for table in (one, other)
    ]  # fmt: skip
    assert body["starts_at"] in times[0] and body["starts_at"] not in times[1]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "participants", {"unit_id": 999_999_999}, 422, "unit_id"),
        ("POST", "participants", {"unit_id": "1"}, 422, "unit_id"),
        ("POST", "participants", {}, 422, "unit_id"),
        ("PUT", "participants/999999999", {"answer": "accepted"}, 404, None),
        ("PUT", "participants/1", {"answer": "perhaps"}, 422, "answer"),
        ("PUT", "meeting", {"room_id": 999_999, "starts_at": "2030-01-01T00:00:00Z",
                            "ends_at": "2030-01-01T01:00:00Z"}, 422, "starts_at"),
        ("PUT", "meeting", {"room_id": 1, "starts_at": "soon", "ends_at": "later"}, 422,
         "starts_at"),
        ("POST", "met", {}, 409, None),
        ("POST", "met", {"version": 99}, 409, "version"),
        ("POST", "outcome", {"outcome": "mediated"}, 409, None),
        ("POST", "outcome", {"outcome": "won"}, 422, "outcome"),
        ("POST", "outcome", {"outcome": "mediated", "agreement": {"terms": "", "amount_yuan": 1}},
         422, "terms"),
        ("POST", "outcome", {"outcome": "mediated", "agreement": {"terms": "x",
                                                                  "amount_yuan": -1}},
         422, "amount_yuan"),
        ("POST", "outcome", {"outcome": "mediated", "agreement": {"terms": "x",
                                                                  "amount_yuan": 0.001}},
         422, "amount_yuan"),
        ("POST", "outcome", {"outcome": "mediated", "agreement": {"terms": "电话 138 0013 8000"}},
         422, "terms"),
        ("POST", "performance", {"performance": "fully"}, 409, None),
        ("POST", "follow_up", {"satisfaction": "satisfied"}, 409, None),
        ("POST", "cancel", {"reason": ""}, 422, "reason"),
        ("POST", "cancel", {}, 422, "reason"),
        ("POST", "cancel", {"reason": "a\u202eb"}, 422, "reason"),
    ],
)  # fmt: skip
def test_what_is_refused(  # noqa: PLR0917  (one parameter a word)
    own_context: Context, own_client: TestClient, method: str, path: str, body: Any, status: int,
    field: str | None,
) -> None:  # fmt: skip
    """As a problem, with the field by name."""
    table = a_table(own_context, own_client)
    answer = do(own_client, table, method, path, **body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert field in {error["field"].split(".")[-1] for error in answer.json()["errors"]}
    if status == 409 and field is None:
        assert "call_in" in answer.json()["allowed"]


def test_without_an_agreement_the_case_is_closed(
    own_context: Context, own_client: TestClient
) -> None:
    """To court: closed with that outcome at once, and followed up."""
    table = a_table(own_context, own_client)
    room = rooms(own_client, table)[0]
    assert plan(own_client, table, room, 1.0).status_code == 200
    early = do(own_client, table, "POST", "met")
    assert early.status_code == 409  # it has not begun
    assert plan(own_client, table, room, 0.0).status_code == 200
    for path, body in (("met", {}), ("outcome", {"outcome": "to_court"}),
                       ("follow_up", {"satisfaction": "not_reached"}),
                       ("follow_up", {"satisfaction": "neutral"})):  # fmt: skip
        answer = do(own_client, table, "POST", path, **body)
        assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["state"], done["outcome"], done["agreement"]) == ("followed_up", "to_court", None)
    case = own_client.get(f"/api/v1/incidents/{table['incident']['id']}").json()
    assert (case["status"], case["satisfaction"]) == ("closed", "neutral")
    (closing,) = [step for step in case["timeline"] if step["step"] == "close"]
    assert closing["outcome"] == "to_court"


def test_two_outcomes_at_once(own_context: Context, own_client: TestClient) -> None:
    """Of four that record one at once one does, and the log has one."""
    table = a_table(own_context, own_client)
    assert plan(own_client, table, rooms(own_client, table)[0], 0.0).status_code == 200
    assert do(own_client, table, "POST", "met").status_code == 200
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(
            pool.map(
                lambda _: do(own_client, table, "POST", "outcome", outcome="withdrawn").status_code,
                range(4),
            )
        )
    assert codes == [200, 409, 409, 409]


def test_nothing_of_other_areas(own_context: Context, own_client: TestClient) -> None:
    """Lists, cards and acts; but that a shared room is taken is told, and by whom is not."""
    engine = own_context.engine
    found = places(engine)
    staff.add_account(engine, "desk", Role.DUTY_OFFICER, found["own"])
    foreign = a_dispute(own_context, own_client, area=found["other"])
    with writing(engine) as session:
        session.execute(
            text("UPDATE incident SET title = :word WHERE no = :no"),
            {"word": CANARY, "no": foreign["no"]},
        )
    answer = own_client.post(f"/api/v1/incidents/{foreign['id']}/mediation")
    table = answer.json()
    with client_of(own_context, "desk") as client:
        listed = client.get("/api/v1/mediations")
        assert CANARY not in listed.text and table["id"] not in listed.text
        url = f"/api/v1/mediations/{table['id']}"
        assert client.get(url).status_code == 404
        assert client.get(f"{url}/openings").status_code == 404
        assert client.post(f"{url}/cancel", json={"reason": "x"}).status_code == 404
        assert client.post(f"/api/v1/incidents/{foreign['id']}/mediation").status_code == 404


def test_the_log_is_append_only(own_context: Context, own_client: TestClient) -> None:
    """Not even its owner mends it."""
    a_table(own_context, own_client)
    for statement in ("UPDATE mediation_event SET reason = 'x'", "DELETE FROM mediation_event"):
        with pytest.raises(Exception, match="append-only"), writing(own_context.engine) as session:
            session.execute(text(statement))
    with reading(own_context.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM mediation_event"))
