"""Bodies that are too long, or files where no form takes any, are refused before anything reads them."""

import tempfile
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from gamify_site import wsgi
from gamify_site.wsgi import application

MULTIPART = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n%s\r\n--x--\r\n'
IMPORT = "/manage/catalog/"


class Unread(BytesIO):
    """A body; `taken` says how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def send(path: str, body: bytes, content_type: str, *, is_chunked: bool = False, length: int = 0) -> tuple[int, Unread]:
    told: list[str] = []
    source = Unread(body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "198.51.100.7",
        "HTTP_HOST": "testserver",
        "CONTENT_TYPE": content_type,
        "wsgi.input": source,
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
    }
    if not is_chunked:
        environ["CONTENT_LENGTH"] = str(length or len(body))
    b"".join(application(environ, lambda status, _headers: told.append(status)))
    return int(told[0].split()[0]), source


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
        status, source = send(path, FILE % b"{}", content_type, is_chunked=is_chunked)
        assert (status, source.taken) == (415, 0)


@pytest.mark.parametrize("content_type", [MULTIPART, "application/x-www-form-urlencoded", "text/plain", ""])
@pytest.mark.parametrize("path", ["/accounts/login/", IMPORT])
def test_body_that_says_that_it_is_too_long_is_not_read(store, path, content_type):  # noqa: ARG001
    status, source = send(path, b"a=1", content_type, length=300_000_000)
    assert status == (415 if content_type == MULTIPART and path != IMPORT else 413)
    assert source.taken == 0


@pytest.mark.parametrize("path", ["/accounts/login/", IMPORT])
def test_body_that_does_not_say_its_length_is_read_no_further_than_it_may_be_long(store, path):  # noqa: ARG001
    status, source = send(path, b"a" * 9_000_000, "application/x-www-form-urlencoded", is_chunked=True)
    assert status == 413
    assert source.taken <= wsgi.most_bytes(path) + 1


def test_import_takes_a_file_and_keeps_it_in_memory(store):  # noqa: ARG001
    assert reverse("manage_exchange") == IMPORT
    length = wsgi.most_bytes(IMPORT) - len(FILE)
    assert wsgi.most_bytes(IMPORT) < settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    for is_chunked in (False, True):
        status, _source = send(IMPORT, FILE % (b" " * length), MULTIPART, is_chunked=is_chunked)
        assert status == 403, "it was read, and has no token"


def test_forms_of_usual_length_pass(store):  # noqa: ARG001
    status, _source = send("/accounts/login/", b"a=" + b"b" * 900_000, "application/x-www-form-urlencoded")
    assert status == 403, "it was read, and has no token"
