"""Vector tiles, decoded by a third party and held against shapely and plain SQL."""

import psycopg
import pytest
import shapely
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.core.db import conninfo
from tests.app.maps import picture
from tiles import vector
from tiles.layers import LAYERS

ZOOMS = (8, 9, 10, 11, 12, 13, 14, 15, 16)


def shapes(url: URL, level: str, zoom: int) -> dict[int, shapely.Geometry]:
    """The prepared outlines of a level (EPSG:3857) by code."""
    query = (
        "SELECT code, ST_AsBinary(geom) FROM published.area_shape WHERE level = %s AND zoom = %s"
    )
    return {code: shapely.from_wkb(wkb) for code, wkb in picture.rows(url, query, level, zoom)}


@pytest.fixture(scope="module")
def some_tiles(city_database: URL) -> list[tuple[int, int, int]]:
    """At every zoom the tile of an ordinary cell and the one of a district's edge."""
    query = (
        "SELECT ST_X(label), ST_Y(label) FROM published.area WHERE level = 'cell'"
        " ORDER BY md5(code::text) LIMIT 2"
    )
    places = picture.rows(city_database, query)
    west, south, _, _ = picture.city_box(city_database)
    return [
        picture.tile_at(lon, lat, zoom) for zoom in ZOOMS for lon, lat in [*places, (west, south)]
    ]


def test_cell_tiles_hold_exactly_the_cells_that_meet_them(
    client: TestClient, city_database: URL, some_tiles: list[tuple[int, int, int]]
) -> None:
    for tile in some_tiles:
        prepared = shapes(city_database, "cell", min(max(tile[0], 8), 15))
        found = [f["properties"]["code"] for f in picture.features(client, "cells", tile)]
        assert len(found) == len(set(found))
        inner, outer = picture.tile_box(tile), picture.tile_box(tile, 65 / 4096)
        unit_m2 = (inner.length / 4 / 4096) ** 2
        # What has less than a unit of the grid inside may vanish; what misses the buffer must.
        must = {c for c, g in prepared.items() if g.intersection(inner).area > 4 * unit_m2}
        may = {c for c, g in prepared.items() if g.intersects(outer)}
        assert must <= set(found) <= may, tile


@pytest.mark.parametrize("level", ["district", "subdistrict", "community", "cell"])
def test_area_tiles_hold_the_level_that_is_asked_for(
    client: TestClient, city_database: URL, level: str
) -> None:
    tile = next(picture.tiles_over(picture.city_box(city_database), 7))
    prepared = shapes(city_database, level, 8 if level in ("cell", "community") else 7)
    found = picture.features(client, "areas", tile, level=level)
    assert {f["properties"]["level"] for f in found} == {level}
    assert {f["properties"]["code"] for f in found} <= set(prepared)
    assert len(found) > 0


@pytest.mark.parametrize(
    ("zoom", "level"),
    [(8, "district"), (9, "district"), (10, "subdistrict"), (11, "subdistrict"),
     (12, "community"), (15, "community")],
)  # fmt: skip
def test_far_tiles_show_large_areas_and_near_tiles_small_ones(
    client: TestClient, city_database: URL, zoom: int, level: str
) -> None:
    lon, lat = picture.rows(
        city_database, "SELECT ST_X(label), ST_Y(label) FROM published.area WHERE level = 'cell'"
    )[0]
    found = picture.features(client, "areas", picture.tile_at(lon, lat, zoom))
    assert {f["properties"]["level"] for f in found} == {level}


def test_tiles_carry_the_properties_of_their_definition_and_nothing_else(
    client: TestClient, city_database: URL
) -> None:
    views = {"incidents": "incident", "stations": "station"}
    numbers = ("incidents", "stations", "assignments", "cells")
    for layer in (layer for layer in LAYERS.values() if layer.name != "features"):
        words = {"since": picture.ago(300)} if layer.name == "incidents" else {}
        box = picture.box_of(city_database, views.get(layer.name, "area"))
        seen: set[str] = set()
        for zoom in (9, 12, 13, 14):
            for tile in list(picture.tiles_over(box, zoom))[:30]:
                for feature in picture.features(client, layer.name, tile, **words):
                    seen |= set(feature["properties"])
                    values = feature["properties"].values()
                    if layer.name in numbers:
                        assert all(isinstance(value, int) for value in values)
        assert seen == layer.tile_fields, layer.name


