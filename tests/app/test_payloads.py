"""All text is data: what goes in comes out again, letter for letter, or is refused by rule.

Lists, cards, stream, CSV and XLSX here; what a browser makes of it is in tests/e2e.
"""

import csv
import io
import json
import re
import unicodedata
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import openpyxl
import pytest
from starlette.testclient import TestClient

from app.core.clock import CITY_ZONE, utc_now
from app.core.context import Context
from app.identity.rules import Role
from app.incidents.clocks.standard import COLUMNS
from tests import staff
from tests.app.identity.canary import client_of
from tests.app.incidents.reports import a_report
from tests.payloads import PAYLOADS, REFUSED, TAKEN, Payload
from tests.server import ServerProcess
from tests.stream_client import Viewer

TITLE, DESCRIPTION = 4, 5
JSON = {"Content-Type": "application/json"}
BEFORE_FORMULA = " \u00a0\u3000\"'"
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def kept(text: str) -> str:
    """What we keep of a text: its letters in one writing, without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def as_cell(text: str) -> str:
    """How it stands in a table: no formula, nor where a program cuts it at a `;`, tab or line."""
    parts = re.split(r"([;\t\r\n])", text)
    for nth in range(2, len(parts), 2):
        if parts[nth].lstrip(BEFORE_FORMULA).startswith(FORMULA):
            parts[nth] = f"'{parts[nth]}"
    whole = "".join(parts)
    return f"'{whole}" if text.lstrip().startswith(FORMULA) else whole


def listed(client: Any) -> dict[int, dict[str, Any]]:
    """Every case of the list, by number."""
    found: dict[int, dict[str, Any]] = {}
    words: dict[str, Any] = {"limit": 200}
    while True:
        page = client.get("/api/v1/incidents", params=words).json()
        found |= {item["no"]: item for item in page["items"]}
        if page["next"] is None:
            return found
        words["cursor"] = page["next"]


def test_there_are_enough_of_them() -> None:
    """200 at the least, all different, most of them text that must be taken."""
    assert len({payload.value for payload in PAYLOADS}) == len(PAYLOADS) >= 200
    assert len(TAKEN) >= 200


def test_text_comes_out_as_it_went_in(server: ServerProcess) -> None:
    """Title, description and reason, through list, card, stream, CSV and workbook."""
    numbers: dict[int, str] = {}
    with (
        Viewer(server.base_url) as viewer,
        staff.Client(base_url=server.base_url, timeout=30) as client,
    ):
        viewer.read_count("hello", 1)
        for payload in TAKEN:
            report = a_report(title=payload.value, description=payload.value)
            answer = client.post("/api/v1/incidents", json=report)
            assert answer.status_code == 201, (payload, answer.text)
            numbers[answer.json()["no"]] = kept(payload.value)
            step = {"step": "refuse", "reason": payload.value}
            path = f"/api/v1/incidents/{report['id']}"
            assert client.post(f"{path}/steps", json=step).status_code == 200, payload
            card = client.get(path).json()
            assert card["title"] == card["description"] == kept(payload.value)
            assert card["timeline"][-1]["reason"] == kept(payload.value)
        told = viewer.read_count("incident.changed", len(TAKEN))
        assert {event.data["no"]: event.data["title"] for event in told} == numbers
        found = listed(client)
        assert {no: found[no]["title"] for no in numbers} == numbers
        password = {"password": staff.PASSWORD}
        assert client.post("/api/v1/session/step_up", json=password).status_code == 200
        table = client.get("/api/v1/exports/incidents.csv").content.decode("utf-8-sig")
        book = client.get("/api/v1/exports/incidents.xlsx").content
    cells = {no: as_cell(text) for no, text in numbers.items()}
    rows = {int(row[0]): row for row in list(csv.reader(io.StringIO(table, newline="")))[1:]}
    assert {no: rows[no][TITLE] for no in numbers} == cells
    assert {no: rows[no][DESCRIPTION] for no in numbers} == cells
    sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
    seen = {row[0].value: row[TITLE] for row in sheet.iter_rows(min_row=2)}
    for no, text in cells.items():
        # A workbook has its own way to write what looks like one of its escapes.
        assert seen[no].value == text.replace("_x003D_", "_x005F_x003D_")
        assert seen[no].data_type != "f"


def errors_of(answer: Any) -> list[str]:
    """The fields that a refusal names."""
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["field"] for error in answer.json()["errors"]]


def test_what_is_no_text_is_refused_by_its_field(
    own_client: TestClient, own_context: Context
) -> None:
    """In every field that takes text: 422 naming it, in words that are themselves text."""
    staff.add_account(own_context.engine, "desk", Role.DUTY_OFFICER, staff.CITY)
    report = a_report()
    assert own_client.post("/api/v1/incidents", json=report).status_code == 201
    path = f"/api/v1/incidents/{report['id']}"
    with client_of(own_context, "desk") as desk:
        for payload in REFUSED:
            for field, method, url, body in fields_with(payload, path):
                # Accounts are the admin's affair, contacts are not.
                client = own_client if url.endswith("users") else desk
                # Escaped, as half a character can be sent in no other way.
                content = json.dumps(body)
                answer = client.request(method, url, content=content, headers=JSON)
                assert answer.status_code == 422, (payload, field, answer.text)
                assert field in errors_of(answer), payload
    assert own_client.get(path).json()["status"] == "reported"


def fields_with(payload: Payload, case: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(field, method, URL, body) of every field that must refuse it."""
    value = payload.value
    lines: list[tuple[str, str, str, dict[str, Any]]] = [
        ("title", "POST", "/api/v1/incidents", a_report(title=value)),
        ("address", "POST", "/api/v1/incidents", a_report(address=value, lon=None, lat=None)),
        ("name", "PUT", f"{case}/contact", {"name": value}),
        ("name", "POST", "/api/v1/users", {"name": value, "password": "x" * 20}),
    ]
    texts: list[tuple[str, str, str, dict[str, Any]]] = [
        ("description", "POST", "/api/v1/incidents", a_report(description=value)),
        ("reason", "POST", f"{case}/steps", {"step": "refuse", "reason": value}),
        ("title", "POST", "/api/v1/duplicates/suggestions",
         {"category": "0110", "title": value, "lon": 102.86, "lat": 36.34}),
        ("reason", "POST", f"/api/v1/mediations/{uuid4()}/cancel", {"reason": value}),
        ("agreement.terms", "POST", f"/api/v1/mediations/{uuid4()}/outcome",
         {"outcome": "mediated", "agreement": {"terms": value}}),
        ("note", "PUT", f"{case}/contact", {"note": value, "phone": "0931 1234567"}),
    ]  # fmt: skip
    return [*lines, *([] if payload.text else texts)]


