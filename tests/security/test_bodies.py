"""Bodies that are too long, or files where no form takes any, are refused before anything reads them."""

import asyncio
import tempfile
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from gamify_site import web

MULTIPART = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n%s\r\n--x--\r\n'
IMPORT = "/manage/catalog/"


PART = 65_536  # bytes that arrive at a time


def send(path: str, body: bytes, content_type: str, *, is_chunked: bool = False, length: int = 0) -> tuple[int, int]:
    """Send a request to the web process's application; return the status and how many bytes of the body it took."""
    parts = [body[start : start + PART] for start in range(0, len(body), PART)] or [b""]
    headers = {"host": "testserver", "content-type": content_type}
    if not is_chunked:
        headers["content-length"] = str(length or len(body))
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("testserver", 80),
        "client": ("198.51.100.7", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    taken, told = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        part = parts.pop(0)
        taken += len(part)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def answer(message: dict[str, Any]) -> None:
        told.append(message)

    asyncio.run(web.application(scope, receive, answer))
    return told[0]["status"], taken


@pytest.fixture(autouse=True)
def nothing_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise AssertionError("An upload went to a file.")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", fail)
    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", fail)


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/language/", "/none-such/", "/api/v1/docs"])
@pytest.mark.parametrize("content_type", [MULTIPART, "Multipart/Form-Data; boundary=x", "multipart/mixed; boundary=x"])
def test_files_are_refused_where_no_form_takes_them(store, path, content_type):  # noqa: ARG001
    for is_chunked in (False, True):
        status, taken = send(path, FILE % b"{}", content_type, is_chunked=is_chunked)
        assert (status, taken) == (415, 0)


@pytest.mark.parametrize("content_type", [MULTIPART, "application/x-www-form-urlencoded", "text/plain", ""])
@pytest.mark.parametrize("path", ["/accounts/login/", IMPORT])
def test_body_that_says_that_it_is_too_long_is_not_read(store, path, content_type):  # noqa: ARG001
    status, taken = send(path, b"a=1", content_type, length=300_000_000)
    assert status == (415 if content_type == MULTIPART and path != IMPORT else 413)
    assert taken == 0


@pytest.mark.parametrize("path", ["/accounts/login/", IMPORT])
def test_body_that_does_not_say_its_length_is_read_no_further_than_it_may_be_long(store, path):  # noqa: ARG001
    status, taken = send(path, b"a" * 9_000_000, "application/x-www-form-urlencoded", is_chunked=True)
    assert status == 413
    assert taken <= (web.MAX_UPLOAD if path == IMPORT else settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + PART


def test_import_takes_a_file_and_keeps_it_in_memory(store):  # noqa: ARG001
    assert reverse("manage_exchange") == IMPORT
    length = web.MAX_UPLOAD - len(FILE)
    assert web.MAX_UPLOAD < settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    for is_chunked in (False, True):
        status, _taken = send(IMPORT, FILE % (b" " * length), MULTIPART, is_chunked=is_chunked)
        assert status == 403, "it was read, and has no token"


def test_forms_of_usual_length_pass(store):  # noqa: ARG001
    status, _taken = send("/accounts/login/", b"a=" + b"b" * 900_000, "application/x-www-form-urlencoded")
    assert status == 403, "it was read, and has no token"
