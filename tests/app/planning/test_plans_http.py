"""Plans over HTTP: beginning, changing, locking, commenting, their life, and who may."""

from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import writing
from app.identity.rules import Role
from tests import staff
from tests.app.identity.canary import client_of
from tests.app.planning import hand
from tests.app.planning.hand import Hand
from tests.payloads import REFUSED, TAKEN

V1 = "/api/v1"


@pytest.fixture
def community(own_context: Context) -> int:
    """A community of several cells."""
    return hand.communities(own_context.engine)[5]


def field_of(answer: Any) -> str:
    """The first field that a refusal names."""
    return str(answer.json()["errors"][0]["field"])


def test_a_plan_begins_from_the_boundaries_in_force(own_client: TestClient, community: int) -> None:
    """It moves nothing, and is the newest in the list; the ETag is its revision."""
    answer = own_client.post(
        f"{V1}/plans",
        json={"title": " 春季\u3000调整 ", "area_code": community, "note": "一\r\n二"},
    )
    assert answer.status_code == 201 and answer.headers["etag"] == '"1"'
    plan = answer.json()
    assert (plan["state"], plan["revision"], plan["moved_units"]) == ("draft", 1, 0)
    assert (plan["title"], plan["note"]) == ("春季\u3000调整", "一\n二")
    assert plan["allowed"] == ["withdraw"] and plan["editable"] and not plan["behind"]
    assert not plan["can_undo"] and not plan["can_redo"] and plan["effects"] is None
    shown = own_client.get(f"{V1}/plans/{plan['id']}")
    assert shown.json() == plan and shown.headers["etag"] == '"1"'
    listed = own_client.get(f"{V1}/plans").json()
    assert listed["plans"][0] == {key: plan[key] for key in listed["plans"][0]}
    log = own_client.get(f"{V1}/plans/{plan['id']}/log").json()
    assert [step["step"] for step in log["steps"]] == ["created"] and log["edits"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"), ({"title": " "}, "title"), ({"title": "x" * 201}, "title"),
        ({"title": 1}, "title"), ({"title": None}, "title"), ({"note": "x" * 4001}, "note"),
        ({"note": "a\x00b"}, "note"), ({"area_code": 0}, "area_code"),
        ({"area_code": 620111001001001}, "area_code"), ({"area_code": "x"}, "area_code"),
        ({"area_code": 620199000000000}, "area_code"), ({"area_code": 1e300}, "area_code"),
        ({"area_code": True}, "area_code"), ({"parent_id": 0}, "parent_id"),
        ({"parent_id": 2**63}, "parent_id"), ({"parent_id": -1}, "parent_id"),
        ({"state": "published"}, "state"), ({"author": "somebody"}, "author"),
    ],
)  # fmt: skip
def test_what_no_plan_begins_with(client: TestClient, change: dict[str, Any], field: str) -> None:
    """Each refused by its name, and nothing is stored."""
    before = client.get(f"{V1}/plans").json()
    body = {"title": "x", "area_code": 620111000000000} | change
    answer = client.post(f"{V1}/plans", json=body)
    assert answer.status_code == 422, answer.text
    assert field_of(answer) == field
    assert client.get(f"{V1}/plans").json() == before


