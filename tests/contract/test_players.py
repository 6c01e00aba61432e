"""Contracts of the scripts of `gamify_site/players`: profiles, search, following, accounts and rate limits."""

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import Event
from achievements.services import events, states, unlocks
from gamify_site.integrity import Breach
from gamify_site.players import accounts, integrity, removal, services, throttle
from gamify_site.players.services import Player, UnknownPlayer
from gamify_site.players.throttle import WINDOW, Limit, TooManyAttempts
from gamify_site.store import keys, shards
from leaderboards.services import ranking, seasons
from tests.achievements.builders import do, make
from tests.builders import brief, make_board, make_player
from tests.contract.contracts import contract, expires_at

pytestmark = [pytest.mark.every_store, pytest.mark.usefixtures("services_store")]

DAY_EXPIRES = 3_570_220_800  # 90 days after 2082-11-20
LIMITS = [Limit("log-in alice", 2, grows=True), Limit("log-in", 3)]


def seconds_to_wait() -> int:
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.count(LIMITS)
    return refusal.value.seconds


@contract("players/upsert_player")
def test_profile_is_written_and_entries_move_to_the_new_segment(services_store, clock):
    make_board(windows=("all", "day"), segment_by="country", ties="dense", entries={"alice": 2, "bob": 1, "charlie": 3})
    moment = clock.now()
    for player in ("alice", "bob", "charlie"):
        services.upsert(player, name=player.title(), country="SE", team="Tigers")
    made = services.upsert("alice", name="Zoë Ångström", country="NO", team="")
    services.upsert("bob", timezone="Asia/Tokyo")
    services.upsert("bob", timezone="UTC")
    with pytest.raises(ValidationError):
        services.upsert("bob", timezone="Asia/Tokyo")
    assert made == services.get("alice") == Player("alice", "Zoë Ångström", country="NO", joined=moment)
    assert brief(ranking.top("coins", segment="SE")) == [(1, "charlie", 3), (2, "bob", 1)]
    assert brief(ranking.top("coins", window="day", segment="NO")) == [(1, "alice", 2)]
    shard, redis = shards.of("alice"), services_store.redis
    day, segment = (keys.board(shard, "coins", f"2082-11-20{part}") for part in ("", ":country=NO"))
    assert all(expires_at(redis, key, DAY_EXPIRES) for key in (segment, day))
    assert redis.ttl(keys.board(shard, "coins", "all:country=NO")) == -1
    assert redis.hgetall(keys.player(shard, "alice")) == {
        b"name": "Zoë Ångström".encode(), b"sought": b"zoe angstrom", b"country": b"NO", b"joined": b"3562401600",
    }  # fmt: skip
    zones = redis.hmget(keys.player(shards.of("bob"), "bob"), "timezone", "zones_before")
    assert zones == [b"UTC", b"3562401600: 3562401600:Asia/Tokyo"]


@contract("players/find_players")
def test_players_are_found_by_a_prefix_of_their_id_or_of_a_word_of_their_name():
    make_player("alice", name="Hartwig")
    make_player("alice", name="Zoë Hartley")
    make_player("bob", name="Hart of Gold")
    make_player("charlie", name="Żółw Ångström")
    make_player("hart")

    def found(text: str, limit: int = 9) -> list[str]:
        return [player.id for player in services.find(text, limit)]

    assert found("hart") == ["hart", "bob", "alice"]
    assert found("hart", 2) == ["hart", "bob"]
    assert (found("ZOE H"), found("angst"), found("char")) == (["alice"], ["charlie"], ["charlie"])
    assert (found("hartleys"), found("old"), found("hartwig")) == ([], [], [])
    assert services.find("zoe")[0] == services.get("alice")


@contract("players/delete_player")
def test_nothing_is_left_of_a_deleted_player(services_store, clock):
    make("ten", type="streak", target=1)
    make_board(action="coin", windows=("all", "day"))
    for player in ("alice", "bob", "charlie"):
        make_player(player, name="Zoë")
        do(player, "coin")
    services.follow("alice", "bob")
    clock.advance(days=9)
    seasons.close_due()
    assert services.delete("alice")
    assert not services.delete("alice")
    names = services_store.keys()
    assert {name for name in names if "alice" in name} == set()
    assert brief(ranking.top("coins")) == [(1, "charlie", 1), (1, "bob", 1)]
    assert brief(seasons.past("coins")[0].winners) == [(1, "charlie", 1), (1, "bob", 1)]
    assert states.counts() == ({"ten": 2}, 2)
    assert {it.unlock.player for it in unlocks.recent()} == {"bob", "charlie"}
    assert [player.id for player in services.find("zoe")] == ["bob", "charlie"]
    events = [
        fields for shard in shards.everyone() for _, fields in services_store.redis.xrange(keys.rank_events(shard))
    ]
    assert {fields[b"player"] for fields in events} == {b"bob", b"charlie"}


