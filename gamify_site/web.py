"""The web process: every page, form and partial.

An ASGI application in front of Django's WSGI handler: a request's body is read before a thread is taken, so that
clients who send it slowly, or never, hold up nobody else. https://asgi.readthedocs.io/en/latest/specs/www.html
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")

# Python runs one thread at a time, and a request mostly waits for Redis on the same machine: more threads only take
# turns. Measured on 2 cores, see docs/running.md.
THREADS = 2
UPLOADS = {"/manage/catalog/"}  # the addresses of forms that take a file
MAX_UPLOAD = 2 * 1_048_576  # bytes: a form with a file of 1 MiB fits; Django keeps 2.5 MB in memory
MAX_WAITING = 128 * 1_048_576  # bytes of all bodies that have not been answered
SMALL = 65_536  # bytes of a body that is read however many others are waiting
PATIENCE = 30  # seconds for a whole body
BODILESS = ("GET", "HEAD")
Headers = list[tuple[str, str]]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ENVIRON = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}

site = get_wsgi_application()

from gamify_site.api.problems import is_for_program  # noqa: E402  (Django comes first)

_threads = ThreadPoolExecutor(THREADS, "request")


class CutOff(RawIOBase):
    """A body that ends too early: Django would take what was sent before the connection broke as whole."""

    def __init__(self, told: str) -> None:
        self.told = told

    def readable(self) -> bool:
        """Allow reading."""
        return True

    def readinto(self, _buffer: Any, /) -> int:
        """Raise `BadRequest`."""
        raise BadRequest(f"The body ends {self.told}.")


class Body:
    """The bytes of one body, which count among those of all until it is answered."""

    waiting = 0  # bytes of all

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        """Take what has come. Raises `Refused` if too much is waiting, and this body is not small."""
        self.parts.append(part)
        self.size += len(part)
        Body.waiting += len(part)
        if Body.waiting > MAX_WAITING and self.size > SMALL:
            raise Refused(503, "The server is reading too much at the moment.", ("Retry-After", "1"))

    def forget(self) -> None:
        """Take it as answered."""
        Body.waiting -= self.size


class Refused(Exception):
    """A body that is not read to its end."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"), *headers]


async def application(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer a request."""
    if scope["type"] != "http":
        return
    body = Body()
    try:
        await _answer_whole(scope, receive, send, body)
    finally:
        body.forget()


async def _answer_whole(scope: Mapping[str, Any], receive: Receive, send: Send, body: Body) -> None:
    """Answer a request once its body is here."""
    try:
        async with asyncio.timeout(PATIENCE):
            environ = await _environ(scope, receive, body)
    except TimeoutError:
        refusal = Refused(408, f"The request took more than {PATIENCE} seconds.")
        await _send(send, refusal.status, refusal.headers, f"{refusal}\n".encode())
        return
    except Refused as refusal:
        await _send(send, refusal.status, refusal.headers, f"{refusal}\n".encode())
        return
    run = asyncio.get_running_loop().run_in_executor
    status, headers, content = await run(_threads, _answer, environ)
    if isinstance(content, bytes):
        await _send(send, status, headers, content)
        return
    parts = iter(content)
    try:
        await send(_start(status, headers))
        while part := await run(_threads, next, parts, b""):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
    finally:
        await run(_threads, content.close)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send(_start(status, headers))
    await send({"type": "http.response.body", "body": body})


def _start(status: int, headers: Headers) -> Message:
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": encoded}


def _answer(environ: dict[str, Any]) -> tuple[int, Headers, Any]:
    """Return status, headers and the content: bytes, or an iterable that is to be closed."""
    response: Any = site(environ, _ignore)
    cookies = (("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values())
    headers = [*response.items(), *cookies]
    if response.streaming:
        return response.status_code, headers, response
    try:
        return response.status_code, headers, response.content
    finally:
        response.close()


def _ignore(_status: str, _headers: Headers, _error: Any = None, /) -> Callable[[bytes], object]:
    """Do nothing: the response that Django returns has all that it tells WSGI here."""
    return len


async def _environ(scope: Mapping[str, Any], receive: Receive, body: Body) -> dict[str, Any]:
    """Return the request as WSGI has it, once its body is here. Raises `Refused`."""
    environ: dict[str, Any] = {
        **ENVIRON,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.url_scheme": scope["scheme"],
    }
    for name, value in scope["headers"]:
        if b"_" in name:  # else `x_forwarded_for` would pass for `X-Forwarded-For`
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]}{joint}{text}" if key in environ else text
    if scope["method"] in BODILESS:
        return {**environ, "wsgi.input": BytesIO()}
    return environ | await _read(environ, receive, body)


async def _read(environ: Mapping[str, Any], receive: Receive, body: Body) -> dict[str, Any]:
    """Read a body; return where Django finds it. Raises `Refused`: too long, or a file that no form takes.

    Of one that is too long no more is read than says so; the HTTP API refuses those itself.
    """
    path, told = environ["PATH_INFO"], environ.get("CONTENT_LENGTH", "")
    length = int(told) if told.isdecimal() else None
    is_api = is_for_program(path)
    most = MAX_UPLOAD if path in UPLOADS else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    is_file = environ.get("CONTENT_TYPE", "").strip().lower().startswith("multipart/")
    if is_file and not is_api and path not in UPLOADS:
        raise Refused(415, "No form here takes files.")
    is_whole = True
    if length is None or length <= most:
        is_whole = await _take(receive, most, body) and length in (None, body.size)
    if not is_api and max(length or 0, body.size) > most:
        raise Refused(413, f"A body has at most {most} bytes here.")
    if length is not None and length > most:
        return {"wsgi.input": BytesIO()}
    if is_whole:
        return {"wsgi.input": BytesIO(b"".join(body.parts)), "CONTENT_LENGTH": str(body.size)}
    told = f"after {body.size} of {length} bytes" if length else "before its last chunk"
    return {"wsgi.input": BufferedReader(CutOff(told)), "CONTENT_LENGTH": "1"}


async def _take(receive: Receive, most: int, body: Body) -> bool:
    """Take little more than so many bytes; return whether the connection was there to the end. Raises `Refused`."""
    message: Message = {"type": "http.request", "more_body": True}
    while message.get("more_body") and body.size <= most:
        message = await receive()
        body.add(message.get("body", b""))
    return bool(message["type"] == "http.request")
