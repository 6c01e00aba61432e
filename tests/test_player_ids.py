"""Player ids as other platforms have them: they work on every page, in every call, and are nobody else's key."""

import inspect
import json
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from achievements.definitions import Event, Tier
from achievements.services import catalog, collections, events, feed, progress, states, unlocks
from gamify_site import audit
from gamify_site.api import keys as api_keys
from gamify_site.identifiers import check_player_id
from gamify_site.ops.transfer import exporting, importing, lines
from gamify_site.players import registration
from gamify_site.players import services as players
from gamify_site.players.models import Account
from gamify_site.store import keys
from leaderboards.services import away, moderation, ranking, scores
from tests.achievements.builders import make
from tests.builders import ids, make_board, make_player
from tests.conftest import Clock, Store

STEAM = "steam:765|a@b.c"
PATH = quote(STEAM, safe="")
# Ids that would be spelled as another player's keys if a key had them as they are.
LOOKING_LIKE_KEYS = (
    *("a", "a:following", "a:progress", "a:unlocked", "a:feed", "a:streak", "a:streak:keeper", "a:final_ranks"),
    *("a:hidden_entries", "a:days:coin", "a:3Aprogress", "a:ranked:coins", "a:revoked", "a:collection:menu"),
)


def test_an_id_has_what_other_platforms_need_and_nothing_else(subtests: pytest.Subtests) -> None:
    for player in ("steam:765", "a@b.c", "auth0|5f7c", "xbox:2533|x@live.com", "a:", "a|", "7@", "x" * 64, STEAM):
        with subtests.test(player):
            assert check_player_id(player) == player
    for player in (":a", "@a", "|a", "", "a b", "a/b", "a%3Ab", "a\n", "é", "a\0", "x" * 65, "a{b}", "a*", None, 7):
        with subtests.test(player), pytest.raises(ValidationError) as refused:
            check_player_id(player)
        assert list(refused.value.message_dict) == ["player"]


def test_no_two_players_share_a_key() -> None:
    spelled: dict[str, tuple[str, ...]] = {}
    for name, spell in inspect.getmembers(keys, inspect.isfunction):
        names = list(inspect.signature(spell).parameters)
        for player in LOOKING_LIKE_KEYS if "player_id" in names else ():
            for other in ("coins", "keeper") if len(names) > 2 else ("",):
                key = spell(0, player, *([other] if other else []))
                assert spelled.setdefault(key, (name, player, other)) == (name, player, other)
                assert keys.player_of(key) == (0, player)
    assert len(spelled) > 10 * len(LOOKING_LIKE_KEYS)


def world() -> None:
    """Definitions of all kinds that keep something for a player, and a friend."""
    make_board("coins", action="coin", segment_by="team", windows=("all", "week"), ties="earliest")
    make_board("laps", action="lap", combine="best", order="asc", ties="dense", max_entries=100)
    make("rich", action="coin", target=10)
    make("keeper", type="streak", action="coin", target=3)
    make("menu", type="collection", action="coin", items=("tea", "cake"), target=2)
    make(
        "ladder", type="tiered", action="coin", tiers=(Tier("low", "Low", 5, 1), Tier("high", "High", 99, 5)), target=99
    )
    make("all-of-it", type="meta", action=None, target=1)
    make_player("bob", name="Bob")


def play(player: str, amount: int = 12) -> None:
    """Something of each kind of key."""
    make_player(player, name=f"Name of {player}", team="red")
    done = events.record(
        [
            Event(player, "coin", amount=amount, item="tea", id=f"one of {player}"),
            Event(player, "lap", value=60, id=f"two of {player}"),
            Event(player, "coin", amount=amount, id=f"one of {player}"),
        ]
    )
    assert (done.accepted, done.duplicates, done.rejected) == (2, 1, {})
    players.follow(player, "bob")
    players.follow("bob", player)
    unlocks.revoke(player, "rich", "a test", by="root")


def integrity() -> str:
    """What check_integrity says; it raises where something does not agree."""
    out = StringIO()
    call_command("check_integrity", stdout=out)
    return out.getvalue()


def seen(player: str) -> Any:
    """All that there is of a player, but for the id."""
    state = states.read(player, items=["menu"])
    return (
        players.get(player).points,
        sorted(state.unlocked),
        progress.get(player, "rich").progress,
        collections.status(player, "menu").collected,
        players.following(player),
        [(news.kind, sorted(news.fields)) for news in feed.since({player: feed.START})[player]],
    )


