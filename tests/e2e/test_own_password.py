"""Changing one's own password in real Chromium: from the menu, with the old one."""

import pytest
from playwright.sync_api import Browser, expect

from tests import staff
from tests.chromium import watched
from tests.server import ServerProcess

PATIENCE_MS = 15_000
NEW_PASSWORD = "kiwi-ladder-77-moss"


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


def test_from_the_menu_with_the_old_one(server: ServerProcess, browser: Browser) -> None:
    """What is wrong is said at its field, in Chinese; then the new one lets in."""
    with watched(browser, server=server) as (_, page, watch):
        page.goto(server.base_url)
        page.locator("details.who summary").click()
        page.get_by_role("button", name="修改密码").click()
        dialog = page.get_by_role("dialog", name="修改密码")
        old, new, again = (dialog.locator(f"#own-{name}") for name in ("old", "new", "again"))
        send = dialog.locator("button[type=submit]")
        old.fill("not the password")
        new.fill(NEW_PASSWORD)
        again.fill(NEW_PASSWORD + "x")
        send.click()
        expect(dialog.locator(".field-error")).to_have_text("两次输入的新密码不一样")
        again.fill(NEW_PASSWORD)
        send.click()
        wrong = dialog.locator(".field-error")
        expect(wrong).to_contain_text("不对")
        expect(wrong.locator("small")).to_have_text("is not that of this account")
        watch.errors[:] = [text for text in watch.errors if "status of 403" not in text]
        old.fill(staff.PASSWORD)
        send.click()
        expect(dialog).to_contain_text("密码已修改")
        dialog.locator(".form-actions button").click()
        expect(dialog).to_have_count(0)

        with watched(browser) as (_, other, other_watch):
            other.goto(server.base_url)
            other.locator("input[name=user]").fill(staff.ADMIN)
            other.locator("input[name=password]").fill(NEW_PASSWORD)
            other.locator("form button[type=submit]").click()
            expect(other.locator("details.who")).to_be_visible()
            other_watch.errors[:] = [t for t in other_watch.errors if "status of 401" not in t]
