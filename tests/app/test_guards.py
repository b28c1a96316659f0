"""What stands in front of every path."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.settings import Settings
from app.guards import MOST_WORDS, host_name, is_own_origin
from app.identity.rules import FREE_FAILURES
from app.main import create_app
from tests import staff
from tests.conftest import run_command
from tests.server import serving


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


def test_a_host_in_capitals_is_the_same_host(client: TestClient) -> None:
    """Names of hosts know no capitals."""
    assert client.get("/healthz", headers={"host": "LocalHost:8000"}).status_code == 200
    assert host_name("Map.Example.CN:443") == "map.example.cn"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"]
)
def test_a_page_of_another_origin_cannot_write(client: TestClient, origin: str) -> None:
    """Whatever a browser says, or an older one does not say, in Sec-Fetch-Site."""
    answer = client.post("/api/v1/incidents", json={}, headers={"origin": origin})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["field"] == "Origin"
    assert client.get("/api/v1/city", headers={"origin": origin}).status_code == 200


def test_our_own_page_writes(client: TestClient) -> None:
    """Its origin is the host that was called, or the public address."""
    answer = client.post("/api/v1/incidents", json={}, headers={"origin": "http://127.0.0.1"})
    assert answer.status_code == 422
    assert is_own_origin("https://map.example.cn", "127.0.0.1:8000", "https://map.example.cn")
    assert is_own_origin("http://LOCALHOST:8000", "localhost:8000", None)
    assert not is_own_origin("http://localhost:9000", "localhost:8000", None)
    assert not is_own_origin("ftp://localhost:8000", "localhost:8000", None)


PRIVATE = ("/api/v1/session", "/api/v1/city", "/api/v1/incidents?limit=1", "/api/v1/users",
           "/api/v1/nothing-here", "/tiles/nothing/0/0/0.mvt")  # fmt: skip


def test_no_browser_keeps_what_is_private(client: TestClient) -> None:
    """Answers and refusals; but what says itself how it may be kept, and what is for everybody."""
    for path in PRIVATE:
        assert client.get(path).headers["cache-control"] == "no-store", path
    nobody = TestClient(client.app, base_url="http://127.0.0.1")
    answer = nobody.get("/api/v1/city")
    assert answer.status_code == 401
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/api/v1/figures").headers["cache-control"] == "private, no-cache"
    assert "cache-control" not in client.get("/api/v1/openapi.json").headers


def test_signing_out_empties_the_browsers_cache(own_client: TestClient) -> None:
    """Not its storage: there lies how the page of this desk looks."""
    answer = own_client.delete("/api/v1/session")
    assert answer.status_code == 204
    assert answer.headers["clear-site-data"] == '"cache"'


@contextmanager
def _reached_at(context: Context, public_url: str) -> Iterator[TestClient]:
    settings = context.settings.model_copy(update={"public_url": public_url})
    # What a browser gives back over https alone goes over a test's http: set by hand.
    app = create_app(Context.open(settings, context.url.render_as_string(hide_password=False)))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


SIGN_IN = {"user": staff.ADMIN, "password": staff.PASSWORD}


@pytest.mark.parametrize(
    ("public_url", "name", "path", "secure"),
    [
        ("https://map.example.cn", "__Host-minqing", "/", True),
        ("https://map.example.cn/", "__Host-minqing", "/", True),
        ("https://city.example.cn/minqing", "__Secure-minqing", "/minqing/", True),
        ("http://map.intranet/minqing/", "minqing", "/minqing/", False),
    ],
)
def test_cookies_follow_the_public_address(
    own_context: Context, public_url: str, name: str, path: str, *, secure: bool
) -> None:
    """Not what a proxy in front says of the scheme, or forgets to say."""
    with _reached_at(own_context, public_url) as client:
        answer = client.post("/api/v1/session", json=SIGN_IN)
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(f"{name}="))
        assert f"Path={path};" in cookie and ("Secure" in cookie) == secure
        token = cookie.partition("=")[2].partition(";")[0]
        client.cookies.clear()
        headers = {"cookie": f"{name}={token}", "X-Minqing-Token": answer.json()["header_token"]}
        assert client.get("/api/v1/session", headers=headers).status_code == 200
        ended = client.delete("/api/v1/session", headers=headers)
        assert f"{name}=" in ended.headers["set-cookie"] and path in ended.headers["set-cookie"]


@pytest.mark.parametrize(
    ("public_url", "is_said"),
    [
        ("https://map.example.cn", True),
        ("https://map.example.cn:443/", True),
        ("https://map.example.cn:8443", False),
        ("https://city.example.cn/minqing", False),
        ("http://map.intranet", False),
    ],
)
def test_a_name_of_our_own_is_reached_by_https_alone(
    context: Context, public_url: str, *, is_said: bool
) -> None:
    """Browsers are told so, for a year; not where others answer under the name, too."""
    with _reached_at(context, public_url) as client:
        for path in ("/healthz", "/api/v1/city"):
            assert ("strict-transport-security" in client.get(path).headers) is is_said


def test_more_words_than_any_path_knows(client: TestClient) -> None:
    """Each would be a refusal of its own, written out for whoever sends thousands, signed in or
    not."""
    for path in ("/api/v1/session/oidc", "/api/v1/incidents", "/docs"):
        answer = client.get(f"{path}?{'&'.join(f'a{n}=' for n in range(MOST_WORDS + 1))}")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["query"]
    few = client.get(f"/api/v1/session/oidc?{'&'.join(f'a{n}=' for n in range(3))}")
    assert [error["field"] for error in few.json()["errors"]] == ["a0", "a1", "a2"]


def test_a_server_under_a_path(own_context: Context) -> None:
    """Whether the proxy in front takes the path off or leaves it; another path is nobody's."""
    with _reached_at(own_context, "https://city.example.cn/minqing") as client:
        for path in ("/healthz", "/minqing/healthz"):
            assert client.get(path, headers={"host": "city.example.cn"}).status_code == 200
        assert client.get("/minqing/api/v1/session").status_code == 401
        assert client.get("/api/v1/session").status_code == 401
        assert client.get("/other/api/v1/session").status_code == 404
        moved = client.get("/minqing", follow_redirects=False)
        assert (moved.status_code, moved.headers["location"]) == (308, "/minqing/")
        document = client.get("/minqing/api/v1/openapi.json").json()
        assert document["servers"] == [{"url": "/minqing"}]


