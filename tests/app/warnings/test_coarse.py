"""After closing, no byte of the exact place is left in any table, whatever closed the case."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.core.audiences import Audience
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import writing
from app.core.outbox import emit
from app.incidents.rules import Status
from app.incidents.steps import carrying
from app.warnings.climbing import run_climbs
from tests.app.warnings.sending import a_warning, add_key, place_in, send
from tests.dump import dump, holding, writings
from tests.waiting import wait_until

URL = "/api/v1/warnings"
Close = Callable[[Context, TestClient, dict[str, Any]], None]


def by_the_visit(context: Context, client: TestClient, warning: dict[str, Any]) -> None:
    """Somebody went there."""
    for step, words in (("call", {}), ("depart", {}), ("arrive", {}),
                        ("conclude", {"outcome": "dissuaded"})):  # fmt: skip
        body = {"step": step, **words}
        assert client.post(f"{URL}/{warning['id']}/steps", json=body).status_code == 200


def by_force(context: Context, client: TestClient, warning: dict[str, Any]) -> None:
    """A step of the case, not of the warning."""
    body = {"step": "force_close", "reason": "演练"}
    answer = client.post(f"/api/v1/incidents/{warning['id']}/steps", json=body)
    assert answer.status_code == 200, answer.text


def by_a_program(context: Context, client: TestClient, warning: dict[str, Any]) -> None:
    """As the simulation or a job does it."""
    with writing(context.engine) as session:
        carrying.carry(session, warning["no"], Status.CLOSED, utc_now(), actor=None)


def everywhere(lon: float, lat: float) -> list[str]:
    """All writings of a place."""
    return [*writings(lon), *writings(lat)]


@pytest.mark.parametrize("close", [by_the_visit, by_force, by_a_program])
def test_no_byte_of_the_exact_place_is_left(
    own_context: Context, own_client: TestClient, close: Close
) -> None:
    """In the case, the receipt, the outbox, the stream; and the page is shown the cell's place."""
    engine = own_context.engine
    body = a_warning(engine)
    assert send(own_client, body, add_key(engine)).status_code == 201
    warning = own_client.get(f"{URL}/{body['id']}").json()
    assert (warning["lon"], warning["lat"]) == (body["lon"], body["lat"])
    told = text("SELECT count(*) FROM stream_event WHERE payload ->> 'no' = :no")

    def streamed() -> int:
        with writing(engine) as session:
            return session.scalar(told, {"no": str(warning["no"])}) or 0

    wait_until(lambda: streamed() >= 3)  # reported, registered and assigned, dispatched
    run_climbs(engine, utc_now())
    words = everywhere(body["lon"], body["lat"])
    before = holding(dump(engine), *words)
    # The search itself is able to find.
    assert any(table.startswith("incident_2") for table in before) and "stream_event" in before
    close(own_context, own_client, warning)
    wait_until(lambda: holding(dump(engine), *words).get("outbox") is None)
    assert holding(dump(engine), *words) == {}
    closed = own_client.get(f"{URL}/{body['id']}").json()
    case = own_client.get(f"/api/v1/incidents/{body['id']}").json()
    assert (closed["lon"], closed["lat"]) == (case["lon"], case["lat"])
    assert case["location_uncertainty_m"] > 0
    assert case["cell_code"] == place_in(engine, 620_111_000_000_000)[2]


def test_what_the_outbox_has_yet_to_tell(own_context: Context, own_client: TestClient) -> None:
    """In the very transaction that closes the case: nothing exact leaves through the relay."""
    engine = own_context.engine
    body = a_warning(engine)
    assert send(own_client, body, add_key(engine)).status_code == 201
    warning = own_client.get(f"{URL}/{body['id']}").json()
    exact = {"no": warning["no"], "lon": body["lon"], "lat": body["lat"]}
    with writing(engine) as session:
        emit(session, "incident.changed", warning["cell_code"], Audience.CASES, exact)
        carrying.carry(session, warning["no"], Status.CLOSED, utc_now(), actor=None)
        waiting = session.scalars(
            text("SELECT payload FROM outbox WHERE payload ->> 'no' = :no"),
            {"no": str(warning["no"])},
        ).all()
    assert waiting
    assert not [told for told in waiting if told.get("lon") == body["lon"]]


def test_a_reopened_one_stays_coarse(own_context: Context, own_client: TestClient) -> None:
    """What is gone does not come back."""
    engine = own_context.engine
    body = a_warning(engine)
    assert send(own_client, body, add_key(engine)).status_code == 201
    warning = own_client.get(f"{URL}/{body['id']}").json()
    by_force(own_context, own_client, warning)
    again = own_client.post(
        f"/api/v1/incidents/{body['id']}/steps", json={"step": "reopen", "reason": "复查"}
    )
    assert again.status_code == 200, again.text
    assert (again.json()["lon"], again.json()["lat"]) != (body["lon"], body["lat"])


