"""Steps, tasks and suggestions over HTTP: bad input, stale edits, two at once, who may, merging."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from app.core.clock import utc_now
from app.core.db import make_engine, reading
from app.identity.rules import Role
from app.incidents.rules import statuses_matching
from tests import staff
from tests.app.incidents.crew import Crew, Worker
from tests.conftest import TestCluster
from tests.server import ServerProcess, serving
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def server(cluster: TestCluster, template: str) -> Iterator[ServerProcess]:
    """One server for all tests here: each makes its own cases."""
    name = cluster.clone(template)
    with serving(cluster.url(name)) as process:
        yield process
    cluster.drop(name)


@pytest.fixture(scope="module")
def crew(server: ServerProcess) -> Iterator[Crew]:
    """Posts around one cell, over a real server."""
    engine = make_engine(server.database_url)
    with Crew.around_a_cell(server.base_url, engine) as crew:
        yield crew
    engine.dispose()


def handling(crew: Crew, **changes: Any) -> str:
    """A case that is being handled."""
    desk = crew.at("workstation")
    case_id = crew.report(crew.at("grid", Role.GRID_WORKER), **changes)
    desk.takes(case_id, "register")
    desk.takes(case_id, "assign", unit_id=crew.unit("grid", "grid_worker"))
    desk.takes(case_id, "acknowledge")
    desk.takes(case_id, "handle")
    return case_id


def test_bad_input_names_its_field(crew: Crew) -> None:
    """422, 404 or 415 as problem+json; nothing is logged."""
    desk = crew.at("workstation")
    case_id = crew.report(desk)
    desk.takes(case_id, "register")
    unit = crew.unit("workstation")
    for body, field in (
        ({"step": "fly"}, "step"),
        ({}, "step"),
        ({"step": "assign"}, "unit_id"),
        ({"step": "assign", "unit_id": 0}, "unit_id"),
        ({"step": "assign", "unit_id": "7"}, "unit_id"),
        ({"step": "assign", "unit_id": 10**20}, "unit_id"),
        ({"step": "assign", "unit_id": 987654321}, "unit_id"),
        ({"step": "assign", "unit_id": unit, "until": "2026-12-31T00:00:00Z"}, "until"),
        ({"step": "assign", "unit_id": unit, "outcome": "pass"}, "outcome"),
        ({"step": "assign", "unit_id": unit, "version": True}, "version"),
        ({"step": "assign", "unit_id": unit, "more": 1}, "more"),
        ({"step": "assign", "unit_id": unit, "reason": "x" * 1001}, "reason"),
        ({"step": "assign", "unit_id": unit, "reason": "a\u0000b"}, "reason"),
        ({"step": "assign", "unit_id": unit, "reason": 7}, "reason"),
        ({"step": "escalate"}, "reason"),
        ({"step": "escalate", "reason": " \n "}, "reason"),
        ({"step": "merge"}, "other_id"),
        ({"step": "merge", "other_id": case_id}, "other_id"),
        ({"step": "merge", "other_id": str(uuid4())}, "other_id"),
        ({"step": "merge", "other_id": 7}, "other_id"),
    ):
        answer = desk.client.post(f"/api/v1/incidents/{case_id}/steps", json=body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert field in {error["field"] for error in answer.json()["errors"]}, answer.text
    assert desk.tries(str(uuid4()), "register").status_code == 404
    assert desk.tries("nonsense", "register").status_code == 422
    url = f"/api/v1/incidents/{case_id}/steps"
    assert desk.client.post(url, content=b"step=register").status_code == 415
    assert desk.client.post(url, json={"step": "assign"}, params={"x": 1}).status_code == 422
    assert len(desk.case(case_id)["timeline"]) == 2


def test_a_suspension_needs_an_end_within_a_year(crew: Crew) -> None:
    """Once; it ends by itself; the clock shows both deadlines."""
    desk, case_id = crew.at("workstation"), handling(crew)
    now = utc_now()
    for days in (-1, 366.5):
        until = (now + timedelta(days=days)).isoformat()
        answer = desk.tries(case_id, "suspend", reason="待材料", until=until)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "until"
    until = (now + timedelta(days=9)).isoformat()
    found = desk.takes(case_id, "suspend", reason="待材料", until=until)
    assert found["status"] == "suspended" and found["clock"]["is_paused"]
    assert desk.may(case_id) >= {"resume", "remind"} and "merge" not in desk.may(case_id)
    found = desk.takes(case_id, "resume")
    assert (found["status"], found["suspended_until"]) == ("handling", None)
    refused = desk.tries(case_id, "suspend", reason="再挂", until=until)
    assert refused.status_code == 409 and "granted once" in refused.json()["detail"]
    assert refused.json()["type"] == "/problems/illegal-step"
    assert set(refused.json()["allowed"]) == desk.may(case_id)


def test_stale_edits(crew: Crew) -> None:
    """By the header 412, by the body 409; neither leaves a trace; the right version passes."""
    desk = crew.at("workstation")
    case_id = crew.report(desk)
    old = desk.case(case_id)["version"]
    desk.takes(case_id, "register", version=old)
    unit = crew.unit("workstation")
    stale = desk.tries(case_id, "assign", unit_id=unit, version=old)
    assert (stale.status_code, stale.json()["type"]) == (409, "/problems/stale-version")
    assert stale.json()["errors"][0]["field"] == "version"
    for tag in (f'"{old}"', f'W/"{old + 1}"', "nonsense", str(old + 1)):
        stale = desk.tries(case_id, "assign", unit_id=unit, headers={"If-Match": tag})
        assert (stale.status_code, stale.json()["errors"][0]["field"]) == (412, "If-Match")
    done = desk.tries(
        case_id, "assign", unit_id=unit, version=old + 1, headers={"If-Match": f'"{old + 1}"'}
    )
    assert done.status_code == 200 and done.headers["etag"] == f'"{old + 2}"'
    any_one = desk.tries(case_id, "acknowledge", headers={"If-Match": "*"})
    assert any_one.status_code == 200


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.WALL_DISPLAY, Role.PLANNER])
def test_readers_take_no_step(crew: Crew, role: Role) -> None:
    """403 before anything is looked at; they are offered nothing."""
    case_id = crew.report(crew.at("workstation"))
    reader = crew.at("workstation", role)
    assert reader.tries(case_id, "register").status_code == 403
    assert reader.may(case_id) == set()
    assert reader.client.get("/api/v1/tasks").status_code == 403


def test_a_step_of_somebody_else(crew: Crew) -> None:
    """403 tells who carries it; a case beyond the grant is not found."""
    case_id = crew.report(crew.at("workstation"))
    worker = crew.at("grid", Role.GRID_WORKER)
    refused = worker.tries(case_id, "register")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/step-not-yours")
    crew.at("workstation").takes(case_id, "register")
    found = crew.at("workstation").takes(case_id, "escalate", reason="超出能力")
    assert found["tier"] == "command_post"
    refused = crew.at("workstation").tries(case_id, "assign", unit_id=1)
    assert refused.status_code == 403 and "command_post" in refused.json()["detail"]
    assert refused.json()["allowed"] == []
    with reading(crew.engine) as session:
        foreign = session.scalar(
            text("SELECT id FROM incident WHERE cell_code / 1000 <> :c / 1000 LIMIT 1"),
            {"c": crew.cell},
        )
    assert crew.at("workstation").tries(str(foreign), "register").status_code == 404
    into = crew.report(crew.at("workstation"))
    answer = crew.at("workstation").tries(into, "merge", other_id=str(foreign))
    assert answer.status_code == 422 and str(foreign) not in answer.text


def test_merged_and_unmerged(crew: Crew) -> None:
    """Both cards tell of each other; back in the state before; no chains, no closed leader."""
    desk = crew.at("workstation")
    leader, other = handling(crew), handling(crew)
    third = crew.report(desk)
    found = desk.takes(other, "merge", other_id=leader)
    assert (found["status"], found["duplicate_of"]["id"]) == ("duplicate", leader)
    assert found["timeline"][-1]["other_no"] == found["duplicate_of"]["no"]
    assert [d["id"] for d in desk.case(leader)["duplicates"]] == [other]
    assert other not in desk.tasks()
    assert desk.tries(third, "merge", other_id=other).status_code == 422
    chained = desk.tries(leader, "merge", other_id=third)
    assert chained.status_code == 422 and chained.json()["errors"][0]["field"] == "other_id"
    back = desk.takes(other, "unmerge", reason="不是同一件")
    assert (back["status"], back["tier"]) == ("handling", "workstation")
    assert back["duplicate_of"] is None and back["closed_at"] is None
    assert back["clock"]["raw_due_at"] <= back["clock"]["due_at"]
    assert desk.case(leader)["duplicates"] == []
    desk.takes(leader, "merge", other_id=third)


def test_a_dispute_is_closed_with_its_outcome(crew: Crew) -> None:
    """And the card offers the words of it."""
    desk, case_id = crew.at("workstation"), handling(crew, category="1001")
    desk.takes(case_id, "hand_back")
    desk.takes(case_id, "check", outcome="pass")
    offered = {line["step"]: line for line in desk.case(case_id)["next_steps"]}
    assert offered["close"]["ordinary"]
    assert sum(line["ordinary"] for line in offered.values()) == 1
    field = next(f for f in offered["close"]["fields"] if f["name"] == "outcome")
    assert field["kind"] == "choice" and "to_court" in field["choices"] and field["required"]
    assert desk.tries(case_id, "close").status_code == 422
    found = desk.takes(case_id, "close", outcome="mediated")
    assert found["timeline"][-1]["outcome"] == "mediated"
    assert desk.case(case_id)["next_steps"][0]["step"] == "follow_up"


def test_another_minute_offers_nothing(crew: Crew) -> None:
    """The past can be looked at, not changed."""
    desk = crew.at("workstation")
    case_id = crew.report(desk)
    at = desk.case(case_id)["reported_at"]
    desk.takes(case_id, "register")
    past = desk.client.get(f"/api/v1/incidents/{case_id}", params={"at": at}).json()
    assert (past["status"], past["version"], past["next_steps"]) == ("reported", 1, [])


def test_tasks_are_listed_by_what_is_due_first(crew: Crew) -> None:
    """Whole, without gaps over pages; only what this role and tier has to do; inside the area."""
    desk = crew.at("workstation")
    for category in ("0110", "0137", "0111"):
        desk.takes(crew.report(desk, category=category), "register")
    whole = desk.client.get("/api/v1/tasks", params={"limit": 500}).json()
    assert whole["total"] == len(whole["items"]) >= 3
    keys = [t["incident"]["clock"]["due_at"] or t["incident"]["reported_at"]
            for t in whole["items"]]  # fmt: skip
    assert keys == sorted(keys)
    seen: list[int] = []
    words: dict[str, Any] = {"limit": 2}
    while True:
        part = desk.client.get("/api/v1/tasks", params=words).json()
        seen += [task["incident"]["no"] for task in part["items"]]
        if part["next"] is None:
            break
        words["cursor"] = part["next"]
    assert seen == [task["incident"]["no"] for task in whole["items"]]
    for task in whole["items"]:
        ordinary = [line["step"] for line in task["next_steps"] if line["ordinary"]]
        assert len(ordinary) == 1, task
        assert task["incident"]["cell_code"] // 1000 == crew.cell // 1000
    empty = desk.client.get("/api/v1/tasks", params={"area": 620102000000000}).json()
    assert (empty["total"], empty["items"]) == (0, [])
    for bad in ({"cursor": "x"}, {"limit": 0}, {"area": "1"}, {"role": "x"}):
        assert desk.client.get("/api/v1/tasks", params=bad).status_code == 422


def test_who_responds_sees_what_is_assigned_to_its_tier(crew: Crew) -> None:
    """A unit of the command post is no task of the workstation's responder, nor the other way."""
    desk, post = crew.at("workstation"), crew.at("command_post")
    near, far = (crew.at(tier, Role.RESPONDER) for tier in ("workstation", "command_post"))
    case_id = crew.report(desk)
    desk.takes(case_id, "register")
    unit = crew.unit("command_post", "duty_officer", "dispatcher", "mediator", "legal_adviser")
    outside = desk.tries(case_id, "assign", unit_id=unit)
    assert outside.status_code == 422  # a post sends its own units only
    desk.takes(case_id, "escalate", reason="超出能力")
    post.takes(case_id, "assign", unit_id=unit)
    assert far.tasks()[case_id] == "acknowledge" and case_id not in near.tasks()
    assert near.tries(case_id, "acknowledge").status_code == 403
    found = far.takes(case_id, "acknowledge")
    assert found["timeline"][-1]["role"] == "responder"
    assert found["assigned_to"]["call_sign"] == found["timeline"][-2]["unit"]


