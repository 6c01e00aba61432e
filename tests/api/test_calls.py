"""Each call of the HTTP API: what it answers, and every status that its document promises."""

import re

from achievements.definitions import Tier
from achievements.services import events, progress, unlocks
from gamify_site import audit
from gamify_site.api import fields, guard
from gamify_site.api.app import api
from gamify_site.players import services as players
from gamify_site.store.errors import NotCopied
from leaderboards.services import ranking
from tests.achievements.builders import do, make
from tests.builders import make_board, make_player
from tests.contract.rights import without


def test_players_are_made_changed_read_and_deleted(call):
    made = call("put", "/players/ada", {"name": "Ada", "country": "SE"})
    assert (made.status_code, made.json()["name"], made.json()["rank"]) == (200, "Ada", None)
    call("put", "/players/ada", {"country": ""})
    assert call("get", "/players/ada").json() | {"joined": None} == {
        "id": "ada", "name": "Ada", "about": "", "country": "", "team": "", "region": "", "avatar": "",
        "timezone": "UTC", "joined": None, "points": 0, "unlocked": 0, "rank": None,
    }  # fmt: skip
    assert [call("delete", "/players/ada").status_code for _ in range(2)] == [204, 204]
    assert call("get", "/players/ada").status_code == 404


FILLED = {
    "name": "Ada", "about": "Counts.", "country": "SE", "team": "Engine", "region": "Skåne", "avatar": "teal",
    "timezone": "Europe/Stockholm",
}  # fmt: skip
EMPTY = {"name": "ada", "about": "", "country": "", "team": "", "region": "", "avatar": "", "timezone": "UTC"}


def test_field_that_is_left_out_stays_null_unsets_and_empty_text_clears(call, subtests):
    assert {**call("put", "/players/ada", FILLED).json(), **FILLED} == call("get", "/players/ada").json()
    for name in FILLED:
        for sent, found in (({}, FILLED), ({name: None}, FILLED | {name: EMPTY[name]})):
            with subtests.test(sent=sent):
                call("delete", "/players/ada")  # whose timezone has been changed today
                call("put", "/players/ada", FILLED)
                assert {**call("put", "/players/ada", sent).json(), **found} == call("get", "/players/ada").json()
        with subtests.test(cleared=name):
            call("delete", "/players/ada")
            call("put", "/players/ada", FILLED)
            answer = call("put", "/players/ada", {name: ""})
            if name in ("name", "timezone"):  # which are never empty
                assert (answer.status_code, list(answer.json()["errors"])) == (422, [name])
                assert call("get", "/players/ada").json()[name] == FILLED[name]
            else:
                assert answer.json()[name] == ""


def test_timezone_is_changed_once_a_day(call):
    for zone in ("Asia/Tokyo", "UTC", "UTC"):
        assert call("put", "/players/ada", {"timezone": zone}).status_code == 200
    answer = call("put", "/players/ada", {"name": "Ada", "timezone": "Asia/Tokyo"})
    assert (answer.status_code, answer.json()["errors"]) == (
        422, {"timezone": ["The time zone can be changed once a day."]},
    )  # fmt: skip
    assert call("get", "/players/ada").json()["name"] == "ada"


def test_document_names_no_default_that_changes_anything(call):
    """Programs that are made from the document send the defaults of whatever was not set."""
    document = call("get", "/openapi.json").json()
    bodies = [
        *document["components"]["schemas"].values(),
        document["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"],
    ]
    for body in bodies:
        fields = body.get("items", body).get("properties", {})
        if body["title"].endswith("In"):
            events = fields.get("events", {}).get("items", {}).get("properties", {})
            defaults = {name: field["default"] for name, field in (fields | events).items() if "default" in field}
            assert set(defaults.values()) <= {None}, body["title"]
            assert body["title"] == "EventsIn" or not defaults, body["title"]


def test_rank_follows_the_points(call):
    make("ten", target=1, points=5)
    do("alice", "coin")
    make_player("bob")
    assert call("get", "/players/alice").json()["rank"] == 1
    assert call("get", "/players/bob").json()["rank"] is None


