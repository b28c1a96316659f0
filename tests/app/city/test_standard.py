"""The filing standard: one spreadsheet in and out, cell for cell; published on a date, or refused.

Seen to fail with the thing it guards removed: the type of a limit's cell, the refusal of formulas,
the limit in force at the start of a clock, the end of the version before.
"""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from app.city import publishing
from app.city.standard import STANDARD_FILE, shipped_standard
from app.core.clock import CITY_ZONE, utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.files import sheet
from app.files.job import FileRefused
from app.incidents.clocks.standard import COLUMNS, StandardLine, faults_of, line_of
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from tests.app.incidents.reports import a_report
from tests.conftest import run_command

Cells = list[list[Any]]
TODAY = utc_now().astimezone(CITY_ZONE).date()
TOMORROW = TODAY + timedelta(days=1)
LINE = ["市容环境", "暴露生活垃圾", "0110", "有垃圾", 4, "work_hour", "环卫", "已清运", None]


def write_xlsx(path: Path, rows: Cells) -> Path:
    """A workbook with the nine headings over these rows."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for row in [list(COLUMNS), *rows]:
        page.append(row)
    book.save(path)
    return path


def cells_of(path: Path) -> Cells:
    """Every cell of a workbook, types and all."""
    page = openpyxl.load_workbook(path).worksheets[0]
    return [list(row) for row in page.iter_rows(values_only=True)]


def csv_cells(path: Path) -> list[list[str]]:
    """Every cell of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def publish(context: Context, file: Path, day: date = TOMORROW, *, dry_run: bool = False) -> Any:
    """Publish as the command does."""
    return publishing.publish(context.engine, file, day, utc_now(), dry_run=dry_run)


def evening(day: date) -> datetime:
    """Late on a local day."""
    return datetime(day.year, day.month, day.day, 23, tzinfo=CITY_ZONE)


def test_what_we_ship_comes_out_again(context: Context, tmp_path: Path) -> None:
    """The CSV we ship, through the database, to CSV: the same cells."""
    out = tmp_path / "standard.csv"
    lines = publishing.export_standard(context.engine, out, utc_now())
    assert csv_cells(out) == csv_cells(STANDARD_FILE)
    assert lines == len(shipped_standard().lines) > 90
    book = tmp_path / "standard.xlsx"
    publishing.export_standard(context.engine, book, utc_now())
    typed = cells_of(book)
    assert typed[0] == list(COLUMNS)
    assert [["" if c is None else str(c) for c in row] for row in typed] == csv_cells(out)
    assert {type(row[2]) for row in typed[1:]} == {str}
    assert {type(row[4]) for row in typed[1:]} == {int, float, type(None)}


def test_a_workbook_round_trips_cell_for_cell(own_context: Context, tmp_path: Path) -> None:
    """Texts, numbers, numbers written as text, line breaks, blanks around, empty cells."""
    rows = [
        LINE,
        [
            "市容环境",
            "私搭乱建",
            "0101",
            "在建",
            2,
            "urgent_work_day",
            None,
            "停工\n部分拆除",
            " 注 ",
        ],
        ["市容环境", "私搭乱建", "0101", "已建成", "15", "work_day", None, None, "0001"],
        ["反诈预警", "刷单返利", "1102", None, 0.5, "urgent_hour", "公安", None, None],
        ["水上救援", "落水", "1201", None, None, None, "救援队", None, "<b>x</b> 'a' \"b\""],
        ["市容环境", "道路不洁", "0112", "a", "4.50", "work_hour", None, None, None],
    ]
    given_file = write_xlsx(tmp_path / "in.xlsx", rows)
    report = publish(own_context, given_file)
    assert report.written and report.lines == len(rows)
    out = tmp_path / "out.xlsx"
    publishing.export_standard(own_context.engine, out, evening(TOMORROW))
    assert cells_of(out) == cells_of(given_file)
    again = publish(own_context, out)
    assert again.written and not again.changes
    table = tmp_path / "out.csv"
    publishing.export_standard(own_context.engine, table, evening(TOMORROW))
    assert publish(own_context, table).written
    second = tmp_path / "second.csv"
    publishing.export_standard(own_context.engine, second, evening(TOMORROW))
    assert second.read_bytes() == table.read_bytes()


