"""The audit: one row an act, and whatever is done to the rows afterwards is found."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.scope import Scope
from app.identity import audit, audit_words
from app.identity import service as identity
from app.identity.audit_words import AuditKind, ChainReport
from app.identity.rules import Actor, Role
from tests import staff
from tests.app.identity.canary import client_of, places
from tests.conftest import database_name, run_command

ROWS = 100


def write_rows(context: Context, count: int, area_code: int = staff.CITY) -> None:
    """So many rows, with texts in which separators and several bytes a character stand."""
    for number in range(count):
        with writing(context.engine) as session:
            audit.record(
                session, None, AuditKind.EXPORT, area_code=area_code,
                incident_no=number or None, detail=f"第 {number} 行;-;3:民情",
                reason=None if number % 2 else "核对;",
            )  # fmt: skip


def rows_of(context: Context) -> int:
    """How many rows there are."""
    return audit.check(context.engine).rows


@pytest.fixture
def hundred(own_context: Context) -> Context:
    """A database with a hundred rows, whose triggers are off: somebody tampers as its owner."""
    write_rows(own_context, ROWS - rows_of(own_context))
    assert audit.check(own_context.engine).ok and rows_of(own_context) == ROWS
    with writing(own_context.engine) as session:
        session.execute(text("ALTER TABLE audit_row DISABLE TRIGGER ALL"))
    return own_context


def after(context: Context, statement: str) -> ChainReport:
    """What the check finds after a statement, which is then taken back."""
    with reading(context.engine) as session:
        for part in statement.split(";"):
            assert session.execute(text(part)).rowcount  # type: ignore[attr-defined]
        return audit.check_in(session)


CHANGES = {
    "at": "at + interval '1 microsecond'",
    "account": "coalesce(account, '') || 'x'",
    "role": "coalesce(role, '') || 'x'",
    "area_code": "area_code + 1",
    "kind": "kind || 'x'",
    "incident_no": "coalesce(incident_no, 0) + 1",
    "detail": "detail || ' '",
    "reason": "coalesce(reason || '。', '')",
    "hash": "sha256(hash)",
}


def test_every_changed_value_is_found(hundred: Context) -> None:
    """In whichever column of whichever row: 900 changes."""
    for column, value in CHANGES.items():
        for no in range(1, ROWS + 1):
            report = after(hundred, f"UPDATE audit_row SET {column} = {value} WHERE no = {no}")
            assert (report.ok, report.first_bad) == (False, no), (column, no)


def test_a_text_cannot_move_from_one_column_to_the_next(hundred: Context) -> None:
    """Each value stands with its length: what is taken here and added there shows."""
    statement = (
        "UPDATE audit_row SET detail = detail || left(reason, 1), reason = substr(reason, 2)"
    )
    assert not after(hundred, f"{statement} WHERE reason <> ''").ok


def test_removal_and_reordering_are_found(hundred: Context) -> None:
    """Each row alone, at the end, all of them; in another order; and rows that were slipped in."""
    for no in range(1, ROWS + 1):
        report = after(hundred, f"DELETE FROM audit_row WHERE no = {no}")
        assert (report.ok, report.first_bad) == (False, no)
        assert after(hundred, f"DELETE FROM audit_row WHERE no >= {no}").first_bad == no
    closed_again = (
        "DELETE FROM audit_row WHERE no = 50;UPDATE audit_row SET no = no - 1000 WHERE no > 50;"
        "UPDATE audit_row SET no = no + 999 WHERE no < 0"
    )
    assert after(hundred, closed_again).first_bad == 50
    for no in range(1, ROWS):
        swapped = (
            f"UPDATE audit_row SET no = -1 WHERE no = {no};"
            f"UPDATE audit_row SET no = {no} WHERE no = {no + 1};"
            f"UPDATE audit_row SET no = {no + 1} WHERE no = -1"
        )
        assert after(hundred, swapped).first_bad == no
    slipped_in = (
        "INSERT INTO audit_row SELECT 101, now(), account, role, area_code, kind, incident_no,"
        " detail, reason, hash FROM audit_row WHERE no = 100"
    )
    assert after(hundred, slipped_in).first_bad == ROWS + 1
    assert not after(hundred, "DELETE FROM audit_head").ok
    assert not after(hundred, "UPDATE audit_head SET last_no = 99").ok


REWRITE = """
DO $$
DECLARE
    row audit_row;
    before bytea := decode(repeat('00', 32), 'hex');
