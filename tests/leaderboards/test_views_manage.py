"""Pages for staff: boards are created, changed and deleted, and scores are set by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client

from gamify_site import audit
from gamify_site.players.models import Account
from leaderboards.definitions import Board
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards, ranking, scores
from tests.achievements.builders import make as define_achievement
from tests.builders import brief, crowd, make_board, make_player

pytestmark = pytest.mark.usefixtures("store", "clock")

NEW = {
    "name": "Coins",
    "slug": "coins",
    "description": "",
    "action": "",
    "combine": "sum",
    "order": "desc",
    "decimals": "0",
    "windows": ["all"],
    "seasons": "",
    "timezone": "UTC",
    "retention_days": "90",
    "grace_hours": "1",
    "ties": "shared",
    "max_entries": "",
    "segment_by": "",
    "floor": "0",
    "news_top": "100",
}
ADDRESSES = [
    "/manage/",
    "/manage/boards/",
    "/manage/boards/new/",
    "/manage/boards/coins/edit/",
    "/manage/boards/coins/delete/",
    "/manage/boards/coins/scores/",
]


@pytest.fixture
def staff(client: Client) -> Client:
    """The client, logged in as charlie, who is staff."""
    client.force_login(Account.objects.create_user("charlie", "correct horse", is_staff=True))
    return client


def test_staff_see_them(staff, subtests):
    make_board("coins", crowd(3), name="<b>Coins</b>")
    for address in ADDRESSES:
        with subtests.test(address=address):
            page = staff.get(address)
            assert page.status_code == 200
            assert "<b>Coins" not in page.content.decode()


def test_unknown_board_is_named(staff, subtests):
    for page in ("edit", "delete", "scores"):
        with subtests.test(page=page):
            response = staff.get(f"/manage/boards/nope/{page}/")
            assert response.status_code == 404
            assert "“nope”" in response.content.decode()


# Boards


def edit(staff: Client, fields: dict[str, str]):
    """What comes of the form of the board as it is now, changed and sent."""
    known = staff.get("/manage/boards/coins/edit/").context["known"]
    return staff.post("/manage/boards/coins/edit/", {**NEW, "known": known, **fields})


def log() -> list[audit.Entry]:
    return list(audit.walk(lambda _entry: True))


def test_board_is_made(staff):
    response = staff.post("/manage/boards/new/", {**NEW, "max_entries": "50", "windows": ["all", "week"]}, follow=True)
    assert "The board “Coins” is saved." in response.content.decode()
    assert boards.get("coins") == Board(slug="coins", name="Coins", max_entries=50, windows=("all", "week"))


def test_board_with_everything(staff):
    given = {
        "decimals": "2",
        "order": "asc",
        "combine": "best",
        "ties": "earliest",
        "action": "lap_finished",
        "segment_by": "country",
        "windows": ["season", "day"],
        "seasons": "autumn | Autumn Cup | 2082-09-01 | 2082-12-01\n\nwinter | Winter | 2082-12-01 | 2083-03-01",
        "timezone": "Europe/Stockholm",
        "floor": "-5.50",
        "news_top": "0",
        "description": "Laps & more",
    }
    assert staff.post("/manage/boards/new/", {**NEW, **given}).status_code == 302
    board = boards.get("coins")
    assert (board.decimals, board.floor, board.segment_by) == (2, Decimal("-5.5"), "country")
    assert [season.name for season in board.seasons] == ["Autumn Cup", "Winter"]
    page = staff.get("/manage/boards/coins/edit/").content.decode()
    assert "autumn | Autumn Cup | 2082-09-01 | 2082-12-01" in page
    assert "Laps &amp; more" in page


def test_taken_slug_is_refused(staff):
    make_board("coins", crowd(3))
    page = staff.post("/manage/boards/new/", NEW)
    assert page.status_code == 422
    assert "There is a board with this slug already." in page.content.decode()


def test_edit_keeps_the_slug_and_shows_what_holds(staff):
    make_board("coins", crowd(3))
    edit(staff, {"slug": "other", "name": "Gold", "max_entries": "2"})
    assert [board.slug for board in boards.all()] == ["coins"]
    assert boards.get("coins").name == "Gold"
    assert ranking.size("coins") == 2


def test_what_scores_are_stored_by_is_refused_at_the_field(staff, subtests):
    make_board("coins", crowd(3))
    for field, value in [("order", "asc"), ("decimals", "2"), ("ties", "earliest")]:
        with subtests.test(field=field):
            before = boards.get("coins")
            page = edit(staff, {field: value})
            assert page.status_code == 422
            assert page.context["form"].errors.keys() == {field}
            assert boards.get("coins") == before


def test_second_of_two_editors_is_told_and_overwrites_only_knowingly(staff):
    read = make_board("coins", description="Old")
    known = staff.get("/manage/boards/coins/edit/").context["known"]
    boards.define(replace(read, description="From <anna>", windows=("all", "week")), by="anna")
    boards.define(replace(boards.get("coins"), max_entries=50), by="bob")
    page = staff.post("/manage/boards/coins/edit/", {**NEW, "name": "Mine", "known": known})
    assert page.status_code == 409
    text = page.content.decode()
    assert 'value="Mine"' in text
    assert [by for by, _changes in page.context["edits"]] == ["bob", "anna"]
    assert page.context["edits"][1][1] == [
        ("Description", "Old", "From <anna>"),
        ("Windows", "All time", "All time, Week"),
    ]
    assert "Changed by anna:" in text and "<anna>" not in text
    assert boards.get("coins").max_entries == 50
    again = staff.post("/manage/boards/coins/edit/", {**NEW, "name": "Mine", "known": page.context["known"]})
    assert again.status_code == 302
    assert boards.get("coins") == Board("coins", "Mine")


def test_nobody_is_named_for_what_a_program_changed(staff):
    read = make_board("coins")
    boards.define(replace(read, description="Old"), by="anna")
    known = staff.get("/manage/boards/coins/edit/").context["known"]
    boards.define(replace(read, description="By a program"))
    page = staff.post("/manage/boards/coins/edit/", {**NEW, "known": known})
    assert page.status_code == 409
    assert page.context["edits"] == []
    assert "maybe by a program" in page.content.decode()


def test_edit_of_nothing_that_was_read_is_not_saved(staff, subtests):
    make_board("coins", description="Old")
    for known in ("", "0123456789abcdef", "<b>x</b>"):
        with subtests.test(known=known):
            before = boards.get("coins")
            page = staff.post("/manage/boards/coins/edit/", {**NEW, "known": known})
            assert page.status_code == 409
            assert "<b>x" not in page.content.decode()
            assert boards.get("coins") == before


def test_refused_edit_can_be_corrected_and_saved(staff):
    make_board("coins")
    refused = edit(staff, {"decimals": "9"})
    assert refused.status_code == 422
    assert edit(staff, {"known": refused.context["known"], "name": "Gold"}).status_code == 302


def test_boards_are_audited(staff):
    staff.post("/manage/boards/new/", NEW)
    edit(staff, {"max_entries": "5"})
    staff.post("/manage/boards/coins/delete/", {"slug": "coins"})
    told = log()
    assert [(it.what, it.subject, it.by) for it in told] == [
        ("board_deleted", "coins", "charlie"),
        ("board_saved", "coins", "charlie"),
        ("board_saved", "coins", "charlie"),
    ]
    assert told[1].changes == [("max_entries", None, "5")]


def test_tie_rules_say_which_scores_they_leave(staff):
    page = staff.get("/manage/boards/new/").content.decode()
    for most in ("9,007,199,254,740,991", "2,199,023,255,551"):
        assert most in page
    make_board("laps", decimals=2)
    assert "90,071,992,547,409.91" in staff.get("/manage/boards/laps/edit/").content.decode()


def test_delete_names_board_and_size_and_takes_the_slug(staff):
    make_board("coins", crowd(1234))
    page = staff.get("/manage/boards/coins/delete/").content.decode()
    assert "<strong>Coins</strong> has <strong>1,234 players</strong>" in page
    for wrong in ("", "Coins", "coin", "<b>coins</b>"):
        response = staff.post("/manage/boards/coins/delete/", {"slug": wrong})
        assert response.status_code == 422
        assert "<b>coins" not in response.content.decode()
    assert ranking.size("coins") == 1234
    response = staff.post("/manage/boards/coins/delete/", {"slug": "coins"}, follow=True)
    assert "The board “Coins” is deleted." in response.content.decode()
    with pytest.raises(UnknownBoard):
        boards.get("coins")


# Scores


def write(staff: Client, do: str, **fields: str):
    return staff.post("/manage/boards/coins/scores/", {"do": do, **fields}, follow=True)


def test_score_is_written_and_the_place_shown(staff):
    make_board("coins", {"alice": 10, "bob": 20})
    page = write(staff, "score", player="alice", score="15", how="rule")
    assert page.redirect_chain == [("/manage/boards/coins/scores/?player=alice", 302)]
    assert "alice has 25 and rank 1, after rank 2." in page.content.decode()
    assert brief(ranking.top("coins")) == [(1, "alice", 25), (2, "bob", 20)]
    write(staff, "score", player="alice", score="15", how="set")
    assert brief(ranking.top("coins")) == [(1, "bob", 20), (2, "alice", 15)]


def test_new_player_is_told_as_new(staff):
    make_board("coins")
    page = write(staff, "score", player="alice", score="-5", how="rule").content.decode()
    assert "alice is new on the board: -5, rank 1." in page


def test_score_is_incremented(staff):
    make_board("coins", {"alice": 10}, combine="best")
    page = write(staff, "increment", player="alice", increment="-3").content.decode()
    assert "alice has 7 and stays at rank 1." in page


def test_player_is_removed(staff):
    make_board("coins", {"alice": 10, "bob": 20})
    assert "alice is off the board." in write(staff, "remove", player="alice").content.decode()
    assert brief(ranking.top("coins")) == [(1, "bob", 20)]
    page = write(staff, "remove", player="alice")
    assert page.status_code == 422
    assert "This player is not on the board." in page.content.decode()


def test_scores_written_by_hand_are_audited(staff):
    make_board("coins", {"alice": 10}, combine="best")
    write(staff, "score", player="alice", score="5", how="set", reason=" a bot played ")
    write(staff, "increment", player="alice", increment="2")
    write(staff, "score", player="bob", score="3", how="rule")
    write(staff, "remove", player="alice", reason="cheater")
    assert [(it.what, it.subject, it.by, it.reason, dict(it.before), dict(it.after)) for it in log()] == [
        ("score_removed", "alice", "charlie", "cheater", {"board": "coins", "score": 7}, {"board": "coins"}),
        ("score_changed", "bob", "charlie", "", {"board": "coins"}, {"board": "coins", "score": 3}),
        (*("score_changed", "alice", "charlie", ""), {"board": "coins", "score": 5}, {"board": "coins", "score": 7}),
        (
            *("score_changed", "alice", "charlie", "a bot played"),
            {"board": "coins", "score": 10},
            {"board": "coins", "score": 5},
        ),
    ]


def test_score_that_falls_off_is_audited_as_none(staff):
    make_board("coins", crowd(3), decimals=2, max_entries=3)
    write(staff, "score", player="p0001", score="-1.5", how="set")
    write(staff, "score", player="alice", score="-9", how="rule")
    assert [(dict(it.before), dict(it.after)) for it in log()] == [
        ({"board": "coins"}, {"board": "coins"}),
        ({"board": "coins", "score": "3.00"}, {"board": "coins", "score": "-1.50"}),
    ]


def test_what_is_refused_is_not_audited(staff, subtests):
    make_board("coins", {"bob": 5})
    for do in ("score", "increment", "remove"):
        with subtests.test(do=do):
            before = log(), brief(ranking.top("coins"))
            page = write(staff, do, player="bob", score="1", increment="1", how="set", reason="x" * 501)
            assert page.status_code == 422
            assert page.context["forms"][do].errors.keys() == {"reason"}
            assert write(staff, do, player="nobody", score="x", increment="x").status_code == 422
            assert (log(), brief(ranking.top("coins"))) == before


def test_trimmed_writer_is_told(staff):
    make_board("coins", crowd(50), max_entries=50)
    page = write(staff, "score", player="alice", score="0", how="rule").content.decode()
    assert "alice fell off: 0 is not among the first 50" in page
    assert ranking.standing("coins", "alice") is None


def test_decimals(staff):
    make_board("coins", decimals=2)
    assert (
        "alice is new on the board: 58.20, rank 1."
        in write(staff, "score", player="alice", score="58.2", how="set").content.decode()
    )


BAD_SCORES = [
    "",
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "12345678901234567890",
    "9" * 400,
    "1e999",
    "<b>1</b>",
    "abc",
    "9007199254740992",
    "1\u20282",
]


def test_bad_scores_are_refused_at_the_field_and_kept(staff, subtests):
    make_board("coins", {"bob": 5})
    for do in ("score", "increment"):
        for score in BAD_SCORES:
            with subtests.test(do=do, score=score[:50]):
                before = brief(ranking.top("coins"))
                page = write(staff, do, player="bob", how="rule", **{do: score})
                assert page.status_code == 422
                form = page.context["forms"][do]
                assert form.errors.keys() == {do}
                assert form[do].value() == score
                assert "<b>1" not in page.content.decode()
                assert brief(ranking.top("coins")) == before


def test_bad_player_ids_are_refused_at_the_field(staff, subtests, pytestconfig):
    make_board("coins", {"bob": 5})
    bad = ("", "a b", "../x", "<script>", "é", "x" * 65, "-alice")
    is_all = pytestconfig.getoption("everything")
    for do in ("score", "increment", "remove"):  # whose forms share the field
        for player in bad if do == "score" or is_all else bad[:2]:
            with subtests.test(do=do, player=player):
                before = brief(ranking.top("coins"))
                page = write(staff, do, player=player, score="1", increment="1", how="set")
                assert page.status_code == 422
                assert page.context["forms"][do].errors.keys() == {"player"}
                assert brief(ranking.top("coins")) == before


def test_result_out_of_range_is_refused(staff):
    make_board("coins", {"bob": 2**53 - 1})
    page = write(staff, "increment", player="bob", increment="1")
    assert page.status_code == 422
    assert page.context["forms"]["increment"].errors.keys() == {"increment"}
    assert ranking.standing("coins", "bob").score == 2**53 - 1


def test_half_forms_change_nothing(staff, subtests):
    make_board("coins", {"bob": 5})
    for data, status in [
        ({}, 200),
        ({"do": "unknown"}, 200),
        ({"do": "score"}, 422),
        ({"do": "score", "player": "bob", "score": "1", "how": "x"}, 422),
    ]:
        with subtests.test(data=data):
            before = brief(ranking.top("coins"))
            assert staff.post("/manage/boards/coins/scores/", data).status_code == status
            assert brief(ranking.top("coins")) == before


def test_shown_player_is_checked(staff, subtests):
    make_board("coins", {"bob": 5})
    for player, status in [("nobody", 200), ("<b>x</b>", 400), ("%00", 400), ("x" * 100, 400)]:
        with subtests.test(player=player):
            page = staff.get("/manage/boards/coins/scores/", {"player": player})
            assert page.status_code == status
            assert "<b>x" not in page.content.decode()


def test_names_on_the_staffs_pages_are_escaped(staff):
    make_board("coins")
    make_player("bob", name="<script>alert(1)</script>")
    scores.set("coins", "bob", 5)
    assert "<script>alert" not in staff.get("/manage/boards/coins/scores/?player=bob").content.decode()


def test_built_in_board_is_neither_deleted_nor_written_to(staff):
    define_achievement("ten")
    refused = staff.post("/manage/boards/achievement-points/delete/", {"slug": "achievement-points"})
    assert refused.status_code == 422
    assert "The built-in board cannot be deleted." in refused.content.decode()
    refused = staff.post(
        "/manage/boards/achievement-points/scores/", {"do": "score", "player": "bob", "score": "5", "how": "rule"}
    )
    assert ranking.size("achievement-points") == 0
    assert refused.status_code == 422
    errors = refused.context["forms"]["score"].non_field_errors()
    assert errors == ["This board follows the players' achievements; grant or revoke those."]
