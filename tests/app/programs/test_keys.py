"""Keys of programs on the paths of people: what each opens, where, how often, and until when."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import conninfo, reading
from app.identity import keys
from app.identity.rules import KEY_OPERATIONS, KeyRight
from app.places.versions import CELLS_LOCK
from geodata import codes
from tests.app.identity.canary import a_case, places
from tests.app.incidents.reports import CELL, a_report
from tests.app.incidents.test_reporting import counted
from tests.conftest import run_command
from tests.server import ServerProcess
from tests.waiting import wait_until

DISTRICT = 620_111_000_000_000
ONE, BATCH, STATES = "/api/v1/incidents", "/api/v1/incidents/batch", "/api/v1/incidents/states"
ALL = frozenset(KeyRight)


@pytest.fixture
def stranger(own_client: TestClient) -> TestClient:
    """A client of the same app without a session."""
    return TestClient(own_client.app, base_url="http://127.0.0.1")


def key_for(
    context: Context, name: str = "hotline", area: int = DISTRICT, may: Any = ALL, **words: Any
) -> dict[str, str]:
    """The header of a new key."""
    return {keys.HEADER: keys.add_key(context.engine, name, area, may, **words)}


def test_a_program_files_as_people_do_and_the_case_says_so(
    own_context: Context, own_client: TestClient, stranger: TestClient
) -> None:
    """201, then 200 with the first answer; another body 409; the log names the program, nobody."""
    key, body = key_for(own_context), a_report(source="hotline")
    first, again = (stranger.post(ONE, json=body, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json()
    other = stranger.post(ONE, json={**body, "title": "别的"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/id-conflict")
    assert counted(own_context, body["id"]) == (1, 1, 1, 1)
    step = own_client.get(f"{ONE}/{body['id']}").json()["timeline"][0]
    assert (step["program"], step["role"], step["post"]) == ("hotline", None, None)
    by_person = a_report()
    assert own_client.post(ONE, json=by_person).status_code == 201
    step = own_client.get(f"{ONE}/{by_person['id']}").json()["timeline"][0]
    assert step["program"] is None


def test_a_batch_is_answered_row_by_row_within_the_area(
    own_context: Context, stranger: TestClient
) -> None:
    """A place beyond the key's area is refused by name and holds up no other row."""
    found = places(own_context.engine)
    key = key_for(own_context, area=found["own"])
    inside = a_case(found["own"], own_context.engine, "甲")
    outside = a_case(found["other"], own_context.engine, "乙")
    answer = stranger.post(
        BATCH, json={"reports": [inside, outside, {"id": "17"}, inside]}, headers=key
    ).json()
    became = [item["became"] for item in answer["items"]]
    assert became == ["filed", "refused", "refused", "known"]
    problem = answer["items"][1]["problem"]
    assert problem["type"] == "/problems/outside-scope"
    assert [error["field"] for error in problem["errors"]] == ["lon", "lat"]
    alone = stranger.post(ONE, json=outside, headers=key)
    assert (alone.status_code, alone.json()["type"]) == (403, "/problems/outside-scope")


def test_a_contact_that_comes_with_a_report_is_sealed_and_noted(
    own_context: Context, own_client: TestClient, stranger: TestClient
) -> None:
    """The audit names the program; what programs read has nothing of it."""
    key = key_for(own_context)
    body = a_report(contact={"name": "某某", "phone": "13900001234", "note": ""})
    assert stranger.post(ONE, json=body, headers=key).status_code == 201
    assert own_client.get(f"{ONE}/{body['id']}").json()["has_contact"]
    rows = own_client.get("/api/v1/audit").json()["items"]
    by_program = {(row["kind"], row["detail"]) for row in rows if row["account"] == "key:hotline"}
    assert by_program == {("contact_changed", "with the report"), ("key_used", "report_incident")}
    for path in (f"{ONE}/{body['id']}", ONE, f"{STATES}?since=2026-01-01T00:00:00Z"):
        said = stranger.get(path, headers=key).text
        assert "13900001234" not in said and "某某" not in said


