"""What tests stand on: one private PostGIS a run, a template city, a clone of it a test.

The template holds the demo's 红古 district (7 towns, 56 communities, 336 cells, 2,000 cases), built
and loaded by the product's own code. A clone takes about 75 ms.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from argon2 import PasswordHasher
from filelock import FileLock
from hypothesis import settings
from sqlalchemy import URL, make_url
from starlette.testclient import TestClient

from app.city import service as city
from app.core import embedded
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import conninfo, make_engine
from app.core.scope import LOGIN_ROLE
from app.core.settings import Settings
from app.identity import passwords
from app.main import create_app
from geodata import demo
from geodata.progress import Silent
from tests import forked, run_report, staff
from tests.chromium import browser
from tests.server import ServerProcess, serving

__all__ = ["browser"]

# A busy machine is no fault of the code; the run as a whole has a limit of its own. The same code
# is asked the same examples in every run; `--hypothesis-profile explore` looks for new ones.
settings.register_profile("minqing", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("minqing")

# The admins of tests sign in with their password alone, at servers that tests start as well; what
# sees to second factors sets it otherwise (app/identity/test_second_factor.py).
os.environ.setdefault("MINQING_SECOND_FACTOR_ROLES", "")

# Each sign-in of a test would take a fifth of a second of a core. A hash says by itself how it was
# made, so servers check those of test accounts as quickly. Still Argon2id.
passwords.hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)

# Files that take long and guard neither a scope nor against anything hostile: not in a plain
# `scripts/test`, which must end in a quarter of an hour on two cores.
LONG = frozenset(
    {
        "app/city/test_demo.py",
        "app/city/test_demo_tables.py",
        "app/city/test_import.py",
        "app/city/test_loading.py",
        "app/city/test_standard.py",
        "app/city/test_standard_http.py",
        "app/core/test_embedded.py",
        "app/core/test_jobs.py",
        "app/incidents/test_calendar.py",
        "app/incidents/test_reading_model.py",
        "app/incidents/test_reading_rules.py",
        "app/incidents/test_retention.py",
        "app/maps/test_fresh.py",
        "app/mediation/test_http.py",
        "app/planning/test_boundary_lock.py",
        "app/planning/test_figures.py",
        "app/planning/test_import.py",
        "app/planning/test_jobs.py",
        "app/planning/test_open_cases_follow.py",
        "app/planning/test_publication.py",
        "app/planning/test_publishing.py",
        "app/planning/test_rebasing.py",
        "app/planning/test_studies.py",
        "app/programs/test_duty_mail.py",
        "app/programs/test_duty_mailboxes.py",
        "app/programs/test_hotline.py",
        "app/programs/test_states.py",
        "app/test_metrics.py",
        "app/test_several_servers.py",
        "app/warnings/test_http.py",
        "e2e/test_calendar.py",
        "e2e/test_cases.py",
        "e2e/test_duty_mail.py",
        "e2e/test_embedded_restart.py",
        "e2e/test_faces.py",
        "e2e/test_live_path.py",
        "e2e/test_open_sessions.py",
        "e2e/test_planner_screens.py",
        "e2e/test_planning.py",
        "e2e/test_provider.py",
        "e2e/test_second_factor.py",
        "e2e/test_watch.py",
        "e2e/test_webhooks.py",
        "e2e/test_workbench.py",
        "geodata/rebalance/test_command.py",
        "geodata/rebalance/test_other_cities.py",
        "geodata/rebalance/test_search.py",
        "geodata/test_demo_city.py",
        "geodata/test_demo_content.py",
        "geodata/test_orphans.py",
        "test_notebooks.py",
    }
)

# A shell that starts this run in the background lets it ignore Ctrl-C, and so would every server
# that a test starts and stops by Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
TEST_DISTRICT = 620111
SOURCES = Path(os.environ.get("MINQING_DATA_DIR", ROOT / ".data")).resolve() / "sources"


@dataclass(frozen=True)
class TestCluster:
    """The run's private PostGIS."""

    __test__ = False
    cluster: embedded.Cluster

    def url(self, database: str) -> URL:
        """The address of one of its databases."""
        return self.cluster.database_url(database)

    def execute(self, statement: str) -> None:
        """Run a statement that no transaction may hold (CREATE DATABASE and the like)."""
        with psycopg.connect(conninfo(self.url("postgres")), autocommit=True) as connection:
            connection.execute(statement.encode())

    def clone(self, template: str) -> str:
        """A new database with the template's content."""
        name = f"clone_{uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Drop a database, whoever is still connected."""
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)[:12]
# Not among pytest's own folders: it closes those to everybody but their owner whenever another run
# starts, and the embedded server of a root run is another user.
RUN_FOLDER = Path(tempfile.gettempdir()) / f"minqing-test-{RUN}"


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder that all workers of this run share."""
    RUN_FOLDER.mkdir(mode=0o755, exist_ok=True)
    return RUN_FOLDER


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    run_report.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    """List the test files of a run at its end, where that is wanted."""
    run_report.register(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes minutes (`LONG`)."""
    for item in items:
        if item.path.relative_to(item.config.rootpath / "tests").as_posix() in LONG:
            item.add_marker(pytest.mark.long)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave nothing behind, once every worker is done."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    folder = Path(tempfile.gettempdir()) / f"minqing-test-{_run_of(session)}"
    if not is_worker and folder.exists():
        socket_dir = embedded.locate(folder / "pg").socket_dir
        for leftover in (socket_dir, folder):
            shutil.rmtree(leftover, ignore_errors=True)