@pytest.mark.parametrize(
    "public_url",
    ["https://map.example.cn/?a=1", "https://map.example.cn//x", "https://me@map.example.cn",
     "https://map.example.cn/a b", "ftp://map.example.cn", "map.example.cn"],
)  # fmt: skip
def test_a_public_address_is_scheme_name_and_path(public_url: str) -> None:
    """Anything else would be guessed at."""
    with pytest.raises(ValidationError, match="public_url"):
        Settings(public_url=public_url)


def test_only_a_trusted_proxy_is_believed(database: URL) -> None:
    """Of https, and of the address under which failures are counted."""
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    for trusted, is_believed in (("10.9.8.7", False), ("127.0.0.1", True)):
        with serving(database, MINQING_TRUSTED_PROXIES=trusted) as server:
            path = f"{server.base_url}/api/v1/session"
            answer = httpx.post(path, json=SIGN_IN, headers=forged)
            assert answer.status_code == 200, answer.text
            assert answer.headers["set-cookie"].startswith("__Host-") == is_believed
            wrong = {"user": "nobody_there", "password": "not this one at all"}
            for nth in range(FREE_FAILURES + 1):
                headers = {"X-Forwarded-For": f"203.0.113.{nth}"}
                last = httpx.post(path, json=wrong, headers=headers)
            assert last.status_code == (401 if is_believed else 429)
