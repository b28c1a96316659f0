"""The planner's workbench in real Chromium: from the worst cells to published boundaries."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine

from app.core.db import make_engine
from app.identity.rules import Role
from tests import staff
from tests.chromium import Watch, watched
from tests.server import ServerProcess

PATIENCE_MS = 20_000
# A job compiles its kernel when it is the first of its process.
JOB_PATIENCE_MS = 120_000
DISTRICT = 620_111_000_000_000
STREET = 620_111_101_000_000
PLANNER = "planner_hongu"


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def engine(server: ServerProcess) -> Iterator[Engine]:
    """The server's database, to make accounts in."""
    engine = make_engine(server.database_url)
    staff.add_account(engine, PLANNER, Role.PLANNER, DISTRICT)
    yield engine
    engine.dispose()


@pytest.fixture
def api(server: ServerProcess, engine: Engine) -> Iterator[httpx.Client]:
    """The planner's own way to the server, to hold the page against."""
    headers = staff.headers_of(engine, PLANNER)
    with httpx.Client(base_url=f"{server.base_url}/api/v1", headers=headers) as client:
        yield client


def _forgive(watch: Watch, status: int) -> None:
    """What the server refused on purpose, the browser logs as an error."""
    watch.errors[:] = [text for text in watch.errors if f"status of {status}" not in text]


def _sign_in(page: Page, watch: Watch, name: str) -> None:
    page.locator("input[name=user]").fill(name)
    page.locator("input[name=password]").fill(staff.PASSWORD)
    page.locator("form button[type=submit]").click()
    expect(page.locator(".plan-frame")).to_be_visible()
    _forgive(watch, 401)


def _answer(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


def _figure(page: Page, measure: str, column: int) -> Locator:
    """A measure as the left panel shows it: 1 today, 2 draft."""
    return page.locator(f".plan-measures tr[data-measure={measure}] > *").nth(column)


def _share(value: float) -> str:
    return f"{value * 100:.1f} %"


def _cell(code: int) -> str:
    return f"{code % 1000:03}"


def _begin(page: Page, title: str) -> int:
    """A plan of the street, begun on the page; its number."""
    page.locator(".plan-left").get_by_role("button", name="新建方案").click()
    dialog = page.locator("dialog.dialog")
    dialog.locator("#p-title").fill(title)
    dialog.locator("#p-area").fill("海石湾镇")
    expect(dialog.locator("#p-area-list [role=option]").first).to_contain_text("海石湾镇")
    dialog.locator("#p-area").press("Enter")
    dialog.get_by_role("button", name="建立方案").click()
    expect(page.locator(".plan-headline h1")).to_have_text(title)
    found = re.search(r"f\.sel=(\d+)", page.url)
    assert found is not None, page.url
    return int(found.group(1))


def _balance(page: Page) -> None:
    """The whole plan, as the sliders stand."""
    page.locator(".plan-tools").get_by_role("button", name="自动均衡").click()
    panel = page.locator(".plan-panel")
    panel.get_by_role("radio", name="方案范围").click()
    panel.get_by_role("button", name="开始均衡").click()
    done = page.locator(".plan-job[data-job=balance][data-state=done]")
    expect(done).to_be_visible(timeout=JOB_PATIENCE_MS)


def test_from_the_worst_cells_to_published(
    server: ServerProcess, browser: Browser, api: httpx.Client
) -> None:
    """One account draws, another approves and publishes; the page tells the API's figures."""
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan")
        _sign_in(page, watch, PLANNER)
        number = _begin(page, "海石湾镇均衡")
        plan = f"/plans/{number}"

        worst = _answer(api.get(f"{plan}/problems"))
        first = worst["problems"][0]
        row = page.locator(".plan-problem").first
        expect(row).to_contain_text(_cell(first["cells"][0]))
        expect(row).to_contain_text(f"{abs(first['deviation']) * 100:.0f} %")
        row.click()
        expect(page).to_have_url(re.compile(rf"f\.bench={first['cells'][0] // 1000 * 1000}"))

        _balance(page)
        found = _answer(api.get(f"{plan}/measures"))
        assert found["draft"]["within_15"] > found["today"]["within_15"]
        expect(_figure(page, "within_15", 1)).to_have_text(_share(found["today"]["within_15"]))
        expect(_figure(page, "within_15", 2)).to_have_text(_share(found["draft"]["within_15"]))
        expect(_figure(page, "moved", 2)).to_have_text(_share(found["draft"]["moved"]))
        expect(page.locator(".plan-measures [data-measure=within_15] .plan-better")).to_be_visible()

        page.locator(".plan-steps").get_by_role("button", name="提交审核").click()
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("审核中")
        expect(page.locator(".plan-steps")).to_contain_text("须由未参与绘制的人批准")
        expect(page.locator(".plan-steps").get_by_role("button", name="批准")).to_have_count(0)
        seen = _answer(api.get(plan))
        tag = {"If-Match": f'"{seen["revision"]}"'}
        refused = api.post(f"{plan}/steps", json={"step": "approve"}, headers=tag)
        assert refused.status_code == 409 and "plan-own-approval" in refused.json()["type"]

    cells = _answer(api.get(f"{plan}/cells"))
    changed = [code for code, is_so in zip(cells["code"], cells["changed"], strict=True) if is_so]
    before = _answer(api.get(f"/areas/{changed[0]}/boundary"))
    with watched(browser, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/?face=plan&f.sel={number}&f.tab=life")
        page.locator(".plan-steps").get_by_role("button", name="批准").click()
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("已批准")
        page.locator(".plan-steps").get_by_role("button", name="发布…").click()
        page.locator("dialog.dialog").get_by_role("button", name="立即发布").click()
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("已发布")
        published = _answer(api.get(plan))
        assert set(published["effects"]["changed_cells"]) <= set(changed)
        redrawn = page.locator(".plan-after dd").first
        expect(redrawn).to_have_text(str(len(published["effects"]["changed_cells"])))
        version = published["boundary_version"]
        with page.expect_request(re.compile(rf"/tiles/cells/.*v={version}")):
            page.get_by_role("button", name="在态势图上查看").click()
        expect(page.locator(".face-frame, .plan-frame")).to_have_count(0)
    after = _answer(api.get(f"/areas/{changed[0]}/boundary"))
    assert after["geometry"] != before["geometry"]