def test_what_programs_read_has_neither_text_nor_point(
    own_context: Context, own_client: TestClient, stranger: TestClient
) -> None:
    """The state and the cell of each case of the area, and no way to close in on a place."""
    found = places(own_context.engine)
    key = key_for(own_context, area=found["own"])
    inside = a_case(found["own"], own_context.engine, "不给程序看的话")
    outside = a_case(found["other"], own_context.engine, "别处")
    for body in (inside, outside):
        assert own_client.post(ONE, json=body).status_code == 201
    one = stranger.get(f"{ONE}/{inside['id']}", headers=key)
    assert one.status_code == 200, one.text
    members = {
        "id", "no", "category", "source", "severity", "status", "stage", "cell_code",
        "reported_at", "closed_at",
    }  # fmt: skip
    assert set(one.json()) == members
    assert stranger.get(f"{ONE}/no/{one.json()['no']}", headers=key).json() == one.json()
    page = stranger.get(ONE, params={"limit": 500}, headers=key).json()
    assert one.json() in page["items"]
    lo, hi = codes.code_range(found["own"])
    assert all(set(item) == members and lo <= item["cell_code"] <= hi for item in page["items"])
    assert stranger.get(f"{ONE}/{outside['id']}", headers=key).status_code == 404
    by_place = stranger.get(ONE, params={"bbox": "102,36,103,37"}, headers=key)
    assert by_place.status_code == 422
    assert by_place.json()["errors"][0]["field"] == "bbox"


@pytest.mark.parametrize("right", sorted(ALL))
def test_a_key_opens_what_it_may_and_nothing_else(
    own_context: Context, stranger: TestClient, right: KeyRight
) -> None:
    """403 for what it may not, whatever else there is; 401 without a key that holds."""
    key = key_for(own_context, may={right})
    asked = {
        "report_incident": lambda h: stranger.post(ONE, json=a_report(), headers=h),
        "report_incidents": lambda h: stranger.post(
            BATCH, json={"reports": [a_report()]}, headers=h
        ),
        "get_incident": lambda h: stranger.get(f"{ONE}/{a_report()['id']}", headers=h),
        "get_incident_by_no": lambda h: stranger.get(f"{ONE}/no/1", headers=h),
        "list_incident_states": lambda h: stranger.get(STATES, headers=h),
        "list_incidents": lambda h: stranger.get(ONE, headers=h),
        "send_warning": lambda h: stranger.post("/api/v1/warnings", json={}, headers=h),
    }
    assert set(asked) == set(KEY_OPERATIONS)
    for operation, ask in asked.items():
        status = ask(key).status_code
        is_open = KEY_OPERATIONS[operation] is right
        assert (status != 403) == is_open and status < 500, (operation, status)
        assert ask({keys.HEADER: "x" * 43}).status_code == 401
    for path in ("/api/v1/users", "/api/v1/session", "/api/v1/figures", "/api/v1/layers",
                 "/tiles/incidents/0/0/0.mvt", "/api/v1/audit"):  # fmt: skip
        assert stranger.get(path, headers=key).status_code == 403, path


def test_a_key_does_not_lean_on_a_session(own_context: Context, own_client: TestClient) -> None:
    """Whoever shows a key acts by it alone, even with the admin's cookie beside it."""
    key = key_for(own_context, may={KeyRight.READ})
    assert own_client.get("/api/v1/users", headers=key).status_code == 403
    assert own_client.post(ONE, json=a_report(), headers=key).status_code == 403
    assert own_client.get(STATES).status_code == 401


def test_revoked_in_the_middle_of_a_batch(own_context: Context, stranger: TestClient) -> None:
    """The batch waits for the boundaries; the key is revoked; not one row of it is filed."""
    key = key_for(own_context)
    bodies = [a_report() for _ in range(50)]
    with (
        psycopg.connect(conninfo(own_context.url)) as held,
        ThreadPoolExecutor(1) as pool,
    ):
        held.execute("SELECT pg_advisory_xact_lock(%s)", [CELLS_LOCK])
        sent = pool.submit(stranger.post, BATCH, json={"reports": bodies}, headers=key)
        wait_until(lambda: _waiting_for_cells(own_context))
        keys.revoke_key(own_context.engine, "hotline")
        held.rollback()
        answer = sent.result()
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/bad-key")
    assert {counted(own_context, body["id"]) for body in bodies} == {(0, 0, 0, 0)}


