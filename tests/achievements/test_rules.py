"""What achievements are, one test a rule."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import EXACT, Event, Tier
from achievements.errors import UnknownAchievement
from achievements.services import catalog, collections, events, insights, progress, streaks, unlocks
from gamify_site import audit
from gamify_site.players import services as players
from leaderboards.services import boards, ranking, scores
from tests.achievements.builders import assert_consistent, do, make, on_days, unlocked
from tests.builders import make_player

pytestmark = pytest.mark.usefixtures("services_store")

SLAYER = {
    "type": "tiered",
    "action": "boss",
    "measure": "count",
    "target": 5,
    "points": 0,
    "tiers": (Tier("bronze", "Bronze", 1, 1), Tier("silver", "Silver", 3, 2), Tier("gold", "Gold", 5, 3)),
}


def test_counter_unlocks_at_its_target_once_and_is_shown_capped(services_store):
    make("ten")
    assert unlocked(do("alice", "coin", amount=9)) == []
    assert unlocked(do("alice", "coin", amount=9)) == ["ten"]
    assert unlocked(do("alice", "coin", amount=9)) == []
    shown = progress.get("alice", "ten")
    assert (shown.progress, shown.target, shown.percent, shown.unlocked) == (10, 10, 100, True)
    assert_consistent(services_store, "alice")


def test_measures(subtests):
    measures = {"sum": 12, "count": 3, "max": 9}
    for measure in measures:
        make(f"by-{measure}", measure=measure, target=1000)
    for value in (5, 9, 2):
        do("alice", "coin", amount=4, value=value)
    for measure, expected in measures.items():
        with subtests.test(measure=measure):
            assert progress.get("alice", f"by-{measure}").progress == expected


def test_measure_max_leaves_events_without_a_value_alone():
    make("high", measure="max")
    do("alice", "coin", amount=50)
    assert progress.get("alice", "high").progress == 0


def test_collection_counts_distinct_items_and_names_the_missing():
    make("relics", type="collection", action="relic", items=("cup", "ring", "sword"), target=3)
    for item in ("ring", 0, "ring"):
        assert unlocked(do("alice", "relic", item=item)) == []
    status = collections.status("alice", "relics")
    assert (status.collected, status.missing, status.complete) == (("cup", "ring"), ("sword",), False)
    assert unlocked(do("alice", "relic", item="sword")) == ["relics"]
    assert collections.status("alice", "relics").complete


def test_one_event_can_pass_several_tiers(services_store):
    make("slayer", **{**SLAYER, "measure": "sum"})
    assert unlocked(do("alice", "boss", amount=4)) == ["slayer_bronze", "slayer_silver"]
    ladder = progress.tiers("alice", "slayer")
    assert [(tier.achievement, tier.progress, tier.unlocked) for tier in ladder] == [
        ("slayer_bronze", 1, True),
        ("slayer_silver", 3, True),
        ("slayer_gold", 4, False),
    ]
    assert_consistent(services_store, "alice")


def test_streak_counts_days_in_a_row_and_a_gap_begins_anew(clock):
    make("three", type="streak", action="login", target=3)
    on_days(clock, "alice", "login", 6, 5)
    on_days(clock, "alice", "login", 3, 2, 2)
    assert streaks.status("alice", "three").current == 0
    on_days(clock, "alice", "login", 1)
    status = streaks.status("alice", "login")
    assert (status.current, status.best, status.active, status.recorded_today) == (3, 3, True, False)
    assert status.expires_at == clock.now().replace(hour=0) + timedelta(days=1)
    assert progress.get("alice", "three").unlocked


def test_freezes_cover_missed_days_but_do_not_count(clock):
    make("five", type="streak", action="login", target=5, freezes=2)
    on_days(clock, "alice", "login", 6, 5, 3, 1)
    status = streaks.status("alice", "five")
    assert (status.current, status.freezes_left) == (4, 0)
    today = clock.now().date()
    calendar = streaks.calendar("alice", "five", today - timedelta(days=5), today)
    assert [(today - day).days for day, mark in calendar.items() if mark == "frozen"] == [4, 2]
    assert [(today - day).days for day, mark in calendar.items() if mark == "done"] == [5, 3, 1]


def test_freeze_that_is_used_up_covers_no_other_day_until_the_streak_starts_again(clock):
    make("five", type="streak", action="login", target=5, freezes=1)
    on_days(clock, "alice", "login", 7, 5, 3, 1)
    status = streaks.status("alice", "five")
    assert (status.current, status.best, status.freezes_left) == (2, 2, 0)
    today = clock.now().date()
    calendar = streaks.calendar("alice", "five", today - timedelta(days=7), today)
    assert [(today - day).days for day, mark in calendar.items() if mark == "frozen"] == [6, 2]


def test_late_event_fills_its_day(clock):
    make("three", type="streak", action="login", target=3)
    on_days(clock, "alice", "login", 3, 1)
    assert not progress.get("alice", "three").unlocked
    on_days(clock, "alice", "login", 2)
    assert streaks.status("alice", "three").current == 3
    assert progress.get("alice", "three").unlocked


def test_day_is_the_players_own(clock):
    make("three", type="streak", action="login", target=3)
    make_player("alice", timezone="Pacific/Auckland")
    evening = clock.now()  # noon in UTC, 1 o'clock of the next day in Auckland
    events.record([Event("alice", "login", at=evening - timedelta(hours=2)), Event("alice", "login", at=evening)])
    assert streaks.status("alice", "three").current == 2


def test_prerequisites_hold_back_the_release_not_the_counting(services_store):
    make("first", action="login", target=1)
    make("later", prerequisites=("first",))
    assert unlocked(do("alice", "coin", amount=50)) == []
    assert progress.get("alice", "later").percent == 100
    assert unlocked(do("alice", "login")) == ["first", "later"]
    assert_consistent(services_store, "alice")


def test_meta_counts_achievements_and_tiers_but_no_metas(services_store):
    make("slayer", **SLAYER)
    make("ten", points=7)
    make("collector", type="meta", action=None, target=3, points=11)
    make("grand", type="meta", action=None, target=4, points=13)
    make("of-war", type="meta", action=None, target=1, counts="war", points=17)
    events.record([Event("alice", "boss") for _ in range(3)])
    assert unlocked(do("alice", "coin", amount=10)) == ["ten", "collector"]
    assert not progress.get("alice", "grand").unlocked
    assert progress.get("alice", "grand").progress == 3
    assert progress.get("alice", "of-war").progress == 0
    assert_consistent(services_store, "alice")


def test_draft_listens_to_nothing():
    make("ten", status="draft")
    assert do("alice", "coin", amount=10).no_listeners == ["coin"]


def test_published_is_not_withdrawn_only_archived():
    make("ten")
    do("alice", "coin", amount=10)
    with pytest.raises(ValidationError) as refused:
        make("ten", status="draft")
    assert refused.value.message_dict == {"status": ["What has been published can only be archived."]}
    catalog.archive("ten")
    assert do("bob", "coin", amount=10).unlocked == []
    assert [unlock.achievement for unlock in unlocks.for_player("alice")] == ["ten"]


def test_every_edit_is_a_new_revision():
    assert [make("ten").revision, make("ten", target=20).revision] == [1, 2]


def test_grant_and_revoke_need_a_reason_and_are_audited(services_store):
    make("ten")
    with pytest.raises(ValidationError) as refused:
        unlocks.grant("alice", "ten", " ", by="root")
    assert list(refused.value.message_dict) == ["reason"]
    assert unlocked_slugs(unlocks.grant("alice", "ten", "a prize", by="root")) == ["ten"]
    assert unlocks.grant("alice", "ten", "again", by="root") == []
    assert unlocks.revoke("alice", "ten", "a mistake", by="root")
    assert not unlocks.revoke("alice", "ten", "again", by="root")
    told = [(entry.what, entry.subject, entry.reason, entry.by) for entry in audit.walk(lambda _entry: True)]
    assert told == [("revoked", "alice", "a mistake", "root"), ("granted", "alice", "a prize", "root")]
    assert_consistent(services_store, "alice")


def test_revoke_takes_the_meta_that_needs_it_and_later_events_earn_it_again(services_store):
    make("ten")
    make("one", type="meta", action=None, target=1, points=9)
    do("alice", "coin", amount=10)
    unlocks.revoke("alice", "ten", "a mistake", by="root")
    assert unlocks.for_player("alice") == []
    assert_consistent(services_store, "alice")
    assert unlocked(do("alice", "coin")) == ["ten", "one"]
    assert_consistent(services_store, "alice")


def test_meta_falls_with_the_revocation_that_takes_it_below_its_target_alone(services_store):
    make("ten")
    make("twenty", target=20, category="other")
    make("of-coins", type="meta", action=None, target=1, counts="coins")
    make("gift", type="meta", action=None, target=9)
    do("alice", "coin", amount=20)
    unlocks.grant("alice", "gift", "a prize", by="root")
    unlocks.revoke("alice", "twenty", "a mistake", by="root")
    assert {unlock.achievement for unlock in unlocks.for_player("alice")} == {"ten", "of-coins", "gift"}
    unlocks.revoke("alice", "ten", "a mistake", by="root")
    assert {unlock.achievement for unlock in unlocks.for_player("alice")} == {"gift"}
    assert_consistent(services_store, "alice")


def test_revoking_takes_what_was_given(services_store):
    make("ten", points=5)
    do("alice", "coin", amount=10)
    make("ten", points=500)
    unlocks.revoke("alice", "ten", "a mistake", by="root")
    assert players.get("alice").points == 0
    assert_consistent(services_store, "alice")


def test_holders_among_some_players_are_told(clock):
    make("ten")
    make_player("bob", name="Bob B.", avatar="3")
    do("alice", "coin", amount=10)
    clock.advance(hours=1)
    do("bob", "coin", amount=10)
    do("charlie", "coin", amount=9)
    found = insights.holders_among("ten", {"alice", "bob", "charlie", "nobody"})
    assert [(it.player, it.name, it.avatar) for it in found] == [("bob", "Bob B.", "3"), ("alice", "alice", "")]
    assert found[0].at == clock.now()
    assert insights.holders_among("ten", ()) == []


def test_latest_holders_are_told(clock):
    make("ten")
    for player in ("alice", "bob", "charlie"):
        do(player, "coin", amount=10)
        clock.advance(hours=1)
    unlocks.revoke("bob", "ten", "a mistake", by="root")
    make_player("alice", name="Alice")
    told = insights.story("ten", (2, 3)).holders
    assert [(holder.player, holder.name) for holder in told] == [("charlie", "charlie"), ("alice", "Alice")]
    assert told[0].at == clock.now() - timedelta(hours=1)
    players.delete("charlie")
    assert [holder.player for holder in insights.story("ten", (1, 2), holders=1).holders] == ["alice"]


def test_collection_can_grow():
    make("relics", type="collection", action="relic", items=("cup",), target=1)
    do("alice", "relic", item="cup")
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    assert collections.status("alice", "relics").missing == ("ring",)
    assert progress.get("alice", "relics").unlocked


def test_draft_can_be_deleted_and_nothing_else():
    make("first", status="draft")
    make("later", prerequisites=("first",), status="draft")
    make("ten")
    for slug, reason in (
        ("ten", {"status": ["What has been published can only be archived."]}),
        ("first", {"slug": ["later waits for it."]}),
    ):
        with pytest.raises(ValidationError) as refused:
            catalog.delete(slug)
        assert refused.value.message_dict == reason
    catalog.delete("later")
    catalog.delete("first")
    assert [item.slug for item in catalog.all()] == ["ten"]
    with pytest.raises(UnknownAchievement):
        catalog.delete("first")


def test_progress_can_be_set_but_never_falls():
    make("ten")
    assert progress.increment("alice", "ten", 4).progress == 4
    assert progress.set("alice", "ten", 3).progress == 4
    assert progress.set("alice", "ten", 10).unlocked
    for bad in (-1, True, 1.5, "2", 2**53):
        with pytest.raises(ValidationError) as refused:
            progress.increment("alice", "ten", bad)
        assert refused.value.message_dict == {"amount": [f"Enter a whole number from 1 to {EXACT}."]}
    with pytest.raises(UnknownAchievement):
        progress.increment("alice", "nope", 1)


def test_change_of_progress_names_all_that_it_unlocked():
    make("ten")
    make("later", action="whistle", target=1, prerequisites=("ten",))
    do("alice", "whistle")
    assert progress.change("alice", "ten", "add", 4).unlocked == []
    update = progress.change("alice", "ten", "set", 10)
    assert [(unlock.achievement, unlock.points) for unlock in update.unlocked] == [("ten", 5), ("later", 5)]
    assert update.progress == progress.get("alice", "ten")


def test_change_of_progress_counts_once_under_its_id_for_the_player_and_the_achievement():
    make("ten")
    make("more", target=50)
    for player, slug, duplicate in (
        ("alice", "ten", False),
        ("alice", "ten", True),
        ("alice", "more", False),
        ("bob", "ten", False),
    ):
        update = progress.change(player, slug, "add", 4, id="p-1")
        assert (update.progress.progress, update.duplicate) == (4, duplicate)
    assert do("alice", "coin", id="p-1").accepted == 1  # events have ids of their own
    assert progress.change("alice", "ten", "set", 9, id="p-1").progress.progress == 5
    with pytest.raises(ValidationError):
        progress.change("alice", "ten", "add", EXACT, id="p-2")
    assert not progress.change("alice", "ten", "add", 1, id="p-2").duplicate
    for bad in ("", "x" * 129, "a\tb"):
        with pytest.raises(ValidationError) as refused:
            progress.change("alice", "ten", "add", 1, id=bad)
        assert list(refused.value.message_dict) == ["id"]


def test_rarity_is_exact():
    make("ten")
    events.record([Event(f"p{number}", "coin", 10 if number < 4 else 1) for number in range(10)])
    assert insights.rarity("ten") == (4, 10)


def test_rarity_over_time(clock):
    make("ten")
    do("alice", "coin", amount=10)
    do("bob", "coin")
    clock.advance(days=2)
    do("bob", "coin", amount=10)
    clock.advance(days=1)
    do("charlie", "coin", amount=10)
    unlocks.revoke("alice", "ten", "a mistake", by="root")
    told = insights.story("ten", insights.rarity("ten"), days=5).history
    assert [(it.holders, it.players) for it in told] == [(0, 0), (1, 2), (1, 2), (2, 2), (2, 3)]
    assert told[-1].day == clock.now().date()


def test_next_up_is_what_is_closest():
    make("far", target=100)
    make("near", target=20)
    make("secret", target=11, hidden=True)
    do("alice", "coin", amount=10)
    assert [item.achievement for item in progress.next_up("alice", 2)] == ["near", "far"]


def test_whole_catalog_at_once_tells_nothing_of_what_is_hidden():
    make("ten", position=2)
    make("secret", hidden=True, position=1, target=5, description="The very secret")
    make("gone")
    make("draft", status="draft")
    do("alice", "coin", amount=10)
    catalog.archive("gone")
    do("bob", "coin", amount=4)
    assert [(entry.achievement.slug, entry.status) for entry in progress.all("alice")] == [
        ("gone", "unlocked"),
        ("secret", "unlocked"),
        ("ten", "unlocked"),
    ]
    ten, hidden = progress.all("bob")  # the hidden one last, whatever its position
    assert (hidden.status, hidden.achievement, hidden.releases, hidden.category) == ("hidden", None, (), "coins")
    assert (ten.status, ten.releases[0].progress, ten.holders, ten.players) == ("locked", 4, 1, 2)


def unlocked_slugs(found):
    return [unlock.achievement for unlock in found]


def test_deleting_a_player_leaves_no_trace(services_store, clock):
    make("ten")
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make("three", type="streak", action="login", target=3)
    do("bob", "coin", amount=10)
    do("alice", "coin", amount=10)
    do("alice", "relic", item="cup")
    on_days(clock, "alice", "login", 1, 0)
    assert players.delete("alice")
    left = services_store.redis.keys()
    assert not [key for key in left if b"alice" in key]
    assert insights.rarity("ten") == (1, 1)
    assert [it.unlock.player for it in unlocks.recent()] == ["bob"]
    assert not players.delete("alice")


@pytest.mark.usefixtures("clock")
def test_news_goes_on_after_its_latest_entry_was_a_deleted_players():
    make("ten")
    do("alice", "coin", amount=10)
    players.delete("alice")
    do("bob", "coin", amount=10)
    do("charlie", "coin", amount=10)
    assert {it.unlock.player for it in unlocks.recent()} == {"bob", "charlie"}


def test_board_of_points_is_written_by_achievements_alone(subtests):
    make("ten")
    do("alice", "coin", amount=10)
    for write, *arguments in (
        *((write, "alice", 1) for write in (scores.submit, scores.increment, scores.set, scores.spend)),
        (scores.submit_many, {"alice": 1}),
        (scores.remove, "alice"),
    ):
        with subtests.test(write=write.__name__):
            with pytest.raises(ValidationError) as refused:
                write("achievement-points", *arguments)
            reason = "This board follows the players' achievements; grant or revoke those."
            assert refused.value.message_dict == {"board": [reason]}
    with pytest.raises(ValidationError, match="The built-in board cannot be deleted"):
        boards.delete("achievement-points")
    assert ranking.standing("achievement-points", "alice").score == 5
