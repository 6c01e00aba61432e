"""`make screenshots`: every page of the list, wide and narrow, light and dark, as `<name>-<width>-<theme>.webp`.

Shows the full showcase. Pictures that are in the folder under other names stay.
Options: names of pages, `--folder`, `--format`.
"""

import argparse
import tempfile
from base64 import b64decode
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.browsers import Problems, Theme, Visits, browser_of, program
from tests.e2e.pages import PAGES, SitePage
from tests.sites import ROOT, Site

FOLDER = ROOT / "docs/screenshots"
WIDTHS = (1280, 360)
THEMES: tuple[Theme, ...] = ("light", "dark")
MOST_HEIGHT = 1600
QUALITY = 70


def main() -> None:
    """Starts the site with the showcase and takes the pictures. Exits with 1 where a page is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="pages to take; all where none is named")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--format", choices=("webp", "jpeg", "png"), default="webp")
    options = parser.parse_args()
    chosen = [it for it in PAGES if it.status == 200 and (not options.names or it.name in options.names)]
    path = program()
    if path is None:
        raise SystemExit("There is no Chromium on the PATH.")
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gamify-screenshots-") as data:
        site = Site(Path(data))
        try:
            site.start("demo")
            with browser_of(path) as browser:
                problems = take(Visits(browser, site.address), chosen, options.folder, options.format)
            site.interrupt()
        finally:
            site.kill()
    if problems.found:
        raise SystemExit("\n".join(problems.found))


def take(visits: Visits, chosen: list[SitePage], folder: Path, suffix: str) -> Problems:
    """Takes the pictures of some pages; gives what went wrong on them."""
    problems = Problems()
    for width in WIDTHS:
        for theme in THEMES:
            for it in chosen:
                page = visits.page(problems, it.who, theme=theme, width=width)
                page.goto(it.path)
                picture(page, folder / f"{it.name}-{width}-{theme}.{suffix}")
                visits.close()
    return problems


def picture(page: Page, file: Path) -> None:
    """The whole page down to a limit; what is below it is not worth the bytes."""
    width, height = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    # Asked of Chromium itself: Playwright has no WebP, which takes half the bytes of JPEG here.
    asked = {
        "format": file.suffix[1:],
        "quality": QUALITY,
        "captureBeyondViewport": True,
        "clip": {"x": 0, "y": 0, "width": width, "height": min(height, MOST_HEIGHT), "scale": 1},
    }
    answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    file.write_bytes(b64decode(answer["data"]))


if __name__ == "__main__":
    main()
