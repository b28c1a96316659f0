"""Batches of reports: what a phone kept while it was offline, each taken as if it came alone."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.identity.rules import Role
from app.incidents.intake.schemas import MOST_REPORTS
from app.incidents.reading import checking
from tests import staff
from tests.app.incidents.reports import CELL, LAT, LON, a_report
from tests.app.incidents.test_reporting import counted

PATH = "/api/v1/incidents/batch"
ONE = "/api/v1/incidents"


def became(answer: Any) -> list[str]:
    """What became of each report."""
    assert answer.status_code == 200, answer.text
    return [item["became"] for item in answer.json()["items"]]


def test_every_report_is_answered_and_filed_as_if_it_came_alone(
    own_client: TestClient, own_context: Context
) -> None:
    """Receipt, case, step, event and reading row of each, in the order in which they were sent."""
    bodies = [a_report(title=f"第 {place} 件", severity=1 + place % 4) for place in range(100)]
    answer = own_client.post(PATH, json={"reports": bodies}).json()
    assert (answer["filed"], answer["known"], answer["refused"]) == (100, 0, 0)
    assert [item["id"] for item in answer["items"]] == [body["id"] for body in bodies]
    numbers = [item["no"] for item in answer["items"]]
    assert numbers == sorted(numbers) and len(set(numbers)) == 100
    assert {item["cell_code"] for item in answer["items"]} == {CELL}
    for body in bodies[::33]:
        assert counted(own_context, body["id"]) == (1, 1, 1, 1)
        shown = own_client.get(f"{ONE}/{body['id']}").json()
        assert {key: shown[key] for key in body} == body
        assert own_client.post(ONE, json=body).status_code == 200
    assert checking.differences(own_context.engine) == []


def test_a_bad_one_is_named_and_holds_up_no_other(
    own_client: TestClient, own_context: Context
) -> None:
    """Whatever is wrong with it, the problem is the one of a report that comes alone."""
    bad = [
        a_report(category="01"),
        a_report(lon=0.0, lat=0.0),
        a_report(category="0199"),
        a_report(occurred_at="2020-01-01T00:00:00Z"),
        a_report(address="火星"),
        a_report(lon=None, lat=None, address="幸福"),
        a_report(id="17"),
        a_report(extra=1),
    ]
    good = [a_report() for _ in range(99)]
    answer = own_client.post(PATH, json={"reports": [*bad, *good]})
    assert became(answer) == ["refused"] * len(bad) + ["filed"] * 99
    for body, item in zip(bad, answer.json()["items"], strict=False):
        alone = own_client.post(ONE, json=body)
        said = {**item["problem"], "instance": ONE}
        wanted = alone.json()
        assert {key: said[key] for key in wanted} == wanted, body
        if len(body["id"]) == 36:
            assert item["id"] == body["id"]
            assert counted(own_context, body["id"]) == (0, 0, 0, 0)


def test_the_same_id_twice(own_client: TestClient, own_context: Context) -> None:
    """The same report is known, another one a conflict; the first of them counts."""
    body = a_report()
    other = body | {"title": "另一件"}
    answer = own_client.post(PATH, json={"reports": [body, body, other, body]})
    assert became(answer) == ["filed", "known", "refused", "known"]
    items = answer.json()["items"]
    assert items[2]["problem"]["type"] == "/problems/id-conflict"
    assert items[0]["no"] == items[1]["no"] == items[3]["no"]
    assert counted(own_context, body["id"]) == (1, 1, 1, 1)


def test_a_second_one_under_an_id_after_a_refusal(own_client: TestClient) -> None:
    """A report that was refused has taken no id: the mended one is filed, what follows is known."""
    bad = a_report(lon=0.0, lat=0.0)
    mended = bad | {"lon": LON, "lat": LAT}
    worse = bad | {"category": "0199"}
    answer = own_client.post(PATH, json={"reports": [bad, bad, worse, mended, bad, mended]})
    assert became(answer) == ["refused", "refused", "refused", "filed", "refused", "known"]
    slugs = [item["problem"] and item["problem"]["type"] for item in answer.json()["items"]]
    assert slugs == [
        "/problems/outside-city", "/problems/outside-city", "/problems/invalid-input", None,
        "/problems/id-conflict", None,
    ]  # fmt: skip


def test_many_different_ones_under_an_id(own_client: TestClient) -> None:
    """Each takes a look of its own while it may be the one that counts: beyond the first few they
    are conflicts, however many there are."""
    bad = [a_report(lon=10.0 + number / 1000, lat=LAT) for number in range(MOST_REPORTS - 2)]
    bodies = [body | {"id": bad[0]["id"]} for body in bad]
    mended = bodies[0] | {"lon": LON}
    first, last = [*bodies[:9], mended, *bodies[9:], mended], [*bodies[:10], mended, *bodies[10:]]
    told = [own_client.post(PATH, json={"reports": last}).json()["items"] for _ in range(2)][-1]
    assert {item["became"] for item in told} == {"refused"}
    slugs = [item["problem"]["type"].rpartition("/")[2] for item in told]
    assert slugs == ["outside-city"] * 10 + ["id-conflict"] * (len(told) - 10)
    answer = became(own_client.post(PATH, json={"reports": first}))
    assert answer == ["refused"] * 9 + ["filed"] + ["refused"] * (len(first) - 11) + ["known"]


def test_a_batch_may_be_sent_again(own_client: TestClient) -> None:
    """The answer may have been lost on the way: it comes again, with the same numbers."""
    bodies = [a_report(), a_report(category="0199"), a_report(lon=LON + 1e-4), a_report()]
    first = own_client.post(PATH, json={"reports": bodies[:3]})
    again = own_client.post(PATH, json={"reports": bodies})
    assert became(first) == ["filed", "refused", "filed"]
    assert became(again) == ["known", "refused", "known", "filed"]
    for place in (0, 2):
        one, other = first.json()["items"][place], again.json()["items"][place]
        assert one | {"became": "known"} == other


def test_overlapping_batches_at_once(own_client: TestClient, own_context: Context) -> None:
    """Each report is filed once, whoever comes first; nobody waits for ever."""
    for _ in range(5):
        bodies = [a_report() for _ in range(40)]
        sent = [bodies, bodies[::-1], bodies[10:30], bodies[20:]]
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(lambda part: own_client.post(PATH, json={"reports": part}), sent)
            )
        found = [line for answer in answers for line in became(answer)]
        assert found.count("filed") == 40 and "refused" not in found
        numbers = {(i["id"], i["no"]) for answer in answers for i in answer.json()["items"]}
        assert len(numbers) == 40
        assert all(counted(own_context, body["id"]) == (1, 1, 1, 1) for body in bodies[::13])


def test_places_of_another_area(own_client: TestClient, own_context: Context) -> None:
    """A worker of one cell reports there; a report from elsewhere is refused, the rest is not."""
    staff.add_account(own_context.engine, "gridworker1", Role.GRID_WORKER, CELL)
    worker = TestClient(own_client.app, base_url="http://127.0.0.1")
    staff.sign_in(worker, "gridworker1")
    elsewhere = own_client.get("/api/v1/areas", params={"level": "cell", "limit": 1}).json()
    lon, lat = elsewhere["items"][0]["label"]
    foreign = a_report(lon=lon, lat=lat)
    answer = worker.post(PATH, json={"reports": [a_report(), foreign, a_report()]})
    assert became(answer) == ["filed", "refused", "filed"]
    assert answer.json()["items"][1]["problem"]["type"] == "/problems/outside-scope"
    # Known in another area: neither its number nor what was reported is told.
    assert own_client.post(ONE, json=foreign).status_code == 201
    again = worker.post(PATH, json={"reports": [a_report(id=foreign["id"])]}).json()["items"][0]
    assert again["problem"]["type"] == "/problems/id-conflict" and again["no"] is None


@pytest.mark.parametrize("path", [ONE, PATH])
def test_a_session_that_has_just_ended_files_nothing(
    own_client: TestClient, own_context: Context, path: str
) -> None:
    """Though this process still believes in it."""
    body = a_report()
    own_client.get("/api/v1/session")
    with writing(own_context.engine) as session:
        session.execute(text("DELETE FROM sign_in"))
    sent = body if path == ONE else {"reports": [body]}
    assert own_client.post(path, json=sent).status_code == 401
    assert counted(own_context, body["id"]) == (0, 0, 0, 0)


def test_limits_are_named(own_client: TestClient) -> None:
    """Of rows and of bytes."""
    many = {"reports": [a_report() for _ in range(MOST_REPORTS + 1)]}
    answer = own_client.post(PATH, json=many)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "reports"
    assert str(MOST_REPORTS) in answer.json()["errors"][0]["message"]
    assert own_client.post(PATH, json={"reports": []}).status_code == 422
    assert own_client.post(PATH, json={"rows": [a_report()]}).status_code == 422
    long = {"reports": [a_report(description="长" * 4000) for _ in range(100)]}
    answer = own_client.post(PATH, json=long)
    assert answer.status_code == 413 and "1 MiB" in answer.json()["detail"]


def test_a_contact_comes_with_its_report(own_client: TestClient, own_context: Context) -> None:
    """Sealed in the same transaction, for new reports only."""
    body = a_report(contact={"name": "张三", "phone": "13800138000"})
    assert became(own_client.post(PATH, json={"reports": [body, a_report()]})) == ["filed"] * 2
    assert own_client.get(f"{ONE}/{body['id']}").json()["has_contact"] is True
    with reading(own_context.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM case_contact")) == 1


def test_events_of_a_batch_come_in_its_order(own_client: TestClient, own_context: Context) -> None:
    """As if the reports had come one after the other."""
    bodies = [a_report(lon=LON, lat=LAT) for _ in range(30)]
    own_client.post(PATH, json={"reports": bodies})
    with reading(own_context.engine) as session:
        published = session.scalars(
            text("SELECT payload ->> 'id' FROM (SELECT id, payload, 1 AS late FROM outbox"
                 " UNION ALL SELECT seq, payload, 0 FROM stream_event) e ORDER BY late, id")
        ).all()  # fmt: skip
    sent = [body["id"] for body in bodies]
    assert [one for one in published if one in sent] == sent


@pytest.mark.parametrize("nonsense", ["text", None, 17, [], {}])
def test_what_is_no_report_is_named_too(own_client: TestClient, nonsense: Any) -> None:
    """By its place in the answer; it has no id."""
    answer = own_client.post(PATH, json={"reports": [nonsense, a_report()]})
    assert became(answer) == ["refused", "filed"]
    item = answer.json()["items"][0]
    assert item["id"] is None and item["problem"]["type"] == "/problems/invalid-input"
    assert item["problem"]["errors"]