BEGIN
    DELETE FROM audit_row WHERE no = 42;
    UPDATE audit_row SET no = no - 1000 WHERE no > 42;
    UPDATE audit_row SET no = no + 999 WHERE no < 0;
    FOR row IN SELECT * FROM audit_row ORDER BY no LOOP
        before := sha256(before || convert_to(
            audit_part(row.no::text) || audit_part(
                (extract(epoch FROM row.at) * 1000000)::bigint::text)
            || audit_part(row.account) || audit_part(row.role) || audit_part(row.area_code::text)
            || audit_part(row.kind) || audit_part(row.incident_no::text) || audit_part(row.detail)
            || audit_part(row.reason), 'UTF8'));
        UPDATE audit_row SET hash = before WHERE no = row.no;
    END LOOP;
    UPDATE audit_head SET last_no = 99, last_hash = before;
END $$
"""


def test_a_chain_written_anew_is_found_by_what_was_noted(hundred: Context, tmp_path: Path) -> None:
    """Whoever holds the whole database can make a chain that holds; a note elsewhere shows it."""
    audit.note(hundred.engine, tmp_path, audit.check(hundred.engine), utc_now())
    assert audit.check(hundred.engine, tmp_path).ok
    with writing(hundred.engine) as session:
        session.execute(text(REWRITE.replace(":", "\\:")))
    assert audit.check(hundred.engine).ok  # by itself it fits
    assert audit.check(hundred.engine, tmp_path).first_bad == ROWS


def test_notes_of_another_database_say_nothing(own_context: Context, tmp_path: Path) -> None:
    """A data directory that has seen another database."""
    write_rows(own_context, 2)
    line = '{"at": "2026-01-01", "database": "1-1", "no": 1, "hash": "00"}\n'
    (tmp_path / audit.NOTES).write_text(line)
    assert audit.check(own_context.engine, tmp_path).ok


def test_the_guard_sees_nothing_without_its_hash(
    hundred: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check taken out: a changed text then passes. So it is the hash that finds it."""
    monkeypatch.setattr(audit_words, "row_hash", lambda before, row: row.hash)
    assert after(hundred, "UPDATE audit_row SET detail = 'x' WHERE no = 9").ok


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_row SET detail = 'x'", "DELETE FROM audit_row", "TRUNCATE audit_row",
     "INSERT INTO audit_row SELECT * FROM audit_row"],
)  # fmt: skip
def test_nothing_but_appending_is_possible(own_context: Context, statement: str) -> None:
    """Not for a request, and by a trigger not for the owner."""
    before = rows_of(own_context)
    assert before
    owner_says = "append-only" if "INSERT" not in statement else "duplicate key"
    with pytest.raises(DBAPIError, match=owner_says), writing(own_context.engine) as session:
        session.execute(text(statement))
    request = Scope(1, 10**15, "no session")
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        writing(own_context.request_engine, request) as session,
    ):
        session.execute(text(statement))
    assert rows_of(own_context) == before


def test_start_is_refused_without_the_trigger(own_context: Context) -> None:
    """As without a policy."""
    with writing(own_context.engine) as session:
        session.execute(text("ALTER TABLE audit_row DISABLE TRIGGER audit_row_append_only"))
    assert "rows of the audit can be changed" in identity.scope_faults(own_context.engine)


def test_many_writers_make_one_chain(own_context: Context) -> None:
    """Eight at once, some of which give up: no gap, no fork."""

    def write(number: int) -> None:
        try:
            with writing(own_context.engine) as session:
                audit.record(session, None, "reveal", area_code=staff.CITY, detail=str(number))
                if number % 5 == 0:
                    raise LookupError
        except LookupError:
            pass

    before = rows_of(own_context)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(200)))
    report = audit.check(own_context.engine)
    assert (report.ok, report.rows) == (True, before + 160)
    with reading(own_context.engine) as session:
        backwards = session.scalar(text(
            "SELECT count(*) FROM (SELECT at < lag(at) OVER (ORDER BY no) AS b FROM audit_row) t"
            " WHERE b"))  # fmt: skip
    assert backwards == 0


