"""Balancing a plan as a job: over HTTP, by a real worker, cancelled, killed, refused."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.all_jobs import TASKS
from app.core import jobs as queue
from app.core.apart import ChildFault
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import writing
from app.core.jobs import Asked
from app.identity.rules import Role
from app.planning.jobs import running as jobs
from tests import staff
from tests.app.identity.canary import client_of
from tests.app.planning import hand
from tests.app.planning.hand import DISTRICT, Hand
from tests.conftest import ROOT
from tests.processes import below
from tests.waiting import wait_until


def ask(plan: Hand, **words: Any) -> dict[str, Any]:
    """A job that is taken."""
    answer = plan.client.post(f"{plan.url}/jobs", json={"kind": "balance"} | words)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert plan.client.get(answer.headers["Location"]).json()["id"] == job["id"]
    return job


def look(plan: Hand, job: dict[str, Any]) -> dict[str, Any]:
    """The job as it is now."""
    found: dict[str, Any] = plan.client.get(f"{plan.url}/jobs/{job['id']}").json()
    return found


def refused(plan: Hand, **words: Any) -> tuple[int, str, list[str]]:
    """Status, type and fields of a refusal."""
    answer = plan.client.post(f"{plan.url}/jobs", json={"kind": "balance"} | words)
    body = answer.json()
    return answer.status_code, body["type"], [error["field"] for error in body["errors"]]


def work(context: Context, job: dict[str, Any], beginnings: int = 0) -> str:
    """Do it here and now."""
    return jobs.run(context, Asked(job["id"], beginnings, lambda: False))


def moves_of(context: Context, plan: Hand) -> dict[int, int]:
    """Unit -> cell of what a plan moves."""
    found = hand.rows(
        context.engine, "SELECT unit_id, cell_code FROM plan_move WHERE plan_id = :id",
        id=plan.plan["id"],
    )  # fmt: skip
    return {row.unit_id: row.cell_code for row in found}


@pytest.fixture
def plan(own_client: TestClient) -> Hand:
    """A plan of the district."""
    return hand.begin(own_client, DISTRICT)


@contextmanager
def worker_process(context: Context) -> Iterator["subprocess.Popen[str]"]:
    """A worker in a process of its own; killed at the end."""
    url = context.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.app.planning.job_worker", url],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        # It may say first what it begins again.
        assert "leads\n" in iter(process.stdout.readline, "")
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_balanced_plan_is_one_edit(own_context: Context, plan: Hand) -> None:
    """Evener, valid, told as it goes; undone in one step. The same seed gives the same again."""
    area = hand.communities(own_context.engine)[3]
    with queue.working(own_context, (), TASKS):
        job = ask(plan, areas=[area], seed=5)
        assert (job["kind"], job["state"], job["params"]["areas"]) == ("balance", "waiting", [area])
        assert job["estimate_s"] > 0
        wait_until(lambda: look(plan, job)["state"] == "done")
    ended = look(plan, job)
    units = len(hand.units(own_context.engine, area))
    assert (ended["done"], ended["total"], ended["message"]) == (units, units, "")
    assert ended["asked_at"] <= ended["started_at"] <= ended["ended_at"]
    result = ended["result"]
    assert result["after"]["variation"] < result["before"]["variation"]
    drawn = moves_of(own_context, plan)
    assert 0 < len(drawn) == result["units"]
    assert {cell // 1000 for cell in drawn.values()} == {area // 1000}
    edits = plan.client.get(f"{plan.url}/log").json()["edits"]
    assert [(e["kind"], e["no"], e["units"]) for e in edits] == [
        ("balance", result["edit"], len(drawn))
    ]
    assert plan.now()["revision"] == result["revision"]
    assert plan.client.get(f"{plan.url}/problems").json()["faults"] == 0
    assert plan.send("POST", "/undo").status_code == 200
    assert moves_of(own_context, plan) == {}
    assert work(own_context, ask(plan, areas=[area], seed=5)) == "done"
    assert moves_of(own_context, plan) == drawn
    listed = plan.client.get(f"{plan.url}/jobs").json()["jobs"]
    assert [each["id"] for each in listed] == [job["id"] + 1, job["id"]]


def test_chosen_cells_alone_change(own_context: Context, plan: Hand) -> None:
    """All others of their community stay; locked cells stay among the chosen, too."""
    area = hand.communities(own_context.engine)[3]
    cells = sorted(set(hand.units(own_context.engine, area).values()))
    chosen = cells[:4]
    assert plan.client.put(f"{plan.url}/locks/{cells[0]}").status_code == 200
    # Cells among the areas are chosen cells.
    assert work(own_context, ask(plan, areas=chosen)) == "done"
    moved = moves_of(own_context, plan)
    before = hand.units(own_context.engine, area)
    touched = set(moved.values()) | {before[unit] for unit in moved}
    assert touched <= set(chosen[1:])
    assert len(touched) > 1


def test_a_whole_plan_and_its_sliders(own_context: Context, plan: Hand) -> None:
    """Without areas it is the plan's own; little change moves less than much balance."""
    assert work(own_context, ask(plan, little_change=1.0, balance=0.0)) == "done"
    little = len(moves_of(own_context, plan))
    assert plan.now() and plan.send("POST", "/undo").status_code == 200
    job = ask(plan, little_change=0.0, balance=1.0)
    assert job["params"] == {
        "areas": [DISTRICT], "cells": [], "profile": "standard", "balance": 1.0, "shape": 0.5,
        "little_change": 0.0, "seed": 1,
    }  # fmt: skip
    assert work(own_context, job) == "done"
    assert 0 < little < len(moves_of(own_context, plan))
    assert look(plan, job)["objective"] is not None


