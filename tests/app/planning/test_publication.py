"""Publishing as a job: told part by part, cancelled at each of them, killed, refused."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.core.context import Context
from app.planning.jobs import running as jobs
from app.planning.life.redrawing import PARTS
from tests.app.planning import hand
from tests.app.planning.hand import Hand
from tests.app.planning.test_jobs import cancelling, look, told_at_once, work, worker_process
from tests.waiting import wait_until

__all__ = ["told_at_once"]

ALL = PARTS + 1
TOLD = (
    "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE topic = 'boundaries.published'"
    " UNION ALL SELECT 1 FROM stream_event WHERE topic = 'boundaries.published') t"
)
AUDITED = "SELECT count(*) AS n FROM audit_row WHERE kind = 'plan_published'"


def begin(context: Context, client: TestClient, nth: int = 4) -> tuple[Hand, dict[int, int]]:
    """An approved plan that moves one unit, and the move."""
    community = hand.communities(context.engine)[nth]
    plan = hand.begin(client, community)
    move = dict([hand.a_border_move(context.engine, community)])
    assert plan.move(move).status_code == 200
    with hand.approver(context) as other:
        hand.approve(plan, other)
    plan.now()
    return plan, move


def ask(plan: Hand) -> Any:
    """The answer to whoever wants it published as it was seen."""
    return plan.client.post(f"{plan.url}/jobs", json={"kind": "publish"}, headers=plan.seen())


def standing(engine: Engine) -> list[Any]:
    """Everything that publishing writes into."""
    counted = [
        f"SELECT count(*), max(lower(valid)), max(upper(valid)) FROM {table}"
        for table in ("base_unit", "area", "area_shape", "boundary_version", "assignment")
    ]
    return [hand.rows(engine, sql) for sql in (*counted, TOLD, AUDITED)]


def test_it_is_published_behind_the_scenes(own_context: Context, own_client: TestClient) -> None:
    """Whole and told part by part; the audit names whose word it was."""
    plan, move = begin(own_context, own_client)
    answer = ask(plan)
    job = answer.json()
    assert (answer.status_code, job["kind"], job["state"]) == (202, "publish", "waiting")
    assert job["params"] == {}
    assert job["estimate_s"] > 0
    assert ask(plan).json()["job_id"] == job["id"]
    with worker_process(own_context):
        wait_until(lambda: look(plan, job)["state"] == "done")
    ended, now = look(plan, job), plan.now()
    assert (ended["done"], ended["total"]) == (ALL, ALL)
    assert now["state"] == "published"
    assert ended["result"] == {"boundary_version": now["boundary_version"]}
    ((unit, cell),) = move.items()
    assert hand.units(own_context.engine, now["area_code"])[unit] == cell
    (row,) = hand.rows(
        own_context.engine, "SELECT account, role FROM audit_row WHERE kind = 'plan_published'"
    )
    assert (row.account, row.role) == (job["account"], "city_admin")


@pytest.mark.usefixtures("told_at_once")
def test_cancelled_at_any_part_nothing_has_happened(
    own_context: Context, own_client: TestClient
) -> None:
    """Whatever was written until then is taken back; afterwards it can be published."""
    plan, _ = begin(own_context, own_client)
    before = standing(own_context.engine)
    for part in (0, 1, 4, 9, ALL - 1):
        job = ask(plan).json()
        asked, shares = cancelling(plan, job, after=part)
        assert jobs.run(own_context, asked) == "cancelled"
        assert len(shares) == part + 1
        assert look(plan, job)["state"] == "cancelled"
        assert plan.now()["state"] == "approved"
        assert standing(own_context.engine) == before
    assert work(own_context, ask(plan).json()) == "done"
    assert plan.now()["state"] == "published"


def test_killed_in_the_middle_it_is_published_once(
    own_context: Context, own_client: TestClient
) -> None:
    """By the worker that comes next."""
    plan, _ = begin(own_context, own_client)
    before = standing(own_context.engine)
    with psycopg.connect(own_context.conninfo) as holder:
        holder.execute("LOCK TABLE area_shape IN EXCLUSIVE MODE")
        with worker_process(own_context) as process:
            job = ask(plan).json()
            wait_until(lambda: hand.someone_waits_for(own_context.engine, "area_shape"))
            # It holds the plan as long as it works: whoever wants it is told so, and does not wait.
            sent_back = plan.step("send_back", reason="no")
            for busy in (ask(plan), sent_back):
                assert (busy.status_code, busy.json()["type"]) == (409, "/problems/plan-busy")
                assert busy.json()["job_id"] == job["id"]
            process.kill()
            process.wait()
        holder.rollback()
        wait_until(lambda: not hand.someone_waits_for(own_context.engine, "area_shape"))
    assert standing(own_context.engine) == before
    with worker_process(own_context):
        wait_until(lambda: look(plan, job)["state"] == "done")
    assert plan.now()["state"] == "published"
    assert hand.rows(own_context.engine, AUDITED)[0].n == 1


def test_what_does_not_fit_is_refused_at_once_and_later(
    own_context: Context, own_client: TestClient
) -> None:
    """A draft, a plan that has moved on, one that is behind; and what happens meanwhile."""
    unseen = own_client.post("/api/v1/plans/1/jobs", json={"kind": "publish"})
    assert (unseen.status_code, unseen.json()["errors"][0]["field"]) == (422, "If-Match")
    draft = hand.begin(own_client, hand.communities(own_context.engine)[4])
    assert (ask(draft).status_code, ask(draft).json()["type"]) == (409, "/problems/illegal-step")
    plan, _ = begin(own_context, own_client)
    rival, _ = begin(own_context, own_client)
    seen = dict(plan.plan)
    assert plan.step("send_back", reason="once more").status_code == 200
    stale = Hand(own_client, seen)
    assert (ask(stale).status_code, ask(stale).json()["type"]) == (
        412, "/problems/precondition-failed",
    )  # fmt: skip
    with hand.approver(own_context) as other:
        plan.now()
        hand.approve(plan, other)
    plan.now()
    waiting, sent_back = ask(plan).json(), ask(rival).json()
    assert rival.step("send_back", reason="not yet").status_code == 200
    assert work(own_context, sent_back) == "failed"
    assert "revision" in look(rival, sent_back)["message"]
    third, _ = begin(own_context, own_client)
    assert third.step("publish").status_code == 200
    before = standing(own_context.engine)
    assert work(own_context, waiting) == "failed"
    assert "base" in look(plan, waiting)["message"]
    late = ask(plan)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/plan-behind")
    assert late.json()["difference"]
    assert standing(own_context.engine) == before