safe_text = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() and not text.startswith(("=", "+", "-", "@"))
)


@given(st.lists(safe_text, min_size=4, max_size=4), st.sampled_from(["4", "0.5", "4.50", ""]))
def test_lines_keep_every_character(texts: list[str], limit: str) -> None:
    """Of cells that can be taken at all."""
    condition, unit, closing, note = texts
    cells = dict(
        zip(COLUMNS, ["类", "小类", "0110", condition, limit, "work_hour" if limit else "", unit,
                      closing, note], strict=True)
    )  # fmt: skip
    line, faults = line_of(2, cells, is_workbook=True)
    assert not faults and not faults_of([(2, line)])
    assert {column: getattr(line, column) for column in COLUMNS} == cells


def test_it_is_in_force_from_its_day(own_client: TestClient, own_context: Context,
                                     tmp_path: Path) -> None:  # fmt: skip
    """Before its day nothing has changed; from then on names, limits and codes are the new ones."""
    file = write_xlsx(tmp_path / "in.xlsx", [
        ["市容", "垃圾", "0110", None, 1, "work_day", None, None, None],
        ["新类", "新事项", "9901", None, 2, "urgent_hour", None, None, None],
    ])  # fmt: skip
    assert publish(own_context, file).written

    def standard(at: datetime) -> dict[str, Any]:
        items = own_client.get("/api/v1/categories", params={"at": at.isoformat()}).json()["items"]
        return {item["code"]: item for item in items}

    today, then = standard(utc_now()), standard(evening(TOMORROW))
    assert today["0110"]["limit"] == "4 work_hour" and len(today) >= 90
    assert set(then) == {"01", "0110", "99", "9901"}
    assert (then["0110"]["name_zh"], then["0110"]["limit"]) == ("垃圾", "1 work_day")
    assert then["0110"]["name_en"] == today["0110"]["name_en"]
    assert then["9901"]["name_en"] == "新事项"
    assert own_client.post("/api/v1/incidents", json=a_report(category="9901")).status_code == 422


def test_another_for_the_same_day_takes_its_place(own_context: Context, tmp_path: Path) -> None:
    """And one for an earlier day replaces what was to come."""
    for day, amount in ((TOMORROW + timedelta(days=5), 1), (TOMORROW + timedelta(days=5), 2),
                        (TOMORROW, 3)):  # fmt: skip
        file = write_xlsx(tmp_path / f"{amount}.xlsx", [[*LINE[:4], amount, *LINE[5:]]])
        assert publish(own_context, file, day).written
    with reading(own_context.engine) as session:
        for table in ("filing_line", "category"):
            rows = session.execute(
                text(f"SELECT count(*) FILTER (WHERE valid @> now()) AS now,"
                     f" count(*) FILTER (WHERE upper(valid) IS NULL) AS then FROM {table}")
            ).one()  # fmt: skip
            assert rows.now >= 90 and rows.then <= 2
    out = tmp_path / "out.csv"
    publishing.export_standard(own_context.engine, out, evening(TOMORROW + timedelta(days=9)))
    assert [row[4] for row in csv_cells(out)[1:]] == ["3"]


def registered(client: TestClient, context: Context, *to: Step, category: str = "0110") -> int:
    """A case of now, taken so far."""
    said = client.post("/api/v1/incidents", json=a_report(category=category, id=str(uuid4())))
    no = int(said.json()["no"])
    for step in to:
        with writing(context.engine) as session:
            steps.advance(session, no, step, utc_now())
    return no


def changed_to(amount: int, tmp_path: Path) -> Path:
    """What we ship, with another limit for 0110."""
    rows = csv_cells(STANDARD_FILE)[1:]
    for row in rows:
        row[4] = str(amount) if row[2] == "0110" else row[4]
    return write_xlsx(tmp_path / f"changed{amount}.xlsx", [list(row) for row in rows])


