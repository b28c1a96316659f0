"""The working days of a year on the page: the notice, the trial, the taking, the mark on a case."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from app.core.db import make_engine
from app.identity.rules import Role
from tests import staff
from tests.app.incidents.test_calendar import YEAR, a_long_case, a_year, as_csv
from tests.chromium import watched
from tests.server import ServerProcess

PATIENCE_MS = 20_000


def a_case_of_next_year(server: ServerProcess) -> int:
    """The number of a case whose deadline lies in a year that is not taken."""
    engine = make_engine(server.database_url)
    url = f"{server.base_url}/api/v1/incidents"
    no = a_long_case(engine, lambda body: staff.post(url, json=body))
    engine.dispose()
    return no


def test_a_year_is_tried_taken_and_no_longer_provisional(
    server: ServerProcess, browser: Browser, tmp_path: Path
) -> None:
    """A file with a fault is refused by its line; mended, it says what moves before it is taken."""
    expect.set_options(timeout=PATIENCE_MS)
    no = a_case_of_next_year(server)
    given = a_year(YEAR, {"day": f"{YEAR}-12-25", "kind": "holiday", "note": "校对"})
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(as_csv(YEAR, given), encoding="utf-8")
    bad.write_text(as_csv(YEAR, given) + f"{YEAR}-12-25,holiday,\n", encoding="utf-8")
    with watched(browser, server=server) as (_, page, watch):
        page.goto(f"{server.base_url}/?face=cases&sel=i{no}")
        mark = page.locator(".case-clock .clock-provisional")
        expect(mark).to_contain_text("暂定")
        expect(page.locator(".print-sheet")).to_contain_text("≈ 暂定")
        page.goto(f"{server.base_url}/?face=standard&f.sel=calendar&f.year={YEAR}")
        side = page.locator(".face-side")
        expect(side.locator("h3").last).to_contain_text(f"{YEAR}: 预计 ≈ 暂定")
        expect(side.locator("tbody tr")).to_have_count(len(given["days"]) - 1)
        side.locator("#c-file").set_input_files(bad)
        side.locator("button[type=submit]").click()
        expect(side.locator("[role=alert]")).to_be_visible()
        line = len(given["days"]) + 3
        expect(side.locator(".found-faults li")).to_contain_text(f"line {line}, day")
        watch.errors[:] = [said for said in watch.errors if "status of 422" not in said]
        side.locator("#c-file").set_input_files(good)
        side.locator("button[type=submit]").click()
        expect(side.locator(".found-lead")).to_contain_text("可以采用")
        take = side.get_by_role("button", name=f"采用 {YEAR} 年安排")
        take.click()
        side.get_by_role("button", name="确定采用").click()
        expect(side.locator(".found-lead")).to_contain_text("已采用")
        expect(side.locator("h3").last).to_contain_text(f"{YEAR}: 本市采用")
        expect(side.locator("tbody")).to_contain_text(["校对"])
        shown = staff.get(f"{server.base_url}/api/v1/calendar/{YEAR}").json()
        assert (shown["source"], shown["is_provisional"]) == ("city", False)
        assert watch.errors == []


def test_the_notice_is_for_who_can_act(server: ServerProcess, browser: Browser) -> None:
    """Where a year should be taken now, its admin is told and led there; a duty officer is not."""
    expect.set_options(timeout=PATIENCE_MS)
    engine = make_engine(server.database_url)
    staff.add_account(engine, "desk_7", Role.DUTY_OFFICER, staff.CITY)
    officer = staff.headers_of(engine, "desk_7")["Cookie"]
    engine.dispose()
    year = staff.get(f"{server.base_url}/api/v1/calendar").json()["untaken_year"]
    with watched(browser, server=server) as (_, page, _):
        page.goto(f"{server.base_url}/?face=standard")
        expect(page.locator(".face-frame")).to_be_visible()
        notice = page.locator(".calendar-notice")
        if year is None:  # before October there is nothing to tell
            expect(notice).to_have_count(0)
            return
        expect(notice).to_contain_text(str(year))
        notice.get_by_role("button").click()
        expect(page.locator(".face-side h3").last).to_contain_text(f"{year}: 预计")
        expect(page.locator("#c-file")).to_be_visible()
    with watched(browser) as (context, page, _):
        name, _, value = officer.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": server.base_url}])
        page.goto(f"{server.base_url}/?face=standard&f.sel=calendar&f.year={year}")
        expect(page.locator(".face-side h3").last).to_contain_text(f"{year}: 预计")
        expect(page.locator(".calendar-notice")).to_have_count(0)
        expect(page.locator("#c-file")).to_have_count(0)
