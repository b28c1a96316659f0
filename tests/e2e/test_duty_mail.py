"""The page of duty mailboxes in real Chromium, over a real server and a real mail server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import URL

from app.core.context import Context
from tests import staff
from tests.app.programs.mailing import (
    BOX,
    PATH,
    MailServer,
    a_unit,
    assign,
    mailing,
    move_clock,
    states,
    wait_for_mails,
)
from tests.chromium import watched
from tests.server import ServerProcess, serving
from tests.waiting import wait_until

PATIENCE_MS = 15_000


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServer]:
    """One that takes everything."""
    server = MailServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sending(database: URL, mail_server: MailServer) -> Iterator[ServerProcess]:
    """A server that sends by it."""
    with mailing(database, mail_server) as process:
        yield process


def test_set_tested_and_sent_again(
    own_context: Context, sending: ServerProcess, mail_server: MailServer, browser: Browser
) -> None:
    """A mailbox set by keyboard, a test, a mail that fails for a day and is sent again, removed."""
    expect.set_options(timeout=PATIENCE_MS)
    unit = a_unit(own_context.engine, "grid_worker")
    with watched(browser, server=sending) as (_, page, watch):
        page.goto(f"{sending.base_url}/?face=mailboxes")
        face = page.locator(".face-frame")
        expect(face).to_contain_text("还没有值班邮箱")
        page.get_by_role("button", name="设置邮箱").press("Enter")
        side = face.locator(".side")
        side.locator("#m-unit").fill("无此呼号")
        side.locator("#m-box").fill(BOX)
        side.get_by_role("button", name="保存").press("Enter")
        expect(side.get_by_role("alert").first).to_be_visible()
        watch.errors[:] = [said for said in watch.errors if "status of 422" not in said]
        side.locator("#m-unit").fill(unit.call_sign)
        side.get_by_role("button", name="保存").press("Enter")
        expect(side).to_contain_text(BOX)

        side.get_by_role("button", name="发一封测试邮件").press("Enter")
        expect(side.get_by_role("status")).to_contain_text("测试邮件已排队")
        wait_until(lambda: len(mail_server.taken()) == 1)
        side.get_by_role("button", name="已发出").press("Enter")
        face.get_by_role("button", name="刷新").press("Enter")
        expect(side.locator("tbody tr")).to_have_count(1)
        expect(side.locator("tbody tr")).to_contain_text("测试邮件")

        mailbox = staff.get(sending.base_url + PATH).json()["items"][0]["id"]
        mail_server.does("later")
        _, no = assign(sending, unit)
        wait_for_mails(sending, mailbox, 2)
        while "failed" not in states(sending, mailbox):
            move_clock(own_context.engine, hours=25)
        side.get_by_role("button", name="已放弃").press("Enter")
        face.get_by_role("button", name="刷新").press("Enter")
        expect(side.locator("tbody tr")).to_contain_text(f"{no}")
        expect(side.locator("tbody tr")).to_contain_text("recipient refused: 451")
        mail_server.does("ok")
        side.get_by_role("button", name=f"重发 {no}").press("Enter")
        wait_until(lambda: len(mail_server.taken()) == 2)
        wait_until(lambda: states(sending, mailbox) == ["sent", "sent"])

        page.goto(f"{page.url}&lang=en")
        expect(face.locator("tbody tr").first).to_contain_text("fine")
        page.get_by_role("button", name="Remove mailbox").click()
        page.get_by_role("button", name="Remove, and send nothing more").click()
        expect(face).to_contain_text("No desk has a mailbox yet")
        assert watch.outside == []


def test_without_a_mail_server_the_page_says_so(database: URL, browser: Browser) -> None:
    """In both languages."""
    expect.set_options(timeout=PATIENCE_MS)
    with serving(database) as server, watched(browser, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/?face=mailboxes")
        expect(page.locator(".face-frame")).to_contain_text("还没有设置发信服务")
        page.goto(f"{server.base_url}/?face=mailboxes&lang=en")
        expect(page.locator(".face-frame")).to_contain_text("has no mail server set")
