"""The web process: every page, form and partial."""

import os
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")

UPLOADS = {"/manage/catalog/"}  # the addresses of forms that take a file
MOST_BYTES_WITH_FILE = 2 * 1_048_576  # a form with a file of 1 MiB fits; Django keeps 2.5 MB in memory

site = get_wsgi_application()

from gamify_site.api.middleware import PAGES, PREFIX  # noqa: E402  (Django comes first)


class Input(Protocol):
    """The body stream of a WSGI server."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer at the end."""


class WholeBody(RawIOBase):
    """A body as long as its Content-Length says; Django would take what was sent before a connection broke as whole."""

    def __init__(self, source: Input, length: int) -> None:
        self.source = source
        self.length = length
        self.left = length

    def readable(self) -> bool:
        """Allow reading."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what there is of so many bytes. Raises `BadRequest` if the body ends before its length."""
        data = self.source.read(min(len(buffer), self.left))
        if self.left and not data:
            raise BadRequest(f"The body ends after {self.length - self.left} of {self.length} bytes.")
        self.left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request; refuse its body before anything reads it where it is too long, or a file that no form takes.

    Set Content-Length for bodies without one: Django reads no more than it says.
    """
    path, length = environ.get("PATH_INFO", ""), environ.get("CONTENT_LENGTH") or ""
    is_api = path.startswith(PREFIX) and path not in PAGES  # which refuses what is too long itself, and takes no files
    if not is_api and path not in UPLOADS and _is_multipart(environ):
        return _refuse(start_response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "No form here takes files.")
    if length.isdecimal():
        if not is_api and int(length) > most_bytes(path):
            return _refuse_as_too_long(start_response, path)
        environ["wsgi.input"] = BufferedReader(WholeBody(environ["wsgi.input"], int(length)))
    elif environ.get("wsgi.input_terminated") and environ["REQUEST_METHOD"] not in ("GET", "HEAD"):  # chunks, or HTTP/2
        body = environ["wsgi.input"].read(most_bytes(path) + 1)
        if not is_api and len(body) > most_bytes(path):
            return _refuse_as_too_long(start_response, path)
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return site(environ, start_response)


def most_bytes(path: str) -> int:
    """Return how long a body may be: files are kept in memory, and fit where a form takes one."""
    return MOST_BYTES_WITH_FILE if path in UPLOADS else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _is_multipart(environ: dict[str, Any]) -> bool:
    kind: str = environ.get("CONTENT_TYPE") or ""
    return kind.strip().lower().startswith("multipart/")


def _refuse_as_too_long(start_response: Callable[..., Any], path: str) -> Iterable[bytes]:
    reason = f"A body has at most {most_bytes(path)} bytes here."
    return _refuse(start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)


def _refuse(start_response: Callable[..., Any], status: HTTPStatus, reason: str) -> Iterable[bytes]:
    """Answer in plain text: no form of ours sends such a body."""
    body = f"{reason}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", [*headers, ("X-Content-Type-Options", "nosniff")])
    return [body]
