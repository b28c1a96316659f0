"""Layers as GeoJSON: RFC 7946 by the letter, and as GDAL reads them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import geopandas
import psycopg
import pytest
import shapely
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.core.db import conninfo
from tests.app.maps import picture
from tiles.layers import LAYERS


def get(client: TestClient, layer: str, **words: Any) -> dict[str, Any]:
    """A layer's answer."""
    answer = client.get(f"/api/v1/layers/{layer}.geojson", params=words)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    found: dict[str, Any] = answer.json()
    return found


def positions(coordinates: Any) -> list[list[float]]:
    """Every position of a geometry's coordinates."""
    if isinstance(coordinates[0], (int, float)):
        return [coordinates]
    return [position for part in coordinates for position in positions(part)]


@pytest.mark.parametrize("layer", [name for name in LAYERS if name != "features"])
def test_it_is_rfc_7946(client: TestClient, layer: str) -> None:
    answer = client.get(f"/api/v1/layers/{layer}.geojson", params={"limit": 300})
    found = json.loads(answer.content, parse_float=str)
    assert found["type"] == "FeatureCollection" and "crs" not in found
    assert found["numberReturned"] == len(found["features"]) == min(found["numberMatched"], 300)
    west, south, east, north = map(float, found["bbox"])
    names = [field.name for field in LAYERS[layer].fields if field.column]
    numbers = json.loads(answer.content)
    for feature in found["features"]:
        assert feature["type"] == "Feature" and isinstance(feature["id"], int)
        assert list(feature["properties"]) == names
        assert feature["geometry"]["type"] == LAYERS[layer].geometry
    for feature in numbers["features"]:
        assert all(len(position) == 2 for position in positions(feature["geometry"]["coordinates"]))
    for position in (p for f in found["features"] for p in _texts(f["geometry"]["coordinates"])):
        assert all(len(str(degrees).partition(".")[2]) <= 7 for degrees in position)
        assert west <= float(position[0]) <= east and south <= float(position[1]) <= north
    if LAYERS[layer].geometry == "MultiPolygon":
        for feature in numbers["features"]:
            for outer, *holes in feature["geometry"]["coordinates"]:
                assert shapely.LinearRing(outer).is_ccw
                assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)


def _texts(coordinates: Any) -> list[list[str]]:
    if isinstance(coordinates[0], (str, int)):
        return [coordinates]
    return [position for part in coordinates for position in _texts(part)]


@pytest.mark.parametrize("layer", [name for name in LAYERS if name != "features"])
def test_gdal_reads_every_layer(client: TestClient, layer: str, tmp_path: Path) -> None:
    answer = client.get(f"/api/v1/layers/{layer}.geojson", params={"limit": 50_000})
    path = tmp_path / f"{layer}.geojson"
    path.write_bytes(answer.content)
    frame = geopandas.read_file(path, engine="pyogrio")
    assert len(frame) == answer.json()["numberReturned"] > 0
    assert frame.crs.to_epsg() == 4326
    assert frame.is_valid.all()
    tool = shutil.which("ogrinfo")
    if tool:
        said = subprocess.run([tool, "-so", "-al", path], capture_output=True, text=True)
        assert said.returncode == 0 and "Warning" not in said.stderr, said.stderr
        assert f"Feature Count: {len(frame)}" in said.stdout


def test_cells_are_those_of_the_database(client: TestClient, city_database: URL) -> None:
    found = get(client, "cells")
    stored = {
        code: (name, shapely.from_wkb(wkb))
        for code, name, wkb in picture.rows(
            city_database, "SELECT code, name, ST_AsBinary(geom) FROM published.cell"
        )
    }
    assert found["numberMatched"] == len(stored) == 336
    for feature in found["features"]:
        name, geometry = stored[feature["id"]]
        assert feature["properties"]["code"] == feature["id"]
        assert feature["properties"]["name"] == name
        sent = shapely.geometry.shape(feature["geometry"])
        assert sent.symmetric_difference(geometry).area < 1e-11


