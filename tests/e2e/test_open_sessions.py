"""Open sessions on the page of accounts, in real Chromium: walls by label, each ended by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from app.core.context import Context
from app.identity.rules import Role
from tests import staff
from tests.chromium import watched
from tests.server import ServerProcess

PATIENCE_MS = 15_000
WALL = "hall_wall"


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def wall(own_context: Context) -> Iterator[dict[str, str]]:
    """The headers of a wall's session."""
    staff.add_account(own_context.engine, WALL, Role.WALL_DISPLAY, staff.CITY)
    yield staff.headers_of(own_context.engine, WALL)


def test_a_wall_is_labelled_and_ended(
    server: ServerProcess, browser: Browser, wall: dict[str, str]
) -> None:
    """It hangs there, is known by where, and goes dark when an admin says so; the admin's session
    goes on."""
    cookie, _, token = wall["Cookie"].partition("=")
    with (
        watched(browser, server=server) as (_, admin, _),
        watched(browser) as (profile, screen, screen_watch),
    ):
        profile.add_cookies([{"name": cookie, "value": token, "url": server.base_url}])
        screen.goto(server.base_url)
        expect(screen.locator(".wall-panel")).to_be_visible()

        admin.goto(f"{server.base_url}/?face=users")
        face = admin.locator(".face-frame")
        face.get_by_role("radio", name="大屏").click()
        row = face.locator("tbody tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text([WALL])
        expect(row).to_contain_text("未标注")
        row.click()
        side = admin.locator(".side")
        side.locator("#s-label").fill("大厅东墙")
        side.get_by_role("button", name="保存标注").click()
        expect(row).to_contain_text("大厅东墙")
        expect(side.locator("h2")).to_have_text("大厅东墙")

        side.get_by_role("button", name="结束这个会话").click()
        side.get_by_role("button", name="确定结束").click()
        expect(face).to_contain_text("没有登录着的大屏")
        expect(screen.locator("input[name=user]")).to_be_visible()
        screen_watch.errors[:] = [t for t in screen_watch.errors if "status of 401" not in t]

        face.get_by_role("radio", name="全部会话").click()
        expect(row.filter(has_text=staff.ADMIN).first).to_contain_text("可操作")


def test_from_an_account_to_each_of_its_sessions(
    server: ServerProcess, browser: Browser, wall: dict[str, str]
) -> None:
    """On a phone, in English."""
    with watched(browser, 390, 844, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/?face=users&lang=en&f.sel={WALL}")
        side = page.locator(".side")
        expect(side).to_contain_text("1 running")
        side.get_by_role("button", name="One by one").click()
        row = page.locator(".face-frame tbody tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("no label")


def test_a_desk_left_open_is_signed_out_from_another(
    server: ServerProcess, browser: Browser, own_context: Context
) -> None:
    """From the menu of whoever is signed in: that one ends, this one goes on."""
    staff.add_account(own_context.engine, "officer", Role.DUTY_OFFICER, staff.CITY)
    left, here = (staff.headers_of(own_context.engine, "officer")["Cookie"] for _ in range(2))
    with watched(browser) as (profile, page, _), watched(browser) as (far_profile, far, far_watch):
        for where, cookie in ((profile, here), (far_profile, left)):
            name, _, value = cookie.partition("=")
            where.add_cookies([{"name": name, "value": value, "url": server.base_url}])
        far.goto(server.base_url)
        expect(far.locator("details.who")).to_be_visible()
        page.goto(server.base_url)
        page.locator("details.who summary").click()
        page.get_by_role("button", name="我的会话").click()
        dialog = page.get_by_role("dialog", name="我的会话")
        expect(dialog.locator("li")).to_have_count(2)
        expect(dialog.locator("li", has_text="本机").get_by_role("button")).to_have_count(0)
        dialog.get_by_role("button", name="退出").click()
        dialog.get_by_role("button", name="确定结束").click()
        expect(dialog.locator("li")).to_have_count(1)
        expect(far.locator("input[name=user]")).to_be_visible()
        far_watch.errors[:] = [text for text in far_watch.errors if "status of 401" not in text]
