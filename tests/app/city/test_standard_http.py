"""The filing standard over HTTP: read, taken home, tried and published; and what is refused."""

import csv
import io
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.city.standard import STANDARD_FILE
from app.core.clock import CITY_ZONE, utc_now
from app.core.context import Context
from app.core.db import reading
from app.identity.rules import Role
from app.incidents.clocks.standard import COLUMNS
from tests import staff
from tests.app.identity.canary import client_of, places
from tests.app.incidents.reports import a_report

TODAY = utc_now().astimezone(CITY_ZONE).date()
TOMORROW = TODAY + timedelta(days=1)
CODE, LIMIT = COLUMNS.index("code"), COLUMNS.index("limit")
Rows = list[list[str]]


def shipped() -> Rows:
    """The lines that we ship, without their headings."""
    with STANDARD_FILE.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def as_csv(rows: Rows) -> bytes:
    """A file of these lines."""
    out = io.StringIO()
    csv.writer(out).writerows([list(COLUMNS), *rows])
    return out.getvalue().encode("utf-8-sig")


def send(
    client: TestClient, content: bytes, path: str = "", day: date | str = TOMORROW, **words: Any
) -> Any:
    """Upload a standard."""
    files = {"file": (words.pop("name", "standard.csv"), content)}
    return client.post(f"/api/v1/standard{path}", data={"valid_from": str(day)}, files=files)


def test_reading_it(client: TestClient) -> None:
    """All lines with nine cells, as JSON and as a workbook."""
    found = client.get("/api/v1/standard").json()
    assert [list(line.values()) for line in found["lines"]] == shipped()
    assert found["valid_until"] is None and found["valid_from"].endswith("Z")
    answer = client.get("/api/v1/standard.xlsx")
    assert "attachment" in answer.headers["content-disposition"]
    page = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [cell.value for cell in page[1]] == list(COLUMNS)
    assert page.max_row == len(shipped()) + 1
    long_ago = client.get("/api/v1/standard", params={"at": "2001-01-01T00:00:00Z"})
    assert long_ago.status_code == 404


def test_preview_and_publish(own_client: TestClient, own_context: Context) -> None:
    """What comes, goes and changes, for which open case; then it is in force, and written down."""
    # Not yet registered: its clock will start under the new standard.
    report = own_client.post("/api/v1/incidents", json=a_report(category="0110")).json()
    rows = [row for row in shipped() if row[CODE] != "0107"]
    for row in rows:
        row[LIMIT] = "3" if row[CODE] == "0110" else row[LIMIT]
    fresh = ["市容环境", "新类别", "0199", "", "1", "work_day", "环卫", "已处理", ""]
    content = as_csv([*rows, fresh])
    preview = send(own_client, content, "/preview")
    assert preview.status_code == 200, preview.text
    told = preview.json()
    assert told["published"] is False and told["errors"] == []
    assert told["lines"] == len(rows) + 1
    assert [change["code"] for change in told["added"]] == ["0199"]
    assert [change["code"] for change in told["removed"]] == ["0107"]
    assert told["changed"] == [
        {"code": "0110", "name": "暴露生活垃圾", "before": "4 work_hour", "after": "3 work_hour"}
    ]
    (case,) = [item for item in told["cases"]["items"] if item["no"] == report["no"]]
    assert case["title"] == report["title"]
    assert (case["limit_before"], case["limit_after"]) == ("4 work_hour", "3 work_hour")
    assert told["cases"]["n"] >= 1
    before = own_client.get("/api/v1/standard").json()
    published = send(own_client, content).json()
    assert published == {**told, "published": True}
    assert own_client.get("/api/v1/standard").json()["lines"] == before["lines"]
    noon = datetime(TOMORROW.year, TOMORROW.month, TOMORROW.day, 12, tzinfo=CITY_ZONE)
    after = own_client.get("/api/v1/standard", params={"at": noon.isoformat()}).json()
    assert [list(line.values()) for line in after["lines"]] == [*rows, fresh]
    with reading(own_context.engine) as session:
        noted = session.execute(
            text("SELECT account, kind, area_code FROM audit_row WHERE kind = 'standard_published'")
        ).all()
    assert noted == [(staff.ADMIN, "standard_published", staff.CITY)]


def test_a_workbook_goes_round(own_client: TestClient) -> None:
    """What was taken home is published again as it is: nothing changes."""
    book = own_client.get("/api/v1/standard.xlsx").content
    told = send(own_client, book, "/preview", name="a.csv").json()
    assert told["errors"] == told["added"] == told["removed"] == told["changed"] == []
    assert send(own_client, book, day=TODAY).status_code == 200


def test_cells_that_cannot_be_taken(own_client: TestClient) -> None:
    """A preview lists them; publishing is refused and names them."""
    rows = shipped()[:3]
    rows[1][LIMIT], rows[2][CODE] = "often", "=1+1"
    told = send(own_client, as_csv(rows), "/preview").json()
    assert [(e["row"], e["column"]) for e in told["errors"]] == [(3, "limit"), (4, "code")]
    answer = send(own_client, as_csv(rows))
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["row 3, limit", "row 4, code"]
    assert len(own_client.get("/api/v1/standard").json()["lines"]) == len(shipped())


@pytest.mark.parametrize(
    ("content", "day", "field"),
    [
        (b"", TOMORROW, "file"),
        (b"a,b\n1,2\n", TOMORROW, "file"),
        (b"PK\x03\x04" + bytes(60), TOMORROW, "file"),
        (b"\x00\xff\xfe", TOMORROW, "file"),
        (as_csv(shipped()), TODAY - timedelta(days=1), "valid_from"),
        (as_csv(shipped()), "0001-01-01", "valid_from"),
        (as_csv(shipped()), "9999-12-31", "valid_from"),
        (as_csv(shipped()), "soon", "valid_from"),
    ],
)
def test_what_is_refused(
    own_client: TestClient, content: bytes, day: date | str, field: str
) -> None:
    """The field at fault is named, in the preview and in earnest."""
    for path in ("/preview", ""):
        answer = send(own_client, content, path, day)
        if day == "9999-12-31" and answer.status_code == 200:
            continue  # far ahead, and still a day
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_too_long_a_file(client: TestClient) -> None:
    """Refused before it is read."""
    assert send(client, bytes(6 * 2**20), "/preview").status_code == 413


def test_only_who_acts_for_the_whole_city(own_context: Context, tmp_path: Path) -> None:
    """An admin of one community sees the standard and publishes nothing."""
    engine = own_context.engine
    staff.add_account(engine, "part", Role.CITY_ADMIN, places(engine)["own"])
    staff.add_account(engine, "planner", Role.PLANNER, staff.CITY)
    for name, kind in (("part", "outside-scope"), ("planner", "not-allowed")):
        with client_of(own_context, name) as client:
            assert client.get("/api/v1/standard").status_code == 200
            for path in ("/preview", ""):
                answer = send(client, as_csv(shipped()), path)
                assert answer.status_code == 403
                assert answer.json()["type"] == f"/problems/{kind}"
