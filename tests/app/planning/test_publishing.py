"""Publishing: the past stays as it was, nothing is renumbered, all of it or nothing."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.core.clock import CITY_ZONE, city_midnight
from app.core.context import Context
from app.core.db import reading, writing
from app.planning import models, queries
from app.planning.jobs import scheduled
from geodata import shapes
from tests.app.planning import hand
from tests.app.planning.hand import Hand
from tests.app.planning.test_jobs import worker_process
from tests.waiting import wait_until

V1 = "/api/v1"
# Words of an answer that tell of later changes: they may differ, whatever minute is asked for.
LATER = {"valid_until", "boundary_version"}


def splittable(engine: Engine, community: int, besides: set[int]) -> int:
    """A cell of a community, of several units, none of which is locked."""
    found = hand.rows(
        engine,
        "SELECT cell_code FROM base_unit WHERE community_code = :community AND upper_inf(valid)"
        " AND cell_code <> ALL (:besides) GROUP BY cell_code"
        " HAVING NOT bool_or(locked) AND count(*) > 3 ORDER BY count(*) DESC, 1 LIMIT 1",
        community=community, besides=list(besides),
    )  # fmt: skip
    return int(found[0].cell_code)


def drawn(engine: Engine, client: Any, community: int) -> Hand:
    """A plan that moves a unit, splits one cell and joins two others, as far as that is valid."""
    plan = hand.begin(client, community)
    unit, target = hand.a_border_move(engine, community)
    assert plan.move({unit: target}).json()["faults"] == []
    source = hand.units(engine, community)[unit]
    cut = splittable(engine, community, {source, target})
    assert plan.edit(kind="split", cell_code=cut).json()["faults"] == []
    for cell in sorted(set(hand.units(engine, community).values()) - {source, target, cut}):
        for into in sorted(set(hand.units(engine, community).values()) - {cell}):
            answer = plan.edit(kind="join", cell_code=cell, into=into)
            if answer.status_code == 200 and not answer.json()["faults"]:
                return plan
            if answer.status_code == 200:
                plan.send("POST", "/undo")
    raise AssertionError("no two cells can be joined")


def past(client: TestClient, at: datetime) -> dict[str, Any]:
    """The figures that the server gives for a minute."""
    words = {"at": at.isoformat().replace("+00:00", "Z")}
    answers = {}
    for level in ("cell", "community", "district"):
        for measure in ("reported", "open"):
            answers[f"{level} {measure}"] = client.get(
                f"{V1}/counts", params={**words, "level": level, "measure": measure}
            )
    for path in ("staffing", "assignments", "areas"):
        answers[path] = client.get(f"{V1}/{path}", params={**words, "limit": 1000})
    answers["cells"] = client.get(
        f"{V1}/layers/cells.geojson", params={**words, "area": hand.DISTRICT}
    )
    for name, answer in answers.items():
        assert answer.status_code == 200, (name, answer.text[:300])
    return {name: without(answer.json()) for name, answer in answers.items()}


def without(value: Any) -> Any:
    """The same without words that tell of later changes."""
    if isinstance(value, dict):
        return {key: without(one) for key, one in value.items() if key not in LATER}
    return [without(one) for one in value] if isinstance(value, list) else value


def outlines(client: TestClient, cells: list[int], at: datetime) -> list[str]:
    """Outlines of cells as they were drawn at a minute, as text."""
    words = {"at": at.isoformat().replace("+00:00", "Z")}
    found = [client.get(f"{V1}/areas/{cell}/boundary", params=words) for cell in cells]
    assert {answer.status_code for answer in found} == {200}
    return [json.dumps(without(answer.json()), sort_keys=True) for answer in found]


def cases(engine: Engine) -> Any:
    """Every byte of closed incidents and of their events; open ones follow the boundaries."""
    return hand.rows(
        engine,
        "WITH closed AS (SELECT * FROM incident WHERE closed_at IS NOT NULL)"
        " SELECT (SELECT md5(string_agg(i::text, '' ORDER BY no)) FROM closed i) AS incidents,"
        " (SELECT md5(string_agg(e::text, '' ORDER BY no, ordinal)) FROM incident_event e"
        " WHERE no IN (SELECT no FROM closed)) AS events,"
        " (SELECT count(*) FROM incident) AS count",
    )[0]


def check_ground(engine: Engine) -> None:
    """What must be true of the boundaries in force, whatever was published."""
    cells = hand.rows(
        engine,
        "SELECT code, parent_code, ST_AsBinary(geom) AS geom FROM area"
        " WHERE level = 'cell' AND upper_inf(valid) ORDER BY code",
    )
    shape = np.array([shapely.from_wkb(bytes(row.geom)).geoms[0] for row in cells], dtype=object)
    assert all(shapely.get_num_geometries(shapely.from_wkb(bytes(row.geom))) == 1 for row in cells)
    assert shapely.coverage_is_valid(shape)
    parent = np.array([row.parent_code for row in cells])
    for row in hand.rows(
        engine,
        "SELECT code, ST_AsBinary(geom) AS geom FROM area"
        " WHERE level = 'community' AND upper_inf(valid)",
    ):
        union = shapely.coverage_union_all(shape[parent == row.code])
        whole = shapely.from_wkb(bytes(row.geom))
        assert union.normalize().equals_exact(whole.geoms[0].normalize(), 0), row.code
    faults = hand.rows(
        engine,
        "SELECT u.unit_id FROM base_unit u LEFT JOIN area a ON a.code = u.cell_code"
        " AND upper_inf(a.valid) AND a.level = 'cell' WHERE upper_inf(u.valid) AND ("
        " a.id IS NULL OR NOT ST_Contains(a.geom, ST_PointOnSurface(u.geom)))",
    )
    assert faults == []
    open_versions = hand.rows(engine, "SELECT id FROM boundary_version WHERE upper_inf(valid)")
    assert len(open_versions) == 1


def check_shapes(engine: Engine) -> None:
    """Shapes for tiles are those that the whole city's cells would be given at once."""
    cells = hand.rows(
        engine,
        "SELECT code, ST_AsBinary(geom) AS geom FROM area"
        " WHERE level = 'cell' AND upper_inf(valid) ORDER BY code",
    )
    frame = gpd.GeoDataFrame(
        {"code": [row.code for row in cells], "level": "cell"},
        geometry=[shapely.from_wkb(bytes(row.geom)) for row in cells],
        crs="EPSG:4326",
    )
    wanted = shapes.for_zooms(frame, shapes.zooms_of("cell"))
    keys = zip(wanted["zoom"].tolist(), wanted["code"].tolist(), strict=True)
    expected = dict(zip(keys, wanted.geometry.to_numpy(), strict=True))
    held = hand.rows(
        engine,
        "SELECT zoom, code, ST_AsBinary(geom) AS geom FROM area_shape"
        " WHERE level = 'cell' AND upper_inf(valid)",
    )
    assert {(row.zoom, row.code) for row in held} == expected.keys()
    for row in held:
        given = shapely.normalize(shapely.from_wkb(bytes(row.geom)))
        parts = shapely.get_parts(expected[row.zoom, row.code])
        assert given.equals_exact(shapely.normalize(shapely.multipolygons(parts)), 0.0), row


