"""The clock of the machine is set forward and back under a server and its database."""

import tempfile
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import httpx
from sqlalchemy import text

from app.core import embedded
from app.core.db import make_engine, reading, writing
from geodata.progress import Progress
from tests import server as servers
from tests import staff
from tests.drill.promises import Measured
from tests.drill.station import Station
from tests.stream_client import Viewer
from tests.waiting import wait_until

# As a summer time that is set by hand, a machine whose battery was empty, and right again.
JUMPS = ("+1h", "-1h", "+25h", "-90d", "+0s")
PATIENCE_S = 120.0
# Grants of a minute ago would not hold yet where the clock is set back.
LONG_AGO = "UPDATE account_grant SET valid = tstzrange(now() - interval '1 year', upper(valid))"
LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")


def clock(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """Set the clock: until a new session files a report, lists it and hears of it in the stream;
    and whether all that was acknowledged is there once. Where libfaketime is not installed,
    nothing is measured."""
    library = _faketime()
    if library is None:
        return []
    with tempfile.TemporaryDirectory(prefix="minqing-drill-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with writing(station.engine) as session:
            session.execute(text(LONG_AGO))
        copied = embedded.copy(station.folder, folder / "data")
        offset = folder / "offset"
        offset.write_text("+0s")
        faked = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "MINQING_DEMO": "0",
            "MINQING_WORKERS": "2",  # a process of its own, which loads the library
        }
        back_s: list[float] = []
        taken: list[str] = []
        with servers.serving_embedded(copied.url, folder / "data", **faked) as server:
            for nth in range(tries * len(JUMPS)):
                offset.write_text(JUMPS[nth % len(JUMPS)])
                began_s = time.monotonic()
                taken.append(_work(station, server.base_url, nth))
                back_s.append(time.monotonic() - began_s)
                progress.step("clock", nth + 1, tries * len(JUMPS))
            engine = make_engine(copied.url)
            with reading(engine) as session:
                rows = session.execute(
                    text("SELECT count(*) FROM incident WHERE id = ANY (CAST(:ids AS uuid[]))"),
                    {"ids": taken},
                ).scalar_one()
            engine.dispose()
    lost = float(abs(len(taken) - rows))
    return [
        Measured("work goes on after the clock was set", "s", 10.0, back_s),
        Measured(f"of {len(taken)} reports lost or doubled", "reports", 0.0, [lost]),
    ]


def _faketime() -> Path | None:
    found = (Path(folder) / "faketime" / "libfaketimeMT.so.1" for folder in LIBRARIES)
    return next((library for library in found if library.exists()), None)


def _work(station: Station, base_url: str, nth: int) -> str:
    """Sign in, report, list, hear; the id of the report."""
    with httpx.Client(base_url=base_url, timeout=20) as client:
        wait_until(lambda: _is_ready(client), PATIENCE_S)
        staff.sign_in(client)
        with Viewer(base_url, headers=staff.headers_held(client)) as viewer:
            viewer.read_count("hello", 1)
            body = station.report(nth)
            no = client.post("/api/v1/incidents", json=body).raise_for_status().json()["no"]
            viewer.read_until(lambda events: any(one.data.get("no") == no for one in events))
        case = f"/api/v1/incidents/{body['id']}"
        assert client.get(case).raise_for_status().json()["no"] == no
        listed = client.get("/api/v1/incidents?limit=5").raise_for_status().json()["items"]
        assert listed
        return str(body["id"])


def _is_ready(client: httpx.Client) -> bool:
    with suppress(staff.TransportError):
        return client.get("/readyz").status_code == HTTPStatus.OK
    return False
