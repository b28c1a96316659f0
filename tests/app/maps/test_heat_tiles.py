"""Heat tiles and their legend over HTTP."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import URL
from starlette.testclient import TestClient

from tests.app.maps import picture


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    """A window that does not move."""
    return {"since": picture.ago(300), "until": picture.ago(1)}


def pixels(client: TestClient, tile: tuple[int, int, int], **words: object) -> np.ndarray:
    """A heat tile as (256, 256, 4)."""
    z, x, y = tile
    answer = client.get(f"/heat/{z}/{x}/{y}.png", params=words)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    image = Image.open(io.BytesIO(answer.content))
    assert image.size == (256, 256)
    return np.asarray(image.convert("RGBA"))


def hottest(url: URL) -> tuple[float, float]:
    """The cell with the most cases: lon, lat."""
    lon, lat = picture.rows(
        url,
        "SELECT ST_X(label), ST_Y(label) FROM published.area JOIN (SELECT cell_code, count(*) n"
        " FROM published.incident GROUP BY 1) t ON code = cell_code ORDER BY n DESC LIMIT 1",
    )[0]
    return lon, lat


def test_the_legend_explains_every_colour_of_the_tiles(
    client: TestClient, city_database: URL, words: dict[str, str]
) -> None:
    legend = client.get("/api/v1/heat/legend", params=words).json()
    assert legend["unit"] == "cases/km²" and legend["bandwidth_m"] == 500
    assert len(legend["breaks"]) == len(legend["colours"]) == len(legend["opacities"]) > 2
    counts = client.get("/api/v1/counts", params=words).json()
    assert legend["n"] == counts["n"] > legend["min_n"] == 5
    stops = np.array([list(bytes.fromhex(colour[1:])) for colour in legend["colours"]])
    seen = pixels(client, picture.tile_at(*hottest(city_database), 12), **words)
    shown = np.unique(seen[seen[:, :, 3] > 0][:, :3], axis=0).astype(float)
    assert len(shown) > 3
    for colour in shown:
        # On the way from one stop to the next, nowhere else.
        legs = itertools.pairwise(stops)
        away = min(_distance(colour, one, other) for one, other in legs)
        assert away < 1.5


def _distance(point: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    along = np.clip(np.dot(point - one, other - one) / np.dot(other - one, other - one), 0, 1)
    return float(np.linalg.norm(point - one - along * (other - one)))


def test_with_too_few_cases_nothing_is_coloured(client: TestClient, city_database: URL) -> None:
    cell, n, lon, lat = picture.rows(
        city_database,
        "SELECT cell_code, count(*), min(ST_X(geom)), min(ST_Y(geom)) FROM published.incident"
        " WHERE reported_at >= now() - interval '300 days' GROUP BY 1 HAVING count(*) = 4 LIMIT 1",
    )[0]
    words = {"since": picture.ago(300), "area": cell}
    legend = client.get("/api/v1/heat/legend", params=words).json()
    assert (legend["n"], legend["breaks"], legend["colours"]) == (n, [], [])
    assert (pixels(client, picture.tile_at(lon, lat, 15), **words)[:, :, 3] == 0).all()


def test_five_cases_are_enough(client: TestClient, city_database: URL) -> None:
    cell, lon, lat = picture.rows(
        city_database,
        "SELECT cell_code, min(ST_X(geom)), min(ST_Y(geom)) FROM published.incident"
        " WHERE reported_at >= now() - interval '300 days' GROUP BY 1 HAVING count(*) = 5 LIMIT 1",
    )[0]
    words: dict[str, object] = {"since": picture.ago(300), "area": cell}
    words["bandwidth_m"] = 5000  # so wide that all five are felt together
    assert client.get("/api/v1/heat/legend", params=words).json()["breaks"]
    assert (pixels(client, picture.tile_at(lon, lat, 15), **words)[:, :, 3] > 0).any()


def test_a_wider_bandwidth_spreads_the_heat(
    client: TestClient, city_database: URL, words: dict[str, str]
) -> None:
    narrow, wide = (
        client.get("/api/v1/heat/legend", params={**words, "bandwidth_m": m}).json()["breaks"][-1]
        for m in (100, 3000)
    )
    assert narrow > wide


def test_a_tile_is_kept_by_its_etag(
    client: TestClient, city_database: URL, words: dict[str, str]
) -> None:
    z, x, y = picture.tile_at(*hottest(city_database), 11)
    first = client.get(f"/heat/{z}/{x}/{y}.png", params=words)
    etag = first.headers["etag"]
    again = client.get(f"/heat/{z}/{x}/{y}.png", params=words, headers={"If-None-Match": etag})
    assert again.status_code == 304 and again.headers["etag"] == etag
    assert "content-encoding" not in first.headers
