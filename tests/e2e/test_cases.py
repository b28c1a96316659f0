"""Cases in the page, in real Chromium: the grid worker on the phone, the officer at the desk."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from app.core.db import make_engine
from app.identity.rules import Role
from tests import staff
from tests.app.incidents.crew import Crew, Worker
from tests.chromium import Watch, watched
from tests.server import ServerProcess

PATIENCE_MS = 15_000
THUMB_PX = 44


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def crew(server: ServerProcess) -> Iterator[Crew]:
    """Accounts around one cell, at the same server as the pages."""
    engine = make_engine(server.database_url)
    with Crew.around_a_cell(server.base_url, engine) as crew:
        yield crew
    engine.dispose()


@contextmanager
def _at(
    browser: Browser, crew: Crew, worker: Worker, query: str = "", *, is_phone: bool = False
) -> Iterator[tuple[Page, Watch]]:
    """A page into which somebody has signed in by its form."""
    size = (390, 844) if is_phone else (1440, 900)
    with watched(browser, *size, has_touch=is_phone) as (_, page, watch):
        page.goto(f"{crew.base_url}/{query}")
        page.locator("input[name=user]").fill(worker.name)
        page.locator("input[name=password]").fill(staff.PASSWORD)
        page.locator("form button[type=submit]").click()
        expect(page.locator(".topbar")).to_be_visible()
        _forgive(watch, 401)  # the browser logs that nobody was signed in yet
        yield page, watch


def _forgive(watch: Watch, status: int) -> None:
    """What the server refused on purpose, the browser logs as an error."""
    watch.errors[:] = [text for text in watch.errors if f"status of {status}" not in text]


def _step(page: Page, step: str) -> Locator:
    return page.locator(f"section.card [data-step={step}]")


def _is_now(page: Page, status: str) -> None:
    expect(page.locator("section.card .card-lead")).to_contain_text(status)


def _thumb_reaches(button: Locator) -> None:
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= THUMB_PX, box


def _photo() -> FilePayload:
    drawn = io.BytesIO()
    Image.new("RGB", (640, 480), (120, 140, 90)).save(drawn, "JPEG")
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def _report_on_the_phone(phone: Page, title: str) -> None:
    phone.locator(".phone-nav .report-button").tap()
    phone.locator("main .map").tap(position={"x": 195, "y": 369})
    phone.locator("#f-category").fill("0192")
    phone.keyboard.press("Enter")
    phone.locator("#f-title").fill(title)
    phone.locator("form button[type=submit]").tap()
    expect(phone.locator("section.card h2")).to_have_text(title)


def _handle_on_the_phone(phone: Page, title: str) -> None:
    phone.locator(".phone-nav [data-face=cases]").tap()
    phone.locator("section.card header button").tap()
    card = phone.locator(".task-cards li", has_text=title)
    expect(card).to_contain_text("待签收")
    card.get_by_role("button").tap()
    _thumb_reaches(_step(phone, "acknowledge"))
    _step(phone, "acknowledge").tap()
    _is_now(phone, "已签收")
    _step(phone, "handle").tap()
    _is_now(phone, "处置中")
    phone.locator("input[type=file]").set_input_files(_photo())
    expect(phone.locator(".thumbs img")).to_have_count(2)
    _step(phone, "hand_back").tap()
    _is_now(phone, "已处置")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def _file_and_assign(desk: Page, title: str, unit_id: int) -> None:
    row = desk.locator(".task-table tbody tr", has_text=title)
    expect(row).to_contain_text("待立案")
    row.click()
    expect(desk.locator("section.card h2")).to_have_text(title)
    expect(desk).to_have_url(re.compile("sel=i"))
    expect(desk.locator(".thumbs img")).to_have_count(1)
    _step(desk, "register").click()
    _is_now(desk, "已立案")
    expect(desk.locator(".case-clock")).to_contain_text("4 个工作时")
    _step(desk, "assign").click()
    desk.locator("#step-unit_id").select_option(str(unit_id))
    desk.locator(".step-form button[type=submit]").click()
    _is_now(desk, "已派遣")


def _check_and_close(desk: Page) -> None:
    _is_now(desk, "已处置")  # it followed by itself
    _step(desk, "check").click()
    desk.locator(".choice-button", has_text="通过").first.click()
    desk.locator(".step-form button[type=submit]").click()
    _is_now(desk, "待核查")
    _step(desk, "close").click()
    _is_now(desk, "已结案")
    expect(desk.locator(".timeline li")).to_have_count(8)


def test_a_case_by_two_accounts(browser: Browser, crew: Crew) -> None:
    """Reported and handled on the phone; registered, assigned, checked and closed at the desk."""
    worker = crew.at("grid", Role.GRID_WORKER)
    officer = crew.at("workstation", Role.DUTY_OFFICER)
    here = f"?map=18/{crew.lat:.6f}/{crew.lon:.6f}"
    title = f"垃圾满溢 {uuid4().hex[:6]}"
    with (
        _at(browser, crew, officer, "?face=cases") as (desk, _),
        _at(browser, crew, worker, here, is_phone=True) as (phone, _),
    ):
        expect(desk.locator(".face-cases h1")).to_have_text("我的任务")
        for button in phone.locator(".phone-nav .face-button").all():
            _thumb_reaches(button)
        _report_on_the_phone(phone, title)
        _is_now(phone, "已上报")
        phone.locator("input[type=file]").set_input_files(_photo())
        expect(phone.locator(".thumbs img")).to_have_count(1)
        _file_and_assign(desk, title, crew.unit("grid", "grid_worker"))
        _handle_on_the_phone(phone, title)
        _check_and_close(desk)
        _is_now(phone, "已结案")
        case_id = officer.client.get(
            f"/api/v1/incidents/no/{re.findall(r'sel=i([0-9]+)', desk.url)[0]}"
        ).json()["id"]
    assert [step["step"] for step in officer.case(case_id)["timeline"]] == [
        "report", "register", "assign", "acknowledge", "handle", "hand_back", "check", "close",
    ]  # fmt: skip


def test_somebody_was_faster(browser: Browser, crew: Crew) -> None:
    """A form that is open while somebody else acts: told, nothing is overwritten."""
    worker, officer = crew.at("grid", Role.GRID_WORKER), crew.at("workstation")
    other = crew.at("workstation", Role.DISPATCHER)
    case_id = crew.report(worker, title="路边暴露生活垃圾")
    no = officer.case(case_id)["no"]
    with _at(browser, crew, officer, f"?face=cases&sel=i{no}") as (page, watch):
        _step(page, "refuse").click()
        page.locator("#step-reason").fill("不在受理范围")
        other.takes(case_id, "register")
        page.locator(".step-form button[type=submit]").click()
        expect(page.locator(".overtaken")).to_contain_text("有人先办了一步")
        expect(page.locator(".overtaken")).to_contain_text("已立案")
        page.locator(".overtaken button").click()
        expect(_step(page, "assign")).to_be_visible()
        _forgive(watch, 409)
    assert officer.case(case_id)["status"] == "registered"


def test_the_list_is_its_address_and_holds_still(browser: Browser, crew: Crew) -> None:
    """Chips are the URL; a row under the pointer stays; keys move, open and close."""
    worker, officer = crew.at("grid", Role.GRID_WORKER), crew.at("workstation")
    first = crew.report(worker, title="第一件")
    with _at(browser, crew, officer, "?face=cases") as (page, _):
        rows = page.locator(".task-table tbody tr")
        expect(rows).to_have_count(len(officer.tasks()))
        row = page.locator(".task-table tbody tr", has_text="第一件")
        row.hover()
        crew.report(worker, title="第二件")
        officer.takes(first, "register")
        fresh = page.locator(".face-cases button.fresh")
        expect(fresh).to_contain_text("新增 1 件")
        expect(row).to_contain_text("已立案")  # where it stood
        expect(rows.filter(has_text="第二件")).to_have_count(0)
        fresh.press("Enter")
        expect(rows.filter(has_text="第二件")).to_be_visible()

        page.locator(".filter-chip", has_text="待派遣").click()
        expect(page).to_have_url(re.compile(r"f\.why=assign"))
        expect(rows.filter(has_text="待立案")).to_have_count(0)
        address = page.url
        page.reload()
        expect(rows.filter(has_text="第一件")).to_be_visible()
        expect(rows.filter(has_text="第二件")).to_have_count(0)
        assert page.url == address

        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.locator("section.card")).to_be_visible()
        expect(rows.first).to_be_visible()  # the list stays
        page.keyboard.press("Escape")
        expect(page.locator("section.card")).to_have_count(0)


def test_figures_of_the_clocks_lead_to_their_list(server: ServerProcess, browser: Browser) -> None:
    """超期 on the map's face is a number of cases, and a way to them."""
    summary = staff.get(f"{server.base_url}/api/v1/clocks/summary").json()
    with watched(browser, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/")
        figure = page.locator("[data-clock=overdue]")
        expect(figure).to_contain_text(str(summary["overdue"]))
        figure.click()
        expect(page).to_have_url(re.compile(r"face=cases.*f\.due=overdue"))
        expect(page.locator(".task-table tbody tr")).to_have_count(summary["overdue"])
        page.go_back()
        expect(page.locator(".face")).to_have_count(0)
        expect(page.locator("main .map canvas").first).to_be_visible()


def test_a_contact_is_shown_for_a_reason_and_a_password(browser: Browser, crew: Crew) -> None:
    """Asked for with a reason, after the password; on screen only, and hidden again."""
    worker, officer = crew.at("grid", Role.GRID_WORKER), crew.at("workstation")
    case_id = crew.report(worker)
    no = officer.case(case_id)["no"]
    put = worker.client.put(f"/api/v1/incidents/{case_id}/contact", json={"phone": "1391234 0000"})
    assert put.status_code == 204, put.text
    with _at(browser, crew, officer, f"?face=cases&sel=i{no}") as (page, watch):
        part = page.locator(".case-contact")
        part.get_by_role("button", name="查看").click()
        page.locator("#contact-reason").fill("回访")
        page.locator("dialog[open] button[type=submit]").click()
        page.locator("#step-up-password").fill(staff.PASSWORD)
        page.locator("dialog[open] button[type=submit]").last.click()
        expect(part).to_contain_text("1391234 0000")
        expect(part).to_contain_text("秒后隐藏")
        assert "1391234" not in page.url
        part.get_by_role("button", name="隐藏").click()
        expect(page.get_by_text("1391234 0000")).to_have_count(0)
        _forgive(watch, 403)


def test_paper_shows_the_case_as_text(browser: Browser, crew: Crew) -> None:
    """Printing a card gives one sheet of it: no map, no buttons, markup as text."""
    evil = '<img src=x onerror="document.title=1">'
    officer = crew.at("workstation")
    case_id = crew.report(crew.at("grid", Role.GRID_WORKER), title=evil, description=evil)
    no = officer.case(case_id)["no"]
    with _at(browser, crew, officer, f"?face=cases&sel=i{no}") as (page, _):
        expect(page.locator("section.card h2")).to_have_text(evil)
        page.emulate_media(media="print")
        sheet = page.locator(".print-sheet")
        expect(sheet).to_contain_text(evil)
        expect(sheet).to_contain_text(f"#{no}")
        expect(page.locator(".shell")).to_be_hidden()
        assert page.locator("img[src=x]").count() == 0


def test_the_same_case_is_not_reported_twice(browser: Browser, crew: Crew) -> None:
    """While it is typed, what was reported nearby is named with the reason, and taken instead."""
    worker = crew.at("grid", Role.GRID_WORKER)
    known = worker.case(crew.report(worker, category="0192", title="菜市场门口垃圾满溢"))
    before = worker.client.get("/api/v1/incidents", params={"limit": 1}).json()["total"]
    here = f"?map=18/{crew.lat:.6f}/{crew.lon:.6f}"
    with _at(browser, crew, worker, here, is_phone=True) as (phone, _):
        phone.locator(".phone-nav .report-button").tap()
        phone.locator("main .map").tap(position={"x": 195, "y": 369})
        phone.locator("#f-category").fill("0192")
        phone.keyboard.press("Enter")
        phone.locator("#f-title").fill("菜市场垃圾满溢")
        same = phone.locator(f".suggestions [data-no='{known['no']}']")
        expect(same).to_contain_text("相距")
        expect(same).to_contain_text("同一类别")
        same.get_by_role("button").tap()
        expect(phone.locator("section.card h2")).to_have_text(known["title"])
    assert worker.client.get("/api/v1/incidents", params={"limit": 1}).json()["total"] == before
