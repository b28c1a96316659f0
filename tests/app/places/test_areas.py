"""Areas over a real city: lists, points, outlines."""

import json
from itertools import pairwise
from typing import Any

import pytest
import shapely
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing

CELLS, COMMUNITIES, TOWNS = 336, 56, 7
DISTRICT = 620111000000000


def everything(client: TestClient, path: str, **words: Any) -> list[Any]:
    """All items of a list, part by part."""
    items: list[Any] = []
    cursor = None
    while True:
        answer = client.get(path, params={**words, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        part = answer.json()
        items += part["items"]
        cursor = part["next"]
        if cursor is None:
            assert len(items) == part["total"]
            return items


@pytest.mark.parametrize(
    ("level", "total"),
    [
        ("city", 1),
        ("district", 1),
        ("subdistrict", TOWNS),
        ("community", COMMUNITIES),
        ("cell", CELLS),
    ],
)
def test_a_list_says_its_exact_total(client: TestClient, level: str, total: int) -> None:
    """Also when it sends one item only."""
    part = client.get("/api/v1/areas", params={"level": level, "limit": 1}).json()
    assert (part["total"], len(part["items"])) == (total, 1)
    assert (part["next"] is None) == (total == 1)


@pytest.mark.parametrize("limit", [1000, 100, 37])
def test_parts_make_the_whole(client: TestClient, limit: int) -> None:
    """Nothing twice, nothing missing, in the order of the codes."""
    cells = everything(client, "/api/v1/areas", level="cell", limit=limit)
    codes = [cell["code"] for cell in cells]
    assert len(codes) == CELLS
    assert all(a < b for a, b in pairwise(codes))


def test_children_add_up_to_their_parent(client: TestClient) -> None:
    """By number, households and surface."""
    for parent in everything(client, "/api/v1/areas", level="subdistrict"):
        children = everything(client, "/api/v1/areas", parent=parent["code"])
        card = client.get(f"/api/v1/areas/{parent['code']}").json()
        assert card["children"] == {"level": "community", "count": len(children)}
        assert sum(child["households"] for child in children) == parent["households"]
        surface = sum(child["area_m2"] for child in children)
        assert surface == pytest.approx(parent["area_m2"], rel=1e-6)


def test_every_label_point_finds_its_own_area(client: TestClient) -> None:
    """The point that stands for an area lies in it, and in all areas above it."""
    for area in everything(client, "/api/v1/areas", limit=1000)[::17]:
        lon, lat = area["label"]
        here = client.get("/api/v1/areas", params={"lon": lon, "lat": lat}).json()
        assert here["total"] == 5
        assert area["code"] in [found["code"] for found in here["items"]]
        west, south, east, north = area["bbox"]
        assert west < lon < east and south < lat < north


def test_a_point_on_a_border_has_one_area_of_each_level(
    client: TestClient, context: Context
) -> None:
    """Corners of cells, where up to four meet."""
    with reading(context.engine) as session:
        corners = session.execute(
            text(
                "SELECT DISTINCT ST_X(p.geom), ST_Y(p.geom) FROM area a,"
                " ST_DumpPoints(a.geom) p WHERE a.code % 1000 <> 0 AND a.code % 29 = 0 LIMIT 60"
            )
        ).all()
    assert len(corners) == 60
    for lon, lat in corners:
        here = client.get("/api/v1/areas", params={"lon": lon, "lat": lat}).json()["items"]
        levels = [area["level"] for area in here]
        assert levels == ["city", "district", "subdistrict", "community", "cell"]


@pytest.mark.parametrize("point", [(0, 0), (116.4, 39.9), (-180, -90), (36.3, 102.8 - 90)])
def test_outside_the_city_there_is_nothing(client: TestClient, point: tuple[float, float]) -> None:
    """An empty list, not a refusal: the question is a fair one."""
    lon, lat = point
    answer = client.get("/api/v1/areas", params={"lon": lon, "lat": lat}).json()
    assert answer == {"total": 0, "total_is_exact": True, "items": [], "next": None}


def test_search_by_name_or_code(client: TestClient) -> None:
    """A wildcard of SQL is a letter like any other."""
    found = client.get("/api/v1/areas", params={"q": "海石湾", "level": "subdistrict"}).json()
    assert [area["name"] for area in found["items"]] == ["海石湾镇"]
    assert client.get("/api/v1/areas", params={"q": "honggu"}).json()["total"] == 1
    assert client.get("/api/v1/areas", params={"q": "62011110100"}).json()["total"] > 1
    for wildcard in ("%", "_", "海%湾", "\\"):
        assert client.get("/api/v1/areas", params={"q": wildcard}).json()["total"] == 0


def test_outlines_are_whole(client: TestClient) -> None:
    """The cells of a community, put together, are the community."""
    community = client.get("/api/v1/areas", params={"level": "community"}).json()["items"][3]
    cells = everything(client, "/api/v1/areas", parent=community["code"])

    def outline(code: int) -> shapely.Geometry:
        answer = client.get(f"/api/v1/areas/{code}/boundary")
        assert answer.headers["content-type"] == "application/geo+json"
        feature = answer.json()
        assert feature["id"] == feature["properties"]["code"] == code
        geometry = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert geometry.is_valid
        return geometry

    whole = outline(community["code"])
    parts = [outline(cell["code"]) for cell in cells]
    assert shapely.coverage_is_valid(parts)
    assert shapely.equals_exact(
        shapely.normalize(shapely.coverage_union_all(parts).buffer(0)),
        shapely.normalize(whole.buffer(0)), tolerance=1e-9,
    ) or shapely.coverage_union_all(parts).symmetric_difference(whole).area < 1e-12  # fmt: skip


def test_an_area_that_is_not_there(client: TestClient) -> None:
    """A code that could be one, at that minute, is not found; what is no code is refused."""
    assert client.get("/api/v1/areas/620111999000000").status_code == 404
    assert client.get("/api/v1/areas/620111999000000/boundary").status_code == 404
    answer = client.get("/api/v1/areas/123")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "code"
    long_ago = {"at": "2001-01-01T00:00:00Z"}
    assert client.get(f"/api/v1/areas/{DISTRICT}", params=long_ago).status_code == 404
    assert client.get("/api/v1/areas", params=long_ago).json()["total"] == 0
    assert client.get("/api/v1/city", params=long_ago).status_code == 404


def test_a_changed_area_is_seen_as_it_was(own_client: TestClient, own_context: Context) -> None:
    """One row ends, another begins: `at` says which is shown."""
    cell = own_client.get("/api/v1/areas", params={"level": "cell"}).json()["items"][5]
    with writing(own_context.engine) as session:
        columns = (
            "code, level, parent_code, name_en, kind, households, residents, area_m2, locked,"
            " label, geom, lo, hi"
        )
        moment = session.scalar(text("SELECT now()"))
        assert moment is not None
        session.execute(
            text("UPDATE area SET valid = tstzrange(lower(valid), :moment) WHERE code = :code"),
            {"code": cell["code"], "moment": moment},
        )
        session.execute(
            text(
                f"INSERT INTO area ({columns}, name, valid) SELECT {columns}, '新名',"
                " tstzrange(:moment, NULL) FROM area WHERE code = :code"
            ),
            {"code": cell["code"], "moment": moment},
        )
    path = f"/api/v1/areas/{cell['code']}"
    assert own_client.get(path).json()["name"] == "新名"
    before = {"at": cell["valid_from"]}
    assert own_client.get(path, params=before).json()["name"] == cell["name"]
    assert own_client.get("/api/v1/areas", params={"level": "cell"}).json()["total"] == CELLS


def test_the_city_in_one_look(client: TestClient) -> None:
    """Numbers, extent and the label that made-up data carries."""
    city = client.get("/api/v1/city").json()
    assert city["name"] == "兰州市"
    counts = {
        "city": 1,
        "district": 1,
        "subdistrict": TOWNS,
        "community": COMMUNITIES,
        "cell": CELLS,
    }
    assert city["counts"] == counts
    assert city["demo"] is True and "演示数据" in city["data_notice_zh"]
    west, south, east, north = city["bbox"]
    lon, lat = city["centre"]
    assert west < lon < east and south < lat < north
    assert city["incident_total"] > 1_900
