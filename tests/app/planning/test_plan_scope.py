"""Nobody is shown a plan beyond their grant: every path that names one, or could tell of one.

The paths come from the API document, whoever wrote them.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import writing
from app.identity import rules
from app.identity.rules import Role
from app.planning.models import PlanJob
from app.planning.rules import JobKind, JobState
from tests import staff
from tests.app.identity.canary import CANARY, client_of
from tests.app.planning import hand

TABLES = ("plan", "plan_move", "plan_edit", "plan_lock", "plan_comment", "plan_step", "plan_job")


@dataclass(frozen=True)
class Foreign:
    """A plan of a subdistrict, and a planner of another one."""

    context: Context
    admin: TestClient
    plan: hand.Hand
    community: int
    comment_id: int
    job_id: int

    def fill(self, path: str) -> str:
        """A path with what it asks for."""
        fills = {
            "{plan_id}": self.plan.plan["id"], "{other_id}": self.plan.plan["id"],
            "{comment_id}": self.comment_id, "{job_id}": self.job_id, "{code}": self.community,
        }  # fmt: skip
        for name, value in fills.items():
            path = path.replace(name, str(value))
        return path


@pytest.fixture
def foreign(own_context: Context, own_client: TestClient) -> Foreign:
    """With a canary in every text of the plan."""
    engine = own_context.engine
    found = hand.communities(engine)
    mine, community = found[0], next(
        code for code in found if hand.parent(code) != hand.parent(found[0])
    )  # fmt: skip
    plan = hand.begin(own_client, community, title=CANARY, note=CANARY)
    (unit, cell) = hand.a_border_move(engine, community)
    moved = [{"unit_id": unit, "cell_code": cell}]
    assert plan.edit(kind="move", moves=moved, note=CANARY).status_code == 200
    assert plan.send("PUT", f"/locks/{community}").status_code == 200
    place = hand.rows(
        engine, "SELECT ST_X(label) AS lon, ST_Y(label) AS lat FROM area WHERE code = :c", c=cell
    )[0]
    said = {"lon": place.lon, "lat": place.lat, "text": CANARY}
    comment = own_client.post(plan.url + "/comments", json=said)
    assert comment.status_code == 201, comment.text
    assert plan.step("submit", reason=CANARY).status_code == 200
    with writing(engine) as session:
        job_id = session.execute(
            insert(PlanJob).values(
                plan_id=plan.plan["id"], area_code=community, kind=JobKind.REPLAY,
                params={"seed": 1, "estimate_s": 1.0}, state=JobState.DONE, done=1, total=1,
                message=CANARY, result=None, account=CANARY,
                asked_at=datetime.now(UTC), cancel_asked=False,
            ).returning(PlanJob.id)
        ).scalar_one()  # fmt: skip
    staff.add_account(engine, "far_planner", Role.PLANNER, hand.parent(mine))
    return Foreign(own_context, own_client, plan, community, comment.json()["id"], job_id)


def reads(client: TestClient) -> Iterator[tuple[str, str]]:
    """(operation, path) of everything about plans that is asked for with GET."""
    document = client.get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        if "get" in methods and "/plans" in path:
            yield methods["get"]["operationId"], path


def leaks(client: TestClient, foreign: Foreign) -> set[str]:
    """Operations whose answer tells of the plan."""
    found = set()
    for name, path in reads(client):
        answer = client.get(foreign.fill(path))
        if answer.status_code == 200 and "{plan_id}" in path:
            found.add(name)
        if CANARY in answer.text:
            found.add(name)
    return found


def no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the app's own filter off in every module of planning."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("app.planning."):
            continue
        if hasattr(module, "within"):
            monkeypatch.setattr(module, "within", lambda *_: [])
        if hasattr(module, "clipped"):
            monkeypatch.setattr(module, "clipped", lambda _, asked: asked)


def no_row_security(foreign: Foreign) -> None:
    """Switch the database's own filter off."""
    with writing(foreign.context.engine) as session:
        for table in TABLES:
            session.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))


def test_nothing_of_another_areas_plan_shows(foreign: Foreign) -> None:
    """Whoever may see it is shown it by the very same requests."""
    with client_of(foreign.context, "far_planner") as client:
        assert leaks(client, foreign) == set()
    seen = leaks(foreign.admin, foreign)
    assert seen >= {"list_plans", "get_plan", "get_plan_log", "list_comments"}


def test_each_filter_alone_lets_nothing_through(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row security without the app's filter, the app's filter without row security."""
    with client_of(foreign.context, "far_planner") as client:
        with monkeypatch.context() as patched:
            no_filter(patched)
            assert leaks(client, foreign) == set()
        no_row_security(foreign)
        assert leaks(client, foreign) == set()
        # And the guard itself is seen to fail.
        no_filter(monkeypatch)
        assert leaks(client, foreign) >= {"list_plans", "get_plan", "get_plan_log"}


def test_nobody_changes_another_areas_plan(foreign: Foreign) -> None:
    """Whatever is sent: 404, or refused before anything is looked at; the plan stays as it is."""
    before = foreign.plan.now()
    document: dict[str, Any] = foreign.admin.get("/api/v1/openapi.json").json()
    bodies = {
        "change_plan": {"title": "x"}, "take_plan_step": {"step": "approve"}, "rebase_plan": {},
        "edit_plan": {"kind": "reset"}, "settle_comment": {"resolved": True},
        "add_comment": {"lon": 103.0, "lat": 36.3, "text": "x"},
    }  # fmt: skip
    with client_of(foreign.context, "far_planner") as client:
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if "{plan_id}" not in path or method == "get":
                    continue
                name = operation["operationId"]
                assert name in rules.OPERATIONS
                answer = client.request(
                    method, foreign.fill(path), json=bodies.get(name, {}), headers={"If-Match": "*"}
                )
                expected = (404,) if name in bodies else (404, 415, 422)
                assert answer.status_code in expected, (name, answer.text)
    assert foreign.plan.now() == before
