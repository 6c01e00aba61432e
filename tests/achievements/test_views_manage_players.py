"""Support: why somebody does not have something, and what can be done about it."""

import re

import pytest
from django.test import Client

from achievements.definitions import Tier
from achievements.services import catalog, unlocks
from gamify_site import audit
from gamify_site.players import services as players
from gamify_site.players.models import Account
from leaderboards.services import away, moderation, ranking
from tests.achievements.builders import do, make, on_days
from tests.builders import make_board, make_player

pytestmark = pytest.mark.usefixtures("store")

ALICE = "/manage/players/alice/"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    return client


def missing(staff: Client) -> dict[str, str]:
    """What the page says is missing, by achievement."""
    page = staff.get(ALICE).content.decode()
    rows = re.findall(r'<tr data-achievement="([\w-]+)">.*?</th>\s*<td[^>]*>(.*?)</td>', page, re.DOTALL)
    return {slug: re.sub(r"<[^>]+>", "", told).strip() for slug, told in rows}


def log() -> list[tuple[str, str, str]]:
    return [(it.what, it.subject, it.reason) for it in audit.walk(lambda _entry: True)]


def test_why_do_i_not_have_this_is_answered_for_every_type(staff, clock):
    make("sum")
    make("best", measure="max")
    make("first", type="milestone", target=1, action="swim")
    make("shelf", type="collection", items=("Bell", "Star", "Lamp"), target=3, action="relic")
    make("daily", type="streak", target=3, action="login")
    tiers = (Tier("bronze", "Bronze", 4, 1), Tier("silver", "Silver", 50, 1))
    make("ladder", type="tiered", tiers=tiers, target=50, points=0)
    make("many", type="meta", action=None, target=5)
    make("coiny", type="meta", action=None, target=3, counts="coins")
    make("later", target=1, prerequisites=("first",))
    make("gone", target=99, status="archived")
    make("draft", status="draft")
    do("alice", "coin", amount=4, value=7)
    do("alice", "relic", item="Star")
    on_days(clock, "alice", "login", 1)
    assert missing(staff) == {
        "best": "The best so far is 7; it takes 10 at once.",
        "coiny": "2 more achievements of coins are missing.",
        "daily": "The streak is at 1 of 3 days; today is still missing.",
        "first": "It has not happened yet: swim.",
        "gone": "It is archived: nobody new unlocks it. 99 of 99 are missing.",
        "ladder": "46 of 50 are missing.",
        "later": "It waits for first.",
        "many": "4 more achievements are missing.",
        "shelf": "2 items are missing: Bell, Lamp.",
        "sum": "6 of 10 are missing.",
    }


def test_what_is_missing_is_written_as_the_progress_beside_it(staff):
    make("sum", target=9000)
    do("alice", "coin", amount=7700)
    assert missing(staff) == {"sum": "1,300 of 9,000 are missing."}


def test_staff_count_achievements_as_the_profile_does_and_tiers_apart(staff):
    make(
        "ladder",
        type="tiered",
        tiers=(Tier("bronze", "Bronze", 1, 1), Tier("silver", "Silver", 2, 1)),
        target=2,
        points=0,
    )
    make("sum", target=2)
    make("more", target=99)
    do("alice", "coin", amount=2)
    counted = "<dt>Achievements</dt><dd>2<small> / 3</small></dd>"
    page = staff.get("/manage/players/alice/").content.decode()
    assert counted in page and "<dt>Unlocks, each tier counted</dt><dd>3</dd>" in page
    assert counted in staff.get("/players/alice/").content.decode()


def test_what_is_reached_and_not_given_or_was_taken_away_is_said(staff):
    make("easy", target=10)
    make("taken", target=1)
    do("alice", "coin", amount=5)
    unlocks.revoke("alice", "taken", "a mistake", by="root")
    make("easy", target=5)
    told = missing(staff)
    assert told["easy"] == "All of it is reached. Look through all players again, and it is given."
    assert told["taken"].startswith("Staff took it away.")
    do("alice", "coin", amount=5)
    assert missing(staff)["easy"] == "Unlocked."


def test_grant_and_revoke_with_a_reason(staff):
    make_player("alice")
    make("ten")
    staff.post(ALICE, {"do": "grant", "achievement": "ten", "reason": "prize"})
    assert [it.achievement for it in unlocks.for_player("alice")] == ["ten"]
    staff.post(ALICE, {"do": "revoke", "achievement": "ten", "reason": "mistake"})
    assert unlocks.for_player("alice") == []
    assert log() == [("revoked", "alice", "mistake"), ("granted", "alice", "prize")]


