"""What holds for each page of the list, for everybody who may see it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import axe_playwright_python
import pytest
from axe_playwright_python.base import AxeResults
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsers import HEIGHT, Problems, Theme, Visits
from tests.e2e.conftest import OpenPage
from tests.e2e.pages import ONE_OF_EACH_TEMPLATE, PAGES, SitePage
from tests.sites import Site

AXE_SCRIPT = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# `preload` makes axe fetch the style sheets again, and no rule that applies here needs them.
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}, "preload": False}
# What can differ between a light page on a desktop and the same page in the dark on a phone.
LOOKS = ["color-contrast", "scrollable-region-focusable", "target-size"]
RUN_AXE = "(options) => axe.run(options).then(({ violations }) => ({ violations }))"
MOST_STOPS = 800
DESKTOP: dict[str, Any] = {"theme": "light", "width": 1280}
PHONE: dict[str, Any] = {"theme": "dark", "width": 360}

# Takes rows out of lists that show nothing new: each element in such a row, by its class and the names of its
# attributes, is in enough rows of its class before it. So it is with the parts of drawings, and options.
SHORTEN_LISTS = """(enough) => {
  const looks = (it) => [it.tagName, it.closest("svg") ? "" : it.className, ...it.getAttributeNames()].join(" ");
  const lists = new Map();
  for (const row of document.querySelectorAll("main :is(tr, li, article, option:not(:checked), svg *)")) {
    if (!row.isConnected) continue;
    const list = looks(row.parentElement);
    const seen = lists.get(list) ?? lists.set(list, {}).get(list);
    const parts = new Set([row, ...row.querySelectorAll("*:not(svg *)")].map((it) => looks(row) + looks(it)));
    const isNew = [...parts].some((part) => !(seen[part] >= enough));
    if (!isNew && row.previousElementSibling) row.remove();  // no list becomes empty
    else for (const part of parts) seen[part] = (seen[part] ?? 0) + 1;
  }
}"""
ENOUGH = 2

# Things that stick out at the side, but for what can be scrolled in its own box, and pictures wider than their box.
STICKING_OUT = """() => {
  const edge = document.documentElement.clientWidth;
  const said = (element) => element.outerHTML.slice(0, 120);
  const isClipped = (element) => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement)
      if (getComputedStyle(box).overflowX !== "visible") return true;
    return false;
  };
  const isWide = (element) => {
    const { left, right, width } = element.getBoundingClientRect();
    return width > 0 && (right > edge + 1 || left < -1) && !isClipped(element);
  };
  const isWiderThanItsBox = (picture) => {
    const box = picture.parentElement.closest(":not(svg, svg *)");
    if (getComputedStyle(box).overflowX === "auto") return false;  // it is meant to be scrolled
    return picture.getBoundingClientRect().width > box.getBoundingClientRect().width + 1;
  };
  // Neither can it be scrolled nor do dots say that there is more.
  const isCut = (box) => {
    if (box.matches("input, select, textarea")) return false;  // the keyboard gets at the rest
    const { overflowX, textOverflow } = getComputedStyle(box);
    return ["hidden", "clip"].includes(overflowX) && textOverflow === "clip" && box.scrollWidth > box.clientWidth + 1;
  };
  const isBroken = (image) => image.complete && image.naturalWidth === 0;
  const main = [...document.body.querySelectorAll("*:not(.visually-hidden, .skip-link, svg *)")];
  return [
    ...(document.scrollingElement.scrollWidth > edge ? ["the page scrolls sideways"] : []),
    ...main.filter(isWide).map(said),
    ...main.filter(isCut).map((box) => `cut: ${said(box)}`),
    ...[...document.querySelectorAll("img, svg:not(svg svg)")].filter(isWiderThanItsBox).map(said),
    ...[...document.images].filter(isBroken).map(said),
  ];
}"""

# What a page needs and a reader cannot use: no heading or ways in sight, a form without a button, a link to nowhere.
NOT_USABLE = """() => {
  const isSeen = (it) => Boolean(it) && it.checkVisibility({ visibilityProperty: true }) && it.offsetHeight > 0;
  const forms = [...document.querySelectorAll("main form:not(details:not([open]) form)")];
  const links = [...document.querySelectorAll("main a")];
  return [
    ...(isSeen(document.querySelector("h1")) ? [] : ["no heading"]),
    ...(isSeen(document.querySelector("nav a")) ? [] : ["no ways"]),
    ...forms.filter((form) => !isSeen(form.querySelector("button"))).map((form) => form.outerHTML.slice(0, 120)),
    ...links.filter((link) => !link.getAttribute("href")).map((link) => link.outerHTML),
  ];
}"""

# Boxes that hide a part of what they hold until they are scrolled.
SCROLLED = """() => [...document.querySelectorAll("main .scroll")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.outerHTML.slice(0, 120))"""

# How much moved although nobody touched the page (https://wicg.github.io/layout-instability/), and what.
SHIFTS = """() => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({ type: "layout-shift", buffered: true });
  const shifts = observer.takeRecords().filter((it) => !it.hadRecentInput);
  observer.disconnect();
  return {
    score: shifts.reduce((sum, shift) => sum + shift.value, 0),
    moved: shifts.flatMap(({ sources }) => sources.map(({ node }) => node?.outerHTML?.slice(0, 120))),
  };
}"""
# Or half a second, where the browser draws none.
TWO_FRAMES = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(done));
  setTimeout(done, 500);
})"""
MOST_SHIFT = 0.01  # a tenth of what counts as good: a slow machine may paint a line before the rest of it has come

