"""The numbers for Prometheus: what is counted, under which labels, who may read them, and how workers add up."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY
from redis.exceptions import ResponseError

from gamify_site.api import keys
from gamify_site.live import app as live
from gamify_site.ops import metrics
from gamify_site.players.models import Account
from gamify_site.store import keys as key_names
from gamify_site.store import scripts
from tests.achievements.builders import make
from tests.builders import make_board
from tests.conftest import Store

ELSEWHERE = "198.51.100.7"
COUNT = """
from gamify_site.ops import metrics
metrics.EVENTS.labels("accepted").inc({0})
metrics.SCRIPT_SECONDS.labels("store/any").observe({0})
metrics.CONNECTIONS.labels("created").set({0})
"""
TELL = """
import django
django.setup()
from gamify_site.ops import metrics
print(metrics.exposition().decode())
"""


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def secret() -> str:
    return keys.create("prometheus", "read", by="root")[1]


def ask_live(address: str, **headers: str) -> tuple[int, str]:
    """What the live process answers at /metrics: the status and the text."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/metrics",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()],
        "client": (address, 1234),
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(live.make()(scope, receive, send))
    return sent[0]["status"], b"".join(it.get("body", b"") for it in sent[1:]).decode()


# Requests


@pytest.mark.usefixtures("store")
def test_request_is_counted_by_its_pattern(client: Client) -> None:
    make_board("coins", {"alice": 5})
    labels = {"method": "GET", "route": "/leaderboards/<str:slug>/", "status": "200"}
    before = value("gamify_requests_total", **labels)
    timed = value("gamify_request_seconds_count", route=labels["route"])
    assert client.get("/leaderboards/coins/").status_code == 200
    assert value("gamify_requests_total", **labels) == before + 1
    assert value("gamify_request_seconds_count", route=labels["route"]) == timed + 1


@pytest.mark.usefixtures("store")
def test_addresses_that_are_made_up_make_no_labels(client: Client) -> None:
    before = value("gamify_requests_total", method="GET", route="(none)", status="404")
    client.get("/made/up/")
    client.get("/another/one")
    assert value("gamify_requests_total", method="GET", route="(none)", status="404") == before + 2
    client.generic("BREW", "/healthz")
    assert value("gamify_requests_total", method="other", route="/healthz", status="405") >= 1
    text = metrics.exposition().decode()
    assert "made" not in text
    assert "BREW" not in text


@pytest.mark.usefixtures("store")
def test_the_api_is_counted_though_it_passes_by_the_rest(client: Client) -> None:
    before = value("gamify_requests_total", method="POST", route="/api/v1/events", status="401")
    client.post("/api/v1/events", "{}", content_type="application/json")
    assert value("gamify_requests_total", method="POST", route="/api/v1/events", status="401") == before + 1


def test_static_files_are_one_route(client: Client) -> None:
    before = value("gamify_requests_total", method="GET", route="(static)", status="404")
    client.get("/static/no-such-file.css")
    after = value("gamify_requests_total", method="GET", route="(static)", status="404")
    assert after == before + 1


# Events, scripts, connections


@pytest.mark.usefixtures("store")
def test_events_of_the_api_are_counted_by_what_became_of_them() -> None:
    make("rich", target=100)
    _key, write = keys.create("game", "write", by="root")
    outcomes = ("accepted", "duplicate", "rejected")
    before = [value("gamify_events_total", outcome=outcome) for outcome in outcomes]
    unlocks = value("gamify_unlocks_total")
    coin = {"player": "alice", "action": "coin", "amount": 60}
    events = [coin | {"id": "1"}, coin | {"id": "2"}, coin | {"id": "2"}, {"player": "no one", "action": "coin"}]
    Client(headers={"authorization": f"Bearer {write}"}).post(
        "/api/v1/events", json.dumps({"events": events}), content_type="application/json"
    )
    assert [value("gamify_events_total", outcome=outcome) for outcome in outcomes] == [
        count + more for count, more in zip(before, (2, 1, 1), strict=True)
    ]
    assert value("gamify_unlocks_total") == unlocks + 1


