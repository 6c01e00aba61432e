"""Bodies as servers hand them on: with a length or in chunks, whole or cut off."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from gamify_site.api import keys
from gamify_site.players import services as players
from gamify_site.wsgi import application
from leaderboards.services import ranking
from tests.builders import make_board
from tests.sites import Site


@pytest.fixture
def secret(store: object) -> str:  # noqa: ARG001
    return keys.create("game", "write", by="root")[1]


def ask(method: str, path: str, body: bytes, secret: str = "", **environ: Any) -> tuple[int, str]:
    """Ask the WSGI application as granian does: its input ends where the body ends."""
    told: list[str] = []
    given = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {secret}",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
        **environ,
    }
    answer = application(given, lambda status, _headers: told.append(status))
    return int(told[0].split()[0]), b"".join(answer).decode()


def test_body_without_a_length_is_read_to_its_end(secret):
    body = b'{"name": "Ada"}'
    assert ask("PUT", "/api/v1/players/ada", body, secret, HTTP_TRANSFER_ENCODING="chunked")[0] == 200
    assert players.get("ada").name == "Ada"


def test_body_without_a_length_is_read_no_further_than_it_may_be_long(secret):
    status, said = ask("PUT", "/api/v1/players/ada", b" " * 5_000_000, secret, HTTP_TRANSFER_ENCODING="chunked")
    assert (status, json.loads(said)["title"]) == (413, "Request Entity Too Large")


def test_body_that_is_cut_off_is_refused_and_changes_nothing(secret):
    whole = b'{"name": "Ada"}'
    for length in (len(whole) + 1, 500):
        status, said = ask("PUT", "/api/v1/players/ada", whole, secret, CONTENT_LENGTH=str(length))
        assert (status, json.loads(said)["detail"]) == (400, f"The body ends after 15 of {length} bytes.")
    assert not players.exists("ada")


FORM = "application/x-www-form-urlencoded"


@pytest.mark.usefixtures("store")
def test_forms_of_the_site_take_chunks_and_no_half_forms():
    """The token without which a form is refused is in its body."""
    form, cookie = b"language=de&csrfmiddlewaretoken=" + b"a" * 32, "csrftoken=" + "a" * 32
    environ = {"CONTENT_TYPE": FORM, "HTTP_COOKIE": cookie, "HTTP_HOST": "testserver"}
    whole = ask("POST", "/language/", form, CONTENT_LENGTH=str(len(form)), **environ)
    assert whole[0] == 302
    assert ask("POST", "/language/", form, HTTP_TRANSFER_ENCODING="chunked", **environ)[0] == 302
    assert ask("POST", "/language/", form, CONTENT_LENGTH=str(len(form) + 1), **environ)[0] == 400


@pytest.fixture
def site_secret(site_data: None) -> str:  # noqa: ARG001  (the key is one of the site)
    return keys.create(uuid4().hex, "write", by="root")[1]


@pytest.fixture
def connection(site: Site) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        yield connection


def heading(secret: str, *lines: str) -> bytes:
    told = ["POST /api/v1/events HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*told, f"Authorization: Bearer {secret}", *lines, "", ""]).encode()


def answer_on(connection: socket.socket) -> tuple[int, Any]:
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, json.load(answer)


EVENTS = json.dumps({"events": [{"player": "alice", "action": "wsgi"}] * 3}).encode()


@pytest.mark.xdist_group("api_site")
def test_real_server_hands_on_chunks(connection, site_secret):
    connection.sendall(heading(site_secret, "Transfer-Encoding: chunked"))
    for part in (EVENTS[:20], EVENTS[20:], b""):
        connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
    status, answer = answer_on(connection)
    assert (status, answer["accepted"]) == (200, 3)


@pytest.mark.xdist_group("api_site")
def test_real_server_does_not_hand_on_half_a_body_as_whole(connection, site_secret):
    make_board("wsgi", action="wsgi")
    connection.sendall(heading(site_secret, "Content-Length: 500") + EVENTS)
    connection.shutdown(socket.SHUT_WR)
    assert answer_on(connection)[0] == 400
    assert ranking.size("wsgi") == 0
