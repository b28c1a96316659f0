"""The figures of one look: one answer that agrees with itself, for all who may see the same."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.audiences import Audience
from app.core.clock import city_midnight, utc_now
from app.core.context import Context
from app.core.db import writing
from app.core.errors import Problem
from app.core.outbox import emit
from app.identity.rules import Actor, Role
from app.identity.service import actor_of, scope_of
from app.incidents.clocks.workdays import FILE_NAME
from app.maps.figures import Asked, FiguresDesk, turn_of
from app.maps.schemas import LIVE_WINDOWS_MIN, FiguresQuery, IncidentTileQuery, Part
from app.maps.service import Maps
from tests import staff
from tests.app.maps import picture
from tests.waiting import wait_until
from tiles.vector import TileAddress

PATH = "/api/v1/figures"
ALL = ",".join(Part)


def instant(text: str) -> datetime:
    """An instant of an answer."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def looked(client: TestClient, **words: Any) -> Any:
    """The figures."""
    answer = client.get(PATH, params=words)
    assert answer.status_code == 200, answer.text
    return answer.json()


def in_one_minute(client: TestClient, *questions: tuple[str, dict[str, Any]]) -> list[Any]:
    """The answers to questions that were all asked in the same minute, none kept from before."""
    maps: Maps = client.app.state.maps  # type: ignore[attr-defined]
    while True:
        maps.figures.forget()
        minute = utc_now().replace(second=0, microsecond=0)
        answers = [client.get(path, params=words) for path, words in questions]
        if utc_now() - minute < timedelta(minutes=1):
            return answers


def district(url: URL) -> int:
    """The code of the district with most cases."""
    return _busiest(url, 10**9)


def community(url: URL) -> int:
    """The code of the community with most cases."""
    return _busiest(url, 10**3)


def _busiest(url: URL, span: int) -> int:
    statement = (
        "SELECT cell_code - cell_code %% %s FROM published.incident"
        " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    return int(picture.rows(url, statement, span)[0][0])


@pytest.mark.parametrize("words", [{}, {"category": "01"}, {"status": "open"}])
@pytest.mark.parametrize("in_area", [False, True])
def test_each_part_is_what_its_own_path_tells(
    client: TestClient, city_database: URL, words: dict[str, str], in_area: bool
) -> None:
    where = {"area": district(city_database)} if in_area else {}
    window = {"since": picture.ago(9), **words}
    whole, counts, histogram, legend, clocks, short = in_one_minute(
        client,
        (PATH, {**window, **where, "parts": ALL, "level": "community", "buckets": 40}),
        ("/api/v1/counts", {**window, "level": "community"}),
        ("/api/v1/histogram", {**window, **where, "buckets": 40}),
        ("/api/v1/heat/legend", {**window, **where}),
        ("/api/v1/clocks/summary", where),
        ("/api/v1/staffing", {**where, "ok": False, "limit": 1}),
    )
    told = whole.json()
    for part, alone in (("counts", counts), ("heat", legend), ("clocks", clocks)):
        expected = alone.json()
        assert told[part] == {**expected, "as_of": told[part]["as_of"]}
    assert told["histogram"] == histogram.json()
    assert told["staffing_gaps"] == short.json()["total"]
    assert told["counts"]["n"] > 0 and told["clocks"]["running"] > 0
    assert told["area"] == where.get("area")


@pytest.mark.parametrize("in_area", [False, True])
def test_the_head_is_what_the_database_counts(
    client: TestClient, city_database: URL, in_area: bool
) -> None:
    words = {"area": district(city_database)} if in_area else {}
    told = looked(client, **words, parts="head", category="01", status="closed")
    as_of = instant(told["as_of"])
    midnight, day = city_midnight(as_of), timedelta(days=1)
    minute = as_of.replace(second=0, microsecond=0)
    until = minute + timedelta(minutes=1)

    def n(condition: str, *values: object) -> int:
        narrowed = "AND cell_code / 1000000000 = %s" if in_area else "AND %s = 0"
        code = words.get("area", 0) // 10**9
        ((found,),) = picture.rows(
            city_database,
            f"SELECT count(*) FROM published.incident WHERE {condition} {narrowed}", *values, code,
        )  # fmt: skip
        return int(found)

    between = "reported_at >= %s AND reported_at < %s"
    assert told["head"] == {
        "today": n(between, midnight, until),
        "yesterday_by_now": n(between, midnight - day, until - day),
        "last_hour": n(between, minute - timedelta(hours=1), until),
        "open": n("closed_at IS NULL"),
    }


@pytest.mark.parametrize("days", [3, 100])
def test_the_time_machine_tells_the_head_of_that_minute(
    client: TestClient, city_database: URL, days: int
) -> None:
    at = picture.ago(days)
    told = looked(client, at=at, parts="head,clocks,counts", measure="open", level="city")
    assert instant(told["as_of"]) == instant(at)
    counted = client.get("/api/v1/counts", params={"at": at, "measure": "open"}).json()
    assert told["head"]["open"] == told["counts"]["n"] == counted["n"]
    clocks = client.get("/api/v1/clocks/summary", params={"at": at}).json()
    assert told["clocks"] == clocks
    assert instant(clocks["as_of"]) == instant(at) and clocks["running"] > 0


@pytest.mark.parametrize("window", LIVE_WINDOWS_MIN)
def test_a_live_window_begins_on_a_step_and_ends_with_the_minute(
    client: TestClient, window: str
) -> None:
    told = looked(client, window=window, parts="counts,histogram", level="city")
    now = instant(told["as_of"])
    since, until = instant(told["counts"]["since"]), instant(told["counts"]["until"])
    span = timedelta(minutes=LIVE_WINDOWS_MIN[window])
    step_s = max(60, span.total_seconds() / 720)
    assert since.timestamp() % step_s == 0
    assert now - span - timedelta(seconds=step_s) < since <= now - span
    assert until == now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    assert told["histogram"]["total"] == told["counts"]["n"] == sum(told["histogram"]["counts"])


def test_what_is_open_is_counted_whatever_the_window_and_the_state(client: TestClient) -> None:
    words = {"measure": "open", "parts": "counts,head", "level": "district"}
    told = looked(client, **words, window="1h", status="closed")
    assert told["counts"]["n"] == told["head"]["open"] > 0


def test_the_histogram_reaches_around_the_window_but_not_beyond_now(client: TestClient) -> None:
    since, until = picture.ago(10), picture.ago(8)
    told = looked(client, since=since, until=until, around=0.5, parts="histogram")["histogram"]
    margin = (instant(until) - instant(since)) / 2
    assert instant(told["since"]) == instant(since) - margin
    assert instant(told["until"]) == instant(until) + margin
    late = looked(client, since=since, around=2, parts="histogram")["histogram"]
    assert instant(late["until"]) <= utc_now() + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"parts": "head,wages"}, "parts"),
        ({"parts": ""}, "parts"),
        ({"window": "2h"}, "window"),
        ({"window": "1h", "since": "2026-01-01T00:00:00Z"}, "window"),
        ({"window": "1h", "at": "2026-01-01T00:00:00Z"}, "window"),
        ({"around": "nan"}, "around"),
        ({"around": "-1"}, "around"),
        ({"level": "street"}, "level"),
        ({"person": "1"}, "person"),
        ({"window": ["1h", "6h"]}, "window"),
    ],
)
def test_words_that_cannot_be_used_are_named(
    client: TestClient, words: dict[str, Any], field: str
) -> None:
    answer = client.get(PATH, params=words)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_only_reading(client: TestClient) -> None:
    answer = client.post(PATH)
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, HEAD"


