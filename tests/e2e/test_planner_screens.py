"""What a planner does beside drawing, in real Chromium: proof, forecast, balancing, a later day, a
server that goes away, every tool."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine, text

from app.core.clock import CITY_ZONE, city_midnight
from app.core.db import writing
from app.planning.jobs import scheduled
from tests import staff
from tests.app.planning.past_cases import report
from tests.chromium import watched
from tests.e2e.desk import (
    DISTRICT,
    JOB_PATIENCE_MS,
    PLANNER,
    STREET,
    Desk,
    Unit,
    answer,
    bench_of,
    cells_of,
    change,
    moves_of,
    neighbours,
    number_of,
    plan_of,
    sign_in,
)
from tests.server import ServerProcess, start
from tests.waiting import wait_until

PATIENCE_MS = 20_000
REPLAYED = {
    "spread": "{:.3f}", "far_off": "{:.1%}", "late": "{:.1%}", "wait_h": "{:.1f} h",
    "way_m": "{:,.0f} m",
}  # fmt: skip


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


def _written(form: str, value: float) -> str:
    return form.format(value).replace("%", " %")


def _change_written(form: str, value: float) -> str:
    size = _written(form, abs(value))
    sign = "" if size == _written(form, 0) else "+" if value > 0 else "−"
    return sign + size


def _done(page: Page, kind: str) -> None:
    done = page.locator(f".plan-job[data-job={kind}][data-state=done]")
    expect(done).to_be_visible(timeout=JOB_PATIENCE_MS)


def _result(api: httpx.Client, plan: int, kind: str) -> dict[str, Any]:
    """What came of the newest job of a kind."""
    found = [job for job in answer(api.get(f"/plans/{plan}/jobs"))["jobs"] if job["kind"] == kind]
    result: dict[str, Any] = max(found, key=lambda job: job["id"])["result"]
    return result


def _sent_back(engine: Engine, bench: Any) -> None:
    """Forty cases beside a border between two cells, thirty of them sent back."""
    units = bench["units"]
    one, other = next(
        (units[one], units[other])
        for one, other, _, _, passable in bench["borders"]
        if passable and units[one]["cell"] != units[other]["cell"]
        and not units[one]["locked"] and not units[other]["locked"]
    )  # fmt: skip
    with writing(engine) as session:
        back = ("report", "assign", "return", "assign", "close")
        report(session, one["unit_id"], 30, steps=back)
        report(session, other["unit_id"], 10, steps=("report", "assign", "close"))


def test_a_plan_is_proved_before_it_is_signed(
    server: ServerProcess, browser: Browser, api: httpx.Client, engine: Engine
) -> None:
    """Replay with intervals, staffing, a seam and its move, the forecast, and another model."""
    plan = plan_of(api, "论证的", STREET)
    cells = answer(api.get(f"/plans/{plan}/cells"))["code"]
    change(api, plan, "edits", kind="split", cell_code=cells[0])
    (new,) = answer(api.get(f"/plans/{plan}/staffing"))["needs_worker"]
    community = max(code // 1000 * 1000 for code in cells)
    _sent_back(engine, bench_of(api, plan, community))
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={plan}&f.tab=proof&f.bench={community}")
        sign_in(page, watch, PLANNER)
        panel = page.locator(".plan-panel")
        needed = panel.locator("dt", has_text="需配网格员").locator("+ dd")
        expect(needed).to_contain_text(number_of(new))
        panel.get_by_role("button", name="开始回放").click()
        _done(page, "replay")
        played = _result(api, plan, "replay")
        for key, form in REPLAYED.items():
            row = panel.locator(f"tr[data-measure={key}] td")
            told = played["change"][key]
            expect(row.nth(0)).to_have_text(_written(form, played["today"][key]["value"]))
            expect(row.nth(1)).to_have_text(_written(form, played["draft"][key]["value"]))
            interval = (_change_written(form, told[end]) for end in ("low", "high"))
            expect(row.nth(2)).to_contain_text(" … ".join(interval))

        _take_the_move(panel, api, plan)
        expect(panel.locator(".plan-stale")).to_be_visible()
        _weigh_otherwise(page, api, plan)
        page.get_by_role("tab", name="社区网格").click()
        Desk(page, plan).agrees(api, community)


def _take_the_move(panel: Locator, api: httpx.Client, plan: int) -> None:
    """The worst seam, and what would have kept its cases together: one edit."""
    seam = answer(api.get(f"/plans/{plan}/seams"))["seams"][0]
    line = panel.locator(".plan-seams li").first
    expect(line).to_contain_text(f"{seam['cases']} 件中退回 {seam['returned']} 件")
    expect(panel.page.locator(".plan-legend")).to_contain_text("接缝")
    line.get_by_role("button", name="采用这次划转").click()
    expect(line).to_contain_text("本方案已避免")
    wanted = dict.fromkeys(seam["move"]["unit_ids"], seam["move"]["taker"])
    assert wanted.items() <= moves_of(api, plan).items()


def _weigh_otherwise(page: Page, api: httpx.Client, plan: int) -> None:
    """The forecast held against what came; then cases weigh ten times as much, as they came."""
    panel = page.locator(".plan-panel")
    page.get_by_role("tab", name="工作量").click()
    panel.get_by_role("button", name="检验预测").click()
    _done(page, "forecast")
    found = _result(api, plan, "forecast")
    expect(panel).to_contain_text(f"实际 {found['came']:,} 件")
    expect(panel).to_contain_text(f"实际含 {found['cell']['covered']:.0%}".replace("%", " %"))
    shown = page.locator(".plan-measures tr[data-measure=variation] td").nth(1)
    before = answer(api.get(f"/plans/{plan}/measures"))["draft"]
    expect(shown).to_have_text(f"{before['variation']:.3f}")
    panel.get_by_role("radio", name="实际发生").click()
    panel.locator("#w-incident").fill("20")
    panel.get_by_role("button", name="采用并重算").click()
    wait_until(lambda: answer(api.get(f"/plans/{plan}"))["model"]["incident"] == 20)
    after = answer(api.get(f"/plans/{plan}/measures"))["draft"]
    assert after["variation"] != before["variation"]
    expect(shown).to_have_text(f"{after['variation']:.3f}")
    worst = answer(api.get(f"/plans/{plan}/problems"))["problems"][0]
    expect(page.locator(".plan-problem").first).to_contain_text(number_of(worst["cells"][0]))


@contextmanager
def _while_it_works(engine: Engine) -> Iterator[None]:
    """A job is in the middle of its work, and stays there until the block ends."""
    working = text("SELECT id FROM plan_job WHERE state = 'running' AND total > 0")
    with engine.connect() as holder:

        def holds() -> bool:
            job = holder.execute(working).scalar()
            holder.rollback()
            held = text(f"{working} AND id = :id FOR UPDATE")
            return job is not None and holder.execute(held, {"id": job}).scalar() is not None

        wait_until(holds)
        yield
        holder.rollback()


def _is_asked_to_end(engine: Engine) -> bool:
    """Whether the request to cancel waits for the job's row."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE '%plan_job%FOR UPDATE%'"
    )
    with engine.connect() as connection:
        return bool(connection.execute(waiting).scalar())


