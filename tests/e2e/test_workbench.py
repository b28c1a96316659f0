"""Drawing on a plan in real Chromium over a real server: the page shows what the API says."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.chromium import watched
from tests.e2e.desk import (
    DISTRICT,
    PLANNER,
    Desk,
    Unit,
    answer,
    bench_of,
    cells_of,
    neighbours,
    plan_of,
    sign_in,
)
from tests.server import ServerProcess

PATIENCE_MS = 20_000


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


def _worst(api: httpx.Client, plan: int) -> tuple[int, int]:
    """The cell that is farthest off, and its community."""
    cell: int = answer(api.get(f"/plans/{plan}/problems"))["problems"][0]["cells"][0]
    return cell, cell // 1000 * 1000


def _revision(api: httpx.Client, plan: int) -> int:
    return int(answer(api.get(f"/plans/{plan}"))["revision"])


def test_units_change_cells_by_hand(
    server: ServerProcess, browser: Browser, api: httpx.Client
) -> None:
    """Sign in, next problem, pick, click, lasso, accept, undo, redo, lock: figures as the API's."""
    plan = plan_of(api, "红古区网格调整", DISTRICT)
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={plan}")
        sign_in(page, watch, PLANNER)
        expect(page.locator(".plan-legend")).to_be_visible()
        desk = Desk(page, plan)

        # The next problem is the first of the list, and opens its community.
        cell, community = _worst(api, plan)
        expect(page.locator(".plan-problem").first).to_be_visible()
        page.keyboard.press("n")
        expect(page).to_have_url(re.compile(f"f\\.bench={community}"))
        expect(desk.row(cell)).to_be_visible()
        bench = bench_of(api, plan, community)
        desk.agrees(api, community)

        # The lightest neighbour takes a unit of the heaviest cell.
        rows = cells_of(api, plan, community)
        near = {unit["cell"] for unit in neighbours(bench, cell) if rows[unit["cell"]]["free"]}
        target = min(near, key=lambda code: rows[code]["load"])
        wanted = neighbours(bench, target, cell)[0]
        desk.row(target).locator(".bench-cell").click()
        expect(desk.row(target).locator(".bench-cell")).to_have_attribute("aria-pressed", "true")
        households = rows[target]["households"] + wanted["households"]
        _click_and_drop(desk, api, wanted, (target, households))
        desk.agrees(api, community)
        shown = _lasso_and_accept(desk, api, wanted, target)
        desk.agrees(api, community)
        _undo_and_redo(desk, api, target, shown)
        desk.agrees(api, community)
        _lock_and_let_go(desk, api, target)


def _click_and_drop(desk: Desk, api: httpx.Client, unit: Unit, then: tuple[int, float]) -> None:
    """A click is pending until it is accepted; Escape takes it back."""
    page = desk.page
    page.keyboard.press("c")
    before = _revision(api, desk.plan)
    desk.click(unit)
    expect(page.locator(".tool-pending")).to_contain_text("1 个地块")
    expect(desk.figure(then[0], "households")).to_have_text(f"{then[1]:,.0f}")
    assert _revision(api, desk.plan) == before
    page.keyboard.press("Escape")
    expect(page.locator(".tool-pending")).to_have_count(0)


def _lasso_and_accept(desk: Desk, api: httpx.Client, unit: Unit, target: int) -> str:
    """Figures move while the pointer is down; what they show then is what is accepted."""
    page = desk.page
    before = desk.figure(target, "load").inner_text()
    page.keyboard.press("l")
    desk.lasso(unit)
    expect(page.locator(".tool-pending")).to_be_visible()
    expect(desk.figure(target, "load")).not_to_have_text(before)
    shown = desk.figure(target, "load").inner_text()
    page.mouse.up()
    page.keyboard.press("Enter")
    expect(page.locator(".tool-pending")).to_have_count(0)
    expect(desk.figure(target, "load")).to_have_text(shown)
    moves = answer(api.get(f"/plans/{desk.plan}/moves"))
    assert unit["unit_id"] in moves["unit_id"]
    assert set(moves["after"]) == {target}
    page.get_by_role("tab", name="划转").click()
    expect(page.locator(".bench-change").first).to_contain_text(f"→ {target % 1000:03}")
    page.get_by_role("tab", name="社区网格").click()
    return shown


