"""What is reported, changed or loaded anew shows on the map; what is asked at once is made once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import mapbox_vector_tile
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.audiences import Audience
from app.core.context import Context
from app.core.db import writing
from app.core.outbox import emit
from app.live.service import restart_stream
from tests import staff as httpx
from tests.app.maps import picture
from tests.server import ServerProcess
from tests.waiting import wait_until


def place(url: URL) -> tuple[float, float, int]:
    """Somewhere inside a cell: lon, lat, its code."""
    lon, lat, code = picture.rows(
        url, "SELECT ST_X(label), ST_Y(label), code FROM published.cell ORDER BY code LIMIT 1"
    )[0]
    return lon, lat, code


def report(lon: float, lat: float) -> dict[str, Any]:
    """A report as a phone sends it."""
    return {"id": str(uuid4()), "category": "0110", "title": "路边垃圾", "description": "",
            "lon": lon, "lat": lat, "source": "patrol", "severity": 2}  # fmt: skip


def counted(base: str, code: int, **words: Any) -> int:
    """Cases in a cell."""
    answer = httpx.get(f"{base}/api/v1/counts", params={"level": "cell", "area": code, **words})
    return int(answer.json()["values"].get(str(code), 0))


def numbers(base: str, tile: tuple[int, int, int]) -> set[int]:
    """Cases in a near tile."""
    z, x, y = tile
    answer = httpx.get(f"{base}/tiles/incidents/{z}/{x}/{y}.mvt")
    if answer.status_code == 204:
        return set()
    found = mapbox_vector_tile.decode(answer.content)["incidents"]["features"]
    return {feature["properties"]["no"] for feature in found}


def metric(base: str, name: str, **labels: str) -> float:
    """A counter of the server."""
    families = text_string_to_metric_families(httpx.get(f"{base}/metrics").text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_a_report_is_in_tiles_counts_heat_and_layers(server: ServerProcess) -> None:
    base = server.base_url
    lon, lat, code = place(server.database_url)
    near, far = picture.tile_at(lon, lat, 15), picture.tile_at(lon, lat, 10)
    heat = "{}/heat/{}/{}/{}.png".format(base, *far)
    legend = f"{base}/api/v1/heat/legend"
    before = counted(base, code), numbers(base, near), httpx.get(legend).json()["n"]
    picture_before = httpx.get(heat, params={"area": code}).headers["etag"]
    made = [httpx.post(f"{base}/api/v1/incidents", json=report(lon, lat)) for _ in range(6)]
    assert {answer.status_code for answer in made} == {201}
    reported = {answer.json()["no"] for answer in made}
    wait_until(lambda: counted(base, code) == before[0] + 6)
    wait_until(lambda: numbers(base, near) == before[1] | reported)
    wait_until(lambda: httpx.get(legend).json()["n"] == before[2] + 6)
    assert httpx.get(heat, params={"area": code}).headers["etag"] != picture_before
    layer = httpx.get(f"{base}/api/v1/layers/incidents.geojson", params={"area": code}).json()
    assert reported <= {feature["id"] for feature in layer["features"]}
    assert metric(base, "minqing_store_loads_total") == 1  # followed, not read anew


def test_a_hundred_at_once_ask_the_database_once(server: ServerProcess) -> None:
    base = server.base_url
    lon, lat, _ = place(server.database_url)
    z, x, y = picture.tile_at(lon, lat, 9)
    url = f"{base}/tiles/cells/{z}/{x}/{y}.mvt"
    with httpx.Client() as session, ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: session.get(url).content, range(100)))
    assert len(set(answers)) == 1 and answers[0]
    assert metric(base, "minqing_tile_queries_total", layer="cells") == 1
    told = {
        event: metric(base, "minqing_map_cache_total", cache="tiles", event=event)
        for event in ("made", "hit", "merged")
    }
    assert told["made"] == 1 and told["hit"] + told["merged"] == 99


def test_a_step_of_a_case_shows(
    own_client: TestClient, own_context: Context, database: URL
) -> None:
    no, code = picture.rows(
        database,
        "SELECT no, cell_code FROM published.incident WHERE closed_at IS NULL"
        " ORDER BY reported_at DESC LIMIT 1",
    )[0]

    def still_open() -> int:
        words = {"measure": "open", "level": "cell", "area": code}
        found = own_client.get("/api/v1/counts", params=words).json()["values"]
        return int(found.get(str(code), 0))

    before = still_open()
    with writing(own_context.engine) as session:
        session.execute(
            text("UPDATE incident SET status = 'closed', closed_at = now() WHERE no = :no"),
            {"no": no},
        )
        emit(session, "incident.changed", code, Audience.CASES, {"no": no})
    wait_until(lambda: still_open() == before - 1)


def test_a_city_loaded_anew_replaces_the_picture(
    own_client: TestClient, own_context: Context, database: URL
) -> None:
    lon, lat, _ = place(database)
    words = {"since": picture.ago(300)}
    tile = picture.tile_at(lon, lat, 8)
    assert picture.features(own_client, "cells", tile)
    assert own_client.get("/api/v1/counts", params=words).json()["n"] > 0
    with writing(own_context.engine) as session:
        session.execute(text("TRUNCATE incident"))
        session.execute(text("DELETE FROM area_shape WHERE level = 'cell'"))
        restart_stream(session)
    wait_until(lambda: own_client.get("/api/v1/counts", params=words).json()["n"] == 0)
    assert picture.features(own_client, "cells", tile) == []


def test_new_boundaries_make_new_tiles(
    own_client: TestClient, own_context: Context, database: URL
) -> None:
    lon, lat, code = place(database)
    tile = picture.tile_at(lon, lat, 14)
    ((old,),) = picture.rows(database, "SELECT id FROM published.boundary_version")

    def shown(**words: Any) -> set[int]:
        found = picture.features(own_client, "cells", tile, **words)
        return {feature["properties"]["code"] for feature in found}

    before = shown()
    assert code in before
    with writing(own_context.engine) as session:
        for table in ("boundary_version", "area", "area_shape"):
            narrowed = "WHERE upper_inf(valid)"
            if table != "boundary_version":
                narrowed += f" AND code = {code}"
            session.execute(
                text(f"UPDATE {table} SET valid = tstzrange(lower(valid), now()) {narrowed}")
            )
        session.execute(
            text("INSERT INTO boundary_version (valid, note) VALUES (tstzrange(now(), NULL), 'x')")
        )
    wait_until(lambda: shown() == before - {code})
    assert shown(v=old) == before  # for ever means for ever
    found = own_client.get("/api/v1/layers/cells.geojson").json()
    assert code not in {feature["id"] for feature in found["features"]}
    first = own_client.get("/api/v1/layers/cells.geojson", params={"v": old}).json()
    assert code in {feature["id"] for feature in first["features"]}


@pytest.mark.parametrize("path", ["/tiles/cells/9/401/200.mvt", "/api/v1/layers/stations.geojson"])
def test_a_database_that_is_away_is_503_and_comes_back(
    own_client: TestClient, database: URL, cluster: Any, path: str
) -> None:
    name = database.database
    assert own_client.get("/tiles/cells/9/400/200.mvt").status_code in (200, 204)
    cluster.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    cluster.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    away = own_client.get(path)
    assert away.status_code == 503
    assert away.headers["retry-after"] and away.json()["type"] == "/problems/unavailable"
    cluster.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    wait_until(lambda: own_client.get(path).status_code in (200, 204))
