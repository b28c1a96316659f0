"""Requests in the name of a post that is signed in: every test's way in, made in one place.

`get`, `post`, `put`, `delete` and `Client` are httpx's, signed in as the city's admin.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.identity import accounts
from app.identity import service as identity
from app.identity.cookies import PLAIN
from app.identity.rules import Role
from app.identity.schemas import Credentials

ADMIN = "test_admin"
PASSWORD = "a password for tests"
CITY = 620_100_000_000_000
# Of every server that this process has started, by `host:port`.
_signed: dict[str, dict[str, str]] = {}

TransportError = httpx.TransportError
Response = httpx.Response
Limits = httpx.Limits


def add_admin(engine: Engine) -> None:
    """The account as which tests act unless they say otherwise."""
    add_account(engine, ADMIN, Role.CITY_ADMIN, CITY)


def add_account(engine: Engine, name: str, role: Role, area: int) -> None:
    """An account with one grant and the password of all of them."""
    accounts.add_account(engine, name, PASSWORD, area=area)
    accounts.grant(engine, name, role, area)


def headers_of(engine: Engine, name: str = ADMIN) -> dict[str, str]:
    """The headers of a new session, as a browser and our page would send them."""
    token = identity.sign_in(engine, Credentials(user=name, password=PASSWORD), "test", None).token
    return {"Cookie": f"{PLAIN}={token}", "X-Minqing-Token": identity.header_token(token)}


IDLE_SOON_S = 600.0


def sign_in(client: TestClient | httpx.Client, user: str = ADMIN, password: str = PASSWORD) -> Any:
    """Sign in over HTTP; the client keeps cookie and header token."""
    answer = client.post("/api/v1/session", json={"user": user, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["X-Minqing-Token"] = answer.json()["header_token"]
    return answer.json()


def headers_held(client: httpx.Client) -> dict[str, str]:
    """The headers of the session that a client holds since it has signed in."""
    cookie = next(held for held in client.cookies.jar if "seen" not in held.name)
    return {
        "Cookie": f"{cookie.name}={cookie.value}",
        "X-Minqing-Token": client.headers["X-Minqing-Token"],
    }


class LastingClient(TestClient):
    """A client shared by tests far apart: signs in anew before its session can have become idle,
    whatever it asked for meanwhile (not every request keeps a session alive)."""

    _signs_in_at = math.inf

    def request(self, *args: Any, **words: Any) -> Any:
        """As of the client."""
        now = time.monotonic()
        if now > self._signs_in_at:
            self._signs_in_at = math.inf  # signing in is a request, too
            sign_in(self)
        if self._signs_in_at == math.inf:
            self._signs_in_at = now + IDLE_SOON_S
        return super().request(*args, **words)


def remember(base_url: str, headers: dict[str, str]) -> None:
    """From now on requests to that server are those of a session."""
    _signed[urlsplit(base_url).netloc] = headers


def headers_for(url: str) -> dict[str, str]:
    """The headers of the session at the server of a URL; none where nobody signed in."""
    return dict(_signed.get(urlsplit(url).netloc, {}))


def _request(method: str, url: str, **words: Any) -> httpx.Response:
    headers = headers_for(url) | dict(words.pop("headers", {}))
    return httpx.request(method, url, headers=headers, **words)


def get(url: str, **words: Any) -> httpx.Response:
    """GET."""
    return _request("GET", url, **words)


def post(url: str, **words: Any) -> httpx.Response:
    """POST."""
    return _request("POST", url, **words)


@contextmanager
def stream(method: str, url: str, **words: Any) -> Iterator[httpx.Response]:
    """An answer that is read while it comes."""
    with httpx.stream(method, url, headers=headers_for(url), **words) as answer:
        yield answer


class Client(httpx.Client):
    """An httpx client that is signed in wherever it goes."""

    def send(self, request: httpx.Request, **words: Any) -> httpx.Response:
        """Send with the headers of that server's session."""
        for name, value in headers_for(str(request.url)).items():
            request.headers.setdefault(name, value)
        return super().send(request, **words)