@pytest.mark.every_store
def test_everything_counts_for_the_player_alone(services_store: Store, clock: Clock) -> None:  # noqa: ARG001
    world()
    for player in LOOKING_LIKE_KEYS:
        play(player)
    first, *others = [seen(player) for player in LOOKING_LIKE_KEYS]
    assert first[2:5] == (10, ("tea",), ["bob"])
    assert all(other == first for other in others)
    assert sorted(players.following("bob")) == sorted(LOOKING_LIKE_KEYS)
    assert sorted(ids(ranking.top("coins", 100, segment="red"))) == sorted(LOOKING_LIKE_KEYS)
    assert "Everything agrees" in integrity()
    players.delete("a")
    assert not players.exists("a")
    assert all(seen(player) == first for player in LOOKING_LIKE_KEYS[1:])
    players.delete("a:following")
    assert [seen(player) for player in LOOKING_LIKE_KEYS[2:]] == others[1:]
    assert "Everything agrees" in integrity()


@pytest.mark.usefixtures("services_store")
def test_boards_search_and_moderation_know_the_player(clock: Clock) -> None:
    world()
    make_player("steam")
    play(STEAM)
    scores.submit("coins", "bob", 99)
    assert ids(ranking.around_player("coins", STEAM)) == ["bob", STEAM]
    view = ranking.view("coins", top=1, around=0)
    assert view.size == 2
    for typed in ("steam:765", "STEAM:765|A@B", STEAM, "name of steam"):
        assert STEAM in [it.id for it in players.find(typed)], typed
    moderation.hide(STEAM, "cheats", by="root")
    assert ids(ranking.top("coins")) == ["bob"]
    moderation.show(STEAM, "does not", by="root")
    assert ids(ranking.top("coins")) == ["bob", STEAM]
    clock.advance(days=40)
    scores.submit("coins", "bob", 1)
    assert away.leave_due() == 2
    assert ids(ranking.top("coins")) == ["bob"]
    assert players.rename(STEAM, "Gabe", "asked for", by="root").name == "Gabe"
    assert "Everything agrees" in integrity()


@pytest.mark.usefixtures("services_store")
def test_the_player_goes_round_with_an_export(clock: Clock) -> None:  # noqa: ARG001
    world()
    for player in (STEAM, *LOOKING_LIKE_KEYS):
        play(player)
    before = [seen(player) for player in (STEAM, *LOOKING_LIKE_KEYS)]
    first = export()
    assert importing.check(BytesIO(first), lambda: None).errors == []
    importing.replace_all(lines.Lines(BytesIO(first)), lambda: None)
    assert [seen(player) for player in (STEAM, *LOOKING_LIKE_KEYS)] == before
    assert export().splitlines()[1:] == first.splitlines()[1:]
    assert "Everything agrees" in integrity()


def export() -> bytes:
    out = BytesIO()
    exporting.export(out, lambda _done, _total: None)
    return out.getvalue()


@pytest.mark.usefixtures("store")
def test_every_page_shows_the_player(client: Client, clock: Clock, subtests: pytest.Subtests) -> None:  # noqa: ARG001
    world()
    play(STEAM)
    client.force_login(Account.objects.create_user("root", None, is_staff=True))
    for name, arguments in {
        "profile": [STEAM],
        "share": [STEAM],
        "share_picture": [STEAM],
        "compare": [STEAM, "bob"],
        "manage_player": [STEAM],
        "manage_player_delete": [STEAM],
    }.items():
        with subtests.test(name):
            assert client.get(reverse(name, args=arguments)).status_code == 200
    assert client.get(reverse("compare", args=["bob", STEAM])).status_code == 200
    assert client.get(f"/players/{PATH}/").status_code == 200
    profile = reverse("profile", args=[STEAM])
    for path in ("/leaderboards/coins/", f"/players/?q={PATH}", "/achievements/ladder/", "/manage/players/"):
        with subtests.test(path):
            assert profile.split("/")[2] in client.get(path).content.decode()
    for path in ("/manage/audit/", f"/manage/audit/?subject={PATH}", "/manage/audit/export/?format=csv"):
        with subtests.test(path):
            answer = client.get(path)
            assert STEAM in (answer.content if not answer.streaming else answer.getvalue()).decode()
    for do in ("follow", "unfollow"):
        with subtests.test(do):
            assert client.post(reverse(do, args=[STEAM]), {"next": profile}).status_code == 302
    sent = {"do": "score", "player": STEAM, "score": "50", "how": "set"}
    answer = client.post(reverse("manage_board_scores", args=["coins"]), sent, follow=True)
    assert f'data-player="{STEAM}"' in answer.content.decode()
    standing = ranking.standing("coins", STEAM)
    assert standing
    assert standing.score == 50
    client.post(reverse("manage_player_delete", args=[STEAM]), {"player_id": STEAM, "reason": "asked for"})
    assert not players.exists(STEAM)
    assert not any(entry.subject == STEAM for entry in audit.walk(lambda _entry: True))