def actor(client: TestClient, context: Context) -> Actor:
    """Who acts under a client's session."""
    found = actor_of(context.engine, client.cookies["minqing"])
    assert found is not None
    return found


def signed_in(client: TestClient, context: Context, role: Role, area: int) -> TestClient:
    """The same server for another post."""
    name = f"{role.value.replace('_', '')}{area // 10**9}"
    staff.add_account(context.engine, name, role, area)
    other = TestClient(client.app, base_url="http://127.0.0.1")
    staff.sign_in(other, name)
    return other


def test_one_answer_for_one_scope_and_another_for_another(
    own_client: TestClient, own_context: Context, database: URL
) -> None:
    code = community(database)
    one = signed_in(own_client, own_context, Role.DUTY_OFFICER, code)
    same = signed_in(own_client, own_context, Role.DISPATCHER, code)
    words = {"window": "30d", "parts": "head,counts,clocks", "level": "community"}
    maps: Maps = own_client.app.state.maps  # type: ignore[attr-defined]
    made = []
    maps.figures.cache.on_event = made.append
    scopes = [scope_of(actor(client, own_context)) for client in (one, own_client)]

    def turns() -> list[int]:
        return [turn_of(scope, utc_now()) for scope in scopes]

    while True:
        made.clear()
        maps.figures.forget()
        turn = turns()
        answers = [client.get(PATH, params=words) for client in (one, same, own_client)]
        if turns() == turn:
            break
    assert made == ["made", "hit", "made"]
    assert answers[0].content == answers[1].content != answers[2].content
    assert answers[0].headers["etag"] == answers[1].headers["etag"]
    assert list(answers[0].json()["counts"]["values"]) == [str(code)]
    assert len(answers[2].json()["counts"]["values"]) > 1
    # What somebody else holds is no answer to whoever sees more or less.
    crossed = own_client.get(
        PATH, params=words, headers={"If-None-Match": answers[0].headers["etag"]}
    )
    assert crossed.status_code == 200