def test_nothing_to_change(own_context: Context, plan: Hand) -> None:
    """A job that finds nothing better is done, and no edit."""
    area = hand.communities(own_context.engine)[3]
    assert plan.client.put(f"{plan.url}/locks/{area}").status_code == 200
    job = ask(plan, areas=[area])
    assert work(own_context, job) == "done"
    result = look(plan, job)["result"]
    assert (result["units"], result["edit"]) == (0, None)
    assert plan.client.get(f"{plan.url}/log").json()["edits"] == []


def test_nobody_draws_where_it_works(own_context: Context, plan: Hand) -> None:
    """409 there, elsewhere not; when it is cancelled the way is free again."""
    one, other = hand.communities(own_context.engine)[3:5]
    job = ask(plan, areas=[one])
    blocked = plan.move(dict([hand.a_border_move(own_context.engine, one)]))
    assert (blocked.status_code, blocked.json()["job_id"]) == (409, job["id"])
    assert refused(plan)[:2] == (409, "/problems/plan-busy")
    assert plan.move(dict([hand.a_border_move(own_context.engine, other)])).status_code == 200
    cancelled = plan.client.post(f"{plan.url}/jobs/{job['id']}/cancel").json()
    assert (cancelled["state"], cancelled["cancel_asked"]) == ("cancelled", True)
    assert work(own_context, job) == "nothing to do"
    assert plan.move(dict([hand.a_border_move(own_context.engine, one)])).status_code == 200
    again = plan.client.post(f"{plan.url}/jobs/{job['id']}/cancel")
    assert (again.status_code, again.json()["ended_at"]) == (200, cancelled["ended_at"])


NEVER = 2.0
"""A share of the work that is never reached."""


