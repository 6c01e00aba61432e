"""The page of the HTTP API in a browser: it works under the site's policy, with files from the package alone."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage


def test_page_lists_the_calls_and_loads_nothing_from_elsewhere(open_page: OpenPage) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto("/api/v1/docs")
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    call = page.locator(".opblock-post", has_text="Report events")
    expect(call).to_contain_text("/api/v1/events")
    call.locator(".opblock-summary-control").click()
    expect(call).to_contain_text("Idempotency-Key")
    expect(page.locator(".opblock")).not_to_have_count(0)
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {urlsplit(page.url).netloc}
