"""The faces for the desk in real Chromium over a real server, one journey each."""

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine, text

from app.core.db import make_engine
from app.identity.rules import Role
from tests import staff
from tests.app.warnings import sending
from tests.chromium import Watch, watched
from tests.server import ServerProcess

PATIENCE_MS = 15_000
DISTRICT = 620_111_000_000_000
THUMB_PX = 44
NEW_PASSWORD = "kiwi-ladder-77-moss"


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def engine(server: ServerProcess) -> Iterator[Engine]:
    """The server's database, to make accounts in."""
    engine = make_engine(server.database_url)
    yield engine
    engine.dispose()


def _open(page: Page, server: ServerProcess, query: str) -> Locator:
    page.goto(f"{server.base_url}/?{query}")
    frame = page.locator(".face-frame")
    expect(frame).to_be_visible()
    return frame


def _forgive(watch: Watch, status: int) -> None:
    """What the server refused on purpose, the browser logs as an error."""
    watch.errors[:] = [text for text in watch.errors if f"status of {status}" not in text]


def _enter(page: Page, name: str, password: str) -> None:
    page.locator("input[name=user]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("form button[type=submit]").click()


def _ask_for_an_auditor(admin: Page, server: ServerProcess, name: str, watch: Watch) -> None:
    """A new account, for which the page then says that its grant waits."""
    face = _open(admin, server, "face=users")
    face.get_by_role("button", name="新增账号").click()
    admin.locator("#u-name").fill(name)
    admin.locator("#u-password").fill("short")
    admin.locator(".side button[type=submit]").click()
    wrong = admin.locator(".side .field-error")
    expect(wrong).to_contain_text("太短了")
    expect(wrong.locator("small")).to_contain_text("10")
    _forgive(watch, 422)
    admin.locator("#u-password").fill(NEW_PASSWORD)
    admin.locator(".side button[type=submit]").click()
    card = admin.locator(".side", has_text=name)
    expect(card).to_contain_text("没有授权")

    admin.locator("#g-role").select_option("auditor")
    expect(card).to_contain_text("只读")
    admin.locator("#g-area").fill("红古区")
    expect(admin.locator("#g-area-list [role=option]").first).to_contain_text("红古区")
    admin.locator("#g-area").press("Enter")
    card.get_by_role("button", name="新增授权").click()
    expect(card).to_contain_text("须由另一位管理员确认")
    waiting = face.locator(".proposals")
    expect(waiting).to_contain_text("等待第二人确认 1")
    expect(waiting).to_contain_text("审计员 · 红古区")
    expect(waiting.get_by_role("button", name="撤回")).to_be_visible()
    expect(waiting.get_by_role("button", name="确认")).to_have_count(0)


def _confirm_it(second: Page, server: ServerProcess, name: str, watch: Watch) -> str:
    """The code that the second admin is told."""
    second.goto(f"{server.base_url}/?face=users")
    _enter(second, "other_admin", staff.PASSWORD)
    asked = second.locator(".proposals")
    expect(asked).to_contain_text("可能知道其登录方式：test_admin")
    asked.get_by_role("button", name="确认").click()
    asked.get_by_role("button", name="确定以第二人身份确认").click()
    second.locator("#step-up-password").fill(staff.PASSWORD)
    second.locator("dialog button[type=submit]").click()
    told = second.locator("dialog", has_text="启用码").locator("tbody tr", has_text=name)
    code = told.locator("td").nth(1).inner_text()
    _forgive(watch, 401)
    _forgive(watch, 403)
    return code


def _sign_in_first(post: Page, server: ServerProcess, name: str, code: str) -> None:
    """A wrong code is told; with the right one and a password of one's own the page opens."""
    post.goto(f"{server.base_url}/?face=audit")
    _enter(post, name, NEW_PASSWORD)
    post.locator("#first-new").fill("moss-77-ladder-plum")
    post.locator("#first-again").fill("moss-77-ladder-plum")
    post.locator("#first-code").fill("AAAA-AAAA-AAAA")
    post.locator("form button[type=submit]").click()
    expect(post.locator(".field-error")).to_be_visible()
    post.locator("#first-code").fill(code)
    post.locator("form button[type=submit]").click()
    expect(post.locator(".face-audit h1")).to_be_visible()


def test_an_admin_makes_an_account_grants_and_takes_back(
    server: ServerProcess, browser: Browser, engine: Engine
) -> None:
    """What opens the audit waits for a second admin; the post gives its code, acts while it has
    the grant, and at once no longer."""
    name = "duty_hongu"
    staff.add_account(engine, "other_admin", Role.CITY_ADMIN, staff.CITY)
    with (
        watched(browser, server=server) as (_, admin, watch),
        watched(browser) as (_, second, second_watch),
        watched(browser) as (_, post, post_watch),
    ):
        _ask_for_an_auditor(admin, server, name, watch)
        code = _confirm_it(second, server, name, second_watch)
        _sign_in_first(post, server, name, code)
        _open(admin, server, f"face=users&f.sel={name}")
        card = admin.locator(".side", has_text=name)
        expect(card.locator(".entries")).to_contain_text("审计员 · 红古区")
        expect(admin.locator("tr", has_text=name)).to_contain_text("审计员 · 红古区")
        card.get_by_role("button", name="撤销").click()
        expect(card.locator(".entries")).to_contain_text("审计员")  # one press asks
        card.get_by_role("button", name="确定撤销").click()
        expect(card).to_contain_text("没有授权")
        # the page hears of it by its stream and goes back to the sign-in by itself
        expect(post.locator("input[name=user]")).to_be_visible()
        _forgive(post_watch, 401)
        _forgive(post_watch, 403)


def test_a_sheet_of_posts_is_looked_at_and_taken(
    server: ServerProcess, browser: Browser, tmp_path: Path
) -> None:
    """Row by row before anything is done; then the passwords as a file, once."""
    file, mended = tmp_path / "posts.csv", tmp_path / "mended.csv"
    file.write_text(f"账号,角色,区域代码\ndesk_1,king,{DISTRICT}\n", encoding="utf-8")
    with watched(browser, server=server) as (_, admin, _):
        face = _open(admin, server, "face=users")
        face.get_by_role("button", name="用表格批量处理").click()
        admin.locator("#s-file").set_input_files(file)
        admin.locator(".side button[type=submit]").click()
        expect(admin.locator(".side .found-lead")).to_contain_text("有误 1")
        expect(admin.locator(".side tbody tr")).to_contain_text("is no role")
        mended.write_text(
            f"账号,角色,区域代码\ndesk_1,值班长,{DISTRICT}\ndrawer_1,规划员,{DISTRICT}\n",
            encoding="utf-8",
        )
        admin.locator("#s-file").set_input_files(mended)
        admin.locator(".side button[type=submit]").click()
        expect(admin.locator(".side .found-lead")).to_contain_text("新账号 2")
        admin.locator(".side").get_by_role("button", name="执行").click()
        admin.locator(".side").get_by_role("button", name="确定新增 2 个账号").click()
        expect(admin.locator(".side .found-lead")).to_contain_text("已执行")
        with admin.expect_download() as download:
            admin.locator(".side").get_by_role("button", name="下载").click()
        lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
        assert [line.split(",")[0] for line in lines] == ["account", "desk_1", "drawer_1"]
        expect(face.locator(".proposals")).to_contain_text("表格授权 1 项")
        expect(face.locator("tr", has_text="drawer_1").first).to_contain_text("初始密码未改")


def test_the_audit_shows_what_was_done_and_that_its_chain_holds(
    server: ServerProcess, browser: Browser, engine: Engine
) -> None:
    """Filters are the address; a kind that was not done gives no row."""
    staff.add_account(engine, "auditor_hongu", Role.AUDITOR, DISTRICT)
    base = f"{server.base_url}/api/v1/users"
    staff.post(base, json={"name": "post_a", "password": NEW_PASSWORD}).raise_for_status()
    grant = {"role": "planner", "area": DISTRICT}
    staff.post(f"{base}/post_a/grants", json=grant).raise_for_status()
    with watched(browser, server=server) as (_, page, _):
        face = _open(page, server, "face=audit")
        expect(face.locator("tbody tr", has_text="post_a").first).to_be_visible()
        expect(face.locator(".chain-state")).to_contain_text(re.compile(r"链完整，\d+ 条"))
        face.get_by_label("类型").select_option("grant_added")
        expect(page).to_have_url(re.compile(r"f\.kind=grant_added"))
        rows = face.locator("tbody tr")
        expect(rows.filter(has_text="新增账号")).to_have_count(0)
        expect(rows.first).to_contain_text("新增授权")
        address = page.url
        with watched(browser, server=server) as (_, other, _):
            other.goto(address.replace("grant_added", "reveal") + "&lang=en")
            expect(other.locator(".face-frame .empty")).to_contain_text("No row fits")
            expect(other.locator(".chain-state")).to_contain_text("chain intact")
        page.emulate_media(media="print")
        expect(face.locator(".print-only").first).to_be_visible()
        expect(page.locator(".topbar")).to_be_hidden()
        page.emulate_media(media="screen")


def _changed(workbook: bytes, changes: Mapping[str, str | int], folder: Path) -> Path:
    """The standard's workbook with some cells (`E5`) changed."""
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    sheet = book.worksheets[0]
    for cell, value in changes.items():
        sheet[cell] = value
    file = folder / f"{'_'.join(map(str, changes.values()))}.xlsx"
    book.save(file)
    return file


def test_a_standard_is_seen_through_before_it_is_published(
    server: ServerProcess, browser: Browser, tmp_path: Path
) -> None:
    """Faults by row and column, then what would change, then two presses."""
    workbook = staff.get(f"{server.base_url}/api/v1/standard.xlsx").content
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    row = next(cells[2].row for cells in sheet.iter_rows() if cells[2].value == "0192")
    with watched(browser, server=server) as (_, page, _):
        face = _open(page, server, "face=standard")
        face.get_by_role("searchbox").fill("垃圾满溢")
        line = face.locator(".face-main tbody tr")
        expect(line).to_have_count(1)
        expect(line).to_contain_text("4 个工作时")
        face.get_by_role("button", name="发布新标准…").click()
        side = page.locator(".side")

        page.set_input_files("#s-file", _changed(workbook, {f"E{row}": "soon"}, tmp_path))
        side.get_by_role("button", name="看会改变什么").click()
        expect(side.locator("tbody tr")).to_contain_text([re.compile(f"{row}.*时限")])
        expect(side.get_by_role("button", name="发布新标准")).to_have_count(0)

        page.set_input_files("#s-file", _changed(workbook, {f"E{row}": 9}, tmp_path))
        side.get_by_role("button", name="看会改变什么").click()
        expect(side.locator(".found")).to_contain_text("1 类时限改变")
        expect(side.locator(".found tbody tr").first).to_contain_text("9 个工作时")
        expect(line).to_contain_text("4 个工作时")
        side.get_by_role("button", name="发布新标准").click()
        side.get_by_role("button", name=re.compile("确定自")).click()
        expect(side.locator(".found-lead")).to_contain_text("已发布")
        expect(line).to_contain_text("9 个工作时")


def _sign_in(page: Page, watch: Watch, name: str) -> None:
    """By the form, as somebody else than the test's admin."""
    page.locator("input[name=user]").fill(name)
    page.locator("input[name=password]").fill(staff.PASSWORD)
    page.locator("form button[type=submit]").click()
    expect(page.locator(".face-frame")).to_be_visible()
    _forgive(watch, 401)  # the browser logs that nobody was signed in yet


def test_a_warning_reaches_the_officers_phone_and_is_seen_through(
    server: ServerProcess, browser: Browser, engine: Engine
) -> None:
    """It appears by itself with its timer running; four presses; the desk sees each of them."""
    staff.add_account(engine, "officer_hongu", Role.RESPONDER, DISTRICT)
    key = sending.add_key(engine)
    body = sending.a_warning(engine)
    with (
        watched(browser, server=server) as (_, desk, _),
        watched(browser, 390, 844, has_touch=True) as (_, phone, phone_watch),
    ):
        _open(desk, server, "face=warnings")
        phone.goto(f"{server.base_url}/?face=warnings")
        _sign_in(phone, phone_watch, "officer_hongu")
        expect(phone.locator(".face-note")).to_contain_text("0 条计时中")

        sent = httpx.post(f"{server.base_url}/api/v1/warnings", json=body, headers=key)
        this = f".warning[data-no='{sent.raise_for_status().json()['no']}']"
        row = phone.locator(this)
        expect(phone.locator(".face-note")).to_contain_text("1 条计时中")
        expect(row.locator(".visit-time")).to_have_text(re.compile(r"(30:00|29:\d\d)"))
        expect(row).to_contain_text("派出所")
        seen = desk.locator(f"{this} .warning-state")
        expect(seen).to_contain_text("已派到所")

        call = row.get_by_role("button", name="致电")
        box = call.bounding_box()
        assert box is not None
        assert box["height"] >= THUMB_PX
        call.tap()
        expect(seen).to_contain_text("已致电")
        row.get_by_role("button", name="出发").tap()
        expect(seen).to_contain_text("已出发")
        row.get_by_role("button", name="到达").tap()
        expect(row.locator(".visit-word")).to_contain_text("按时")
        row.get_by_role("button", name="结果").tap()
        row.get_by_role("button", name="已劝阻", exact=True).tap()
        expect(seen).to_contain_text("已结束")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390

        desk.locator(f"{this} .warning-open").click()
        expect(desk.locator(".side .timeline")).to_contain_text("已劝阻")
        desk.locator(".side").get_by_role("button", name="在图上看").click()
        expect(desk).to_have_url(re.compile(r"map=16/"))
        expect(desk.locator(".map")).to_be_visible()


def _dispute(server: ServerProcess) -> str:
    """A loan that is refused, told of on a home visit; nobody is named. Its title."""
    title = f"借款二万元到期未还 {uuid4().hex[:6]}"
    cases = staff.get(f"{server.base_url}/api/v1/incidents", params={"limit": 1}).json()
    newest = cases["items"][0]
    staff.post(
        f"{server.base_url}/api/v1/incidents",
        json={
            "id": str(uuid4()), "category": "1003", "title": title, "source": "visit",
            "description": "入户走访时反映，双方愿意调解", "severity": 2,
            "lon": newest["lon"], "lat": newest["lat"],
        },
    ).raise_for_status()  # fmt: skip
    return title


def _leave_other_tables(server: ServerProcess) -> None:
    """Let nobody be at another table just now: at some hours of a day the demo's meetings are."""
    engine = make_engine(server.database_url)
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM meeting_booking WHERE lower(during) < now() + interval '90 minutes'")
        )
    engine.dispose()