def test_hidden_achievements_stay_hidden(call):
    make("ten", target=10)
    make("secret", hidden=True)
    make("ladder", type="tiered", tiers=(Tier("a", "A", 1, 1), Tier("b", "B", 50, 1)), target=50, points=0)
    do("alice", "coin", amount=5)
    found = call("get", "/players/alice/achievements").json()
    assert [(it["achievement"], it["progress"], it["target"]) for it in found] == [
        ("ladder_a", 1, 1), ("ladder_b", 5, 50), ("ten", 5, 10), (None, None, None),
    ]  # fmt: skip
    assert b"secret" not in call("get", "/players/alice/achievements").content


def test_progress_grant_and_revoke(call):
    make("ten", target=10)
    make_player("alice")
    path = "/players/alice/achievements/ten"
    assert call("post", f"{path}/progress", {"amount": 4}).json()["progress"] == 4
    assert call("post", f"{path}/progress", {"value": 9}).json()["percent"] == 90
    unlocked = {"player": "alice", "achievement": "ten", "points": 5}
    for duplicate, newly_unlocked in ((False, [unlocked]), (True, [])):
        told = call("post", f"{path}/progress", {"amount": 1, "id": "p-1"}).json()
        assert (told["progress"], told["newly_unlocked"], told["duplicate"]) == (10, newly_unlocked, duplicate)
    assert call("post", f"{path}/revoke", {"reason": "mistake"}).json() == {"revoked": True}
    assert call("post", f"{path}/grant", {"reason": "prize"}).json() == {"unlocked": ["ten"]}
    assert call("post", f"{path}/revoke", {"reason": "mistake"}).json() == {"revoked": True}
    assert unlocks.for_player("alice") == []
    assert {entry.by for entry in audit.walk(lambda it: it.what != "key_created")} == {"key a write key"}


def test_definitions_with_rarity(call):
    make("ten", target=1)
    make("draft", status="draft")
    do("alice", "coin")
    (found,) = call("get", "/achievements").json()
    assert (found["slug"], found["holders"], found["players"]) == ("ten", 1, 1)
    assert call("get", "/achievements/ten").json() == found
    assert call("get", "/achievements/draft").status_code == 404


def test_boards_and_scores(call):
    make_board("coins", decimals=2)
    assert call("put", "/leaderboards/coins/scores/ada", {"score": 58.25}).json() == {
        "score": 58.25, "rank": 1, "previous_rank": None, "trimmed": False, "duplicate": False,
    }  # fmt: skip
    assert call("put", "/leaderboards/coins/scores/ada", {"increment": 1}).json()["score"] == 59.25
    many = {"scores": [{"player": "bob", "score": 70}, {"player": "cyd", "score": 1}]}
    assert call("post", "/leaderboards/coins/scores", many).json() == {"written": 2, "duplicates": 0}
    page = call("get", "/leaderboards/coins?limit=2").json()
    assert ([row["player"] for row in page["rows"]], page["size"]) == (["bob", "ada"], 3)
    rest = call("get", f"/leaderboards/coins?limit=2&after={page['next']}").json()
    assert ([row["player"] for row in rest["rows"]], rest["next"]) == (["cyd"], None)
    place = call("get", "/leaderboards/coins/players/ada?around=1").json()
    assert (place["rank"], [row["player"] for row in place["rows"]]) == (2, ["bob", "ada", "cyd"])
    assert [row["rank"] for row in call("get", "/leaderboards/coins/ranks/1?around=1").json()["rows"]] == [1, 2, 3]
    assert call("post", "/leaderboards/coins/spend/ada", {"amount": 9}).json()["balance"] == 50.25
    poor = call("post", "/leaderboards/coins/spend/ada", {"amount": 99})
    assert (poor.status_code, poor.json()["balance"]) == (409, 50.25)
    assert call("delete", "/leaderboards/coins/scores/ada").status_code == 204
    assert call("get", "/leaderboards/coins/players/ada").status_code == 404
    assert [board["slug"] for board in call("get", "/leaderboards").json()] == ["coins"]


