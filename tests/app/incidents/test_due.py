"""Clocks over HTTP: on the cases, in the list of what is due, in the figures."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.incidents.clocks import queries as clock_queries
from app.incidents.clocks.rules import clocks_of
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.models import IS_OPEN_SQL
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from tests.app.incidents.reports import a_report
from tests.app.places.test_areas import everything

PATH = "/api/v1/incidents"
DUE = f"{PATH}/due"
SUMMARY = "/api/v1/clocks/summary"
Case = dict[str, Any]


def instant(text: str) -> datetime:
    """An instant of the API."""
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def cases(client: TestClient) -> list[Case]:
    """Every case of the year, as the list shows it."""
    now = utc_now()
    window = {"since": (now - timedelta(days=390)).isoformat(), "until": now.isoformat()}
    return everything(client, PATH, limit=500, **window)


def test_lists_show_what_the_log_says(context: Context, cases: list[Case]) -> None:
    """Every case of the year against its own log, folded by the rules."""
    now = utc_now()
    with reading(context.engine) as session:
        rows = session.execute(
            text("SELECT no, at, ordinal, step, status, tier, until FROM incident_event")
        ).all()
        limits = clock_queries.limits_of(session, {case["category"] for case in cases})
    logs: dict[int, list[Any]] = {}
    for row in rows:
        logs.setdefault(row.no, []).append(clock_queries.event_of(row))
    states = set()
    for case in cases:
        clock = clocks_of(logs[case["no"]], limits[case["category"]], CityCalendar(), now).total
        shown = case["clock"]
        assert shown["limit"] == (None if clock.limit is None else str(clock.limit))
        for name in ("started_at", "ended_at", "raw_due_at", "due_at"):
            expected = getattr(clock, name)
            assert (shown[name] and instant(shown[name])) == expected, (case["no"], name)
        states.add(shown["state"])
        if shown["due_at"] is not None:
            until = instant(shown["ended_at"]) if shown["ended_at"] else now
            seconds = (instant(shown["due_at"]) - until).total_seconds()
            assert abs(shown["remaining_s"] - seconds) < 60
    assert {"ok", "overdue"} <= states


def test_a_detail_shows_its_clock_and_stays(client: TestClient, cases: list[Case]) -> None:
    """The same clock as the list; stays that follow the timeline."""
    for case in cases[:200:20]:
        detail = client.get(f"{PATH}/{case['id']}").json()
        same = ("limit", "started_at", "ended_at", "due_at", "raw_due_at", "extensions")
        assert [detail["clock"][k] for k in same] == [case["clock"][k] for k in same]
        assert detail["stages"][0]["stage"] == "reported"
        assert detail["stages"][0]["started_at"] == detail["timeline"][0]["at"]


def test_a_past_minute_has_its_own_clock(client: TestClient, cases: list[Case]) -> None:
    """Seen from before it was handed back, it runs."""
    done = next(c for c in cases if c["clock"]["ended_at"] and c["clock"]["due_at"])
    before = instant(done["clock"]["ended_at"]) - timedelta(microseconds=1)
    then = client.get(f"{PATH}/{done['id']}", params={"at": before.isoformat()}).json()["clock"]
    assert then["ended_at"] is None and then["due_at"] == done["clock"]["due_at"]


def running(cases: list[Case]) -> list[Case]:
    """Those whose clock runs."""
    return [c for c in cases if c["clock"]["started_at"] and not c["clock"]["ended_at"]]


def test_what_is_due(client: TestClient, cases: list[Case]) -> None:
    """Overdue and soon due, by what is due first, in parts that make the whole."""
    found = everything(client, DUE, limit=7)
    wanted = [c for c in running(cases) if c["clock"]["state"] in {"overdue", "due_soon"}]
    assert {c["no"] for c in found} == {c["no"] for c in wanted} and found
    keys = [(instant(c["clock"]["due_at"]), c["no"]) for c in found]
    assert keys == sorted(keys)
    overdue = everything(client, DUE, state="overdue", limit=500)
    soon = everything(client, DUE, state="due_soon", limit=500)
    assert {c["clock"]["state"] for c in overdue} == {"overdue"}
    assert len(overdue) + len(soon) == len(found)
    town = found[0]["cell_code"] // 10**6 * 10**6
    there = everything(client, DUE, area=town, limit=500)
    assert [c["no"] for c in there] == [
        c["no"] for c in found if town <= c["cell_code"] < town + 10**6
    ]
    assert found[0]["no"] in {c["no"] for c in there}


def test_within(client: TestClient, cases: list[Case]) -> None:
    """So many seconds ahead, whatever part of the limit that is."""
    seconds = 5 * 86_400
    found = everything(client, DUE, state="due_soon", within_s=seconds, limit=500)
    until = utc_now() + timedelta(seconds=seconds)
    expected = [
        c["no"]
        for c in running(cases)
        if c["clock"]["state"] in {"ok", "due_soon"} and instant(c["clock"]["due_at"]) <= until
    ]
    assert sorted(c["no"] for c in found) == sorted(expected)


def test_the_figures_are_those_of_the_list(client: TestClient, cases: list[Case]) -> None:
    """Of the city, and of its parts together."""
    said = client.get(SUMMARY).json()
    clocks = [c["clock"] for c in running(cases)]
    for state in ("overdue", "due_soon", "ok", "no_limit", "unknown"):
        assert said[state] == sum(clock["state"] == state for clock in clocks)
    assert said["running"] == len(clocks) > 5
    towns = client.get("/api/v1/areas", params={"level": "subdistrict"}).json()["items"]
    parts = [client.get(SUMMARY, params={"area": town["code"]}).json() for town in towns]
    for figure in ("running", "overdue", "raw_overdue", "due_soon", "ok", "no_limit", "unknown"):
        assert sum(part[figure] for part in parts) == said[figure]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"state": "late"}, "state"),
        ({"within_s": 0}, "within_s"),
        ({"within_s": 10**9}, "within_s"),
        ({"area": 5}, "area"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": 501}, "limit"),
        ({"at": "2026-01-01T00:00:00Z"}, "at"),
    ],
)
def test_words_that_are_refused(client: TestClient, words: dict[str, Any], field: str) -> None:
    """By name."""
    answer = client.get(DUE, params=words)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_clock_starts_and_stops(own_client: TestClient, own_context: Context) -> None:
    """Reported: not yet. Registered: running. Handed back: no longer among what is due."""
    no = own_client.post(PATH, json=a_report(category="0501")).json()["no"]

    def clock() -> Case:
        found: Case = own_client.get(f"{PATH}/no/{no}").json()["clock"]
        return found

    def due() -> set[int]:
        found = everything(own_client, DUE, state="due_soon", within_s=7200, limit=500)
        return {case["no"] for case in found}

    assert (clock()["state"], clock()["due_at"]) == ("not_started", None)
    assert no not in due()
    path = (Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE)
    for step in path:
        with writing(own_context.engine) as session:
            steps.advance(session, no, step, utc_now())
    assert clock()["limit"] == "1 urgent_hour" and clock()["state"] == "ok"
    assert 3500 < clock()["remaining_s"] <= 3600 and no in due()
    with writing(own_context.engine) as session:
        steps.advance(session, no, Step.HAND_BACK, utc_now())
    assert clock()["ended_at"] and no not in due()


def test_a_city_with_unreadable_days_says_so(
    own_client: TestClient, own_context: Context, tmp_path: Path
) -> None:
    """503 that names file and line; and its own days count once it is mended."""
    settings = own_context.settings.model_copy(update={"data_dir": tmp_path})
    object.__setattr__(own_context, "settings", settings)
    file = tmp_path / "working_days.csv"
    file.write_text("day,kind,note\n2026-13-01,holiday,\n", encoding="utf-8")
    answer = own_client.get(DUE)
    assert answer.status_code == 503 and "line 2" in answer.json()["detail"]
    file.write_text("day,kind,note\n2027,covered,all\n2028,covered,\n", encoding="utf-8")
    assert own_client.get(DUE).status_code == 200
    assert own_client.get(SUMMARY).json()["unknown"] == 0


def test_the_open_cases_have_an_index(context: Context) -> None:
    """What is due is found among the open cases, not by reading all that ever were reported."""
    with reading(context.engine) as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(
            text(
                "EXPLAIN SELECT no FROM incident i WHERE i.cell_code BETWEEN 1 AND 2"
                f" AND i.{IS_OPEN_SQL}"
            )
        ).all()
    assert any(re.search(r"incident_\d{6}_cell_code_idx\b", line) for line in plan), plan
