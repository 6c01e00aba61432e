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


def test_longest_names_come_from_a_csv_and_fit_a_phone(open_page: OpenPage, tmp_path: Path) -> None:
    name = "Ouroboros" * 11 + "!"
    file = tmp_path / "AchievementsMetadata.csv"
    file.write_text(f"{name},,False,,Revealed,7,\n", "utf-8")
    page = open_page("admin", width=360)
    add_axe(page)
    page.goto("/manage/catalog/")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Category").fill("coins")
    page.get_by_label("Status").select_option("published")
    page.get_by_role("button", name="Check it").click()
    assert_nothing_sticks_out(page)
    slug = page.locator("[data-what=new] code").inner_text()
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status").first).to_contain_text("Imported: 1 new, 0 changed")

    page.goto("/manage/catalog/")
    page.get_by_text("Before Play Console gets it").click()
    expect(page.get_by_role("listitem").filter(has_text=name)).to_contain_text("multiples of 5 from 5 to 200, not 7")
    assert_axe_finds_nothing(page)
    assert_nothing_sticks_out(page)
    manage = f"/manage/achievements/{slug}"
    for path in (
        *("/achievements/", f"/achievements/{slug}/", "/manage/achievements/?category=coins", "/manage/insights/"),
        "/manage/audit/",
        *(f"{manage}/history/", f"{manage}/backfill/", f"{manage}/edit/"),
    ):
        page.goto(path)
        assert_nothing_sticks_out(page)
    page.get_by_role("button", name="Save and archive").click()  # so that other tests do not meet it