@contract("players/begin_deletion")
def test_deletion_that_was_begun_keeps_its_note(services_store):
    note = removal.begin("alice", "root", "asked by mail")
    assert removal.begin("alice", "charlie", "asked again") == note
    assert (note.by, note.reason) == ("root", "asked by mail")
    assert removal.under_way() == removal.under_way(["alice", "bob"]) == {"alice": note}
    removal.end("alice", note)
    assert removal.under_way() == {}
    assert not [name for name in sorted(services_store.keys()) if "alice" in name or "deletions" in name]


@contract("players/delete_entries")
def test_entries_go_while_the_note_is_there():
    make_board(windows=("all", "day"), ties="dense", entries={"alice": 9, "bob": 5})
    note = removal.begin("alice", "", "")
    assert [removal.leave_boards("alice", note) for _ in range(2)] == [True, False]
    for window in ("all", "day"):
        assert brief(ranking.top("coins", window=window)) == [(1, "bob", 5)]
    removal.end("alice", note)
    with pytest.raises(removal.Over):
        removal.leave_boards("alice", note)


@contract("players/delete_keys")
def test_named_keys_go_while_the_note_is_there(services_store):
    make("ten", type="streak", target=1)
    do("alice", "coin")
    note = removal.begin("alice", "", "")
    assert [removal.lose_keys("alice", note) for _ in range(2)] == [True, False]
    assert not services_store.redis.exists(keys.days(shards.of("alice"), "alice", "coin"))
    removal.end("alice", note)
    with pytest.raises(removal.Over):
        removal.lose_keys("alice", note)


@contract("players/forget_answers")
def test_answers_to_batches_forget_who_is_deleted(services_store):
    make("ten", target=1)
    batch = [Event(player, "coin", 4) for player in ("alice", "bob", "alice")]
    events.record(batch, idempotency_key="once")
    note = removal.begin("alice", "", "")
    for _ in range(2):
        removal.leave_answers("alice", note)
    kept = [services_store.redis.get(key) for key in services_store.redis.scan_iter("*:batch:*")]
    assert not any(b"alice" in answer for answer in kept)
    assert all(services_store.redis.ttl(key) > 0 for key in services_store.redis.scan_iter("*:batch:*"))
    removal.end("alice", note)
    with pytest.raises(removal.Over):
        removal.leave_answers("alice", note)
    again = events.record(batch, idempotency_key="once")
    assert (again.accepted, [unlock.player for unlock in again.unlocked]) == (3, ["bob"])


@contract("players/index_players")
def test_players_missing_from_the_index_are_reported_and_repaired(services_store):
    make_player("alice", name="Zoë Hartley")
    make_player("charlie", name="Charlie")
    assert list(integrity.check()) == []
    for player in ("alice", "charlie"):
        services_store.redis.delete(keys.player_names(shards.of(player)))
    breaches = [Breach("name index", player, "is not found by id and name") for player in ("alice", "charlie")]
    for repair in (False, True):
        assert sorted(integrity.check(repair=repair), key=lambda it: it.subject) == breaches
    assert list(integrity.check()) == []
    assert services.find("hart")[0].id == "alice"


@contract("players/strip_index")
def test_wrong_names_in_the_index_are_reported_and_removed(services_store, monkeypatch):
    monkeypatch.setattr(integrity, "STEP", 2)
    make_player("alice", name="Zoë Hartley")
    make_player("charlie", name="Charlie")
    for player in ("alice", "charlie"):
        services_store.redis.zadd(keys.player_names(shards.of(player)), {f"tiger\0{player}": 0, "ghost\0ghost": 0})
    subjects = sorted(["alice", "charlie", *["ghost"] * len({shards.of("alice"), shards.of("charlie")})])
    breaches = [Breach("name index", player, "is found by what is not the id or name") for player in subjects]
    for repair in (False, True):
        assert sorted(integrity.check(repair=repair), key=lambda it: it.subject) == breaches
    assert list(integrity.check()) == []
    assert [player.id for player in services.find("hart")] == ["alice"]


