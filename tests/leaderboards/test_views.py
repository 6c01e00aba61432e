"""The board pages: what they show, what they make of bad queries, the polled part, who may see them."""

from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django.test import Client

from gamify_site.players.models import Account
from leaderboards.services import boards, ranking, scores
from leaderboards.views import rendered
from leaderboards.views.query import BoardQuery
from tests.builders import crowd, make_board, make_player, season

pytestmark = pytest.mark.usefixtures("store", "clock")

PART = {"HX-Request": "true", "HX-Target": "rows"}


class Rows(HTMLParser):
    """The rows of a page as (rank, player, score), by the table they stand in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[int, str, str]]] = {"top": [], "around": [], "list": []}
        self.table = ""
        self.feed(page)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.table = next((name for name in self.found if f"data-{name}" in given), self.table)
        if "data-board-row" in given:
            row = (int(given["data-rank"] or 0), given["data-player"] or "", given["data-score"] or "")
            self.found[self.table].append(row)


def rows(response) -> dict[str, list[tuple[int, str, str]]]:
    return Rows(response.content.decode()).found


def players(response, table: str) -> list[str]:
    return [player for _, player, _ in rows(response)[table]]


@pytest.fixture
def alice(client: Client) -> Client:
    """The client, logged in as alice."""
    make_player("alice", name="Alice")
    client.force_login(Account.objects.create_user("alice", "correct horse"))
    return client


def test_board_shows_top_and_my_window(alice):
    make_board("coins", crowd(100))
    scores.set("coins", "alice", 50)
    page = alice.get("/leaderboards/coins/?top=3&around=2")
    assert rows(page)["top"] == [(1, "p0001", "100"), (2, "p0002", "99"), (3, "p0003", "98")]
    assert players(page, "around") == ["p0050", "p0051", "alice", "p0052", "p0053"]
    assert 'data-board-size="101"' in page.content.decode()
    assert 'class="me" aria-current="true"' in page.content.decode()


def test_window_stays_full_at_the_end(alice):
    make_board("coins", crowd(30))
    scores.set("coins", "alice", -1)
    assert len(players(alice.get("/leaderboards/coins/"), "around")) == 11


def test_scores_are_plain_in_data_and_grouped_for_readers(client):
    make_board("coins", {"alice": 1234567})
    make_board("laps", {"alice": Decimal("58.20")}, decimals=2, order="asc")
    coins = client.get("/leaderboards/coins/").content.decode()
    assert 'data-score="1234567"' in coins
    assert ">1,234,567<" in coins
    assert 'data-score="58.20"' in client.get("/leaderboards/laps/").content.decode()


def test_long_scores_may_break_between_groups(client):
    make_board("coins", {"alice": 10**15})
    assert "1,<wbr>000,<wbr>000,<wbr>000,<wbr>000,<wbr>000" in client.get("/leaderboards/coins/").content.decode()


def test_unknown_board_is_named(client):
    page = client.get("/leaderboards/nope/")
    assert page.status_code == 404
    assert "There is no board “nope”" in page.content.decode()


def test_numbers_out_of_range_become_the_nearest_legal_one(alice, subtests):
    make_board("coins", crowd(150))
    scores.set("coins", "alice", 75)
    for query, top, around in [
        ("top=100000", 100, 11),
        ("top=0", 1, 11),
        ("top=-7", 1, 11),
        ("top=99999999999999999999", 100, 11),
        ("top=" + "9" * 5000, 100, 11),
        ("top=-" + "9" * 5000, 1, 11),
        ("top=", 10, 11),
        ("around=100000", 10, 51),
        ("around=-1", 10, 1),
        ("around=0", 10, 1),
        ("rank=0", 10, 11),
        ("rank=-5", 10, 11),
        ("rank=99999999999999999999", 10, 11),
        ("rank=&segment=&period=&window=", 10, 11),
        ("unknown=1&top=5&top=7", 7, 11),
    ]:
        with subtests.test(query=query[:50]):
            page = alice.get(f"/leaderboards/coins/?{query}")
            assert page.status_code == 200
            assert (len(players(page, "top")), len(players(page, "around"))) == (top, around)


def test_what_is_no_number_is_a_clear_400(client, subtests):
    make_board("coins", crowd(5))
    values = ["abc", "nan", "NaN", "inf", "1e3", "1.5", "1_000", "٣", "0x10", "<b>", "--1", "%20 1 1"]
    for name, least, most in [("top", 1, 100), ("around", 0, 25), ("rank", 1, 10**12)]:
        for value in values:
            with subtests.test(name=name, value=value):
                page = client.get("/leaderboards/coins/", {name: value})
                assert page.status_code == 400
                reason = f"“{name}” must be a whole number from {least} to {most}."
                assert reason in page.content.decode()


def test_what_the_board_does_not_have_is_a_clear_400(client, subtests):
    make_board("coins", crowd(5), windows=("all", "day"))
    no_window = "This board has the windows all, day."
    no_cursor = "This is not a place that this board gave out."
    for query, reason in [
        ("window=year", no_window),
        ("window=<script>", no_window),
        ("window=week", no_window),
        ("period=2026-W47", "The window 'all' has no periods."),
        ("window=day&period=yesterday", "“yesterday” is not a period of the window “day”."),
        ("window=day&period=2026-02-30", "“2026-02-30” is not a period of the window “day”."),
        ("window=day&period=9999-12-31", "“9999-12-31” is not a period of the window “day”."),
        ("window=day&period=0000-00-00", "“0000-00-00” is not a period of the window “day”."),
        ("window=day&period=2026-W47", "“2026-W47” is not a period of the window “day”."),
        ("segment=SE", "This board has no segments."),
        ("after=nonsense", no_cursor),
        ("after=%F0%9F%98%80", no_cursor),
        ("after=MTAw", no_cursor),
        ("after=" + "A" * 4000, no_cursor),
    ]:
        for headers in ({}, PART):
            with subtests.test(query=query[:50], headers=headers):
                page = client.get(f"/leaderboards/coins/?{query}", headers=headers)
                assert page.status_code == 400
                assert page.context["reason"] == reason
                text = page.content.decode()
                assert "That cannot be shown" in text
                assert "<script>" not in text.replace("<script src", "")


def test_odd_segments_are_empty_or_refused(client, subtests):
    make_board("coins", crowd(5), segment_by="country")
    for segment, status in [("<b>x</b>", 200), ("a" * 300, 400), ("tab\tbed", 400), ("../..", 200), ("SE", 200)]:
        with subtests.test(segment=segment[:50]):
            page = client.get("/leaderboards/coins/", {"segment": segment})
            assert page.status_code == status
            assert "<b>x</b>" not in page.content.decode()
            assert players(page, "top") == []


def test_stored_html_is_escaped(alice):
    make_board("coins", {"bob": 20, "alice": 10}, name="<i>Coins</i>", description='<img src=x onerror="x()">')
    make_player("bob", name='<script>alert(1)</script>"onload="x', country="SE")
    for address in ("/", "/leaderboards/", "/leaderboards/coins/", "/leaderboards/coins/?after="):
        page = alice.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<i>Coins" not in page
        assert "<img" not in page
        assert "Coins" in page


def test_around_a_rank(client):
    make_board("coins", crowd(100))
    page = client.get("/leaderboards/coins/?rank=50&around=2")
    assert [rank for rank, _, _ in rows(page)["around"]] == [48, 49, 50, 51, 52]
    assert "Around rank 50" in page.content.decode()
    assert "beyond the end" not in page.content.decode()


def test_rank_beyond_the_end_says_so(client):
    make_board("coins", crowd(100))
    page = client.get("/leaderboards/coins/?rank=5000").content.decode()
    assert "Rank 5,000 is beyond the end of the board. These are the last rows." in page
    assert "Around rank 100" in page


def test_empty_board_says_so(client):
    make_board("coins")
    page = client.get("/leaderboards/coins/")
    assert "The podium is free" in page.content.decode()
    assert "data-board-size" in page.content.decode()


def test_player_who_is_not_on_the_board_is_told(alice):
    make_board("coins", crowd(3))
    page = alice.get("/leaderboards/coins/").content.decode()
    assert "You are not on this board yet" in page


def test_visitor_is_asked_in(client):
    make_board("coins", crowd(3))
    assert "/accounts/login/?next=/leaderboards/coins/" in client.get("/leaderboards/coins/").content.decode()


def test_windows_and_periods(client):
    make_board("coins", windows=("all", "week"), grace_hours=168)
    scores.submit("coins", "bob", 5, at=datetime(2082, 11, 12, tzinfo=UTC))
    scores.submit("coins", "charlie", 7)
    assert players(client.get("/leaderboards/coins/"), "top") == ["charlie", "bob"]
    this_week = client.get("/leaderboards/coins/?window=week")
    assert players(this_week, "top") == ["charlie"]
    assert "/leaderboards/coins/?window=week&amp;period=2082-W46" in this_week.content.decode()
    last_week = client.get("/leaderboards/coins/?window=week&period=2082-W46")
    assert players(last_week, "top") == ["bob"]
    assert "Week 46, 2082" in last_week.content.decode()
    assert "hx-get" not in last_week.content.decode()


def test_seasons_have_their_names(client):
    make_board("coins", windows=("season",), seasons=(season("autumn", "2082-09-01", "2082-12-01"),))
    assert "Autumn" in client.get("/leaderboards/coins/").content.decode()
    assert client.get("/leaderboards/coins/?period=winter").status_code == 400


def test_segments(client):
    make_board("coins", segment_by="country")
    make_player("alice", country="SE")
    make_player("bob", country="NO")
    scores.submit_many("coins", {"alice": 5, "bob": 7})
    page = client.get("/leaderboards/coins/?segment=SE")
    assert players(page, "top") == ["alice"]
    assert '<option value="SE" selected>Sweden</option>' in page.content.decode()


def test_full_list_pages_through_everybody(client):
    make_board("coins", crowd(120))
    address, seen = "/leaderboards/coins/?after=", []
    while address:
        page = client.get(address)
        seen += rows(page)["list"]
        link = page.context["next_url"]
        address = link or ""
    assert [rank for rank, _, _ in seen] == list(range(1, 121))
    assert "That is all." in page.content.decode()


# The polled part


def test_part_is_the_rows_alone(client):
    make_board("coins", crowd(5))
    page, part = client.get("/leaderboards/coins/"), client.get("/leaderboards/coins/", headers=PART)
    assert "<html" in page.content.decode()
    assert part.content.decode().strip().startswith('<div id="rows"')
    assert rows(page) == rows(part)
    for response in (page, part):
        assert {"HX-Request", "HX-Target", "Cookie"} <= {name.strip() for name in response["Vary"].split(",")}
        assert "private" in response["Cache-Control"]
        assert "no-cache" in response["Cache-Control"]


def test_other_requests_get_the_page(client, subtests):
    make_board("coins", crowd(5))
    for headers in [
        {"HX-Request": "true"},
        {"HX-Request": "true", "HX-Target": "other"},
        {"HX-Request": "true", "HX-Target": "rows", "HX-Boosted": "true"},
        {"HX-Request": "true", "HX-Target": "rows", "HX-History-Restore-Request": "true"},
    ]:
        with subtests.test(headers=headers):
            page = client.get("/leaderboards/coins/", headers=headers)
            assert "<html" in page.content.decode()
            assert "ETag" not in page


def test_unchanged_part_is_304_and_reads_no_board(client, monkeypatch):
    make_board("coins", crowd(5))
    etag = client.get("/leaderboards/coins/", headers=PART)["ETag"]
    monkeypatch.setattr(ranking, "view", None)
    again = client.get("/leaderboards/coins/", headers={**PART, "If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


def change_score() -> None:
    scores.set("coins", "p0005", 999)


def change_name() -> None:
    make_player("p0001", name="Somebody")


def change_definition() -> None:
    boards.define(boards.get("coins").__class__(slug="coins", name="Coins", windows=("all", "day"), max_entries=3))


def test_part_has_a_new_etag_after(client, subtests):
    make_board("coins", crowd(5), windows=("all", "day"))
    for change in (change_score, change_name, change_definition):
        with subtests.test(change=change.__name__):
            etag = client.get("/leaderboards/coins/", headers=PART)["ETag"]
            change()
            response = client.get("/leaderboards/coins/", headers={**PART, "If-None-Match": etag})
            assert response.status_code == 200
            assert response["ETag"] != etag


def test_part_has_a_new_etag_when_the_period_ends(client, clock):
    make_board("coins", windows=("day",))
    scores.submit("coins", "alice", 5)
    etag = client.get("/leaderboards/coins/", headers=PART)["ETag"]
    clock.advance(days=1)
    response = client.get("/leaderboards/coins/", headers={**PART, "If-None-Match": etag})
    assert response.status_code == 200
    assert players(response, "top") == []


def test_etags_are_of_one_question_and_one_visitor(alice):
    make_board("coins", crowd(5), windows=("all", "day"))
    addresses = ["", "?top=3", "?around=2", "?rank=2", "?window=day"]
    etags = [alice.get(f"/leaderboards/coins/{query}", headers=PART)["ETag"] for query in addresses]
    alice.logout()
    etags += [alice.get(f"/leaderboards/coins/{query}", headers=PART)["ETag"] for query in addresses]
    assert len(set(etags)) == len(etags)


def test_my_row_is_marked_for_me_alone(alice):
    make_board("coins", {"alice": 5, "bob": 7})
    mine = alice.get("/leaderboards/coins/").content.decode()
    alice.logout()
    others = alice.get("/leaderboards/coins/").content.decode()
    assert 'data-player="alice" data-rank="2" data-score="5" class="me"' in mine
    assert 'class="me"' not in others


def test_only_so_many_rendered_boards_are_kept(monkeypatch):
    monkeypatch.setattr(rendered, "MOST_KEPT", 2)
    rendered._kept.clear()
    make_board("coins", crowd(10))
    for top in (1, 2, 3, 4):
        rendered.top(ranking.view("coins", top=top).top, None)
    assert len(rendered._kept) == 2


# Home and the list


def test_home_shows_visitors_the_liveliest_board(client):
    make_board("coins", crowd(3))
    make_board("laps", crowd(9))
    page = client.get("/")
    assert players(page, "top") == ["p0001", "p0002", "p0003", "p0004", "p0005"]
    assert "Claim your name" in page.content.decode()


def test_home_shows_players_their_windows(alice):
    make_board("coins", crowd(50))
    make_board("laps", crowd(9))
    scores.set("coins", "alice", 25)
    page = alice.get("/")
    assert len(players(page, "around")) == 5
    assert "Hello, Alice" in page.content.decode()
    assert "You are not on this board yet" in page.content.decode()


def test_pages_without_boards(alice):
    for address in ("/", "/leaderboards/"):
        assert "There are no boards yet" in alice.get(address).content.decode()
    alice.logout()
    assert alice.get("/").status_code == 200


def test_home_of_an_account_without_a_player(client):
    make_board("coins", crowd(3))
    client.force_login(Account.objects.create_user("bob", "correct horse"))
    assert "Hello, bob" in client.get("/").content.decode()


def test_list_names_leader_and_my_rank(alice):
    make_board("coins", {"bob": 5, "alice": 3})
    make_player("bob", name="Bob B.")
    page = alice.get("/leaderboards/").content.decode()
    assert "Bob B." in page
    assert "Your rank" in page


def test_pages_are_only_read(client, subtests):
    make_board("coins")
    for address in ("/", "/leaderboards/", "/leaderboards/coins/"):
        with subtests.test(address=address):
            assert client.post(address).status_code == 405


def test_pages_hold_no_inline_style_or_script(alice):
    make_board("coins", crowd(30), windows=("all", "week"))
    for address in ("/", "/leaderboards/", "/leaderboards/coins/", "/leaderboards/coins/?window=week&after="):
        page = alice.get(address).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        assert "hx-on" not in page


# Addresses


def test_addresses_leave_out_defaults():
    board = make_board("coins", windows=("all", "week"))
    assert BoardQuery.read({}, board).url() == "/leaderboards/coins/"
    query = BoardQuery.read({"window": "week", "top": "20", "rank": "7"}, board)
    assert query.url() == "/leaderboards/coins/?window=week&top=20&rank=7"
    assert query.url(rank=None, after="") == "/leaderboards/coins/?window=week&top=20&after="