FILTERS = [
    ({}, "reported_at >= now() - interval '30 days'"),
    ({"since": -200}, "reported_at >= %(since)s"),
    ({"since": -200, "category": "01"}, "reported_at >= %(since)s AND left(category, 2) = '01'"),
    ({"since": -200, "status": "open"}, "reported_at >= %(since)s AND closed_at IS NULL"),
    ({"since": -200, "status": "handling"}, "reported_at >= %(since)s AND stage = 'handling'"),
    ({"since": -200, "area": 620111001000000},
     "reported_at >= %(since)s AND cell_code BETWEEN 620111001000000 AND 620111001999999"),
    ({"since": -200, "at": -20},
     "reported_at >= %(since)s AND reported_at <= %(at)s"),
    ({"since": -200, "at": -20, "status": "open"},
     "reported_at >= %(since)s AND reported_at <= %(at)s"
     " AND (closed_at IS NULL OR closed_at > %(at)s)"),
    ({"since": -200, "at": -20, "status": ["assigned", "handling"]},
     "reported_at >= %(since)s AND reported_at <= %(at)s AND (SELECT s.stage"
     " FROM published.incident_event e JOIN published.incident_status s USING (status)"
     " WHERE e.no = i.no AND e.at <= %(at)s ORDER BY e.at DESC, e.ordinal DESC LIMIT 1)"
     " IN ('assigned', 'handling')"),
]  # fmt: skip


def said(words: dict[str, object]) -> dict[str, object]:
    """The words with days turned into instants."""
    return {k: picture.ago(-v) if k in ("since", "at") else v for k, v in words.items()}


def tiles_with_cases(url: URL, zoom: int) -> set[tuple[int, int, int]]:
    """The tiles of a zoom in which any case lies."""
    places = picture.rows(url, "SELECT ST_X(geom), ST_Y(geom) FROM published.incident")
    return {picture.tile_at(lon, lat, zoom) for lon, lat in places}


@pytest.mark.parametrize(("words", "condition"), FILTERS)
@pytest.mark.parametrize("zoom", [8, 12, 13])
def test_tiles_of_cases_add_up_to_what_the_filter_selects(
    client: TestClient, city_database: URL, zoom: int, words: dict[str, object], condition: str
) -> None:
    asked = said(words)
    at = "%(at)s" if "at" in asked else "now()"
    with psycopg.connect(conninfo(city_database)) as connection:
        answer = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE closed_at IS NULL OR closed_at > {at})"
            f" FROM published.incident i WHERE {condition}".encode(),
            asked,
        ).fetchone()
    assert answer is not None
    expected, still_open = answer
    found = [
        feature["properties"]
        for tile in tiles_with_cases(city_database, zoom)
        for feature in picture.features(client, "incidents", tile, **asked)
    ]
    if zoom < 13:
        assert sum(f["n"] for f in found) == expected
        assert sum(f["o"] for f in found) == still_open
    else:
        assert len({f["no"] for f in found}) == len(found) == expected
    assert expected > 0


def test_cases_lie_where_they_were_reported(client: TestClient, city_database: URL) -> None:
    query = (
        "SELECT no, ST_X(geom), ST_Y(geom), category::int, severity, stage_ordinal"
        " FROM published.incident ORDER BY reported_at DESC LIMIT 20"
    )
    for no, lon, lat, category, severity, stage in picture.rows(city_database, query):
        tile = picture.tile_at(lon, lat, 17)
        found = picture.features(client, "incidents", tile)
        feature = next(f for f in found if f["properties"]["no"] == no)
        assert feature["properties"] == {"no": no, "c": category, "v": severity, "s": stage}
        x, y = feature["geometry"]["coordinates"]
        metre = shapely.from_wkb(
            picture.rows(
                city_database,
                "SELECT ST_AsBinary(ST_Transform(ST_SetSRID(ST_Point(%s, %s), 4326), 3857))",
                lon, lat,
            )[0][0]
        )  # fmt: skip
        west, _, east, north = picture.tile_box(tile).bounds
        unit = (east - west) / picture.EXTENT
        assert abs(west + x * unit - metre.x) <= unit
        assert abs(north - y * unit - metre.y) <= unit


