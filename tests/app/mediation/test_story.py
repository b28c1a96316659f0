"""The article's story, over HTTP with real accounts against a real server process.

A loan of 20,000 yuan is refused. The grid worker hears of it on a home visit and reports it; the
workstation escalates it to the subdistrict, whose centre calls in an officer, a legal adviser, a
mediator and the grid worker. They meet, agree, and it is repaid by transfer on the spot.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.db import make_engine
from app.identity.rules import Role
from geodata import codes
from tests import staff
from tests.app.identity.canary import places
from tests.app.warnings.sending import place_in
from tests.dump import dump, holding
from tests.server import ServerProcess

# What a careless post might write, and what must then stand nowhere.
PARTIES = ("王大山", "李小河", "13800138000", "620102199001011234", "6222021234567890123")


class Posts:
    """The posts of one subdistrict, each with a session of its own."""

    def __init__(self, server: ServerProcess, stack: ExitStack) -> None:
        self.engine = make_engine(server.database_url)
        stack.callback(self.engine.dispose)
        community = places(self.engine)["own"]
        subdistrict = codes.parent_of(community)
        assert subdistrict is not None
        self.community, self.subdistrict = community, subdistrict
        wanted = {
            "grid_worker": (Role.GRID_WORKER, community),
            "workstation": (Role.DUTY_OFFICER, community),
            "command_post": (Role.DUTY_OFFICER, subdistrict),
            "mediator": (Role.RESPONDER, subdistrict),
        }
        self._clients: dict[str, httpx.Client] = {}
        for name, (role, area) in wanted.items():
            staff.add_account(self.engine, f"story_{name}", role, area)
            client = httpx.Client(base_url=server.base_url, timeout=30)
            self._clients[name] = stack.enter_context(client)
            staff.sign_in(client, f"story_{name}")

    def ask(self, post: str, method: str, path: str, **words: Any) -> httpx.Response:
        """A request in the name of a post."""
        return self._clients[post].request(method, f"/api/v1{path}", **words)

    def get(self, post: str, path: str, **params: Any) -> Any:
        """What a path gives to a post."""
        answer = self.ask(post, "GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, post: str, method: str, path: str, status: int = 200, **body: Any) -> Any:
        """Something that a post does."""
        answer = self.ask(post, method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def posts(server: ServerProcess) -> Iterator[Posts]:
    """Four posts at a real server."""
    with ExitStack() as stack:
        yield Posts(server, stack)


def test_a_loan_is_repaid(posts: Posts) -> None:
    """From the home visit to the follow-up; no party's identity is stored anywhere."""
    lon, lat, _ = place_in(posts.engine, posts.community)
    case_id = str(uuid4())
    report = {
        "id": case_id, "category": "1003", "title": "借款两万元到期拒还",
        "description": "入户走访时得知：一笔 20000 元的民间借款到期，一方拒绝归还。",
        "lon": lon, "lat": lat, "source": "visit",
    }  # fmt: skip
    steps = f"/incidents/{case_id}/steps"
    posts.do("grid_worker", "POST", "/incidents", 201, **report)
    posts.do("workstation", "POST", steps, step="register")
    posts.do("workstation", "POST", steps, step="escalate", reason="数额较大，请街道联合调解")
    # The tier below may no longer open the table.
    posts.do("workstation", "POST", f"/incidents/{case_id}/mediation", 403)
    posts.do("grid_worker", "POST", f"/incidents/{case_id}/mediation", 403)
    table = posts.do("command_post", "POST", f"/incidents/{case_id}/mediation", 201)
    posts.do("command_post", "POST", f"/incidents/{case_id}/mediation", 409)
    path = f"/mediations/{table['id']}"

    units = call_everybody_in(posts, path)
    openings = posts.get("command_post", f"{path}/openings", days=14)
    assert openings["items"] and openings["items"][0]["room"]["station"]["kind"] == "command_post"
    room = openings["items"][0]["room"]["id"]
    now = datetime.now(UTC)
    planned = {"room_id": room, "starts_at": (now - timedelta(minutes=1)).isoformat(),
               "ends_at": (now + timedelta(hours=1)).isoformat()}  # fmt: skip
    met_soon = posts.do("command_post", "PUT", f"{path}/meeting", **planned)
    assert met_soon["state"] == "scheduled" and met_soon["incident"]["status"] == "acknowledged"
    posts.do("mediator", "POST", f"{path}/met")

    careless_posts_are_refused(posts, path)
    agreement = {"terms": "当场通过转账一次还清借款本金，双方再无争议。", "amount_yuan": 20000}
    agreed = posts.do("mediator", "POST", f"{path}/outcome", outcome="mediated",
                      agreement=agreement)  # fmt: skip
    assert (agreed["state"], agreed["incident"]["status"]) == ("concluded", "handled")
    assert agreed["agreement"] == {
        **agreement, "due_on": None, "performance": "none", "performed_at": None,
    }  # fmt: skip
    repaid = posts.do("mediator", "POST", f"{path}/performance", performance="fully")
    assert (repaid["state"], repaid["incident"]["status"]) == ("performed", "closed")
    assert repaid["agreement"]["performed_at"] is not None
    posts.do("command_post", "POST", f"{path}/follow_up", satisfaction="satisfied")

    done = posts.get("command_post", path)
    assert done["state"] == "followed_up" and done["next"] == []
    assert [unit["role"] for unit in done["participants"]] == list(units)
    case = posts.get("command_post", f"/incidents/{case_id}")
    assert (case["status"], case["satisfaction"]) == ("closed", "satisfied")
    assert [(step["step"], step["role"]) for step in case["timeline"]] == [
        ("report", None), ("register", "duty_officer"), ("escalate", "duty_officer"),
        ("assign", "duty_officer"), ("acknowledge", "duty_officer"), ("handle", "responder"),
        ("hand_back", "responder"), ("check", "responder"), ("close", "responder"),
        ("follow_up", "duty_officer"),
    ]  # fmt: skip
    assert case["timeline"][8]["outcome"] == "mediated"
    found = dump(posts.engine)
    assert holding(found, "当场通过转账一次还清")["mediation_event"]  # the search finds
    assert holding(found, *PARTIES) == {}


def call_everybody_in(posts: Posts, path: str) -> dict[str, int]:
    """By unit and role; each says that it comes."""
    units = {}
    for role in ("officer", "legal_adviser", "mediator", "grid_worker"):
        found = posts.get("command_post", "/duty_units", area=posts.community, role=role)["items"]
        units[role] = found[0]["unit_id"]
        posts.do("command_post", "POST", f"{path}/participants", unit_id=units[role])
        who = "grid_worker" if role == "grid_worker" else "mediator"
        posts.do(who, "PUT", f"{path}/participants/{units[role]}", answer="accepted")
    table = posts.get("command_post", path)
    assert {unit["answer"] for unit in table["participants"]} == {"accepted"}
    assert table["incident"]["status"] == "assigned"
    return units


def careless_posts_are_refused(posts: Posts, path: str) -> None:
    """There is no field for a party, and numbers of somebody are refused in the terms."""
    for number in PARTIES[2:]:
        made = {"terms": f"转账至 {number}", "amount_yuan": 20000}
        answer = posts.ask("mediator", "POST", f"{path}/outcome",
                           json={"outcome": "mediated", "agreement": made})  # fmt: skip
        assert answer.status_code == 422, number
        assert "terms" in answer.json()["errors"][0]["field"]
    for field in ("party", "debtor", "name", "phone"):
        body = {"outcome": "not_mediated", field: PARTIES[0]}
        assert posts.ask("mediator", "POST", f"{path}/outcome", json=body).status_code == 422