def test_the_preview_names_the_open_cases(
    own_client: TestClient, own_context: Context, tmp_path: Path
) -> None:
    """A case whose clock runs keeps its limit; one that is not registered yet will not; and what
    the preview says is what comes to be."""
    waiting = registered(own_client, own_context)
    running = registered(own_client, own_context, Step.REGISTER)
    other = registered(own_client, own_context, category="0112")
    file = changed_to(9, tmp_path)
    tomorrow = publish(own_context, file, dry_run=True)
    assert not tomorrow.written
    assert [(c.code, c.before, c.after) for c in tomorrow.changes] == [
        ("0110", "4 work_hour", "9 work_hour")
    ]
    cases = {case.no: case for case in tomorrow.cases}
    assert waiting in cases and running not in cases and other not in cases
    assert (str(cases[waiting].before), str(cases[waiting].after)) == ("4 work_hour", "9 work_hour")
    assert cases[waiting].started_at is None and tomorrow.untouched >= 1

    today = publish(own_context, file, TODAY, dry_run=True)
    assert running in {case.no for case in today.cases}
    clock = own_client.get(f"/api/v1/incidents/no/{running}").json()["clock"]
    assert clock["limit"] == "4 work_hour", "a dry run changes nothing"
    done = publish(own_context, file, TODAY)
    assert done.written and done.cases == today.cases
    for case in done.cases:
        shown = own_client.get(f"/api/v1/incidents/no/{case.no}").json()["clock"]
        assert shown["limit"] == (str(case.after) if case.started_at else None)
    with writing(own_context.engine) as session:
        steps.advance(session, waiting, Step.REGISTER, utc_now())
    clock = own_client.get(f"/api/v1/incidents/no/{waiting}").json()["clock"]
    assert clock["limit"] == "9 work_hour"


def test_a_case_keeps_the_name_of_a_category_that_is_gone(
    own_client: TestClient, own_context: Context, tmp_path: Path
) -> None:
    """And it can no longer be reported."""
    no = registered(own_client, own_context, category="0112")
    assert publish(own_context, write_xlsx(tmp_path / "in.xlsx", [LINE]), TODAY).written
    assert own_client.get(f"/api/v1/incidents/no/{no}").json()["category_name_zh"] == "道路不洁"
    assert own_client.post("/api/v1/incidents", json=a_report(category="0112")).status_code == 422


def changed(**cells: Any) -> list[Any]:
    """A good line with other cells."""
    return [cells.get(column, value) for column, value in zip(COLUMNS, LINE, strict=True)]


BAD_ROWS = [
    (changed(code="110"), "code", "four digits"),
    (changed(code=1101), "code", "format the column as text"),
    (changed(code=None), "code", "missing"),
    (changed(category=" "), "category", "missing"),
    (changed(limit="four"), "limit", "not a positive number"),
    (changed(limit=0), "limit", "not a positive number"),
    (changed(limit=-4), "limit", "not a positive number"),
    (changed(limit=True), "limit", "neither text nor a number"),
    (changed(limit=datetime(2026, 1, 1)), "limit", "neither text nor a number"),  # noqa: DTZ001
    (changed(unit="hours"), "unit", "none of the units"),
    (changed(unit=None), "unit", "missing"),
    (changed(limit=None), "limit", "missing"),
    (changed(note="=1+1"), "note", "formula"),
    (changed(note="@sum"), "note", "formula"),
    (changed(condition="-x"), "condition", "formula"),
    (changed(note="a\tb"), "note", "control"),
    (changed(note="x" * 2001), "note", "2,001"),
    (changed(), "condition", "same condition in row 2"),
    (changed(sub_category="别名", condition="x"), "sub_category", "row 2"),
    (changed(category="别类", condition="x"), "category", "row 2"),
]


@pytest.mark.parametrize(("row", "column", "reason"), BAD_ROWS)
def test_each_bad_row_is_named(
    context: Context, tmp_path: Path, row: list[Any], column: str, reason: str
) -> None:
    """By row, column and reason; nothing is published."""
    report = publish(context, write_xlsx(tmp_path / "in.xlsx", [LINE, row]))
    assert not report.written and not report.fits
    assert any(
        fault.row == 3 and fault.column == column and reason in fault.reason
        for fault in report.faults
    ), report.faults


