"""What is taken back ends, in another process too: the stream, and the next request."""

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
    # By the command line: a password of an admin's would have to be changed first.
    accounts.change(engine, NAME, password=staff.PASSWORD, disabled=False)
    if "planner" not in next(r for r in accounts.list_accounts(engine) if r.name == NAME).grants:
        accounts.grant(engine, NAME, Role.PLANNER, staff.CITY)
    return staff.headers_of(engine, NAME)


def refused_everything(server: ServerProcess, headers: dict[str, str]) -> bool:
    """Whether that session is nobody's now, for reading, writing and watching."""
    city = httpx.get(f"{server.base_url}/api/v1/city", headers=headers)
    write = httpx.post(f"{server.base_url}/api/v1/incidents", headers=headers, json={})
    with Viewer(server.base_url, headers=headers) as viewer:
        return {city.status_code, write.status_code, viewer.status} == {401}


def ends(viewer: Viewer) -> None:
    """Read on until the server hangs up. How soon it does is what `scripts/drill` measures."""
    while viewer.read():
        pass


@pytest.fixture
def account(own_context: Context) -> Context:
    """The account exists."""
    staff.add_account(own_context.engine, NAME, Role.PLANNER, staff.CITY)
    return own_context


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_taken_back_ends(
    way: Callable[[ServerProcess], httpx.Response], server: ServerProcess, account: Context
) -> None:
    """By every way there is: the open stream by itself, and every request after the answer."""
    for _ in range(2):
        headers = ready(account)
        with Viewer(server.base_url, headers=headers) as viewer:
            viewer.read_count("hello", 1)
            assert httpx.get(f"{server.base_url}/api/v1/city", headers=headers).is_success
            answer = way(server)
            assert answer.is_success, (way, answer.text)
            # Whoever was answered may rely on it: not the next request either, not one more.
            assert refused_everything(server, headers)
            ends(viewer)


def test_what_expires_ends_by_itself(server: ServerProcess, account: Context) -> None:
    """A grant until a minute holds until that minute, and no request has to come for it to end."""
    engine = account.engine
    accounts.revoke(engine, NAME, Role.PLANNER, staff.CITY)
    until = datetime.now(UTC) + timedelta(seconds=3)
    accounts.grant(engine, NAME, Role.PLANNER, staff.CITY, until)
    headers = staff.headers_of(engine, NAME)
    with Viewer(server.base_url, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        ends(viewer)
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
    second = accounts.grant(account.engine, NAME, Role.AUDITOR, staff.CITY + 11 * 10**9).id
    headers = staff.headers_of(account.engine, NAME)
    with Viewer(server.base_url, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        httpx.put(
            f"{server.base_url}/api/v1/session/grant", json={"grant": second}, headers=headers
        ).raise_for_status()
        ends(viewer)
    with Viewer(server.base_url, headers=headers) as viewer:
        assert viewer.status == 200


def test_another_role_in_the_same_area_ends_the_stream_too(
    server: ServerProcess, account: Context
) -> None:
    """What is to be seen is the same place, but not of the same things."""
    second = accounts.grant(account.engine, NAME, Role.GRID_WORKER, staff.CITY).id
    headers = staff.headers_of(account.engine, NAME)
    with Viewer(server.base_url, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        httpx.put(
            f"{server.base_url}/api/v1/session/grant", json={"grant": second}, headers=headers
        ).raise_for_status()
        ends(viewer)
    with Viewer(server.base_url, headers=headers) as viewer:
        assert viewer.status == 200
