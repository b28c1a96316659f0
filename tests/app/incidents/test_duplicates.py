"""Suggesting duplicates: how alike two reports are, and what is suggested over HTTP."""

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.incidents.duplicates import rules as likeness
from tests.app.identity.canary import client_of
from tests.app.incidents.reports import LAT, LON, a_report

PATH = "/api/v1/duplicates/suggestions"
M_PER_DEG = 111_195.0


@pytest.mark.parametrize(
    ("text", "other", "least", "most"),
    [
        ("路边暴露生活垃圾", "路边暴露生活垃圾", 1.0, 1.0),
        ("路边暴露生活垃圾", "路边有生活垃圾暴露", 0.5, 0.9),
        ("路边暴露生活垃圾", "垃圾桶满溢", 0.0, 0.3),
        ("路边，暴露生活垃圾！", "路边 暴露生活垃圾", 1.0, 1.0),
        ("ＡＢ栋", "ab栋", 1.0, 1.0),
        ("水管破裂", "路灯不亮", 0.0, 0.0),
        ("", "", 0.0, 0.0),
        ("水", "水", 1.0, 1.0),
    ],
)
def test_words_by_pairs_of_characters(text: str, other: str, least: float, most: float) -> None:
    """Punctuation, width and case do not count; the order of a few words hardly does."""
    assert least <= likeness.text_similarity(text, other) <= most


def test_of_long_texts_the_beginning_counts() -> None:
    """Four hundred cases may lie around one place, each with a page of text."""
    text = "井盖缺失，" * 200
    other = text[: likeness.LONGEST_COMPARED] + "完全是另外一件事情" * 400
    assert likeness.text_similarity(text, other) == 1


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_of_words_is_a_share(text: str, other: str) -> None:
    """Between 0 and 1, the same both ways, 1 with itself."""
    share = likeness.text_similarity(text, other)
    assert 0 <= share <= 1 and share == likeness.text_similarity(other, text)
    if likeness.pairs_of(text):
        assert likeness.text_similarity(text, text) == 1


@given(st.floats(0, 900), st.floats(0, 200), st.floats(0, 1), st.floats(0, 900), st.floats(0, 200))
def test_nearer_and_sooner_is_likelier(
    apart_m: float, hours: float, similarity: float, farther_m: float, later_h: float
) -> None:
    """And the score is a share."""
    one = likeness.compare(apart_m, hours, similarity, "0110", "0110")
    other = likeness.compare(apart_m + farther_m, hours + later_h, similarity, "0110", "0111")
    assert 0 <= other.score <= one.score <= 1
    assert set(other.reasons) <= set(one.reasons)


def test_distances() -> None:
    """Against the sphere: a hundredth of a degree of latitude is 1112 m."""
    assert math.isclose(likeness.distance_m(LON, LAT, LON, LAT + 0.01), 1112, abs_tol=1)
    east = likeness.distance_m(LON, LAT, LON + 0.01, LAT)
    assert math.isclose(east, 1112 * math.cos(math.radians(LAT)), abs_tol=1)


def _suggested(client: TestClient, **typed: Any) -> list[dict[str, Any]]:
    body = {"category": "0110", "title": "路边有生活垃圾暴露", "lon": LON, "lat": LAT, **typed}
    answer = client.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_what_is_suggested(own_client: TestClient, own_context: Context) -> None:
    """The same nearby, with its reasons; not what is far, old, other or closed; five at most."""
    same = own_client.post("/api/v1/incidents", json=a_report()).json()
    for changes in (
        {"lat": LAT + 0.006},  # 670 m
        {"occurred_at": (utc_now() - timedelta(hours=80)).isoformat()},
        {"category": "0502", "title": "燃气管破裂", "lat": LAT + 0.002},
    ):
        assert own_client.post("/api/v1/incidents", json=a_report(**changes)).status_code == 201
    found = _suggested(own_client)
    first = found[0]
    assert first["incident"]["id"] == same["id"]
    assert first["reasons"] == ["distance", "time", "text", "category"]
    assert first["score"] > 0.8 and first["distance_m"] < 1 and first["hours"] < 1
    assert "description" not in first["incident"]
    assert [one["score"] for one in found] == sorted((o["score"] for o in found), reverse=True)
    assert all(o["distance_m"] <= 500 and o["hours"] <= 72 for o in found)
    assert "燃气管破裂" not in {one["incident"]["title"] for one in found}
    for _ in range(7):
        own_client.post("/api/v1/incidents", json=a_report())
    assert len(_suggested(own_client)) == 5
    url = f"/api/v1/incidents/{same['id']}/steps"
    refused = own_client.post(url, json={"step": "refuse", "reason": "不属受理范围"})
    assert refused.status_code == 200
    assert same["id"] not in {o["incident"]["id"] for o in _suggested(own_client)}


def test_nothing_beyond_ones_area_is_suggested(
    own_client: TestClient, own_context: Context
) -> None:
    """A post elsewhere types the same report and is told of nothing."""
    from app.identity.rules import Role
    from tests import staff

    case = own_client.post("/api/v1/incidents", json=a_report()).json()
    near = case["cell_code"] // 1000 * 1000
    with_it = "dispatcher_near", near
    without = "dispatcher_far", near + 1000
    for name, area in (with_it, without):
        staff.add_account(own_context.engine, name, Role.DISPATCHER, area)
    with client_of(own_context, with_it[0]) as client:
        assert case["id"] in {o["incident"]["id"] for o in _suggested(client)}
    with client_of(own_context, without[0]) as client:
        assert case["id"] not in {o["incident"]["id"] for o in _suggested(client)}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": "1"}, "category"), ({"lon": None}, "lon"), ({"lat": 91}, "lat"),
        ({"title": "a\u202eb"}, "title"), ({"description": "x" * 4001}, "description"),
        ({"occurred_at": "yesterday"}, "occurred_at"), ({"name": "x"}, "name"),
    ],
)  # fmt: skip
def test_bad_input(client: TestClient, changes: dict[str, Any], field: str) -> None:
    """422, naming the field."""
    body = {"category": "0110", "title": "垃圾", "lon": LON, "lat": LAT, **changes}
    answer = client.post(PATH, json=body)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}
