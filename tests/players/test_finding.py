"""Players are found by the beginning of their id or of a word of their name, and only while it is theirs."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from gamify_site.players import names, services
from gamify_site.store import keys, scripts, shards
from leaderboards.services import scores
from tests.builders import make_board, make_player

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:@|-]{0,59}", fullmatch=True)


def found(text: str, limit: int = 20) -> list[str]:
    return [player.id for player in services.find(text, limit)]


@pytest.mark.usefixtures("services_store")
def test_case_accents_and_punctuation_do_not_matter(subtests):
    make_player("P.1", name="Zoë-Łucja Ångström")
    make_player("bob", name="Quentin")
    for text in ["a", "ÅNGSTRÖM", "angst", "Zoë", "zoe-l", "łucja", "lucja ang", "  Zoe  Łucja ", "p.1", "P", "p 1"]:
        with subtests.test(text=text):
            assert found(text) == ["P.1"]


@pytest.mark.usefixtures("services_store")
def test_nobody_is_found_by(subtests):
    make_player("alice", name="Zoë Łucja Ångström Four Five")
    for text in ["", "  ", "-", "\0", "oe", "ngstrom", "zoe angstrom", "five", "\x7f", "1"]:
        with subtests.test(text=text):
            assert found(text) == []


@pytest.mark.usefixtures("services_store")
def test_a_player_is_found_once_and_whole():
    make_player("ann", name="Ann Annika Annabel", country="SE", avatar="tone-3")
    (player,) = services.find("ann")
    assert player == services.get("ann")


@pytest.mark.usefixtures("services_store")
def test_the_exact_id_comes_first_then_the_order_of_names():
    make_player("bob", name="Zed")
    make_player("BOB", name="Bob")
    make_player("charlie", name="Bob")
    make_player("alice", name="Anna Bobo")
    assert found("bob")[0] == "bob"
    assert found("BOB")[0] == "BOB"
    assert found("Bob") == ["BOB", "bob", "charlie", "alice"]


@pytest.mark.usefixtures("services_store")
def test_the_exact_id_comes_first_out_of_many():
    for number in range(30):
        make_player(f"p{number}", name="Zed")
    make_player("zed.", name="Alice")
    assert found("zed.", limit=5)[0] == "zed."
    assert len(found("zed", limit=5)) == 5
    assert len(found("zed", limit=100)) == 31


@pytest.mark.usefixtures("services_store")
def test_an_old_name_finds_nobody():
    make_player("alice", name="Ada Lovelace")
    make_player("alice", name="Grace")
    assert (found("lovelace"), found("ada"), found("grace"), found("alice")) == ([], [], ["alice"], ["alice"])
    make_player("alice", name="")
    assert (found("grace"), found("alice")) == ([], ["alice"])


@pytest.mark.usefixtures("services_store")
def test_who_has_only_scores_is_found_by_id():
    make_board("coins", {"alice": 5, "bob": 7})
    assert found("ali") == ["alice"]
    scores.submit("coins", "charlie", 1)
    assert found("charlie") == ["charlie"]


def test_who_is_deleted_is_not_found(services_store):
    make_player("alice", name="Ada Lovelace")
    services.delete("alice")
    assert (found("a"), found("lovelace"), found("alice")) == ([], [], [])
    assert services_store.redis.exists(keys.player_names(shards.of("alice"))) == 0


@pytest.mark.usefixtures("services_store")
def test_names_of_another_script_are_found():
    make_player("alice", name="Ольга Новик")
    make_player("bob", name="नमस्ते")
    assert (found("новик"), found("नम")) == (["alice"], ["bob"])


def test_limits_out_of_range_are_refused(subtests):
    for limit in [0, 101, True]:
        with subtests.test(limit=limit):
            with pytest.raises(ValidationError) as caught:
                services.find("a", limit)
            assert caught.value.message_dict == {"limit": ["Enter a whole number from 1 to 100."]}


def test_finding_is_one_round_trip(open_store, round_trips):
    open_store("valkey", 8)
    make_player("alice")
    services.find("alice")
    round_trips()
    services.find("alice")
    assert round_trips() == 1


@pytest.mark.usefixtures("services_store")
def test_who_was_seen_lately(clock):
    for player in ("bob", "alice", "charlie"):
        make_player(player)
        clock.advance(minutes=10)
    assert [player.id for player in services.seen_lately(2)] == ["charlie", "alice"]


@given(st.text(max_size=80))
@example("ﷺ" * 60)
@example("\uff34\uff25\uff2c \u2121 ẞ İ")
def test_folding_is_stable_and_short(text):
    folded = names.fold(text)
    assert len(folded) <= names.LONGEST
    assert names.fold(folded) == folded
    assert names.fold(unicodedata.normalize("NFD", text)) == folded


def test_lua_folds_ids_as_python_does(store):
    source = f"{scripts.source('store/players')}\nreturn sought_id(ARGV[1])"

    @given(IDS)
    @example("A-._-b..")
    def check(player: str) -> None:
        assert store.redis.eval(source, 1, "x", player).decode() == names.fold(player)

    check()
