"""Hostile texts on the page, in real Chromium: shown letter for letter, and nothing of them runs.

The page's own policy (CSP) is switched off, so that only the way it writes text protects it. A trap
is laid for every element that such a text could bring in; at the end it is seen to snap.
"""

import json

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests import staff
from tests.app.incidents.reports import LAT, LON, a_report
from tests.chromium import watched
from tests.payloads import RUNNING
from tests.server import ServerProcess

PATIENCE_MS = 30_000
# Notes whatever a text could bring in: elements that load or run, and attributes that listen.
TRAP = """
window.caught = [];
const bad = 'script, iframe, object, embed, base, style, meta[http-equiv], video, math,'
  + ' details[open][ontoggle], [srcdoc], a[href^="javascript" i], img[src="x"]';
const look = (node) => {
  if (!(node instanceof Element)) return;
  for (const one of [node, ...node.querySelectorAll('*')]) {
    const listens = [...one.attributes].some((attribute) => /^on/i.test(attribute.name));
    if (listens || one.matches(bad)) window.caught.push(one.outerHTML.slice(0, 200));
  }
};
document.addEventListener('DOMContentLoaded', () => new MutationObserver((changes) => {
  for (const change of changes) {
    change.addedNodes.forEach(look);
    if (change.type === 'attributes' && /^on/i.test(change.attributeName)) look(change.target);
  }
}).observe(document.documentElement, { childList: true, subtree: true, attributes: true }));
"""


def report_all(server: ServerProcess) -> dict[int, str]:
    """A case a text: as its title, its description and the reason of its refusal; by number."""
    found = {}
    with staff.Client(base_url=server.base_url, timeout=30) as client:
        for payload in RUNNING:
            report = a_report(title=payload.value, description=payload.value)
            answer = client.post("/api/v1/incidents", json=report)
            assert answer.status_code == 201, answer.text
            step = {"step": "refuse", "reason": payload.value}
            done = client.post(f"/api/v1/incidents/{report['id']}/steps", json=step)
            assert done.status_code == 200, done.text
            found[answer.json()["no"]] = answer.json()["title"]
    return found


def show_all(page: Page, numbers: dict[int, str]) -> None:
    """Load the list to its end."""
    more = page.locator("#incident-rows .more button")
    oldest = page.locator(f"#row-{min(numbers)}")
    while oldest.count() == 0:
        rows = page.locator("#incident-rows .row").count()
        more.click()
        page.wait_for_function(
            "before => document.querySelectorAll('#incident-rows .row').length > before", arg=rows
        )


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy."""
    expect.set_options(timeout=PATIENCE_MS)


def test_nothing_of_a_text_runs(server: ServerProcess, browser: Browser) -> None:
    """In the list, on the card with description and reason, and in what arrives by the stream."""
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    numbers = report_all(server)
    with watched(browser, server=server, bypass_csp=True) as (_, page, watch):
        page.on("dialog", dismiss)
        page.add_init_script(TRAP)
        page.goto(f"{server.base_url}/?map=17/{LAT}/{LON}&time=24h")
        expect(page.locator("#incident-rows")).to_be_visible()
        show_all(page, numbers)
        for no, title in numbers.items():
            row = page.locator(f"#row-{no}")
            assert row.locator(".row-title").text_content() == title
        # Cards: by a click on the row, each element once with each way out of a text.
        for no, title in list(numbers.items())[::3]:
            # The card may lie over the row.
            page.locator(f"#row-{no}").dispatch_event("click")
            card = page.locator("section.card")
            expect(card).to_contain_text(f"{no}")
            expect(card.locator(".timeline .reason").first).to_have_text(title)
            # Title, description and reason: the very letters, thrice.
            told = card.text_content() or ""
            assert told.count(title) >= 3, title
        # Live: one more while the page is open.
        fresh = a_report(title=RUNNING[1].value, description=RUNNING[2].value)
        staff.post(f"{server.base_url}/api/v1/incidents", json=fresh)
        expect(page.locator("button.fresh")).to_be_visible()
        page.locator("button.fresh").dispatch_event("click")
        assert page.evaluate("window.canary") is None
        assert page.evaluate("window.caught") == []
        assert dialogs == []
        assert not watch.errors and not watch.outside

        # The trap itself is seen to snap.
        page.evaluate(
            f"document.body.insertAdjacentHTML('beforeend', {json.dumps(RUNNING[1].value)})"
        )
        page.wait_for_function("window.canary === 1 && window.caught.length > 0")
        watch.errors.clear()