TABLE = {
    "officer": "民警", "legal_adviser": "法律顾问", "mediator": "调解员", "grid_worker": "网格员",
}  # fmt: skip


def _call_in(page: Page, role: str) -> None:
    """Call the first unit of a role to the table, and let it say that it comes."""
    known = page.locator("[data-unit]").count()
    page.locator("#m-role").select_option(role)
    unit = page.locator(f"#m-unit optgroup[label='{TABLE[role]}'] option").first
    expect(unit).to_be_attached()
    page.locator("#m-unit").select_option(unit.get_attribute("value") or "")
    page.get_by_role("button", name="召集", exact=True).click()
    person = page.locator("[data-unit]").nth(known)
    expect(person).to_contain_text("待答复")
    person.get_by_role("button", name="同意").click()
    expect(person).to_contain_text("同意到场")


def test_a_dispute_is_mediated_at_one_table(server: ServerProcess, browser: Browser) -> None:
    """From the open dispute to the money paid on the spot, all with the pointer."""
    title = _dispute(server)
    _leave_other_tables(server)
    with watched(browser, server=server) as (_, page, _):
        face = _open(page, server, "face=disputes")
        face.get_by_role("button", name="开一桌调解").click()
        page.get_by_role("listitem").filter(has_text=title).get_by_role("button").click()
        room = page.locator(".side", has_text=title)
        expect(room).to_contain_text("还没有召集任何单位")
        for role in TABLE:
            _call_in(page, role)

        room.get_by_role("button", name="找空闲时段").click()
        free = room.locator(".opening").first
        wanted = free.locator(".tabular").inner_text()
        free.click()
        expect(room.locator(".meeting")).to_contain_text(wanted)
        expect(room.locator(".card-lead")).to_contain_text("已定时间")
        room.get_by_role("button", name="改期").click()
        room.get_by_role("button", name="现在就见").click()
        expect(room.locator(".meeting")).not_to_contain_text(wanted)
        room.get_by_role("button", name="已经见面").click()

        room.get_by_text("调解成功", exact=True).click()
        page.locator("#m-terms").fill("借款人当场转账归还二万元，双方再无争议")
        page.locator("#m-amount").fill("20000")
        room.get_by_role("button", name="记录结果").click()
        expect(room.locator(".agreement")).to_contain_text("20,000 元")
        room.get_by_role("button", name="全部履行").click()
        expect(room.locator(".card-lead")).to_contain_text("已履行")
        room.get_by_role("button", name="满意", exact=True).click()
        expect(room.locator(".card-lead")).to_contain_text("已回访")
        expect(face.locator(".table-row", has_text=title)).to_contain_text("已回访")
        expect(room.locator(".timeline li")).to_have_count(15)
