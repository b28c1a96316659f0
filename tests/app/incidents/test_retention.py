"""What is protected goes when its time is over: nothing of it is left, and one row says so."""

import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.all_jobs import JOBS, RETENTION
from app.core import jobs, retention
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.retention import run_retention
from app.identity import audit
from app.incidents.contacts import keys as contact_keys
from app.incidents.contacts import rotation as contact_rotation
from app.incidents.contacts import service as contact
from app.incidents.contacts.keys import Sealed, UnknownKeyError
from app.incidents.retention import ERASED_TITLE
from tests.app.incidents.reports import a_report
from tests.conftest import RUN_FOLDER, run_command
from tests.waiting import wait_until

CONTACT = {"name": "金丝雀先生", "phone": "0931-5550177", "note": "午后鸣叫"}
WORDS = ("金丝雀先生", "5550177", "午后鸣叫")
TITLE, DESCRIPTION, REASON = "一只标题金丝雀", "一只说明金丝雀", "一只理由金丝雀"
OPEN = None


@pytest.fixture
def case(own_context: Context, own_client: TestClient) -> dict[str, Any]:
    """A case with canaries in all it has: contact, photo, title, description, reason."""
    report = a_report(title=TITLE, description=DESCRIPTION, contact=CONTACT)
    answer = own_client.post("/api/v1/incidents", json=report)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    words = {"no": body["no"], "id": uuid4(), "cell": body["cell_code"], "why": REASON}
    with writing(own_context.engine) as session:
        session.execute(
            text("INSERT INTO attachment (id, no, cell_code, kind, width, height, added_at,"
                 " full_jpeg, thumb_jpeg) VALUES (:id, :no, :cell, 'far', 1, 1, now(),"
                 " 'canary of a photo', 'canary of a photo')"),
            words,
        )  # fmt: skip
        session.execute(
            text("INSERT INTO incident_event (at, no, ordinal, step, status, tier, reason,"
                 " cell_code) SELECT at, no, 2, 'remind', status, tier, :why, cell_code"
                 " FROM incident_event WHERE no = :no"),
            words,
        )  # fmt: skip
    return body


def close(context: Context, case: dict[str, Any], days_ago: float | None, now: datetime) -> None:
    """Let the case be closed for so many days; None: open."""
    at = None if days_ago is None else now - timedelta(days=days_ago)
    with writing(context.engine) as session:
        session.execute(
            text("UPDATE incident SET closed_at = :at WHERE no = :no"),
            {"at": at, "no": case["no"]},
        )


def sealed_of(context: Context, case: dict[str, Any]) -> Sealed:
    """The contact as the database keeps it."""
    with reading(context.engine) as session:
        row = session.execute(
            text("SELECT key_id, nonce, sealed FROM case_contact WHERE id = :id"),
            {"id": case["id"]},
        ).one()
    return Sealed(*row)


