"""Hostile inputs (reference: numbers, structure, place, query): refused in words.

Every answer is a 4xx problem that names the field; none reaches the database as it came.
"""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.core.paging import encode_cursor
from tests.app.incidents.reports import a_report

V1 = "/api/v1"
LISTS = [f"{V1}/{name}" for name in ("areas", "incidents", "stations", "assignments", "staffing")]
AS_OF = [*LISTS, f"{V1}/city", f"{V1}/categories", f"{V1}/areas/620111000000000",
         f"{V1}/areas/620111000000000/boundary", f"{V1}/incidents/no/1"]  # fmt: skip
INJECTIONS = [
    "'; DROP TABLE area; --", "1 OR 1=1", "\" OR \"\"=\"", "$(id)", "{{7*7}}", "%27%20--",
    "a' UNION", "<script>alert(1)</script>", "../../etc/passwd", "\\x00", "${jndi:ldap://x}",
    "=cmd|'/c calc'!A1",
]  # fmt: skip
BBOXES = [
    "1,2,3", "1,2,3,4,5", "nan,0,1,1", "0,0,inf,1", "1e999,0,1,1", "a,b,c,d", "103,36,102,37",
    "103,37,104,36", "-181,0,1,1", "0,-91,1,1", "103,36,103,36", "", ",,,", "500000,0,600000,1",
]  # fmt: skip
INSTANTS = ["now", "0", "1700000000", "2026-01-01", "2026-01-01T00:00:00", "9999-12-31T23:59:59Z",
            "1900-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "NaN", "",
            "2026-01-01T00:00:00+99:00"]  # fmt: skip
LIMITS = ["0", "-1", "1000000000", "1e3", "ten", "1.5", "NaN", "", "９"]
CODES = [
    "0", "-1", "12", "620111000000000.0", "99999999999999999999", "６２０１１１００００００００",
    "x", "620100001000000", "1e14", "", "0x1",
]  # fmt: skip
CURSORS = ["x", "!!!!", "bnVsbA", "WzFd" * 200, "eyJhIjoxfQ", "W251bGxd", "WyJhIl0", "W1tdXQ", "é"]
NUL_AND_BEYOND = ["\x00", "a\x00b", "\x1b[31m", "\u202eabc", "   ", "x" * 5000]

QUERIES: list[tuple[str, str, str]] = [
    *((path, "limit", value) for path in LISTS for value in LIMITS),
    *((path, "cursor", value) for path in LISTS for value in CURSORS),
    *((path, "at", value) for path in AS_OF for value in INSTANTS[:6]),
    *((f"{V1}/incidents", word, value) for word in ("since", "until") for value in INSTANTS),
    *((path, "bbox", value) for path in LISTS[1:3] for value in BBOXES),
    *((path, "area", value) for path in LISTS[1:] for value in CODES[:6]),
    *((f"{V1}/areas", word, value) for word in ("parent", "code") for value in CODES),
    *((path, word, "x") for path in AS_OF for word in ("sort", "filter", "__proto__")),
    *((f"{V1}/areas", "level", value) for value in ("street", "CELL", "0", *INJECTIONS[:4])),
    *((f"{V1}/areas", "q", value) for value in NUL_AND_BEYOND),
    *((f"{V1}/addresses", "q", value) for value in (*NUL_AND_BEYOND, "")),
    *((f"{V1}/{path}", word, value) for path, word in (("users", "q"), ("sessions", "user"))
      for value in NUL_AND_BEYOND),
    *((f"{V1}/{path}", "cursor", encode_cursor([*before, text, *after]))
      for path, before, after in (("users", [], []), ("sessions", [], [1]), ("duty_units", [1], []))
      for text in ("\x00", "a\x00", "\ud800")),
    *((f"{V1}/stations", "kind", value) for value in ("pub", *INJECTIONS[:3])),
    *((f"{V1}/assignments", "role", value) for value in ("spy", *INJECTIONS[:3])),
    *((f"{V1}/assignments", "duty", value) for value in ("x", *INJECTIONS[:3])),
    *((f"{V1}/staffing", "ok", value) for value in ("maybe", "2", *INJECTIONS[:3])),
    *((f"{V1}/incidents", "category", value)
      for value in ("1", "011", "01101", "ab", "０１", "01;02", *INJECTIONS[:4])),
    *((f"{V1}/incidents", "status", value) for value in ("OPEN", "x", "open,", *INJECTIONS[:4])),
    *((f"{V1}/incidents", "stage", value) for value in ("open", "x", *INJECTIONS[:3])),
    *((f"{V1}/addresses/reverse", word, value) for word in ("lon", "lat")
      for value in ("NaN", "inf", "1e999", "181", "x", "", "null", "true")),
]  # fmt: skip
FILL = {"lon": "102.86", "lat": "36.34"}

