"""A case carried from the cell to the city centre, by five accounts, over HTTP to a real server."""

import psycopg

from app.core.db import conninfo, make_engine
from app.identity.rules import Role
from tests.app.incidents.crew import Crew, Worker
from tests.server import ServerProcess
from tests.stream_client import Viewer


def _handled(crew: Crew, leader: Worker, case_id: str, tier: str) -> None:
    """Assigned, acknowledged and handled at a tier, the post noting what its unit tells."""
    found = leader.takes(case_id, "assign", unit_id=crew.unit(tier))
    assert found["assigned_to"]["unit_id"] == crew.unit(tier)
    leader.takes(case_id, "acknowledge")
    leader.takes(case_id, "handle")


def test_through_all_tiers(server: ServerProcess) -> None:
    """Verification, extension, three escalations, supervision, a check that is not passed, closing,
    a dissatisfied follow-up, reopening, closing again."""
    engine = make_engine(server.database_url)
    with Crew.around_a_cell(server.base_url, engine) as crew, Viewer(server.base_url) as viewer:
        viewer.read_count("hello", 1)
        worker = crew.at("grid", Role.GRID_WORKER)
        case_id = crew.report(worker)
        _filed_from_the_cell(crew, worker, case_id)
        _extended_by_the_tier_above(crew, worker, case_id)
        _up_to_the_city_centre(crew, worker, case_id)
        _done_twice(crew, case_id)

        final = worker.case(case_id)
        assert final["status"] == "closed" and final["next_steps"] == []
        roles = {line["role"] for line in final["timeline"][1:]}
        assert roles == {"grid_worker", "dispatcher", "duty_officer"}
        posts = {line["post"] for line in final["timeline"][1:]}
        assert len(posts) == 5 and None not in posts
        steps = viewer.read_count("incident.changed", len(final["timeline"]) - 1)
        told = [(e.data["step"], e.data["status"]) for e in steps if e.data["id"] == case_id]
        assert told == [(line["step"], line["status"]) for line in final["timeline"][1:]]
    with psycopg.connect(conninfo(server.database_url)) as connection:
        stored = connection.execute(
            "SELECT status, tier, unit_id FROM incident WHERE id = %s", (case_id,)
        ).fetchone()
    assert stored == ("closed", "city_centre", final["assigned_to"]["unit_id"])
    engine.dispose()


def _filed_from_the_cell(crew: Crew, worker: Worker, case_id: str) -> None:
    """The cell reports; the workstation has it looked at, files and assigns it."""
    desk = crew.at("workstation", Role.DISPATCHER)
    assert desk.tasks()[case_id] == "register" and case_id not in worker.tasks()
    desk.takes(case_id, "ask_verification")
    assert worker.tasks()[case_id] == "verify"
    worker.takes(case_id, "verify", outcome="exists", reason="现场属实")
    desk.takes(case_id, "register")
    assert desk.tasks()[case_id] == "assign"
    desk.takes(case_id, "assign", unit_id=crew.unit("grid", "grid_worker"))
    assert case_id not in desk.tasks() and worker.tasks()[case_id] == "acknowledge"
    assert worker.tries(case_id, "hand_back").status_code == 409  # no stage is jumped
    worker.takes(case_id, "acknowledge")
    worker.takes(case_id, "handle")


def _extended_by_the_tier_above(crew: Crew, worker: Worker, case_id: str) -> None:
    """More time, granted by somebody else; raw and adjusted side by side."""
    desk, post = crew.at("workstation", Role.DISPATCHER), crew.at("command_post")
    before = worker.takes(case_id, "ask_extension", reason="需调吊车")["clock"]
    assert worker.tries(case_id, "extend").status_code == 403
    assert desk.tries(case_id, "extend").status_code == 403
    after = post.takes(case_id, "extend")["clock"]
    assert (after["extensions"], after["raw_due_at"]) == (1, before["raw_due_at"])
    assert after["due_at"] > before["due_at"] == before["raw_due_at"]


def _up_to_the_city_centre(crew: Crew, worker: Worker, case_id: str) -> None:
    """A tier at a time; whoever gave it up can no longer act."""
    desk = crew.at("workstation", Role.DISPATCHER)
    post, sub, city = (crew.at(t) for t in ("command_post", "sub_centre", "city_centre"))
    assert post.takes(case_id, "supervise", reason="尽快")["tier"] == "workstation"
    found = worker.takes(case_id, "escalate", reason="超出网格能力")
    assert (found["tier"], found["status"]) == ("command_post", "pending_dispatch")
    assert desk.tries(case_id, "assign", unit_id=1).status_code == 403
    assert post.tasks()[case_id] == "assign" and case_id not in sub.tasks()
    _handled(crew, post, case_id, "command_post")
    assert post.takes(case_id, "escalate", reason="需区级协调")["tier"] == "sub_centre"
    assert sub.tasks()[case_id] == "assign"
    _handled(crew, sub, case_id, "sub_centre")
    assert sub.takes(case_id, "escalate", reason="需市级协调")["tier"] == "city_centre"
    assert city.tasks()[case_id] == "assign" and case_id not in sub.tasks()
    city.takes(case_id, "supervise", reason="市领导关注")
    assert "escalate" not in city.may(case_id)


def _done_twice(crew: Crew, case_id: str) -> None:
    """The check is not passed; done again; closed; not satisfied; reopened; closed for good."""
    city = crew.at("city_centre")
    _handled(crew, city, case_id, "city_centre")
    city.takes(case_id, "hand_back")
    assert city.tries(case_id, "check", outcome="not_pass").status_code == 422
    found = city.takes(case_id, "check", outcome="not_pass", reason="仍有垃圾")
    assert (found["status"], found["returned"]) == ("returned", 1)
    assert found["clock"]["ended_at"] is None
    _finish(crew, city, case_id)
    city.takes(case_id, "follow_up", outcome="dissatisfied")
    found = city.takes(case_id, "reopen", reason="再次发现")
    assert (found["status"], found["reopened"]) == ("pending_dispatch", 1)
    assert (found["closed_at"], found["satisfaction"]) == (None, None)
    _finish(crew, city, case_id)
    assert city.takes(case_id, "follow_up", outcome="satisfied")["satisfaction"] == "satisfied"


def _finish(crew: Crew, leader: Worker, case_id: str) -> None:
    _handled(crew, leader, case_id, "city_centre")
    leader.takes(case_id, "hand_back", reason="已清理")
    leader.takes(case_id, "check", outcome="pass")
    assert leader.takes(case_id, "close")["closed_at"] is not None
