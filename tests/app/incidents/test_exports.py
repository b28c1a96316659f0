"""Exports: what the list shows, as CSV and as a workbook; the password again; one audit row."""

import csv
import io
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import CITY_ZONE, utc_now
from app.core.context import Context
from app.core.db import reading
from app.core.scope import Scope
from app.core.spreadsheet import csv_parts, harmless, xlsx_parts
from app.identity.rules import Role
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.exports import rows as export_rows
from app.incidents.exports import service as exports
from app.incidents.exports.rules import COLUMNS, HEADINGS
from app.incidents.schemas import IncidentFilter
from tests import staff
from tests.app.identity.canary import CANARY, a_case, client_of, places
from tests.conftest import run_command

WORDS = {"since": (utc_now() - timedelta(days=390)).isoformat()}


def step_up(client: TestClient) -> None:
    """Give the password again."""
    answer = client.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
    assert answer.status_code == 200, answer.text


def csv_rows(content: bytes) -> list[list[str]]:
    """The cells of a CSV file."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def workbook_of(content: bytes) -> Worksheet:
    """The sheet of a workbook."""
    (page,) = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return page


def audit_rows(context: Context) -> list[Any]:
    """What was written down of exports."""
    with reading(context.engine) as session:
        return list(session.execute(
            text("SELECT account, area_code, detail FROM audit_row WHERE kind = 'export'"
                 " ORDER BY no")))  # fmt: skip


def as_listed(item: dict[str, Any]) -> dict[str, str]:
    """A case of the list as a row of the table tells it, by the last word of the heading."""
    told = {**item, **{name: item["clock"][name] for name in ("limit", "due_at", "state")}}
    told["places"] = "/".join(link["name"] for link in item["chain"])
    for name in ("occurred_at", "reported_at", "closed_at", "due_at"):
        if told[name] is not None:
            local = datetime.fromisoformat(told[name]).astimezone(CITY_ZONE)
            told[name] = local.isoformat(sep=" ", timespec="seconds")
    told["simulated"] = int(told["simulated"])
    return {name: "" if told[name] is None else str(told[name]) for name, _ in COLUMNS}


@pytest.mark.parametrize("ago_days", [0, 40])
def test_it_is_what_the_list_shows(
    own_client: TestClient, own_context: Context, monkeypatch: pytest.MonkeyPatch, ago_days: int
) -> None:
    """All of it, in its order, under its filters, whatever is read at once and as of whatever
    minute; in both formats the same."""
    monkeypatch.setattr(export_rows, "PART", 150)
    step_up(own_client)
    words = {**WORDS, "category": "01", "status": "closed"}
    if ago_days:
        words["at"] = (utc_now() - timedelta(days=ago_days)).isoformat()
    listed: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = own_client.get("/api/v1/incidents", params={**words, "limit": 500, **cursor}).json()
        listed += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(listed) > 500
    answer = own_client.get("/api/v1/exports/incidents.csv", params=words)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert 'filename="incidents-' in answer.headers["content-disposition"]
    heading, *rows = csv_rows(answer.content)
    assert heading == list(HEADINGS)
    names = [name for name, _ in COLUMNS]
    assert [dict(zip(names, row, strict=True)) for row in rows] == [as_listed(i) for i in listed]
    book = own_client.get("/api/v1/exports/incidents.xlsx", params=words)
    sheet = workbook_of(book.content)
    assert [cell.value for cell in sheet[1]] == heading
    for row, cells in zip(rows, sheet.iter_rows(min_row=2, values_only=True), strict=True):
        for name, plain, cell in zip(HEADINGS, row, cells, strict=True):
            if isinstance(cell, datetime):
                told = datetime.fromisoformat(plain).replace(tzinfo=None)
                assert abs(told - cell) < timedelta(seconds=1), name
            elif isinstance(cell, float):
                assert float(plain) == cell
            else:
                assert plain == ("" if cell is None else str(cell)), name
    noted = audit_rows(own_context)
    assert [(row.account, row.area_code) for row in noted] == [(staff.ADMIN, staff.CITY)] * 2
    assert noted[0].detail.startswith(f"{len(listed)} cases as csv: ")
    assert "status=" in noted[1].detail and "xlsx" in noted[1].detail


def test_the_password_is_needed_again(own_client: TestClient, own_context: Context) -> None:
    """Without it nothing leaves and nothing is written down."""
    for ending in ("csv", "xlsx"):
        answer = own_client.get(f"/api/v1/exports/incidents.{ending}")
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/step-up"
    assert audit_rows(own_context) == []


def test_too_many_are_refused(
    own_client: TestClient, own_context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their number and what to do; nothing is written down. Bad words as in the list."""
    step_up(own_client)
    monkeypatch.setattr(exports, "MOST_CASES", 100)
    answer = own_client.get("/api/v1/exports/incidents.csv", params=WORDS)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "since" and "100 can be taken out at once" in error["message"]
    for word in ("limit", "cursor", "arae"):
        assert own_client.get(f"/api/v1/exports/incidents.csv?{word}=1").status_code == 422
    assert audit_rows(own_context) == []