NOT_NUMBERS: list[Any] = [
    "102.86", None, True, False, [], {}, [102.86], "NaN", float("nan"), float("inf"),
    float("-inf"), 1e308, 10**400, -181, 12861723.5,
]  # fmt: skip
BODIES: list[tuple[str, Any]] = [
    *(("lon", value) for value in NOT_NUMBERS if value is not None),
    *(("lat", value) for value in NOT_NUMBERS if value is not None),
    *(("severity", value) for value in (0, 5, -1, 2.5, "2", True, None, float("nan"), 10**30)),
    *(("category", value) for value in (110, "110", "01100", "abcd", "０１１０", "9999", "0110\n",
                                        None, ["0110"], *INJECTIONS[:3])),
    *(("title", value) for value in ("", " ", "\u200b", "a\x00b", "\ud800", "a\nb", "\u202ex",
                                     "x" * 201, 1, None, ["x"], {"a": 1}, "\x1b[2J")),
    *(("description", value) for value in ("\x00", "\udfff", "\x07", "x" * 4001, None, 5, [],
                                           "\u2066x", "e" + "\u0301" * 31, "\u0f73" * 4000)),
    *(("source", value) for value in ("", "PATROL", "spy", None, 1, *INJECTIONS[:2])),
    *(("id", value) for value in ("", "1", "x" * 36, "{6f1c1d5e-6f0a-4b57-9b0e-3c1f2a4d5e6f}",
                                  "urn:uuid:6f1c1d5e-6f0a-4b57-9b0e-3c1f2a4d5e6f", 7, None, [],
                                  "6f1c1d5e6f0a4b579b0e3c1f2a4d5e6f", *INJECTIONS[:2])),
    *(("occurred_at", value)
      for value in (1700000000, "yesterday", "2026-01-01", "2026-01-01T00:00:00", True, [],
                    "1999-01-01T00:00:00Z", "9999-12-31T00:00:00Z")),
    *(("simulated", value) for value in ("true", 1, 0, None, "yes")),
    *(("address", value) for value in ("红古区", "", "\x00", "x" * 201, 1, [])),
    ("assignee", "somebody"),
    ("__class__", {}),
    ("phone", "13800000000"),
]  # fmt: skip