def test_the_map_follows_every_step(crew: Crew) -> None:
    """Counts and tiles come from memory, and memory follows the stream: merged and back again."""
    desk = crew.at("workstation")
    leader, other = handling(crew), handling(crew)

    def counted(status: str) -> int:
        words = {"level": "cell", "area": crew.cell, "status": status}
        answer = desk.client.get("/api/v1/counts", params=words)
        return int(answer.json()["values"].get(str(crew.cell), 0))

    with reading(crew.engine) as session:
        held = session.scalar(
            text("SELECT count(*) FROM incident WHERE cell_code = :c AND status = ANY (:statuses)"
                 " AND reported_at > now() - interval '30 days'"),
            {"c": crew.cell, "statuses": sorted(statuses_matching("handling"))},
        )  # fmt: skip
    wait_until(lambda: counted("handling") == held)
    before, duplicates = counted("handling"), counted("duplicate")
    desk.takes(other, "merge", other_id=leader)
    wait_until(lambda: counted("handling") == before - 1)
    assert counted("duplicate") == duplicates + 1
    desk.takes(other, "unmerge", reason="不是同一件")
    wait_until(lambda: counted("handling") == before)
    assert counted("duplicate") == duplicates


# --- two at once ---------------------------------------------------------------------------------


def at_once(*tries: Callable[[], httpx.Response]) -> list[int]:
    """The statuses of answers to requests that are sent at the same moment."""
    gate = threading.Barrier(len(tries))
    answers: list[int] = []

    def send(one: Callable[[], httpx.Response]) -> None:
        gate.wait()
        answers.append(one().status_code)

    threads = [threading.Thread(target=send, args=(one,)) for one in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_two_servers_at_once_never_both_win(crew: Crew, server: ServerProcess) -> None:
    """Sixteen requests to two processes want the same step: one gets it, in every round."""
    desk = crew.at("workstation")
    case_id = crew.report(desk)
    unit = crew.unit("workstation")
    with serving(server.database_url) as second:
        client = httpx.Client(base_url=second.base_url, timeout=30)
        staff.sign_in(client, desk.name)
        workers = [desk, Worker(desk.name, client)] * 8
        for version, (step, words) in enumerate(
            (
                ("register", {}), ("assign", {"unit_id": unit, "version": 2}), ("acknowledge", {}),
                ("handle", {}), ("hand_back", {}), ("check", {"outcome": "pass"}), ("close", {}),
                ("reopen", {"reason": "再次发现"}),
            ),
            1,
        ):  # fmt: skip
            answers = at_once(
                *(partial(worker.tries, case_id, step, **words) for worker in workers)
            )
            assert answers == [200] + [409] * 15, step
            assert desk.case(case_id)["version"] == version + 1
        client.close()
    log = desk.case(case_id)["timeline"]
    assert [line["ordinal"] for line in log] == list(range(1, len(log) + 1))


def test_the_same_version_wins_once(crew: Crew) -> None:
    """Steps that leave the state as it is: the version decides."""
    desk = crew.at("workstation")
    case_id = crew.report(desk)
    remind = partial(desk.tries, case_id, "remind", reason="请尽快", version=1)
    assert at_once(*[remind] * 8) == [200] + [409] * 7


def test_two_that_merge_into_each_other(crew: Crew) -> None:
    """Neither waits for ever, and they are never each other's duplicate."""
    desk = crew.at("workstation")
    for _ in range(5):
        one, other = crew.report(desk), crew.report(desk)
        answers = at_once(
            partial(desk.tries, one, "merge", other_id=other),
            partial(desk.tries, other, "merge", other_id=one),
        )
        assert answers == [200, 422]
