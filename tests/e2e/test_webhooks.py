"""The page of webhooks in real Chromium, over a real server and a real receiver."""

import re

from playwright.sync_api import Browser, expect

from app.core.context import Context
from tests.app.programs.test_webhooks import (
    Receiver,
    move_clock,
    new_receiver,
    receiver,
    report,
    sending,
    shown,
    subscribe,
)
from tests.chromium import watched
from tests.server import ServerProcess
from tests.waiting import wait_until

__all__ = ["new_receiver", "receiver", "sending"]
PATIENCE_MS = 15_000


def test_what_failed_is_seen_and_sent_again(
    own_context: Context, sending: ServerProcess, receiver: Receiver, browser: Browser
) -> None:
    """A subscription made by keyboard, one that fails for a day, and its events sent again."""
    expect.set_options(timeout=PATIENCE_MS)
    receiver.does("500")
    failing = subscribe(sending, receiver, "failing")
    cases = [report(sending), report(sending)]
    wait_until(lambda: shown(sending, failing)["failures"] == 1)
    while shown(sending, failing)["failed"] < 2:
        move_clock(own_context, hours=25)
    with watched(browser, server=sending) as (_, page, _):
        page.goto(f"{sending.base_url}/?face=webhooks")
        face = page.locator(".face-frame")
        row = face.locator("tbody tr", has_text="failing").first
        expect(row).to_contain_text("连续失败")

        page.get_by_role("button", name="新增订阅").press("Enter")
        side = face.locator(".side")
        side.locator("#h-name").fill("hotline")
        side.locator("#h-url").fill("https://example.org/minqing")
        chooser = side.locator("#h-area")
        chooser.fill("红古")
        page.get_by_role("option", name="红古区 区").click()
        side.get_by_role("button", name="新增订阅").press("Enter")
        expect(side.locator("code.secret")).to_have_text(re.compile(r"^whsec_"))
        page.keyboard.press("Escape")
        expect(face.locator(".side")).to_have_count(0)

        row.focus()
        row.press("Enter")
        expect(side.locator("tbody tr")).to_have_count(2)
        expect(side.locator("tbody tr").first).to_contain_text("answered 500")
        receiver.does("ok")
        side.get_by_role("button", name="全部重发").press("Enter")
        expect(side.get_by_role("status")).to_contain_text("2")
        wait_until(lambda: receiver.cases() == cases)
        wait_until(lambda: shown(sending, failing)["waiting"] == 0)
        face.get_by_role("button", name="刷新").press("Enter")
        expect(row).to_contain_text("正常")
        side.get_by_role("button", name="已送达").press("Enter")
        expect(side.locator("tbody tr")).to_have_count(2)
        page.goto(f"{page.url}&lang=en")
        expect(face.locator("tbody tr").first).to_contain_text("fine")
        page.get_by_role("button", name="Remove webhook").click()
        page.get_by_role("button", name="Remove, and send nothing more").click()
        expect(face.locator("tbody tr", has_text="failing")).to_have_count(0)