def test_the_past_stays_and_nothing_is_renumbered(
    own_context: Context, own_client: TestClient
) -> None:
    """Three communities, one after the other; what is asked of minutes before is as it was."""
    engine = own_context.engine
    chosen = hand.communities(engine)[5:8]
    cells = [
        row.code
        for row in hand.rows(engine, "SELECT code FROM area WHERE level = 'cell' ORDER BY code")
        if row.code // 1000 * 1000 in chosen
    ]
    codes_before = {row.code for row in hand.rows(engine, "SELECT code FROM area")}
    minutes = [datetime.now(UTC) - timedelta(days=days) for days in (0, 1, 45, 200)]
    figures = [past(own_client, minute) for minute in minutes]
    drawings = [outlines(own_client, cells, minute) for minute in minutes]
    rows_before = cases(engine)
    assert rows_before.count > 1_000
    units_before = {code: hand.units(engine, code) for code in chosen}
    with hand.approver(own_context) as other:
        for community in chosen:
            plan = drawn(engine, own_client, community)
            hand.approve(plan, other)
            published = plan.step("publish")
            assert published.status_code == 200, published.text
            check_published(engine, published.json(), plan, units_before[community])
            check_ground(engine)
    check_shapes(engine)
    assert [past(own_client, minute) for minute in minutes] == figures
    assert [outlines(own_client, cells, minute) for minute in minutes] == drawings
    assert cases(engine) == rows_before
    codes_after = {row.code for row in hand.rows(engine, "SELECT code FROM area")}
    assert codes_before <= codes_after and len(codes_after - codes_before) == len(chosen)


