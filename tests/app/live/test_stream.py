"""The stream of a real server: none missed, none twice, in order, whatever happens to the wire."""

import threading
from collections.abc import Callable
from itertools import pairwise
from uuid import uuid4

import numpy as np
import psycopg
import pytest

from app.core.db import conninfo
from app.live.ids import KEY_BYTES, Ids
from tests import staff as httpx
from tests.app.live.writers import CELL, TOPIC, connect, tell, tell_from_many
from tests.server import ServerProcess
from tests.stream_client import Event, Viewer, ids_of, numbers
from tests.waiting import wait_until

WRITERS, EACH = 8, 400


def _told(events: list[Event]) -> list[Event]:
    return [event for event in events if event.name == TOPIC]


def _last_id(server: ServerProcess) -> str:
    """Behind everything that the tests before this one have told."""
    mark = f"mark {uuid4()}"
    with Viewer(server.base_url) as viewer, connect(server.database_url) as connection:
        viewer.read_count("hello", 1)
        connection.execute(
            "INSERT INTO outbox (topic, area_code, audience, payload)"
            " VALUES (%s, %s, 'everyone', jsonb_build_object('n', %s::text))",
            ("test.mark", CELL, mark),
        )
        events = viewer.read_until(lambda seen: any(e.data.get("n") == mark for e in seen))
        return events[-1].id


def test_hello_comes_first_and_says_where_we_are(shared_server: ServerProcess) -> None:
    """The headers keep every cache and proxy from holding the stream back."""
    with Viewer(shared_server.base_url) as viewer:
        hello = viewer.read_until(bool)[0]
        assert viewer.status == 200
        assert viewer.headers["content-type"].startswith("text/event-stream")
        assert viewer.headers["cache-control"] == "no-store"
        assert viewer.headers["x-accel-buffering"] == "no"
    assert hello.name == "hello"
    assert hello.id.partition(":")[0] == hello.data["epoch"]
    assert set(hello.data) == {"epoch", "server_time", "watching"}
    assert hello.data["server_time"].endswith("Z")


def test_many_writers_at_once(shared_server: ServerProcess) -> None:
    """Every committed event once, densely numbered; each writer's own in its order."""
    with Viewer(shared_server.base_url) as viewer:
        start = viewer.read_count("hello", 1)[0]
        writing = threading.Thread(
            target=tell_from_many, args=(shared_server.database_url, WRITERS, EACH)
        )
        writing.start()
        events = viewer.read_count(TOPIC, WRITERS * EACH)
        writing.join()
    first, *following = numbers(shared_server.database_url, [start, *events])
    assert following == list(range(first + 1, first + 1 + WRITERS * EACH))
    for writer in range(WRITERS):
        own = [e.data["nth"] for e in events if e.data["writer"] == writer]
        assert own == list(range(EACH))


def test_cut_anywhere_and_resumed(shared_server: ServerProcess) -> None:
    """200 connections cut after a random number of bytes: together one unbroken stream."""
    rng = np.random.default_rng(7)
    start = last = _last_id(shared_server)
    seen: list[Event] = []
    stop = threading.Event()

    def write() -> None:
        with connect(shared_server.database_url) as connection:
            nth = 0
            while not stop.wait(0.002):
                tell(connection, nth=nth, filler="中文" * int(nth % 40))
                nth += 1

    writing = threading.Thread(target=write)
    writing.start()
    for _ in range(200):
        with Viewer(shared_server.base_url, last_event_id=last) as viewer:
            left = int(rng.integers(1, 1_500))
            while left > 0:
                part = min(left, int(rng.integers(1, 400)))
                viewer.read(part)
                left -= part
            seen += _told(viewer.events)
            last = viewer.parser.last_id or last
    stop.set()
    writing.join()
    with connect(shared_server.database_url) as connection:
        wait_until(lambda: connection.execute("SELECT 1 FROM outbox").fetchone() is None)
        row = connection.execute("SELECT last_seq FROM stream_state").fetchone()
    assert row is not None
    with Viewer(shared_server.base_url, last_event_id=last) as viewer:
        database = shared_server.database_url
        viewer.read_until(lambda events: row[0] in numbers(database, events))
        seen += _told(viewer.events)
    place = ids_of(database).cursor(start)
    assert place is not None
    assert numbers(database, seen) == list(range(place.seq + 1, row[0] + 1))
    assert [e.data["nth"] for e in seen] == list(range(len(seen)))


