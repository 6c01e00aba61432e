"""Requests on the wire: bodies with a length or in chunks, whole or cut off."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any
from uuid import uuid4

import pytest

from gamify_site.api import keys
from gamify_site.players import services as players
from leaderboards.services import ranking
from tests.builders import make_board
from tests.sites import Site

pytestmark = pytest.mark.xdist_group("api_site")

EVENTS = json.dumps({"events": [{"player": "alice", "action": "wire"}] * 3}).encode()
FORM = "application/x-www-form-urlencoded"
TOKEN = "a" * 32


@pytest.fixture
def site_secret(site_data: None) -> str:  # noqa: ARG001  (the key is one of the site)
    return keys.create(uuid4().hex, "write", by="root")[1]


@pytest.fixture
def connection(site: Site) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        yield connection


def heading(request: str, *lines: str) -> bytes:
    return "\r\n".join([f"{request} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def post_events(secret: str, *lines: str) -> bytes:
    told = ("Content-Type: application/json", f"Authorization: Bearer {secret}")
    return heading("POST /api/v1/events", *told, *lines)


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def answer_on(connection: socket.socket) -> tuple[int, Any]:
    answer = HTTPResponse(connection)
    answer.begin()
    body = answer.read()
    return answer.status, json.loads(body) if "json" in str(answer.headers["content-type"]) else body.decode()


def test_body_in_chunks_is_read_to_its_end(connection, site_secret):
    connection.sendall(post_events(site_secret, "Transfer-Encoding: chunked") + chunks(EVENTS[:20], EVENTS[20:], b""))
    status, answer = answer_on(connection)
    assert (status, answer["accepted"]) == (200, 3)


def test_several_requests_use_one_connection(connection, site_secret):
    for _ in range(2):
        connection.sendall(post_events(site_secret, f"Content-Length: {len(EVENTS)}") + EVENTS)
        assert answer_on(connection)[0] == 200


@pytest.mark.parametrize("length", [len(EVENTS) + 1, 500])
def test_body_that_is_cut_off_is_refused_and_changes_nothing(connection, site_secret, length):
    make_board("wire", action="wire")
    connection.sendall(post_events(site_secret, f"Content-Length: {length}") + EVENTS)
    connection.shutdown(socket.SHUT_WR)
    status, answer = answer_on(connection)
    assert (status, answer["detail"]) == (400, f"The body ends after {len(EVENTS)} of {length} bytes.")
    assert ranking.size("wire") == 0


def test_chunks_that_are_cut_off_are_refused_and_change_nothing(connection, site_secret):
    make_board("wire", action="wire")
    connection.sendall(post_events(site_secret, "Transfer-Encoding: chunked") + chunks(EVENTS))
    connection.shutdown(socket.SHUT_WR)
    status, answer = answer_on(connection)
    assert (status, answer["detail"]) == (400, "The body ends before its last chunk.")
    assert ranking.size("wire") == 0


@pytest.mark.parametrize("size", [1_100_000, 5_000_000])
def test_body_that_is_too_long_is_refused_in_the_same_way_with_a_length_and_in_chunks(site, site_secret, size):
    for line, body in (
        (f"Content-Length: {size}", b""),
        ("Transfer-Encoding: chunked", chunks(b" " * size, b"")),
    ):
        with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
            connection.sendall(post_events(site_secret, line))
            with suppress(OSError):  # it may be refused before
                connection.sendall(body or b" " * min(size, 2_000_000))
            status, answer = answer_on(connection)
            assert (status, answer["title"]) == (413, "Request Entity Too Large")


@pytest.mark.usefixtures("site_data")
def test_forms_of_the_site_take_chunks_and_no_half_forms(site):
    """The token without which a form is refused is in its body."""
    form = f"language=de&csrfmiddlewaretoken={TOKEN}".encode()
    for line, body, expected in (
        (f"Content-Length: {len(form)}", form, 302),
        ("Transfer-Encoding: chunked", chunks(form[:9], form[9:], b""), 302),
        (f"Content-Length: {len(form) + 1}", form, 400),
    ):
        with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
            told = (f"Content-Type: {FORM}", f"Cookie: csrftoken={TOKEN}", line)
            connection.sendall(heading("POST /language/", *told) + body)
            if expected == 400:
                connection.shutdown(socket.SHUT_WR)
            assert answer_on(connection)[0] == expected


def test_path_and_headers_arrive_as_they_were_sent(connection, site_secret):
    players.upsert("a:b|c")
    for told in (f"Authorization: Bearer {site_secret}", f"authorization: Bearer {site_secret}"):
        connection.sendall(heading("GET /api/v1/players/a%3Ab%7Cc?", told, "Accept: application/json"))
        status, answer = answer_on(connection)
        assert (status, answer["id"]) == (200, "a:b|c")
    connection.sendall(heading("GET /caf%C3%A9/%FF"))
    assert answer_on(connection)[0] == 404
    connection.sendall(heading("GET /healthz", "Cookie: other=caf\u00e9"))
    assert answer_on(connection)[0] == 200