def check_published(
    engine: Engine, plan: dict[str, Any], drawn_plan: Hand, before: dict[int, int]
) -> None:
    """What was published is what was drawn, and what it said of itself."""
    community, at = plan["area_code"], datetime.fromisoformat(plan["published_at"])
    moves = {
        row.unit_id: row.cell_code
        for row in hand.rows(
            engine, "SELECT unit_id, cell_code FROM plan_move WHERE plan_id = :id", id=plan["id"]
        )
    }
    after = hand.units(engine, community)
    assert after == before | moves and moves
    assert hand.units(engine, community, at - timedelta(microseconds=1)) == before
    effects = plan["effects"]
    assert set(effects["new_cells"]) == set(after.values()) - set(before.values())
    assert set(effects["dissolved_cells"]) == set(before.values()) - set(after.values())
    assert effects["new_cells"] == [max(before.values()) + 1] == effects["needs_worker"]
    touched = {unit: cell for unit, cell in before.items() if unit in moves}
    changed = {*touched.values(), *moves.values()} & set(before.values()) & set(after.values())
    assert set(effects["changed_cells"]) == changed
    sums = hand.rows(
        engine,
        "SELECT a.code, a.households, a.area_m2, a.kind, a.name,"
        " (SELECT sum(u.households) FROM base_unit u WHERE u.cell_code = a.code"
        "  AND upper_inf(u.valid)) AS units"
        " FROM area a WHERE a.parent_code = :community AND upper_inf(a.valid)",
        community=community,
    )
    assert all(row.households == round(row.units) for row in sums)
    (new,) = [row for row in sums if row.code in effects["new_cells"]]
    assert new.name.endswith(f"第{new.code % 1000}网格") and new.kind == "grid_cell"
    whole = hand.rows(
        engine,
        "SELECT p.residents AS whole, p.area_m2 AS ground, sum(a.residents) AS parts,"
        " sum(a.area_m2) AS parts_m2 FROM area p JOIN area a ON a.parent_code = p.code"
        " WHERE p.code = :community AND upper_inf(a.valid) AND upper_inf(p.valid)"
        " GROUP BY p.id",
        community=community,
    )[0]
    assert whole.whole == whole.parts
    assert whole.ground == pytest.approx(whole.parts_m2, rel=1e-9)
    kept = hand.rows(
        engine,
        "SELECT count(*) FILTER (WHERE upper_inf(valid)) AS standing, count(*) AS ever,"
        " count(*) FILTER (WHERE upper(valid) = :at) AS ended FROM assignment"
        " WHERE area_code = ANY (:cells)",
        cells=effects["dissolved_cells"], at=at,
    )[0]  # fmt: skip
    assert kept.standing == 0 and kept.ended == kept.ever > 0
    assert drawn_plan.now()["state"] == "published"


def test_cases_of_a_dissolved_cell_go_to_the_cell_that_takes_its_ground(
    own_context: Context, own_client: TestClient
) -> None:
    """They can be looked at, found and moved on there; new reports go there, too."""
    engine = own_context.engine
    community = hand.communities(engine)[6]
    plan = hand.begin(own_client, community)
    cell, into = hand.join(engine, plan, community)
    place = hand.rows(
        engine, "SELECT ST_X(label) AS lon, ST_Y(label) AS lat FROM area WHERE code = :cell",
        cell=cell,
    )[0]  # fmt: skip
    body = {"category": "0110", "title": "路边垃圾", "lon": place.lon, "lat": place.lat,
            "source": "patrol"}  # fmt: skip
    first = {**body, "id": "11111111-1111-4111-8111-111111111111"}
    assert own_client.post(f"{V1}/incidents", json=first).json()["cell_code"] == cell
    with hand.approver(own_context) as other:
        hand.approve(plan, other)
        published = plan.step("publish").json()
    assert published["effects"]["dissolved_cells"] == [cell]
    shown = own_client.get(f"{V1}/incidents/{first['id']}")
    assert shown.status_code == 200 and shown.json()["cell_code"] == into
    stepped = own_client.post(f"{V1}/incidents/{first['id']}/steps", json={"step": "register"})
    assert stepped.status_code == 200, stepped.text
    listed = own_client.get(f"{V1}/incidents", params={"area": community, "limit": 200}).json()
    assert first["id"] in {item["id"] for item in listed["items"]}
    second = {**body, "id": "22222222-2222-4222-8222-222222222222"}
    assert own_client.post(f"{V1}/incidents", json=second).json()["cell_code"] == into


