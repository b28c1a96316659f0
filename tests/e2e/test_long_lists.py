"""A list of cases that is longer than one part, in real Chromium: all of it can be reached."""

import pytest
from playwright.sync_api import Browser, Route, expect

from tests import staff
from tests.chromium import watched
from tests.server import ServerProcess

PATIENCE_MS = 15_000
PART = 1


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


def in_small_parts(route: Route) -> None:
    """Let the server answer what the page asks for, in parts that a test can fill."""
    route.continue_(url=route.request.url.replace("limit=500", f"limit={PART}"))


def test_more_comes_behind_until_all_is_listed(server: ServerProcess, browser: Browser) -> None:
    """Rows keep their places while the next part comes; after the last nothing more is offered."""
    words = {"limit": 500}
    due = staff.get(f"{server.base_url}/api/v1/incidents/due", params=words).json()
    nos = [str(item["no"]) for item in due["items"]]
    assert len(nos) > PART
    with watched(browser, server=server) as (_, page, _watch):
        page.route("**/api/v1/incidents/due?*", in_small_parts)
        page.goto(f"{server.base_url}/?face=cases&f.list=due")
        rows = page.locator(".task-table tbody tr")
        more = page.get_by_role("button", name="再列一些")
        for count in range(PART, len(nos), PART):
            expect(rows).to_have_count(count)
            shown = [row.get_attribute("data-no") for row in rows.all()]
            assert shown == nos[:count]
            more.click()
        expect(rows).to_have_count(len(nos))
        expect(more).to_have_count(0)
