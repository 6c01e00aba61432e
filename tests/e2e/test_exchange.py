"""A file of definitions in a browser: what is exported is edited, judged, corrected and imported."""

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.browsers import Problems
from tests.e2e.conftest import OpenPage
from tests.e2e.test_every_page import add_axe, assert_axe_finds_nothing, assert_nothing_sticks_out

DRAFT = {"slug": "by-hand", "name": "“By hand” & <b>", "type": "counter", "action": "coin", "target": 9, "points": 1}


def test_export_is_edited_corrected_and_imported(open_page: OpenPage, problems: Problems, tmp_path: Path) -> None:
    problems.expect(422)
    page = open_page("admin", width=360)
    add_axe(page)
    page.goto("/manage/catalog/")
    with page.expect_download() as download:
        page.get_by_role("link", name="All as JSON").click()
    content = json.loads(Path(download.value.path()).read_text("utf-8"))
    content["achievements"].append(DRAFT | {"category": "coins", "descripton": ""})
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(content, indent=2), "utf-8")

    page.get_by_label("File", exact=True).set_input_files(edited)
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("heading", name="1 refused")).to_be_visible()
    expect(page.locator("[data-what=refused]")).to_contain_text("There is no “descripton”.")
    expect(page.get_by_role("button", name="Import")).to_have_count(0)
    assert_axe_finds_nothing(page)
    assert_nothing_sticks_out(page)

    page.get_by_label("Or its text").evaluate("it => { it.value = it.value.replace('descripton', 'description') }")
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("heading", name="1 new")).to_be_visible()
    assert_axe_finds_nothing(page)
    assert_nothing_sticks_out(page)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status").first).to_contain_text("Imported: 1 new, 0 changed")