def test_cells_of_the_filing_standard(own_client: TestClient) -> None:
    """Uploaded, published, read again and taken home: the same cells; formulas are refused."""
    today = utc_now().astimezone(CITY_ZONE).date()
    formulas = [p for p in TAKEN if p.value.startswith(("=", "+", "-", "@"))]
    cells = [p.value for p in TAKEN if p not in formulas]
    assert len(formulas) > 15 and len(cells) > 200

    def send(values: list[str], path: str = "") -> Any:
        lines = [["组", "类", "0199", text, 1, "work_day", text, text, text] for text in values]
        out = io.StringIO(newline="")
        csv.writer(out).writerows([COLUMNS, *lines])
        files = {"file": ("x.csv", out.getvalue().encode("utf-8-sig"))}
        form = {"valid_from": str(today)}
        return own_client.post(f"/api/v1/standard{path}", data=form, files=files)

    answer = send(cells)
    assert answer.status_code == 200, answer.text
    late = {"at": (utc_now() + timedelta(seconds=1)).isoformat()}
    found = own_client.get("/api/v1/standard", params=late).json()["lines"]
    assert [line["condition"] for line in found] == cells
    assert [line["note"] for line in found] == cells
    book = own_client.get("/api/v1/standard.xlsx", params=late).content
    sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
    assert [cell.value for cell in list(sheet.columns)[8][1:]] == cells
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    refused = send([p.value for p in formulas], "/preview").json()
    assert {error["row"] for error in refused["errors"]} == set(range(2, len(formulas) + 2))


def test_no_word_of_an_address_brings_anything_down(client: TestClient) -> None:
    """Every payload in every part of a URL: an answer of the document, never a 5xx."""
    for payload in PAYLOADS:
        word = quote(payload.value.encode("utf-8", "surrogatepass"), safe="")
        if len(word) > 4_000:
            continue
        for url in (
            f"/api/v1/incidents/{word}",
            f"/api/v1/incidents?cursor={word}",
            f"/api/v1/incidents?category={word}&status={word}&area={word}",
            f"/api/v1/exports/incidents.csv?status={word}",
            f"/api/v1/addresses?q={word}",
            f"/api/v1/attachments/{uuid4()}?size={word}",
            f"/api/v1/users/{word}",
        ):
            answer = client.get(url)
            assert answer.status_code < 500, (url, answer.text)
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in {"application/json", "application/problem+json", "text/html"}, url


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b'{"title": "\xed\xa0\x80"}', b'{"title": "\x00"}', b'{"title": "\xc0\xaf"}'],
)
def test_what_is_no_utf8_is_refused(client: TestClient, body: bytes) -> None:
    """Half characters and overlong ones as raw bytes."""
    answer = client.post("/api/v1/incidents", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