def test_a_plan_is_published_on_its_day(own_context: Context, own_client: TestClient) -> None:
    """Not before local midnight; then without anybody; in the name of who had set the day."""
    engine = own_context.engine
    community = hand.communities(engine)[5]
    plan = hand.begin(own_client, community)
    plan.move(dict([hand.a_border_move(engine, community)]))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).astimezone(CITY_ZONE).date()
    midnight = city_midnight(datetime.now(UTC) + timedelta(days=1))
    with hand.approver(own_context) as other:
        hand.approve(plan, other)
        for wrong in (tomorrow - timedelta(days=2), tomorrow + timedelta(days=400)):
            answer = plan.step("publish", publish_on=wrong.isoformat())
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["field"] == "publish_on"
        set_ = Hand(other, plan.plan).step("publish", publish_on=tomorrow.isoformat())
    assert (set_.json()["state"], set_.json()["publish_on"]) == ("approved", tomorrow.isoformat())
    nothing = hand.publish_due(own_context, midnight - timedelta(seconds=1))
    assert +nothing == {}
    assert plan.now()["state"] == "approved"
    assert +hand.publish_due(own_context, midnight) == {"done": 1}
    assert +hand.publish_due(own_context, midnight) == {}
    assert plan.now()["state"] == "published"
    steps = own_client.get(plan.url + "/log").json()["steps"]
    assert (steps[-1]["step"], steps[-1]["account"]) == ("publish", hand.APPROVER)
    check_ground(engine)


def test_a_day_that_comes_too_late_is_told(own_context: Context, own_client: TestClient) -> None:
    """Another plan was published meanwhile: it stays approved, for no day, and its log says why."""
    engine = own_context.engine
    community = hand.communities(engine)[5]
    moves = hand.border_moves(engine, community)
    late, first = hand.begin(own_client, community), hand.begin(own_client, community)
    late.move(dict([moves[0]]))
    first.move(dict([moves[-1]]))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).astimezone(CITY_ZONE).date()
    with hand.approver(own_context) as other:
        for plan in (late, first):
            hand.approve(plan, other)
    assert late.step("publish", publish_on=tomorrow.isoformat()).status_code == 200
    assert first.step("publish").status_code == 200
    assert +hand.publish_due(own_context, datetime.now(UTC) + timedelta(days=2)) == {"failed": 1}
    assert +hand.publish_due(own_context, datetime.now(UTC) + timedelta(days=2)) == {}
    shown = late.now()
    assert (shown["state"], shown["publish_on"], shown["behind"]) == ("approved", None, True)
    last = own_client.get(late.url + "/log").json()["steps"][-1]
    assert last["step"] == "not_published" and last["reason"].startswith("plan-behind")


def test_a_broken_plan_does_not_hold_up_the_others(
    own_context: Context, own_client: TestClient
) -> None:
    """Both are set for the same day, and what is said of the first cannot be read: its job fails,
    its log says so and it is set for no day; the other one is in force."""
    engine = own_context.engine
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).astimezone(CITY_ZONE).date()
    plans = []
    for nth in (4, 5):
        community = hand.communities(engine)[nth]
        plan = hand.begin(own_client, community)
        plan.move(dict([hand.a_border_move(engine, community)]))
        with hand.approver(own_context) as other:
            hand.approve(plan, other)
        assert plan.step("publish", publish_on=tomorrow.isoformat()).status_code == 200
        plans.append(plan)
    broken, whole = plans
    with writing(engine) as session:
        session.get_one(models.Plan, broken.plan["id"]).model = {"household": "broken"}
    later = datetime.now(UTC) + timedelta(days=2)
    assert scheduled.ask_for_due(engine, later) == scheduled.DueReport(2, 0)
    # They are at work: nothing is asked for twice.
    assert scheduled.ask_for_due(engine, later) == scheduled.DueReport(0, 0)
    with worker_process(own_context):
        wait_until(lambda: not hand.rows(engine, "SELECT id FROM plan_job WHERE ended_at IS NULL"))
    assert whole.now()["state"] == "published"
    with writing(engine) as session:
        plan_row = session.get_one(models.Plan, broken.plan["id"])
        assert (plan_row.state, plan_row.publish_on) == ("approved", None)
    last = own_client.get(broken.url + "/log").json()["steps"][-1]
    assert last["step"] == "not_published" and "server's log" in last["reason"]
    assert scheduled.ask_for_due(engine, later) == scheduled.DueReport(0, 0)


