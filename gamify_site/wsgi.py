"""The web process: every page, form and partial."""

import os
from collections.abc import Callable, Iterable
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, Protocol

from django.core.exceptions import BadRequest
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")

MOST_UNTOLD = 2 * 1_048_576  # bytes of a body without Content-Length: a form with a file of 1 MiB fits

site = get_wsgi_application()


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
    """Answer a request. Set Content-Length for bodies without one: Django reads no more than it says."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        environ["wsgi.input"] = BufferedReader(WholeBody(environ["wsgi.input"], int(length)))
    elif environ.get("wsgi.input_terminated") and environ["REQUEST_METHOD"] not in ("GET", "HEAD"):  # chunks, or HTTP/2
        body = environ["wsgi.input"].read(MOST_UNTOLD)
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return site(environ, start_response)
