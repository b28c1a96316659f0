"""Reading incidents: lists, filters, and how a case stood at any minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading
from app.incidents import queries, rules
from app.incidents.rules import CaseState, Event, Stage, Status, Tier
from tests.app.places.test_areas import everything

PATH = "/api/v1/incidents"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
minutes = st.integers(0, 1000).map(lambda m: EPOCH + timedelta(minutes=m))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Steps of one case in any order of time, numbered in that order."""
    times = sorted(draw(st.lists(minutes, min_size=1, max_size=12)))
    return [
        Event(at, n, "report", draw(st.sampled_from(Status)), draw(st.sampled_from(Tier)))
        for n, at in enumerate(times, 1)
    ]


@given(histories(), minutes, st.randoms(use_true_random=False))
def test_the_state_is_that_of_the_last_step(
    history: list[Event], at: datetime, shuffler: Any
) -> None:
    """In whatever order the log is read; and later steps change nothing of earlier minutes."""
    past = [event for event in history if event.at <= at]
    shuffled = shuffler.sample(history, len(history))
    state = rules.state_as_of(shuffled, at)
    assert state == rules.state_as_of(past, at)
    if not past:
        assert state is None
        return
    assert state is not None
    assert (state.status, state.tier) == (past[-1].status, past[-1].tier)
    assert (state.closed_at is None) == rules.is_open(state.status)
    assert state.stage is rules.STAGE_OF[state.status]


@given(histories())
def test_closed_at_is_when_it_was_closed_for_good(history: list[Event]) -> None:
    """The first step of the closed run at the end."""
    state = rules.state_as_of(history, history[-1].at)
    assert isinstance(state, CaseState)
    run = []
    for event in reversed(history):
        if rules.is_open(event.status):
            break
        run.append(event)
    assert state.closed_at == (run[-1].at if run else None)


def test_status_words_cover_every_state() -> None:
    """Open and closed part them; so do the stages; and every state has a word."""
    opened, closed = map(rules.statuses_matching, ("open", "closed"))
    assert opened | closed == set(Status) and not opened & closed
    stages = [rules.statuses_matching(stage) for stage in Stage]
    assert sum(map(len, stages)) == len(Status) == len(frozenset().union(*stages))
    for word in rules.STATUS_WORDS:
        assert rules.statuses_matching(word)
    with pytest.raises(ValueError, match="must be one of"):
        rules.statuses_matching("OPEN")


def year(client: TestClient) -> dict[str, str]:
    """A window that holds every case of the test city."""
    until = datetime.fromisoformat(client.get("/api/v1/city").json()["server_time"])
    since = until - timedelta(days=390)
    return {"since": since.isoformat(), "until": (until + timedelta(hours=1)).isoformat()}


def test_parts_make_the_whole_newest_first(client: TestClient) -> None:
    """All cases of the year, each once, with an exact total."""
    cases = everything(client, PATH, limit=500, **year(client))
    assert len(cases) == client.get("/api/v1/city").json()["incident_total"]
    keys = [(case["reported_at"], case["no"]) for case in cases]
    assert len({case["id"] for case in cases}) == len(cases)
    assert all(a > b for a, b in pairwise(keys))


def test_filters_select_what_they_say(client: TestClient) -> None:
    """Each against the whole list."""
    window = year(client)
    cases = everything(client, PATH, limit=500, **window)

    def those(**words: Any) -> list[int]:
        found = everything(client, PATH, limit=500, **window, **words)
        return [case["no"] for case in found]

    def expected(keep: Any) -> list[int]:
        return [case["no"] for case in cases if keep(case)]

    assert those(category="01") == expected(lambda c: c["category"].startswith("01"))
    assert those(category="0110,10") == expected(
        lambda c: c["category"] == "0110" or c["category"].startswith("10")
    )
    assert those(category=["0110", "10"]) == those(category="0110,10")
    town = 620111101000000
    assert those(area=town) == expected(lambda c: town <= c["cell_code"] < town + 10**6)
    assert those(status="open") == expected(lambda c: c["stage"] != "closed")
    assert those(status="closed") == expected(lambda c: c["stage"] == "closed")
    assert those(stage="handling") == expected(lambda c: c["stage"] == "handling")
    assert those(stage="handling", status="handled") == expected(lambda c: c["status"] == "handled")
    west, south, east, north = 102.84, 36.33, 102.9, 36.38
    assert those(bbox=f"{west},{south},{east},{north}") == expected(
        lambda c: west <= c["lon"] <= east and south <= c["lat"] <= north
    )
    assert 0 < len(those(bbox=f"{west},{south},{east},{north}")) < len(cases)
    assert those(area=620199000000000) == []


