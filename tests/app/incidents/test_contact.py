"""The contact of a case: sealed, shown to handlers on demand, and to be found nowhere."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.core.settings import Settings
from app.identity import step_up
from app.identity.rules import Role
from app.incidents.contacts import keys as contact_keys
from app.incidents.contacts import rules as contact_rules
from app.incidents.contacts import service as contact
from app.incidents.contacts.keys import KeyFileError, UnknownKeyError
from app.incidents.contacts.schemas import Contact
from app.incidents.rules import Tier
from geodata import codes
from tests import staff
from tests.app.identity.canary import client_of, places
from tests.app.incidents.reports import CELL, a_report

NAME, PHONE, NOTE = "金丝雀女士", "0931-5550199", "晚上七点以后鸣叫"
CANARIES = (NAME, PHONE, NOTE, "09315550199", "5550199")
CONTACT = {"name": NAME, "phone": PHONE, "note": NOTE}
COMMUNITY = codes.ancestor_at(CELL, codes.Level.COMMUNITY)
STEP_UP = "/api/v1/session/step_up"


def path_of(case: dict[str, Any], more: str = "") -> str:
    """Of the contact of a case."""
    return f"/api/v1/incidents/{case['id']}/contact{more}"


def stepped_up(client: TestClient) -> TestClient:
    """The client after the password was given again."""
    client.post(STEP_UP, json={"password": staff.PASSWORD}).raise_for_status()
    return client


def audit_rows(context: Context) -> list[Any]:
    """What was written down about cases, in order."""
    with reading(context.engine) as session:
        return list(
            session.execute(
                text("SELECT account, role, kind, area_code, incident_no, detail, reason"
                     " FROM audit_row WHERE incident_no IS NOT NULL ORDER BY no")
            )
        )  # fmt: skip


@pytest.fixture
def case(own_client: TestClient) -> dict[str, Any]:
    """A case without a contact."""
    answer = own_client.post("/api/v1/incidents", json=a_report())
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def worker(own_context: Context, case: dict[str, Any]) -> Iterator[TestClient]:
    """The grid worker of the case's community."""
    staff.add_account(own_context.engine, "worker", Role.GRID_WORKER, COMMUNITY)
    with client_of(own_context, "worker") as client:
        yield client


def test_it_is_shown_on_demand_and_written_down(
    own_context: Context, worker: TestClient, case: dict[str, Any]
) -> None:
    """Put, revealed after a step-up with a reason, erased: one row each, none for a refusal."""
    card = f"/api/v1/incidents/{case['id']}"
    assert worker.get(card).json()["has_contact"] is False
    assert worker.put(path_of(case), json=CONTACT).status_code == 204
    assert worker.get(card).json()["has_contact"] is True
    refused = worker.post(path_of(case, "/reveal"), json={"reason": "回访"})
    assert refused.status_code == 403 and refused.json()["type"].endswith("step-up")
    stepped_up(worker)
    shown = worker.post(path_of(case, "/reveal"), json={"reason": "回访"})
    assert shown.status_code == 200 and shown.json() == CONTACT
    assert shown.headers["cache-control"] == "no-store"
    assert worker.put(path_of(case), json={"phone": "110"}).status_code == 204
    again = worker.post(path_of(case, "/reveal"), json={"reason": "再次回访"})
    assert again.json() == {"name": None, "phone": "110", "note": None}
    assert worker.delete(path_of(case)).status_code == 204
    assert worker.get(card).json()["has_contact"] is False
    assert worker.delete(path_of(case)).status_code == 204  # there is none any more
    gone = worker.post(path_of(case, "/reveal"), json={"reason": "回访"})
    assert gone.status_code == 404
    rows = audit_rows(own_context)
    assert [(row.kind, row.detail, row.reason) for row in rows] == [
        ("contact_changed", "added", None),
        ("reveal", "contact", "回访"),
        ("contact_changed", "replaced", None),
        ("reveal", "contact", "再次回访"),
        ("contact_erased", "by hand", None),
    ]
    assert {(r.account, r.role, r.area_code, r.incident_no) for r in rows} == {
        ("worker", "grid_worker", case["cell_code"], case["no"])
    }