def cancelling(
    plan: Hand, job: dict[str, Any], *, after: int = 0, share: float = 0.0
) -> tuple[Asked, list[float]]:
    """A run of a job that is cancelled over HTTP at the first report after so many others by which
    so much of the work was told; and the share that was told at each report, which fills up as it
    runs.

    A job asks whoever runs it, at each report, whether the server is about to end.
    """
    shares: list[float] = []
    cancelled = False

    def stopping() -> bool:
        nonlocal cancelled
        shown = look(plan, job)
        shares.append(shown["done"] / max(shown["total"], 1))
        if not cancelled and len(shares) > after and shares[-1] >= share:
            answer = plan.client.post(f"{plan.url}/jobs/{job['id']}/cancel").json()
            assert (answer["state"], answer["cancel_asked"]) == ("running", True)
            cancelled = True
        return False

    return Asked(job["id"], 0, stopping), shares


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report is written down, however soon after the last."""
    monkeypatch.setattr(jobs, "TELL_EVERY_S", 0.0)


@pytest.mark.usefixtures("told_at_once")
def test_cancelled_in_the_middle(own_context: Context, plan: Hand) -> None:
    """The report that is being made hears of it; nothing is drawn."""
    job = ask(plan)
    asked, shares = cancelling(plan, job, after=2)
    assert jobs.run(own_context, asked) == "cancelled"
    assert len(shares) == 3
    assert look(plan, job)["state"] == "cancelled"
    assert moves_of(own_context, plan) == {}


def test_cancelled_a_moment_too_late(own_context: Context, plan: Hand) -> None:
    """After the last report, while what was found is being written: it is taken back."""
    with psycopg.connect(own_context.conninfo) as holder:
        holder.execute("LOCK TABLE plan_move IN EXCLUSIVE MODE")
        with worker_process(own_context):
            job = ask(plan, areas=[hand.communities(own_context.engine)[3]])
            wait_until(lambda: hand.someone_waits_for(own_context.engine, "plan_move"))
            answer = plan.client.post(f"{plan.url}/jobs/{job['id']}/cancel").json()
            assert (answer["state"], answer["done"]) == ("running", answer["total"])
            holder.rollback()
            wait_until(lambda: look(plan, job)["state"] == "cancelled")
    assert moves_of(own_context, plan) == {}


@pytest.mark.usefixtures("told_at_once")
@pytest.mark.parametrize("kind", ["replay", "forecast"])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_study_is_cancelled_in_the_middle(
    kind: str, share: float, own_context: Context, plan: Hand
) -> None:
    """While it counts and computes it moves on, and the next report hears that it is over."""
    job = ask(plan, kind=kind)
    asked, shares = cancelling(plan, job, share=share)
    assert jobs.run(own_context, asked) == "cancelled"
    ended = look(plan, job)
    assert (ended["state"], ended["result"]) == ("cancelled", None)
    assert share * ended["total"] <= ended["done"] < ended["total"]
    assert shares == sorted(shares)
    assert any(0 < told < share for told in shares)
    # Asked for again, it comes to its end.
    assert work(own_context, again := ask(plan, kind=kind)) == "done"
    assert look(plan, again)["state"] == "done"


@pytest.mark.usefixtures("told_at_once")
def test_a_balance_is_cancelled_before_it_searches(own_context: Context, plan: Hand) -> None:
    """While the ground is read, which takes seconds of a city: nothing is done by then."""
    job = ask(plan)
    asked, shares = cancelling(plan, job)
    assert jobs.run(own_context, asked) == "cancelled"
    assert shares == [0.0]
    assert look(plan, job)["done"] == 0


def test_killed_in_the_middle(own_context: Context, plan: Hand) -> None:
    """While it writes what it found: the plan is as it was; the next worker does it again, once."""
    area = hand.communities(own_context.engine)[3]
    with psycopg.connect(own_context.conninfo) as holder:
        holder.execute("LOCK TABLE plan_move IN EXCLUSIVE MODE")
        with worker_process(own_context) as process:
            job = ask(plan, areas=[area])
            wait_until(lambda: hand.someone_waits_for(own_context.engine, "plan_move"))
            process.kill()
            process.wait()
        holder.rollback()
        wait_until(lambda: not hand.someone_waits_for(own_context.engine, "plan_move"))
    assert look(plan, job)["state"] == "running"
    assert moves_of(own_context, plan) == {}
    assert plan.client.get(f"{plan.url}/log").json()["edits"] == []
    with worker_process(own_context):
        wait_until(lambda: look(plan, job)["state"] == "done")
    result = look(plan, job)["result"]
    edits = plan.client.get(f"{plan.url}/log").json()["edits"]
    assert [edit["no"] for edit in edits] == [result["edit"]]
    assert len(moves_of(own_context, plan)) == result["units"] > 0


def test_what_breaks_again_and_again_is_given_up(own_context: Context, plan: Hand) -> None:
    """Begun three times and never ended: failed, and the way is free."""
    job = ask(plan)
    assert work(own_context, job, beginnings=3) == "nothing to do"
    ended = look(plan, job)
    assert (ended["state"], ended["message"]) == ("failed", jobs.BROKEN_OFF)
    assert ask(plan)["id"] > job["id"]


def test_a_job_that_nobody_works_on_is_ended(own_context: Context, plan: Hand) -> None:
    """Its row of the queue is gone, or has ended; one that waits its turn stays."""
    areas = hand.communities(own_context.engine)[3:6]
    lost, ended, waiting = (ask(plan, areas=[area]) for area in areas)
    with writing(own_context.engine) as session:
        session.execute(text("SET LOCAL search_path = jobs"))
        args = text("DELETE FROM procrastinate_jobs WHERE args = jsonb_build_object('row_id', :id)")
        session.execute(args, {"id": lost["id"]})
        session.execute(
            text("UPDATE procrastinate_jobs SET status = 'failed'"
                 " WHERE args = jsonb_build_object('row_id', :id)"), {"id": ended["id"]}
        )  # fmt: skip
    assert jobs.sweep(own_context, utc_now()) == "2 stranded"
    states = [look(plan, job)["state"] for job in (lost, ended, waiting)]
    assert states == ["failed", "failed", "waiting"]


def test_a_server_that_ends_leaves_it_to_the_next(own_context: Context, plan: Hand) -> None:
    """It waits again, in the queue again, and is done later."""
    job = ask(plan, areas=[hand.communities(own_context.engine)[3]])
    assert jobs.run(own_context, Asked(job["id"], 0, lambda: True)) == "waiting"
    assert look(plan, job)["state"] == "waiting"
    with queue.working(own_context, (), TASKS):
        wait_until(lambda: look(plan, job)["state"] == "done")


def test_why_it_failed_is_told(
    own_context: Context, plan: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of the plan in its words, a fault of ours without ours."""
    job = ask(plan)
    with writing(own_context.engine) as session:
        session.execute(text("UPDATE plan SET state = 'withdrawn'"))
    assert work(own_context, job) == "failed"
    assert "only a draft can be changed" in look(plan, job)["message"]
    with writing(own_context.engine) as session:
        session.execute(text("UPDATE plan SET state = 'draft'"))

    def fail(*_: object) -> None:
        raise LookupError("secret")

    monkeypatch.setitem(jobs.KINDS, jobs.JobKind.BALANCE, fail)
    other = ask(plan)
    with pytest.raises(LookupError):
        work(own_context, other)
    assert look(plan, other)["message"] == jobs.OUR_FAULT