def test_all_bad_rows_are_named_at_once(context: Context, tmp_path: Path) -> None:
    """Not only the first."""
    report = publish(context, write_xlsx(tmp_path / "in.xlsx", [LINE, *(r for r, *_ in BAD_ROWS)]))
    assert {fault.row for fault in report.faults} >= set(range(3, 3 + len(BAD_ROWS)))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"code,limit\n0110,4\n", "missing: category"),
        ("a.csv", (",".join([*COLUMNS, "extra"]) + "\n").encode(), "not known: 'extra'"),
        ("a.csv", ",".join(COLUMNS).encode(), "no lines"),
        ("a.csv", b"", "empty"),
        ("a.xlsx", b"PK\x03\x04 broken", "damaged"),
        ("a.xlsx", b"%PDF-1.4", "no known kind"),
        ("a.csv", "类别".encode("gbk"), "not utf-8"),
        ("a.geojson", b'{"type":"FeatureCollection"}', "CSV or XLSX"),
    ],
)
def test_files_that_are_no_standard(
    context: Context, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """Refused as a whole, in a sentence."""
    file = tmp_path / name
    file.write_bytes(content)
    report = publish(context, file)
    assert report.problem is not None and said in report.problem


def test_yesterday_is_over(context: Context, tmp_path: Path) -> None:
    """What was due then stays as it was."""
    file = write_xlsx(tmp_path / "in.xlsx", [LINE])
    report = publish(context, file, TODAY - timedelta(days=1))
    assert report.problem is not None and "past" in report.problem


def test_a_formula_never_leaves(tmp_path: Path) -> None:
    """Even if one were in the tables, a workbook would hold it as text."""
    file = tmp_path / "out.xlsx"
    sheet.write_sheet(file, "x", ["a"], [["=1+1"]])
    cell = openpyxl.load_workbook(file).worksheets[0]["A2"]
    assert (cell.data_type, cell.value) == ("s", "=1+1")
    with pytest.raises(FileRefused, match="ends neither"):
        sheet.write_sheet(tmp_path / "out.ods", "x", ["a"], [])
    with pytest.raises(FileRefused, match="cannot be written"):
        sheet.write_sheet(tmp_path / "nowhere" / "out.csv", "x", ["a"], [])


def test_no_index_no_code_is_needed_to_know_the_columns() -> None:
    """Nine, as the vocabulary has them."""
    assert len(COLUMNS) == 9
    assert StandardLine("类", "小类", "0110").parsed_limit() is None


def test_the_commands(own_context: Context, tmp_path: Path) -> None:
    """Export, dry run, import, and the refusals, as a user types them."""
    url = own_context.url.render_as_string(hide_password=False)
    env = {"MINQING_DATABASE_URL": url, "COLUMNS": "200"}
    out = tmp_path / "out.xlsx"
    said = run_command("standard", "export", str(out), env=env)
    assert said.returncode == 0, said.stderr
    assert f"{len(shipped_standard().lines)} lines" in said.stdout
    file = changed_to(9, tmp_path)
    day = str(TOMORROW)
    said = run_command("standard", "import", str(file), "--effective-on", day, "--dry-run", env=env)
    assert said.returncode == 0 and "1 limits change" in said.stdout
    assert "4 work_hour" in said.stdout and "9 work_hour" in said.stdout
    assert "Nothing was published" in said.stdout
    said = run_command("standard", "import", str(file), "--effective-on", day, env=env)
    assert said.returncode == 0 and f"in force from {day}" in said.stdout
    bad = write_xlsx(tmp_path / "bad.xlsx", [changed(code="x")])
    said = run_command("standard", "import", str(bad), "--effective-on", day, env=env)
    assert said.returncode == 1 and "four digits" in said.stdout
    assert "Nothing was published" in said.stderr
    said = run_command("standard", "import", str(file), "--effective-on", "soon", env=env)
    assert said.returncode == 1 and "--effective-on" in said.stderr
