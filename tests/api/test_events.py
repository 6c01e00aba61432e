"""POST /events: what a game reports, exactly once, and what it is told."""

import gzip
import json
import re
from typing import Any

import pytest
from django.test import Client

from achievements.services import events
from gamify_site.api import keys
from gamify_site.store.errors import StoreUnavailable
from leaderboards.services import ranking
from tests.achievements.builders import make
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def write(store) -> Client:  # noqa: ARG001
    _key, secret = keys.create("game", "write", by="root")
    return Client(headers={"authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers)


def test_events_are_applied_and_told(write):
    make("rich", target=100, points=10)
    make_board("purse", action="coin")
    make_board("laps", action="lap_finished", combine="best")
    answer = post(
        write,
        "/events",
        {
            "events": [
                {"player": "alice", "action": "coin", "amount": 120, "id": "e-1"},
                {"player": "alice", "action": "coin", "amount": 120, "id": "e-1"},
                {"player": "no one", "action": "coin"},
                {"player": "bob", "action": "nothing_listens"},
                {"player": "bob", "action": "lap_finished"},
            ]
        },
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 3,
        "duplicates": 1,
        "rejected": [{"index": 2, "reason": answer.json()["rejected"][0]["reason"]}],
        "skipped": [{"index": 4, "boards": ["laps"]}],
        "unlocked": [{"player": "alice", "achievement": "rich", "points": 10}],
        "no_listeners": ["nothing_listens"],
    }
    assert ranking.standing("purse", "alice").score == 120
    assert int(answer["X-RateLimit-Remaining"]) > 0


def test_detail_tells_each_event(write):
    events = [{"player": "alice", "action": "coin", "id": "e"}] * 2 + [{"player": "", "action": "coin"}]
    answer = post(write, "/events?detail=1", {"events": events}).json()
    assert [it["status"] for it in answer["results"]] == ["accepted", "duplicate", "rejected"]


def test_gzip(write):
    body = gzip.compress(json.dumps({"events": [{"player": "alice", "action": "coin"}]}).encode())
    answer = write.post("/api/v1/events", body, content_type="application/json", headers={"content-encoding": "gzip"})
    assert answer.json()["accepted"] == 1


def test_bad_bodies_are_refused_and_change_nothing(write, store, subtests):
    make_board("purse", action="coin")
    before = everything_but_what_counts_calls(store)
    for body, headers, status in (
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"events": 5}', {}, 422),
        (b'{"events": [], "more": 1}', {}, 422),
        (b'{"events": NaN}', {}, 422),
        (b'{"event": {"player": "a", "action": "coin"}}', {}, 422),
        (b'{"events": [' + b",".join([b'{"player": "a", "action": "b"}'] * 1001) + b"]}", {}, 422),
        (b"x" * 1_100_000, {}, 413),
        (gzip.compress(b"x" * 2_000_000, mtime=0), {"content-encoding": "gzip"}, 413),
        (gzip.compress(b"{}", mtime=0)[:-4], {"content-encoding": "gzip"}, 400),
        (b"no gzip", {"content-encoding": "gzip"}, 400),
        (b"{}", {"content-encoding": "br"}, 415),
        (b'{"events": []}', {"idempotency-key": "x" * 129}, 400),
    ):
        with subtests.test(body=body[:80], headers=headers):
            answer = write.post("/api/v1/events", body, content_type="application/json", headers=headers)
            assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
            assert {"title", "detail", "status"} <= answer.json().keys()
            assert everything_but_what_counts_calls(store) == before


BAD_EVENTS = (  # as JSON, and a part of the reason
    ('"alice"', "Enter an object"),
    ("null", "Enter an object"),
    ("NaN", "Enter an object"),
    ("{}", "player: Field required. action: Field required."),
    ('{"player": 5, "action": "coin"}', "player: Input should be a valid string"),
    ('{"player": "no one", "action": "coin"}', "player: "),
    ('{"player": "\\ud800", "action": "coin"}', "player: "),
    ('{"player": "alice", "action": "Coin"}', "action: "),
    ('{"player": "alice", "action": "coin", "amuont": 1}', "amuont: Extra inputs are not permitted"),
    ('{"player": "alice", "action": "coin", "query": 1}', "query: Extra inputs are not permitted"),
    ('{"player": "alice", "action": "coin", "Amount": 1}', "Amount: Extra inputs are not permitted"),
    ('{"player": "alice", "action": "coin", "\\ud800": 1}', "event: Input should be a valid string"),
    ('{"player": "alice", "action": "coin", "amount": 1.5}', "amount: Input should be a valid integer"),
    ('{"player": "alice", "action": "coin", "amount": null}', "amount: Input should be a valid integer"),
    ('{"player": "alice", "action": "coin", "amount": true}', "amount: Input should be a valid integer"),
    ('{"player": "alice", "action": "coin", "amount": "1"}', "amount: Input should be a valid integer"),
    ('{"player": "alice", "action": "coin", "amount": 0}', "amount: Enter a whole number from"),
    ('{"player": "alice", "action": "coin", "amount": 1e30}', "amount: Enter a whole number from"),
    ('{"player": "alice", "action": "coin", "amount": 1e400}', "amount: Input should be a valid integer"),
    ('{"player": "alice", "action": "coin", "amount": NaN}', "amount: Input should be a valid integer"),
    ('{"player": "alice", "action": "coin", "amount": %s}' % ("9" * 5000), "amount: Input should be a valid integer"),
    ('{"player": "alice", "action": "coin", "value": NaN}', "value: Input should be a valid number"),
    ('{"player": "alice", "action": "coin", "value": -Infinity}', "value: Input should be a valid number"),
    ('{"player": "alice", "action": "coin", "value": "1"}', "value: Input should be a valid number"),
    ('{"player": "alice", "action": "coin", "value": true}', "value: Input should be a valid number"),
    ('{"player": "alice", "action": "coin", "value": 1e300}', "value: Enter a number within"),
    ('{"player": "alice", "action": "coin", "value": 1e999999999999999}', "value: Enter a number within"),
    ('{"player": "alice", "action": "coin", "value": 1e99999999999999999999}', "value: Input should be a valid number"),
    ('{"player": "alice", "action": "coin", "item": 1.5}', "item: Enter the name of an item, or its index."),
    ('{"player": "alice", "action": "coin", "item": []}', "item: "),
    ('{"player": "alice", "action": "coin", "id": 5}', "id: Input should be a valid string"),
    ('{"player": "alice", "action": "coin", "id": ""}', "id: Enter a text"),
    ('{"player": "alice", "action": "coin", "at": "1700000000"}', "at: Enter a time with its offset"),
    ('{"player": "alice", "action": "coin", "at": 1700000000}', "at: Enter a time with its offset"),
    ('{"player": "alice", "action": "coin", "at": "2082-11-20T12:00:00"}', "at: Enter a time with its offset"),
    ('{"player": "alice", "action": "coin", "at": "2082-02-30T12:00:00Z"}', "at: Enter a time with its offset"),
    ('{"player": "alice", "action": "coin", "at": "2082-W47-5T12:00Z"}', "at: Enter a time with its offset"),
    ('{"player": "alice", "action": "coin", "at": "0001-01-01T00:00:00+23:59"}', "at: The time must lie"),
    ('{"player": "alice", "action": "lap", "value": 1e15}', "value: The score must lie within"),
)


@pytest.mark.usefixtures("clock")
def test_bad_events_are_rejected_alone_whatever_is_wrong_with_them(write, subtests):
    make("rich", target=1000)
    make_board("purse", action="coin")
    make_board("laps", action="lap", combine="best", decimals=2)
    good = '{"player": "bob", "action": "coin", "amount": 5.0}'
    for number, (bad, reason) in enumerate(BAD_EVENTS, 1):
        with subtests.test(bad=bad[:100]):
            body = f'{{"events": [{bad}, {good}, {bad}]}}'
            answer = write.post("/api/v1/events?detail=1", body, content_type="application/json")
            assert answer.status_code == 200, answer.content
            told = answer.json()
            assert (told["accepted"], [it["index"] for it in told["rejected"]]) == (1, [0, 2])
            assert all(reason in it["reason"] for it in told["rejected"]), told["rejected"]
            assert [it["status"] for it in told["results"]] == ["rejected", "accepted", "rejected"]
            assert ranking.standing("purse", "bob").score == number * 5
            assert ranking.size("purse") == 1


@pytest.mark.usefixtures("clock")
def test_indexes_are_those_of_the_batch_that_was_sent(write):
    make_board("purse", action="coin")
    make_board("laps", action="lap", combine="best")
    coin, lap = {"player": "bob", "action": "coin", "id": "e"}, {"player": "bob", "action": "lap"}
    given = [{"player": 5}, coin, {"player": "no one", "action": "coin"}, coin, lap, coin | {"amount": 1.5}]
    answer = post(write, "/events?detail=1", {"events": given}).json()
    assert [it["index"] for it in answer["rejected"]] == [0, 2, 5]
    assert answer["skipped"] == [{"index": 4, "boards": ["laps"]}]
    told = [it["status"] for it in answer["results"]]
    assert told == ["rejected", "accepted", "rejected", "duplicate", "accepted", "rejected"]


def test_times_are_taken_as_programs_write_them(write, clock, subtests):  # noqa: ARG001
    for at in (
        "2082-11-20T12:00:00Z",
        "2082-11-20T12:00Z",
        "2082-11-20t11:59:59.123456789z",
        "2082-11-20 14:00:00+02:00",
        "2082-11-20T10:00:00.000-0200",
    ):
        with subtests.test(at=at):
            answer = post(write, "/events", {"events": [{"player": "bob", "action": "coin", "at": at}]})
            assert answer.json()["accepted"] == 1, answer.json()


def everything_but_what_counts_calls(store):
    """Return all keys but the bucket of the API key, the time of its last use and the counts of calls."""
    return {key for key in sorted(store.keys()) if not re.search(r":api_(bucket|keys_used|calls)(:|$)", key)}


def test_who_shows_no_key_or_one_that_may_only_read(write, client):
    _key, secret = keys.create("reader", "read", by="root")
    body = {"events": []}
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer nonsense"}, 401),
        ({"authorization": "Basic x"}, 401),
        ({"authorization": f"Bearer {secret}"}, 403),
    ):
        answer = post(client, "/events", body, **headers)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert post(write, "/events", body).status_code == 200


