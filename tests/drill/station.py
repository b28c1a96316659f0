"""A city, its database and its servers, for a drill to revoke, stop and kill."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import Engine

from app.city import service as city
from app.core import embedded
from app.core.clock import utc_now
from app.core.db import conninfo, make_engine
from geodata import demo
from geodata.progress import Silent
from tests import server as servers
from tests import staff
from tests.conftest import SOURCES, TEST_DISTRICT
from tests.server import ServerProcess
from tests.waiting import wait_until

CENTRES = "SELECT ST_X(label), ST_Y(label) FROM area WHERE level = 'cell' ORDER BY code"


@dataclass
class Station:
    """Two servers over one database."""

    folder: Path
    cluster: embedded.Cluster
    engine: Engine
    servers: list[ServerProcess]
    places: list[tuple[float, float]]

    def report(self, nth: int) -> dict[str, object]:
        """The body of a report, each in another cell than the one before."""
        lon, lat = self.places[nth % len(self.places)]
        return {
            "id": str(uuid4()),
            "category": "0110",
            "title": f"第{nth}件",
            "lon": lon,
            "lat": lat,
            "source": "patrol",
        }

    def is_taken(self, server: ServerProcess, nth: int) -> bool:
        """Whether a server acknowledges a report just now."""
        with suppress(staff.TransportError):
            body = self.report(nth)
            return staff.post(f"{server.base_url}/api/v1/incidents", json=body).is_success
        return False

    def is_listed(self, server: ServerProcess) -> bool:
        """Whether a server shows its cases just now."""
        with suppress(staff.TransportError):
            return staff.get(f"{server.base_url}/api/v1/incidents?limit=1").is_success
        return False

    def database_processes(self) -> list[int]:
        """Numbers of the database's processes: the postmaster first, then what it started."""
        postmaster = self._postmaster()
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [postmaster, *map(int, children)]

    def kill_database(self) -> None:
        """As a power cut would, without a goodbye to anybody; and start it again."""
        os.kill(self._postmaster(), signal.SIGKILL)
        wait_until(lambda: not embedded.is_running(self.cluster))
        with embedded.running(self.folder):
            pass  # held by the drill as a whole: it stays when this block ends

    def kill_watched_database(self) -> None:
        """The same, while a server looks after it: returns once that has started another."""
        killed = self._postmaster()
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: embedded.postmaster_of(self.cluster) not in (None, killed), 120.0)

    def _postmaster(self) -> int:
        return int((self.cluster.data_dir / "postmaster.pid").read_text().splitlines()[0])


def memory_mb(server: ServerProcess) -> float:
    """What a server holds in memory, in MB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


@contextmanager
def station() -> Iterator[Station]:
    """The demo's smallest district, loaded into a PostGIS of its own, with two servers."""
    with tempfile.TemporaryDirectory(prefix="minqing-drill-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the embedded server of a root run is another user
        recipe = demo.Recipe(seed=1, districts=(TEST_DISTRICT,), incidents=3_000)
        demo.build(recipe, folder / "bundle", Silent(), sources=SOURCES)
        with embedded.running(folder / "data") as cluster:
            engine = make_engine(cluster.url)
            city.prepare_database(engine)
            city.load_bundle(engine, folder / "bundle", Silent(), utc_now())
            staff.add_admin(engine)
            with psycopg.connect(conninfo(cluster.url)) as connection:
                places = connection.execute(CENTRES.encode()).fetchall()
            started = [servers.start(cluster.url, MINQING_DEMO="0") for _ in range(2)]
            try:
                yield Station(folder / "data", cluster, engine, started, places)
            finally:
                engine.dispose()
                for server in started:
                    if server.process.poll() is None:
                        server.stop()
                    server.log.unlink(missing_ok=True)
