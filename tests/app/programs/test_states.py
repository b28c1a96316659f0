"""The pull of states: every change is told, however late its transaction was committed."""

import base64
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import writing
from app.core.paging import encode_cursor
from app.incidents.cases.schemas import NewIncident
from app.incidents.intake import service as intake
from app.live.service import restart_stream
from app.programs.states import rules
from tests.app.identity.canary import a_case, places
from tests.app.incidents.reports import a_report
from tests.app.programs.test_keys import STATES, key_for, stranger
from tests.waiting import wait_until

__all__ = ["stranger"]


class Follower:
    """A program that follows the states of its area.

    Attributes:
        seen: the state of each case that was told, by its id.
        times: how often a case was told.
    """

    def __init__(self, client: TestClient, key: dict[str, str], **words: Any) -> None:
        self.client, self.key, self.words = client, key, words
        self.seen: dict[str, str] = {}
        self.times = 0
        self.since: str | None = None

    def ask(self) -> Any:
        """One call."""
        words = {**self.words, **({"since": self.since} if self.since else {})}
        answer = self.client.get(STATES, params=words, headers=self.key)
        assert answer.status_code == 200, answer.text
        self.since = answer.json()["next"]
        self.seen |= {item["id"]: item["status"] for item in answer.json()["items"]}
        self.times += len(answer.json()["items"])
        return answer.json()

    def follow(self) -> dict[str, str]:
        """Ask until there is no more; what is known then."""
        while self.ask()["more"]:
            pass
        return self.seen


def filed(client: TestClient, **words: Any) -> str:
    """The id of a new report."""
    body = a_report(**words)
    assert client.post("/api/v1/incidents", json=body).status_code == 201
    return str(body["id"])


def test_from_now_on(own_context: Context, own_client: TestClient, stranger: TestClient) -> None:
    """Nothing at first; then what was reported and what became of it, each once a page."""
    filed(own_client)
    follower = Follower(stranger, key_for(own_context))
    wait_until(lambda: not _untold(own_context))
    assert follower.ask() | {"next": ""} == {"items": [], "next": "", "more": False}
    case = filed(own_client)
    wait_until(lambda: case in follower.follow())
    assert follower.seen == {case: "reported"}
    step = own_client.post(f"/api/v1/incidents/{case}/steps", json={"step": "register"})
    assert step.status_code == 200, step.text
    wait_until(lambda: follower.follow()[case] == "registered")
    assert follower.ask()["items"] == []


def _untold(context: Context) -> int:
    with writing(context.engine) as session:
        return session.scalar(text("SELECT count(*) FROM outbox")) or 0


def test_a_late_commit_is_told_later(
    own_context: Context, own_client: TestClient, stranger: TestClient
) -> None:
    """A case that had its number first, and is committed after others were told, is not missed."""
    follower = Follower(stranger, key_for(own_context))
    follower.ask()
    late = a_report()
    with writing(own_context.engine) as session:
        intake.report(session, NewIncident.model_validate(late), utc_now(), demo=True)
        quick = [filed(own_client) for _ in range(3)]
        wait_until(lambda: set(quick) <= follower.follow().keys())
        assert late["id"] not in follower.seen
    wait_until(lambda: late["id"] in follower.follow())
    assert follower.times == 4


def test_nothing_is_missed_in_pages_under_writers(
    own_context: Context, own_client: TestClient, stranger: TestClient
) -> None:
    """Four writers, a follower that takes seven at a time: all of them, none twice."""
    follower = Follower(stranger, key_for(own_context, per_minute=100_000), limit=7)
    follower.ask()
    sent: list[str] = []

    def write() -> None:
        for _ in range(20):
            sent.append(filed(own_client))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        follower.ask()
    wait_until(lambda: set(sent) <= follower.follow().keys())
    assert len(set(sent)) == follower.times == 80


