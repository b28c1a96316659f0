"""The planner's workbench in real Chromium: from the worst cells to published boundaries."""

import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import staff
from tests.chromium import watched
from tests.e2e.desk import (
    JOB_PATIENCE_MS,
    PLANNER,
    STREET,
    answer,
    change,
    forgive,
    number_of,
    plan_of,
    sign_in,
)
from tests.server import ServerProcess
from tests.waiting import wait_until

PATIENCE_MS = 20_000


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


def _figure(page: Page, measure: str, column: int) -> Locator:
    """A measure as the left panel shows it: 1 today, 2 draft."""
    return page.locator(f".plan-measures tr[data-measure={measure}] > *").nth(column)


def _share(value: float) -> str:
    return f"{value * 100:.1f} %"


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
        sign_in(page, watch, PLANNER)
        number = _begin(page, "海石湾镇均衡")
        plan = f"/plans/{number}"

        worst = answer(api.get(f"{plan}/problems"))
        first = worst["problems"][0]
        row = page.locator(".plan-problem").first
        expect(row).to_contain_text(number_of(first["cells"][0]))
        expect(row).to_contain_text(f"{abs(first['deviation']) * 100:.0f} %")
        row.click()
        expect(page).to_have_url(re.compile(rf"f\.bench={first['cells'][0] // 1000 * 1000}"))

        _balance(page)
        found = answer(api.get(f"{plan}/measures"))
        assert found["draft"]["within_15"] > found["today"]["within_15"]
        expect(_figure(page, "within_15", 1)).to_have_text(_share(found["today"]["within_15"]))
        expect(_figure(page, "within_15", 2)).to_have_text(_share(found["draft"]["within_15"]))
        expect(_figure(page, "moved", 2)).to_have_text(_share(found["draft"]["moved"]))
        expect(page.locator(".plan-measures [data-measure=within_15] .plan-better")).to_be_visible()

        page.locator(".plan-steps").get_by_role("button", name="提交审核").click()
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("审核中")
        expect(page.locator(".plan-steps")).to_contain_text("须由未参与绘制的人批准")
        expect(page.locator(".plan-steps").get_by_role("button", name="批准")).to_have_count(0)
        seen = answer(api.get(plan))
        tag = {"If-Match": f'"{seen["revision"]}"'}
        refused = api.post(f"{plan}/steps", json={"step": "approve"}, headers=tag)
        assert refused.status_code == 409 and "plan-own-approval" in refused.json()["type"]

    cells = answer(api.get(f"{plan}/cells"))
    changed = [code for code, is_so in zip(cells["code"], cells["changed"], strict=True) if is_so]
    before = answer(api.get(f"/areas/{changed[0]}/boundary"))
    with watched(browser, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/?face=plan&f.sel={number}&f.tab=life")
        page.locator(".plan-steps").get_by_role("button", name="批准").click()
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("已批准")
        page.locator(".plan-steps").get_by_role("button", name="发布…").click()
        page.locator("dialog.dialog").get_by_role("button", name="立即发布").click()
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("已发布")
        published = answer(api.get(plan))
        assert set(published["effects"]["changed_cells"]) <= set(changed)
        redrawn = page.locator(".plan-after dd").first
        expect(redrawn).to_have_text(str(len(published["effects"]["changed_cells"])))
        version = published["boundary_version"]
        with page.expect_request(re.compile(rf"/tiles/cells/.*v={version}")):
            page.get_by_role("button", name="在态势图上查看").click()
        expect(page.locator(".face-frame, .plan-frame")).to_have_count(0)
    after = answer(api.get(f"/areas/{changed[0]}/boundary"))
    assert after["geometry"] != before["geometry"]


def test_what_was_published_meanwhile_is_shown_and_taken_in(
    server: ServerProcess, browser: Browser, api: httpx.Client
) -> None:
    """Two plans move the same unit; the second sees where the first took it, and keeps its own."""
    first, second = plan_of(api, "先发布的", STREET), plan_of(api, "后来的", STREET)
    cell, beside = answer(api.get(f"/plans/{first}/cells"))["code"][:2]
    unit = change(api, first, "edits", kind="split", cell_code=cell)["moves"][0]
    moves = [{"unit_id": unit["unit_id"], "cell_code": beside}]
    change(api, second, "edits", kind="move", moves=moves)
    change(api, first, "steps", step="submit")
    with staff.Client(base_url=f"{server.base_url}/api/v1") as admin:
        change(admin, first, "steps", step="approve")
        change(admin, first, "steps", step="publish")
    wait_until(lambda: answer(api.get(f"/plans/{first}"))["state"] == "published")

    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={second}")
        sign_in(page, watch, PLANNER)
        stands = page.locator(".plan-stands")
        expect(stands).to_contain_text("现行边界")
        stands.get_by_role("button", name="更新到现行边界").click()
        cells = stands.locator("tbody tr > *")
        expect(cells.first).to_have_text(str(unit["unit_id"]))
        for column, code in enumerate((cell, unit["after"], beside), start=1):
            expect(cells.nth(column)).to_contain_text(number_of(code))
        forgive(watch, 409)
        stands.get_by_role("button", name="保留本方案").click()
        expect(stands).to_have_count(0)
        page.get_by_role("tab", name="流程").click()
        expect(page.locator(".timeline")).to_contain_text("更新到现行边界")


def test_the_gate_says_what_is_wrong_and_where(
    server: ServerProcess, browser: Browser, api: httpx.Client
) -> None:
    """A unit far from the cell that it was given to: refused in words, one click away."""
    number = plan_of(api, "有问题的", STREET)
    worst = answer(api.get(f"/plans/{number}/problems"))["problems"][0]
    community = worst["cells"][0] // 1000 * 1000
    bench = answer(api.get(f"/plans/{number}/communities/{community}"))
    around = {bench["units"][other]["cell"] for one, other, *_ in bench["borders"] if one == 0}
    around |= {bench["units"][one]["cell"] for one, other, *_ in bench["borders"] if other == 0}
    far = next(cell["code"] for cell in bench["cells"] if cell["code"] not in around)
    moves = [{"unit_id": bench["units"][0]["unit_id"], "cell_code": far}]
    change(api, number, "edits", kind="move", moves=moves)
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={number}")
        sign_in(page, watch, PLANNER)
        page.locator(".plan-steps").get_by_role("button", name="提交审核").click()
        stands = page.locator(".plan-stands")
        expect(stands).to_contain_text("未通过校验")
        forgive(watch, 422)
        stands.get_by_role("button", name=re.compile(f"不连片.*{number_of(far)}")).click()
        expect(page).to_have_url(re.compile(rf"f\.bench={community}"))
        expect(page.locator(".plan-headline .plan-chip")).to_have_text("草案")


def test_a_comment_a_comparison_and_a_street_on_paper(
    server: ServerProcess, browser: Browser, api: httpx.Client
) -> None:
    """Said of a place and settled; two plans side by side; one A4 page with the API's figures."""
    number, other = plan_of(api, "海石湾镇方案", STREET), plan_of(api, "不动的", STREET)
    cell = answer(api.get(f"/plans/{number}/cells"))["code"][0]
    change(api, number, "edits", kind="split", cell_code=cell)
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={number}&f.tab=talk")
        sign_in(page, watch, PLANNER)
        panel = page.locator(".plan-panel")
        # The map goes to the plan once the plan is known; its middle is a place in it then.
        expect(page.locator(".plan-legend")).to_be_visible()
        panel.get_by_role("button", name="在地图上加批注").click()
        panel.get_by_role("button", name="用地图中心").click()
        panel.locator("#p-say").fill("河边不宜划入 <b>")
        panel.get_by_role("button", name="添加").click()
        said = panel.locator(".plan-comments li")
        expect(said).to_contain_text("河边不宜划入 <b>")
        said.get_by_role("button", name="标为已处理").click()
        expect(said.get_by_role("button", name="重新打开")).to_be_visible()
        (kept,) = answer(api.get(f"/plans/{number}/comments"))["comments"]
        assert kept["text"] == "河边不宜划入 <b>" and kept["resolved_at"] is not None

        page.get_by_role("tab", name="比较").click()
        panel.locator("#p-with").select_option(str(other))
        beside = answer(api.get(f"/plans/{number}/compare/{other}"))
        expect(panel.locator("h3")).to_have_text(f"{len(beside['cells'])} 个网格不同")
        cells = panel.locator("tr[data-measure=cells] > *")
        expect(cells.nth(1)).to_have_text(str(beside["other"]["cells"]))
        expect(cells.nth(2)).to_have_text(str(beside["mine"]["cells"]))

        page.evaluate("window.print = () => undefined")
        page.get_by_role("tab", name="文件").click()
        panel.get_by_role("button", name="打印").click()
        sheet = page.locator(".street-sheet")
        expect(sheet).to_be_attached()
        page.emulate_media(media="print")
        expect(page.locator(".shell")).to_be_hidden()
        report = answer(api.get(f"/plans/{number}/streets/{STREET}/report"))
        expect(sheet.locator("h1")).to_have_text(f"{report['name']}网格调整")
        expect(sheet).to_contain_text("演示数据")
        expect(sheet.locator(".street-map").last.locator("path")).to_have_count(
            len(report["outlines_draft"])
        )
        expect(sheet.locator(".street-moves li")).to_have_count(len(report["passages"]))
        expect(sheet.locator(".street-figures")).to_contain_text(
            f"{report['draft']['compactness']:.3f}"
        )
        paper = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_a_plan_goes_out_and_comes_in_with_what_does_not_fit(
    server: ServerProcess, browser: Browser, api: httpx.Client, tmp_path: Path
) -> None:
    """The file of a plan; the same without one cell: where the gap is; mended, it is a plan."""
    number = plan_of(api, "出去的", STREET)
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={number}&f.tab=files")
        sign_in(page, watch, PLANNER)
        panel = page.locator(".plan-panel")
        with page.expect_download() as waiting:
            panel.get_by_role("button", name="GeoJSON").click()
        drawn = json.loads(waiting.value.path().read_bytes())
        left_out = drawn["features"].pop()["properties"]["cell_code"]
        file = tmp_path / "drawn.geojson"
        file.write_text(json.dumps(drawn))

        panel.get_by_role("button", name="导入方案…").click()
        dialog = page.locator("dialog.dialog")
        dialog.locator("#i-file").set_input_files(file)
        dialog.locator("#i-title").fill("进来的")
        dialog.get_by_role("button", name="检查并导入").click()
        report = page.locator(".plan-import")
        expect(report).to_contain_text("没有导入")
        expect(report.locator("dt", has_text="缝隙")).to_be_visible()
        gap = report.get_by_role("button", name="缝隙").first
        here = page.url
        gap.click()
        expect(page).not_to_have_url(here)

        report.get_by_role("button", name="修复后再导入").click()
        expect(report).to_contain_text("已修复并导入为新方案")
        expect(page.locator(".plan-headline h1")).to_have_text("进来的")
        made = re.search(r"f\.sel=(\d+)", page.url)
        assert made is not None and int(made.group(1)) != number
        cells = answer(api.get(f"/plans/{made.group(1)}/cells"))
        assert left_out in cells["code"] or left_out in cells["dissolved"]["code"]
        assert cells["pieces"] == [1] * len(cells["pieces"])
        _other_forms(page, api, tmp_path, number)
        forgive(watch, 422)


def _other_forms(page: Page, api: httpx.Client, folder: Path, plan: int) -> None:
    """A file with several layers asks for one; the table of units is taken as it is."""
    panel, dialog = page.locator(".plan-panel"), page.locator("dialog.dialog")
    for form, layer in (("gpkg", "units"), ("csv", None)):
        file = folder / f"plan.{form}"
        file.write_bytes(api.get(f"/plans/{plan}/moves.{form}").content)
        panel.get_by_role("button", name="导入方案…").click()
        dialog.locator("#i-file").set_input_files(file)
        dialog.locator("#i-title").fill(f"由 {form}")
        dialog.get_by_role("button", name="检查并导入").click()
        if layer is not None:
            expect(dialog.locator("#i-layer option")).to_have_count(3)
            expect(dialog).to_contain_text("文件里有几个图层")
            dialog.locator("#i-layer").select_option(layer)
            dialog.get_by_role("button", name="检查并导入").click()
        expect(page.locator(".plan-headline h1")).to_have_text(f"由 {form}")
        expect(page.locator(".plan-import")).to_contain_text("已导入为新方案")