@pytest.mark.parametrize("layer", ["cells", "areas", "incidents", "stations", "assignments"])
def test_a_window_holds_what_meets_it(client: TestClient, layer: str) -> None:
    words: dict[str, Any] = {"level": "community"} if layer == "areas" else {}
    everything = get(client, layer, **words)["features"]
    west, south, east, north = get(client, layer, **words)["bbox"]
    middle = ((west + east) / 2, (south + north) / 2)
    box = (round(middle[0] - 0.05, 4), round(middle[1] - 0.05, 4), round(middle[0] + 0.06, 4),
           round(middle[1] + 0.06, 4))  # fmt: skip
    window = shapely.box(*box)
    expected = {
        f["id"] for f in everything if shapely.geometry.shape(f["geometry"]).intersects(window)
    }
    found = get(client, layer, bbox=",".join(map(str, box)), **words)
    assert {f["id"] for f in found["features"]} == expected
    assert found["numberMatched"] == len(expected) > 0


def test_an_area_narrows_every_layer(client: TestClient, city_database: URL) -> None:
    town = picture.rows(
        city_database, "SELECT code, hi FROM published.area WHERE level = 'subdistrict' LIMIT 1"
    )[0]
    for layer, code in [("cells", "code"), ("incidents", "cell_code"), ("stations", "area_code"),
                        ("assignments", "code"), ("areas", "code")]:  # fmt: skip
        found = get(client, layer, area=town[0], **({"level": "cell"} if layer == "areas" else {}))
        inside = [f["properties"][code] for f in found["features"]]
        assert inside and all(town[0] <= c <= town[1] for c in inside), layer


def test_more_than_the_limit_is_told(client: TestClient) -> None:
    found = get(client, "incidents", since=picture.ago(300), limit=5)
    assert found["numberReturned"] == len(found["features"]) == 5
    assert found["numberMatched"] > 1_000
    newest = [f["properties"]["reported_at"] for f in found["features"]]
    assert newest == sorted(newest, reverse=True)


def test_a_case_is_shown_as_it_stood_then(client: TestClient, city_database: URL) -> None:
    at = picture.ago(40)
    found = get(client, "incidents", since=picture.ago(70), at=at, limit=50_000)
    stages = dict(
        picture.rows(
            city_database,
            "SELECT DISTINCT ON (e.no) e.no, s.stage FROM published.incident_event e"
            " JOIN published.incident_status s USING (status) WHERE e.at <= %s"
            " ORDER BY e.no, e.at DESC, e.ordinal DESC",
            at,
        )
    )
    assert found["numberReturned"] > 50
    for feature in found["features"]:
        properties = feature["properties"]
        assert properties["stage"] == stages[feature["id"]]
        assert (properties["closed_at"] is None) == (properties["stage"] != "closed")
    assert {f["properties"]["stage"] for f in found["features"]} > {"closed"}


def test_a_line_keeps_its_direction(own_client: TestClient, database: URL) -> None:
    line = [[102.9, 36.1], [103.0, 36.2], [103.1, 36.15]]
    with psycopg.connect(conninfo(database)) as connection:
        connection.execute(
            "INSERT INTO map_feature (kind, name, geom) VALUES ('river', '黄河',"
            " ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326))",
            [json.dumps({"type": "LineString", "coordinates": line})],
        )
    (river,) = get(own_client, "features")["features"]
    assert river["geometry"] == {"type": "LineString", "coordinates": line}
    assert get(own_client, "features", bbox="102,35,102.5,35.5")["features"] == []


def test_prepared_text_is_kept_under_its_etag(client: TestClient) -> None:
    first = client.get("/api/v1/layers/cells.geojson")
    assert first.headers["content-encoding"] == "gzip"
    same = client.get(
        "/api/v1/layers/cells.geojson", headers={"If-None-Match": first.headers["etag"]}
    )
    assert same.status_code == 304 and same.content == b""
    plain = client.get("/api/v1/layers/cells.geojson", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    assert int(plain.headers["content-length"]) == len(plain.content)


def test_the_description_names_every_layer_and_field(client: TestClient) -> None:
    layers = {layer["name"]: layer for layer in client.get("/api/v1/layers").json()}
    assert set(layers) == {
        "areas", "cells", "units", "incidents", "stations", "assignments", "features",
    }  # fmt: skip
    for layer in layers.values():
        assert client.get(layer["geojson_url"]).status_code == 200
        tile = layer["tiles_url"].format(z=9, x=403, y=201)
        assert client.get(tile).status_code in (200, 204)
        assert layer["title_zh"] and layer["title_en"] and layer["legend"]
        assert all(field["description"] for field in layer["fields"])