def test_a_search_that_is_ended_from_outside(own_context: Context, plan: Hand) -> None:
    """The kernel takes its process: the job fails, nothing is drawn, and the next one works."""

    def kill_the_search() -> bool:
        for child in searches():
            os.kill(child, signal.SIGKILL)
        return False

    job = ask(plan)
    with pytest.raises(ChildFault):
        jobs.run(own_context, Asked(job["id"], 0, kill_the_search))
    assert (look(plan, job)["state"], look(plan, job)["message"]) == ("failed", jobs.OUR_FAULT)
    assert moves_of(own_context, plan) == {}
    assert work(own_context, ask(plan)) == "done"


def searches() -> list[int]:
    """The processes that search for this one."""
    return [
        child
        for child in below(os.getpid())
        if b"core.apart" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_what_is_refused(own_context: Context, plan: Hand) -> None:
    """Areas elsewhere, too few cells, numbers that are none, another plan's job, a closed plan."""
    area = hand.communities(own_context.engine)[3]
    cell = min(hand.units(own_context.engine, area).values())
    invalid = (422, "/problems/invalid-input")
    other_district = 620_102_000_000_000
    for words, field in (
        ({"areas": [other_district]}, "areas"),
        ({"areas": [DISTRICT + 999_000_000]}, "areas"),
        ({"cells": [cell]}, "cells"),
        ({"cells": [cell, area + 998]}, "cells"),
        ({"cells": [area]}, "cells"),
        ({"areas": []}, "areas"),
        ({"balance": 1.5}, "balance"),
        ({"shape": "0.5"}, "shape"),
        ({"little_change": -0.1}, "little_change"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**53}, "seed"),
        ({"profile": "wild"}, "profile"),
        ({"kind": "guess"}, "kind"),
        ({"more": 1}, "more"),
    ):
        assert refused(plan, **words) == (*invalid, [field]), words
    answer = plan.client.post(
        f"{plan.url}/jobs", content='{"kind": "balance", "balance": NaN}',
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code in {400, 422}
    job, second = ask(plan, areas=[area]), hand.begin(plan.client, DISTRICT)
    for path in (f"{second.url}/jobs/{job['id']}", f"{plan.url}/jobs/{job['id'] + 5}"):
        assert plan.client.get(path).status_code == 404
        assert plan.client.post(f"{path}/cancel").status_code == 404
    assert plan.client.get("/api/v1/plans/999999/jobs").status_code == 404
    assert second.step("withdraw").status_code == 200
    assert refused(second)[:2] == (409, "/problems/plan-not-draft")


def test_who_may(own_context: Context, plan: Hand) -> None:
    """A duty officer looks; another area's planner sees nothing of it."""
    job = ask(plan)
    away = 620_102_000_000_000
    for name, role, area in (
        ("officer", Role.DUTY_OFFICER, DISTRICT),
        ("away", Role.PLANNER, away),
    ):
        staff.add_account(own_context.engine, name, role, area)
    with client_of(own_context, "officer") as officer:
        assert officer.get(f"{plan.url}/jobs/{job['id']}").status_code == 200
        assert officer.post(f"{plan.url}/jobs", json={"kind": "balance"}).status_code == 403
        assert officer.post(f"{plan.url}/jobs/{job['id']}/cancel").status_code == 403
    with client_of(own_context, "away") as planner:
        for path in ("", f"/{job['id']}"):
            assert planner.get(f"{plan.url}/jobs{path}").status_code == 404
        assert planner.post(f"{plan.url}/jobs", json={"kind": "balance"}).status_code == 404
        assert planner.post(f"{plan.url}/jobs/{job['id']}/cancel").status_code == 404
    assert look(plan, job)["state"] == "waiting"


def test_it_tells_a_few_times_a_second_at_most(
    own_context: Context, plan: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it reports, only the first report of a while is told; and always the last."""
    monkeypatch.setattr(jobs, "TELL_EVERY_S", 3_600.0)
    job = ask(plan)
    asked, shares = cancelling(plan, job, share=NEVER)
    assert jobs.run(own_context, asked) == "done"
    assert len(shares) > 3 and set(shares[1:]) == {shares[1]} and shares[1] < 1
    ended = look(plan, job)
    assert ended["done"] == ended["total"] > 0
    assert ended["objective"] is not None


def test_a_job_that_is_no_more_ends(own_context: Context, plan: Hand) -> None:
    """Its row is gone, with the plan of which it was: the next report hears of it."""
    job = ask(plan)

    def stopping() -> bool:
        with writing(own_context.engine) as session:
            session.execute(text("DELETE FROM plan_job"))
        return False

    assert jobs.run(own_context, Asked(job["id"], 0, stopping)) == "cancelled"
    assert moves_of(own_context, plan) == {}


def test_the_estimate_is_what_it_took_before(own_context: Context, plan: Hand) -> None:
    """Units a second of the last jobs that were done here."""
    first = ask(plan)
    with writing(own_context.engine) as session:
        session.execute(
            text("UPDATE plan_job SET state = 'done', started_at = asked_at,"
                 " ended_at = asked_at + interval '101 seconds'")
        )  # fmt: skip
    second = ask(plan)
    assert second["estimate_s"] == pytest.approx(101.0, abs=0.1)
    assert first["estimate_s"] < second["estimate_s"]