def test_same_idempotency_key_gets_the_same_answer_and_counts_once(write):
    make_board("purse", action="coin")
    body = {"events": [{"player": "alice", "action": "coin", "amount": 5}]}
    answers = [post(write, "/events", body, **{"idempotency-key": "batch-1"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert ranking.standing("purse", "alice").score == 5


def test_idempotency_key_with_another_body_is_refused_and_applies_nothing(write):
    make_board("purse", action="coin")
    first = {"events": [{"player": "alice", "action": "coin", "amount": 5}]}
    other = {"events": [{"player": "bob", "action": "coin", "amount": 7}]}
    headers = {"idempotency-key": "batch-1"}
    answer = post(write, "/events", first, **headers).json()
    for _ in range(2):
        refused = post(write, "/events", other, **headers)
        assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
        assert "another body" in refused.json()["errors"]["Idempotency-Key"][0]
    assert ranking.standing("purse", "bob") is None
    assert post(write, "/events", first, **headers).json() == answer
    assert ranking.standing("purse", "alice").score == 5
    assert post(write, "/events", other, **{"idempotency-key": "batch-2"}).json()["accepted"] == 1


def test_same_body_is_the_same_however_it_is_packed(write):
    make_board("purse", action="coin")
    body = json.dumps({"events": [{"player": "alice", "action": "coin"}]}).encode()
    for sent, headers in ((body, {}), (gzip.compress(body), {"content-encoding": "gzip"})):
        headers["idempotency-key"] = "batch-1"
        answer = write.post("/api/v1/events", sent, content_type="application/json", headers=headers)
        assert answer.status_code == 200
    assert ranking.standing("purse", "alice").score == 1


def test_body_gets_no_answer_to_another_one_even_after_its_digest_is_forgotten(write, store):
    make_board("purse", action="coin")
    headers = {"idempotency-key": "batch-1"}
    for player in ("alice", "bob"):
        post(write, "/events", {"events": [{"player": player, "action": "coin"}]}, **headers)
        store.redis.delete(*store.redis.scan_iter(match="*api_bodies*"))
    assert ranking.standing("purse", "bob").score == 1


def test_key_is_bound_to_its_body_for_as_long_as_ids_are_known(write, store, settings):
    post(write, "/events", {"events": []}, **{"idempotency-key": "batch-1"})
    (name,) = store.redis.scan_iter(match="*api_bodies*")
    assert settings.GAMIFY_EVENT_TTL - 60 <= store.redis.ttl(name) <= settings.GAMIFY_EVENT_TTL


def test_batch_that_failed_on_the_way_can_be_sent_again_but_not_another_one(write, monkeypatch):
    make_board("purse", action="coin")
    body, headers = {"events": [{"player": "alice", "action": "coin"}]}, {"idempotency-key": "batch-1"}
    with monkeypatch.context() as lost:
        lost.setattr(events, "record", unavailable)
        assert post(write, "/events", body, **headers).status_code == 503
    assert post(write, "/events", {"events": []}, **headers).status_code == 422
    assert post(write, "/events", body, **headers).json()["accepted"] == 1


def unavailable(*_given: Any, **_more: Any) -> Any:
    raise StoreUnavailable


def test_retry_while_the_first_call_is_still_running_waits(write, monkeypatch):
    """The first call is held in the middle; a second one with its key is sent by then."""
    body, headers, inner = {"events": [{"player": "alice", "action": "coin"}]}, {"idempotency-key": "batch-1"}, []
    record = events.record

    def while_running(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(events, "record", record)
        inner.extend(post(write, "/events", it, **headers) for it in (body, {"events": []}))
        return record(*given, **more)

    monkeypatch.setattr(events, "record", while_running)
    assert post(write, "/events", body, **headers).status_code == 200
    assert (inner[0].status_code, inner[0]["Retry-After"]) == (409, "1")
    assert (inner[1].status_code, "another body" in inner[1].json()["detail"]) == (422, True)
    assert post(write, "/events", body, **headers).json()["accepted"] == 1
