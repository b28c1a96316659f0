"""The city's own provider in real Chromium: an account is linked, and one steps up there."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import URL

from app.core.context import Context
from app.identity import accounts
from app.identity.rules import Role
from tests import staff
from tests.app.identity.ages import set_back
from tests.app.identity.canary import a_case
from tests.chromium import Watch, watched
from tests.oidc_provider import providing
from tests.server import ServerProcess, serving

PATIENCE_MS = 15_000
NAME = "desk_7"
SUBJECT = f"sub-{NAME}"


@pytest.fixture(autouse=True)
def patient() -> None:
    """The machine may be busy; waiting is for conditions, never for a time."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def beside(database: URL, own_context: Context) -> Iterator[ServerProcess]:
    """A server beside a provider; one account has no password here."""
    accounts.add_account(own_context.engine, NAME, None, area=staff.CITY)
    accounts.grant(own_context.engine, NAME, Role.PLANNER, staff.CITY)
    with (
        providing(NAME) as issuer,
        serving(
            database,
            MINQING_OIDC_ISSUER=issuer,
            MINQING_OIDC_CLIENT_ID="minqing",
            MINQING_OIDC_CLIENT_SECRET="a secret",
            MINQING_OIDC_NAME="市统一认证",
        ) as server,
    ):
        yield server


def _agree(page: Page, watch: Watch) -> None:
    """Sign in at the provider, whose own page would like a style sheet from elsewhere."""
    page.locator("input[name=sub]").fill(SUBJECT)
    page.get_by_role("button", name="Authorize").click()
    watch.outside[:] = [
        url for url in watch.outside if urlsplit(url).hostname != "cdn.jsdelivr.net"
    ]
    watch.errors[:] = [text for text in watch.errors if "cdn.jsdelivr.net" not in text]


def test_an_account_is_linked_signs_in_and_steps_up_there(
    beside: ServerProcess, browser: Browser, own_context: Context
) -> None:
    """Linked by an admin, in by the button, once more before an export and to go on from watching;
    then linked no longer."""
    case = a_case(staff.CITY, own_context.engine, "井盖")
    staff.post(f"{beside.base_url}/api/v1/incidents", json=case).raise_for_status()
    with watched(browser, server=beside) as (_, admin, _):
        admin.goto(f"{beside.base_url}/?face=users&f.sel={NAME}")
        side = admin.locator(".side")
        expect(side).to_contain_text("未关联")
        side.locator("#p-subject").fill(SUBJECT)
        side.get_by_role("button", name="关联", exact=True).click()
        expect(side).to_contain_text("关联已更改")

        with watched(browser) as (profile, page, watch):
            profile.route("https://cdn.jsdelivr.net/**", lambda route: route.abort())
            page.goto(f"{beside.base_url}/?face=cases")
            page.get_by_role("button", name="通过 市统一认证 登录").click()
            _agree(page, watch)
            expect(page.locator(".face-cases")).to_be_visible()
            watch.errors[:] = [text for text in watch.errors if "status of 401" not in text]

            (token,) = (c["value"] for c in profile.cookies() if c["name"] == "minqing")
            set_back(own_context, token, "seen_at", "15 minutes")
            page.locator(".watching-bar button").click()
            dialog = page.locator("dialog[open]")
            expect(dialog).to_contain_text("请再登录一次")
            expect(dialog.locator("input[type=password]")).to_have_count(0)
            dialog.get_by_role("button", name="通过 市统一认证 再次确认").click()
            _agree(page, watch)
            expect(page.locator(".face-cases")).to_be_visible()
            expect(page.locator(".watching-bar")).to_have_count(0)
            watch.errors[:] = [text for text in watch.errors if "status of 403" not in text]

        side.get_by_role("button", name="取消关联").click()
        side.get_by_role("button", name="取消关联并结束其全部会话").click()
        expect(side).to_contain_text("未关联")
