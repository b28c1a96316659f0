"""A planner's screen in tests: what the API says of a plan, and where things are on its map."""

import math
import re
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests import staff
from tests.chromium import Watch

TILE_PX = 256
DISTRICT = 620_111_000_000_000
STREET = 620_111_101_000_000
PLANNER = "planner_hongu"
# A job compiles its kernel when it is the first of its process.
JOB_PATIENCE_MS = 120_000

Unit = dict[str, Any]


def answer(said: httpx.Response) -> Any:
    """An answer that must be there."""
    assert said.status_code < 300, said.text
    return said.json()


def plan_of(api: httpx.Client, title: str, area: int) -> int:
    """A draft, begun without the page; its number."""
    made = answer(api.post("/plans", json={"title": title, "area_code": area}))
    return int(made["id"])


def change(api: httpx.Client, plan: int, path: str, **body: object) -> Any:
    """Something done to a plan as it stands."""
    revision = answer(api.get(f"/plans/{plan}"))["revision"]
    headers = {"If-Match": f'"{revision}"'}
    return answer(api.post(f"/plans/{plan}/{path}", json=body, headers=headers))


def bench_of(api: httpx.Client, plan: int, community: int) -> Any:
    """A community as it is edited."""
    return answer(api.get(f"/plans/{plan}/communities/{community}"))


def moves_of(api: httpx.Client, plan: int) -> dict[int, int]:
    """Unit -> cell of everything that a plan moves."""
    found = answer(api.get(f"/plans/{plan}/moves"))
    return dict(zip(found["unit_id"], found["after"], strict=True))


def sign_in(page: Page, watch: Watch, name: str) -> None:
    """By hand, where the page asks for it."""
    page.locator("input[name=user]").fill(name)
    page.locator("input[name=password]").fill(staff.PASSWORD)
    page.locator("form button[type=submit]").click()
    expect(page.locator(".plan-frame")).to_be_visible()
    forgive(watch, 401)


def number_of(cell: int) -> str:
    """The number of a cell inside its community, as it is written on a sign."""
    return f"{cell % 1000:03}"


def forgive(watch: Watch, status: int) -> None:
    """What the server refused on purpose, the browser logs as an error."""
    watch.errors[:] = [text for text in watch.errors if f"status of {status}" not in text]


def cells_of(api: httpx.Client, plan: int, community: int) -> dict[int, dict[str, Any]]:
    """The API's figures of a community's cells, row by row."""
    columns = answer(api.get(f"/plans/{plan}/cells", params={"area": community}))
    names = ["code", "load", "deviation", "households", "compactness", "pieces", "free"]
    rows = zip(*(columns[name] for name in names), strict=True)
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def world_px(lon: float, lat: float, zoom: int) -> tuple[float, float]:
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
        x, y = world_px(lon, lat, zoom)
        cx, cy = world_px(float(found.group(3)), float(found.group(2)), zoom)
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
        for code, row in cells_of(api, self.plan, community).items():
            expect(self.figure(code, "load")).to_have_text(f"{row['load']:,.0f}")
            expect(self.figure(code, "households")).to_have_text(f"{row['households']:,.0f}")
            expect(self.figure(code, "compactness")).to_have_text(f"{row['compactness']:.2f}")
            if row["free"]:
                expect(self.figure(code, "deviation")).to_have_text(percent(row["deviation"]))


def percent(share: float) -> str:
    """A deviation as the page writes it."""
    rounded = math.floor(share * 100 + 0.5)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return f"{sign}{abs(rounded)} %"


def neighbours(bench: Any, cell: int, other: int | None = None) -> list[Unit]:
    """Units of other cells (or of one other cell) that share a passable border with a cell."""
    units = bench["units"]
    found = {}
    for one, two, _, _, passable in bench["borders"]:
        for inner, outer in ((one, two), (two, one)):
            fits = units[outer]["cell"] != cell and other in (None, units[outer]["cell"])
            if passable and units[inner]["cell"] == cell and fits:
                found[outer] = units[outer]
    return list(found.values())
