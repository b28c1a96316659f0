"""The Watch page in real Chromium over a real server: what staff do with it."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import staff as httpx
from tests.chromium import watched
from tests.server import ServerProcess
from tests.waiting import wait_until

MAP = "main .map"
ROWS = "#incident-rows .row"
PATIENCE_MS = 15_000


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


def _open(page: Page, server: ServerProcess, query: str = "") -> None:
    page.goto(f"{server.base_url}/{query}")
    expect(page.locator(".legend")).to_be_visible()
    expect(page.locator("#incident-rows")).to_be_visible()


def _report(page: Page, title: str) -> None:
    """Report at the middle of the map, with the keyboard where a hand would use it."""
    page.keyboard.press("n")
    page.locator(MAP).click()
    page.locator("#f-category").fill("0192")
    page.keyboard.press("Enter")
    page.locator("#f-title").fill(title)
    page.locator("form button[type=submit]").click()


def _busy_place(server: ServerProcess) -> tuple[float, float]:
    """Where the newest case of the test city is: a view of it has a list to look at."""
    cases = httpx.get(f"{server.base_url}/api/v1/incidents", params={"limit": 1}).json()
    newest = cases["items"][0]
    return newest["lon"], newest["lat"]


def test_open_drill_report_and_see_it_arrive_elsewhere(
    server: ServerProcess, browser: Browser
) -> None:
    """The first journey: from the city down to a cell, a report, and a second screen."""
    lon, lat = _busy_place(server)
    close_up = f"?map=16/{lat:.5f}/{lon:.5f}&time=30d"
    title = f"垃圾满溢 {uuid4().hex[:6]}"
    with (
        watched(browser, server=server) as (_, reporter, _),
        watched(browser, server=server) as (_, viewer, _),
    ):
        _open(viewer, server, close_up)
        _open(reporter, server, "?time=30d")
        expect(reporter.get_by_text("演示数据").first).to_be_visible()

        # Drill: what lies under the pointer opens as a card, and its children lead further down.
        reporter.goto(f"{server.base_url}/?area=620111000000000&time=30d&sel=a620111000000000")
        card = reporter.locator("section.card")
        expect(card).to_contain_text("红古区")
        reporter.goto(f"{server.base_url}/{close_up}")
        expect(reporter.locator("#incident-rows, .empty").first).to_be_visible()
        reporter.locator(MAP).click()
        expect(card).to_be_visible()
        expect(reporter).to_have_url(re.compile("sel="))
        reporter.keyboard.press("Escape")

        _report(reporter, title)
        expect(card).to_contain_text(title)

        # Seen without being chased: a counter, not a jump.
        fresh = viewer.locator("button.fresh")
        expect(fresh).to_be_visible()
        expect(viewer.get_by_text(title)).to_have_count(0)
        fresh.click()
        expect(viewer.locator(ROWS).first).to_contain_text(title)


# What a screen shows beside its list had a path for each of its parts.
FIGURE_PATHS = re.compile(r"/api/v1/(figures|counts|histogram|clocks|heat/legend|staffing)\b")


def _figures_asked(page: Page) -> list[str]:
    """The paths of figures that a page asks for from now on."""
    asked: list[str] = []

    def note(url: str) -> None:
        if FIGURE_PATHS.search(url):
            asked.append(url)

    page.on("request", lambda request: note(request.url))
    return asked


def _report_garbage(server: ServerProcess, lon: float, lat: float) -> None:
    body = {
        "id": str(uuid4()), "category": "0110", "title": "路边垃圾", "description": "",
        "lon": lon, "lat": lat, "source": "patrol", "severity": 2,
    }  # fmt: skip
    assert httpx.post(f"{server.base_url}/api/v1/incidents", json=body).status_code == 201


@pytest.mark.parametrize("look", ["?time=30d&layers=cih", "?mode=wall", "?lang=en&time=7d"])
def test_one_request_brings_every_figure_of_a_refresh(
    server: ServerProcess, browser: Browser, look: str
) -> None:
    lon, lat = _busy_place(server)
    with watched(browser, server=server) as (context, page, _):
        asked = _figures_asked(page)
        page.goto(f"{server.base_url}/{look}")
        today = page.locator(".figures .figure-value").first
        expect(today).to_have_text(re.compile(r"^[0-9]"))
        before = int(today.inner_text().replace(",", ""))
        if "layers" in look:
            expect(page.locator(".legend")).to_contain_text("500")
        # Three reports, since a clock may run out beside one of them and is a refresh of its own.
        refreshes: list[int] = []
        for count in range(before + 1, before + 4):
            before_it = len(asked)
            _report_garbage(server, lon, lat)
            expect(today).to_have_text(f"{count:,}")
            assert "/api/v1/figures?" in asked[-1]
            # Others are of a map that still moves; none where an answer under way had it already.
            refreshes.append(asked[before_it:].count(asked[-1]))
        assert min(refreshes) <= 1, refreshes
        statuses: list[int] = []
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.responseReceivedExtraInfo", lambda got: statuses.append(got["statusCode"]))
        # Asked once more while nothing has changed, the answer is the one that the browser holds.
        again = "fetch(url).then((answer) => answer.json()).then((body) => body.head.today)"

        def keeps_it() -> bool:
            statuses.clear()
            assert page.evaluate(f"(url) => {again}", asked[-1]) == before + 3
            return 304 in statuses

        # At the turn of a minute the answer is another one.
        wait_until(keeps_it)


def test_text_of_a_case_is_only_text(server: ServerProcess, browser: Browser) -> None:
    """A title that is a script stays a title, in list, card and tooltip."""
    lon, lat = _busy_place(server)
    evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    httpx.post(
        f"{server.base_url}/api/v1/incidents",
        json={
            "id": str(uuid4()), "category": "0192", "title": evil, "description": evil,
            "lon": lon, "lat": lat, "source": "patrol", "severity": 4,
        },
    ).raise_for_status()  # fmt: skip
    with watched(browser, server=server) as (_, page, _):
        _open(page, server, f"?map=16/{lat:.5f}/{lon:.5f}&time=1h")
        title = page.title()
        row = page.locator(ROWS).first
        expect(row).to_contain_text(evil)
        row.click()
        expect(page.locator("section.card")).to_contain_text(evil)
        assert page.locator("img[src=x]").count() == 0
        assert page.title() == title


def test_the_address_is_the_state(server: ServerProcess, browser: Browser) -> None:
    """What one screen shows, another shows that is sent its address; back goes back."""
    with watched(browser, server=server) as (_, page, _):
        _open(page, server, "?time=7d&layers=coh&measure=density&lang=en")
        expect(page.locator("#time-presets [aria-checked=true]")).to_have_text(re.compile("7"))
        expect(page.locator(".legend")).to_contain_text("km²")
        page.locator(ROWS).first.click()
        expect(page.locator("section.card")).to_be_visible()
        expect(page).to_have_url(re.compile("sel="))
        address = page.url
        with watched(browser, server=server) as (_, other, _):
            other.goto(address)
            expect(other.locator("section.card h2")).to_have_text(
                page.locator("section.card h2").inner_text()
            )


def test_search_leads_to_a_place_and_to_a_case(server: ServerProcess, browser: Browser) -> None:
    """`/`, a name, Enter."""
    with watched(browser, server=server) as (_, page, _):
        _open(page, server, "?time=30d")
        page.keyboard.press("/")
        page.keyboard.type("海石湾")
        expect(page.locator("#search-hits [role=option]").first).to_contain_text("海石湾")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"map=|area="))


def test_when_the_server_goes_the_page_says_so_and_comes_back(
    server: ServerProcess, browser: Browser
) -> None:
    """The picture stays, with its time; nothing pretends to be live."""
    with watched(browser, server=server) as (context, page, watch):
        _open(page, server, "?time=30d")
        rows = page.locator(ROWS).count()
        context.set_offline(True)
        server.kill()
        expect(page.locator(".cut-banner")).to_be_visible(timeout=60_000)
        assert page.locator(ROWS).count() == rows
        page.close()  # or it tries again
        watch.errors.clear()  # the browser itself logs each refused connection


def test_a_phone_can_report(server: ServerProcess, browser: Browser) -> None:
    """390 x 844: the map, a sheet, targets of 44 px, nothing wider than the screen."""
    lon, lat = _busy_place(server)
    with watched(browser, 390, 844, server=server, has_touch=True) as (_, page, _):
        page.goto(f"{server.base_url}/?map=16/{lat:.5f}/{lon:.5f}&time=30d")
        button = page.get_by_role("button", name=re.compile("上报")).first
        expect(button).to_be_visible()
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        button.click()
        page.locator(MAP).tap(position={"x": 195, "y": 220})
        expect(page.locator("#f-title")).to_be_visible()