def test_what_is_not_there_is_named(call, subtests):
    make_player("ada")
    make("ten")
    make_board("coins", windows=("all", "day"), segment_by="country")
    for method, path, body, detail in (
        ("get", "/players/nobody", None, "There is no player 'nobody'."),
        ("get", "/players/nobody/achievements", None, "There is no player 'nobody'."),
        ("post", "/players/nobody/achievements/ten/grant", {"reason": "x"}, "There is no player 'nobody'."),
        ("post", "/players/nobody/achievements/ten/revoke", {"reason": "x"}, "There is no player 'nobody'."),
        ("post", "/players/nobody/achievements/ten/progress", {"amount": 1}, "There is no player 'nobody'."),
        ("post", "/players/ada/achievements/nothing/grant", {"reason": "x"}, "There is no achievement 'nothing'."),
        ("post", "/players/ada/achievements/nothing/progress", {"amount": 1}, "There is no achievement 'nothing'."),
        ("get", "/achievements/nothing", None, "There is no achievement 'nothing'."),
        ("get", "/leaderboards/nothing", None, "There is no board 'nothing'."),
        ("put", "/leaderboards/nothing/scores/ada", {"score": 1}, "There is no board 'nothing'."),
        ("get", "/leaderboards/nothing/players/ada", None, "There is no board 'nothing'."),
        ("get", "/leaderboards/coins/players/nobody", None, "There is no player 'nobody'."),
        ("get", "/leaderboards/coins/players/ada", None, "'ada' is not on the board 'coins'."),
        (
            *("get", "/leaderboards/coins/players/ada?window=day&segment=SE&around=2", None),
            "'ada' is not on the board 'coins' with window=day, segment=SE.",
        ),
        ("get", "/nowhere", None, "There is nothing at /api/v1/nowhere."),
    ):
        with subtests.test(method=method, path=path):
            answer = call(method, path, body)
            assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
            assert answer.json()["detail"] == detail


def test_what_was_sent_is_quoted_in_short(call, subtests):
    long = "x" * 5000
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make_board("coins", windows=("all", "day"))
    for method, path, body in (
        ("post", "/events", {"events": [{"player": "ada", "action": "relic", "item": long}]}),
        ("post", "/events", {"events": [{"player": "ada", "action": "relic", "item": 10**298}]}),
        ("post", "/events", {"events": [{"player": "ada", "action": "relic", long: 1}]}),
        ("post", "/events", {"events": [], long: 1}),
        ("put", "/players/ada", {long: 1}),
        ("get", f"/leaderboards/coins?window=day&period={long}", None),
        ("get", f"/leaderboards/coins?{long}=1", None),
    ):
        with subtests.test(path=path[:40], body=str(body)[:80]):
            answer = call(method, path, body)
            assert len(answer.content) < 500
            assert "…" in str(answer.json())


SCORE_OF_ADA = "/leaderboards/coins/scores/ada"
BAD_VALUES = (  # with the fields that are named, and a part of what is said of each
    ("put", "/players/ada", {"name": 5}, {"name": "valid string"}),
    ("put", "/players/ada", {"nmae": "Ada"}, {"nmae": "not permitted"}),
    ("put", "/players/ada", {"country": "Sweden"}, {"country": "Enter two capital letters"}),
    ("put", "/players/a b", {"name": "Ada"}, {"player": "A player id has 1 to 64 letters, digits or _ . : @ | -"}),
    ("get", "/leaderboards/Coins", None, {"board": "A slug has 1 to 64 lower-case letters"}),
    (
        "post",
        "/leaderboards/coins/scores",
        {"scores": [{"player": "a b", "score": 1}]},
        {"scores.0.player": "A player"},
    ),
    ("put", SCORE_OF_ADA, {}, {"request": "Send either score or increment."}),
    ("put", SCORE_OF_ADA, [], {"request": "Send either score or increment."}),
    ("put", SCORE_OF_ADA, {"score": 1, "increment": 1}, {"request": "Send either score or increment."}),
    ("put", SCORE_OF_ADA, {"score": "1"}, {"score": "valid number"}),
    ("put", SCORE_OF_ADA, {"increment": "1", "id": 7}, {"increment": "valid number.", "id": "valid string."}),
    ("put", SCORE_OF_ADA, {"increment": 1, "Amount": 7}, {"Amount": "not permitted"}),
    ("put", SCORE_OF_ADA, {"score": float("nan")}, {"score": "valid number"}),
    ("post", "/leaderboards/coins/spend/ada", {"amount": float("inf")}, {"amount": "valid number"}),
    ("post", "/leaderboards/coins/spend/ada", {"amount": 10**400}, {"amount": "valid number"}),
    ("put", "/players/ada", {"Name": "Ada"}, {"Name": "not permitted"}),
    ("put", "/players/ada", {"name": " "}, {"name": "Enter more than spaces"}),
    ("put", SCORE_OF_ADA, {"score": 10**30}, {"score": "The score must lie within ±9,007,199,254,740,991."}),
    ("post", "/leaderboards/coins/scores", {"scores": [{"player": "ada"}]}, {"scores.0.score": "required"}),
    ("post", "/leaderboards/coins/spend/ada", {"amount": 0}, {"amount": "The amount must be greater than 0."}),
    ("post", "/leaderboards/laps/spend/ada", {"amount": 0.001}, {"amount": "The amount must be at least 0.01."}),
    ("post", "/leaderboards/laps/spend/ada", {"amount": -0.001}, {"amount": "The amount must be greater than 0."}),
    ("get", "/leaderboards/coins?limit=0", None, {"limit": "greater than or equal to 1"}),
    ("get", "/leaderboards/coins?after=x", None, {"after": "This is not a place that this board gave out."}),
    ("get", "/leaderboards/coins?window=year", None, {"window": "This board has the windows all."}),
    ("get", "/leaderboards/coins/ranks/0", None, {"rank": "greater than or equal to 1"}),
    ("get", "/leaderboards/coins/players/ada?around=x", None, {"around": "valid integer"}),
    ("post", "/players/bob/achievements/ten/progress", {"amount": 0}, {"amount": "equal to 1"}),
    ("post", "/players/bob/achievements/ten/progress", {}, {"request": "Send either amount or value."}),
    ("post", "/players/bob/achievements/ten/progress", {"value": "9"}, {"value": "valid integer"}),
    ("post", "/leaderboards/coins/scores", [{"player": "ada", "score": 1}], {"request": "Enter an object."}),
    ("post", "/leaderboards/coins/scores", {"scores": [1]}, {"scores.0": "Enter an object."}),
    ("post", "/events", [{"player": "ada", "action": "coin"}], {"request": "Enter an object."}),
    ("put", "/players/ada", {"name": 1, "team": 1}, {"name": "valid string.", "team": "valid string."}),
    ("post", "/players/bob/achievements/ten/grant", {"reason": " "}, {"reason": "1 to 500 characters"}),
)