@contract("players/follow_player")
def test_number_of_followed_players_is_limited(monkeypatch):
    monkeypatch.setattr(services, "MOST_FOLLOWED", 2)
    for player in ("alice", "bob", "charlie", "dora"):
        make_player(player)
    for other in ("bob", "charlie", "bob"):
        services.follow("alice", other)
    with pytest.raises(ValidationError) as refusal:
        services.follow("alice", "dora")
    assert refusal.value.message_dict == {"other": ["At most 2 players can be followed."]}
    with pytest.raises(UnknownPlayer, match="nobody"):
        services.follow("nobody", "bob")
    assert services.following("alice") == ["bob", "charlie"]


@contract("players/unfollow_players")
def test_followed_player_is_taken_off_the_list():
    for player in ("alice", "bob", "charlie"):
        make_player(player)
    services.follow("alice", "bob")
    services.follow("alice", "charlie")
    for _ in range(2):
        services.unfollow("alice", "bob")
    assert services.following("alice") == ["charlie"]


@contract("players/claim_account")
def test_name_is_claimed_once_in_any_case():
    assert accounts.claim("Alice", {"username": "Alice", "is_staff": "0"})
    assert not accounts.claim("alice", {"username": "alice", "is_staff": "1"})
    assert accounts.find("ALICE") == {"username": "Alice", "is_staff": "0"}


@contract("players/remove_account")
def test_account_is_removed_unless_it_is_staff():
    accounts.claim("Alice", {"username": "Alice", "is_staff": "0"})
    accounts.claim("root", {"username": "root", "is_staff": "1"})
    assert [accounts.remove(name) for name in ("alice", "alice", "root", "nobody")] == [True, False, False, False]
    assert accounts.find("alice") is None
    assert accounts.find("root") == {"username": "root", "is_staff": "1"}


@contract("players/demote_account")
def test_last_staff_account_that_can_log_in_is_not_demoted():
    staff = {"is_staff": "1", "is_active": "1"}
    for name, fields in {
        "Root": staff,
        "admin": staff | {"is_public": "1"},
        "gone": staff | {"is_active": "0"},
        "bob": staff | {"is_staff": "0"},
    }.items():
        accounts.claim(name, {"username": name} | fields)
    everybody = ["root", "admin", "gone", "bob", "nobody"]
    replies = [accounts.demote(name, everybody) for name in ("root", "bob", "nobody")]
    assert replies == [b"last", b"player", b"unknown"]
    accounts.change("bob", {"is_staff": "1"})
    assert accounts.demote("ROOT", everybody) == b"ok"
    assert accounts.demote("bob", everybody) == b"last"
    assert [accounts.find(name)["is_staff"] for name in ("root", "bob")] == ["0", "1"]


@contract("players/change_account")
def test_only_an_account_that_exists_is_changed():
    accounts.claim("alice", {"username": "alice", "is_staff": "0"})
    assert accounts.change("Alice", {"is_staff": "1", "is_active": "1"})
    assert not accounts.change("bob", {"is_staff": "1"})
    assert accounts.find("alice") == {"username": "alice", "is_staff": "1", "is_active": "1"}
    assert accounts.find("bob") is None


@contract("players/count_attempt")
def test_used_up_limit_starts_a_pause_that_doubles(services_store):
    redis = services_store.redis
    throttle.count(LIMITS)
    throttle.count(LIMITS)
    assert 0 < seconds_to_wait() <= WINDOW
    assert [redis.get(keys.attempts(limit.what)) for limit in LIMITS] == [b"2", b"2"]
    assert 0 < redis.ttl(keys.attempts("log-in")) <= WINDOW
    assert WINDOW < redis.ttl(keys.attempts("log-in alice")) <= 2 * WINDOW
    redis.delete(keys.attempts_pause("log-in alice"))
    throttle.count(LIMITS)
    assert WINDOW < seconds_to_wait() <= 2 * WINDOW
    assert 0 < redis.ttl(keys.attempts_pause("log-in")) <= WINDOW


@contract("players/forgive_attempt")
def test_success_ends_a_growing_pause_and_counts_one_less(services_store):
    for _ in range(2):
        throttle.count(LIMITS)
    throttle.forgive(LIMITS)
    assert services_store.redis.get(keys.attempts("log-in alice")) is None
    assert services_store.redis.get(keys.attempts("log-in")) == b"1"
    for _ in range(2):
        throttle.count(LIMITS)
    assert services_store.redis.exists(keys.attempts_pause("log-in"))
    throttle.forgive(LIMITS)
    assert not services_store.redis.exists(keys.attempts_pause("log-in"))
    throttle.count(LIMITS)