def test_what_is_behind_is_refused_with_the_difference(
    own_context: Context, own_client: TestClient
) -> None:
    """409; brought up to date it can be published, with both changes in force."""
    engine = own_context.engine
    community = hand.communities(engine)[5]
    before = hand.units(engine, community)
    moves = hand.border_moves(engine, community)
    (unit, cell) = moves[0]
    other_move = next(
        (u, c) for u, c in reversed(moves)
        if u != unit and {before[u], c}.isdisjoint({before[unit], cell})
    )  # fmt: skip
    behind, first = hand.begin(own_client, community), hand.begin(own_client, community)
    behind.move({unit: cell})
    first.move(dict([other_move]))
    with hand.approver(own_context) as approver:
        hand.approve(behind, approver)
        hand.approve(first, approver)
        assert first.step("publish").status_code == 200
        refused = behind.step("publish")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/plan-behind")
        assert refused.json()["difference"] == [
            {"unit_id": other_move[0], "base_cell": before[other_move[0]],
             "current_cell": other_move[1], "plan_cell": None}
        ]  # fmt: skip
        assert hand.units(engine, community) == before | dict([other_move])
        assert behind.step("send_back").status_code == 200
        assert behind.send("POST", "/rebase").status_code == 200
        assert behind.now()["behind"] is False
        hand.approve(behind, approver)
        published = behind.step("publish")
    assert published.status_code == 200, published.text
    assert hand.units(engine, community) == before | dict([other_move]) | {unit: cell}
    check_ground(engine)


def test_the_gate_refuses(own_context: Context, own_client: TestClient) -> None:
    """A cell in two pieces can be drawn, but neither submitted nor published."""
    engine = own_context.engine
    community = hand.communities(engine)[5]
    plan = hand.begin(own_client, community)
    cells = hand.units(engine, community)
    apart = next(
        answer.json()
        for unit, cell in cells.items()
        for target in sorted(set(cells.values()) - {cell})
        if (answer := plan.move({unit: target})).status_code == 200 and answer.json()["faults"]
    )
    assert apart["faults"][0]["rule"] == "in_one_piece"
    refused = plan.step("submit")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/plan-invalid")
    assert refused.json()["faults"][0]["rule"] == "in_one_piece"
    # Whatever came between: what is published is looked at again.
    with writing(engine) as session:
        held = queries.locked(session, plan.plan["id"])
        assert held is not None
        queries.change(session, held, datetime.now(UTC), state="approved")
    plan.now()
    assert plan.step("publish").json()["type"] == "/problems/plan-invalid"
    with reading(engine) as session:
        assert queries.one(session, plan.plan["id"]).state == "approved"  # type: ignore[union-attr]
    assert hand.units(engine, community) == cells


def test_it_is_told_and_written_down(own_context: Context, own_client: TestClient) -> None:
    """One event a community, one row in the audit for the approval and one for the publication."""
    engine = own_context.engine
    community = hand.communities(engine)[5]
    plan = hand.begin(own_client, community)
    plan.move(dict([hand.a_border_move(engine, community)]))
    with hand.approver(own_context) as other:
        hand.approve(plan, other)
        published = plan.step("publish").json()
    told = hand.rows(
        engine,
        "SELECT area_code, payload FROM outbox WHERE topic = 'boundaries.published'"
        " UNION ALL SELECT area_code, payload FROM stream_event"
        " WHERE topic = 'boundaries.published'",
    )
    assert [row.area_code for row in told] == [community]
    assert told[0].payload["boundary_version"] == published["boundary_version"]
    audit = own_client.get(f"{V1}/audit", params={"area": community}).json()["items"]
    assert [(row["kind"], row["account"]) for row in audit] == [
        ("plan_published", "test_admin"), ("plan_approved", hand.APPROVER),
    ]  # fmt: skip
