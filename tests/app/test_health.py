"""Whether a server says that it can serve."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.disk import free_mb, shortest_mb
from app.core.settings import Settings
from app.health import folders_of
from app.main import create_app
from tests import server as servers
from tests import staff
from tests.app.incidents.reports import a_report
from tests.conftest import TestCluster, run_command

CONTACT = {"name": "值班室", "phone": "0931-0000000"}
MORE_THAN_ANY_DISK_MB = 10**9


@contextmanager
def _client(context: Context, **settings: Any) -> Iterator[TestClient]:
    """The app as its environment might have set it up."""
    url = context.url.render_as_string(hide_password=False)
    with TestClient(
        create_app(Context.open(Settings(**settings), url)), base_url="http://127.0.0.1"
    ) as client:
        yield client


def test_a_full_disk_is_named(context: Context, tmp_path: Path) -> None:
    """Before writing fails; by the setting that says where it lies."""
    with _client(context, data_dir=tmp_path, min_free_mb=MORE_THAN_ANY_DISK_MB) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == ["MINQING_DATA_DIR"]
        assert str(tmp_path) not in answer.text
        assert client.get("/healthz").status_code == 200
    with _client(context, data_dir=tmp_path, min_free_mb=0) as client:
        assert client.get("/readyz").status_code == 200


def test_the_fullest_folder_counts(tmp_path: Path) -> None:
    """Also one that is yet to be made."""
    free = free_mb(tmp_path / "not" / "made")
    assert free > 0
    assert shortest_mb([tmp_path], 0) is None
    assert shortest_mb([], MORE_THAN_ANY_DISK_MB) is None
    assert shortest_mb([tmp_path], MORE_THAN_ANY_DISK_MB) is not None


def test_where_the_embedded_database_lies_is_looked_at(
    cluster: TestCluster, run_folder: Path, tmp_path: Path
) -> None:
    """It may lie elsewhere than the data directory; another server's database is not ours."""
    url = cluster.url("postgres").render_as_string(hide_password=False)
    ours = Context.open(Settings(data_dir=run_folder / "pg"), url)
    assert folders_of(ours) == [run_folder / "pg", cluster.cluster.data_dir]
    assert folders_of(Context.open(Settings(data_dir=tmp_path), url)) == [tmp_path]


@pytest.fixture
def key_file(own_context: Context, tmp_path: Path) -> Path:
    """The key file of a server that has sealed a contact."""
    path = tmp_path / "contact.key"
    with _client(own_context, data_dir=tmp_path) as client:
        staff.sign_in(client)
        body = a_report(contact=CONTACT)
        assert client.post("/api/v1/incidents", json=body).status_code == 201
        assert client.get("/readyz").status_code == 200
    assert path.exists()
    return path


def test_a_lost_key_file_is_named_and_never_replaced(own_context: Context, key_file: Path) -> None:
    """A new one would open nothing of what is sealed, and hide that the old one is gone."""
    key_file.rename(key_file.with_name("put away"))
    with _client(own_context, data_dir=key_file.parent) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["field"] == "MINQING_CONTACT_KEY_FILE"
        staff.sign_in(client)
        body = a_report(contact=CONTACT)
        assert client.post("/api/v1/incidents", json=body).status_code == 503
        assert not key_file.exists()
        key_file.with_name("put away").rename(key_file)
        assert client.get("/readyz").status_code == 200


def test_without_its_key_file_no_server_starts(own_context: Context, key_file: Path) -> None:
    """It says what is missing, and makes no other."""
    key_file.unlink()
    env = {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        "MINQING_DATA_DIR": str(key_file.parent),
        "MINQING_PORT": str(servers.free_port()),
    }
    for words in (("serve",), ("contact", "rotate-key")):
        refused = run_command(*words, env=env)
        assert refused.returncode == 1
        assert f"{key_file} is missing" in refused.stderr
        assert not key_file.exists()
