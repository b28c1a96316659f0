"""A page that nobody uses, in real Chromium: it goes on watching, and asks for the password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.core.context import Context
from app.identity.rules import Role
from tests import staff
from tests.app.identity.ages import set_back
from tests.app.identity.canary import a_case
from tests.chromium import Watch, watched
from tests.server import ServerProcess

PATIENCE_MS = 15_000
# Just now: for two seconds PostgreSQL still lets end what began before (app/sql/30_scope.sql),
# longer than a server believes what it knows of a session.
IDLE = "15 minutes"
TEXT = "三号楼下水井盖松动"
NEW_PASSWORD = "kiwi-ladder-77-moss"
PHONE = (390, 844)
DESK = (1440, 900)


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def case(server: ServerProcess, own_context: Context) -> dict[str, Any]:
    """A case of which something was written."""
    body = a_case(staff.CITY, own_context.engine, TEXT) | {"title": "井盖", "description": TEXT}
    answer = staff.post(f"{server.base_url}/api/v1/incidents", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@contextmanager
def desk(
    browser: Browser, server: ServerProcess, context: Context, query: str, size: tuple[int, int]
) -> Iterator[tuple[Page, Watch, str]]:
    """A duty officer's page, and the token of its session."""
    name = f"desk_{size[0]}"
    staff.add_account(context.engine, name, Role.DUTY_OFFICER, staff.CITY)
    cookie, _, token = staff.headers_of(context.engine, name)["Cookie"].partition("=")
    with watched(browser, *size) as (profile, page, watch):
        profile.add_cookies([{"name": cookie, "value": token, "url": server.base_url}])
        page.goto(f"{server.base_url}/{query}")
        yield page, watch, token
        # What the server refused on purpose, the browser logs as an error.
        watch.errors[:] = [text for text in watch.errors if "status of 403" not in text]


def _give_password(page: Page) -> None:
    page.locator("#step-up-password").fill(staff.PASSWORD)
    page.locator("#step-up-password").press("Enter")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_what_was_written_leaves_the_page_and_comes_back(
    browser: Browser,
    server: ServerProcess,
    own_context: Context,
    case: dict[str, Any],
    size: tuple[int, int],
) -> None:
    """The card is closed, the list goes on, a banner says why; the password brings all back."""
    with desk(browser, server, own_context, f"?sel=i{case['no']}", size) as (page, _, token):
        card = page.locator("section.card")
        expect(card).to_contain_text(TEXT)
        set_back(own_context, token, "seen_at", IDLE)
        banner = page.locator(".watching-bar")
        expect(banner).to_contain_text("只看")
        expect(page.get_by_text(TEXT)).to_have_count(0)
        expect(card).to_contain_text("只看状态下不显示")
        later = a_case(staff.CITY, own_context.engine, TEXT) | {"title": "路灯不亮"}
        staff.post(f"{server.base_url}/api/v1/incidents", json=later).raise_for_status()
        if size == DESK:
            expect(page.locator("button.fresh")).to_be_visible()

        page.get_by_role("button", name="EN").first.click()
        expect(banner).to_contain_text("Watching")
        page.get_by_role("button", name="中文").first.click()
        banner.get_by_role("button", name="输入密码继续").click()
        expect(page.locator("dialog[open]")).to_contain_text("现在只看")
        _give_password(page)
        expect(banner).to_have_count(0)
        expect(card).to_contain_text(TEXT)


def test_the_first_action_asks_and_is_done_then(
    browser: Browser, server: ServerProcess, own_context: Context
) -> None:
    """A report is begun after the password; another password of one's own is set after it, without
    being typed again; a face that is closed opens."""
    with desk(browser, server, own_context, "", DESK) as (page, _, token):
        banner = page.locator(".watching-bar")
        expect(page.locator("details.who")).to_be_visible()
        set_back(own_context, token, "seen_at", IDLE)
        expect(banner).to_be_visible()
        page.keyboard.press("n")
        _give_password(page)
        expect(page.locator("section.card form")).to_be_visible()
        expect(banner).to_have_count(0)
        page.keyboard.press("Escape")

        # Anew, with another stream: the one before is told of changes it has had time to see.
        page.reload()
        expect(page.locator("details.who")).to_be_visible()
        set_back(own_context, token, "seen_at", IDLE)
        expect(banner).to_be_visible()
        page.locator("details.who summary").click()
        page.get_by_role("button", name="修改密码").click()
        own = page.get_by_role("dialog", name="修改密码")
        own.locator("#own-old").fill(staff.PASSWORD)
        own.locator("#own-new").fill(NEW_PASSWORD)
        own.locator("#own-again").fill(NEW_PASSWORD)
        own.locator("button[type=submit]").click()
        expect(page.locator("#step-up-password")).to_be_visible()
        _give_password(page)
        expect(own).to_contain_text("密码已修改")
        own.locator(".form-actions button").click()

        page.reload()
        expect(page.locator("details.who")).to_be_visible()
        set_back(own_context, token, "seen_at", IDLE)
        expect(banner).to_be_visible()
        page.locator('[data-face="disputes"]').click()
        face = page.locator(".face-disputes")
        expect(face).to_contain_text("只看状态下不显示")
        face.get_by_role("button", name="输入密码继续").click()
        page.locator("#step-up-password").fill(NEW_PASSWORD)
        page.locator("#step-up-password").press("Enter")
        expect(face.locator(".face-frame")).to_be_visible()


def test_a_page_that_is_opened_while_watching_says_so(
    browser: Browser, server: ServerProcess, own_context: Context, case: dict[str, Any]
) -> None:
    """Also where it is a wall: what it shows is what it may."""
    with desk(browser, server, own_context, "", DESK) as (page, _, token):
        expect(page.locator("details.who")).to_be_visible()
        set_back(own_context, token, "seen_at", IDLE)
        expect(page.locator(".watching-bar")).to_be_visible()
        page.goto(f"{server.base_url}/?mode=wall")
        expect(page.locator(".watching-bar")).to_be_visible()
        expect(page.locator(".wall-row", has_text=case["title"])).to_have_count(1)
        expect(page.get_by_text(TEXT)).to_have_count(0)