def check(answer: Any, field: str) -> None:
    """A refusal in words. How soon it comes is what `scripts/drill` measures."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert field in [error["field"].split(".")[0] for error in problem["errors"]], problem
    assert len(answer.content) < 20_000


def test_there_are_at_least_three_hundred_cases() -> None:
    """As promised."""
    assert len(QUERIES) + len(BODIES) > 400


def test_queries(client: TestClient, subtests: pytest.Subtests) -> None:
    """Every hostile word of a URL."""
    for path, word, value in QUERIES:
        with subtests.test(path=path, word=word, value=value[:50]):
            filled = FILL if path.endswith("reverse") else {}
            check(client.get(path, params={**filled, word: value}), word)


def test_bodies(client: TestClient, subtests: pytest.Subtests) -> None:
    """Every hostile member of a report."""
    for member, value in BODIES:
        with subtests.test(member=member, value=repr(value)[:50]):
            body = a_report() | {member: value}
            if member == "address":
                body = {key: part for key, part in body.items() if key not in ("lon", "lat")}
            check(_post(client, json.dumps(body)), member)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("", 422), ("null", 422), ("[]", 422), ("1", 422), ('"x"', 422), ("{", 400), ("\x00", 400),
        ("[" * 5_000, 400), ('{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ('{"lon":' + "9" * 5_000 + "}", 400), ('{"title":"' + "x" * 70_000 + '"}', 413),
        ("\ud800".encode("utf-8", "surrogatepass"), 400), (b"\xff\xfe{\x00}\x00", 422),
    ],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_bodies_that_are_no_report(client: TestClient, raw: str | bytes, status: int) -> None:
    """Structure before content."""
    answer = _post(client, raw)
    assert answer.status_code == status, answer.text
    fields = [error["field"] for error in answer.json()["errors"]]
    assert answer.headers["content-type"] == "application/problem+json" and fields


@pytest.mark.parametrize("kind", [None, "text/plain", "multipart/form-data", "application/xml"])
def test_only_json_is_a_report(client: TestClient, kind: str | None) -> None:
    """A form on another site could send the others without asking."""
    headers = {"content-type": kind} if kind else {}
    answer = client.post(f"{V1}/incidents", content=json.dumps(a_report()), headers=headers)
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["field"] == "Content-Type"


def test_a_body_in_chunks_is_counted(client: TestClient) -> None:
    """Without a length it is measured while it comes."""
    answer = client.post(
        f"{V1}/incidents",
        content=(b" " * 1024 for _ in range(100)),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["field"] == "body"


@pytest.mark.parametrize(
    ("change", "field", "hint"),
    [
        ({"lon": 36.34, "lat": 102.86}, "lat", "swapped"),
        ({"lon": 487_430.1, "lat": 4_022_000.9}, "lon", "metres"),
        ({"lon": 0.0, "lat": 0.0}, "lon", "no grid cell"),
        ({"lat": None}, "lat", "missing"),
        ({"lon": None}, "lon", "missing"),
        ({"lon": None, "lat": None}, "lon", "address"),
        ({"address": "海石湾镇火车站社区"}, "address", "either"),
    ],
)
def test_a_wrong_place_is_told_how_to_be_right(
    client: TestClient, change: dict[str, Any], field: str, hint: str
) -> None:
    """The usual mistakes have their own words."""
    answer = _post(client, json.dumps(a_report(**change)))
    assert answer.status_code == 422
    messages = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert hint in messages[field]


def test_pairs_of_words_that_do_not_fit(client: TestClient) -> None:
    """The one to mend is named."""
    later, sooner = "2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"
    for words, field in [
        ({"since": later, "until": sooner}, "since"),
        ({"since": "2020-01-01T00:00:00Z", "until": sooner}, "since"),
    ]:
        check(client.get(f"{V1}/incidents", params=words), field)
    check(client.get(f"{V1}/areas", params={"lon": 102.8}), "lat")
    check(client.get(f"{V1}/areas", params={"lat": 36.3}), "lon")


def test_injections_are_letters_like_any_others(client: TestClient) -> None:
    """They find nothing, and nothing happens."""
    before = client.get(f"{V1}/city").json()["counts"]
    for payload in INJECTIONS:
        found = client.get(f"{V1}/areas", params={"q": payload})
        assert (found.status_code, found.json()["total"]) == (200, 0)
        assert client.get(f"{V1}/addresses", params={"q": payload}).status_code == 200
        for path in ("areas", "incidents", "incidents/no"):
            answer = client.get(f"{V1}/{path}/{payload}")
            assert answer.status_code in (404, 422)
            assert answer.headers["content-type"] == "application/problem+json"
    assert client.get(f"{V1}/city").json()["counts"] == before


def _post(client: TestClient, raw: str | bytes) -> Any:
    return client.post(f"{V1}/incidents", content=raw, headers={"content-type": "application/json"})
