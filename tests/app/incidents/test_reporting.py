"""Reports: stored once, filed in the right cell, refused in words."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.settings import Settings
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from app.main import create_app
from tests import staff
from tests.app.incidents.reports import CELL, LAT, LON, a_report

PATH = "/api/v1/incidents"
SCRIPT = "<script>alert(1)</script>\u2603 ' OR 1=1 --"


def counted(context: Context, report_id: str) -> tuple[int, ...]:
    """Receipts, cases, first steps and outbox rows under an id."""
    with reading(context.engine) as session:
        row = session.execute(
            text("""
                SELECT (SELECT count(*) FROM report_receipt WHERE id = :id),
                       (SELECT count(*) FROM incident WHERE id = :id),
                       (SELECT count(*) FROM incident_event e JOIN incident i USING (no)
                        WHERE i.id = :id),
                       (SELECT count(*) FROM outbox WHERE payload->>'id' = CAST(:id AS text))
                       + (SELECT count(*) FROM stream_event
                          WHERE payload->>'id' = CAST(:id AS text))
            """),
            {"id": report_id},
        ).one()
    return tuple(row)


def test_a_report_is_stored_filed_and_told(own_client: TestClient, own_context: Context) -> None:
    """One receipt, one case, one step, one event; the answer is the case."""
    body = a_report(description="第一行\n第二行", severity=4)
    answer = own_client.post(PATH, json=body)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PATH}/{body['id']}"
    said = answer.json()
    assert {key: said[key] for key in body} == body
    assert (said["status"], said["stage"], said["closed_at"]) == ("reported", "reported", None)
    assert said["cell_code"] == CELL == said["chain"][-1]["code"]
    assert said["occurred_at"] == said["reported_at"]
    assert said["location_uncertainty_m"] == 0
    assert counted(own_context, body["id"]) == (1, 1, 1, 1)
    shown = own_client.get(answer.headers["location"]).json()
    assert [step["step"] for step in shown.pop("timeline")] == ["report"]
    assert [stay["stage"] for stay in shown.pop("stages")] == ["reported"]
    assert {name: shown[name] for name in said} == said
    assert own_client.get(f"{PATH}/no/{said['no']}").json()["id"] == body["id"]
    assert own_client.get(PATH, params={"limit": 1}).json()["items"][0]["id"] == body["id"]


def test_the_same_report_again_gives_the_first_answer(
    own_client: TestClient, own_context: Context
) -> None:
    """Word for word, however it is written, and whatever has become of the case since."""
    body = a_report(title="Cafe\u0301")
    first = own_client.post(PATH, json=body)
    with writing(own_context.engine) as session:
        for step in (Step.REGISTER, Step.ASSIGN):
            steps.advance(session, first.json()["no"], step, utc_now())
    other_writing = {**dict(reversed(body.items())), "title": " Café ", "severity": 2}
    for again in (body, other_writing):
        answer = own_client.post(PATH, json=again)
        assert answer.status_code == 200
        assert answer.content == first.content
        assert answer.headers["location"] == first.headers["location"]
    assert own_client.get(f"{PATH}/{body['id']}").json()["status"] == "assigned"


@pytest.mark.parametrize(
    "change", [{"title": "另一件"}, {"lon": LON + 1e-7}, {"severity": 3}, {"category": "0111"}]
)
def test_another_report_under_the_id_is_a_conflict(
    own_client: TestClient, own_context: Context, change: dict[str, Any]
) -> None:
    """And the first one stays as it is."""
    body = a_report()
    assert own_client.post(PATH, json=body).status_code == 201
    answer = own_client.post(PATH, json=body | change)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/id-conflict"
    assert answer.json()["errors"][0]["field"] == "id"
    assert counted(own_context, body["id"]) == (1, 1, 1, 1)


def test_the_id_of_a_loaded_case_cannot_be_taken(own_client: TestClient) -> None:
    """Cases that came with the city have their ids too."""
    known = own_client.get(PATH, params={"limit": 1}).json()["items"][0]
    assert own_client.post(PATH, json=a_report(id=known["id"])).status_code == 409


def test_a_hundred_at_once_are_one(own_client: TestClient, own_context: Context) -> None:
    """All get the same answer; one of them is told that it was new."""
    body = a_report()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: own_client.post(PATH, json=body), range(100)))
    assert sorted(answer.status_code for answer in answers) == [200] * 99 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert counted(own_context, body["id"]) == (1, 1, 1, 1)


def test_a_race_of_two_bodies_has_one_winner(own_client: TestClient) -> None:
    """Whoever comes second is told so."""
    for round_ in range(50):
        one = a_report()
        two = one | {"title": f"另一件 {round_}"}
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda body: own_client.post(PATH, json=body), (one, two)))
        assert sorted(answer.status_code for answer in answers) == [201, 409]


def test_a_refused_report_leaves_nothing(own_client: TestClient, own_context: Context) -> None:
    """Not even its id: the corrected report is accepted under it."""
    body = a_report(lon=0.0, lat=0.0)
    assert own_client.post(PATH, json=body).status_code == 422
    assert counted(own_context, body["id"]) == (0, 0, 0, 0)
    assert own_client.post(PATH, json=body | {"lon": LON, "lat": LAT}).status_code == 201


def test_a_border_point_is_filed_in_one_cell(own_client: TestClient, own_context: Context) -> None:
    """The same one that the map shows under the point."""
    with reading(own_context.engine) as session:
        corners = session.execute(
            text(
                "SELECT DISTINCT ST_X(p.geom), ST_Y(p.geom) FROM area a,"
                " ST_DumpPoints(a.geom) p WHERE a.level = 'cell' AND a.code % 41 = 0 LIMIT 20"
            )
        ).all()
    for lon, lat in corners:
        answer = own_client.post(PATH, json=a_report(lon=lon, lat=lat))
        assert answer.status_code == 201
        here = own_client.get("/api/v1/areas", params={"lon": lon, "lat": lat}).json()["items"]
        assert answer.json()["cell_code"] == here[-1]["code"]


def test_text_is_data(own_client: TestClient) -> None:
    """It comes back as it was sent: nothing executed, nothing escaped."""
    answer = own_client.post(PATH, json=a_report(title=SCRIPT, description=SCRIPT * 2))
    assert answer.status_code == 201
    assert answer.json()["title"] == SCRIPT
    assert json.loads(answer.content)["description"] == SCRIPT * 2
    assert "text/html" not in answer.headers["content-type"]


def test_a_report_by_address(own_client: TestClient) -> None:
    """The place is that of the words, as certain as they are."""
    answer = own_client.post(PATH, json=a_report(lon=None, lat=None, address="海石湾镇火车站社区"))
    assert answer.status_code == 201
    said = answer.json()
    assert "火车站社区" in [link["name"] for link in said["chain"]]
    assert said["location_uncertainty_m"] > 100


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("红古区", "红古区"),
        ("海石湾镇", "海石湾镇"),
        ("花庄", "花庄镇花庄村"),
        ("河", "河嘴村"),
        ("巴黎埃菲尔铁塔", ""),
        ("2.35,48.85", ""),
    ],
)
def test_an_address_that_is_no_one_place(client: TestClient, address: str, says: str) -> None:
    """Refused, naming what it may have meant."""
    answer = client.post(PATH, json=a_report(lon=None, lat=None, address=address))
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"] == "address"
    assert says in error["message"]


def test_a_month_without_a_partition_gets_one(own_client: TestClient, own_context: Context) -> None:
    """A server that has run for months still takes reports."""
    with writing(own_context.engine) as session:
        month = utc_now().strftime("%Y%m")
        for table in ("incident", "incident_event"):
            session.execute(text(f"DROP TABLE {table}_{month}"))
    assert own_client.post(PATH, json=a_report()).status_code == 201


@pytest.mark.parametrize(
    ("offset", "status"),
    [
        (timedelta(0), 201),
        (timedelta(minutes=4), 201),
        (timedelta(minutes=6), 422),
        (timedelta(days=-365), 201),
        (timedelta(days=-367), 422),
    ],
)
def test_when_it_happened(own_client: TestClient, offset: timedelta, status: int) -> None:
    """Up to 5 minutes ahead of our clock, up to 366 days back."""
    at = (utc_now() + offset).isoformat()
    answer = own_client.post(PATH, json=a_report(occurred_at=at))
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["errors"][0]["field"] == "occurred_at"


def test_simulated_reports_are_for_demo_servers(own_context: Context) -> None:
    """A city's own server has no made-up cases."""
    real = replace(own_context, settings=Settings(demo=False))
    body = a_report(simulated=True)
    for context, status in ((real, 422), (own_context, 201)):
        client = TestClient(create_app(context), base_url="http://127.0.0.1")
        staff.sign_in(client)
        answer = client.post(PATH, json=body)
        assert answer.status_code == status
    assert answer.json()["simulated"] is True