# Puts the keyboard before the first stop, also where a page puts it into a field.
TO_THE_START = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""

# Notes where the keyboard is whenever it is about to go on by Tab, until it has left the page: what it is at, whether
# that can be seen there, and whether the element or a box around it is outlined.
NOTE_STOPS = """() => {
  const stops = [];
  const isOutlined = (box) => {
    const style = getComputedStyle(box);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const note = () => {
    const stop = document.activeElement;
    if (!stop || stop === document.body) return window.removeEventListener("keydown", note, true);
    const { top, left, bottom, right, width, height } = stop.getBoundingClientRect();
    let box = stop;
    while (box !== document.body && !isOutlined(box)) box = box.parentElement;
    stops.push({
      said: stop.outerHTML.slice(0, 120),
      isInView: width > 0 && height > 0 && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
      isOutlined: box !== document.body,
    });
  };
  window.addEventListener("keydown", note, true);
  window.stopsOfTheKeyboard = stops;
}"""
STOPS = "() => window.stopsOfTheKeyboard"
AT_ONCE = 20  # presses of the Tab key


Pages = dict[tuple[object, ...], tuple[Page, Problems]]


class Visit(Protocol):
    """The type of the fixture `visit`: `visit(site_page, theme="dark", width=360)`."""

    def __call__(self, site_page: SitePage, **variant: Any) -> Page: ...


@pytest.fixture(scope="module")
def visits(browser: Browser, site: Site) -> Iterator[Visits]:
    """Keep one browser page for each person and variant, which goes from address to address as a person would."""
    visits = Visits(browser, site.address)
    yield visits
    visits.close()


@pytest.fixture(scope="module")
def pages() -> Pages:
    return {}


@pytest.fixture
def visit(visits: Visits, pages: Pages) -> Iterator[Visit]:
    """Open a page of the list; it must answer with its status and report no error before the test ends."""
    seen: list[Problems] = []

    def visit(site_page: SitePage, **variant: Any) -> Page:
        key = (site_page.who, *sorted(variant.items()))
        if key not in pages:
            problems = Problems()
            pages[key] = visits.page(problems, site_page.who, **variant), problems
            add_axe(pages[key][0])
        page, problems = pages[key]
        problems.found.clear()
        problems.expected = {site_page.status}
        seen.append(problems)
        answer = page.goto(site_page.path)
        assert answer
        assert answer.status == site_page.status
        return page

    yield visit
    assert [problem for problems in seen for problem in problems.found] == []