def test_balancing_and_a_later_day(
    server: ServerProcess, browser: Browser, api: httpx.Client, engine: Engine
) -> None:
    """Cancelled in the middle nothing is left; a selection is balanced; published on its day."""
    plan = plan_of(api, "红古区均衡", DISTRICT)
    worst = answer(api.get(f"/plans/{plan}/problems"))["problems"][0]["cells"][0]
    community = worst // 1000 * 1000
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={plan}&f.tab=balance&f.bench={community}")
        sign_in(page, watch, PLANNER)
        panel = page.locator(".plan-panel")
        panel.get_by_role("radio", name="方案范围").click()
        begin = panel.get_by_role("button", name="开始均衡")
        begin.click()
        with _while_it_works(engine):
            page.locator(".plan-job[data-job=balance]").get_by_role("button", name="取消").click()
            wait_until(lambda: _is_asked_to_end(engine))
        ended = page.locator(".plan-job[data-job=balance][data-state=cancelled]")
        expect(ended).to_contain_text("已取消")
        assert (moves_of(api, plan), answer(api.get(f"/plans/{plan}"))["revision"]) == ({}, 1)
        ended.get_by_role("button", name="关闭").click()

        panel.get_by_role("radio", name="所选网格").click()
        expect(begin).to_be_disabled()
        rows = cells_of(api, plan, community)
        chosen = _with_a_neighbour(bench_of(api, plan, community), worst, rows)
        for cell in sorted(chosen):
            panel.get_by_role("checkbox", name=re.compile(f"^{number_of(cell)}")).check()
        panel.locator("#p-balance").press("End")
        panel.locator("#p-little_change").press("Home")
        begin.click()
        _done(page, "balance")
        moves = moves_of(api, plan)
        assert moves and set(moves.values()) <= chosen
        (job, _) = answer(api.get(f"/plans/{plan}/jobs"))["jobs"]
        sliders = {"balance": 1.0, "shape": 0.5, "little_change": 0.0}
        assert job["params"].items() >= sliders.items()
        deviation = cells_of(api, plan, community)[worst]["deviation"]
        assert abs(deviation) < abs(rows[worst]["deviation"])
        page.get_by_role("tab", name="社区网格").click()
        Desk(page, plan).agrees(api, community)
        page.get_by_role("tab", name="流程").click()
        page.locator(".plan-steps").get_by_role("button", name="提交审核").click()
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("审核中")
        _publish_on_its_day(server, browser, engine, api, plan)
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("已发布")
        expect(page.locator(".timeline")).to_contain_text(staff.ADMIN)


