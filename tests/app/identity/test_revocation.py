"""What is taken back ends at once, in another process too: the stream, and the next request."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.core.context import Context
from app.identity import accounts
from app.identity.rules import Role
from tests import staff
from tests.server import ServerProcess
from tests.stream_client import Viewer
from tests.waiting import wait_until

CYCLES = 12
# What is promised (safety, the table of promises): in two seconds at most.
WITHIN_S = 2.0
NAME = "desk_7"


def users(server: ServerProcess, path: str) -> str:
    """An address in the users API."""
    return f"{server.base_url}/api/v1/users/{NAME}{path}"


def grant_id(server: ServerProcess) -> int:
    """Number of the account's only grant."""
    found: int = staff.get(users(server, "")).json()["grants"][0]["id"]
    return found


def revoke(server: ServerProcess) -> httpx.Response:
    """Take the grant."""
    with staff.Client() as admin:
        return admin.delete(users(server, f"/grants/{grant_id(server)}"))


def disable(server: ServerProcess) -> httpx.Response:
    """Disable the account."""
    with staff.Client() as admin:
        return admin.patch(users(server, ""), json={"disabled": True})


def set_password(server: ServerProcess) -> httpx.Response:
    """Set another password."""
    with staff.Client() as admin:
        return admin.patch(users(server, ""), json={"password": staff.PASSWORD})


def end_sessions(server: ServerProcess) -> httpx.Response:
    """Sign the account out everywhere."""
    with staff.Client() as admin:
        return admin.delete(users(server, "/sessions"))


WAYS = (revoke, disable, set_password, end_sessions)


def ready(context: Context) -> dict[str, str]:
    """The headers of a new session of the account, let in and granted again."""
    engine = context.engine
    accounts.change(engine, NAME, disabled=False)
    if "responder" not in next(r for r in accounts.list_accounts(engine) if r.name == NAME).grants:
        accounts.grant(engine, NAME, Role.RESPONDER, staff.CITY)
    return staff.headers_of(engine, NAME)


def refused_everything(server: ServerProcess, headers: dict[str, str]) -> bool:
    """Whether that session is nobody's now, for reading, writing and watching."""
    city = httpx.get(f"{server.base_url}/api/v1/city", headers=headers)
    write = httpx.post(f"{server.base_url}/api/v1/incidents", headers=headers, json={})
    with Viewer(server.base_url, headers=headers) as viewer:
        return {city.status_code, write.status_code, viewer.status} == {401}


def ends(viewer: Viewer, within_s: float = WITHIN_S) -> float:
    """Read on until the server hangs up, and after how many seconds it did: a promise, no speed."""
    began_s = time.monotonic()
    wait_until(lambda: not viewer.read(), patience_s=within_s)
    took_s = time.monotonic() - began_s
    assert took_s <= within_s
    return took_s


@pytest.fixture
def account(own_context: Context) -> Context:
    """The account exists."""
    staff.add_account(own_context.engine, NAME, Role.RESPONDER, staff.CITY)
    return own_context


def test_what_is_taken_back_ends_within_two_seconds(
    server: ServerProcess, account: Context
) -> None:
    """By every way there is, again and again: the open stream, and the next request."""
    took_s = []
    for cycle in range(CYCLES):
        way: Callable[[ServerProcess], httpx.Response] = WAYS[cycle % len(WAYS)]
        headers = ready(account)
        with Viewer(server.base_url, headers=headers) as viewer:
            viewer.read_count("hello", 1)
            assert httpx.get(f"{server.base_url}/api/v1/city", headers=headers).is_success
            answer = way(server)
            assert answer.is_success, (way, answer.text)
            took_s.append(ends(viewer))
        assert refused_everything(server, headers), way
    sys.stderr.write(f"streams ended after {max(took_s):.2f} s at most\n")


def test_what_expires_ends_by_itself(server: ServerProcess, account: Context) -> None:
    """A grant until a minute holds until that minute, and no request has to come for it to end."""
    engine = account.engine
    accounts.revoke(engine, NAME, Role.RESPONDER, staff.CITY)
    until = datetime.now(UTC) + timedelta(seconds=3)
    accounts.grant(engine, NAME, Role.RESPONDER, staff.CITY, until)
    headers = staff.headers_of(engine, NAME)
    with Viewer(server.base_url, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        ends(viewer, 3 + WITHIN_S)
    assert datetime.now(UTC) >= until
    assert refused_everything(server, headers)


def test_signing_out_everywhere_ends_the_other_streams(
    server: ServerProcess, account: Context
) -> None:
    """And the sessions of nobody else."""
    here, there = (staff.headers_of(account.engine, NAME) for _ in range(2))
    with (
        Viewer(server.base_url, headers=there) as other,
        Viewer(server.base_url) as stranger,
    ):
        other.read_count("hello", 1)
        stranger.read_count("hello", 1)
        path = f"{server.base_url}/api/v1/session"
        httpx.delete(path, params={"everywhere": True}, headers=here).raise_for_status()
        ends(other)
        assert refused_everything(server, there) and refused_everything(server, here)
        assert staff.get(path).is_success


def test_acting_under_another_grant_ends_the_stream_of_the_first(
    server: ServerProcess, account: Context
) -> None:
    """What was to be seen under the one is not sent under the other; a new stream may be opened."""
    second = accounts.grant(account.engine, NAME, Role.AUDITOR, staff.CITY + 11 * 10**9)
    headers = staff.headers_of(account.engine, NAME)
    with Viewer(server.base_url, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        httpx.put(
            f"{server.base_url}/api/v1/session/grant", json={"grant": second}, headers=headers
        ).raise_for_status()
        ends(viewer)
    with Viewer(server.base_url, headers=headers) as viewer:
        assert viewer.status == 200
