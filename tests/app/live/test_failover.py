"""Processes that die, stop, or find another city: what viewers and the spare relay make of it."""

from collections.abc import Callable

from sqlalchemy import URL

from app.core.db import make_engine, writing
from app.live.service import restart_stream
from tests import staff as httpx
from tests.app.live.writers import TOPIC, connect, tell
from tests.server import ServerProcess
from tests.stream_client import Viewer, numbers
from tests.waiting import wait_until


def _leads(server: ServerProcess) -> bool:
    return "minqing_relay_leads 1.0" in httpx.get(f"{server.base_url}/metrics").text


def test_the_spare_takes_over_and_stops_at_once(
    empty_database: URL, start_bare_server: Callable[[URL], ServerProcess]
) -> None:
    """The process that publishes is killed; the other goes on, and its viewer misses nothing."""
    servers = [start_bare_server(empty_database), start_bare_server(empty_database)]
    wait_until(lambda: any(_leads(server) for server in servers))
    holder, spare = sorted(servers, key=_leads, reverse=True)
    assert not _leads(spare)
    with Viewer(spare.base_url) as viewer, connect(empty_database) as connection:
        viewer.read_count("hello", 1)
        for n in range(100):
            tell(connection, n=n)
            if n == 50:
                holder.kill()
        events = viewer.read_count(TOPIC, 100)
        assert [e.data["n"] for e in events] == list(range(100))
        assert numbers(empty_database, events) == list(range(1, 101))
    assert _leads(spare)
    _stop_with_open_streams(spare)


def _stop_with_open_streams(server: ServerProcess) -> None:
    """Streams are ended in good order, not cut off when patience runs out."""
    viewers = [Viewer(server.base_url) for _ in range(10)]
    for viewer in viewers:
        viewer.read_count("hello", 1)
    server.stop()
    for viewer in viewers:
        while viewer.read():
            pass
        viewer.close()
    said = server.log.read_text()
    assert "graceful" not in said
    assert "Traceback" not in said


def test_another_city_resets_everybody(shared_server: ServerProcess) -> None:
    """A new epoch in the database ends what was: those who watch and those who come back."""
    server = shared_server
    engine = make_engine(server.database_url)
    with Viewer(server.base_url) as viewer, connect(server.database_url) as connection:
        tell(connection, n=1)
        before = viewer.read_count(TOPIC, 1)[0]
        with writing(engine) as session:
            restart_stream(session)
        reset = viewer.read_count("reset", 1)[0]
        assert reset.data == {"reason": "other_epoch"}
        tell(connection, n=2)
        after = viewer.read_count(TOPIC, 2)[1]
        with Viewer(server.base_url, last_event_id=before.id) as late:
            assert late.read_count("reset", 1)[0].data == {"reason": "other_epoch"}
    engine.dispose()
    assert before.id.partition(":")[0] != after.id.partition(":")[0]
    earlier, later = numbers(server.database_url, [reset, after])
    assert later == earlier + 1