@pytest.mark.usefixtures("store", "demo_pages")
def test_events_of_the_game_are_counted(client: Client) -> None:
    client.force_login(Account.objects.create_user("alice", "tulips and trams"))
    before = value("gamify_events_total", outcome="accepted")
    assert client.post("/play/", {"move": "coin"}).status_code == 302
    assert value("gamify_events_total", outcome="accepted") == before + 1


def test_scripts_are_timed_also_where_they_fail(store: Store) -> None:
    def timed() -> float:
        return value("gamify_script_seconds_count", script="api/admit_key")

    before = timed()
    keys.admit(f"gk_{'x' * 43}", most=1, rate=1)
    assert timed() == before + 1
    with pytest.raises(ResponseError):
        scripts.run("api/admit_key", [(key_names.site(), [])])
    assert timed() == before + 2
    store.redis.ping()
    metrics.exposition()
    assert value("gamify_redis_connections", state="created") >= 1
    assert value("gamify_redis_connections", state="in_use") == 0


# Who may read


def test_this_machine_may_read_without_a_data_store(client: Client, subtests: pytest.Subtests) -> None:
    for address in ("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"):
        with subtests.test(address=address):
            answer = client.get("/metrics", REMOTE_ADDR=address)
            assert answer.status_code == 200
            assert answer["Content-Type"].startswith("text/plain; version=")
            assert "no-store" in answer["Cache-Control"]
            assert "# TYPE gamify_requests_total counter" in answer.text


def test_others_need_a_key(client: Client, subtests: pytest.Subtests) -> None:
    for address in (ELSEWHERE, "10.0.0.1", "2001:db8::1", "", "nonsense"):
        with subtests.test(address=address):
            answer = client.get("/metrics", REMOTE_ADDR=address)
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"] == "Bearer"
            assert "gamify_" not in answer.text


def test_a_proxy_on_this_machine_asks_for_somebody_else(client: Client, subtests: pytest.Subtests) -> None:
    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"):
        with subtests.test(header=header):
            assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401


@pytest.mark.usefixtures("store")
def test_a_key_that_may_read_reads(client: Client) -> None:
    shown = {"authorization": f"Bearer {secret()}"}
    assert client.get("/metrics", REMOTE_ADDR=ELSEWHERE, headers=shown).status_code == 200
    wrong = {"authorization": f"Bearer gk_{'x' * 43}"}
    assert client.get("/metrics", REMOTE_ADDR=ELSEWHERE, headers=wrong).status_code == 401


def test_it_is_only_read(client: Client) -> None:
    assert client.post("/metrics").status_code == 405


@pytest.mark.usefixtures("store")
def test_the_live_process_tells_its_streams_to_the_same() -> None:
    status, text = ask_live("127.0.0.1")
    assert status == 200
    assert "gamify_open_streams 0.0" in text
    assert ask_live("127.0.0.1", x_forwarded_for=ELSEWHERE)[0] == 401
    assert ask_live(ELSEWHERE)[0] == 401
    assert ask_live(ELSEWHERE, authorization=f"Bearer {secret()}")[0] == 200


# Several workers


def run(code: str, folder: Path) -> str:
    environment = {
        **os.environ,
        metrics.METRICS_FOLDER: str(folder),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_workers_add_up_and_those_that_are_gone_hold_no_connections(tmp_path: Path) -> None:
    for number in (2, 3):
        run(COUNT.format(number), tmp_path)
    told = run(TELL, tmp_path).splitlines()
    assert 'gamify_events_total{outcome="accepted"} 5.0' in told
    assert 'gamify_script_seconds_count{script="store/any"} 2.0' in told
    assert 'gamify_script_seconds_sum{script="store/any"} 5.0' in told
    assert 'gamify_redis_connections{state="created"} 0.0' in told


# What it costs
