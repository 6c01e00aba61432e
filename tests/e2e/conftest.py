"""Fixtures for the tests in a browser: the program, started once per worker, and pages on it that must stay clean.

Both last for this package, not for the session: while Playwright runs, an event loop is set in this thread.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browsers import Problems, Visits, browser_of, program
from tests.sites import Site

PLAYERS = "30"


class OpenPage(Protocol):
    """`open_page("alice", theme="dark", width=360, javascript=False)`."""

    def __call__(self, who: str = "visitor", **variant: Any) -> Page: ...


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send these tests to one worker, which has the only browser, or skip them on a machine without a browser.

    REQUIRE_BROWSER says that the machine must have one. They are marked here and not skipped by a fixture, so that the
    report has a line for each file and not for each test.
    """
    marks = [pytest.mark.xdist_group("browser")]
    if program() is None and not os.environ.get("REQUIRE_BROWSER"):
        marks.append(pytest.mark.skip(reason="no Chromium on the PATH: tests in a browser are skipped"))
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for mark in marks:
                item.add_marker(mark)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    path = program()
    assert path, "there is no Chromium on the PATH"
    with browser_of(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: ARG001  (first of all)
    """`manage.py demo` with few players. It must end cleanly and have logged nothing."""
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.start("demo", "--players", PLAYERS)
        site.wait_until_ready()
        yield site
        assert site.interrupt() == (0, "")
    finally:
        site.kill()


@pytest.fixture(scope="package")
def all_visits(browser: Browser, site: Site) -> Visits:
    return Visits(browser, site.address)


@pytest.fixture
def problems() -> Problems:
    """What went wrong on this test's pages; `problems.expect(404)` allows a status."""
    return Problems()


@pytest.fixture
def open_page(all_visits: Visits, problems: Problems) -> Iterator[OpenPage]:
    """Opens pages: who looks, theme, width, JavaScript, language. The test fails on any error that its pages report."""

    def open_(who: Any = "visitor", **variant: Any) -> Page:
        return all_visits.page(problems, who, **variant)

    yield open_
    all_visits.close()
    assert problems.found == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A visitor's page: light, 1280 px wide, with JavaScript."""
    return open_page()