def test_without_a_city_or_units_there_is_nothing_to_plan(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """422 naming the area; an unknown parent is 404."""
    with writing(own_context.engine) as session:
        session.execute(text("DELETE FROM base_unit WHERE community_code = :c"), {"c": community})
    answer = own_client.post(f"{V1}/plans", json={"title": "x", "area_code": community})
    assert (answer.status_code, field_of(answer)) == (422, "area_code")
    body = {"title": "x", "area_code": hand.DISTRICT, "parent_id": 99}
    assert own_client.post(f"{V1}/plans", json=body).status_code == 404


def test_hostile_texts_come_back_as_text_or_are_refused(
    own_client: TestClient, community: int, subtests: pytest.Subtests
) -> None:
    """Titles, notes, reasons and comments."""
    plan = hand.begin(own_client, community)
    for payload in TAKEN[::12]:
        with subtests.test(value=payload.value[:40]):
            changed = plan.send("PATCH", title=payload.value, note=payload.value)
            assert changed.status_code == 200, changed.text
            assert changed.json()["title"].strip() == changed.json()["title"] != ""
    for payload in REFUSED:
        if payload.family in ("lines", "long"):
            continue
        with subtests.test(refused=payload.value[:40]):
            raw = plan.send("PATCH", title=payload.value)
            assert raw.status_code in (400, 422), raw.text


def test_two_that_change_it_at_once(own_client: TestClient, community: int) -> None:
    """Whoever has not seen the last revision gets 412 and the revision; a star insists."""
    one = hand.begin(own_client, community)
    other = Hand(own_client, dict(one.plan))
    assert one.send("PATCH", title="甲").json()["revision"] == 2
    late = other.send("PATCH", title="乙")
    assert (late.status_code, late.json()["revision"]) == (412, 2)
    assert field_of(late) == "If-Match"
    without = own_client.patch(one.url, json={"title": "丙"})
    assert (without.status_code, field_of(without)) == (422, "If-Match")
    insists = own_client.patch(one.url, json={"title": "丙"}, headers={"If-Match": "*"})
    assert insists.json()["title"] == "丙"


def test_the_model_is_checked_and_kept(own_client: TestClient, community: int) -> None:
    """All of it, by its own rules."""
    plan = hand.begin(own_client, community)
    model = plan.now()["model"] | {"incident": 3.5, "incidents": "counted",
                                   "incident_by_group": {"01": 2}}  # fmt: skip
    assert plan.send("PATCH", model=model).status_code == 200
    assert plan.now()["model"] == model | {"incident_by_group": {"01": 2.0}}
    for wrong in (
        {"incident": -1}, {"incident": 1e9}, {"household": "x"}, {"incidents": "guessed"},
        {"period_days": 0}, {"incident_by_group": {"x": 1}}, {"weight": 1},
        {"household": 0, "incident": 0, "incident_by_group": {}},
    ):  # fmt: skip
        answer = plan.send("PATCH", model=model | wrong)
        assert answer.status_code == 422, wrong
        assert field_of(answer).startswith("model")
    for raw in ("NaN", "Infinity", "1e999"):
        answer = own_client.patch(
            plan.url, content='{"model": {"incident": ' + raw + "}}",
            headers={**plan.seen(), "content-type": "application/json"},
        )  # fmt: skip
        assert answer.status_code in (400, 422), raw


def test_lists_go_on_behind_a_cursor(own_client: TestClient, community: int) -> None:
    """Newest first; by state; a cursor of another list is refused."""
    ids = [hand.begin(own_client, community, title=f"第{i}份").plan["id"] for i in range(5)]
    Hand(own_client, {"id": ids[2], "revision": 1}).step("withdraw", reason="作废")
    seen: list[int] = []
    cursor = None
    while True:
        words: dict[str, Any] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        part = own_client.get(f"{V1}/plans", params=words).json()
        seen += [plan["id"] for plan in part["plans"]]
        cursor = part["next"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    drafts = own_client.get(f"{V1}/plans", params={"state": "withdrawn"}).json()
    assert [plan["id"] for plan in drafts["plans"]] == [ids[2]]
    assert own_client.get(f"{V1}/plans", params={"cursor": "x"}).status_code == 422


def test_locks_hold_cells_and_areas(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """Twice is once; what is locked takes nobody in and gives nobody away; unlocked it does."""
    engine = own_context.engine
    plan = hand.begin(own_client, hand.parent(community))
    unit, target = hand.a_border_move(engine, community)
    source = hand.units(engine, community)[unit]
    for code, field in ((target, "moves.cell_code"), (source, "moves.unit_id"),
                        (community, "moves.unit_id")):  # fmt: skip
        locked = plan.send("PUT", f"/locks/{code}")
        assert locked.json()["locks"] == [code]
        assert plan.send("PUT", f"/locks/{code}").json()["revision"] == locked.json()["revision"]
        refused = plan.move({unit: target})
        assert (refused.status_code, field_of(refused)) == (422, field)
        assert plan.send("DELETE", f"/locks/{code}").json()["locks"] == []
    assert plan.move({unit: target}).status_code == 200
    # An edit is not undone behind a lock either.
    plan.send("PUT", f"/locks/{community}")
    assert plan.send("POST", "/undo").status_code == 422
    plan.send("DELETE", f"/locks/{community}")
    assert plan.send("POST", "/undo").status_code == 200
    outside = plan.send("PUT", f"/locks/{hand.communities(engine)[-1]}")
    assert (outside.status_code, field_of(outside)) == (422, "code")
    assert plan.send("PUT", "/locks/17").status_code == 422


def test_comments_belong_to_places(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """Inside the area; settled and opened again; closed with the plan."""
    engine = own_context.engine
    plan = hand.begin(own_client, community)
    place = hand.rows(
        engine, "SELECT code, ST_X(label) AS lon, ST_Y(label) AS lat FROM area"
        " WHERE parent_code = :c AND upper_inf(valid) ORDER BY code LIMIT 1", c=community,
    )[0]  # fmt: skip
    said = {"lon": place.lon, "lat": place.lat, "text": "这里有一道铁路\n不要跨"}
    made = own_client.post(plan.url + "/comments", json=said)
    assert made.status_code == 201 and made.json()["area_code"] == place.code
    assert made.json()["text"] == said["text"] and made.json()["account"] == staff.ADMIN
    url = f"{plan.url}/comments/{made.json()['id']}"
    settled = own_client.patch(url, json={"resolved": True}).json()
    assert settled["resolved_at"] is not None
    assert own_client.patch(url, json={"resolved": True}).json() == settled
    assert own_client.patch(url, json={"resolved": False}).json()["resolved_at"] is None
    listed = own_client.get(plan.url + "/comments").json()["comments"]
    assert [one["id"] for one in listed] == [made.json()["id"]]
    for change, field in (
        ({"lon": 0.0}, "lon"), ({"lat": 91}, "lat"), ({"text": ""}, "text"),
        ({"text": " \n "}, "text"), ({"text": "x" * 2001}, "text"), ({"lon": "103"}, "lon"),
    ):  # fmt: skip
        answer = own_client.post(plan.url + "/comments", json=said | change)
        assert (answer.status_code, field_of(answer)) == (422, field), change
    assert own_client.patch(url, json={"resolved": "yes"}).status_code == 422
    assert own_client.patch(f"{plan.url}/comments/999", json={"resolved": True}).status_code == 404
    assert plan.now()["revision"] == 1  # nobody who draws is disturbed
    assert plan.step("withdraw").status_code == 200
    assert own_client.post(plan.url + "/comments", json=said).status_code == 409


def test_a_plan_goes_its_way(own_context: Context, own_client: TestClient, community: int) -> None:
    """Submitted, sent back, submitted, approved by somebody else; every step stands in the log."""
    engine = own_context.engine
    plan = hand.begin(own_client, community)
    assert plan.step("submit").json()["type"] == "/problems/plan-empty"
    plan.move(dict([hand.a_border_move(engine, community)]))
    with hand.approver(own_context) as client:
        other = Hand(client, plan.plan)
        assert plan.step("submit").json()["allowed"] == ["send_back", "withdraw"]
        assert other.now()["allowed"] == ["approve", "send_back", "withdraw"]
        own = plan.step("approve")
        assert (own.status_code, own.json()["type"]) == (409, "/problems/plan-own-approval")
        assert own.json()["allowed"] == ["send_back", "withdraw"]
        refused = plan.move(dict([hand.a_border_move(engine, community)]))
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/plan-not-draft")
        back = other.step("send_back", reason="铁路南侧请再看")
        assert (back.status_code, back.json()["state"]) == (200, "draft")
        assert plan.step("submit").status_code == 200
        illegal = plan.step("publish")
        assert (illegal.status_code, illegal.json()["type"]) == (409, "/problems/illegal-step")
        assert other.step("approve").json()["state"] == "approved"
        assert plan.now()["allowed"] == ["publish", "send_back", "withdraw"]
        assert plan.step("withdraw", reason="改期").json()["state"] == "withdrawn"
    assert plan.now()["allowed"] == []
    steps = own_client.get(plan.url + "/log").json()["steps"]
    assert [(step["step"], step["account"]) for step in steps] == [
        ("created", staff.ADMIN), ("submit", staff.ADMIN), ("send_back", hand.APPROVER),
        ("submit", staff.ADMIN), ("approve", hand.APPROVER), ("withdraw", staff.ADMIN),
    ]  # fmt: skip
    assert [step["no"] for step in steps] == list(range(1, 7))
    assert steps[2]["reason"] == "铁路南侧请再看"


@pytest.mark.parametrize("how", ["move", "undo", "lock", "model"])
def test_whoever_drew_on_it_does_not_approve_it(
    own_context: Context, own_client: TestClient, community: int, how: str
) -> None:
    """Not the author alone: everybody who changed it."""
    engine = own_context.engine
    plan = hand.begin(own_client, community)
    plan.move(dict([hand.a_border_move(engine, community)]))
    with hand.approver(own_context) as client:
        other = Hand(client, plan.plan)
        if how == "move":
            other.edit(kind="reset")
            other.send("POST", "/undo")
        elif how == "undo":
            other.send("POST", "/undo")
            other.send("POST", "/redo")
        elif how == "lock":
            other.send("PUT", f"/locks/{community}")
        else:
            other.send("PATCH", title="新名")
        assert hand.APPROVER in plan.now()["editors"]
        assert plan.step("submit").status_code == 200
        assert other.step("approve").json()["type"] == "/problems/plan-own-approval"


def test_a_copy_stands_on_the_same_ground(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """Moves inside its area, locks and model; from then on each goes its own way."""
    engine = own_context.engine
    first, second = hand.communities(engine)[4:6]
    assert hand.parent(first) == hand.parent(second)
    whole = hand.begin(own_client, hand.parent(first))
    moves = dict([hand.a_border_move(engine, first), hand.a_border_move(engine, second)])
    whole.move(moves)
    whole.edit(kind="split", cell_code=next(iter(sorted(hand.units(engine, first).values()))))
    whole.send("PUT", f"/locks/{second}")
    whole.send("PATCH", model=whole.now()["model"] | {"incident": 5})
    part = hand.begin(own_client, first, parent_id=whole.plan["id"])
    shown = part.now()
    assert shown["parent_id"] == whole.plan["id"] and shown["base_at"] == whole.now()["base_at"]
    assert shown["model"]["incident"] == 5 and shown["locks"] == []
    drawn = {
        plan.plan["id"]: {
            row.unit_id: row.cell_code
            for row in hand.rows(
                engine, "SELECT unit_id, cell_code FROM plan_move WHERE plan_id = :id"
                " AND community_code = :c", id=plan.plan["id"], c=first,
            )
        }
        for plan in (whole, part)
    }  # fmt: skip
    assert drawn[part.plan["id"]] == drawn[whole.plan["id"]] != {}
    assert shown["moved_units"] == len(drawn[part.plan["id"]])
    assert part.send("POST", "/undo").status_code == 200 and part.now()["moved_units"] == 0
    assert whole.now()["moved_units"] > 0


def test_who_may_see_and_do_what(own_context: Context, own_client: TestClient) -> None:
    """Nobody sees a plan of another area, nor one of an area around theirs; a duty officer and an
    auditor look, a grid worker does not."""
    engine = own_context.engine
    found = hand.communities(engine)
    mine = found[5]
    other = next(code for code in found if hand.parent(code) != hand.parent(mine))
    plans = {
        area: hand.begin(own_client, area)
        for area in (mine, hand.parent(mine), other, hand.DISTRICT)
    }
    for role in Role:
        staff.add_account(engine, f"one_{role.value}", role, hand.parent(mine))
    with client_of(own_context, "one_planner") as client:
        visible = {plan["area_code"] for plan in client.get(f"{V1}/plans").json()["plans"]}
        assert visible == {mine, hand.parent(mine)}
        for area, plan in plans.items():
            there = Hand(client, dict(plan.plan))
            inside = area in visible
            for path in ("", "/log", "/comments"):
                answer = client.get(there.url + path)
                assert (answer.status_code == 200) == inside, (area, path)
            if inside:
                assert there.send("PATCH", title="改").status_code == 200
                continue
            for method, path, body in (
                ("PATCH", "", {"title": "x"}), ("POST", "/steps", {"step": "withdraw"}),
                ("POST", "/steps", {"step": "publish"}), ("POST", "/undo", {}),
                ("POST", "/edits", {"kind": "reset"}), ("POST", "/rebase", {}),
                ("PUT", f"/locks/{other}", {}),
                ("POST", "/comments", {"lon": 103.0, "lat": 36.0, "text": "x"}),
            ):  # fmt: skip
                answer = there.send(method, path, **body)
                assert answer.status_code == 404, (area, path, answer.text)
        beyond = client.post(f"{V1}/plans", json={"title": "x", "area_code": other})
        assert beyond.status_code == 403
        copied = {"title": "x", "area_code": mine, "parent_id": plans[hand.DISTRICT].plan["id"]}
        assert client.post(f"{V1}/plans", json=copied).status_code == 404
    for role, status in ((Role.DUTY_OFFICER, 200), (Role.AUDITOR, 200), (Role.GRID_WORKER, 403),
                         (Role.RESPONDER, 403), (Role.WALL_DISPLAY, 403)):  # fmt: skip
        with client_of(own_context, f"one_{role.value}") as client:
            answer = client.get(plans[mine].url)
            assert answer.status_code == status, role
            if status == 200:
                assert answer.json()["allowed"] == [] and not answer.json()["editable"]
            assert Hand(client, dict(plans[mine].plan)).step("withdraw").status_code == 403
    assert plans[other].now()["revision"] == 1