def _run_of(session: pytest.Session) -> str:
    # The controller of a parallel run has no such variable of its own; its scheduler has the name.
    distributed = session.config.pluginmanager.getplugin("dsession")
    manager = getattr(distributed, "nodemanager", None)
    return str(manager.testrunuid)[:12] if manager else RUN


@pytest.fixture(scope="session")
def cluster(run_folder: Path) -> Iterator[TestCluster]:
    """The run's cluster: started by the first worker, stopped by the last one out."""
    with embedded.running(run_folder / "pg") as running:
        started = TestCluster(running)
        # Tests kill servers, never the machine: what the kernel has been given is safe enough.
        # Databases live for seconds, with the figures of the template: nothing to be vacuumed.
        for setting in ("fsync", "full_page_writes", "autovacuum"):
            started.execute(f"ALTER SYSTEM SET {setting} = off")
        started.execute("SELECT pg_reload_conf()")
        yield started


@pytest.fixture(scope="session")
def test_city_bundle(run_folder: Path) -> Path:
    """The demo's 红古 district on disk, built once a run."""
    bundle = run_folder / "bundle"
    with FileLock(run_folder / "bundle.lock"):
        if not (bundle / "manifest.json").exists():
            recipe = demo.Recipe(seed=1, districts=(TEST_DISTRICT,), incidents=3_000)
            demo.build(recipe, bundle, Silent(), sources=SOURCES)
    return bundle


@pytest.fixture(scope="session")
def template(cluster: TestCluster, test_city_bundle: Path, run_folder: Path) -> str:
    """The name of the database of which every test's own is a clone."""
    ready = run_folder / "template.ready"
    with FileLock(run_folder / "template.lock"):
        if not ready.exists():
            cluster.drop("city_template")
            cluster.execute("CREATE DATABASE city_template")
            engine = make_engine(cluster.url("city_template"))
            city.prepare_database(engine)
            city.load_bundle(engine, test_city_bundle, Silent(), utc_now())
            staff.add_admin(engine)
            engine.dispose()
            ready.touch()
    return "city_template"


@pytest.fixture(scope="session")
def empty_template(cluster: TestCluster, run_folder: Path) -> str:
    """The name of a database with tables and vocabularies, but no city."""
    ready = run_folder / "empty.ready"
    with FileLock(run_folder / "template.lock"):
        if not ready.exists():
            cluster.drop("empty_template")
            cluster.execute("CREATE DATABASE empty_template")
            engine = make_engine(cluster.url("empty_template"))
            city.prepare_database(engine)
            staff.add_admin(engine)
            engine.dispose()
            ready.touch()
    return "empty_template"


@pytest.fixture(scope="session")
def city_database(cluster: TestCluster, template: str) -> Iterator[URL]:
    """This worker's clone of the city, for tests that only read."""
    name = cluster.clone(template)
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def database(cluster: TestCluster, template: str) -> Iterator[URL]:
    """A clone of the city for one test, to write into."""
    name = cluster.clone(template)
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def empty_database(cluster: TestCluster, empty_template: str) -> Iterator[URL]:
    """A database with tables and no city, for one test."""
    name = cluster.clone(empty_template)
    yield cluster.url(name)
    cluster.drop(name)


def addresses(url: URL) -> tuple[str, str]:
    """A database of the run's cluster as its owner, and as whoever signs in for requests."""
    both = (url, url.set(username=LOGIN_ROLE))
    owner, requests = (one.render_as_string(hide_password=False) for one in both)
    return owner, requests


def _context(url: URL) -> Context:
    settings = Settings(
        demo=True,
        data_dir=Path(tempfile.gettempdir()),
        contact_key_file=RUN_FOLDER / "contact.key",
    )
    return Context.open(settings, *addresses(url))


@pytest.fixture(scope="session")
def context(city_database: URL) -> Iterator[Context]:
    """A context over the city, for tests that only read."""
    context = _context(city_database)
    yield context
    context.dispose()


@pytest.fixture(scope="session")
def client(context: Context) -> Iterator[TestClient]:
    """The app over the city, for tests that only read."""
    with staff.LastingClient(create_app(context), base_url="http://127.0.0.1") as client:
        staff.sign_in(client)
        yield client


@pytest.fixture
def own_context(database: URL) -> Iterator[Context]:
    """A context over this test's own clone."""
    context = _context(database)
    yield context
    context.dispose()


@pytest.fixture
def own_client(own_context: Context) -> Iterator[TestClient]:
    """The app over this test's own clone."""
    with TestClient(create_app(own_context), base_url="http://127.0.0.1") as client:
        staff.sign_in(client)
        yield client


@pytest.fixture
def server(database: URL) -> Iterator[ServerProcess]:
    """`minqing serve` as a real second process over this test's own clone."""
    with serving(database) as process:
        yield process


@pytest.fixture
def start_server() -> Iterator[Callable[[URL], ServerProcess]]:
    """Starts servers over any database; all are stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(serving(url))


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder that the embedded server of a root run can reach, with an awkward name."""
    folder = Path(tempfile.mkdtemp(prefix="民情 地图 "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def run_command(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `minqing …` as a user would, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        code = forked.start(args, {**os.environ, **(env or {})}, out, err).wait(timeout=120)
        said, complained = (path.read_text("utf-8") for path in (out, err))
    return subprocess.CompletedProcess(list(args), code, said, complained)


def database_name(url: URL | str) -> str:
    """The database that a URL names."""
    name = make_url(url).database
    assert name is not None
    return name
