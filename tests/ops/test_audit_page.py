"""The audit log as staff read it: every change in words, found by filters in the address, and taken away as a file."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from achievements.definitions import Tier
from achievements.services import catalog, unlocks
from gamify_site import audit
from gamify_site.audit import Entry
from gamify_site.ops import wording
from gamify_site.players.models import Account
from leaderboards.definitions import Board
from leaderboards.services import boards, corrections
from tests.achievements.builders import BASE, make
from tests.builders import make_board, make_player
from tests.conftest import Clock

pytestmark = pytest.mark.usefixtures("store", "clock")

PAGE = "/manage/audit/"
EXPORT = "/manage/audit/export/"


@pytest.fixture
def staff(client: Client) -> Client:
    """The client, logged in as charlie, who is staff."""
    client.force_login(Account.objects.create_user("charlie", "tulips and trams", is_staff=True))
    return client


def told(staff: Client, **filters: str) -> list[str]:
    """The subjects of what the page shows."""
    return [line.entry.subject for line in staff.get(PAGE, filters).context["lines"]]


def part(staff: Client, target: str, **filters: str) -> Any:
    return staff.get(PAGE, filters, headers={"HX-Request": "true", "HX-Target": target})


def exported(staff: Client, written: str, **filters: str) -> str:
    response = staff.get(EXPORT, {"format": written, **filters})
    assert response.status_code == 200
    assert response.streaming
    return b"".join(response.streaming_content).decode()


def test_log_is_only_read(staff):
    for address in (PAGE, f"{EXPORT}?format=csv"):
        assert staff.post(address).status_code == 405


def test_empty_log_says_so_and_so_does_a_filter_that_finds_nothing(staff):
    page = staff.get(PAGE)
    assert page.status_code == 200
    assert "Nothing has been changed yet" in page.text
    audit.record(Entry("granted", "alice", "charlie"))
    page = staff.get(PAGE, {"by": "bob"})
    assert "Nothing fits" in page.text
    assert page.context["lines"] == []


def test_home_leads_there(staff):
    assert f'href="{PAGE}"' in staff.get("/manage/").text


# Words


def test_every_kind_of_change_has_words_and_one_group():
    assert set(wording.WHAT) == set(audit.WHAT)
    assert sorted(word for group in wording.GROUPS.values() for word in group.words) == sorted(audit.WHAT)
    assert not set(wording.GROUPS) & set(audit.WHAT)


def test_entry_tells_who_what_when_and_why(staff, clock: Clock):
    clock.set(datetime(2082, 3, 4, 15, 30, tzinfo=UTC))
    audit.record(Entry("player_hidden", "bob", "anna", "a <b>bot</b>"))
    text = staff.get(PAGE).text
    assert "Player hidden: <bdi>bob</bdi>" in text
    assert 'datetime="2082-03-04T15:30:00+00:00"' in text
    assert "<bdi>anna</bdi>" in text
    assert "“a &lt;b&gt;bot&lt;/b&gt;”" in text


def test_changes_of_definitions_are_told_in_words(staff):
    catalog.define(BASE, by="anna")
    catalog.define(replace(BASE, target=2000, hidden=True, prerequisites=()), by="anna")
    board = Board("laps", "Laps", combine="best")
    boards.define(board, by="anna")
    boards.define(replace(board, windows=("all", "week"), max_entries=1000, segment_by="country"), by="anna")
    lines = staff.get(PAGE).context["lines"]
    assert lines[0].changes == [
        ("Size limit", "-", "1,000"),
        ("Also rank within", "-", "Country"),
        ("Windows", "All time", "All time, Week"),
    ]
    assert lines[2].changes == [("Secret", "no", "yes"), ("Target", "10", "2000")]
    assert ("How scores count", "-", "Best: only a better score counts") in lines[1].changes
    assert all(name != "Items" for name, _before, _after in lines[3].changes)


def test_deleted_definition_is_told_with_all_it_was(staff):
    make(
        "ladder", type="tiered", action="boss", tiers=(Tier("gold", "Gold", 5, 10),), target=5, points=0, status="draft"
    )
    catalog.delete("ladder", by="anna")
    (line,) = staff.get(PAGE).context["lines"]
    assert ("Tiers", "Gold (gold): 5 for 10 points", "-") in line.changes
    assert "<details>" in staff.get(PAGE).text


def test_unlocks_and_scores_are_told_in_words(staff):
    make("base")
    make_player("alice")
    make_board("laps", {"alice": 10}, decimals=2, combine="last")
    unlocks.grant("alice", "base", "was there", by="anna")
    unlocks.revoke("alice", "base", "was not", by="anna")
    corrections.write("laps", "alice", "1234.5", "rule", by="anna")
    score, revoked, granted = staff.get(PAGE).context["lines"]
    assert granted.changes == [("Achievement", "-", "base")]
    assert revoked.changes == [("Achievement", "base", "-")]
    assert score.changes == [("Board", "laps", "laps"), ("Score", "10.00", "1,234.50")]
    assert staff.get(PAGE).text.count("laps</dd>") == 1


def test_any_value_is_told(staff, subtests):
    for value, words in ((1234, "1,234"), (True, "yes"), ([1, "é"], '[1, "é"]'), ("<b>", "<b>")):
        with subtests.test(value=value):
            audit.record(Entry("player_changed", "alice", "anna", after={"thing": value, "nothing": ""}))
            page = staff.get(PAGE)
            assert page.context["lines"][0].changes == [("thing", "-", words)]
            assert "<b>" not in page.text


def test_what_another_version_has_written_is_shown_as_it_is(staff, subtests):
    for entry in (
        Entry("achievement_saved", "base", "anna", after={"tiers": "[1]", "items": "{", "target": 7}),
        Entry("board_saved", "coins", "anna", after={"seasons": "[[1]]", "windows": 5, "max_entries": "many"}),
        Entry("tidied", "../x?y", "anna", after={"score": "much"}),
        Entry("granted", "no player's id", "", after={}),
        Entry("score_changed", "bob", "anna", "", {"score": None}, {"score": {"a": 1}}),
    ):
        with subtests.test(what=entry.what):
            audit.record(entry)
            page = staff.get(PAGE)
            assert page.status_code == 200
            assert page.context["lines"][0].entry.subject == entry.subject


def test_subjects_lead_to_their_pages_where_there_are_any(staff):
    make("base")
    make_board("coins")
    make_player("bob")
    audit.record(
        *(Entry("achievement_saved", slug, "anna") for slug in ("base", "gone")),
        *(Entry("board_saved", slug, "anna") for slug in ("coins", "lost")),
        *(Entry("granted", player, "anna") for player in ("bob", "nobody")),
        Entry("player_deleted", "bob", "anna"),
        Entry("key_created", "coins", "anna"),
    )
    page = staff.get(PAGE)
    assert [line.kind for line in page.context["lines"]] == ["", "", "", "player", "", "board", "", "achievement"]
    for address in ("/manage/achievements/base/edit/", "/manage/boards/coins/edit/", "players/bob/"):
        assert f'{address}">' in page.text
    assert "nobody/" not in page.text


# Filters


def record_some() -> None:
    audit.record(
        Entry("granted", "alice", "anna", "Won the Cup"),
        Entry("revoked", "bob", "anna", "did not win"),
        Entry("score_changed", "alice", "root", "the cup"),
        Entry("board_saved", "cups", "root"),
    )


def test_filters_narrow_down_together(staff, subtests):
    record_some()
    for filters, subjects in (
        ({}, ["cups", "alice", "bob", "alice"]),
        ({"by": "anna"}, ["bob", "alice"]),
        ({"by": " ANNA "}, ["bob", "alice"]),
        ({"by": "ann"}, []),
        ({"what": "revoked"}, ["bob"]),
        ({"what": "unlocks"}, ["bob", "alice"]),
        ({"what": "definitions"}, ["cups"]),
        ({"what": "other"}, []),
        ({"subject": "alice"}, ["alice", "alice"]),
        ({"q": "CUP"}, ["alice", "alice"]),
        ({"q": "cup", "what": "scores", "by": "root", "subject": "alice"}, ["alice"]),
        ({"q": "cup", "what": "keys"}, []),
        ({"unknown": "x", "by": "", "what": "", "from": ""}, ["cups", "alice", "bob", "alice"]),
    ):
        with subtests.test(filters=filters):
            assert told(staff, **filters) == subjects


def test_days_are_included_on_both_ends(staff, clock: Clock):
    for day, hour in ((1, 0), (2, 0), (2, 23), (3, 0)):
        clock.set(datetime(2082, 3, day, hour, tzinfo=UTC))
        audit.record(Entry("granted", f"p{day}.{hour}", "anna"))
    assert told(staff, **{"from": "2082-03-02", "to": "2082-03-02"}) == ["p2.23", "p2.0"]
    assert told(staff, **{"from": "2082-03-02"}) == ["p3.0", "p2.23", "p2.0"]
    assert told(staff, to="2082-03-01") == ["p1.0"]


BAD = [
    ({"from": "soon"}, "since"),
    ({"to": "2082-02-30"}, "until"),
    ({"from": "99999-01-01"}, "since"),
    ({"from": "03/04/2082"}, "since"),
    ({"from": "2082-03-02", "to": "2082-03-01"}, "until"),
    ({"what": "everything"}, "what"),
    ({"what": "<b>x</b>"}, "what"),
    ({"by": "x" * 65}, "by"),
    ({"subject": "x" * 201}, "subject"),
    ({"q": "x" * 501}, "q"),
]


def test_bad_filters_are_told_at_the_field(staff, subtests):
    record_some()
    for filters, field in BAD:
        with subtests.test(filters=filters):
            for page in (staff.get(PAGE, filters), staff.get(EXPORT, {"format": "csv", **filters})):
                assert page.status_code == 422
                assert page.context["form"].errors.keys() == {field}
                assert 'class="errorlist"' in page.text
                assert "data-entry" not in page.text and "<b>x" not in page.text
            for target in ("entries", "more"):
                answer = part(staff, target, **filters)
                assert answer["HX-Redirect"].startswith(f"{PAGE}?")  # the whole page, which tells it at the field


def test_filters_stay_in_the_fields(staff):
    page = staff.get(PAGE, {"by": '"anna"', "what": "unlocks", "from": "2082-03-02"}).text
    assert 'value="&quot;anna&quot;"' in page
    assert '<option value="unlocks" selected>All unlocks</option>' in page
    assert 'value="2082-03-02"' in page


# Pages


def test_pages_of_fifty_go_on_where_the_last_one_ended(staff):
    audit.record(*(Entry("granted", f"p{number:03}", "anna", "cup") for number in range(120)))
    page = staff.get(PAGE, {"q": "cup"})
    assert len(page.context["lines"]) == 50
    assert f"?q=cup&amp;after={page.context['next']}" in page.text
    audit.record(Entry("granted", "later", "anna", "cup"))
    second = staff.get(PAGE, {"q": "cup", "after": page.context["next"]})
    assert second.context["lines"][0].entry.subject == "p069"
    assert "From the start" in second.text
    third = staff.get(PAGE, {"q": "cup", "after": second.context["next"]})
    assert [third.context["lines"][-1].entry.subject, len(third.context["lines"]), third.context["next"]] == [
        "p000",
        20,
        "",
    ]
    assert "That is all." in third.text


def test_show_more_is_there_only_where_there_is_more(staff, subtests):
    audit.record(*(Entry("granted", "alice", "anna") for _ in range(48)))
    for count in (49, 50, 51):
        audit.record(Entry("granted", "alice", "anna"))
        with subtests.test(count=count):
            assert ('id="more"' in staff.get(PAGE).text) == (count > 50)


def test_htmx_gets_the_entries_or_the_next_ones_alone(staff):
    audit.record(*(Entry("granted", "alice", "anna") for _ in range(60)))
    entries = part(staff, "entries")
    assert entries.text.strip().startswith('<div id="entries"')
    assert "HX-Target" in entries["Vary"]
    more = part(staff, "more", after=re.findall(r"after=([\d-]+)", entries.text)[0])
    assert more.text.strip().startswith("<li data-entry=")
    assert more.text.count("data-entry=") == 10
    assert "<html" not in entries.text + more.text


def test_bad_cursor_is_refused(staff, subtests):
    record_some()
    for after in ("x", "1", "1-", "-", "+", "(1-1", "1-1 ", "99999999999999999999-1", "1-1-1", "²-1"):
        with subtests.test(after=after):
            assert staff.get(PAGE, {"after": after}).status_code == 400


def test_cursor_beyond_the_end_finds_nothing_more(staff):
    record_some()
    page = staff.get(PAGE, {"after": "0-1"})
    assert page.status_code == 200
    assert "Nothing fits" in page.text
    assert len(told(staff, after=f"{2**64 - 1}-0")) == 4


# Files


def test_csv_holds_what_the_filters_find(staff):
    record_some()
    boards.define(Board("laps", "Läps", max_entries=5), by="anna")
    response = staff.get(EXPORT, {"format": "csv"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="audit-2082-11-20.csv"'
    rows = list(csv.DictReader(io.StringIO(exported(staff, "csv"))))
    assert [row["subject"] for row in rows] == ["laps", "cups", "alice", "bob", "alice"]
    assert (rows[1]["by"], rows[1]["what"], rows[1]["at"]) == ("root", "board_saved", "2082-11-20T12:00:00+00:00")
    assert json.loads(rows[0]["after"])["name"] == "Läps"
    found = csv.DictReader(io.StringIO(exported(staff, "csv", q="cup", by="anna")))
    assert [row["reason"] for row in found] == ["Won the Cup"]


def test_json_holds_one_entry_a_line(staff):
    audit.record(Entry("score_changed", "alice", "anna", "two\nlines", {"score": 1}, {"score": 2}))
    audit.record(Entry("granted", "bob", "root"))
    response = staff.get(EXPORT, {"format": "json"})
    assert response["Content-Disposition"] == 'attachment; filename="audit-2082-11-20.jsonl"'
    first, second = map(json.loads, exported(staff, "json").splitlines())
    assert (first["subject"], first["after"]) == ("bob", {})
    assert (second["reason"], second["before"], second["after"]) == ("two\nlines", {"score": 1}, {"score": 2})


def test_no_cell_is_a_formula(staff, subtests):
    beginnings = ("=", "+", "-", "@", "\t", "\r")
    audit.record(*(Entry("granted", f"{it}1+1", f"{it}A1", f'{it}cmd|"x"') for it in reversed(beginnings)))
    rows = list(csv.DictReader(io.StringIO(exported(staff, "csv"), newline="")))
    lines = exported(staff, "json").splitlines()
    for beginning, row, line in zip(beginnings, rows, lines, strict=True):
        with subtests.test(beginning=beginning):
            assert (row["subject"], row["by"], row["reason"]) == (
                f"'{beginning}1+1",
                f"'{beginning}A1",
                f'\'{beginning}cmd|"x"',
            )
            assert json.loads(line)["subject"] == f"{beginning}1+1"


def test_file_of_nothing_is_no_error(staff):
    assert exported(staff, "csv") == "id,at,by,what,subject,reason,before,after\r\n"
    assert exported(staff, "json") == ""


def test_file_holds_more_than_a_page_and_no_more_than_is_kept(staff, monkeypatch):
    audit.record(*(Entry("granted", "alice", "anna") for _ in range(1100)))
    assert len(exported(staff, "json").splitlines()) == 1100
    monkeypatch.setattr(audit, "MOST_ENTRIES", 1050)
    assert len(exported(staff, "json").splitlines()) == 1050


def test_unknown_format_is_refused(staff, subtests):
    for written in ("", "xml", "CSV", "<b>"):
        with subtests.test(written=written):
            assert staff.get(EXPORT, {"format": written}).status_code == 400


def test_file_is_not_begun_where_the_store_is_away(staff, monkeypatch):
    from gamify_site.store.errors import StoreUnavailable

    def away(*_: Any) -> Any:
        raise StoreUnavailable

    monkeypatch.setattr(audit, "ask", away)
    assert staff.get(EXPORT, {"format": "csv"}).status_code == 503


def test_languages_change_the_page_and_not_the_file(staff):
    record_some()
    files = [
        b"".join(staff.get(f"{EXPORT}?format=csv", headers={"accept-language": it}).streaming_content)
        for it in ("en", "de")
    ]
    assert files[0] == files[1]
