"""The audit log in a browser: what staff do is in it, filters narrow it down, and more of it can be had."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from leaderboards.services import corrections
from tests.e2e.browsers import Problems
from tests.e2e.conftest import OpenPage


@pytest.mark.usefixtures("site_data")
def test_log_is_narrowed_down_and_read_on(open_page: OpenPage) -> None:
    for number in range(52):
        reason = "first things" if number < 2 else "later things"
        corrections.write("coins", "alice", 1, "add", by="anna", reason=reason)
    page = open_page("admin")
    page.goto("/manage/audit/")
    entries = page.locator("[data-entry]")
    expect(entries).to_have_count(50)
    page.get_by_role("link", name="Show more").click()
    expect(entries.filter(has_text="first things")).to_have_count(2)
    page.get_by_label("In the reason").press_sequentially("FIRST")
    expect(entries).to_have_count(2)
    expect(page).to_have_url(re.compile(r"q=FIRST"))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save as CSV").click()
    assert Path(waiting.value.path()).read_text().count("first things") == 2
    page.get_by_label("What", exact=True).select_option("definitions")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    page.go_back()
    expect(entries).to_have_count(2)


def test_days_in_the_wrong_order_are_told_at_the_field(open_page: OpenPage, problems: Problems) -> None:
    problems.expect(422)
    page = open_page("admin")
    page.goto("/manage/audit/")
    page.get_by_label("To day").fill("2026-03-01")
    expect(page).to_have_url(re.compile(r"to=2026-03-01"))
    page.get_by_label("From day").fill("2026-03-02")
    expect(page.locator(".errorlist")).to_have_text("This day is before the first one.")
    expect(page.get_by_label("To day")).to_have_value("2026-03-01")


def test_second_of_two_editors_keeps_what_is_typed(open_page: OpenPage, problems: Problems) -> None:
    problems.expect(409)
    one, other = open_page("admin"), open_page("admin", width=360)
    for page, text in ((one, "Mine"), (other, "No, mine")):
        page.goto("/manage/boards/coins/edit/")
        page.get_by_label("Description").fill(text)
    one.get_by_role("button", name="Save the board").click()
    expect(one.locator(".message.success")).to_be_visible()
    other.get_by_role("button", name="Save the board").click()
    expect(other.locator("[data-conflict]")).to_contain_text("Changed by admin")
    expect(other.get_by_label("Description")).to_have_value("No, mine")
    other.get_by_role("button", name="Save the board").click()
    expect(other.locator(".message.success")).to_be_visible()
