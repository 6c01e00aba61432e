"""Clients who send slowly, or nothing, hold up nobody else."""

import socket
import urllib.request
from contextlib import ExitStack

import pytest

from tests.sites import Site

CLIENTS = 200
BEGUN = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nusername="
CHUNKS = b'POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"eve\r\n'

pytestmark = pytest.mark.xdist_group("attacked_site")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:", BEGUN, CHUNKS], ids=["", "head", "form", "chunks"])
def test_pages_are_served_beside_clients_who_send_no_more(site: Site, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=30))
            client.sendall(sent)
        for path in ("/healthz", "/accounts/login/"):
            with urllib.request.urlopen(f"http://127.0.0.1:{site.port}{path}", timeout=30) as answer:
                assert answer.status == 200


def test_upload_is_refused_by_its_length_before_it_is_sent(site: Site) -> None:
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as client:
        client.sendall(head + b"Content-Length: 300000000\r\n\r\n--x\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 415 ")
