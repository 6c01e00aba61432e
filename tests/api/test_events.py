"""POST /events: what a game reports, exactly once, and what it is told."""

import gzip
import json
import re
from typing import Any

import pytest
from django.test import Client

from achievements.services import events
from gamify_site.api import keys
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
        (b'{"events": [NaN]}', {}, 422),
        (b"\xff\xfe", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"events": 5}', {}, 422),
        (b'{"events": [{"player": 5, "action": "coin"}]}', {}, 422),
        (b'{"events": [{"player": "a", "action": "coin", "amuont": 1}]}', {}, 422),
        (b'{"events": [{"player": "a", "action": "coin", "amount": 1e400}]}', {}, 422),
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


def test_retry_while_the_first_call_is_still_running_waits(write, monkeypatch):
    """The first call is held in the middle; a second one with its key is sent by then."""
    body, headers, inner = {"events": [{"player": "alice", "action": "coin"}]}, {"idempotency-key": "batch-1"}, []
    record = events.record

    def while_running(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(events, "record", record)
        inner.append(post(write, "/events", body, **headers))
        return record(*given, **more)

    monkeypatch.setattr(events, "record", while_running)
    assert post(write, "/events", body, **headers).status_code == 200
    assert (inner[0].status_code, inner[0]["Retry-After"]) == (409, "1")
    assert post(write, "/events", body, **headers).json()["accepted"] == 1
