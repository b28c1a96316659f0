"""One lock for boundaries: a second process publishes, everybody else is told so at once."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.city import service as city
from app.city.importing.report import Kind
from app.city.importing.work import Options
from app.core.clock import utc_now
from app.core.context import Context
from app.core.errors import Problem
from app.warnings.climbing import run_climbs
from tests.app.city.samples import Samples
from tests.app.planning import hand
from tests.app.planning.test_jobs import look, worker_process
from tests.app.planning.test_publication import ask, begin
from tests.app.warnings.sending import a_warning, add_key, send
from tests.conftest import ROOT
from tests.waiting import wait_until

BUSY = "/problems/boundaries-busy"
SENTENCE = "Somebody else is replacing boundaries just now"
VERSIONS = "SELECT id FROM boundary_version ORDER BY id"


@pytest.fixture
def samples(test_city_bundle: Path, tmp_path: Path) -> Samples:
    """The demo's own files."""
    return Samples(test_city_bundle, tmp_path)


def command(context: Context, *words: str) -> "subprocess.CompletedProcess[str]":
    """The command line, as a process of its own over this database."""
    url = context.url.render_as_string(hide_password=False)
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words], cwd=ROOT, capture_output=True, text=True,
        check=False, env={**os.environ, "MINQING_DATABASE_URL": url},
    )  # fmt: skip


def test_while_one_publishes_others_are_told_at_once(
    own_context: Context, own_client: TestClient, samples: Samples
) -> None:
    """Whoever begins a plan, brings one up to date, publishes another, publishes a standard or
    imports; warnings climb meanwhile, and the publication comes to its end."""
    engine = own_context.engine
    plan, _ = begin(own_context, own_client)
    other, _ = begin(own_context, own_client, nth=5)
    draft = hand.begin(own_client, hand.communities(engine)[6])
    assert send(own_client, a_warning(engine), add_key(engine)).status_code == 201
    stations = samples.csv(samples.stations.drop(columns="geometry"))
    standard = own_client.get("/api/v1/standard.xlsx").content
    before = hand.rows(engine, VERSIONS)
    with worker_process(own_context), psycopg.connect(own_context.conninfo) as holder:
        holder.execute("LOCK TABLE area_shape IN EXCLUSIVE MODE")
        job = ask(plan).json()
        wait_until(lambda: hand.someone_waits_for(engine, "area_shape"))
        new = {"title": "x", "area_code": hand.communities(engine)[6]}
        tomorrow = (utc_now() + timedelta(days=2)).date().isoformat()
        refused = [
            own_client.post("/api/v1/plans", json=new),
            draft.send("POST", "/rebase"),
            ask(other),
            other.step("publish"),
            own_client.post(
                "/api/v1/standard", data={"valid_from": tomorrow},
                files={"file": ("standard.xlsx", standard)},
            ),
        ]  # fmt: skip
        assert {(a.status_code, a.json()["type"]) for a in refused} == {(409, BUSY)}
        assert SENTENCE in refused[0].json()["detail"]
        said = command(own_context, "city", "import", "stations", str(stations), "--crs", "wgs84")
        assert said.returncode == 1 and SENTENCE in said.stderr
        assert run_climbs(engine, utc_now() + timedelta(minutes=31)).climbed == 1
        assert look(plan, job)["state"] == "running"
        assert hand.rows(engine, VERSIONS) == before
        holder.rollback()
        wait_until(lambda: look(plan, job)["state"] == "done")
    assert other.step("publish").status_code == 200
    assert len(hand.rows(engine, VERSIONS)) == len(before) + 2


def test_a_publication_that_comes_amid_another_ends_at_once(
    own_context: Context, own_client: TestClient
) -> None:
    """Asked for before the lock was taken: its job fails, says why, and the plan stays approved."""
    plan, _ = begin(own_context, own_client)
    job = ask(plan).json()
    with psycopg.connect(own_context.conninfo) as holder, worker_process(own_context):
        holder.execute(f"SELECT pg_advisory_xact_lock({0x63697479})")
        wait_until(lambda: look(plan, job)["state"] not in {"waiting", "running"})
        ended = look(plan, job)
        assert ended["state"] == "failed"
        assert ended["message"].startswith("boundaries-busy: ")
        assert plan.now()["state"] == "approved"
        holder.rollback()
        again = ask(plan).json()
        wait_until(lambda: look(plan, again)["state"] == "done")