def test_only_what_one_may_see(own_client: TestClient, own_context: Context) -> None:
    """Cases of the own area; whoever asks for another gets headings alone."""
    engine = own_context.engine
    where = places(engine)
    for relation in ("child", "sibling"):
        body = a_case(where[relation], engine, f"{CANARY}{relation}")
        assert own_client.post("/api/v1/incidents", json=body).status_code == 201
    staff.add_account(engine, "own", Role.DUTY_OFFICER, where["own"])
    staff.add_account(engine, "planner", Role.PLANNER, where["own"])
    with client_of(own_context, "own") as client:
        step_up(client)
        mine = client.get("/api/v1/exports/incidents.csv", params=WORDS).text
        assert f"{CANARY}child" in mine and f"{CANARY}sibling" not in mine
        other = client.get(
            "/api/v1/exports/incidents.csv", params={**WORDS, "area": str(where["sibling"])}
        )
        assert len(csv_rows(other.content)) == 1
    assert [row.area_code for row in audit_rows(own_context)] == [where["own"]] * 2
    with client_of(own_context, "planner") as client:
        step_up(client)
        assert client.get("/api/v1/exports/incidents.csv").json()["type"] != "/problems/step-up"


def test_a_file_that_is_not_whole_does_not_look_so(own_context: Context) -> None:
    """When the session ends on the way, so does the file: broken off, not complete."""
    engine = own_context.request_engine
    query = IncidentFilter.model_validate(WORDS)
    nobody = Scope(0, 10**15, "a token of a session that has ended")
    for form in exports.Format:
        parts = exports.parts(
            engine, query, form, utc_now(), calendar=CityCalendar(), scope=nobody, total=1
        )
        with pytest.raises(exports.ExportBroken):
            b"".join(parts)


def test_the_command(own_context: Context, tmp_path: Path) -> None:
    """The same file, for its owner alone, and written down as well; or one sentence."""
    url = own_context.url.render_as_string(hide_password=False)
    env = {"MINQING_DATABASE_URL": url, "COLUMNS": "200"}
    for ending in ("csv", "xlsx"):
        file = tmp_path / f"cases.{ending}"
        long = ("--since", "2025-01-01", "--until", "2026-11-01")
        done = run_command("export", "incidents", str(file), *long, env=env)
        assert done.returncode == 1 and "400 days" in done.stderr, done
        since = f"{utc_now() - timedelta(days=60):%Y-%m-%d}"
        done = run_command("export", "incidents", str(file), "--since", since, env=env)
        assert done.returncode == 0, done.stderr
        assert file.stat().st_mode & 0o077 == 0
    with (tmp_path / "cases.csv").open("rb") as made:
        rows = csv_rows(made.read())
    assert len(rows) > 50
    assert workbook_of((tmp_path / "cases.xlsx").read_bytes()).max_row == len(rows)
    noted = audit_rows(own_context)
    assert [(row.account, row.area_code) for row in noted] == [(None, staff.CITY)] * 2
    for words, said in (("cases.txt",), "ends neither"), (("no/folder/x.csv",), "written"):
        done = run_command("export", "incidents", str(tmp_path / words[0]), env=env)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\ta", "\ra", " =1", "＝1+1", "＠x"],
)
def test_formulas_become_text(cell: str) -> None:
    """In both formats, with an apostrophe in front."""
    assert harmless(cell) == f"'{cell}"
    (_, (told,)) = csv_rows(b"".join(csv_parts(["a"], [[cell]])))
    assert told == f"'{cell}"
    page = workbook_of(b"".join(xlsx_parts("a", ["a"], [[cell]])))
    assert page["A2"].data_type in {"s", "inlineStr"}
    assert str(page["A2"].value).startswith("'")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("a;=1+1", "a;'=1+1"), ("a; @x", "a;' @x"), ('a;"=1', "a;'\"=1"), ("a\t-1", "a\t'-1"),
        ("a\n=1", "a\n'=1"), ("a\r\n+1", "a\r\n'+1"), ("=1;=2", "'=1;'=2"), ("\t=1", "'\t'=1"),
        ("a;＝1", "a;'＝1"), ("a;b;=1;c", "a;b;'=1;c"), ("a, b;=1", "a, b;'=1"),
    ],
)  # fmt: skip
def test_a_formula_inside_a_cell_becomes_text(cell: str, told: str) -> None:
    """Where `;`, a tab or an end of line separates, the cell is cut there; quotes do not help."""
    assert harmless(cell) == told
    written = b"".join(csv_parts(["a", "b"], [["1", cell]])).decode("utf-8-sig")
    for separator in ";\t":
        lines = csv.reader(io.StringIO(written, newline=""), delimiter=separator)
        parts = [part for line in lines for part in line]
        assert not [part for part in parts if re.match(r"\s*[\"]*\s*[=+\-@＝]", part)]


@pytest.mark.parametrize(
    "cell",
    ["a;b", "a;1-2", "a\nb", "a=1", "1-2", "井盖", "a@b", "", "_x003D_1", "<b>&amp;]]>", "'=1"],
)
def test_other_texts_stay_as_they_are(cell: str) -> None:
    """Cell for cell."""
    (_, (told,)) = csv_rows(b"".join(csv_parts(["a"], [[cell]])))
    assert told == cell
    page = workbook_of(b"".join(xlsx_parts("a", ["a"], [[cell]])))
    assert (page["A2"].value or "") == cell.replace("_x003D_", "_x005F_x003D_")


def test_what_no_cell_can_hold() -> None:
    """Control characters and halves of characters are replaced; too much is cut."""
    assert harmless("a\x00b\x1bc\ud800") == "a\ufffdb\ufffdc\ufffd"
    page = workbook_of(b"".join(xlsx_parts("a", ["a"], [["x" * 40_000]])))
    assert len(str(page["A2"].value)) == 32_767
