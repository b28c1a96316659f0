"""Hostile addresses and words: refused by name, before the database, on every quick path."""

import pytest
from starlette.testclient import TestClient

from app.core.errors import MEDIA_TYPE

TILE = "/tiles/incidents/9/401/200.mvt"
HEAT = "/heat/9/401/200.png"
LAYER = "/api/v1/layers/incidents.geojson"

ADDRESSES = [
    ("z", "21/0/0"), ("z", "-1/0/0"), ("z", "1e3/0/0"), ("z", "nan/0/0"), ("z", "９/0/0"),
    ("z", "99999999999999999999/0/0"), ("z", "/0/0"), ("z", "%00/0/0"), ("z", "1.0/0/0"),
    ("x", "9/512/0"), ("x", "9/-1/0"), ("x", "9/a/0"), ("x", "0/1/0"), ("x", "9/0x1/0"),
    ("y", "9/0/512"), ("y", "9/0/+1"), ("y", "9/0/1_0"), ("y", "20/0/1048576"),
    ("y", "9/0/1;DROP TABLE area"), ("y", "9/0/1'"),
]  # fmt: skip


def refused(client: TestClient, url: str, field: str, status: int = 422) -> None:
    """Assert that a request is refused, naming the field."""
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.text[:300])
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors", "instance"}
    assert problem["status"] == status
    assert field in [error["field"] for error in problem["errors"]], (url, problem)


@pytest.mark.parametrize(("field", "address"), ADDRESSES)
@pytest.mark.parametrize("kind", ["tiles/cells/{}.mvt", "tiles/incidents/{}.mvt", "heat/{}.png"])
def test_an_address_off_the_map_is_refused(
    client: TestClient, kind: str, field: str, address: str
) -> None:
    refused(client, "/" + kind.format(address), field)


WORDS = [
    ("since", "since=1e999"), ("since", "since=12"), ("since", "since=2026-01-01T00:00:00"),
    ("since", "since=1901-01-01T00:00:00Z"), ("since", "since=9999-12-31T23:59:59Z"),
    ("since", "since=2026-13-45T99:99:99Z"), ("since", "since=%00"), ("since", "since="),
    ("since", "since=2001-01-01T00:00:00Z"), ("until", "until=NaN"), ("at", "at=yesterday"),
    ("since", "since=2026-03-01T00:00:00Z&until=2026-02-01T00:00:00Z"),
    ("since", "since=2025-01-01T00:00:00Z&until=2026-09-01T00:00:00Z"),
    ("area", "area=1"), ("area", "area=-620100000000000"), ("area", "area=620100000000000.0"),
    ("area", "area=NaN"), ("area", "area=620100000001001"), ("area", "area=99999999999999999999"),
    ("category", "category=1"), ("category", "category=01' OR '1'='1"), ("category", "category="),
    ("category", "category=" + ",".join(["0101"] * 51)), ("category", "category=٠١"),
    ("status", "status=opened"), ("status", "status='; SELECT 1"), ("status", "status="),
    ("area", "area=620100000000000&area=620100000000000"),
    ("bogus", "bogus=1"), ("AT", "AT=2026-01-01T00:00:00Z"), ("\ufffd", "%FF=1"),
    ("query", "&".join(f"a{i}=1" for i in range(100))),
]  # fmt: skip


@pytest.mark.parametrize(("field", "query"), WORDS)
@pytest.mark.parametrize("path", [TILE, HEAT, LAYER])
def test_a_hostile_word_is_refused_by_name(
    client: TestClient, path: str, field: str, query: str
) -> None:
    refused(client, f"{path}?{query}", field)


@pytest.mark.parametrize(
    "bbox",
    ["", "1,2,3", "1,2,3,4,5", "nan,0,1,1", "0,0,inf,1", "104,36,103,37", "103,37,104,36",
     "103,36,103,36", "-181,0,0,1", "0,-91,1,1", "a,b,c,d", "1e999,0,1,1", "0;0;1;1"],
)  # fmt: skip
def test_a_hostile_window_is_refused(client: TestClient, bbox: str) -> None:
    refused(client, f"/api/v1/layers/cells.geojson?bbox={bbox}", "bbox")


@pytest.mark.parametrize("limit", ["0", "-1", "50001", "1000000000", "ten", "1e3", "NaN"])
def test_a_hostile_limit_is_refused(client: TestClient, limit: str) -> None:
    refused(client, f"{LAYER}?limit={limit}", "limit")


@pytest.mark.parametrize(
    ("field", "url"),
    [
        ("bandwidth_m", f"{HEAT}?bandwidth_m=99"),
        ("bandwidth_m", f"{HEAT}?bandwidth_m=5001"),
        ("bandwidth_m", "/api/v1/heat/legend?bandwidth_m=nan"),
        ("level", "/tiles/areas/9/401/200.mvt?level=planet"),
        ("v", "/tiles/cells/9/401/200.mvt?v=-1"),
        ("v", "/tiles/cells/9/401/200.mvt?v=999999"),
        ("since", "/api/v1/layers/cells.geojson?since=2026-01-01T00:00:00Z"),
        ("level", "/api/v1/counts?level=planet"),
        ("measure", "/api/v1/counts?measure=happiness"),
        ("buckets", "/api/v1/histogram?buckets=401"),
        ("buckets", "/api/v1/histogram?buckets=0"),
        ("bogus", "/api/v1/counts?bogus=1"),
        ("since", "/api/v1/counts?since=1900-01-01T00:00:00Z"),
        ("since", "/api/v1/histogram?since=2001-01-01T00:00:00Z"),
    ],
)
def test_a_word_of_one_path_is_refused_there_too(client: TestClient, field: str, url: str) -> None:
    refused(client, url, field)


@pytest.mark.parametrize(
    "path",
    ["/tiles/nothing/1/1/1.mvt", "/tiles/cells/1/1.mvt", "/tiles/cells/1/1/1.png", "/tiles/",
     "/heat/1/1.png", "/heat/1/1/1.jpg", "/api/v1/layers/nothing.geojson", "/api/v1/layers/",
     "/api/v1/layers/cells.shp", "/tiles/cells/9/401/200.mvt/", "/tiles/../etc/passwd"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize("path", [TILE, HEAT, LAYER])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_quick_paths_are_for_reading(client: TestClient, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["content-type"] == MEDIA_TYPE


def test_the_guards_stand_before_the_quick_paths(client: TestClient) -> None:
    strange = client.get(TILE, headers={"Host": "evil.example"})
    assert strange.status_code == 400
    assert client.get(TILE).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [TILE, HEAT, LAYER])
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    words = {"since": "2026-06-01T00:00:00Z"}
    whole, head = client.get(path, params=words), client.head(path, params=words)
    assert head.status_code == whole.status_code and head.content == b""
    assert head.headers.get("content-length") == whole.headers.get("content-length")
