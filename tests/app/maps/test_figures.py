"""Counts and histograms against plain SQL over the same views."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL
from starlette.testclient import TestClient

from tests.app.maps import picture

SPAN = {"cell": 1, "community": 10**3, "subdistrict": 10**6, "district": 10**9, "city": 10**11}


def instant(text: str) -> datetime:
    """An instant of an answer."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def counted(url: URL, level: str, condition: str, *values: object) -> dict[str, int]:
    """The database's own count by area."""
    found = picture.rows(
        url,
        f"SELECT cell_code - cell_code %% {SPAN[level]}, count(*) FROM published.incident i"
        f" WHERE {condition} GROUP BY 1",
        *values,
    )
    return {str(code): n for code, n in found}


@pytest.mark.parametrize("level", list(SPAN))
@pytest.mark.parametrize("days", [1, 30, 300])
def test_reported_is_what_was_reported_in_the_window(
    client: TestClient, city_database: URL, level: str, days: int
) -> None:
    words = {"level": level, "since": picture.ago(days)}
    answer = client.get("/api/v1/counts", params=words).json()
    expected = counted(city_database, level, "reported_at >= %s", words["since"])
    assert answer["values"] == expected
    assert answer["n"] == sum(expected.values())
    assert (answer["unit"], answer["level"], answer["measure"]) == ("cases", level, "reported")


def test_open_is_whatever_is_open_however_old(client: TestClient, city_database: URL) -> None:
    words = {"measure": "open", "level": "community", "since": picture.ago(1)}
    answer = client.get("/api/v1/counts", params=words).json()
    assert answer["values"] == counted(city_database, "community", "closed_at IS NULL")
    assert answer["since"] is None
    assert answer["n"] > 0


@pytest.mark.parametrize("days", [3, 45, 200])
def test_the_time_machine_counts_what_was_open_then(
    client: TestClient, city_database: URL, days: int
) -> None:
    at = picture.ago(days)
    answer = client.get("/api/v1/counts", params={"measure": "open", "level": "cell", "at": at})
    expected = counted(
        city_database,
        "cell",
        "reported_at <= %s AND NOT EXISTS (SELECT FROM published.incident_event e"
        " JOIN published.incident_status s USING (status) WHERE e.no = i.no AND e.at <= %s"
        " AND NOT s.is_open)",
        at, at,
    )  # fmt: skip
    assert answer.json()["values"] == expected
    assert instant(answer.json()["as_of"]) == instant(at)


@pytest.mark.parametrize("word", ["assigned", "handling", "pending_dispatch", "closed"])
def test_the_time_machine_knows_the_state_of_that_minute(
    client: TestClient, city_database: URL, word: str
) -> None:
    at, since = picture.ago(40), picture.ago(60)
    words = {"status": word, "at": at, "since": since, "level": "district"}
    answer = client.get("/api/v1/counts", params=words).json()
    expected = counted(
        city_database,
        "district",
        "reported_at >= %s AND reported_at < %s AND (SELECT %s IN (s.status, s.stage) FROM"
        " published.incident_event e JOIN published.incident_status s USING (status)"
        " WHERE e.no = i.no AND e.at <= %s ORDER BY e.at DESC, e.ordinal DESC LIMIT 1)",
        since, at, word, at,
    )  # fmt: skip
    assert answer["values"] == expected


def test_density_is_the_count_on_the_surface(client: TestClient, city_database: URL) -> None:
    words = {"since": picture.ago(300), "until": picture.ago(1), "level": "community"}
    reported = client.get("/api/v1/counts", params=words).json()["values"]
    answer = client.get("/api/v1/counts", params={**words, "measure": "density"}).json()
    surface = dict(
        picture.rows(
            city_database,
            "SELECT code::text, ST_Area(geom::geography) FROM published.area"
            " WHERE level = 'community'",
        )
    )
    assert answer["unit"] == "cases/km²"
    assert set(answer["values"]) == set(reported)
    for code, density in answer["values"].items():
        # Values are rounded to a thousandth.
        assert density == pytest.approx(reported[code] / surface[code] * 1e6, rel=1e-3, abs=6e-4)


def test_every_level_counts_the_same_cases(client: TestClient) -> None:
    words = {"since": picture.ago(200), "until": picture.ago(0.01)}
    totals = {
        level: client.get("/api/v1/counts", params={**words, "level": level}).json()
        for level in SPAN
    }
    assert len({sum(answer["values"].values()) for answer in totals.values()}) == 1
    histogram = client.get("/api/v1/histogram", params=words).json()
    assert histogram["total"] == sum(histogram["counts"]) == totals["cell"]["n"]


@pytest.mark.parametrize("buckets", [1, 7, 96, 400])
def test_a_histogram_counts_each_stretch(
    client: TestClient, city_database: URL, buckets: int
) -> None:
    words: dict[str, Any] = {"since": picture.ago(90), "until": picture.ago(2), "buckets": buckets}
    answer = client.get("/api/v1/histogram", params={**words, "category": "01"}).json()
    assert len(answer["counts"]) <= buckets
    start = instant(answer["since"])
    assert start == instant(words["since"])
    expected = [0] * len(answer["counts"])
    for (at,) in picture.rows(
        city_database,
        "SELECT reported_at FROM published.incident WHERE reported_at >= %s AND reported_at < %s"
        " AND left(category, 2) = '01'",
        words["since"],
        words["until"],
    ):
        expected[(at - start) // timedelta(seconds=answer["bucket_s"])] += 1
    assert answer["counts"] == expected
    assert answer["total"] == sum(expected) > 0


def test_figures_are_kept_by_their_etag_and_compressed(client: TestClient) -> None:
    words = {"level": "cell", "since": picture.ago(300), "at": picture.ago(1)}
    first = client.get("/api/v1/counts", params=words)
    assert first.headers["content-encoding"] == "gzip"
    again = client.get(
        "/api/v1/counts", params=words, headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304 and again.content == b""