def test_stations_show_from_the_zoom_of_their_kind(client: TestClient, city_database: URL) -> None:
    first = {"grid_post": 14, "workstation": 12, "command_post": 10}
    order = ["city_centre", "sub_centre", "command_post", "workstation", "grid_post",
             "police_station", "anti_fraud_centre"]  # fmt: skip
    kinds = dict(
        picture.rows(city_database, "SELECT kind, count(*) FROM published.station GROUP BY 1")
    )
    for zoom in (7, 8, 10, 12, 14):
        shown: dict[int, int] = {}
        box = picture.rows(
            city_database,
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)"
            " FROM (SELECT ST_Extent(geom) e FROM published.station) t",
        )[0]
        for tile in picture.tiles_over(box, zoom):
            for feature in picture.features(client, "stations", tile):
                kind = feature["properties"]["k"]
                shown[kind] = shown.get(kind, 0) + 1
        expected = {order.index(k): n for k, n in kinds.items() if first.get(k, 8) <= zoom}
        assert shown == expected, zoom


def test_assignments_tell_who_is_where_and_where_somebody_is_missing(
    client: TestClient, city_database: URL
) -> None:
    short = {
        code for (code,) in picture.rows(
            city_database,
            "SELECT DISTINCT area_code FROM published.staffing(now()) WHERE present < required",
        )
    }  # fmt: skip
    expected = {
        code: (workers, police)
        for code, workers, police in picture.rows(
            city_database,
            "SELECT a.code, count(DISTINCT s.call_sign) FILTER (WHERE s.role = 'grid_worker'),"
            " count(DISTINCT s.call_sign) FILTER (WHERE s.role IN ('officer', 'auxiliary'))"
            " FROM published.area a LEFT JOIN published.assignment s"
            " ON s.area_code BETWEEN a.lo AND a.hi AND s.valid @> now()"
            " WHERE a.level = 'community' GROUP BY 1",
        )
    }
    found = {
        f["properties"]["code"]: f["properties"]
        for tile in picture.tiles_over(picture.city_box(city_database), 11)
        for f in picture.features(client, "assignments", tile)
    }
    assert {code: (f["g"], f["p"]) for code, f in found.items()} == expected
    assert {code for code, f in found.items() if not f["ok"]} == short
    assert not picture.features(
        client, "assignments", next(picture.tiles_over(picture.city_box(city_database), 10))
    )


def test_more_cases_than_a_tile_may_hold_are_told_not_hidden(
    client: TestClient, city_database: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    lon, lat = picture.rows(
        city_database,
        "SELECT ST_X(label), ST_Y(label) FROM published.area JOIN (SELECT cell_code, count(*) n"
        " FROM published.incident GROUP BY 1) t ON code = cell_code ORDER BY n DESC LIMIT 1",
    )[0]
    tile = picture.tile_at(lon, lat, 13)
    words = {"since": picture.ago(300), "until": picture.ago(1)}
    whole = picture.features(client, "incidents", tile, **words)
    told = picture.fetch(client, "incidents", tile, **words).headers
    assert int(told["x-matched"]) == int(told["x-returned"]) == len(whole) > 10
    monkeypatch.setattr(vector, "POINT_CAP", 7)
    words["until"] = picture.ago(0.999)
    capped = picture.features(client, "incidents", tile, **words)
    told = picture.fetch(client, "incidents", tile, **words).headers
    assert (int(told["x-matched"]), int(told["x-returned"])) == (len(whole), 7)
    newest = sorted(f["properties"]["no"] for f in whole)[-7:]
    assert sorted(f["properties"]["no"] for f in capped) == newest


def test_landmarks_are_lines_in_their_place(own_client: TestClient, database: URL) -> None:
    with psycopg.connect(conninfo(database)) as connection:
        connection.execute(
            "INSERT INTO map_feature (kind, name, geom) VALUES ('river', '黄河',"
            " ST_GeomFromText('LINESTRING(102.9 36.1, 103.1 36.2)', 4326))"
        )
    tile = picture.tile_at(103.0, 36.15, 12)
    (river,) = picture.features(own_client, "features", tile)
    assert river["properties"] == {"kind": "river", "name": "黄河"}
    assert river["geometry"]["type"] == "LineString"
