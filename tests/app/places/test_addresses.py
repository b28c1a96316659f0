"""Addresses over a real city's own names."""

from concurrent.futures import ThreadPoolExecutor, wait

from starlette.testclient import TestClient

from app.places import addresses

PATIENCE_S = 20.0


def test_an_address_gives_candidates(client: TestClient) -> None:
    """With score, uncertainty and the areas above, the likeliest first."""
    found = client.get("/api/v1/addresses", params={"q": "红古区海石湾镇火车站社区3号楼"}).json()
    best = found["items"][0]
    assert best["label"] == "红古区海石湾镇火车站社区"
    assert best["kind"] == "community" and best["score"] > 0.9
    assert 100 < best["uncertainty_m"] < 10_000
    assert [link["level"] for link in best["chain"]] == [
        "city", "district", "subdistrict", "community",
    ]  # fmt: skip
    scores = [item["score"] for item in found["items"]]
    assert scores == sorted(scores, reverse=True)


def test_candidates_come_in_parts(client: TestClient) -> None:
    """As every list does."""
    words = {"q": "红", "limit": 50}
    whole = client.get("/api/v1/addresses", params=words).json()
    assert whole["total"] > 3
    seen, cursor = [], ""
    while cursor is not None:
        part = client.get(
            "/api/v1/addresses",
            params={**words, "limit": 2, **({"cursor": cursor} if cursor else {})},
        ).json()
        seen += part["items"]
        cursor = part["next"]
    assert seen == whole["items"]
    assert len(seen) == whole["total"]


def test_known_names_wait_for_nobody(client: TestClient) -> None:
    """While somebody has the names of another state of the boundaries read, which takes a while."""
    words = {"q": "红古区海石湾镇火车站社区"}
    first = client.get("/api/v1/addresses", params=words).json()
    with addresses._lock, ThreadPoolExecutor(1) as asking:
        again = asking.submit(client.get, "/api/v1/addresses", params=words)
        done, _ = wait([again], timeout=PATIENCE_S)
        # Let go before it is looked at: the test must not hang where it fails.
        addresses._lock.release()
        try:
            assert done
        finally:
            addresses._lock.acquire()
    assert again.result().json() == first


def test_coordinates_are_an_address_inside_the_city_only(client: TestClient) -> None:
    """`lon,lat` in degrees."""
    inside = client.get("/api/v1/addresses", params={"q": "102.86,36.34"}).json()["items"][0]
    assert inside["kind"] == "coordinates" and inside["chain"][-1]["level"] == "cell"
    assert client.get("/api/v1/addresses", params={"q": "2.35,48.85"}).json()["total"] == 0


def test_a_point_has_words(client: TestClient) -> None:
    """The names from the district down, and the cell."""
    place = client.get("/api/v1/addresses/reverse", params={"lon": 102.86, "lat": 36.34}).json()
    assert place["label"].startswith("红古区海石湾镇") and place["label"].endswith("网格")
    assert place["cell_code"] == place["chain"][-1]["code"]
    assert place["distance_m"] == 0
    back = client.get("/api/v1/addresses", params={"q": place["label"]}).json()["items"][0]
    assert back["code"] == place["cell_code"]


def test_a_point_outside_has_none(client: TestClient) -> None:
    """Refused, naming both inputs."""
    answer = client.get("/api/v1/addresses/reverse", params={"lon": 2.35, "lat": 48.85})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/outside-city"
    assert [error["field"] for error in answer.json()["errors"]] == ["lon", "lat"]
