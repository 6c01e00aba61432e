"""The staff's page on which definitions come and go as files: a report first, and then the import."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from achievements.services import catalog, exchange
from achievements.views import exchange as exchange_view
from gamify_site import audit
from gamify_site.players.models import Account
from tests.achievements.builders import BASE, make
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("store")

PAGE = "/manage/catalog/"
EXPORT = "/manage/catalog/export/"
CSV = '"Find, ""it""",<b>Do</b>,False,,Revealed,5,1\n'


@pytest.fixture
def staff(client: Client) -> Client:
    """The client, logged in as charlie, who is staff."""
    client.force_login(Account.objects.create_user("charlie", "correct horse", is_staff=True))
    return client


def upload(name: str, text: str | bytes) -> dict:
    """A file as a browser sends it, with the other fields as they are."""
    return {"file": SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text), "text": ""}


def catalog_of(*slugs: str, **fields) -> str:
    """A file of drafts."""
    documents = [
        {"slug": slug, "name": slug, "description": "", "type": "counter", "action": "coin", "target": 10, "points": 5}
        | {"category": "coins"}
        | fields
        for slug in slugs
    ]
    return json.dumps({"gamify": 1, "achievements": documents}, indent=1)


def hidden_fields(page: str) -> dict[str, str]:
    """What a browser sends back when Import is pressed; lines then end as on paper."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: re.sub("\r?\n", "\r\n", unescape(value)) for name, value in found if name != "csrfmiddlewaretoken"}


def whats(page: str) -> list[str]:
    """What becomes of each row."""
    return re.findall(r'data-what="(\w+)"', page)


def test_players_import_nothing(client):
    client.force_login(Account.objects.create_user("alice", "correct horse"))
    assert client.post(PAGE, {"text": catalog_of("rich"), "confirmed": "yes"}).status_code == 404
    assert catalog.all() == []


def test_form_needs_a_token():
    client = Client(enforce_csrf_checks=True)
    client.force_login(Account.objects.create_user("charlie", "correct horse", is_staff=True))
    assert client.post(PAGE, {"text": catalog_of("rich"), "confirmed": "yes"}).status_code == 403


@pytest.mark.parametrize("given", ["file", "text"])
def test_report_first_and_then_the_import(staff, given):
    make("kept", name="kept", status="draft")
    make("rich", name="Rich", status="draft")
    text = catalog_of("kept", "rich", "new")
    sent = upload("my.json", text) if given == "file" else {"text": text}
    page = staff.post(PAGE, sent).content.decode()
    assert "1 new, 1 changed, 1 the same, 0 refused" in page
    assert whats(page) == ["changed", "new", "same"]
    assert [item.slug for item in catalog.all()] == ["kept", "rich"]
    done = staff.post(PAGE, hidden_fields(page) | {"confirmed": "yes"}, follow=True)
    assert "Imported: 1 new, 1 changed" in done.content.decode()
    assert catalog.get("rich").name == "rich"
    (entry,) = audit.walk(lambda it: it.what == "catalog_imported")
    assert (entry.what, entry.by) == ("catalog_imported", "charlie")
    assert entry.subject == ("my.json" if given == "file" else "text")
    assert entry.after == {"new": 1, "changed": 1}


def test_csv_goes_the_same_way(staff):
    sent = {"category": "imported", "status": "published"}
    page = staff.post(PAGE, upload("AchievementsMetadata.csv", CSV) | sent).content.decode()
    assert whats(page) == ["new"]
    assert staff.post(PAGE, hidden_fields(page) | {"confirmed": "yes"}).status_code == 302
    (found,) = catalog.all()
    assert (found.slug, found.name, found.description) == ("find-it", 'Find, "it"', "<b>Do</b>")
    assert (found.category, found.status) == ("imported", "published")
    page = staff.post(PAGE, upload("another.csv", CSV) | sent).content.decode()
    assert whats(page) == ["same"]


def test_rows_that_are_the_same_are_shown_with_their_numbers(staff):
    answer = staff.post(PAGE, {**upload("a.csv", CSV * 2), "category": "imported", "status": "published"})
    assert answer.status_code == 422
    assert whats(answer.content.decode()) == ["refused", "refused"]
    assert answer.content.decode().count("Rows 1, 2 are the same.") == 2


def test_what_play_console_minds_is_told_before_the_download(staff):
    assert "Play Console gets it" not in staff.get(PAGE).content.decode()
    make("rich", name="<b>Rich", points=7)
    make("fine", name="Fine", points=5, description="a, b")
    for answer in (staff.get(PAGE), staff.post(PAGE, {"text": ""})):
        page = answer.content.decode()
        assert "Before Play Console gets it: 2 things to look at" in page
        assert re.findall(r'data-notice="(\d+)">Row \d+, <strong>([^/]*)</strong>: (\w+)', page) == [
            ("1", "&lt;b&gt;Rich", "Points"),
            ("2", "Fine", "Description"),
        ]


def test_refused_row_stops_the_import_and_nothing_is_lost(staff):
    text = catalog_of("rich", "<b>", points=1)
    answer = staff.post(PAGE, {"text": text, "category": "kept", "status": "published"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert whats(page) == ["refused", "new"]
    assert "<code>slug</code>: A slug has" in page
    assert "<code>&lt;b&gt;</code>" in page
    assert "confirmed" not in page
    assert json.loads(unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[1])) == json.loads(text)
    assert 'value="kept"' in page
    assert '<option value="published" selected>' in page


def test_text_is_checked_again_when_it_is_confirmed(staff):
    page = staff.post(PAGE, {"text": catalog_of("rich", status="published", type="streak")}).content.decode()
    make("rich")
    answer = staff.post(PAGE, hidden_fields(page) | {"confirmed": "yes"})
    assert answer.status_code == 422
    assert whats(answer.content.decode()) == ["refused"]
    assert catalog.get("rich").type == "counter"


def test_what_changes_in_between_is_told(staff, monkeypatch):
    define, interfering = catalog.define, replace(BASE, slug="b", type="milestone", target=1)
    monkeypatch.setattr(catalog, "define", lambda it, by: [define(it, by=by), define(interfering)])
    answer = staff.post(PAGE, {"text": catalog_of("a", "b"), "confirmed": "yes"})
    assert answer.status_code == 422
    assert "What has been published" in answer.content.decode()


def test_nothing_to_import_has_no_button(staff):
    make_board("coins")
    page = staff.post(PAGE, {"text": exchange.export_json()}).content.decode()
    assert "all of it is here already" in page
    assert "confirmed" not in page


def test_bad_input_is_told_at_the_field(staff, subtests):
    for sent, field, reason in [
        ({}, "text", "Choose a file, or enter its text."),
        ({"text": " \n"}, "text", "Choose a file"),
        ({"text": '{"gamify" 1}'}, "text", "Line 1, column 11: this is no JSON"),
        ({"text": "{}"}, "text", "This is no catalog"),
        ({"text": CSV}, "category", "Row 1 is new: give a category for it."),
        ({"text": CSV, "category": "a b"}, "category", "A slug has"),
        ({"text": CSV, "category": "x" * 65}, "category", "at most 64"),
        ({"text": CSV, "category": "x", "status": "archived"}, "status", "Select a valid choice"),
        ({"text": '"open'}, "text", "Line 1: this is no CSV"),
        ({"text": '"open', "category": "x"}, "text", "Line 1: this is no CSV"),
        ({"text": " " * 900_000 + "\n" * 60_000 + "{}"}, "text", "takes at most 1,000,000 bytes"),
        (upload("a.json", ""), "file", "empty"),
        (upload("a.json", b"\xff"), "file", "Line 1, column 1: this is no UTF-8."),
        (upload("a.json", b" " * 1_048_577), "file", "at most 1,048,576 bytes"),
        (upload("a.json", "a,b"), "file", "this is no JSON"),
    ]:
        with subtests.test(field=field, reason=reason):
            answer = staff.post(PAGE, sent)
            page = answer.content.decode()
            assert answer.status_code == 422
            assert reason in unescape(re.search(rf'id="id_{field}_error">.*?</ul>', page, re.DOTALL)[0])
            assert catalog.all() == []


def test_the_largest_text_can_be_confirmed(staff):
    text = catalog_of("rich")
    lines = "\n" * ((1_000_000 - len(text) - text.count("\n")) // 2)
    page = staff.post(PAGE, upload("a.json", text + lines)).content.decode()
    assert whats(page) == ["new"]
    assert '<form method="post" enctype="multipart/form-data"' in page  # else it would come back three times as long
    assert staff.post(PAGE, hidden_fields(page) | {"confirmed": "yes"}).status_code == 302


def test_downloads(staff):
    make("rich", name="Ü", description="a")
    answer = staff.get(EXPORT)
    assert answer.content.decode() == exchange.export_json()
    assert answer["Content-Disposition"] == 'attachment; filename="gamify-catalog.json"'
    assert answer["Content-Type"] == "application/json"
    answer = staff.get(EXPORT, {"format": "csv"})
    assert answer.content.decode() == "Ü,a,True,10,Revealed,5,\n"
    assert answer["Content-Disposition"] == 'attachment; filename="AchievementsMetadata.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    answer = staff.get(EXPORT, {"format": "sheet"})
    assert answer.content.decode() == exchange.export_sheet()
    assert answer["Content-Disposition"] == 'attachment; filename="gamify-achievements.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert staff.get(EXPORT, {"format": "xml"}).status_code == 404
    assert staff.post(EXPORT).status_code == 405


def test_manage_leads_there(staff):
    assert f'href="{PAGE}"' in staff.get("/manage/").content.decode()
    assert "Check it" in staff.get(PAGE).content.decode()


def test_large_import_shows_how_far_it_is(staff, monkeypatch):
    monkeypatch.setattr(exchange_view, "MOST_AT_ONCE", 1)
    answer = staff.post(PAGE, {"text": catalog_of("a", "b"), "confirmed": "yes"}, follow=True)
    assert "The last large import: 2 new" in answer.content.decode()
    assert [item.slug for item in catalog.all()] == ["a", "b"]
    part = staff.get(PAGE, headers={"HX-Request": "true", "HX-Target": "work"}).content.decode()
    assert "Done." in part
    assert "<html" not in part
    refused = staff.post(PAGE, {"text": catalog_of("a", "B", "c"), "confirmed": "yes"}, follow=True)
    assert "The last large import: 1 new, 0 changed, 1 the same, 1 refused." in refused.content.decode()
    assert [item.slug for item in catalog.all()] == ["a", "b"]