@pytest.mark.usefixtures("store")
def test_the_player_has_pages_of_their_own(client: Client, clock: Clock, subtests: pytest.Subtests) -> None:  # noqa: ARG001
    world()
    play(STEAM)
    client.force_login(Account.objects.create_user(STEAM, None))
    assert client.post(reverse("follow", args=["bob"]), {"next": "/"}).status_code == 302
    assert client.post(reverse("pin", args=["ladder"]), {"pinned": "1"}).status_code == 302
    for path in (
        "/",
        "/leaderboards/coins/",
        "/leaderboards/coins/?friends=1",
        "/achievements/",
        "/accounts/settings/",
    ):
        with subtests.test(path):
            assert client.get(path).status_code == 200
    answer = client.post("/accounts/settings/", {"name": "Gabe", "timezone": "UTC"})
    assert (answer.status_code, players.get(STEAM).name) == (302, "Gabe")


@pytest.mark.usefixtures("store")
def test_the_api_takes_the_player_in_every_call(client: Client, clock: Clock) -> None:  # noqa: ARG001
    world()
    secret = api_keys.create("game", "write", by="root")[1]

    def call(method: str, path: str, body: Any = None) -> Any:
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(client, method)(f"/api/v1{path}", headers={"authorization": f"Bearer {secret}"}, **sent)
        assert answer.status_code in (200, 204), (method, path, answer.content)
        return answer.json() if answer.content else None

    sent = {"player": STEAM, "action": "coin", "amount": 7, "id": "x:1"}
    assert call("post", "/events", {"events": [sent, sent]})["duplicates"] == 1
    assert call("put", f"/players/{PATH}", {"name": "Gabe"})["id"] == STEAM
    assert call("get", f"/players/{PATH}")["name"] == "Gabe"
    assert call("get", f"/players/{PATH}/achievements")
    assert call("post", f"/players/{PATH}/achievements/rich/progress", {"amount": 1})["progress"] == 8
    assert call("post", f"/players/{PATH}/achievements/rich/grant", {"reason": "prize"})["unlocked"][0] == "rich"
    assert call("post", f"/players/{PATH}/achievements/rich/revoke", {"reason": "no"}) == {"revoked": True}
    assert call("put", f"/leaderboards/laps/scores/{PATH}", {"score": 30})["rank"] == 1
    assert call("post", "/leaderboards/laps/scores", {"scores": [{"player": STEAM, "score": 20}]})["written"] == 1
    assert call("post", f"/leaderboards/coins/spend/{PATH}", {"amount": 2})["balance"] == 5
    assert call("get", f"/leaderboards/laps/players/{PATH}")["rows"][0]["player"] == STEAM
    call("put", "/leaderboards/coins/scores/bob", {"score": 1})
    after = call("get", "/leaderboards/coins?limit=1")["next"]
    assert call("get", f"/leaderboards/coins?limit=1&after={after}")["rows"][0]["player"] == "bob"
    call("delete", f"/leaderboards/laps/scores/{PATH}")
    call("delete", f"/players/{PATH}")
    assert not players.exists(STEAM)


@pytest.mark.usefixtures("store")
def test_sign_up_makes_no_such_ids(client: Client) -> None:
    """Whoever signs up with the id that a platform gives somebody else would get that player's scores."""
    for name in ("steam:765", "a@b.c", "auth0|5f7c"):
        with pytest.raises(ValidationError) as refused:
            registration.sign_up(name, "tulips and trams")
        assert list(refused.value.message_dict) == ["username"]
    answer = client.post(
        "/accounts/signup/", {"username": "steam:765", "password1": "tulips and trams", "password2": "tulips and trams"}
    )
    assert "username" in answer.context["form"].errors
    assert catalog.all() == []
    assert not players.exists("steam:765")