class Looking:
    """Progress that looks at the database while an import is at work."""

    def __init__(self, engine: Engine, meanwhile: str = "") -> None:
        self.engine = engine
        self.meanwhile = meanwhile
        self.checked = 0
        self.free: list[bool] = []

    def step(self, name: str, done: int, total: int) -> None:
        """Whether boundaries are free while shapes are computed; then what happens meanwhile."""
        if name == "check" and done == 0:
            self.checked += 1
        if name != "prepare shapes" or done != 1:
            return
        with self.engine.begin() as connection:
            look = f"SELECT pg_try_advisory_xact_lock({0x63697479})"
            self.free.append(bool(connection.exec_driver_sql(look).scalar()))
            # Nothing that was read is held, or whoever loads a city would wait, and all behind it.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'; LOCK TABLE area")
            if self.meanwhile:
                connection.exec_driver_sql(self.meanwhile)
        self.meanwhile = ""


def test_an_import_computes_before_it_locks(own_context: Context, samples: Samples) -> None:
    """While its shapes are computed somebody else may draw; then it is checked once more."""
    engine = own_context.engine
    file = samples.geopackage(samples.cells)
    now = utc_now()
    drawn = (
        "UPDATE boundary_version SET valid = tstzrange(lower(valid), clock_timestamp())"
        " WHERE upper_inf(valid);"
        "INSERT INTO boundary_version SELECT max(id) + 1, tstzrange(clock_timestamp(), NULL), ''"
        " FROM boundary_version"
    )
    for meanwhile, times in (("", 1), (drawn, 2)):
        looking = Looking(engine, meanwhile)
        report = city.import_file(engine, Kind.CELLS, file, Options(), progress=looking, now=now)
        assert report.written == 336, report.problems
        assert looking.free == [True] * times
        assert looking.checked == times
    assert hand.rows(engine, "SELECT id FROM area WHERE isempty(valid)") == []


def test_an_import_that_finds_the_lock_taken_changes_nothing(
    own_context: Context, samples: Samples
) -> None:
    """It is told so when it has computed, and holds nobody up meanwhile."""
    engine = own_context.engine
    looking = Looking(engine)
    with psycopg.connect(own_context.conninfo) as holder:
        holder.execute(f"SELECT pg_advisory_xact_lock({0x63697479})")
        with pytest.raises(Problem) as refused:
            city.import_file(
                engine, Kind.CELLS, samples.geopackage(samples.cells), Options(),
                progress=looking, now=utc_now(),
            )  # fmt: skip
    assert refused.value.slug == "boundaries-busy"
    assert looking.free == [False]
    assert len(hand.rows(engine, VERSIONS)) == 1


def test_the_command_publishes_and_can_be_broken_off(
    own_context: Context, own_client: TestClient
) -> None:
    """Ctrl-C in the middle leaves the plan as it was; again, it is in force; again, refused."""
    engine = own_context.engine
    plan, _ = begin(own_context, own_client)
    number = str(plan.plan["id"])
    url = own_context.url.render_as_string(hide_password=False)
    with psycopg.connect(own_context.conninfo) as holder:
        holder.execute("LOCK TABLE area_shape IN EXCLUSIVE MODE")
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "plan", "publish", number],
            cwd=ROOT, env={**os.environ, "MINQING_DATABASE_URL": url},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        wait_until(lambda: hand.someone_waits_for(engine, "area_shape"))
        process.send_signal(signal.SIGINT)
        wait_until(lambda: hand.rows(engine, "SELECT 1 FROM plan_job WHERE cancel_asked"))
        holder.rollback()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "cancelled" in said) == (1, True), said
    assert plan.now()["state"] == "approved"
    done = command(own_context, "plan", "publish", number)
    assert done.returncode == 0 and "Published" in done.stdout, done.stderr
    assert plan.now()["state"] == "published"
    again = command(own_context, "plan", "publish", number)
    assert again.returncode == 1 and "may not follow" in again.stderr
