"""What players do, in a browser: sign up, log in, look around on the boards, choose the colours."""

import re

from playwright.sync_api import Page, expect

from gamify_site.ops.demo.accounts import ALICE
from tests.e2e.browsers import Problems
from tests.e2e.conftest import OpenPage

PASSWORD = "tidewick-lighthouse-7"
COINS = "/leaderboards/coins/"


def test_sign_up_leads_home_and_to_a_board(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Claim your name").click()
    page.get_by_label("Username").fill("charlie.new")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    page.get_by_label("Shown name").fill("Charlie Newcomer")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Gamify").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Charlie Newcomer")
    page.get_by_role("link", name="Coins", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Coins")
    expect(page.locator("[data-around]")).to_contain_text("You are not on this board yet")


def test_log_in_by_the_form_and_out_again(page: Page) -> None:
    page.goto(COINS)
    page.locator("[data-around]").get_by_role("link", name="Log in").click()
    page.get_by_label("Username").fill(ALICE.username)
    page.get_by_label("Password", exact=True).fill(ALICE.password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(re.compile(f"{COINS}$"))
    expect(page.locator("[data-around] [data-player=alice]")).to_have_attribute("aria-current", "true")
    page.get_by_label("Account of alice").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Sign up")).to_be_visible()


def test_a_wrong_password_is_said_and_the_name_kept(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(ALICE.username)
    page.get_by_label("Password", exact=True).fill("guessed")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator(".errorlist")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value(ALICE.username)


def test_log_in_by_one_click(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Log in as alice").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello, Alice")


def test_log_in_without_javascript(open_page: OpenPage) -> None:
    page = open_page(javascript=False)
    page.goto(f"/accounts/login/?next={COINS}")
    page.get_by_role("button", name="Log in as alice").click()
    expect(page.locator("[data-around] [data-player=alice]")).to_be_visible()


def test_logging_in_by_the_form_ends_nobody_elses_session(open_page: OpenPage) -> None:
    first, second = open_page("alice"), open_page()
    second.goto("/accounts/login/")
    second.get_by_label("Username").fill(ALICE.username)
    second.get_by_label("Password", exact=True).fill(ALICE.password)
    second.get_by_role("button", name="Log in", exact=True).click()
    expect(second.get_by_label("Account of alice")).to_be_visible()
    first.goto("/")
    expect(first.get_by_label("Account of alice")).to_be_visible()


def test_colours_are_chosen_and_kept(page: Page) -> None:
    page.goto("/")
    body, root = page.locator("body"), page.locator("html")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Colours: as the system").click()
    expect(root).to_have_attribute("data-theme", "light")
    expect(body).to_have_css("background-color", light)
    page.get_by_role("button", name="Colours: light").click()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(body).not_to_have_css("background-color", light)
    page.goto(COINS)
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Colours: dark").click()
    expect(root).not_to_have_attribute("data-theme", re.compile(".*"))
    expect(body).to_have_css("background-color", light)


def test_without_a_choice_colours_follow_the_system(open_page: OpenPage) -> None:
    page = open_page(theme="dark")
    page.goto("/")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).not_to_have_css("background-color", dark)


def test_windows_of_a_board_and_back(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto(COINS)
    windows = page.get_by_role("navigation", name="Windows")
    expect(windows.locator("[aria-current]")).to_have_text("All time")
    windows.get_by_role("link", name="Month").click()
    expect(page).to_have_url(re.compile(r"\?window=month$"))
    expect(windows.locator("[aria-current]")).to_have_text("Month")
    page.go_back()
    expect(windows.locator("[aria-current]")).to_have_text("All time")


def test_choosing_a_period_shows_it(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto(f"{COINS}?window=month")
    before = page.get_by_label("Period", exact=True).locator("option").nth(1).get_attribute("value")
    assert before
    page.get_by_label("Period", exact=True).select_option(before)
    expect(page).to_have_url(re.compile(f"period={before}"))
    expect(page.locator("[data-top]")).to_contain_text(re.compile("Final|Late scores still count"))


def test_jump_to_a_rank_and_back_to_me(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto(COINS)
    page.get_by_label("Jump to rank").fill("20")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?rank=20#around$"))
    expect(page.get_by_role("heading", name="Around rank 20")).to_be_in_viewport()
    expect(page.locator("[data-around] [data-rank='20']").first).to_have_class("found")
    page.get_by_role("link", name="Back to me").click()
    expect(page.get_by_role("heading", name="Around you")).to_be_visible()


def test_the_full_list_goes_on_from_the_board(page: Page) -> None:
    page.goto(COINS)
    page.get_by_role("link", name="The full list").click()
    expect(page.locator("[data-board-row]")).not_to_have_count(10)
    assert page.locator("[data-board-row]").count() >= 30


def test_a_new_score_appears_by_itself_at_the_same_address(open_page: OpenPage) -> None:
    address = "/leaderboards/weekly-score/?window=week"
    page = open_page("alice")
    page.goto(address)
    history = page.evaluate("history.length")
    staff = open_page("admin")
    staff.goto("/manage/boards/weekly-score/scores/")
    form = staff.get_by_role("form", name="Add to a score")
    form.get_by_label("Player").fill("alice")
    form.locator("[name=increment]").fill("1000000")
    form.get_by_role("button", name="Add").click()
    expect(staff.locator(".message")).to_contain_text("alice")
    expect(page.locator("[data-top] [data-player=alice]")).to_have_attribute("data-rank", "1")
    expect(page).to_have_url(re.compile(re.escape(address) + "$"))
    assert page.evaluate("history.length") == history


def test_a_poll_without_news_replaces_nothing(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto("/leaderboards/best-lap/")
    for _ in range(2):  # the first one learns the version
        with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
            page.evaluate("htmx.trigger('#rows', 'refresh')")
        expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    page.evaluate("document.querySelector('#rows').dataset.kept = 'yes'")
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers) as answered:
        page.evaluate("htmx.trigger('#rows', 'refresh')")
    answered.value.finished()
    expect(page.locator("#rows")).to_have_attribute("data-kept", "yes")


def test_the_skip_link_leads_to_the_content(page: Page) -> None:
    page.goto("/leaderboards/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("main").locator(":focus")).to_be_visible()


def test_a_menu_closes_with_escape(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto("/")
    page.get_by_label("Account of alice").press("Enter")
    expect(page.get_by_role("link", name="Settings")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Settings")).to_be_hidden()
    expect(page.get_by_label("Account of alice")).to_be_focused()


def test_a_wrong_address_leads_back(page: Page, problems: Problems) -> None:
    problems.expect(404)
    page.goto("/nowhere/")
    page.get_by_role("link", name="To the front page").click()
    expect(page.get_by_role("link", name="Claim your name")).to_be_visible()
