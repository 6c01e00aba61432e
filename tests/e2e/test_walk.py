"""A new player's way through the site: sign up, play, unlock, and look at it from everywhere."""

import re

from playwright.sync_api import Page, expect

PASSWORD = "tidewick-lighthouse-7"


def test_from_the_first_coin_to_the_board(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Claim your name").click()
    page.get_by_label("Username").fill("dora.walks")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")

    page.get_by_role("link", name="Play", exact=True).click()
    page.get_by_role("button", name=re.compile("^Collect a coin")).click()
    expect(page.locator("#hud .told")).to_contain_text("10 coins more.")
    expect(page.locator("#toasts .toast", has_text="Unlocked: Finders Keepers")).to_have_count(1)
    expect(page).to_have_url(re.compile("/play/$"))
    page.get_by_role("button", name=re.compile("^Buy a power-up")).click()
    expect(page.locator("#hud .told")).to_contain_text("0 are left")
    page.get_by_role("button", name=re.compile("^Buy a power-up")).click()
    expect(page.locator("#hud .told")).to_contain_text("you have 0")
    page.get_by_role("button", name=re.compile("^Collect a big coin")).click()
    expect(page.locator("[data-coins]")).to_have_attribute("data-coins", "20")

    page.get_by_role("link", name="Achievements", exact=True).first.click()
    page.get_by_role("searchbox").fill("finders")
    card = page.locator("li[data-achievement=finders-keepers]")
    expect(page.locator("li[data-achievement]")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=finders"))
    expect(card).to_have_attribute("data-status", "unlocked")
    card.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Finders Keepers")
    expect(page.get_by_role("link", name="dora.walks")).to_be_visible()

    page.goto("/players/dora.walks/")
    expect(page.get_by_role("link", name="Finders Keepers")).to_be_visible()
    page.goto("/players/alice/")
    page.get_by_role("link", name="Compare with me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Side by side")
    page.goto("/leaderboards/coins/")
    expect(page.locator("[data-around] [data-player='dora.walks']")).to_have_attribute("data-score", "20")


def test_filters_stand_in_the_address_and_back_takes_them_away(page: Page) -> None:
    page.goto("/achievements/")
    everything = page.locator("li[data-achievement]").count()
    page.get_by_role("link", name=re.compile("^Coins")).click()
    expect(page).to_have_url(re.compile(r"category=coins"))
    expect(page.locator("li[data-achievement]")).not_to_have_count(everything)
    page.reload()
    expect(page.get_by_role("link", name=re.compile("^Coins"))).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("li[data-achievement]")).to_have_count(everything)


def test_leaving_the_search_does_not_ask_again(page: Page) -> None:
    """Or the results would be replaced under a click on one of them, and the click be lost."""
    page.goto("/achievements/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/achievements/?" in request.url else None)
    page.get_by_role("searchbox").fill("finders")
    expect(page.locator("li[data-achievement]")).to_have_count(1)
    page.get_by_role("searchbox").blur()
    page.get_by_label("Order").select_option("rarest")
    expect(page).to_have_url(re.compile("sort=rarest"))
    assert ["sort=rarest" in url for url in asked] == [False, True]