def test_another_area_is_not_told(
    own_context: Context, own_client: TestClient, stranger: TestClient
) -> None:
    """By the stream and by the log alike."""
    engine, found = own_context.engine, places(own_context.engine)
    begun = utc_now() - timedelta(seconds=1)
    key = key_for(own_context, area=found["own"])
    follower = Follower(stranger, key)
    follower.ask()
    inside, outside = a_case(found["own"], engine, "甲"), a_case(found["other"], engine, "乙")
    for body in (outside, inside):
        assert own_client.post("/api/v1/incidents", json=body).status_code == 201
    wait_until(lambda: inside["id"] in follower.follow())
    by_log = Follower(stranger, key)
    by_log.since = begun.isoformat()
    assert set(follower.seen) == set(by_log.follow()) == {inside["id"]}


@pytest.mark.parametrize("gone", ["pruned", "other_epoch"])
def test_what_the_stream_no_longer_knows_is_read_from_the_log(
    own_context: Context, own_client: TestClient, stranger: TestClient, gone: str
) -> None:
    """A program that was away for longer than the stream is kept, or over a restore."""
    follower = Follower(stranger, key_for(own_context), limit=2)
    follower.ask()
    cases = {filed(own_client) for _ in range(5)}
    wait_until(lambda: not _untold(own_context))
    with writing(own_context.engine) as session:
        if gone == "pruned":
            session.execute(text("DELETE FROM stream_event"))
        else:
            restart_stream(session)
    assert cases <= follower.follow().keys()
    after = filed(own_client)
    wait_until(lambda: after in follower.follow())


def test_a_place_tells_nothing_of_the_city(own_context: Context, stranger: TestClient) -> None:
    """Not how far the stream has come, and not whether anything was told between two calls; the
    place is the same one all the same."""
    follower = Follower(stranger, key_for(own_context))
    with writing(own_context.engine) as session:
        seq = session.scalar(text("UPDATE stream_state SET last_seq = 7654321 RETURNING last_seq"))
    first, second = follower.ask()["next"], follower.ask()["next"]
    told = [json.loads(base64.urlsafe_b64decode(cursor + "==")) for cursor in (first, second)]
    assert str(seq) not in str(told)
    assert told[0][0] != told[1][0]
    assert follower.ask() | {"next": ""} == {"items": [], "next": "", "more": False}


def test_a_place_of_an_earlier_release_goes_on(
    own_context: Context, own_client: TestClient, stranger: TestClient
) -> None:
    """Its number is not believed, so that nobody finds out by it how far the stream is: what has
    changed is read from the log."""
    case = filed(own_client)
    wait_until(lambda: not _untold(own_context))
    with writing(own_context.engine) as session:
        epoch = session.scalar(text("SELECT stream_epoch()"))
    told = []
    for seq in (0, 1, 2**40):
        follower = Follower(stranger, key_for(own_context, name=f"reader-{seq}"))
        given_us = rules.microseconds(utc_now() - timedelta(minutes=1))
        follower.since = encode_cursor([epoch, seq, given_us, -1, 0])
        told.append(follower.follow())
    assert case in told[0] and told[0] == told[1] == told[2]


@pytest.mark.parametrize(
    "since",
    ["", "x", "2026-01-01", "2026-01-01T00:00:00", "2099-01-01T00:00:00Z", "2001-01-01T00:00:00Z",
     "WyJhIiwxLDEsMV0", "WyJhIiwxLDkwMDAwMDAwMDAwMDAwMDAwMDAsMSwxXQ", "x" * 401,
     "2026-99-01T00:00:00Z"],
)  # fmt: skip
def test_a_place_that_is_none_is_refused_by_name(
    own_context: Context, stranger: TestClient, since: str
) -> None:
    """422 on `since`."""
    answer = stranger.get(STATES, params={"since": since}, headers=key_for(own_context))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "since"


def test_a_word_that_there_is_not_is_refused(own_context: Context, stranger: TestClient) -> None:
    """By name, as everywhere."""
    answer = stranger.get(STATES, params={"arae": "1"}, headers=key_for(own_context))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "arae")