def test_the_step_up_is_what_refuses(
    worker: TestClient, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check taken out: then it is shown."""
    assert worker.put(path_of(case), json=CONTACT).status_code == 204
    monkeypatch.setattr(contact, "require_step_up", lambda actor: None)
    assert worker.post(path_of(case, "/reveal"), json={"reason": "回访"}).status_code == 200
    assert step_up.require_step_up is not contact.require_step_up  # type: ignore[comparison-overlap]


def test_only_roles_that_handle_cases(
    own_context: Context, worker: TestClient, case: dict[str, Any]
) -> None:
    """In the very area of the case; never a wall, a planner, an auditor or the admin."""
    for role in Role:
        worker.put(path_of(case), json=CONTACT).raise_for_status()
        staff.add_account(own_context.engine, f"own_{role}", role, COMMUNITY)
        with client_of(own_context, f"own_{role}") as client:
            if role is not Role.WALL_DISPLAY:
                stepped_up(client)
            answer = client.post(path_of(case, "/reveal"), json={"reason": "回访"})
            changed = client.put(path_of(case), json={"phone": "110"})
            erased = client.delete(path_of(case))
        may = role in contact_rules.HANDLERS
        assert answer.status_code == (200 if may else 403)
        assert (changed.status_code, erased.status_code) == ((204, 204) if may else (403, 403))
        assert may or not any(word in answer.text for word in CANARIES)


@pytest.mark.parametrize(
    ("tier", "carried", "sent", "handles"),
    [
        (Tier.GRID, Tier.GRID, None, True),
        (Tier.WORKSTATION, Tier.GRID, None, True),
        (Tier.COMMAND_POST, Tier.GRID, None, False),
        (Tier.COMMAND_POST, Tier.COMMAND_POST, None, True),
        (Tier.GRID, Tier.CITY_CENTRE, None, True),
        (Tier.SUB_CENTRE, Tier.COMMAND_POST, None, False),
        (Tier.SUB_CENTRE, Tier.COMMAND_POST, Tier.WORKSTATION, False),
        (Tier.SUB_CENTRE, Tier.COMMAND_POST, Tier.SUB_CENTRE, True),
        (Tier.CITY_CENTRE, Tier.SUB_CENTRE, None, False),
        (Tier.CITY_CENTRE, Tier.CITY_CENTRE, None, True),
    ],
)
def test_which_tier_handles(tier: Tier, carried: Tier, sent: Tier | None, handles: bool) -> None:
    """Who carries it, whose unit was sent, who goes there; above only once it has come up."""
    assert contact_rules.handles(Role.DUTY_OFFICER, tier, carried, sent) is handles
    assert not contact_rules.handles(Role.AUDITOR, tier, carried, sent)


def test_a_higher_tier_and_another_area_are_refused(
    own_context: Context, worker: TestClient, case: dict[str, Any]
) -> None:
    """403 with the tier that carries it; 404 as if there were no case."""
    worker.put(path_of(case), json=CONTACT).raise_for_status()
    found = places(own_context.engine)
    for name, area in (("above", codes.parent_of(COMMUNITY)), ("beside", found["other"])):
        assert area is not None and not codes.contains(found["other"], COMMUNITY)
        staff.add_account(own_context.engine, name, Role.DISPATCHER, area)
        with client_of(own_context, name) as client:
            stepped_up(client)
            answer = client.post(path_of(case, "/reveal"), json={"reason": "回访"})
            put = client.put(path_of(case), json=CONTACT)
        expected = 403 if name == "above" else 404
        assert (answer.status_code, put.status_code) == (expected, expected), answer.text
    assert [row.kind for row in audit_rows(own_context)] == ["contact_changed"]


def test_it_may_come_with_the_report(own_context: Context, own_client: TestClient) -> None:
    """Sealed in the same transaction; not part of what makes two reports the same."""
    body = a_report(contact=CONTACT)
    first = own_client.post("/api/v1/incidents", json=body)
    assert first.status_code == 201
    again = own_client.post("/api/v1/incidents", json={**body, "contact": {"phone": "110"}})
    without = own_client.post("/api/v1/incidents", json={**body, "contact": None})
    assert (again.status_code, without.status_code) == (200, 200)
    assert again.content == first.content == without.content
    assert not any(word in first.text for word in CANARIES)
    (row,) = audit_rows(own_context)
    assert (row.kind, row.detail, row.account) == (
        "contact_changed", "with the report", staff.ADMIN,
    )  # fmt: skip
    staff.add_account(own_context.engine, "worker", Role.GRID_WORKER, COMMUNITY)
    with client_of(own_context, "worker") as client:
        shown = stepped_up(client).post(path_of(body, "/reveal"), json={"reason": "回访"})
    assert shown.json() == CONTACT


def test_a_report_whose_contact_cannot_be_sealed_is_not_taken(
    own_context: Context, tmp_path: Path
) -> None:
    """All or nothing: 503, and no case."""
    broken = tmp_path / "contact.key"
    broken.write_text("nothing")
    broken.chmod(0o600)
    settings = Settings(data_dir=tmp_path)
    context = Context.open(settings, own_context.url.render_as_string(hide_password=False))
    body = a_report(contact=CONTACT)
    with client_of(context, staff.ADMIN) as client:
        assert client.post("/api/v1/incidents", json=body).status_code == 503
        assert client.get(f"/api/v1/incidents/{body['id']}").status_code == 404
        assert client.post("/api/v1/incidents", json=a_report()).status_code == 201


UNUSABLE = (
    ({}, "phone"),
    ({"phone": "call me"}, "phone"),
    ({"phone": 139}, "phone"),
    ({"phone": "1" * 40}, "phone"),
    ({"name": ""}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "x" * 61}, "name"),
    ({"note": "x" * 301}, "note"),
    ({"note": "\u0000"}, "note"),
    ({"id_card": "620111"}, "id_card"),
)


def test_what_cannot_be_used_is_refused_by_name(
    own_context: Context, worker: TestClient, case: dict[str, Any]
) -> None:
    """422, the same for a contact and for the reason to show it; nothing is written down."""
    for body, field in UNUSABLE:
        answer = worker.put(path_of(case), json=body)
        assert answer.status_code == 422, body
        assert field in answer.json()["errors"][0]["field"]
    worker.put(path_of(case), json=CONTACT).raise_for_status()
    stepped_up(worker)
    for asked in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 201}):
        answer = worker.post(path_of(case, "/reveal"), json=asked)
        assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "reason"
    assert len(audit_rows(own_context)) == 1


def test_a_reason_does_not_keep_the_contact() -> None:
    """The audit outlasts the contact; its words are blanked out however the digits are written."""
    given = Contact(name=NAME, phone="0931-555 0199", note=None)
    for reason in (f"回访{NAME}", "拨打 09315550199", "拨打 0931 555-0199", "拨打 0931-555 0199"):
        kept = contact.blanked(reason, given)
        assert kept in ("回访…", "拨打 …"), kept
    assert contact.blanked("第 2 次回访", given) == "第 2 次回访"


def test_it_is_bound_to_its_case(
    own_context: Context, own_client: TestClient, worker: TestClient, case: dict[str, Any]
) -> None:
    """Moved to another case it does not open; nor changed by one bit; nothing is written down."""
    other = own_client.post("/api/v1/incidents", json=a_report()).json()
    worker.put(path_of(case), json=CONTACT).raise_for_status()
    with writing(own_context.engine) as session:
        session.execute(
            text("UPDATE case_contact SET id = :id, no = :no"),
            {"id": other["id"], "no": other["no"]},
        )
    stepped_up(worker)
    moved = worker.post(path_of(other, "/reveal"), json={"reason": "回访"})
    assert moved.status_code == 503 and not any(word in moved.text for word in CANARIES)
    with writing(own_context.engine) as session:
        session.execute(
            text("UPDATE case_contact SET id = :id, no = :no,"
                 " sealed = set_bit(sealed, 7, 1 - get_bit(sealed, 7))"),
            {"id": case["id"], "no": case["no"]},
        )  # fmt: skip
    assert worker.post(path_of(case, "/reveal"), json={"reason": "回访"}).status_code == 503
    assert [row.kind for row in audit_rows(own_context)] == ["contact_changed"]


def test_every_contact_is_sealed_alike(tmp_path: Path) -> None:
    """One length for all, another nonce each time; the longest fits."""
    ring = contact_keys.ensure(tmp_path / "k")
    case_id = uuid4()
    longest = Contact(name="\U0001f600" * 60, phone="1" * 31, note="\U0001f600" * 299 + '"')
    sealed = [
        ring.seal(case_id, c.model_dump_json(exclude_none=True).encode())
        for c in (Contact(phone="110"), Contact(phone="110"), longest)
    ]
    assert len({len(s.sealed) for s in sealed}) == 1
    assert len({s.nonce for s in sealed}) == len({s.sealed for s in sealed}) == 3
    assert Contact.model_validate_json(ring.open(case_id, sealed[2])) == longest
    with pytest.raises(UnknownKeyError):
        ring.open(UUID(int=1), sealed[0])


def test_the_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 0600 from the first moment; one that others can read, or that is none, is refused."""
    path = tmp_path / "new" / "k"
    ring = contact_keys.ensure(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert contact_keys.ensure(path).keys == ring.keys
    assert [p.name for p in path.parent.iterdir()] == ["k"]
    newer = contact_keys.add_key(path)
    assert next(iter(newer.keys)) == ring.newest and newer.newest != ring.newest
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod"):
        contact_keys.load(path)
    for content in ("", "a\n", "a AAAA\n", "\xff"):
        path.write_text(content, encoding="latin-1")
        path.chmod(0o600)
        with pytest.raises(KeyFileError):
            contact_keys.load(path)


def dump(context: Context) -> str:
    """Every row of every table, as text."""
    done = subprocess.run(
        ["pg_dump", "--data-only", "--inserts", context.conninfo],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_nothing_of_it_is_anywhere(
    own_context: Context, own_client: TestClient, worker: TestClient, case: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Tables, stream, lists, cards, search, layers, audit, answers, logs."""
    worker.put(path_of(case), json=CONTACT).raise_for_status()
    with_report = a_report(contact=CONTACT)
    own_client.post("/api/v1/incidents", json=with_report).raise_for_status()
    stepped_up(worker).post(path_of(case, "/reveal"), json={"reason": f"找{NAME}"})
    worker.put(path_of(case), json={**CONTACT, "phone": "no phone " + PHONE})  # refused
    document = own_client.get("/api/v1/openapi.json").json()
    answers = []
    for path, methods in document["paths"].items():
        if "get" in methods and "stream" not in path:
            filled = path.replace("{id}", case["id"]).replace("{no}", str(case["no"]))
            filled = filled.replace("{code}", str(CELL))
            answers.append(own_client.get(filled).text)
    answers += [json.dumps(row._asdict(), default=str) for row in audit_rows(own_context)]
    answers += [dump(own_context), *capfd.readouterr()]
    assert "case_contact" in answers[-3]
    for answer in answers:
        assert not any(word in answer for word in CANARIES)