def test_bad_input_is_refused_at_its_field_and_kept(staff, subtests):
    make_player("alice", name="Al")
    make("ten")
    make("held", target=1)
    make("old", status="archived")
    do("alice", "coin")
    for do_what, given, at, message in [
        ("grant", {"achievement": "ten", "reason": ""}, "reason", "This field is required."),
        ("grant", {"achievement": "ten", "reason": "x" * 501}, "reason", "500 characters"),
        ("grant", {"achievement": "nowhere", "reason": "prize"}, "achievement", "Select a valid choice."),
        ("grant", {"achievement": "held", "reason": "prize"}, "achievement", "The player has it already."),
        ("grant", {"achievement": "old", "reason": "prize"}, "achievement", "old is not published"),
        ("revoke", {"achievement": "ten", "reason": "prize"}, "achievement", "The player does not have it."),
        ("revoke", {"achievement": "held", "reason": " "}, "reason", "This field is required."),
        ("hide", {"reason": ""}, "reason", "This field is required."),
        ("show", {"reason": ""}, "reason", "This field is required."),
        ("rename", {"name": "", "reason": "rude"}, "name", "This field is required."),
        ("rename", {"name": "x" * 61, "reason": "rude"}, "name", "60 characters"),
        ("rename", {"name": "\x07", "reason": "rude"}, "name", "must not hold control characters"),
        ("rename", {"name": "Alice", "reason": ""}, "reason", "This field is required."),
    ]:
        with subtests.test(do_what=do_what, given=given):
            answer = staff.post(ALICE, {"do": do_what} | given)
            assert answer.status_code == 422
            form = answer.context["forms"][do_what]
            assert list(form.errors) == [at]
            assert message in form.errors[at][0]
            assert {name: form[name].value() for name in given} == given
            assert log() == []
            assert players.get("alice").name == "Al"


def test_hide_and_show(staff):
    make_board(entries={"alice": 5})
    staff.post(ALICE, {"do": "hide", "reason": "two aces"})
    assert moderation.is_hidden("alice")
    assert "Off all boards" in staff.get(ALICE).content.decode()
    staff.post(ALICE, {"do": "show", "reason": "sorry"})
    assert ranking.standing("coins", "alice").score == 5


def test_who_is_away_is_told_since_when_and_can_be_put_back_or_hidden(staff, clock):
    make_board(entries={"alice": 5})
    clock.advance(days=31)
    away.leave_due()
    page = staff.get(ALICE).content.decode()
    assert "Away since Nov. 20, 2082" in page
    assert "Off all boards" not in page
    assert 'value="hide"' in page
    staff.post(ALICE, {"do": "show", "reason": "asked for it"})
    assert ranking.standing("coins", "alice").score == 5
    assert "Away since" not in staff.get(ALICE).content.decode()


def test_rename_is_audited_with_the_name_before(staff):
    make_player("alice", name="Rude")
    staff.post(ALICE, {"do": "rename", "name": "Alice", "reason": "rude"})
    assert players.get("alice").name == "Alice"
    (entry,) = audit.walk(lambda _entry: True)
    assert entry.changes == [("name", "Rude", "Alice")]


def test_delete_takes_the_typed_id_and_leaves_no_trace(staff, store):
    make_board(entries={"alice": 5})
    make("ten", target=1)
    do("alice", "coin")
    unlocks.revoke("alice", "ten", "oh no", by="root")
    wrong = staff.post(f"{ALICE}delete/", {"player_id": "alise", "reason": "asked"})
    assert wrong.status_code == 422
    assert players.exists("alice")
    assert staff.post(f"{ALICE}delete/", {"player_id": "alice", "reason": "asked"}).status_code == 302
    assert not players.exists("alice")
    assert not [key for key in store.redis.scan_iter() if b"alice" in key]
    assert log() == [("player_deleted", audit.pseudonym("alice"), "asked")]
    assert not [entry for _, entry in store.redis.xrange("{gamify}:audit") if b"alice" in b" ".join(entry.values())]
    assert staff.get(ALICE).status_code == 404


def test_players_are_found_as_one_types(staff):
    make_player("alice", name="Alice Hartley")
    make_player("bob", name="Bob <b>")
    assert "Nobody is found" in staff.get("/manage/players/?q=zz").content.decode()
    part = staff.get("/manage/players/?q=hart", headers={"HX-Request": "true", "HX-Target": "found"}).content.decode()
    assert re.findall(r'data-player="(\w+)"', part) == ["alice"]
    assert "<html" not in part
    assert "Bob <b>" not in staff.get("/manage/players/").content.decode()


def test_unknown_and_impossible_players_are_not_found(staff):
    for player in ("nobody", "no one", "x" * 70):
        assert staff.get(f"/manage/players/{player}/").status_code == 404
        assert staff.post(f"/manage/players/{player}/", {"do": "hide", "reason": "x"}).status_code == 404
        assert staff.get(f"/manage/players/{player}/delete/").status_code == 404


def test_hidden_achievements_are_seen_by_staff(staff):
    make_player("alice")
    make("secret", hidden=True)
    assert "secret" in missing(staff)
    assert catalog.get("secret").hidden
