"""A designer's day: an achievement of each type is made, published, earned, edited, archived and restored."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from achievements.definitions import Event
from achievements.services import events
from gamify_site import clock
from tests.e2e.browsers import Problems
from tests.e2e.conftest import OpenPage
from tests.sites import Site

EventFields = dict[str, Any]  # the fields of an event, and `days_ago` instead of `at`


@dataclass(frozen=True)
class Story:
    """What is typed for a type, what `full` and `half` do, and the edit that lets `half` in, or touches `full`."""

    kind: str
    typed: dict[str, str]
    full: list[EventFields]
    half: list[EventFields] = field(default_factory=list)
    edit: dict[str, str] = field(default_factory=dict)
    gain: int = 1


def days(*ago: int) -> list[EventFields]:
    return [{"days_ago": day} for day in ago]


TIERS = {
    "tiers-0-level": "bronze", "tiers-0-name": "Bronze", "tiers-0-target": "5", "tiers-0-points": "5",
    "tiers-1-level": "silver", "tiers-1-name": "Silver", "tiers-1-target": "10", "tiers-1-points": "10",
}  # fmt: skip
STORIES = [
    Story("counter", {"action": "e2e_count", "target": "10"}, [{"amount": 10}], [{"amount": 6}], {"target": "6"}),
    Story("milestone", {"action": "e2e_mile"}, [{}], edit={"points": "25"}, gain=0),
    Story("collection", {"action": "e2e_relic", "items": "Bell\nStar"}, [{"item": "Bell"}, {"item": "Star"}],
          [{"item": "Bell"}], {"items": "Bell\nStar\nLamp"}, gain=0),
    Story("streak", {"action": "e2e_day", "target": "3", "freezes": "0"}, days(2, 1, 0), days(1, 0), {"target": "2"}),
    Story("tiered", {"action": "e2e_tier"} | TIERS, [{"amount": 10}], [{"amount": 7}], {"tiers-1-target": "7"}),
    Story("meta", {"target": "4", "counts": "e2e"}, [], [], {"target": "1"}),
]  # fmt: skip
IN_USUAL_RUNS = {"counter", "collection", "tiered"}


def fill(page: Page, typed: dict[str, str]) -> None:
    for name, value in typed.items():
        box = page.locator(f"[name='{name}']")
        if box.evaluate("it => it.tagName") == "SELECT":
            box.select_option(value)
        else:
            box.fill(value)


def make(page: Page, story: Story) -> None:
    page.goto("/manage/achievements/new/")
    page.locator("#rule").evaluate("it => { it.dataset.replaced = 'no' }")  # what is typed before would be lost
    page.get_by_label("Type").select_option(story.kind)
    expect(page.locator("#rule:not([data-replaced])")).to_be_visible()
    fill(page, {"name": f"E2e {story.kind}", "slug": f"e2e-{story.kind}", "category": "e2e-made"} | story.typed)
    expect(page.locator("#preview [data-sentence]")).to_be_visible()
    page.get_by_role("button", name="Save and publish").click()
    expect(page.locator(".message")).to_contain_text("is saved")


def earn(story: Story) -> None:
    """Report the events of `full` and `half`; every event must count."""
    action, now = story.typed.get("action", ""), clock.now()
    batch = [
        Event(f"e2e.{who}", action, at=now - timedelta(days=fields.pop("days_ago", 0)), **fields)
        for who in ("full", "half")
        for fields in map(dict, getattr(story, who))
    ]
    outcome = events.record(batch)
    assert (outcome.accepted, [*outcome.no_listeners]) == (len(batch), [])


def state_of(page: Page, player: str, story: Story) -> object:
    page.goto(f"/manage/players/{player}/")
    return page.locator(f"[data-achievement='e2e-{story.kind}'] td").first


@pytest.mark.usefixtures("site_data")
@pytest.mark.parametrize(
    "story",
    # Each type has fields of its own, which tests of the form check without a browser; these have the most script.
    [pytest.param(it, marks=[] if it.kind in IN_USUAL_RUNS else [pytest.mark.slow], id=it.kind) for it in STORIES],
)
def test_an_achievement_is_made_published_earned_and_edited(open_page: OpenPage, story: Story) -> None:
    page = open_page("admin")
    if story.kind == "meta":  # it counts others: one of its own category, held by `full` and `half` alike
        counted = Story("counted", {"action": "e2e_counted", "target": "1"}, [{}], [{}])
        make(page, Story("counter", counted.typed | {"slug": "e2e-counted", "category": "e2e"}, []))
        earn(counted)
        story = Story("meta", story.typed | {"target": "1"}, [], [], {"target": "1", "points": "40"}, gain=0)
    make(page, story)
    earn(story)
    expect(state_of(page, "e2e.full", story)).to_have_text("Unlocked.")

    page.goto(f"/manage/achievements/e2e-{story.kind}/edit/")
    fill(page, story.edit)
    page.get_by_role("button", name="Save", exact=True).last.click()
    told = page.locator("[data-impact]")
    expect(told).to_have_attribute("data-gain", str(story.gain))
    page.get_by_role("button", name="Save it so").click()
    expect(page.locator(".message")).to_contain_text("is saved")
    if story.gain:
        expect(state_of(page, "e2e.half", story)).to_have_text("Unlocked.")
    expect(state_of(page, "e2e.full", story)).to_have_text("Unlocked.")


def test_an_achievement_is_archived_and_published_again(open_page: OpenPage) -> None:
    page = open_page("admin")
    story = Story("counter", {"action": "e2e_archived", "target": "10", "slug": "e2e-archived"}, [])
    make(page, story)
    life = page.locator("[data-achievement='e2e-archived']")
    for button, state in (("Save and archive", "archived"), ("Save and publish again", "published")):
        page.goto("/manage/achievements/e2e-archived/edit/")
        page.get_by_role("button", name=button).click()
        page.goto("/manage/achievements/?q=e2e-archived")
        expect(life).to_have_attribute("data-life", state)
    page.goto("/manage/achievements/e2e-archived/history/")
    expect(page.locator("[data-revision]")).to_have_count(3)


def test_an_older_revision_is_restored_through_the_form(open_page: OpenPage) -> None:
    page = open_page("admin")
    page.goto("/manage/achievements/pocket-money/edit/")
    page.locator("[name=description]").fill("Something else.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.goto("/manage/achievements/pocket-money/history/")
    page.get_by_role("button", name="Put revision 1 back into the form").click()
    expect(page.locator("[name=description]")).to_have_value("Collect 100 coins. They jingle when you jump.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.goto("/manage/achievements/pocket-money/history/")
    expect(page.locator("[data-revision='3']")).to_contain_text("Restores revision 1.")


def test_the_preview_follows_what_is_typed_and_says_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page("admin")
    page.goto("/manage/achievements/new/")
    fill(page, {"name": "Deep pockets", "slug": "deep-pockets", "category": "coins", "action": "coin_collected"})
    preview = page.locator("#preview")
    fill(page, {"target": "100"})
    expect(preview).to_contain_text("Deep pockets")
    expect(preview.locator("[data-sentence]")).to_contain_text("100 in total")
    fill(page, {"points": "1001"})
    expect(preview).to_contain_text("Points")
    expect(preview.locator("[data-sentence]")).to_have_count(0)


def test_the_second_of_two_editors_is_told(open_page: OpenPage, problems: Problems) -> None:
    problems.expect(409)
    pages = [open_page("admin"), open_page("admin")]
    for page in pages:
        page.goto("/manage/achievements/magpie/edit/")
    for number, page in enumerate(pages):
        page.locator("[name=description]").fill(f"Typed by editor {number}.")
        page.get_by_role("button", name="Save", exact=True).last.click()
    expect(pages[1].locator("[data-conflict]")).to_contain_text("Typed by editor 0.")
    expect(pages[1].locator("[name=description]")).to_have_value("Typed by editor 1.")


def test_without_javascript_a_type_shows_its_fields(open_page: OpenPage) -> None:
    page = open_page("admin", javascript=False)
    page.goto("/manage/achievements/new/")
    page.locator("[name=name]").fill("Kept")
    page.get_by_label("Type").select_option("streak")
    page.get_by_role("button", name="Show the fields of this type").click()
    expect(page.locator("[name=freezes]")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("Kept")


def test_rows_are_moved_and_found_as_one_types(open_page: OpenPage) -> None:
    page = open_page("admin")
    page.goto("/manage/achievements/?category=laps")
    rows = page.locator("tr[data-achievement]")
    first = rows.first.get_attribute("data-achievement")
    rows.first.get_by_role("button", name=re.compile("down$")).click()
    expect(rows.nth(1)).to_have_attribute("data-achievement", str(first))
    page.goto("/manage/achievements/")
    page.get_by_label("Search").fill("kraken")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("q=kraken"))


def test_the_clock_goes_a_day_ahead_for_the_whole_program(site: Site, open_page: OpenPage) -> None:
    page = open_page("admin")
    page.goto("/manage/demo/")
    try:
        page.get_by_role("button", name="Next day").click()
        expect(page.locator("[data-ahead='1']")).to_be_visible()
        visitor = open_page()
        visitor.goto("/leaderboards/coins/?window=day")
        expect(visitor.locator("[data-board-size]").first).to_have_attribute("data-board-size", "0")
        ticked = site.run("tick", GAMIFY_DEMO="1")
        assert ticked.returncode == 0, ticked.stderr
    finally:
        page.goto("/manage/demo/")
        page.get_by_role("button", name="Back to now").click()
    expect(page.get_by_text("That is the real time.")).to_be_visible()
