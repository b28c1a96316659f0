"""What is done to a station while it works, and whether anything is lost or comes twice."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from sqlalchemy import text

from app.core.db import reading
from geodata.progress import Progress
from tests import server as servers
from tests import staff
from tests.drill.promises import Measured
from tests.drill.station import Station
from tests.stream_client import Viewer
from tests.waiting import wait_until

SENDERS = 4
REPORTS_BETWEEN = 10
MOST_EVENTS_READ = 4
PATIENCE_S = 120.0

_IN_TABLE = text("""
    SELECT CAST(id AS text) AS id, count(*) AS times FROM incident
    WHERE id = ANY (CAST(:ids AS uuid[])) GROUP BY id
""")


@dataclass
class Reports:
    """Reports as phones send them: again under the same id, at any server, until one is taken.

    Attributes:
        taken: id and number of each report that was acknowledged, in the order of that.
    """

    station: Station
    taken: list[tuple[str, int]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def coming_in(self) -> Iterator[None]:
        """For the length of the block; at its end each that was begun has been taken."""
        senders = [threading.Thread(target=self._send, args=(nth,)) for nth in range(SENDERS)]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            self._ended.set()
            for sender in senders:
                sender.join(PATIENCE_S)
        assert not any(sender.is_alive() for sender in senders), "a report was never taken"

    def wait_for_more(self, count: int) -> None:
        """Until so many more have been taken."""
        wanted = len(self.taken) + count
        wait_until(lambda: len(self.taken) >= wanted, PATIENCE_S)

    def _send(self, seed: int) -> None:
        chance = random.Random(seed)
        with staff.Client(timeout=20) as http:
            while not self._ended.is_set():
                body = self.station.report(chance.randrange(10_000))
                while (no := self._taken(http, chance, body)) is None:
                    pass
                self.taken.append((str(body["id"]), no))

    def _taken(
        self, http: staff.Client, chance: random.Random, body: dict[str, object]
    ) -> int | None:
        base_url = chance.choice(self.station.servers).base_url
        try:
            answer = http.post(f"{base_url}/api/v1/incidents", json=body)
        except staff.TransportError:
            return None
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        answer.raise_for_status()
        return int(answer.json()["no"])


def kills(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """A server is killed in the middle of reports and started again, one after the other."""
    reports = Reports(station)
    with reports.coming_in():
        for nth in range(tries):
            reports.wait_for_more(REPORTS_BETWEEN)
            killed = station.servers[nth % 2]
            killed.kill()
            port = int(killed.base_url.rpartition(":")[2])
            station.servers[nth % 2] = servers.start(killed.database_url, port, MINQING_DEMO="0")
            progress.step("kills", nth + 1, tries)
    return _in_table(station, reports, "killed servers")


def database_kills(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """The database's first process is killed in the middle of reports, and started again."""
    reports = Reports(station)
    with reports.coming_in():
        for nth in range(tries):
            reports.wait_for_more(REPORTS_BETWEEN)
            station.kill_database()
            progress.step("database_kills", nth + 1, tries)
    return _in_table(station, reports, "a killed database")


def _in_table(station: Station, reports: Reports, when: str) -> list[Measured]:
    ids = [report_id for report_id, _ in reports.taken]
    with reading(station.engine) as session:
        times = {row.id: row.times for row in session.execute(_IN_TABLE, {"ids": ids})}
    lost = sum(report_id not in times for report_id in ids)
    doubled = sum(count > 1 for count in times.values())
    counted = f"of {len(ids)} acknowledged over {when}"
    return [
        Measured(f"reports lost, {counted}", "reports", 0.0, [float(lost)]),
        Measured(f"reports filed twice, {counted}", "reports", 0.0, [float(doubled)]),
    ]


def cuts(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """A viewer is cut off again and again, comes back to any server, and counts what it sees."""
    reports, chance = Reports(station), random.Random(1)
    seen = Counter[int]()
    last_id: str | None = None
    with Viewer(station.servers[0].base_url) as first:
        last_id = first.read_count("hello", 1)[0].id
    with reports.coming_in():
        for nth in range(tries):
            last_id = _watch(station, chance, last_id, seen, chance.randint(0, MOST_EVENTS_READ))
            progress.step("cuts", nth + 1, tries)
    last = station.servers[0]
    body = station.report(0)
    mark = (
        staff.post(f"{last.base_url}/api/v1/incidents", json=body).raise_for_status().json()["no"]
    )
    while mark not in seen:
        last_id = _watch(station, chance, last_id, seen, 1)
    known = {no for _, no in reports.taken}
    counted = f"of {len(known)} over cut streams"
    return [
        Measured(f"events missed, {counted}", "events", 0.0, [float(len(known - seen.keys()))]),
        Measured(
            f"events seen twice, {counted}",
            "events",
            0.0,
            [float(sum(count > 1 for count in seen.values()))],
        ),
    ]


def _watch(
    station: Station, chance: random.Random, last_id: str, seen: Counter[int], count: int
) -> str:
    """Look on until so many events have come, then hang up; the id to go on from."""
    with Viewer(chance.choice(station.servers).base_url, last_event_id=last_id) as viewer:
        viewer.read_until(lambda events: len(events) > count)
        for event in viewer.events:
            assert event.name != "reset", event
            if event.name == "incident.reported":
                seen[int(event.data["no"])] += 1
            last_id = event.id
    return last_id