def test_other_cases_keep_their_place(own_context: Context, own_client: TestClient) -> None:
    """Only warnings of fraud are coarsened."""
    engine = own_context.engine
    body = a_warning(engine)
    report = {key: body[key] for key in ("id", "lon", "lat")}
    report |= {"category": "0110", "title": "垃圾", "source": "patrol"}
    case = own_client.post("/api/v1/incidents", json=report).json()
    by_a_program(own_context, own_client, case)
    after = own_client.get(f"/api/v1/incidents/{body['id']}").json()
    assert after["status"] == "closed"
    assert (after["lon"], after["lat"]) == (body["lon"], body["lat"])


def test_loaded_ones_are_coarse(own_context: Context) -> None:
    """Whatever a city brings along: closed warnings stand at the place of their cell."""
    with writing(own_context.engine) as session:
        counted = session.execute(
            text("SELECT count(*) AS closed, count(*) FILTER (WHERE i.geom = a.label) AS coarse"
                 " FROM incident i JOIN area a ON a.code = i.cell_code"
                 " WHERE i.category LIKE '11%' AND i.closed_at IS NOT NULL")
        ).one()  # fmt: skip
    assert counted.closed == counted.coarse > 0


def suspended(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    """A warning whose visit has begun, and whose case is suspended."""
    warning: dict[str, Any] = client.get(f"{URL}/{body['id']}").json()
    for step in ("call", "depart", "arrive"):
        assert client.post(f"{URL}/{body['id']}/steps", json={"step": step}).status_code == 200
    until = (utc_now() + timedelta(days=9)).isoformat()
    answer = client.post(
        f"/api/v1/incidents/{body['id']}/steps",
        json={"step": "suspend", "reason": "待材料", "until": until},
    )
    assert answer.status_code == 200, answer.text
    return warning


def test_a_concluded_one_is_coarse_though_its_case_is_suspended(
    own_context: Context, own_client: TestClient
) -> None:
    """Nobody has to go there any more. Viewers hear of it; the same warning is known again."""
    engine, key = own_context.engine, add_key(own_context.engine)
    body = a_warning(engine)
    assert send(own_client, body, key).status_code == 201
    suspended(own_client, body)
    words = everywhere(body["lon"], body["lat"])
    assert holding(dump(engine), *words)
    done = own_client.post(
        f"{URL}/{body['id']}/steps", json={"step": "conclude", "outcome": "dissuaded"}
    )
    assert done.status_code == 200, done.text
    case = own_client.get(f"/api/v1/incidents/{body['id']}").json()
    assert case["status"] == "suspended"
    wait_until(lambda: holding(dump(engine), *words).get("outbox") is None)
    assert holding(dump(engine), *words) == {}
    assert case["location_uncertainty_m"] > 0
    assert (done.json()["lon"], done.json()["lat"]) == (case["lon"], case["lat"])
    with writing(engine) as session:
        last = session.scalar(
            text("SELECT payload FROM stream_event WHERE topic = 'incident.changed'"
                 " AND payload ->> 'no' = :no ORDER BY seq DESC LIMIT 1"),
            {"no": str(case["no"])},
        )  # fmt: skip
    assert (last["lon"], last["status"], last["steps"]) == (case["lon"], "suspended", [])
    assert send(own_client, body, key).status_code == 200


def draw_anew(engine: Engine, cell: int) -> None:
    """From now on a cell has another middle; what held until now stays as its past."""
    columns = (
        "code, level, parent_code, name, name_en, kind, households, residents, area_m2, locked,"
        " geom, lo, hi"
    )
    with writing(engine) as session:
        session.execute(
            text("UPDATE area SET valid = tstzrange(lower(valid), now())"
                 " WHERE code = :cell AND valid @> now()"),
            {"cell": cell},
        )  # fmt: skip
        session.execute(
            text(f"INSERT INTO area ({columns}, label, valid)"
                 f" SELECT {columns}, ST_Translate(label, 0.0001, 0.0001), tstzrange(now(), NULL)"
                 " FROM area WHERE code = :cell ORDER BY lower(valid) DESC LIMIT 1"),
            {"cell": cell},
        )  # fmt: skip


def test_the_coarse_place_stays_the_same_for_good(
    own_context: Context, own_client: TestClient
) -> None:
    """Though its cell is drawn anew, and the case is followed up, reopened and closed again: two
    coarse places tell more than one. What is closed later goes by the cell of then."""
    engine, key = own_context.engine, add_key(own_context.engine)
    first, second = a_warning(engine), a_warning(engine)
    for body in (first, second):
        assert send(own_client, body, key).status_code == 201
    by_force(own_context, own_client, first)

    def place(body: dict[str, Any]) -> tuple[float, float, float]:
        case = own_client.get(f"/api/v1/incidents/{body['id']}").json()
        return case["lon"], case["lat"], case["location_uncertainty_m"]

    coarse = place(first)
    draw_anew(engine, place_in(engine, 620_111_000_000_000)[2])
    url = f"/api/v1/incidents/{first['id']}/steps"
    for step in ("reopen", "force_close"):
        assert own_client.post(url, json={"step": step, "reason": "复查"}).status_code == 200
        assert place(first) == coarse
    by_force(own_context, own_client, second)
    assert place(second) != coarse