def _with_a_neighbour(bench: Any, cell: int, rows: dict[int, dict[str, Any]]) -> set[int]:
    """A cell and the one beside it that is most unlike it."""
    near = {unit["cell"] for unit in neighbours(bench, cell) if rows[unit["cell"]]["free"]}
    return {cell, max(near, key=lambda code: abs(rows[code]["load"] - rows[cell]["load"]))}


def _publish_on_its_day(
    server: ServerProcess, browser: Browser, engine: Engine, api: httpx.Client, plan: int
) -> None:
    """On a phone: approved, set for tomorrow, taken back, set again; the clock carries it out."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    day = tomorrow.astimezone(CITY_ZONE).date().isoformat()
    with watched(browser, 390, 844, server=server, has_touch=True) as (_, page, _):
        page.goto(f"{server.base_url}/?face=plan&f.sel={plan}&f.tab=life")
        steps, chip = page.locator(".plan-steps"), page.locator(".plan-headline .plan-chip")
        dialog = page.locator("dialog.dialog")

        def set_the_day() -> None:
            steps.get_by_role("button", name="批准").tap()
            steps.get_by_role("button", name="发布…").tap()
            dialog.locator("#p-on").fill(day)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            dialog.get_by_role("button", name="按日期发布").tap()
            expect(page.locator(".plan-headline")).to_contain_text(f"定于 {day} 发布")
            expect(chip).to_have_text("已批准")

        set_the_day()
        expect(page.locator(".timeline strong").first).to_have_text(f"定于 {day} 发布")
        expect(steps.get_by_role("button", name="改期…")).to_be_visible()
        _fits_a_phone(page)
        steps.get_by_role("button", name="退回修改").tap()
        dialog.locator("#p-why").fill("再看一遍")
        dialog.get_by_role("button", name="退回修改").tap()
        expect(chip).to_have_text("草案")
        expect(page.locator(".plan-headline")).not_to_contain_text(day)
        midnight = city_midnight(tomorrow)
        assert scheduled.ask_for_due(engine, midnight).asked == 0
        change(api, plan, "steps", step="submit")
        page.reload()
        set_the_day()
        assert scheduled.ask_for_due(engine, midnight - timedelta(seconds=1)).asked == 0
        assert scheduled.ask_for_due(engine, midnight).asked == 1
        expect(chip).to_have_text("已发布")
        page.get_by_role("button", name="发布之后").tap()
        expect(page.locator(".plan-after")).to_be_visible()


def _fits_a_phone(page: Page) -> None:
    """Nothing is wider than the screen, whatever can be pressed is 44 px high."""
    for tab in page.get_by_role("tab").all():
        tab.tap()
        expect(tab).to_have_attribute("aria-selected", "true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab.inner_text()
        low = page.locator(".plan-right button:visible, .plan-steps button:visible").evaluate_all(
            "(all) => all.filter((one) => !one.classList.contains('link'))"
            ".map((one) => [one.textContent, one.getBoundingClientRect().height])"
            ".filter(([, height]) => height > 0 && height < 44)"
        )
        assert low == [], tab.inner_text()


def test_the_server_goes_away_while_somebody_draws(
    server: ServerProcess, browser: Browser, api: httpx.Client, engine: Engine
) -> None:
    """What is pending stays and grows, nothing pretends to be done, and it goes on afterwards."""
    plan = plan_of(api, "断线的", STREET)
    cell = answer(api.get(f"/plans/{plan}/problems"))["problems"][0]["cells"][0]
    community = cell // 1000 * 1000
    bench = bench_of(api, plan, community)
    rows = cells_of(api, plan, community)
    units = [unit for unit in neighbours(bench, cell) if rows[unit["cell"]]["free"]][:2]
    place = f"?face=plan&f.sel={plan}&f.bench={community}&f.tool=click"
    with watched(browser, server=server) as (_, page, watch):
        page.goto(f"{server.base_url}/{place}")
        desk = Desk(page, plan)
        desk.row(cell).locator(".bench-cell").click()
        desk.click(units[0])
        waiting = page.locator(".tool-pending")
        expect(waiting).to_contain_text("1 个地块")
        _lay_aside_and_come_back(page)
        expect(waiting).to_contain_text("1 个地块")
        page.get_by_role("tab", name="论证").click()
        page.get_by_role("button", name="开始回放").click()
        page.get_by_role("tab", name="社区网格").click()
        asked: list[str] = []
        with _while_it_works(engine):
            expect(page.locator(".plan-job[data-job=replay]")).to_contain_text("0 / 1")
            page.on("request", lambda request: asked.append(request.url))
            server.kill()
        expect(page.locator(".plan-cut")).to_be_visible()
        desk.row(cell).locator(".bench-cell").click()
        desk.click(units[1])
        expect(waiting).to_contain_text("2 个地块")
        page.keyboard.press("Enter")
        expect(page.locator(".tool-refused")).to_contain_text("连不上服务器")
        expect(waiting).to_contain_text("2 个地块")
        assert sum("/jobs" in url for url in asked) <= 5, "it asks like mad"

        back = start(server.database_url, int(server.base_url.rsplit(":", 1)[1]))
        try:
            expect(page.locator(".plan-cut")).to_have_count(0, timeout=60_000)
            expect(page.locator(".tool-refused")).to_have_count(0)
            page.locator(".plan-tools").get_by_role("button", name="确认").click()
            expect(waiting).to_have_count(0)
            assert moves_of(api, plan) == {unit["unit_id"]: cell for unit in units}
            desk.agrees(api, community)
            _done(page, "replay")  # the one that was broken off is done again
            page.close()
        finally:
            back.stop()
            watch.errors.clear()  # the browser itself logs each refused connection


def _lay_aside_and_come_back(page: Page) -> None:
    """What is pending waits with its community, over a loading of the page, which asks first."""
    warned: list[str] = []
    page.get_by_role("button", name="收起社区").click()
    expect(page.locator(".tool-elsewhere")).to_be_visible()
    page.once("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.reload()
    assert warned == ["beforeunload"]
    page.get_by_role("button", name=re.compile("有待确认的划转")).click()


def test_every_tool_draws(server: ServerProcess, browser: Browser, api: httpx.Client) -> None:
    """Brush, rectangle, split, merge, a new cell, lock by keys alone; all undone and redone."""
    plan = plan_of(api, "逐个工具", STREET)
    cell = answer(api.get(f"/plans/{plan}/problems"))["problems"][0]["cells"][0]
    community = cell // 1000 * 1000
    with watched(browser, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/?face=plan&f.sel={plan}&f.bench={community}")
        desk = Desk(page, plan)
        _brush_and_rectangle(desk, api, cell)
        _split_and_merge(desk, api, community)
        _into_a_new_cell(desk, api, community)
        _lock_by_keys(desk, api, community)
        drawn = moves_of(api, plan)
        for _ in range(5):
            _press(desk, api, "Control+z", "重做")
        expect(page.get_by_role("button", name="撤销")).to_be_disabled()
        assert moves_of(api, plan) == {}
        for _ in range(5):
            _press(desk, api, "Control+Shift+Z", "撤销")
        expect(page.get_by_role("button", name="重做")).to_be_disabled()
        assert moves_of(api, plan) == drawn
        desk.agrees(api, community)


def _press(desk: Desk, api: httpx.Client, keys: str, other: str) -> None:
    """Undo or redo, and wait until both sides have done it."""
    path = f"/plans/{desk.plan}"
    before = answer(api.get(path))["revision"]
    desk.page.keyboard.press(keys)
    wait_until(lambda: answer(api.get(path))["revision"] > before)
    expect(desk.page.get_by_role("button", name=other)).to_be_enabled()


def _a_neighbour(desk: Desk, api: httpx.Client, cell: int) -> Unit:
    """A unit of another cell that borders on this one, and may move."""
    community = cell // 1000 * 1000
    rows = cells_of(api, desk.plan, community)
    near = neighbours(bench_of(api, desk.plan, community), cell)
    return next(unit for unit in near if rows[unit["cell"]]["free"])


def _accepted(desk: Desk, api: httpx.Client, unit: Unit, cell: int) -> None:
    """What waits is accepted with Enter, this unit among it."""
    expect(desk.page.locator(".tool-pending")).to_be_visible()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".tool-pending")).to_have_count(0)
    assert moves_of(api, desk.plan)[unit["unit_id"]] == cell


def _brush_and_rectangle(desk: Desk, api: httpx.Client, cell: int) -> None:
    """Both put what they cover into the chosen cell."""
    page = desk.page
    desk.row(cell).locator(".bench-cell").click()
    page.keyboard.press("b")
    page.keyboard.press("[")
    expect(page.locator(".tool-size")).to_contain_text("2/5")
    brushed = _a_neighbour(desk, api, cell)
    page.mouse.move(*desk.middle_of(brushed))
    page.mouse.down()
    page.mouse.up()
    _accepted(desk, api, brushed, cell)
    page.keyboard.press("l")
    page.keyboard.press("l")
    expect(page.locator("[data-tool=lasso]")).to_contain_text("框选")
    framed = _a_neighbour(desk, api, cell)
    corners = [desk.at(lon, lat) for lon, lat in framed["rings"][0]]
    page.mouse.move(*(min(ways) - 3 for ways in zip(*corners, strict=True)))
    page.mouse.down()
    page.mouse.move(*(max(ways) + 3 for ways in zip(*corners, strict=True)), steps=4)
    page.mouse.up()
    _accepted(desk, api, framed, cell)


def _split_and_merge(desk: Desk, api: httpx.Client, community: int) -> None:
    """A cell in two, and one again."""
    page, choice = desk.page, desk.page.locator(".tool-choice select")
    rows = cells_of(api, desk.plan, community)
    cell = max((row for row in rows.values() if row["free"]), key=lambda row: row["load"])["code"]
    page.keyboard.press("s")
    choice.select_option(str(cell))
    page.get_by_role("button", name=f"拆分网格 {number_of(cell)}").click()
    new = max(rows) + 1
    expect(desk.row(new).locator("[data-figure=load]")).to_be_visible()
    page.locator("[data-tool=merge]").click()
    choice.select_option(str(cell))
    expect(page.locator(".tool-choice")).to_contain_text(f"并入 {number_of(cell)}")
    choice.select_option(str(new))
    expect(desk.row(new).locator("[data-figure=load]")).to_have_count(0)
    assert new not in cells_of(api, desk.plan, community)


def _into_a_new_cell(desk: Desk, api: httpx.Client, community: int) -> None:
    """Straight from the map into a cell that is not there yet: the community's next number."""
    page = desk.page
    rows = cells_of(api, desk.plan, community)
    new = max(rows) + 1
    page.locator("[data-tool=click]").click()
    page.locator(".plan-tools").get_by_role("button", name="新网格").click()
    expect(page.locator(".tool-hint")).to_contain_text(f"新网格 {number_of(new)}")
    heaviest = max((row for row in rows.values() if row["free"]), key=lambda row: row["load"])
    units = bench_of(api, desk.plan, community)["units"]
    unit = next(unit for unit in units if unit["cell"] == heaviest["code"])
    desk.click(unit)
    expect(desk.figure(new, "households")).to_have_text(f"{unit['households']:,.0f}")
    submit = page.locator(".plan-steps").get_by_role("button", name="提交审核")
    expect(submit).to_be_disabled()  # it would leave out what waits
    _accepted(desk, api, unit, new)
    expect(desk.row(new)).to_contain_text("新")
    expect(desk.row(new + 1)).to_be_visible()
    expect(submit).to_be_enabled()


def _lock_by_keys(desk: Desk, api: httpx.Client, community: int) -> None:
    """The arrows step from unit to unit, Space locks the cell of the one that is stood on."""
    page = desk.page
    bench = bench_of(api, desk.plan, community)
    page.locator(".plan-map").focus()
    page.keyboard.press("Escape")
    page.mouse.move(*desk.middle_of(bench["units"][0]))
    page.keyboard.press("k")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
    for is_locked in (True, False):
        page.keyboard.press(" ")
        pressed = desk.page.locator(".bench-lock.on")
        expect(pressed).to_have_count(int(is_locked))
        assert len(answer(api.get(f"/plans/{desk.plan}"))["locks"]) == int(is_locked)