def _undo_and_redo(desk: Desk, api: httpx.Client, target: int, shown: str) -> None:
    """Both go through the server, and end where they began."""
    path = f"/plans/{desk.plan}/moves"
    before = answer(api.get(path))
    desk.page.keyboard.press("Control+z")
    expect(desk.page.get_by_role("button", name="重做")).to_be_enabled()
    assert answer(api.get(path))["unit_id"] == []
    expect(desk.figure(target, "load")).not_to_have_text(shown)
    desk.page.keyboard.press("Control+Shift+Z")
    expect(desk.figure(target, "load")).to_have_text(shown)
    expect(desk.page.get_by_role("button", name="撤销")).to_be_enabled()
    assert answer(api.get(path)) | {"revision": 0} == before | {"revision": 0}


def _lock_and_let_go(desk: Desk, api: httpx.Client, cell: int) -> None:
    """A locked cell neither gives nor takes."""
    for press, is_locked in ((re.compile("^锁定网格"), True), (re.compile("^解锁网格"), False)):
        desk.row(cell).get_by_role("button", name=press).click()
        if is_locked:
            expect(desk.row(cell).locator(".bench-cell")).to_be_disabled()
        else:
            expect(desk.row(cell).locator(".bench-cell")).to_be_enabled()
        locks = answer(api.get(f"/plans/{desk.plan}"))["locks"]
        assert locks == ([cell] if is_locked else [])


def _one_that_cuts(bench: Any) -> tuple[int, Unit] | None:
    """A unit whose move into a neighbouring cell leaves its own in pieces, and that cell."""
    units = bench["units"]
    near: dict[int, set[int]] = {i: set() for i in range(len(units))}
    for one, two, _, _, passable in bench["borders"]:
        if passable:
            near[one].add(two)
            near[two].add(one)
    for i, unit in enumerate(units):
        rest = {j for j, other in enumerate(units) if other["cell"] == unit["cell"]} - {i}
        others = {units[j]["cell"] for j in near[i]} - {unit["cell"]}
        if others and rest and _reached(near, rest) != rest:
            return others.pop(), unit
    return None


def _reached(near: dict[int, set[int]], among: set[int]) -> set[int]:
    seen = {next(iter(among))}
    queue = list(seen)
    while queue:
        fresh = (near[queue.pop()] & among) - seen
        seen |= fresh
        queue += fresh
    return seen


def test_a_cell_that_is_cut_is_told_at_once_and_mended(
    server: ServerProcess, browser: Browser, api: httpx.Client
) -> None:
    """Warned while pending, accepted with its fault, and put together again by one press."""
    plan = plan_of(api, "红古区网格调整", DISTRICT)
    codes = answer(api.get(f"/plans/{plan}/cells"))["community_code"]
    found = ((code, _one_that_cuts(bench_of(api, plan, code))) for code in sorted(set(codes)))
    community, (target, unit) = next((code, cut) for code, cut in found if cut is not None)
    with watched(browser, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/?face=plan&f.sel={plan}&f.bench={community}&f.tool=click")
        desk = Desk(page, plan)
        expect(desk.row(target)).to_be_visible()
        desk.row(target).locator(".bench-cell").click()
        desk.click(unit)
        cut = unit["cell"]
        expect(page.locator(".tool-warning")).to_contain_text(f"{cut % 1000:03}")
        expect(desk.row(cut)).to_contain_text("片")
        page.keyboard.press("Enter")
        expect(page.locator(".tool-pending")).to_have_count(0)
        expect(page.locator(".tool-warning")).to_contain_text("不成一片")
        assert cells_of(api, plan, community)[cut]["pieces"] > 1
        page.get_by_role("button", name="一键修复").click()
        expect(page.locator(".tool-warning")).to_have_count(0)
        assert all(row["pieces"] == 1 for row in cells_of(api, plan, community).values())
        desk.agrees(api, community)
