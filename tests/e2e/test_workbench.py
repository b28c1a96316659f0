"""Drawing on a plan in real Chromium over a real server: the page shows what the API says."""

import math
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
DISTRICT = 620_111_000_000_000
PLANNER = "planner_bench"
TILE_PX = 256

Unit = dict[str, Any]


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


def _answer(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


def _begin(api: httpx.Client) -> int:
    """A draft of the whole district; its number."""
    made = api.post("/plans", json={"title": "红古区网格调整", "area_code": DISTRICT})
    return int(_answer(made)["id"])


def _worst(api: httpx.Client, plan: int) -> tuple[int, int]:
    """The cell that is farthest off, and its community."""
    cell: int = _answer(api.get(f"/plans/{plan}/problems"))["problems"][0]["cells"][0]
    return cell, cell // 1000 * 1000


def _bench(api: httpx.Client, plan: int, community: int) -> Any:
    return _answer(api.get(f"/plans/{plan}/communities/{community}"))


def _cells(api: httpx.Client, plan: int, community: int) -> dict[int, dict[str, Any]]:
    """The API's figures of a community's cells, row by row."""
    columns = _answer(api.get(f"/plans/{plan}/cells", params={"area": community}))
    names = ["code", "load", "deviation", "households", "compactness", "pieces", "free"]
    rows = zip(*(columns[name] for name in names), strict=True)
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def _world_px(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Web Mercator, in px of the whole world at that zoom."""
    size = TILE_PX * 2.0**zoom
    sine = math.sin(math.radians(lat))
    y = 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    return (lon + 180) / 360 * size, y * size


class Desk:
    """The page with a plan open, and where things are on its map."""

    def __init__(self, page: Page, plan: int) -> None:
        self.page = page
        self.plan = plan

    def row(self, cell: int) -> Locator:
        """A cell in the panel of the community."""
        return self.page.locator(f"tr[data-cell='{cell}']")

    def figure(self, cell: int, name: str) -> Locator:
        """One figure of it."""
        return self.row(cell).locator(f"[data-figure={name}]")

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Where on the page a place is: the address says what the map shows."""
        expect(self.page).to_have_url(re.compile(r"f\.view="))
        found = re.search(r"f\.view=(\d+)_(-?[\d.]+)_(-?[\d.]+)", self.page.url)
        box = self.page.locator(".plan-map").bounding_box()
        assert found is not None
        assert box is not None
        zoom = int(found.group(1))
        x, y = _world_px(lon, lat, zoom)
        cx, cy = _world_px(float(found.group(3)), float(found.group(2)), zoom)
        return box["x"] + box["width"] / 2 + x - cx, box["y"] + box["height"] / 2 + y - cy

    def middle_of(self, unit: Unit) -> tuple[float, float]:
        """Where on the page a unit is (units of the demo are convex, or nearly)."""
        ring = unit["rings"][0][:-1]
        lon = sum(point[0] for point in ring) / len(ring)
        lat = sum(point[1] for point in ring) / len(ring)
        return self.at(lon, lat)

    def click(self, unit: Unit) -> None:
        """Click a unit on the map."""
        self.page.mouse.click(*self.middle_of(unit))

    def lasso(self, unit: Unit, margin_px: float = 4) -> None:
        """Draw a line around a unit on the map."""
        corners = [self.at(lon, lat) for lon, lat in unit["rings"][0]]
        left, right = (pick(x for x, _ in corners) for pick in (min, max))
        top, bottom = (pick(y for _, y in corners) for pick in (min, max))
        line = [
            (left - margin_px, top - margin_px), (right + margin_px, top - margin_px),
            (right + margin_px, bottom + margin_px), (left - margin_px, bottom + margin_px),
        ]  # fmt: skip
        self.page.mouse.move(*line[0])
        self.page.mouse.down()
        for x, y in line[1:]:
            self.page.mouse.move(x, y, steps=6)

    def agrees(self, api: httpx.Client, community: int) -> None:
        """Every figure of every cell as the API has it, to the digit that is shown."""
        for code, row in _cells(api, self.plan, community).items():
            expect(self.figure(code, "load")).to_have_text(f"{row['load']:,.0f}")
            expect(self.figure(code, "households")).to_have_text(f"{row['households']:,.0f}")
            expect(self.figure(code, "compactness")).to_have_text(f"{row['compactness']:.2f}")
            if row["free"]:
                expect(self.figure(code, "deviation")).to_have_text(_percent(row["deviation"]))


def _percent(share: float) -> str:
    rounded = math.floor(share * 100 + 0.5)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return f"{sign}{abs(rounded)} %"


def _neighbours(bench: Any, cell: int, other: int | None = None) -> list[Unit]:
    """Units of other cells (or of one other cell) that share a passable border with a cell."""
    units = bench["units"]
    found = {}
    for one, two, _, _, passable in bench["borders"]:
        for inner, outer in ((one, two), (two, one)):
            fits = units[outer]["cell"] != cell and other in (None, units[outer]["cell"])
            if passable and units[inner]["cell"] == cell and fits:
                found[outer] = units[outer]
    return list(found.values())


def _forgive(watch: Watch, status: int) -> None:
    """What the server refused on purpose, the browser logs as an error."""
    watch.errors[:] = [text for text in watch.errors if f"status of {status}" not in text]


def _revision(api: httpx.Client, plan: int) -> int:
    return int(_answer(api.get(f"/plans/{plan}"))["revision"])


def test_units_change_cells_by_hand(
    server: ServerProcess, browser: Browser, api: httpx.Client
) -> None:
    """Sign in, next problem, pick, click, lasso, accept, undo, redo, lock: figures as the API's."""
    plan = _begin(api)
    with watched(browser) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=plan&f.sel={plan}")
        page.locator("input[name=user]").fill(PLANNER)
        page.locator("input[name=password]").fill(staff.PASSWORD)
        page.locator("form button[type=submit]").click()
        expect(page.locator(".plan-legend")).to_be_visible()
        _forgive(watch, 401)
        desk = Desk(page, plan)

        # The next problem is the first of the list, and opens its community.
        cell, community = _worst(api, plan)
        expect(page.locator(".plan-problem").first).to_be_visible()
        page.keyboard.press("n")
        expect(page).to_have_url(re.compile(f"f\\.bench={community}"))
        expect(desk.row(cell)).to_be_visible()
        bench = _bench(api, plan, community)
        desk.agrees(api, community)

        # The lightest neighbour takes a unit of the heaviest cell.
        rows = _cells(api, plan, community)
        near = {unit["cell"] for unit in _neighbours(bench, cell) if rows[unit["cell"]]["free"]}
        target = min(near, key=lambda code: rows[code]["load"])
        wanted = _neighbours(bench, target, cell)[0]
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
    moves = _answer(api.get(f"/plans/{desk.plan}/moves"))
    assert unit["unit_id"] in moves["unit_id"]
    assert set(moves["after"]) == {target}
    page.get_by_role("tab", name="划转").click()
    expect(page.locator(".bench-change").first).to_contain_text(f"→ {target % 1000:03}")
    page.get_by_role("tab", name="社区网格").click()
    return shown


def _undo_and_redo(desk: Desk, api: httpx.Client, target: int, shown: str) -> None:
    """Both go through the server, and end where they began."""
    path = f"/plans/{desk.plan}/moves"
    before = _answer(api.get(path))
    desk.page.keyboard.press("Control+z")
    expect(desk.page.get_by_role("button", name="重做")).to_be_enabled()
    assert _answer(api.get(path))["unit_id"] == []
    expect(desk.figure(target, "load")).not_to_have_text(shown)
    desk.page.keyboard.press("Control+Shift+Z")
    expect(desk.figure(target, "load")).to_have_text(shown)
    expect(desk.page.get_by_role("button", name="撤销")).to_be_enabled()
    assert _answer(api.get(path)) | {"revision": 0} == before | {"revision": 0}


def _lock_and_let_go(desk: Desk, api: httpx.Client, cell: int) -> None:
    """A locked cell neither gives nor takes."""
    for press, is_locked in ((re.compile("^锁定网格"), True), (re.compile("^解锁网格"), False)):
        desk.row(cell).get_by_role("button", name=press).click()
        if is_locked:
            expect(desk.row(cell).locator(".bench-cell")).to_be_disabled()
        else:
            expect(desk.row(cell).locator(".bench-cell")).to_be_enabled()
        locks = _answer(api.get(f"/plans/{desk.plan}"))["locks"]
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
    plan = _begin(api)
    codes = _answer(api.get(f"/plans/{plan}/cells"))["community_code"]
    found = ((code, _one_that_cuts(_bench(api, plan, code))) for code in sorted(set(codes)))
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
        assert _cells(api, plan, community)[cut]["pieces"] > 1
        page.get_by_role("button", name="一键修复").click()
        expect(page.locator(".tool-warning")).to_have_count(0)
        assert all(row["pieces"] == 1 for row in _cells(api, plan, community).values())
        desk.agrees(api, community)
