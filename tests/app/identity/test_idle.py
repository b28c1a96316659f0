"""What keeps a session from becoming idle: a person, and nothing that the page does by itself."""

import pytest
from starlette.testclient import TestClient

from app.core.context import Context
from app.identity.service import Sessions
from tests import staff
from tests.app.identity.ages import idle_s, set_back, watch_no_more
from tests.server import ServerProcess
from tests.stream_client import Viewer
from tests.waiting import wait_until

BACKGROUND = {"X-Minqing-Background": "1"}
TILE = "/tiles/cells/15/25840/12870.mvt"
HEAT = "/heat/15/25840/12870.png"


def forget(client: TestClient) -> None:
    """Have the process believe nothing that it knew."""
    sessions: Sessions = client.app.state.sessions  # type: ignore[attr-defined]
    sessions.forget()


@pytest.mark.parametrize(
    ("path", "headers", "is_activity"),
    [
        ("/api/v1/city", {}, True),
        ("/api/v1/city", {"X-Minqing-Background": "0"}, True),
        ("/api/v1/city", BACKGROUND, False),
        (TILE, {}, True),
        (TILE, BACKGROUND, False),
        (HEAT, {}, False),
    ],
)
def test_what_nobody_caused_keeps_nobody_signed_in(
    own_client: TestClient, own_context: Context, path: str, headers: dict[str, str],
    is_activity: bool,
) -> None:  # fmt: skip
    """A page that refreshes its figures by itself becomes idle like one that is closed."""
    token = own_client.cookies["minqing"]
    set_back(own_context, token, "seen_at", "5 minutes")
    forget(own_client)
    assert own_client.get(path, headers=headers).is_success
    assert (idle_s(own_context, token) < 100) is is_activity


def test_a_person_is_noted_right_after_the_page(
    own_client: TestClient, own_context: Context
) -> None:
    """What a process still believes from a request of the page's own hides nobody."""
    token = own_client.cookies["minqing"]
    set_back(own_context, token, "seen_at", "5 minutes")
    forget(own_client)
    for headers in (BACKGROUND, {}):
        own_client.get("/api/v1/city", headers=headers).raise_for_status()
    assert idle_s(own_context, token) < 100


def test_an_open_stream_is_no_activity(server: ServerProcess, own_context: Context) -> None:
    """It is opened, lives and is opened again by itself; it ends when the session has idled out,
    where the city lets none watch on."""
    headers = staff.headers_of(own_context.engine)
    token = headers["Cookie"].partition("=")[2]
    set_back(own_context, token, "seen_at", "14 minutes 57 seconds")
    watch_no_more(own_context, token)
    with Viewer(server.base_url, headers=headers) as viewer:
        viewer.read_count("hello", 1)
        wait_until(lambda: not viewer.read(), patience_s=6)
    with Viewer(server.base_url, headers=headers) as refused:
        assert refused.status == 401
