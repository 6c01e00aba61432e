"""What arrives by itself: rows on a board, notices of unlocks, also after the live process was gone."""

import os
import re
import signal

import pytest
from playwright.sync_api import Page, Request, expect

from achievements.definitions import Achievement, Event
from achievements.services import catalog, events
from leaderboards.services import scores
from tests.e2e.browsers import Problems
from tests.e2e.conftest import OpenPage
from tests.sites import Site

pytestmark = pytest.mark.usefixtures("site_data")


def score_of(page: Page, player: str) -> object:
    return page.locator(f"[data-top] [data-player='{player}']")


def test_score_appears_in_two_browsers_without_a_reload(open_page: OpenPage) -> None:
    pages = [open_page("alice"), open_page()]
    for page in pages:
        page.goto("/leaderboards/coins/")
        expect(page.locator("[data-live-state]")).to_have_text("Live")
        expect(page.locator("body")).to_have_class(re.compile("is-live"))
    asked: list[str] = []
    note = lambda request: asked.append(request.url)  # noqa: E731
    for page in pages:
        page.on("request", note)
    scores.set("coins", "alice", 950_001)
    for page in pages:
        expect(score_of(page, "alice")).to_have_attribute("data-score", "950001")
        expect(page.locator(".podium li").first).to_contain_text("950,001")
    alice = pages[0]
    expect(alice.locator("[data-around] .me")).to_have_attribute("data-score", "950001")
    expect(alice.locator("[data-top] .me .you")).to_have_text("You")
    expect(alice.locator("#my-rank")).to_have_text("1")
    expect(pages[1].locator("[data-top] .me")).to_have_count(0)
    assert [url for url in asked if "stream" not in url] == []


def test_board_of_friends_follows_too(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto("/leaderboards/coins/?friends=1")
    expect(page.locator("body")).to_have_class(re.compile("is-live"))
    scores.set("coins", "paula.winter", 960_001)
    expect(page.locator("[data-player='paula.winter']")).to_have_attribute("data-score", "960001")


def test_unlock_raises_a_notice_that_can_be_dismissed(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto("/achievements/")
    expect(page.locator("body")).to_have_class(re.compile("is-live"))
    define_and_earn("first-notice")
    notice = page.locator("#toasts .toast")
    expect(notice).to_contain_text("Unlocked: first-notice")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)
    page.get_by_label("Account of alice").click()
    page.get_by_role("button", name="Notices: on").click()
    expect(page.get_by_role("button", name="Notices: off")).to_be_visible()
    seen = page.evaluate("sessionStorage.getItem('gamify-last-news')")
    define_and_earn("not-told")
    page.wait_for_function("(seen) => sessionStorage.getItem('gamify-last-news') !== seen", arg=seen)
    expect(notice).to_have_count(0)
    page.get_by_role("button", name="Notices: off").click()
    define_and_earn("told-again")
    expect(notice).to_contain_text("Unlocked: told-again")


def test_notice_arrives_once_although_the_live_process_was_killed(
    site: Site, open_page: OpenPage, problems: Problems
) -> None:
    problems.ignore("/live/stream")
    page = open_page("alice")
    page.goto("/players/")
    expect(page.locator("body")).to_have_class(re.compile("is-live"))
    os.kill(site.live_worker(), signal.SIGKILL)
    site.expected.append("Unexpected exit from worker-1")
    expect(page.locator("body")).not_to_have_class(re.compile("is-live"))
    define_and_earn("meanwhile")
    notice = page.locator("#toasts .toast", has_text="Unlocked: meanwhile")
    expect(notice).to_have_count(1)
    expect(page.locator("body")).to_have_class(re.compile("is-live"))
    page.reload()
    expect(page.locator("body")).to_have_class(re.compile("is-live"))
    expect(notice).to_have_count(0)


def test_page_polls_where_streams_do_not_work(open_page: OpenPage, problems: Problems) -> None:
    problems.ignore("/live/stream")
    page = open_page()
    page.route("**/live/stream*", lambda route: route.abort())
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto("/leaderboards/coins/")
    expect(page.locator("[data-live-state]")).to_have_text("Paused")
    scores.set("coins", "dafni.kostas", 970_001)
    expect(score_of(page, "dafni.kostas")).to_have_attribute("data-score", "970001")
    assert any(request.headers.get("hx-request") for request in asked)


def define_and_earn(slug: str) -> None:
    """Publish a new achievement, and let alice unlock it."""
    catalog.define(Achievement(slug, slug, "", "milestone", slug, 1, 5, "coins", status="published"))
    assert events.record([Event("alice", slug)]).accepted == 1
