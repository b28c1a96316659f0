"""Warnings over HTTP: taken once, with a key only, sent to the station that covers the place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.identity import keys
from app.identity.rules import Role
from app.warnings.climbing import run_climbs
from tests import staff
from tests.app.identity.canary import client_of, places
from tests.app.warnings.sending import DISTRICT, a_warning, add_key, place_in, send

URL = "/api/v1/warnings"


def take(client: TestClient, warning: dict[str, Any], step: str, **words: Any) -> Any:
    """Take a step of a warning."""
    return client.post(f"{URL}/{warning['id']}/steps", json={"step": step, **words})


@pytest.fixture
def sent(own_context: Context, own_client: TestClient) -> dict[str, Any]:
    """A warning that was taken."""
    answer = send(own_client, a_warning(own_context.engine), add_key(own_context.engine))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = own_client.get(f"{URL}/{answer.json()['id']}").json()
    return found


def test_it_reaches_the_covering_station_in_one_step(
    own_context: Context, own_client: TestClient, sent: dict[str, Any]
) -> None:
    """One request: a case, registered and assigned to an officer of the station that covers it."""
    with reading(own_context.engine) as session:
        covered = session.scalars(
            text("SELECT area_code FROM station_cover WHERE station_id = :id"),
            {"id": sent["station"]["id"]},
        ).all()
    assert sent["station"]["kind"] == "police_station"
    assert {link["code"] for link in sent["chain"]} & set(covered)
    assert (sent["state"], sent["level"], sent["version"]) == ("dispatched", "police_station", 1)
    case = own_client.get(f"/api/v1/incidents/no/{sent['no']}").json()
    assert (case["status"], case["source"], case["kind"]) == ("assigned", "warning", "warning")
    assert case["assigned_to"]["role"] == "officer"
    assert case["assigned_to"]["station"] == sent["station"]["name"]
    assert [step["step"] for step in case["timeline"]] == ["report", "register", "assign"]


def test_the_visit(own_client: TestClient, sent: dict[str, Any]) -> None:
    """Call, depart, arrive, dissuaded; the case goes with it, step by step."""
    states: list[tuple[str, str]] = []
    for step, words in (("call", {}), ("depart", {}), ("arrive", {}),
                        ("conclude", {"outcome": "dissuaded"})):  # fmt: skip
        answer = take(own_client, sent, step, version=len(states) + 1, **words)
        assert answer.status_code == 200, answer.text
        case = own_client.get(f"/api/v1/incidents/no/{sent['no']}").json()
        states.append((answer.json()["state"], case["status"]))
    assert states == [
        ("called", "acknowledged"), ("departed", "handling"), ("arrived", "handling"),
        ("concluded", "closed"),
    ]  # fmt: skip
    done = own_client.get(f"{URL}/{sent['id']}").json()
    assert [entry["step"] for entry in done["timeline"]] == [
        "dispatch", "call", "depart", "arrive", "conclude",
    ]  # fmt: skip
    assert done["timeline"][-1]["outcome"] == "dissuaded"
    assert done["next_steps"] == [] and done["climbs"] == []


@pytest.mark.parametrize(
    ("steps", "step", "words", "status", "field"),
    [
        ((), "arrive", {}, 409, "step"),
        (("depart",), "call", {}, 409, "step"),
        ((), "dispatch", {}, 409, "step"),
        ((), "call", {"version": 7}, 409, "version"),
        (("call",), "conclude", {}, 422, "outcome"),
        (("call",), "conclude", {"outcome": "dissuaded"}, 422, "outcome"),
        ((), "call", {"outcome": "not_found"}, 422, "outcome"),
        ((), "fly", {}, 422, "step"),
        ((), "call", {"who": "x"}, 422, "who"),
    ],
)
def test_steps_that_are_refused(  # noqa: PLR0917  (one parameter a word)
    own_client: TestClient, sent: dict[str, Any], steps: tuple[str, ...], step: str,
    words: dict[str, Any], status: int, field: str,
) -> None:  # fmt: skip
    """With the field by name; an illegal one with what is possible."""
    for earlier in steps:
        assert take(own_client, sent, earlier).status_code == 200
    answer = take(own_client, sent, step, **words)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["field"].endswith(field)
    if field == "step" and status == 409:
        assert answer.json()["type"] == "/problems/illegal-step"
        assert "conclude" in answer.json()["allowed"]


def test_two_at_once(own_context: Context, own_client: TestClient, sent: dict[str, Any]) -> None:
    """Of six that depart at once one does."""
    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(lambda _: take(own_client, sent, "depart").status_code, range(6)))
    assert codes == [200, *[409] * 5]


def test_the_same_warning_again(own_context: Context, own_client: TestClient) -> None:
    """200 and the same answer, before and after its case was closed; another body 409."""
    engine = own_context.engine
    key, body = add_key(engine), a_warning(engine)
    first, again = send(own_client, body, key), send(own_client, body, key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert send(own_client, {**body, "risk": 1}, key).status_code == 409
    assert take(own_client, body, "conclude", outcome="false_alarm").status_code == 200
    closed = send(own_client, body, key)
    assert (closed.status_code, closed.json()) == (200, first.json())
    assert send(own_client, {**body, "risk": 1}, key).status_code == 409


def test_many_at_once_make_one(own_context: Context, own_client: TestClient) -> None:
    """Twelve times the same warning at once: one case."""
    engine = own_context.engine
    key, body = add_key(engine), a_warning(engine)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: send(own_client, body, key), range(12)))
    assert sorted(a.status_code for a in answers) == [200] * 11 + [201]
    assert len({a.text for a in answers}) == 1


def test_an_id_of_a_report_is_taken(own_context: Context, own_client: TestClient) -> None:
    """A warning under the id of a case that is none: 409."""
    engine = own_context.engine
    body = a_warning(engine)
    report = {key: body[key] for key in ("id", "lon", "lat")}
    report |= {"category": "0110", "title": "x", "source": "patrol"}
    assert own_client.post("/api/v1/incidents", json=report).status_code == 201
    assert send(own_client, body, add_key(engine)).status_code == 409


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"category": "1001"}, "category"), ({"category": "1197"}, "category"),
        ({"risk": 0}, "risk"), ({"risk": 4}, "risk"), ({"risk": "3"}, "risk"),
        ({"lon": None}, "lon"), ({"lat": 1e999}, "lat"), ({"lon": 104.9, "lat": 30.0}, "lon"),
        ({"address": "somewhere"}, "address"), ({"detected_at": "yesterday"}, "detected_at"),
        ({"detected_at": "2020-01-01T00:00:00Z"}, "detected_at"),
        ({"detected_at": (utc_now() + timedelta(hours=1)).isoformat()}, "detected_at"),
        ({"id": "7"}, "id"), ({"phone": "13800000000"}, "phone"), ({"name": "x"}, "name"),
    ],
)  # fmt: skip
def test_bad_warnings(
    own_context: Context, own_client: TestClient, words: dict[str, Any], field: str
) -> None:
    """422 with the field; nothing of anybody is taken."""
    body = a_warning(own_context.engine) | words
    if words.get("lat") == 1e999:
        body["lat"] = "1e999"
    answer = send(own_client, body, add_key(own_context.engine))
    assert answer.status_code == 422, answer.text
    assert field in {error["field"].split(".")[-1] for error in answer.json()["errors"]}


def test_only_a_key_that_holds(own_context: Context, own_client: TestClient) -> None:
    """None, a wrong one, a revoked one, a session: 401 problem. What it does not open: 403."""
    engine = own_context.engine
    body, key = a_warning(engine), add_key(engine)
    for headers in ({}, {keys.HEADER: "x"}, {keys.HEADER: "x" * 5000}, {keys.HEADER: ""}):
        answer = send(own_client, body, headers)
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/bad-key"
    assert own_client.post(URL, json=body).status_code == 401  # the city's admin
    nobody = TestClient(own_client.app, base_url="http://127.0.0.1", headers=key)
    assert nobody.get(URL).status_code == 403
    assert nobody.post(f"{URL}/{body['id']}/steps", json={"step": "call"}).status_code == 403
    assert send(own_client, body, key).status_code == 201
    keys.revoke_key(engine, "centre")
    assert send(own_client, body, key).status_code == 401
    assert [line.name for line in keys.list_keys(engine) if line.revoked_at] == ["centre"]


def test_a_key_reaches_no_further_than_its_area(
    own_context: Context, own_client: TestClient
) -> None:
    """Elsewhere 403, naming the fields, and nothing is stored; nor is a foreign id told of."""
    engine = own_context.engine
    found = places(engine)
    own, other = add_key(engine, found["own"]), add_key(engine, found["other"], "other")
    foreign = a_warning(engine, found["other"])
    answer = send(own_client, foreign, own)
    assert answer.status_code == 403
    assert {error["field"] for error in answer.json()["errors"]} == {"lon", "lat"}
    assert own_client.get(f"{URL}/{foreign['id']}").status_code == 404
    assert send(own_client, foreign, other).status_code == 201
    taken = send(own_client, a_warning(engine, found["own"], id=foreign["id"]), own)
    assert taken.status_code == 409


def test_no_key_is_kept(own_context: Context) -> None:
    """The database has its hash; a dump of it opens nothing."""
    key = keys.add_key(own_context.engine, "centre", DISTRICT)
    with reading(own_context.engine) as session:
        dump = session.scalar(text("SELECT string_agg(k::text, ' ') FROM api_key k")) or ""
        audit = session.scalar(text("SELECT string_agg(a::text, ' ') FROM audit_row a")) or ""
    assert "centre" in dump and key not in dump and key.encode().hex() not in dump
    assert "key_added" in audit and key not in audit


def test_the_queue(own_context: Context, own_client: TestClient) -> None:
    """Running timers first, by what is due first; filters, pages, and who may act."""
    engine = own_context.engine
    key = add_key(engine)
    bodies = [a_warning(engine, nth=nth) for nth in range(5)]
    for body in bodies:
        assert send(own_client, body, key).status_code == 201
    ids = [body["id"] for body in bodies]
    assert take(own_client, bodies[0], "conclude", outcome="not_found").status_code == 200
    assert take(own_client, bodies[1], "depart").status_code == 200
    assert take(own_client, bodies[1], "arrive").status_code == 200
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        words: dict[str, Any] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = own_client.get(URL, params=words).json()
        listed += [item["id"] for item in page["items"]]
        cursor = page["next"]
    mine = [id_ for id_ in listed if id_ in ids]
    assert mine == [*ids[2:], ids[1], ids[0]]
    assert len(set(listed)) == len(listed) == page["total"]
    arrived = own_client.get(URL, params={"state": "arrived"}).json()["items"]
    assert ids[1] in {item["id"] for item in arrived}
    assert {item["state"] for item in arrived} == {"arrived"}
    assert own_client.get(URL, params={"cursor": "x"}).status_code == 422
    assert own_client.get(URL, params={"state": "lost"}).status_code == 422


def test_nothing_of_other_areas(own_context: Context, own_client: TestClient) -> None:
    """By the query and by row security: lists, cards, steps."""
    engine = own_context.engine
    found = places(engine)
    staff.add_account(engine, "desk", Role.DUTY_OFFICER, found["own"])
    key = add_key(engine)
    own, foreign = a_warning(engine, found["own"]), a_warning(engine, found["other"])
    for body in (own, foreign):
        assert send(own_client, body, key).status_code == 201
    with client_of(own_context, "desk") as client:
        ids = {item["id"] for item in client.get(URL).json()["items"]}
        assert own["id"] in ids and foreign["id"] not in ids
        assert client.get(f"{URL}/{own['id']}").status_code == 200
        assert client.get(f"{URL}/{foreign['id']}").status_code == 404
        assert take(client, foreign, "call").status_code == 404
        assert take(client, own, "call").status_code == 200


def test_it_climbs_and_the_stream_is_told_once(
    own_context: Context, own_client: TestClient, sent: dict[str, Any]
) -> None:
    """Read at any minute the level is right without the job; the job tells of it, once a level."""
    engine = own_context.engine
    dispatched_at = utc_now()
    told = text("SELECT (SELECT count(*) FROM outbox WHERE topic = 'warning.climbed' AND"
                " payload ->> 'id' = :id) + (SELECT count(*) FROM stream_event WHERE"
                " topic = 'warning.climbed' AND payload ->> 'id' = :id)")  # fmt: skip
    for minutes, climbed in ((29, 0), (31, 1), (32, 1), (61, 2), (600, 2)):
        run_climbs(engine, dispatched_at + timedelta(minutes=minutes))
        with reading(engine) as session:
            assert session.scalar(told, {"id": sent["id"]}) == climbed, minutes
    assert run_climbs(engine, dispatched_at + timedelta(minutes=600)).climbed == 0
    with writing(engine) as session:
        session.execute(
            text("UPDATE warning SET dispatched_at = dispatched_at - interval '35 min'")
        )
        session.execute(text("ALTER TABLE warning_event DISABLE TRIGGER ALL"))
        session.execute(text("UPDATE warning_event SET at = at - interval '35 min'"))
        session.execute(text("ALTER TABLE warning_event ENABLE TRIGGER ALL"))
    found = own_client.get(f"{URL}/{sent['id']}").json()
    assert found["level"] == "sub_centre"
    assert [climb["to"] for climb in found["climbs"]] == ["sub_centre"]
    assert found["climbs"][0]["at"] == found["visit_due_at"]


def test_the_timer_is_a_row(own_context: Context, own_client: TestClient) -> None:
    """Another rule from now on: what was dispatched before keeps its own."""
    engine = own_context.engine
    key = add_key(engine)
    before = send(own_client, a_warning(engine), key).json()
    with writing(engine) as session:
        session.execute(
            text("UPDATE visit_rule SET valid = tstzrange(lower(valid), clock_timestamp())")
        )
        session.execute(
            text("INSERT INTO visit_rule (visit_min, climb_min, valid) SELECT 45, 15,"
                 " tstzrange(max(upper(valid)), NULL) FROM visit_rule")
        )  # fmt: skip
    after = send(own_client, a_warning(engine, nth=1), key).json()
    lengths = [
        _instant(one["visit_due_at"]) - _instant(one["dispatched_at"]) for one in (before, after)
    ]
    assert lengths == [timedelta(minutes=30), timedelta(minutes=45)]
    again = own_client.get(f"{URL}/{before['id']}").json()
    assert again["visit_due_at"] == before["visit_due_at"]


def _instant(words: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(words.replace("Z", "+00:00"))


def test_the_log_is_append_only(own_context: Context, sent: dict[str, Any]) -> None:
    """Not even its owner mends it."""
    for statement in (
        "UPDATE warning_event SET outcome = 'dissuaded'",
        "DELETE FROM warning_event",
    ):
        with pytest.raises(Exception, match="append-only"), writing(own_context.engine) as session:
            session.execute(text(statement))


def test_an_unknown_warning(own_client: TestClient) -> None:
    """404."""
    assert own_client.get(f"{URL}/{uuid4()}").status_code == 404
    assert take(own_client, {"id": uuid4()}, "call").status_code == 404


def test_a_place_by_its_cell(own_context: Context) -> None:
    """The helper of these tests puts a place off the middle of its cell."""
    assert place_in(own_context.engine, DISTRICT)[2] // 10**9 == DISTRICT // 10**9
