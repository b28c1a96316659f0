"""How tiles are sent: compressed, validated, immutable where they may be, empty without a body."""

import gzip
import zlib

import pytest
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.core.answers import MVT, PNG, Ready, accepts_gzip, is_known
from tests.app.maps import picture


@pytest.fixture(scope="module")
def tile(city_database: URL) -> tuple[int, int, int]:
    """A tile in which there is something of every layer."""
    lon, lat = picture.rows(
        city_database, "SELECT ST_X(label), ST_Y(label) FROM published.area WHERE level = 'cell'"
    )[0]
    return picture.tile_at(lon, lat, 10)


def test_what_the_client_holds_is_not_sent_again(
    client: TestClient, tile: tuple[int, int, int]
) -> None:
    z, x, y = tile
    for layer in ("areas", "cells", "incidents"):
        path = f"/tiles/{layer}/{z}/{x}/{y}.mvt"
        words = {"since": picture.ago(300), "until": picture.ago(1)} if layer == "incidents" else {}
        first = client.get(path, params=words)
        assert first.status_code == 200 and len(first.content) > 0
        etag = first.headers["etag"]
        same = client.get(path, params=words, headers={"If-None-Match": f'"x", {etag}'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        other = client.get(path, params=words, headers={"If-None-Match": 'W/"other"'})
        assert other.status_code == 200 and other.content == first.content


def test_another_filter_is_another_tile(client: TestClient, tile: tuple[int, int, int]) -> None:
    etags = {
        picture.fetch(client, "incidents", tile, **words).headers["etag"]
        for words in (
            {},
            {"since": picture.ago(300)},
            {"since": picture.ago(300), "status": "open"},
        )
    }
    assert len(etags) == 3


def test_a_tile_of_a_boundary_version_is_kept_for_ever(
    client: TestClient, city_database: URL, tile: tuple[int, int, int]
) -> None:
    ((version,),) = picture.rows(city_database, "SELECT id FROM published.boundary_version")
    for layer in ("areas", "cells"):
        named = picture.fetch(client, layer, tile, v=version)
        assert "immutable" in named.headers["cache-control"]
        plain = picture.fetch(client, layer, tile)
        assert "no-cache" in plain.headers["cache-control"]
        assert named.content == plain.content


def test_before_the_first_boundaries_there_was_nothing(
    client: TestClient, tile: tuple[int, int, int]
) -> None:
    for layer in ("areas", "cells"):
        assert picture.fetch(client, layer, tile, at="2001-01-01T00:00:00Z").status_code == 204


def test_an_empty_tile_has_no_body(client: TestClient) -> None:
    for layer in ("areas", "cells", "incidents", "stations", "assignments", "features"):
        answer = picture.fetch(client, layer, (12, 0, 0))
        assert (answer.status_code, answer.content) == (204, b"")


def test_a_tile_is_compressed_for_whoever_takes_it(
    client: TestClient, tile: tuple[int, int, int]
) -> None:
    packed = picture.fetch(client, "cells", tile)
    assert packed.headers["content-encoding"] == "gzip"
    z, x, y = tile
    plain = client.get(f"/tiles/cells/{z}/{x}/{y}.mvt", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert "accept-encoding" in packed.headers["vary"].lower()


@pytest.mark.parametrize(
    ("header", "takes"),
    [(b"gzip", True), (b"br, gzip;q=0.5", True), (b"*", True), (b"GZIP", True), (b"", False),
     (b"gzip;q=0", False), (b"br", False), (b"gzip; q=0.0", False), (None, False)],
)  # fmt: skip
def test_accept_encoding(header: bytes | None, takes: bool) -> None:
    assert accepts_gzip(header) is takes


@pytest.mark.parametrize(
    ("header", "known"),
    [(b'W/"a"', True), (b'"a"', True), (b'"b", W/"a"', True), (b"*", True), (b'"b"', False),
     (b"", False), (None, False)],
)  # fmt: skip
def test_if_none_match(header: bytes | None, known: bool) -> None:
    assert is_known(header, b'W/"a"') is known


def test_a_body_in_pieces_is_the_body() -> None:
    body = bytes(range(256)) * 50
    pieces = [body[i : i + 999] for i in range(0, len(body), 999)]
    whole, parts = Ready.of(MVT, body), Ready.of_pieces(MVT, pieces)
    assert whole.etag == parts.etag
    assert gzip.decompress(parts.body) == body and parts.plain_bytes == len(body)
    assert Ready.of(PNG, body).body == body
    assert Ready.of(MVT, b"small").body == b"small"
    assert zlib.decompress(whole.body, 31) == body