def test_whoever_holds_the_newest_is_told_so_without_counting(
    own_client: TestClient, own_context: Context
) -> None:
    words = {"window": "24h", "parts": "head,counts"}
    maps: Maps = own_client.app.state.maps  # type: ignore[attr-defined]
    who = actor(own_client, own_context)

    def turns() -> int:
        return turn_of(scope_of(who), utc_now())

    while True:
        turn = turns()
        first = own_client.get(PATH, params=words)
        maps.figures.cache.clear()
        again = own_client.get(PATH, params=words, headers={"If-None-Match": first.headers["etag"]})
        if turns() == turn:
            break
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert len(maps.figures.cache) == 0
    assert first.headers["cache-control"] == "private, no-cache"


def test_a_change_inside_the_scope_is_seen_at_once(
    own_client: TestClient, own_context: Context, database: URL
) -> None:
    no, code = picture.rows(
        database,
        "SELECT no, cell_code FROM published.incident WHERE closed_at IS NULL"
        " ORDER BY reported_at DESC LIMIT 1",
    )[0]
    words = {"parts": "head,counts", "measure": "open", "level": "cell", "area": code}
    before = looked(own_client, **words)
    with writing(own_context.engine) as session:
        session.execute(
            text("UPDATE incident SET status = 'closed', closed_at = now() WHERE no = :no"),
            {"no": no},
        )
        emit(session, "incident.changed", code, Audience.CASES, {"no": no})
    wait_until(lambda: looked(own_client, **words)["head"]["open"] < before["head"]["open"])
    after = looked(own_client, **words)
    assert after["head"]["open"] == before["head"]["open"] - 1
    assert after["counts"]["n"] == before["counts"]["n"] - 1


def test_a_session_that_has_ended_gets_nothing_that_is_kept(
    own_client: TestClient, own_context: Context, database: URL
) -> None:
    one = signed_in(own_client, own_context, Role.DUTY_OFFICER, district(database))
    words = {"parts": "head"}
    etag = one.get(PATH, params=words).headers["etag"]
    with writing(own_context.engine) as session:
        session.execute(text("DELETE FROM sign_in WHERE account_id = (SELECT id FROM account"
                             " WHERE name LIKE 'dutyofficer%')"))  # fmt: skip

    def refused() -> bool:
        answers = [one.get(PATH, params=words, headers=h) for h in ({}, {"If-None-Match": etag})]
        return all(answer.status_code == 401 for answer in answers)

    wait_until(refused)


def test_what_a_dead_session_saw_is_nobodys_answer(
    own_client: TestClient, own_context: Context
) -> None:
    """It sees no case under row security: those zeros must not be told to others of its scope."""
    maps: Maps = own_client.app.state.maps  # type: ignore[attr-defined]
    living = actor(own_client, own_context)
    dead = replace(living, token="ended")
    words = FiguresQuery(parts=(Part.STAFFING,))
    now = utc_now()

    async def both() -> list[Any]:
        desk = maps.figures
        asked = [desk.answer(Asked(words, who, now)) for who in (dead, living)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    assert own_client.portal is not None
    refused, told = own_client.portal.call(both)
    assert isinstance(refused, Problem) and refused.status == 401
    summary = own_client.get("/api/v1/clocks/summary").json()
    figures = own_client.get(PATH, params={"parts": "clocks"}).json()
    assert figures["clocks"]["running"] == summary["running"] > 0
    assert told.plain_bytes > 1


def test_a_tile_of_a_dead_session_is_nobodys_tile(
    own_client: TestClient, own_context: Context
) -> None:
    """It would be empty, and kept for everybody of that scope until the minute turns."""
    maps: Maps = own_client.app.state.maps  # type: ignore[attr-defined]
    living = scope_of(actor(own_client, own_context))
    dead = replace(living, token="ended")
    tile, words, now = (
        TileAddress(*picture.tile_at(103.8, 36.06, 9)),
        IncidentTileQuery(),
        utc_now(),
    )

    async def both() -> list[Any]:
        asked = [maps.tiles.get("incidents", tile, words, now, who) for who in (dead, living)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    assert own_client.portal is not None
    refused, seen = own_client.portal.call(both)
    assert isinstance(refused, Problem) and refused.status == 401
    assert seen.plain_bytes > 0


def test_a_broken_file_of_working_days_takes_nothing(
    own_client: TestClient, own_context: Context, tmp_path: Path
) -> None:
    """What is counted was written before: no working day is looked up for it."""
    (tmp_path / FILE_NAME).write_text("nonsense\n")
    maps: Maps = own_client.app.state.maps  # type: ignore[attr-defined]
    settings = own_context.settings.model_copy(update={"data_dir": tmp_path})
    broken = replace(own_context, settings=settings)
    desk = FiguresDesk(
        broken,
        store=maps.store,
        clocks=maps.clocks,
        boundaries=maps.boundaries,
        heat=maps.heat,
        cases=maps.cases,
    )
    asked = Asked(
        FiguresQuery(parts=(Part.CLOCKS, Part.HEAD)), actor(own_client, own_context), utc_now()
    )
    assert own_client.portal is not None
    told = json.loads(own_client.portal.call(desk.answer, asked).body)
    assert told["clocks"]["running"] > 0 and told["head"]["open"] > 0
