"""Hundreds of bodies that make no sense: each gets a 4xx, and the data stays as it was."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import pytest
from django.test import Client

from gamify_site.api import guard, keys
from tests.achievements.builders import do, make
from tests.builders import make_board
from tests.conftest import Store
from tests.ops.test_reset import dump

BODIES = 500
BODIES_OF_EVERYTHING = 10_000
GOOD = {"events": [{"player": "alice", "action": "coin", "amount": 3, "id": "e", "at": "2082-11-20T12:00:00Z"}]}
CALLS = (
    ("post", "/events"),
    ("put", "/players/alice"),
    ("put", "/leaderboards/purse/scores/alice"),
    ("post", "/leaderboards/purse/scores"),
    ("post", "/leaderboards/purse/spend/alice"),
    ("post", "/players/alice/achievements/rich/progress"),
    ("post", "/players/alice/achievements/rich/grant"),
)
VALUES = (
    "null", "true", "[]", "{}", '""', '"\\u0000"', "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000,
    "[" * 500 + "]" * 500, '{"a":' * 300 + "1" + "}" * 300, '"\\ud800"', "0x10", "01", "'x'", "1.", ".5", "+1",
    '"' + "x" * 5000 + '"',
)  # fmt: skip
FIELDS = ("events", "player", "action", "amount", "value", "item", "at", "id", "score", "increment", "scores", "reason")


def _cut(dice: Random) -> bytes:
    whole = json.dumps(GOOD).encode()
    return whole[: dice.randrange(len(whole))]


def _flip(dice: Random) -> bytes:
    """Bytes that are no UTF-8, within what would else be fine."""
    whole = bytearray(json.dumps(GOOD).encode())
    whole[dice.randrange(len(whole))] = dice.choice((0x80, 0xC0, 0xFE, 0xFF, 0x00))
    return bytes(whole) + b"}"


def _noise(dice: Random) -> bytes:
    return dice.randbytes(dice.randrange(60))


def _wrong_value(dice: Random) -> bytes:
    """A field that there is nowhere, and another one with any value."""
    return f'{{"{dice.choice(FIELDS)}": {dice.choice(VALUES)}, "no_such_field": {dice.choice(VALUES)}}}'.encode()


def _deep(dice: Random) -> bytes:
    return b'{"events": ' + b"[" * dice.randrange(1000, 5000)


MAKERS: tuple[Callable[[Random], bytes], ...] = (_cut, _flip, _noise, _wrong_value, _deep)


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * 50_000_000, 1, mtime=0)


def _packed(dice: Random, body: bytes) -> tuple[bytes, dict[str, str]]:
    """Now and then as gzip: whole, cut short, or of a body that unpacks to too much."""
    kind = dice.randrange(12)
    if kind == 0:
        return gzip.compress(body, mtime=0), {"content-encoding": "gzip"}
    if kind == 1:
        return gzip.compress(body, mtime=0)[: -dice.randrange(1, 9)], {"content-encoding": "gzip"}
    if kind == 2 and dice.randrange(20) == 0:
        return _bomb(), {"content-encoding": "gzip"}
    if kind == 3:
        return body, {"content-encoding": dice.choice(("gzip", "br", "deflate", "x"))}
    return body, {}


def test_malformed_bodies_get_4xx_and_change_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, client: Client, pytestconfig: pytest.Config
) -> None:
    monkeypatch.setattr(guard, "MOST", 10**6)
    secret = keys.create("fuzz", "write", by="root")[1]
    make_board("purse", action="coin")
    make("rich", target=100)
    do("alice", "coin", amount=7)
    before = _data(store)
    dice, statuses = Random(7), Counter[int]()
    for number in range(BODIES_OF_EVERYTHING if pytestconfig.getoption("everything") else BODIES):
        body, headers = _packed(dice, MAKERS[number % len(MAKERS)](dice))
        method, path = dice.choice(CALLS)
        headers["authorization"] = f"Bearer {secret}"
        answer = getattr(client, method)(f"/api/v1{path}", data=body, content_type="application/json", headers=headers)
        assert 400 <= answer.status_code < 500, (method, path, body[:200], answer.content[:300])
        assert answer["Content-Type"] == "application/problem+json"
        statuses[answer.status_code] += 1
    assert set(statuses) == {400, 413, 415, 422}
    assert _data(store) == before


def _data(store: Store) -> dict[str, Any]:
    return {key: value for key, value in dump(store.redis).items() if "api_" not in key}