def _waiting_for_cells(context: Context) -> int:
    with reading(context.engine) as session:
        return session.scalar(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                 " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
        ) or 0  # fmt: skip


def test_the_limit_counts_reports_of_batches(own_context: Context, stranger: TestClient) -> None:
    """A batch that would pass it is refused whole, and leaves the rest of the minute untouched."""
    key = key_for(own_context, per_minute=10)
    bodies = [a_report() for _ in range(11)]
    too_many = stranger.post(BATCH, json={"reports": bodies}, headers=key)
    assert (too_many.status_code, too_many.json()["type"]) == (429, "/problems/limit-reached")
    assert 1 <= int(too_many.headers["Retry-After"]) <= 60
    assert too_many.json()["errors"][0]["field"] == keys.HEADER
    assert {counted(own_context, body["id"]) for body in bodies} == {(0, 0, 0, 0)}


def test_used_from_two_places_at_once(
    own_context: Context, start_server: Any, database: URL
) -> None:
    """Two servers over one database: the limit counts both, to the last request."""
    key = key_for(own_context, per_minute=40)
    servers: list[ServerProcess] = [start_server(database), start_server(database)]

    def statuses() -> list[int]:
        def send(nth: int) -> int:
            url = servers[nth % 2].base_url + ONE
            return httpx.post(url, json=a_report(), headers=key, timeout=60).status_code

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(send, range(70)))

    while True:
        before, found, after = _minute(own_context), statuses(), _minute(own_context)
        if before == after:  # else a new minute began, and with it a new count
            break
        _forget_count(own_context)
    assert sorted(found) == [201] * 40 + [429] * 30


def _minute(context: Context) -> Any:
    with reading(context.engine) as session:
        return session.scalar(text("SELECT date_trunc('minute', now())"))


def _forget_count(context: Context) -> None:
    with context.engine.begin() as connection:
        connection.execute(text("UPDATE api_key SET used = 0"))


def test_commands(own_context: Context) -> None:
    """add, list and revoke; a right that there is not is refused by name."""
    env = {"MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False)}
    words = ["key", "add", "hotline", "--area", str(DISTRICT)]
    wrong = run_command(*words, "--may", "report,fly", env=env)
    assert wrong.returncode != 0 and "fly" in wrong.stdout + wrong.stderr
    assert run_command(*words, "--may", "report", "--per-minute", "0", env=env).returncode != 0
    made = run_command(*words, "--may", "report, read", "--per-minute", "7", env=env)
    assert made.returncode == 0, made.stderr
    line = keys.list_keys(own_context.engine)[0]
    assert line.rights == {KeyRight.REPORT, KeyRight.READ} and line.per_minute == 7
    key = keys.Keys(own_context.engine).look_up(made.stdout.strip())
    assert key is not None and key.program == "hotline" and key.lo <= CELL <= key.hi
    keys.count_use(own_context.engine, key, "report_incidents", 5)
    assert keys.list_keys(own_context.engine)[0].used_today == {"report_incidents": 5}
    assert "hotline" in run_command("key", "list", env=env).stdout
    assert run_command("key", "revoke", "hotline", env=env).returncode == 0
    assert keys.Keys(own_context.engine).look_up(made.stdout.strip()) is None
    assert run_command("key", "revoke", "hotline", env=env).returncode != 0


def test_what_the_audit_says_of_a_key(own_context: Context, own_client: TestClient,
                                      stranger: TestClient) -> None:  # fmt: skip
    """Made, used for each thing once a day, revoked; never the key itself."""
    key = key_for(own_context, per_minute=77)
    threads = [threading.Thread(target=lambda: stranger.get(ONE, headers=key)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stranger.get(STATES, headers=key).status_code == 200
    keys.revoke_key(own_context.engine, "hotline")
    answer = own_client.get("/api/v1/audit")
    rows = [(row["account"], row["kind"], row["detail"]) for row in answer.json()["items"]]
    told = [row for row in reversed(rows) if row[1].startswith("key_")]
    assert told == [
        (None, "key_added", f"hotline: {DISTRICT}, list read report warn, 77 a minute"),
        ("key:hotline", "key_used", "list_incidents"),
        ("key:hotline", "key_used", "list_incident_states"),
        (None, "key_revoked", "hotline"),
    ]
    assert key[keys.HEADER] not in answer.text
