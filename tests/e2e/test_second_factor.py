"""The second factor in real Chromium: set up at the first sign-in, asked for at the next one and
before what is protected; a label given at the sign-in; a sheet's progress and its cancel."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import URL, Engine, text

from app.core.db import make_engine, reading, writing
from app.identity.rules import Role
from tests import staff
from tests.app.identity.test_second_factor import Authenticator
from tests.chromium import Watch, watched
from tests.server import ServerProcess, serving
from tests.waiting import wait_until

PATIENCE_MS = 15_000
LABEL = "指挥大厅二号屏"
WRONG = "验证码不对或已用过"


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def needing(database: URL) -> Iterator[ServerProcess]:
    """A server where auditors and admins must have one."""
    with serving(database, MINQING_SECOND_FACTOR_ROLES="city_admin,auditor") as process:
        yield process


@pytest.fixture
def engine(needing: ServerProcess) -> Iterator[Engine]:
    """The server's database."""
    engine = make_engine(needing.database_url)
    yield engine
    engine.dispose()


def enter(page: Page, name: str) -> None:
    """Give login and password."""
    page.locator("input[name=user]").fill(name)
    page.locator("input[name=password]").fill(staff.PASSWORD)
    page.locator("form button[type=submit]").click()


def forgive(watch: Watch, *statuses: int) -> None:
    """What the server refused on purpose, the browser logs as an error."""
    for status in statuses:
        watch.errors[:] = [one for one in watch.errors if f"status of {status}" not in one]


def unused(engine: Engine, app: Authenticator) -> None:
    """As if no code had been used yet: a test does not wait for the next half minute."""
    with writing(engine) as session:
        session.execute(text("UPDATE second_factor SET last_step = 0"))
    app.forget()


def set_up(page: Page) -> tuple[Authenticator, str]:
    """Set it up where nothing else is open: the app, and one of the recovery codes."""
    card = page.locator(".sign-in-card")
    expect(card).to_contain_text("须有二次验证")
    card.get_by_role("button", name="开始设置").click()
    app = Authenticator(card.locator("code.secret").inner_text())
    link = card.get_by_role("link", name="在本机的验证器应用中打开")
    assert (link.get_attribute("href") or "").startswith("otpauth://totp/")
    card.locator("#factor-code").fill("000000")
    card.locator("button[type=submit]").click()
    expect(card.locator(".field-error")).to_contain_text(WRONG)
    card.locator("#factor-code").fill(app.code())
    card.locator("button[type=submit]").click()
    codes = card.locator(".secrets code")
    expect(codes).to_have_count(8)
    recovery = codes.first.inner_text()
    card.get_by_role("button", name="已保存，继续").click()
    return app, recovery


def sign_in(page: Page, name: str, app: Authenticator) -> None:
    """With a label, a wrong code, and the right one."""
    page.locator(".sign-in-more summary").click()
    page.locator("input[name=label]").fill(LABEL)
    enter(page, name)
    code = page.locator("input[name=code]")
    expect(code).to_be_focused()
    code.fill("000000")
    page.locator("form button[type=submit]").click()
    expect(page.locator(".sign-in-problem")).to_contain_text(WRONG)
    code.fill(app.code())
    page.locator("form button[type=submit]").click()


def renew_codes(page: Page, recovery: str) -> None:
    """Make the recovery codes anew, which asks for the password and a code."""
    page.locator("details.who summary").click()
    page.get_by_role("button", name="二次验证").click()
    dialog = page.get_by_role("dialog", name="二次验证")
    expect(dialog).to_contain_text("恢复码还剩 8 个")
    dialog.get_by_role("button", name="重新生成恢复码").click()
    page.locator("#step-up-password").fill(staff.PASSWORD)
    page.locator("#step-up-code").fill("000000")
    asked = page.get_by_role("dialog", name="再次输入密码")
    asked.locator("button[type=submit]").click()
    expect(asked.locator(".field-error")).to_contain_text(WRONG)
    page.locator("#step-up-code").fill(recovery)
    asked.locator("button[type=submit]").click()
    expect(dialog.locator(".secrets code")).to_have_count(8)
    expect(dialog).not_to_contain_text(recovery)
    dialog.get_by_role("button", name="已保存，继续").click()
    expect(dialog).to_have_count(0)