def test_the_past_is_what_the_log_says(client: TestClient, context: Context) -> None:
    """List, filter and detail at a minute agree with the event log folded in Python."""
    window = year(client)
    at = datetime.fromisoformat(window["until"]) - timedelta(days=40)
    with reading(context.engine) as session:
        rows = session.execute(
            text("SELECT no, at, ordinal, step, status, tier FROM incident_event")
        ).all()
    histories: dict[int, list[Event]] = {}
    for row in rows:
        event = Event(row.at, row.ordinal, row.step, Status(row.status), Tier(row.tier))
        histories.setdefault(row.no, []).append(event)
    states = {no: rules.state_as_of(events, at) for no, events in histories.items()}
    words = {"since": window["since"], "at": at.isoformat(), "until": at.isoformat()}
    shown = {case["no"]: case for case in everything(client, PATH, limit=500, **words)}
    assert set(shown) == {no for no, state in states.items() if state is not None}
    for no, case in shown.items():
        state = states[no]
        assert state is not None
        assert (case["status"], case["stage"]) == (state.status, state.stage)
        closed = case["closed_at"] and datetime.fromisoformat(case["closed_at"])
        assert closed == state.closed_at
    opened = everything(client, PATH, limit=500, status="open", **words)
    assert {case["no"] for case in opened} == {
        no for no, state in states.items() if state is not None and state.closed_at is None
    }
    for no in list(shown)[::90]:
        detail = client.get(f"{PATH}/no/{no}", params={"at": at.isoformat()}).json()
        assert detail["status"] == shown[no]["status"]
        assert len(detail["timeline"]) == sum(event.at <= at for event in histories[no])


def test_a_case_is_not_known_before_it_was_reported(client: TestClient) -> None:
    """A minute before it is 404; a minute after it stands as reported or later."""
    case = client.get(PATH, params={"limit": 1}).json()["items"][0]
    reported = datetime.fromisoformat(case["reported_at"])
    path = f"{PATH}/{case['id']}"
    before = {"at": (reported - timedelta(seconds=1)).isoformat()}
    assert client.get(path, params=before).status_code == 404
    then = client.get(path, params={"at": reported.isoformat()}).json()
    assert [step["step"] for step in then["timeline"]] == ["report"]
    assert then["status"] == "reported" and then["closed_at"] is None


def test_the_present_is_what_the_log_says_too(client: TestClient) -> None:
    """The state kept beside a case is that of its last step."""
    for case in client.get(PATH, params={"limit": 40}).json()["items"]:
        detail = client.get(f"{PATH}/{case['id']}").json()
        assert detail["timeline"][-1]["status"] == case["status"] == detail["status"]
        assert detail["closed_at"] == case["closed_at"]


def test_an_unknown_case(client: TestClient) -> None:
    """Not found under either name."""
    unknown = "00000000-0000-4000-8000-000000000000"
    for path in (f"{PATH}/{unknown}", f"{PATH}/no/999999999"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_filing_standard(client: TestClient) -> None:
    """Groups of two digits, categories of four under them."""
    lines = client.get("/api/v1/categories").json()
    codes = {line["code"] for line in lines["items"]}
    assert lines["total"] == len(codes) > 80
    for line in lines["items"]:
        assert (line["parent_code"] is None) == (len(line["code"]) == 2)
        assert line["parent_code"] is None or line["parent_code"] in codes
        assert line["kind"] == rules.kind_of(line["code"])


@pytest.mark.parametrize("words", [{}, {"category": "01"}, {"bbox": "102,35,105,38"}])
def test_a_long_list_is_counted_no_further_than_anybody_reads(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, words: dict[str, str]
) -> None:
    asked = {**words, "since": (utc_now() - timedelta(days=300)).isoformat(), "limit": "500"}
    whole = client.get(PATH, params=asked).json()
    assert whole["total_is_exact"] is True
    total, numbers = whole["total"], [item["no"] for item in whole["items"]]
    assert total > 60
    monkeypatch.setattr(queries, "MOST_COUNTED", total)
    again = client.get(PATH, params=asked).json()
    assert (again["total"], again["total_is_exact"]) == (total, True)
    # One more than is counted: its newest are looked for from now back, and are the same.
    monkeypatch.setattr(queries, "MOST_COUNTED", total - 1)
    part = client.get(PATH, params={**asked, "limit": "30"}).json()
    assert (part["total"], part["total_is_exact"]) == (total - 1, False)
    found = [item["no"] for item in part["items"]]
    while part["next"] and len(found) < len(numbers):
        part = client.get(PATH, params={**asked, "limit": "30", "cursor": part["next"]}).json()
        found += [item["no"] for item in part["items"]]
    assert found[: len(numbers)] == numbers


def test_a_category_is_selected_by_its_first_digits(client: TestClient, context: Context) -> None:
    with reading(context.engine) as session:
        found = session.execute(text("SELECT category, count(*) FROM incident GROUP BY 1"))
        counted: dict[str, int] = {row[0]: row[1] for row in found}
    since = (utc_now() - timedelta(days=399)).isoformat()
    for prefix in ("00", "01", "10", "14", "99", *sorted(counted)[:5]):
        answer = client.get(PATH, params={"category": prefix, "since": since, "limit": 1}).json()
        expected = sum(n for code, n in counted.items() if code.startswith(prefix))
        assert answer["total"] == expected