FOREIGN = Ids("0123456789ab", bytes(KEY_BYTES))


@pytest.mark.parametrize(
    ("last_event_id", "reason"),
    [
        (lambda ids, now: FOREIGN.text(1), "other_epoch"),
        (lambda ids, now: FOREIGN.text(0), "other_epoch"),
        (lambda ids, now: FOREIGN.text(2**63 - 1), "other_epoch"),
        (lambda ids, now: "000000000000:" + "A" * 22, "other_epoch"),
        (lambda ids, now: ids.text(1), "too_old"),
        (lambda ids, now: ids.text(0), "too_old"),
        (lambda ids, now: ids.text(2), "too_old"),
        (lambda ids, now: ids.text(2**63 - 1), "unknown_id"),
        (lambda ids, now: ids.text(now + 1_000), "unknown_id"),
        (lambda ids, now: Ids(ids.epoch, bytes(KEY_BYTES)).text(now), "unknown_id"),
        (lambda ids, now: f"{ids.epoch}:{now}", "unknown_id"),
        (lambda ids, now: f"{ids.epoch}:", "unknown_id"),
        (lambda ids, now: ids.epoch, "unknown_id"),
        (lambda ids, now: f"{ids.text(now)}:1", "unknown_id"),
        (lambda ids, now: ":1", "unknown_id"),
        (lambda ids, now: "nonsense", "unknown_id"),
        (lambda ids, now: "'; DROP TABLE stream_event; --", "unknown_id"),
    ],
)
def test_who_cannot_resume_is_told_to_start_anew(
    shared_server: ServerProcess, last_event_id: Callable[[Ids, int], str], reason: str
) -> None:
    """An explicit reset, and then the stream goes on live."""
    database = shared_server.database_url
    with connect(database) as connection:
        for _ in range(5):
            tell(connection, n=0)
        wait_until(lambda: connection.execute("SELECT 1 FROM outbox").fetchone() is None)
        connection.execute("DELETE FROM stream_event WHERE seq <= 3")
    ids = ids_of(database)
    now = ids.cursor(_last_id(shared_server))
    assert now is not None
    sent = last_event_id(ids, now.seq)
    with Viewer(shared_server.base_url, last_event_id=sent) as viewer:
        reset = viewer.read_count("reset", 1)[0]
        assert reset.data == {"reason": reason}
        with connect(database) as connection:
            tell(connection, n=1)
        event = viewer.read_count(TOPIC, 1)[0]
    before, after = numbers(database, [reset, event])
    assert after == before + 1


def test_a_long_absence_is_replayed_in_pages(shared_server: ServerProcess) -> None:
    """Over more than one page of the replay, while new events keep coming."""
    start = _last_id(shared_server)
    with connect(shared_server.database_url) as connection:
        connection.execute(
            "INSERT INTO outbox (topic, area_code, audience, payload)"
            " SELECT %s, %s, 'cases', jsonb_build_object('n', n) FROM generate_series(0, 1199) n",
            (TOPIC, CELL),
        )
        wait_until(lambda: connection.execute("SELECT 1 FROM outbox").fetchone() is None)
        with Viewer(shared_server.base_url, last_event_id=start) as viewer:
            for n in range(1_200, 1_250):
                tell(connection, n=n)
            events = viewer.read_count(TOPIC, 1_250)
    assert [e.data["n"] for e in events] == list(range(1_250))


def test_an_area_hears_its_own_events_only(shared_server: ServerProcess) -> None:
    """Live and in the replay, by the range of codes."""
    community = 620111001002000
    start = _last_id(shared_server)
    with Viewer(shared_server.base_url, area=community) as live:
        live.read_count("hello", 1)
        with connect(shared_server.database_url) as connection:
            for n, cell in enumerate((620111001001999, 620111001002001, 620111001003001) * 3):
                tell(connection, cell, n=n)
            tell(connection, 620111001002999, n=100)
        heard = [live.read_count(TOPIC, 4)]
    with Viewer(shared_server.base_url, area=community, last_event_id=start) as resumed:
        heard.append(resumed.read_count(TOPIC, 4))
    assert [[e.data["n"] for e in events] for events in heard] == [[1, 4, 7, 100]] * 2