def test_bad_values_are_refused_at_their_field_and_change_nothing(call, subtests):
    make_board("coins")
    make_board("laps", decimals=2)
    make("ten")
    make_player("bob")
    for method, path, body, errors in BAD_VALUES:
        with subtests.test(method=method, path=path, body=body):
            answer = call(method, path, body)
            assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
            found = answer.json()["errors"]
            assert found.keys() == errors.keys()
            assert all(part in " ".join(found[field]) for field, part in errors.items()), found
            sentences = [f"{field}: {reason}" for field, reasons in found.items() for reason in reasons]
            assert answer.json()["detail"] == " ".join(sentences)
            assert all(it.endswith(".") for it in sentences)
            assert not re.search(r"[a-z](In|Out)\b", answer.json()["detail"])
            assert not players.exists("ada")
            assert unlocks.for_player("bob") == []
            assert progress.get("bob", "ten").progress == 0
            assert ranking.size("coins") == 0


def test_parameters_that_a_call_does_not_have_are_refused_with_those_that_it_has(call, subtests):
    make_board("coins", entries={"ada": 5})
    make("ten")
    values = {"player": "ada", "slug": "ten", "board": "coins", "rank": 1}
    calls = [
        (method, path.removeprefix("/api/v1").format(**values), operation)
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(calls) == 18
    bodies = {
        "/events": {"events": []}, "/players/ada": {}, "/leaderboards/coins/scores": {"scores": []},
        "/leaderboards/coins/scores/ada": {"score": 9}, "/leaderboards/coins/spend/ada": {"amount": 1},
        "/players/ada/achievements/ten/progress": {"amount": 1},
    }  # fmt: skip
    for method, path, operation in calls:
        with subtests.test(call=f"{method} {path}"):
            names = [it["name"] for it in operation.get("parameters", []) if it["in"] == "query"]
            body = bodies.get(path, {"reason": "x"}) if "requestBody" in operation else None
            answer = call(method, f"{path}?windwo=day&Limit=1", body)
            assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
            errors = answer.json()["errors"]
            assert list(errors) == ["Limit", "windwo"]
            those = f"those that it has are {', '.join(names)}." if names else "it has none."
            assert errors["windwo"] == [f"This call has no such parameter; {those}"]
    assert ranking.standing("coins", "ada").score == 5


def test_head_answers_as_get_without_the_body(call, subtests):
    make_board("coins", entries={"ada": 5})
    for path in ("/leaderboards", "/leaderboards/coins", "/leaderboards/nothing", "/openapi.json", "/docs", "/nowhere"):
        with subtests.test(path=path):
            told, asked = call("get", path), call("head", path)
            assert (asked.status_code, asked.content) == (told.status_code, b"")
            assert asked["Content-Type"] == told["Content-Type"]
    assert call("head", "/events").status_code == 405
    assert call("head", "/leaderboards", scope=None).status_code == 401


def test_a_method_that_is_not_there(call):
    answer = call("delete", "/achievements")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer["Allow"] == "GET, HEAD"
    assert call("options", "/players/ada")["Allow"] == "DELETE, GET, HEAD, PUT"
    assert call("options", "/events")["Allow"] == "POST"


def test_host_that_is_not_allowed_is_answered_with_the_setting_that_allows_it(call):
    answer = call("get", "/leaderboards", host="play.example")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert "'play.example' to GAMIFY_ALLOWED_HOSTS." in answer.json()["detail"]


def test_segment_that_nobody_has_is_empty(call):
    make_board("coins", segment_by="country", entries={"ada": 5})
    answer = call("get", "/leaderboards/coins?segment=XX")
    assert (answer.status_code, answer.json()) == (200, {"size": 0, "rows": [], "next": None})


def test_reading_needs_a_key_and_writing_one_that_may(call):
    assert call("get", "/leaderboards", scope=None).status_code == 401
    assert call("get", "/leaderboards", scope="read").status_code == 200
    assert call("put", "/players/ada", {"name": "Ada"}, scope="read").status_code == 403
    assert not players.exists("ada")


def test_lengths_and_patterns_are_refused_in_our_words(call, subtests):
    coin = {"player": "ada", "action": "coin"}
    for method, path, body, errors in (
        ("post", "/events", {"events": [coin] * 1001}, {"events": ["Send at most 1,000 items, not 1,001."]}),
        (
            "put",
            "/players/ada",
            {"country": "swe"},
            {"country": ["Enter two capital letters, such as SE, or nothing."]},
        ),
        ("put", "/players/ada", {"name": " "}, {"name": ["Enter more than spaces."]}),
        ("put", "/players/ada", {"name": ""}, {"name": ["Enter at least 1 character."]}),
        ("put", "/players/ada", {"avatar": "a" * 65}, {"avatar": ["Enter at most 64 characters."]}),
    ):
        with subtests.test(errors):
            answer = call(method, path, body)
            assert (answer.status_code, answer.json()["errors"]) == (422, errors)


def test_each_pattern_of_the_document_has_words(subtests):
    checked_by_us = {fields.PLAYER_ID, fields.SLUG}
    patterns = set(
        re.findall(r"'pattern': '(.*?)'[,}]", str(api.get_openapi_schema()["components"]).replace("\\\\", "\\"))
    )
    assert fields.COUNTRY in patterns
    for pattern in patterns - checked_by_us:
        with subtests.test(pattern):
            assert pattern in fields.PATTERN_REASONS


def test_a_wrong_key_is_told_apart_from_none(client, store, subtests):  # noqa: ARG001
    for header, detail in (
        ("", "Show a key: Authorization: Bearer gk_…"),
        ("Bearer", "Show a key: Authorization: Bearer gk_…"),
        ("Basic YTpi", "Show a key: Authorization: Bearer gk_…"),
        ("Bearer gk_" + "A" * 43, "There is no such key, or it is revoked."),
        ("Bearer nonsense", "There is no such key, or it is revoked."),
    ):
        with subtests.test(header):
            answer = client.get("/api/v1/leaderboards", headers={"authorization": header})
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.json()["detail"] == detail


def test_over_its_rate_a_key_waits(call, monkeypatch, clock):
    monkeypatch.setattr(guard, "MOST", 3)
    monkeypatch.setattr(guard, "RATE", 1)
    told = [call("get", "/leaderboards", scope="read") for _ in range(4)]
    assert [answer.status_code for answer in told] == [200, 200, 200, 429]
    assert [answer["X-RateLimit-Remaining"] for answer in told] == ["2", "1", "0", "0"]
    assert told[3]["Retry-After"] == "1"
    clock.advance(seconds=1)
    assert call("get", "/leaderboards", scope="read").status_code == 200


def test_without_a_data_store_it_says_so(client, down):  # noqa: ARG001
    answer = client.get("/api/v1/leaderboards", headers={"authorization": "Bearer gk_" + "A" * 43})
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer["Retry-After"]


COUNTING = {  # a call that counts, without an id: sent again it may count twice
    ("post", "/events"): {"events": [{"player": "ada", "action": "coin"}]},
    ("put", "/leaderboards/coins/scores/ada"): {"increment": 5},
    ("post", "/leaderboards/coins/scores"): {"scores": [{"player": "ada", "score": 5}]},
    ("post", "/leaderboards/coins/spend/ada"): {"amount": 5},
    ("post", "/players/ada/achievements/ten/progress"): {"amount": 5},
}
REPEATABLE = {
    ("put", "/players/ada"): {"name": "Ada"},
    ("delete", "/players/ada"): None,
    ("delete", "/leaderboards/coins/scores/ada"): None,
    ("post", "/players/ada/achievements/ten/grant"): {"reason": "a prize"},
    ("post", "/players/ada/achievements/ten/revoke"): {"reason": "a prize"},
    ("get", "/players/ada"): None,
    ("head", "/players/ada"): None,
}


def test_unanswered_it_says_what_may_be_sent_again(call, down, subtests):  # noqa: ARG001
    for (method, path), body in (COUNTING | REPEATABLE).items():
        with subtests.test(method=method, path=path):
            answer = call(method, path, body, scope=None, authorization="Bearer gk_" + "A" * 43)
            assert answer.status_code == 503
            if method != "head":
                told = answer.json()["detail"]
                assert ("It may have been carried out." in told) is ((method, path) in COUNTING)
                assert told.endswith(" Send it again.") is ((method, path) in REPEATABLE)


def test_every_call_that_changes_something_is_told_apart():
    def pattern(path: str) -> str:
        return "/api/v1" + path.replace("ada", "{player}").replace("coins", "{board}").replace("ten", "{slug}")

    changing = {
        (method, path)
        for path, calls in api.get_openapi_schema()["paths"].items()
        for method in calls
        if method != "get"
    }
    known = {(method, pattern(path)) for method, path in COUNTING | REPEATABLE if method not in ("get", "head")}
    assert known == changing


def test_why_the_data_store_does_not_take_it_is_said_and_logged(call, monkeypatch, caplog):
    def not_copied(*_args, **_kwargs):
        raise NotCopied

    monkeypatch.setattr(events, "record", not_copied)
    answer = call("post", "/events", {"events": [{"player": "ada", "action": "coin"}]})
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("A change has not reached as many replicas")
    assert "503 POST /api/v1/events: A change has not reached" in caplog.text


def test_missing_right_is_named_and_logged_and_nothing_is_done(call, store, caplog):
    body = {"events": [{"player": "ada", "action": "coin", "id": "one"}]}
    with without(store.redis, "-pfadd"):
        answer = call("post", "/events", body)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "ACL SETUSER <user> +pfadd" in answer.json()["detail"]
    assert "ACL SETUSER <user> +pfadd" in caplog.text
    assert call("post", "/events", body).json()["accepted"] == 1


def test_it_speaks_english_whatever_the_caller_prefers(call):
    make_board("coins")
    german = call("get", "/leaderboards/coins?window=year", **{"accept-language": "de"})
    assert "This board has the windows" in german.json()["detail"]


def test_scores_and_spends_with_an_id_count_once(call):
    make_board("purse")
    for score, repeats in ((10, 0), (11, 1)):
        reported = call("put", "/leaderboards/purse/scores/alice", {"score": 10 + 90 * repeats, "id": "r-1"}).json()
        assert (reported["score"], reported["duplicate"]) == (score, bool(repeats))
        added = call("put", "/leaderboards/purse/scores/alice", {"increment": 5 + repeats, "id": "r-2"}).json()
        assert added["duplicate"] is bool(repeats)
        spent = call("post", "/leaderboards/purse/spend/alice", {"amount": 4 + repeats, "id": "s-1"}).json()
        assert spent == {"balance": 11, "duplicate": bool(repeats)}
        entry = {"player": "bob", "score": 3, "id": "r-1"}
        told = call("post", "/leaderboards/purse/scores", {"scores": [entry, entry]}).json()
        assert told == {"written": 1 - repeats, "duplicates": 1 + repeats}
    assert ranking.standing("purse", "bob").score == 3
    assert call("put", "/leaderboards/purse/scores/alice", {"score": 1, "id": "a\tb"}).status_code == 422
