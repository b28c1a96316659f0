"""The whole page in real Chromium, served under a path of a name that is shared with others."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Response, expect
from sqlalchemy import URL

from tests import server as servers
from tests import staff
from tests.chromium import watched
from tests.server import ServerProcess

PATIENCE_MS = 30_000
PATH = "/minqing"


@pytest.fixture
def server(database: URL) -> Iterator[ServerProcess]:
    """A server that people reach under a path."""
    port = servers.free_port()
    started = servers.start(
        database, port, MINQING_DEMO="0", MINQING_PUBLIC_URL=f"http://127.0.0.1:{port}{PATH}"
    )
    try:
        yield started
    finally:
        started.stop()
        started.log.unlink(missing_ok=True)


def test_everything_is_asked_for_under_the_path(server: ServerProcess, browser: Browser) -> None:
    """Signing in, the map's tiles and heat, the stream, and signing out."""
    expect.set_options(timeout=PATIENCE_MS)
    with watched(browser) as (context, page, watch):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server.base_url}{PATH}/")
        page.locator("input[name=user]").fill(staff.ADMIN)
        page.locator("input[name=password]").fill(staff.PASSWORD)

        def is_tile(response: Response) -> bool:
            return "/tiles/" in response.url and response.ok

        with page.expect_response(is_tile, timeout=PATIENCE_MS):
            page.locator("form button[type=submit]").click()
        expect(page.locator("details.who")).to_be_visible()
        (session,) = (c for c in context.cookies() if "seen" not in c["name"])
        assert session["path"] == f"{PATH}/"
        paths = [urlsplit(url).path for url in asked if url.startswith("http")]
        assert [path for path in paths if not path.startswith(f"{PATH}/")] == []
        assert f"{PATH}/api/v1/stream" in paths
        watch.errors[:] = [text for text in watch.errors if "status of 401" not in text]
