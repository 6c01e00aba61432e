"""A browser on a site: contexts that are logged in, and pages that remember whatever went wrong on them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    StorageState,
    expect,
    sync_playwright,
)

from tests.e2e.pages import Who

# The headless shell comes first: it has no windows to draw, so its main process has less to do.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 30_000  # milliseconds for anything that is waited for, on a machine that is busy too
HEIGHT = 900
Theme = Literal["light", "dark"]
Variant = tuple[Who, Theme, int, bool, str]  # the arguments of `Visits.page`


def program() -> str | None:
    """The Chromium of this machine; None where it has none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def browser_of(path: str) -> Iterator[Browser]:
    """Runs that browser, without a window."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@dataclass
class Problems:
    """What went wrong on a page: errors in the console, refusals of the Content-Security-Policy, failed requests."""

    found: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)

    def expect(self, status: int) -> None:
        """From now on this status of the page itself is no problem."""
        self.expected.add(status)

    def ignore(self, path: str) -> None:
        """Take failed requests to addresses that contain this path as expected, from now on."""
        self.ignored.add(path)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        # What failed to load is found by its response, which also says whether it was to be expected.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.found.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        is_left = request.failure == "net::ERR_ABORTED"  # the page was left while it was asking
        if not is_left and not any(path in request.url for path in self.ignored):
            self.found.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        is_expected = is_page and response.status in self.expected
        if response.status >= 400 and not is_expected and not any(path in response.url for path in self.ignored):
            self.found.append(f"{response.request.method} {response.url}: {response.status}")


class Visits:
    """Opens pages of one site in one browser. Nobody shares cookies or storage with another visit.

    A context is used again, with fresh cookies and storage, by a later visit of the same person and variant: style
    sheets and scripts are in its cache then.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address.rstrip("/")
        self._states: dict[Who, StorageState] = {}
        self._open: list[tuple[Variant, BrowserContext]] = []
        self._idle: dict[Variant, list[BrowserContext]] = {}

    def page(
        self,
        problems: Problems,
        who: Who = "visitor",
        *,
        theme: Theme = "light",
        width: int = 1280,
        javascript: bool = True,
        language: str = "en-GB",
    ) -> Page:
        """A new page, empty yet. Its paths are relative to the site."""
        variant = (who, theme, width, javascript, language)
        idle = self._idle.get(variant)
        context = idle.pop() if idle else self._context(self._state(who), theme, width, javascript, language)
        self._open.append((variant, context))
        page = context.new_page()
        problems.watch(page)
        return page

    def close(self) -> None:
        """Leaves all pages."""
        while self._open:
            variant, context = self._open.pop()
            self._forget(context, self._state(variant[0]))
            self._idle.setdefault(variant, []).append(context)

    def _forget(self, context: BrowserContext, state: StorageState | None) -> None:
        """Makes a context what it was when it was new."""
        for page in context.pages[1:]:
            page.close()
        (page,) = context.pages or [context.new_page()]
        about_site = {"origin": self.address, "storageTypes": "cookies,local_storage"}
        context.new_cdp_session(page).send("Storage.clearDataForOrigin", about_site)
        page.close()
        context.clear_cookies()
        if state:
            context.add_cookies(state["cookies"])

    def _context(
        self, state: StorageState | None, theme: Theme, width: int, javascript: bool, language: str = "en-GB"
    ) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.address,
            storage_state=state,
            color_scheme=theme,
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=javascript,
            reduced_motion="reduce",
            locale=language,
            timezone_id="UTC",
        )
        context.set_default_timeout(PATIENCE)
        return context

    def _state(self, who: Who) -> StorageState | None:
        """The cookies of somebody who has logged in with the demo's one click; once for each of them."""
        if who == "visitor":
            return None
        if who not in self._states:
            context = self._context(None, "light", 1280, javascript=False)
            page = context.new_page()
            page.goto("/accounts/login/")
            page.get_by_role("button", name=f"Log in as {who}").click()
            page.get_by_label(f"Account of {who}").wait_for()
            self._states[who] = context.storage_state()
            context.close()
        return self._states[who]