def test_from_the_first_sign_in_to_a_step_up(
    needing: ServerProcess, browser: Browser, engine: Engine
) -> None:
    """Key and recovery codes are shown once; from then on the code is asked for."""
    name, opened = "other_admin", ".face-users h1"
    staff.add_account(engine, name, Role.CITY_ADMIN, staff.CITY)
    with watched(browser) as (_, page, watch):
        page.goto(f"{needing.base_url}/?face=users")
        enter(page, name)
        app, recovery = set_up(page)
        expect(page.locator(opened)).to_be_visible()
        forgive(watch, 401, 403)
    unused(engine, app)
    with watched(browser) as (_, page, watch):
        page.goto(f"{needing.base_url}/?face=users")
        sign_in(page, name, app)
        expect(page.locator(opened)).to_be_visible()
        with reading(engine) as session:
            given = text("SELECT label FROM sign_in WHERE label IS NOT NULL")
            assert session.scalars(given).all() == [LABEL]
        renew_codes(page, recovery)
        forgive(watch, 401, 403)


def test_who_was_away_for_long_while_setting_it_up_signs_in_anew(
    needing: ServerProcess, browser: Browser, engine: Engine
) -> None:
    """The phone was not at hand: the session only watches, and the page asks for a new sign-in."""
    staff.add_account(engine, "auditor_7", Role.AUDITOR, staff.CITY)
    with watched(browser) as (_, page, watch):
        page.goto(needing.base_url)
        enter(page, "auditor_7")
        page.locator(".sign-in-card").get_by_role("button", name="开始设置").click()
        expect(page.locator("code.secret")).to_be_visible()
        with writing(engine) as session:
            session.execute(text("UPDATE sign_in SET seen_at = seen_at - interval '20 minutes'"))
        page.locator("#factor-code").fill("000000")
        page.locator(".sign-in-card button[type=submit]").click()
        expect(page.locator("input[name=password]")).to_be_visible()
        forgive(watch, 401, 403)


def is_asked(engine: Engine) -> bool:
    """Whether a change was cancelled, as the server has it."""
    with reading(engine) as session:
        asked = text("SELECT count(*) FROM account_change WHERE cancel_asked")
        return bool(session.scalar(asked))


def test_a_sheet_shows_how_far_it_is_and_is_cancelled(
    needing: ServerProcess, browser: Browser, engine: Engine, tmp_path: Path
) -> None:
    """Cancelled while it waits for another change of accounts: nothing of it is done."""
    file = tmp_path / "posts.csv"
    rows = "".join(f"desk_{n},规划员,620111000000000\n" for n in range(40))
    file.write_text(f"账号,角色,区域代码\n{rows}", encoding="utf-8")
    with watched(browser, server=needing) as (_, admin, watch):
        admin.goto(f"{needing.base_url}/?face=users")
        admin.get_by_role("button", name="用表格批量处理").click()
        side = admin.locator(".side")
        admin.locator("#s-file").set_input_files(file)
        side.locator("button[type=submit]").click()
        expect(side.locator(".found-lead")).to_contain_text("新账号 40")
        with writing(engine) as held:
            held.execute(text("SELECT pg_advisory_xact_lock(hashtext('minqing.accounts'))"))
            side.get_by_role("button", name="执行").click()
            side.get_by_role("button", name="确定新增 40 个账号").click()
            going = side.locator(".many-change")
            expect(going).to_contain_text("正在写入")
            going.get_by_role("button", name="取消").click()
            expect(going).to_contain_text("正在取消")
            wait_until(lambda: is_asked(engine))
        expect(side.locator(".refused")).to_contain_text("已取消，什么都没有改动")
        with reading(engine) as session:
            made = text("SELECT count(*) FROM account WHERE name LIKE 'desk_%'")
            assert session.scalar(made) == 0
        side.get_by_role("button", name="执行").click()
        side.get_by_role("button", name="确定新增 40 个账号").click()
        expect(side.locator(".found-lead")).to_contain_text("已执行")
        forgive(watch, 404, 409)