def dump(context: Context) -> str:
    """Every row of every table of the database, the queue's too, as text."""
    done = subprocess.run(
        ["pg_dump", "--data-only", "--inserts", context.conninfo],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


TABLES = ("incident", "incident_event", "case_contact", "attachment", "audit_row", "audit_head",
          "sign_in", "sign_in_failure")  # fmt: skip


def held(context: Context) -> dict[str, str]:
    """A sum over all rows of each table that loses some."""
    with reading(context.engine) as session:
        return {
            table: session.scalar(
                text(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t")
            ) or ""
            for table in TABLES
        }  # fmt: skip


def went(context: Context, now: datetime, *, dry_run: bool = False) -> dict[str, list[str]]:
    """What a run erases, by kind; of the demo's old cases, too."""
    gone: dict[str, list[str]] = {}
    for part in run_retention(context.engine, RETENTION, now, dry_run=dry_run):
        gone.setdefault(part.kind.name, []).extend(part.items)
    return gone


def audited(context: Context, case: dict[str, Any]) -> list[str]:
    """What the audit says was erased of a case."""
    with reading(context.engine) as session:
        return list(
            session.scalars(
                text("SELECT kind FROM audit_row WHERE incident_no = :no"
                     " AND kind LIKE '%erased' ORDER BY no"),
                {"no": case["no"]},
            )
        )  # fmt: skip


def test_a_title_that_looks_erased_keeps_no_text(
    own_context: Context, own_client: TestClient
) -> None:
    """Whoever reports a case under those very words keeps nothing by it."""
    report = a_report(title=ERASED_TITLE, description=DESCRIPTION)
    case = own_client.post("/api/v1/incidents", json=report).json()
    now = utc_now()
    close(own_context, case, 731, now)
    assert str(case["no"]) in went(own_context, now)["text"]
    assert DESCRIPTION not in dump(own_context)
    assert str(case["no"]) not in went(own_context, now).get("text", [])


@pytest.mark.parametrize(
    ("days_ago", "erased"),
    [
        (OPEN, []),
        (89.9, []),
        (90.1, ["contact_erased"]),
        (180.1, ["contact_erased", "photo_erased"]),
        (729.9, ["contact_erased", "photo_erased"]),
        (730.1, ["contact_erased", "photo_erased", "text_erased"]),
    ],
)
def test_when_what_goes(
    own_context: Context, case: dict[str, Any], days_ago: float | None, erased: list[str]
) -> None:
    """To the day; a dry run says the same before, and leaves all. A second run finds nothing."""
    now = utc_now()
    close(own_context, case, days_ago, now)
    before = held(own_context)
    would_go = went(own_context, now, dry_run=True)
    assert held(own_context) == before
    assert went(own_context, now) == would_go
    assert audited(own_context, case) == erased
    for kind in ("contact", "photo", "text"):
        assert (str(case["no"]) in would_go[kind]) is (f"{kind}_erased" in erased)
    assert all(not items for items in went(own_context, now).values())
    assert audit.check(own_context.engine).ok


def test_nothing_of_it_is_left(
    own_context: Context, own_client: TestClient, case: dict[str, Any]
) -> None:
    """Every row of every table, and the files of the cluster, are looked through."""
    now = utc_now()
    sealed = sealed_of(own_context, case)
    traces = [sealed.nonce.hex(), sealed.sealed.hex(), b"canary of a photo".hex()]
    texts = [TITLE, DESCRIPTION, REASON]
    # Published and told: what the stream still carries goes with the stream's own day.
    wait_until(lambda: "INSERT INTO public.outbox" not in dump(own_context))
    found = dump(own_context)
    assert all(trace in found for trace in (*traces, *texts))
    assert not any(word in found for word in WORDS)
    close(own_context, case, 731, now)
    went(own_context, now)
    with writing(own_context.engine) as session:
        session.execute(text("DELETE FROM stream_event WHERE published_at < now()"))
    left = dump(own_context)
    assert "Data for Name: case_contact" in left  # it looked
    assert [trace for trace in (*traces, *texts, *WORDS) if trace in left] == []
    shown = own_client.get(f"/api/v1/incidents/{case['id']}").json()
    assert (shown["title"], shown["description"], shown["has_contact"]) == (ERASED_TITLE, "", False)
    assert shown["attachments"] == 0 and {step["reason"] for step in shown["timeline"]} == {None}


def test_the_plain_contact_is_in_no_file(own_context: Context, case: dict[str, Any]) -> None:
    """Tables, indexes and the write-ahead log of the whole cluster; the key file, too."""
    with writing(own_context.engine) as session:
        session.execute(text("CREATE TABLE looked (word text)"))
        session.execute(text("INSERT INTO looked VALUES (:w)"), {"w": "一只找得到的鸟"})
    folder = RUN_FOLDER
    assert (folder / "contact.key").exists()

    def files_with(word: str) -> str:
        return subprocess.run(
            ["grep", "-rlaF", word, str(folder)], capture_output=True, text=True
        ).stdout  # fmt: skip

    assert files_with("一只找得到的鸟")  # the search is able to find
    for word in WORDS:
        assert files_with(word) == ""


def test_without_the_rule_it_stays(own_context: Context, case: dict[str, Any]) -> None:
    """A rule is a row: taken away, everything is kept; changed, it holds at once."""
    now = utc_now()
    close(own_context, case, 91, now)
    with writing(own_context.engine) as session:
        retention.set_rule(session, "contact", None)
    assert str(case["no"]) not in went(own_context, now)["contact"]
    with writing(own_context.engine) as session:
        retention.set_rule(session, "contact", 92)
    assert went(own_context, now)["contact"] == []
    with writing(own_context.engine) as session:
        retention.set_rule(session, "contact", 30)
        with pytest.raises(ValueError, match="days"):
            retention.set_rule(session, "contact", 0)
    assert went(own_context, now)["contact"] == [str(case["no"])]


def test_many_go_in_parts(
    own_context: Context, own_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten cases, three at a time, with a dry run before: each once."""
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    now = utc_now()
    numbers = []
    for _ in range(10):
        case = own_client.post("/api/v1/incidents", json=a_report(contact=CONTACT)).json()
        close(own_context, case, 100, now)
        numbers.append(str(case["no"]))
    assert went(own_context, now, dry_run=True)["contact"] == numbers
    assert went(own_context, now)["contact"] == numbers


def test_a_log_lets_go_of_nothing_but_its_free_text(
    own_context: Context, case: dict[str, Any]
) -> None:
    """Emptied, yes; another word, another column, a row: no."""
    change = "UPDATE incident_event SET {} WHERE no = :no"
    for what in ("reason = 'x'", "reason = NULL, step = 'close'", "status = 'closed'"):
        with pytest.raises(Exception, match="append-only"), writing(own_context.engine) as session:
            session.execute(text(change.format(what)), {"no": case["no"]})
    for empty in ("reason = ''", "reason = NULL"):
        with writing(own_context.engine) as session:
            session.execute(text(change.format(empty)), {"no": case["no"]})


def test_what_was_agreed_goes_with_the_text(own_context: Context, case: dict[str, Any]) -> None:
    """Terms and reasons; that there was an agreement, and the sum, stay."""
    now, words = utc_now(), {"no": case["no"], "cell": case["cell_code"], "id": uuid4()}
    with writing(own_context.engine) as session:
        session.execute(
            text("INSERT INTO mediation (id, no, cell_code, opened_at, state)"
                 " VALUES (:id, :no, :cell, now(), 'concluded')"), words)  # fmt: skip
        session.execute(
            text("INSERT INTO mediation_event (mediation_id, ordinal, at, what, cell_code, terms,"
                 " reason, amount_yuan) VALUES (:id, 1, now(), 'outcome', :cell, '一只约定金丝雀',"
                 " NULL, 20000), (:id, 2, now(), 'cancel', :cell, NULL, '一只缘由金丝雀', NULL)"),
            words,
        )  # fmt: skip
    close(own_context, case, 729, now)
    assert str(case["no"]) not in went(own_context, now)["text"]
    close(own_context, case, 731, now)
    assert went(own_context, now)["text"].count(str(case["no"])) == 2  # the case's own, too
    with reading(own_context.engine) as session:
        rows = session.execute(
            text(
                "SELECT terms, reason, amount_yuan FROM mediation_event"
                " WHERE mediation_id = :id ORDER BY ordinal"
            ),
            words,
        ).all()
    assert [tuple(row) for row in rows] == [("", None, 20000), (None, None, None)]
    assert went(own_context, now)["text"] == []
    assert "约定金丝雀" not in dump(own_context)


def test_sessions_and_failures_go(own_context: Context, own_client: TestClient) -> None:
    """Those that are over for a day; who is signed in stays so."""
    with writing(own_context.engine) as session:
        session.execute(
            text("INSERT INTO sign_in (token_hash, account_id, grant_id, created_at, seen_at)"
                 " SELECT sha256('old'), account_id, grant_id, created_at - interval '3 days',"
                 " seen_at - interval '2 days' FROM sign_in LIMIT 1")
        )  # fmt: skip
        session.execute(
            text("INSERT INTO sign_in_failure VALUES (sha256('a'), 1, now()),"
                 " (sha256('b'), 1, now() - interval '25 hours')")
        )  # fmt: skip
    gone = went(own_context, utc_now())
    assert (gone["session"], gone["sign_in_failure"]) == (["session"], ["failure"])
    assert own_client.get("/api/v1/city").status_code == 200


def test_the_clock_does_it(own_context: Context, case: dict[str, Any]) -> None:
    """The server's own job, from the queue."""
    close(own_context, case, 91, utc_now())
    with jobs.working(own_context, JOBS):
        jobs.put_in_queue(own_context, JOBS, "retention")
        wait_until(lambda: audited(own_context, case) == ["contact_erased"])


def test_another_key(own_context: Context, own_client: TestClient, tmp_path: Path) -> None:
    """All are sealed anew; with the old key forgotten, an older copy opens for nobody."""
    path = contact.key_file(own_context.settings)
    case = own_client.post("/api/v1/incidents", json=a_report(contact=CONTACT)).json()
    old, case_id = sealed_of(own_context, case), UUID(case["id"])
    first = contact_rotation.rotate(own_context.engine, path, 0, forget_old=False)
    assert (first.resealed, first.forgotten) == (1, 0)
    ring = contact_keys.load(path)
    opened = ring.open(case_id, sealed_of(own_context, case))
    assert ring.open(case_id, old) == opened and WORDS[0] in opened.decode()
    second = contact_rotation.rotate(own_context.engine, path, 0, forget_old=True)
    assert second.resealed == 1 and second.forgotten >= 2
    ring = contact_keys.load(path)
    assert list(ring.keys) == [second.key_id]
    assert ring.open(case_id, sealed_of(own_context, case)) == opened
    with pytest.raises(UnknownKeyError):
        ring.open(case_id, old)


@pytest.fixture
def env(own_context: Context, tmp_path: Path) -> Iterator[dict[str, str]]:
    """How the command finds this test's database and key."""
    yield {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        "MINQING_DATA_DIR": str(tmp_path),
        "MINQING_CONTACT_KEY_FILE": str(contact.key_file(own_context.settings)),
    }


def test_the_commands(own_context: Context, case: dict[str, Any], env: dict[str, str]) -> None:
    """Dry, set, run, rotate; each says in words what it did."""
    close(own_context, case, 50, utc_now())
    assert run_command("retention", "set", "contact", "40", env=env).returncode == 0
    assert str(case["no"]) in run_command("retention", "run", "--dry-run", env=env).stdout
    assert audited(own_context, case) == []
    rotated = run_command("contact", "rotate-key", env=env)
    assert rotated.returncode == 0 and "1 contacts sealed anew" in rotated.stdout, rotated.stderr
    done = run_command("retention", "run", env=env)
    assert done.returncode == 0 and "gone" in done.stdout
    assert audited(own_context, case) == ["contact_erased"]
