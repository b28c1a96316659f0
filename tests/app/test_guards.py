"""What stands in front of every path."""

import socket

import pytest
from starlette.testclient import TestClient

from app.guards import host_name
from tests.conftest import run_command


@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1:8000", "127.0.0.1"), ("[::1]:8000", "::1"), ("localhost", "localhost"), ("", "")],
)
def test_host_names(host: str, name: str) -> None:
    """Port and brackets go."""
    assert host_name(host) == name


def test_a_strange_host_is_refused(client: TestClient) -> None:
    """A page that has rebound its name to 127.0.0.1 gets nothing."""
    answer = client.get("/api/v1/city", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "Host"


def test_another_site_cannot_write(client: TestClient) -> None:
    """The browser says where a request comes from; a form on another page is refused."""
    answer = client.post("/api/v1/incidents", json={}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_every_answer_carries_the_protective_headers(client: TestClient) -> None:
    """Answers and refusals alike."""
    for path in ("/healthz", "/api/v1/nothing-here"):
        headers = client.get(path).headers
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_a_demo_listens_on_loopback_only(host: str) -> None:
    """With demo accounts, whose password stands on a screen."""
    refused = run_command("serve", env={"MINQING_HOST": host, "MINQING_DEMO": "1"})
    assert refused.returncode == 1
    assert "loopback" in refused.stderr


def test_a_busy_port_is_named() -> None:
    """With the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = run_command("serve", env={"MINQING_PORT": port})
    assert refused.returncode == 1
    assert port in refused.stderr
    assert "MINQING_PORT" in refused.stderr
