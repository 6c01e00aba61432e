"""The choice of a language in the footer."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage


@pytest.mark.parametrize(("who", "javascript"), [("visitor", False), ("alice", True)])
def test_a_choice_leads_back_to_the_same_page_and_holds(open_page: OpenPage, who: str, javascript: bool) -> None:
    page = open_page(who, javascript=javascript)
    page.goto("/leaderboards/coins/?window=week")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert page.url.endswith("/leaderboards/coins/?window=week")
    expect(page.get_by_role("button", name="Deutsch")).to_have_attribute("aria-current", "true")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_what_is_polled_stays_in_the_language(open_page: OpenPage) -> None:
    page = open_page("alice", language="de-DE")
    page.goto("/leaderboards/coins/")
    with page.expect_response(lambda it: it.request.headers.get("hx-target") == "rows") as polled:
        page.evaluate("htmx.trigger('#rows', 'refresh')")
    assert "Dein Rang" in polled.value.text()
    expect(page.locator("#rows")).to_contain_text("Dein Rang")
