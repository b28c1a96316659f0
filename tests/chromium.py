"""Real Chromium. A page that asks for anything outside this machine, or logs an error, fails."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests import staff
from tests.server import ServerProcess

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]
LOCAL = {"127.0.0.1", "localhost", ""}


@dataclass
class Watch:
    """What a page did that it should not have done."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        """Listen to a page."""
        page.on("request", lambda request: self._request(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)

    def _request(self, url: str) -> None:
        if urlsplit(url).hostname not in LOCAL and urlsplit(url).scheme.startswith("http"):
            self.outside.append(url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")


# Not for the whole session: while Playwright is there its event loop counts as running, and no
# other test of the worker could use one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "no chromium on this machine; scripts/setup --tests installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watched(
    browser: Browser,
    width_px: int = 1440,
    height_px: int = 900,
    *,
    server: ServerProcess | None = None,
    **options: object,
) -> Iterator[tuple[BrowserContext, Page, Watch]]:
    """A fresh profile with one page, watched until the block ends.

    Args:
        server: where it is signed in already; None: nowhere.
    """
    context = browser.new_context(
        viewport={"width": width_px, "height": height_px},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        **options,  # type: ignore[arg-type]
    )
    if server is not None:
        name, _, value = staff.headers_for(server.base_url)["Cookie"].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": server.base_url}])
    page = context.new_page()
    watch = Watch()
    watch.on(page)
    yield context, page, watch
    context.close()
    assert not watch.outside, "asked for something outside this machine"
    assert not watch.errors, "errors in the browser's console"