def test_each_area_reads_its_own_rows_and_checks_them_all(
    own_context: Context, own_client: TestClient
) -> None:
    """An auditor of one community; the chain's check tells counts of all areas, and no content."""
    found = places(own_context.engine)
    staff.add_account(own_context.engine, "own_auditor", Role.AUDITOR, found["own"])
    for relation in ("own", "child", "sibling", "other", "parent"):
        write_rows(own_context, 2, found[relation])
    rows = rows_of(own_context)
    with client_of(own_context, "own_auditor") as client:
        page = client.get("/api/v1/audit", params={"kind": "export"}).json()
        assert {item["area_code"] for item in page["items"]} == {found["own"], found["child"]}
        assert page["total"] == 4
        assert [item["no"] for item in page["items"]] == [rows - 6, rows - 7, rows - 8, rows - 9]
        foreign = client.get("/api/v1/audit", params={"area": found["other"]}).json()
        assert (foreign["total"], foreign["items"]) == (0, [])
        chain = client.get("/api/v1/audit/chain").json()
    assert (chain["ok"], chain["rows"], chain["first_bad"]) == (True, rows, None)
    assert own_client.get("/api/v1/audit").json()["total"] == rows


def test_the_list_is_cut_and_asked_by_kind_and_time(
    own_context: Context, own_client: TestClient
) -> None:
    """Parts of the list join without gap; unusable words are refused by name."""
    since = utc_now().isoformat()
    write_rows(own_context, 5)
    last = rows_of(own_context)
    seen, cursor = [], None
    while True:
        words = {"limit": 2, "since": since, **({"cursor": cursor} if cursor else {})}
        page = own_client.get("/api/v1/audit", params=words).json()
        seen += [item["no"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == list(range(last, last - 5, -1))
    assert own_client.get("/api/v1/audit", params={"kind": "reveal"}).json()["total"] == 0
    assert own_client.get("/api/v1/audit", params={"kind": "export"}).json()["total"] == 5
    now = utc_now().isoformat()
    assert own_client.get("/api/v1/audit", params={"since": now}).json()["total"] == 0
    assert own_client.get("/api/v1/audit", params={"until": now}).json()["total"] == last
    for word, value in (("kind", "x"), ("area", "1"), ("cursor", "x"), ("more", "1")):
        answer = own_client.get("/api/v1/audit", params={word: value})
        assert answer.status_code == 422
        assert word in answer.json()["errors"][0]["field"]


def test_a_row_names_who_acted(own_context: Context) -> None:
    """Login and role, as words that outlast the account."""
    actor = Actor(1, "own_responder", False, 1, Role.RESPONDER, staff.CITY, 1, 2, "t")
    with writing(own_context.engine) as session:
        with pytest.raises(ValueError, match="gossip"):
            audit.record(session, actor, "gossip", area_code=staff.CITY)
        audit.record(session, actor, "reveal", area_code=staff.CITY, incident_no=7, reason="回访")
        row = session.execute(
            text(
                "SELECT account, role, incident_no, reason FROM audit_row ORDER BY no DESC LIMIT 1"
            )
        ).one()
    assert tuple(row) == ("own_responder", "responder", 7, "回访")


def test_the_command_says_it(own_context: Context, tmp_path: Path) -> None:
    """Exit code 0 and the last hash; 1 and the first bad row."""
    rows = rows_of(own_context)
    env = {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        "MINQING_DATA_DIR": str(tmp_path),
    }
    assert database_name(env["MINQING_DATABASE_URL"]).startswith("clone_")
    good = run_command("audit", "verify", env=env)
    assert good.returncode == 0 and f"{rows} rows" in good.stdout
    with psycopg.connect(own_context.conninfo, autocommit=True) as owner:
        owner.execute("ALTER TABLE audit_row DISABLE TRIGGER ALL")
        owner.execute("UPDATE audit_row SET account = 'x' WHERE no = 2")
    bad = run_command("audit", "verify", env=env)
    assert bad.returncode == 1 and "row 2" in bad.stderr