def test_the_query_word_resumes_too(shared_server: ServerProcess) -> None:
    """For clients that cannot set a header; what is none of ours is refused by name."""
    url = f"{shared_server.base_url}/api/v1/stream"
    with httpx.stream("GET", url, params={"last_event_id": "nonsense"}) as answer:
        text = ""
        for part in answer.iter_text():
            text += part
            if "unknown_id" in text:
                break
    refused = httpx.get(url, params={"Last": "1"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "Last"
    assert httpx.get(url, params={"area": "12"}).status_code == 422


def test_a_viewer_who_does_not_read_is_reset_not_fed_holes(shared_server: ServerProcess) -> None:
    """Its queue fills, and it is told; what it gets after that has no hole."""
    with Viewer(shared_server.base_url, receive_buffer=4096) as viewer:
        viewer.read_count("hello", 1)
        with connect(shared_server.database_url) as connection:
            for _ in range(8):
                connection.execute(
                    "INSERT INTO outbox (topic, area_code, audience, payload)"
                    " SELECT %s, %s, 'cases',"
                    " jsonb_build_object('n', n, 'filler', repeat('x', 8000))"
                    " FROM generate_series(1, 600) n",
                    (TOPIC, CELL),
                )
            wait_until(lambda: connection.execute("SELECT 1 FROM outbox").fetchone() is None)
            wait_until(
                lambda: _metric(shared_server, "minqing_stream_resets_total", "too_slow") > 0
            )
            tell(connection, last=True)
        events = viewer.read_until(lambda found: "last" in found[-1].data)
    names = [e.name for e in events]
    assert "reset" in names
    after = events[names.index("reset") :]
    assert after[0].data == {"reason": "too_slow"}
    seqs = numbers(shared_server.database_url, events)
    assert len(seqs) == len(events)
    for (earlier, _), (later, event) in pairwise(zip(seqs, events, strict=True)):
        assert later == earlier + 1 or event.name == "reset"


def _metric(server: ServerProcess, name: str, label: str = "") -> float:
    found = 0.0
    for line in httpx.get(f"{server.base_url}/metrics").text.splitlines():
        if line.startswith(name) and label in line:
            found += float(line.rpartition(" ")[2])
    return found


def test_a_viewer_who_is_gone_leaves_nothing_behind(shared_server: ServerProcess) -> None:
    """Neither when it hangs up, nor while the server waits for it to read."""
    wait_until(lambda: _metric(shared_server, "minqing_stream_clients") == 0)
    viewers = [Viewer(shared_server.base_url, receive_buffer=4096) for _ in range(20)]
    wait_until(lambda: _metric(shared_server, "minqing_stream_clients") == 20)
    for viewer in viewers:
        viewer.close()
    wait_until(lambda: _metric(shared_server, "minqing_stream_clients") == 0)


@pytest.mark.parametrize("who", ["minqing-hub", "minqing-relay"])
def test_a_lost_connection_loses_nothing(shared_server: ServerProcess, who: str) -> None:
    """The server's own connections are cut while events come in."""
    with (
        Viewer(shared_server.base_url) as viewer,
        psycopg.connect(conninfo(shared_server.database_url), autocommit=True) as connection,
    ):
        start = viewer.read_count("hello", 1)[0]
        for n in range(300):
            tell(connection, n=n)
            if n % 100 == 50:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = %s AND datname = current_database()",
                    (who,),
                )
        events = viewer.read_count(TOPIC, 300)
        names = {e.name for e in viewer.events}
    assert [e.data["n"] for e in events] == list(range(300))
    first, *following = numbers(shared_server.database_url, [start, *events])
    assert following == list(range(first + 1, first + 301))
    assert names == {"hello", TOPIC}
