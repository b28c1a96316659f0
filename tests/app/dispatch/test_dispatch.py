"""Who answers for an area, which stations serve it, where the staffing rule breaks."""

import json

from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.dispatch.rules import REQUIRED_STAFF, StationKind
from tests.app.places.test_areas import everything

CELL = 620111001001001
COMMUNITY = 620111001001000


def test_a_cell_has_its_worker_and_its_backup(client: TestClient) -> None:
    """Its own units first, then those of its community."""
    card = client.get(f"/api/v1/areas/{CELL}").json()
    own = [unit["duty"] for unit in card["assigned"] if unit["area_code"] == CELL]
    assert own == ["primary", "backup"]
    above = {unit["role"] for unit in card["assigned"] if unit["area_code"] == COMMUNITY}
    assert "officer" in above
    assert card["children"] is None and card["staffing"] is None
    assert [link["level"] for link in card["chain"]] == [
        "city", "district", "subdistrict", "community", "cell",
    ]  # fmt: skip


def test_stations_serve_from_the_post_up_to_the_centre(client: TestClient) -> None:
    """All tiers, nearest first."""
    kinds = [s["kind"] for s in client.get(f"/api/v1/areas/{CELL}").json()["stations"]]
    assert kinds[0] == "grid_post"
    expected = {"grid_post", "workstation", "command_post", "sub_centre", "city_centre"}
    assert expected | {"police_station"} <= set(kinds)


def test_every_community_is_measured_by_the_rule(client: TestClient) -> None:
    """Required and present by role; `ok` is what they say."""
    rows = everything(client, "/api/v1/staffing", limit=30)
    assert len(rows) == 56
    for row in rows:
        assert row["required"] == REQUIRED_STAFF[row["kind"]]
        enough = all(row["present"][role] >= n for role, n in row["required"].items())
        assert row["ok"] is enough
    broken = everything(client, "/api/v1/staffing", ok="false")
    kept = everything(client, "/api/v1/staffing", ok="true")
    assert broken and len(broken) + len(kept) == len(rows)


def test_a_community_that_loses_an_officer_is_marked(
    own_client: TestClient, own_context: Context
) -> None:
    """From that minute on, on its card and in the list; a minute before it was kept."""
    kept = own_client.get("/api/v1/staffing", params={"ok": True}).json()["items"][0]
    with writing(own_context.engine) as session:
        moment = session.scalar(text("SELECT now()"))
        assert moment is not None
        session.execute(
            text(
                "UPDATE assignment SET valid = tstzrange(lower(valid), :moment) WHERE area_code ="
                " :code AND unit_id IN (SELECT id FROM duty_unit WHERE role = 'officer')"
            ),
            {"moment": moment, "code": kept["code"]},
        )
    card = own_client.get(f"/api/v1/areas/{kept['code']}").json()
    assert card["staffing"]["ok"] is False and card["staffing"]["present"]["officer"] == 0
    broken = everything(own_client, "/api/v1/staffing", ok="false")
    assert kept["code"] in [row["code"] for row in broken]
    area = own_client.get(f"/api/v1/areas/{kept['code']}").json()
    before = {"at": area["valid_from"]}
    then = own_client.get(f"/api/v1/areas/{kept['code']}", params=before).json()
    assert then["staffing"]["ok"] is True


def test_the_list_agrees_with_the_published_view(client: TestClient, context: Context) -> None:
    """Maps read the one, the API the other."""
    with reading(context.engine) as session:
        view = session.execute(
            text("SELECT area_code, role, required, present FROM published.staffing(now())")
        ).all()
    shown = {
        (row["code"], role, n, row["present"][role])
        for row in everything(client, "/api/v1/staffing")
        for role, n in row["required"].items()
    }
    assert shown == {tuple(row) for row in view}


def test_assignments_of_an_area_are_those_inside_it(client: TestClient) -> None:
    """Parts make the whole; filters agree with one another."""
    inside = everything(client, "/api/v1/assignments", area=COMMUNITY, limit=7)
    assert {row["area_code"] for row in inside} >= {COMMUNITY, CELL}
    assert all(COMMUNITY <= row["area_code"] <= COMMUNITY + 999 for row in inside)
    workers = everything(client, "/api/v1/assignments", area=COMMUNITY, role="grid_worker")
    assert workers == [row for row in inside if row["role"] == "grid_worker"]


def test_a_unit_is_a_call_sign_and_a_role(client: TestClient) -> None:
    """No member of an assignment could tell who the person is."""
    row = client.get("/api/v1/assignments", params={"limit": 1}).json()["items"][0]
    assert set(row) == {
        "id", "call_sign", "role", "duty", "station", "station_code", "area_code", "area_name",
        "area_level",
    }  # fmt: skip


def test_stations_by_kind_area_and_window(client: TestClient) -> None:
    """The filters select what they say."""
    whole = everything(client, "/api/v1/stations", limit=100)
    for kind in StationKind:
        some = everything(client, "/api/v1/stations", kind=kind.value)
        assert some == [station for station in whole if station["kind"] == kind]
    one = whole[len(whole) // 2]
    near = ",".join(str(one[axis] + d) for d in (-1e-4, 1e-4) for axis in ("lon", "lat"))
    found = everything(client, "/api/v1/stations", bbox=near)
    assert one in found and len(found) < len(whole)
    assert json.dumps(found).count('"station_id"') == len(found)
