"""Bodies: every call reads them in one way, and refuses the same ones."""

import gzip

import pytest

from gamify_site.api import keys
from gamify_site.api.app import api
from gamify_site.players import services as players
from tests.achievements.builders import make
from tests.builders import make_board, make_player

TOO_MUCH = 1_048_577
NOT_JSON = 400
MALFORMED: tuple[tuple[str, bytes, dict[str, str], int], ...] = (
    ("nothing", b"", {}, NOT_JSON),
    ("half an object", b'{"reason": ', {}, NOT_JSON),
    ("something behind", b"{} {}", {}, NOT_JSON),
    ("no UTF-8", b'{"reason": "\xff"}', {}, NOT_JSON),
    ("UTF-16", '{"reason": "x"}'.encode("utf-16"), {}, NOT_JSON),
    ("nested too deep", b"[" * 100_000, {}, NOT_JSON),
    ("too long", b" " * TOO_MUCH, {}, 413),
    ("too long when it is unpacked", gzip.compress(b" " * TOO_MUCH, mtime=0), {"content-encoding": "gzip"}, 413),
    ("half a gzip", gzip.compress(b"{}", mtime=0)[:-4], {"content-encoding": "gzip"}, 400),
    ("no gzip", b"{}", {"content-encoding": "gzip"}, 400),
    ("something behind the gzip", gzip.compress(b"{}", mtime=0) + b"{}", {"content-encoding": "gzip"}, 400),
    ("another encoding", b"{}", {"content-encoding": "br"}, 415),
    ("no object", b"[]", {}, 422),
    ("another field", b'{"no_such_field": 1}', {}, 422),
    ("no number", b"NaN", {}, 422),
)


def calls_with_a_body() -> list[tuple[str, str]]:
    """Return method and path of every call that reads a body, on a site that has alice, `ten` and `coins`."""
    values = {"player": "alice", "slug": "ten", "board": "coins"}
    paths = api.get_openapi_schema()["paths"].items()
    return [
        (method, path.removeprefix("/api/v1").format(**values))
        for path, methods in paths
        for method, operation in methods.items()
        if "requestBody" in operation
    ]


@pytest.fixture
def things(store: object) -> None:  # noqa: ARG001
    make_player("alice")
    make("ten")
    make_board("coins", action="coin")


@pytest.fixture
def secret(store: object) -> str:  # noqa: ARG001
    return keys.create("game", "write", by="root")[1]


@pytest.mark.usefixtures("things")
def test_malformed_bodies_are_refused_alike_by_every_call(secret, client, subtests):
    calls = calls_with_a_body()
    assert len(calls) >= 8
    for method, path in calls:
        for what, body, headers, status in MALFORMED:
            with subtests.test(call=f"{method} {path}", what=what):
                answer = client.generic(
                    method.upper(),
                    f"/api/v1{path}",
                    body,
                    content_type="application/json",
                    headers={"authorization": f"Bearer {secret}", **headers},
                )
                assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
                assert "Cannot parse" not in answer.json()["detail"]


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'\xef\xbb\xbf{"name": "Ada"}', {}),
        (gzip.compress(b'{"name":', mtime=0) + gzip.compress(b' "Ada"}', mtime=0), {"content-encoding": "gzip"}),
        (b'{"name": "Ada"}', {"content-encoding": "identity"}),
    ],
    ids=["byte order mark", "gzip of two members", "identity"],
)
def test_bodies_that_the_standards_allow_are_read(secret, client, body, headers):
    answer = client.generic(
        "PUT",
        "/api/v1/players/ada",
        body,
        content_type="application/json",
        headers={"authorization": f"Bearer {secret}", **headers},
    )
    assert (answer.status_code, players.get("ada").name) == (200, "Ada")