WITH_HEADER = {"welcome", "home", "manage"}  # one for each person: the header is the same on all of their pages

every_page = pytest.mark.parametrize("site_page", PAGES, ids=lambda site_page: site_page.name)
every_template = pytest.mark.parametrize("site_page", ONE_OF_EACH_TEMPLATE, ids=lambda site_page: site_page.name)


@every_page
def test_light_on_a_desktop_and_dark_on_a_phone(visit: Visit, site_page: SitePage, pytestconfig: pytest.Config) -> None:
    is_thorough = pytestconfig.getoption("everything")
    page = visit(site_page, **DESKTOP)
    page.evaluate(TWO_FRAMES)
    assert_nothing_jumps(page)
    assert_nothing_sticks_out(page)
    turn(page, **PHONE)
    assert_nothing_sticks_out(page)
    if not is_thorough:
        page.evaluate(SHORTEN_LISTS, ENOUGH)
    if is_thorough or not site_page.like:
        assert_axe_finds_nothing(page, LOOKS)
    turn(page, **DESKTOP)
    assert_axe_finds_nothing(page)
    if not site_page.like:
        assert_keyboard_shows_where_it_is(page, whole=is_thorough or site_page.name in WITH_HEADER)


@every_template
def test_in_german_on_a_phone_without_javascript(visit: Visit, site_page: SitePage) -> None:
    page = visit(site_page, width=360, language="de-DE", javascript=False)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert_nothing_jumps(page)
    assert_nothing_sticks_out(page)
    assert page.evaluate(NOT_USABLE) == []


def test_all_ways_of_the_header_are_in_view_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("admin", width=360)
    page.goto("/manage/redis/")
    for way in page.get_by_role("navigation", name="Main").get_by_role("link").all():
        expect(way).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [360, 1280])
def test_numbers_of_the_staff_fit(open_page: OpenPage, width: int) -> None:
    page = open_page("admin", width=width)
    for path in ("/manage/insights/", "/manage/redis/"):
        page.goto(path)
        assert page.evaluate(SCROLLED) == []


def turn(page: Page, theme: Theme, width: int) -> None:
    """Show an open page in another theme and at another width."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": HEIGHT})


def assert_nothing_jumps(page: Page) -> None:
    """What has been painted stays where it is while fonts, pictures and partials arrive."""
    shifts = page.evaluate(SHIFTS)
    assert shifts["score"] < MOST_SHIFT, shifts["moved"]


def add_axe(page: Page) -> None:
    """Make axe part of whatever this page opens from now on."""
    page.add_init_script(path=AXE_SCRIPT)


def assert_axe_finds_nothing(page: Page, rules: Sequence[str] = ()) -> None:
    """Let axe look at a page with `add_axe`, by all of its rules or by some."""
    results = AxeResults(page.evaluate(RUN_AXE, AXE | ({"runOnly": rules} if rules else {})))
    assert results.violations_count == 0, results.generate_report()


def assert_nothing_sticks_out(page: Page) -> None:
    assert page.evaluate(STICKING_OUT) == []


def assert_keyboard_shows_where_it_is(page: Page, *, whole: bool) -> None:
    """Walk through the page with the Tab key: all of it, or from where the link leads that skips the header."""
    page.evaluate(TO_THE_START)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    if not whole:
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main, footer') !== null")
    page.evaluate(NOTE_STOPS)
    stops: list[dict[str, Any]] = []
    while len(stops) % AT_ONCE == 0:  # else the keyboard has left the page
        assert len(stops) < MOST_STOPS, f"more than {MOST_STOPS} stops: the keyboard does not get out"
        for _ in range(AT_ONCE):
            page.keyboard.down("Tab")  # held down, it repeats
        before, stops = len(stops), page.evaluate(STOPS)
        if len(stops) == before:
            break
    page.keyboard.up("Tab")
    assert [stop for stop in stops if not (stop["isInView"] and stop["isOutlined"])] == []
