"""The live process: `/live/stream` sends a page what changes, `/live/healthz` says that it is there, and
`/metrics` tells its numbers.

A stream is a bare ASGI endpoint: it needs a fifth of what a streaming response of a framework does, and there may be
thousands of them.
"""

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.request import validate_host
from prometheus_client import Gauge
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from achievements.services import feed
from gamify_site.api.guard import check_local_or_reader
from gamify_site.api.problems import Refused as NoReader
from gamify_site.live import MOST_STREAMS, viewers
from gamify_site.live.hub import Hub
from gamify_site.live.stream import Stream, Watched, event
from gamify_site.live.viewers import Viewer
from gamify_site.ops import metrics
from gamify_site.store.connection import UNANSWERED
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards
from leaderboards.views.query import BoardQuery

MOST_OF_AN_ADDRESS = 50
SLOWEST = 10.0  # seconds that a reader may take for what it is sent
RETRY = (2000, 6000)  # milliseconds: browsers come back spread over this time
MAX_ENTRY_ID_LENGTH = 40

OPEN_STREAMS = Gauge("gamify_open_streams", "Streams that are open.")

logger = logging.getLogger(__name__)


class Refused(Exception):
    """A request that gets no stream."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


RawHeaders = list[tuple[bytes, bytes]]


class Streams:
    """The endpoint of streams."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.places: Counter[str] = Counter()  # taken, by address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._place(_address(Request(scope))):
                stream, headers = await self._open(Request(scope))
                await self._serve(stream, headers, scope, receive, send)
        except Refused as refused:
            retry = {"Retry-After": "30"} if refused.status in {429, 503} else {}
            await PlainTextResponse(str(refused), refused.status, retry)(scope, receive, send)

    @contextmanager
    def _place(self, address: str) -> Iterator[None]:
        """Take a place before anything is waited for, so that many at once cannot slip through. Raise `Refused`."""
        if self.places.total() >= MOST_STREAMS or self.places[address] >= MOST_OF_AN_ADDRESS:
            raise Refused(429, "Too many streams are open.")
        self.places[address] += 1
        try:
            yield
        finally:
            self.places[address] -= 1
            if not self.places[address]:
                del self.places[address]

    async def _serve(self, stream: Stream, headers: RawHeaders, scope: Scope, receive: Receive, send: Send) -> None:
        scope.clear()  # what came with the request is not needed any more, and there may be thousands of these
        self.hub.join(stream)
        watch = asyncio.create_task(_close_when_gone(stream, receive))
        try:
            await _send_all(stream, headers, send)
        finally:
            watch.cancel()
            self.hub.leave(stream)

    async def _open(self, request: Request) -> tuple[Stream, RawHeaders]:
        headers = _headers(request.headers)
        try:
            return await asyncio.to_thread(_make, request), headers
        except UNANSWERED as error:
            raise Refused(503, "The data store does not answer.") from error


def _address(request: Request) -> str:
    return viewers.address_of(request.client.host if request.client else "", request.headers)


def _make(request: Request) -> Stream:
    """The stream that is asked for; asks Redis who asks, and in which place of the news they are."""
    viewer = viewers.identify(request.headers)
    watched = _watched(request, viewer)
    if watched is None and viewer.player is None:
        raise Refused(401, "Log in, or name a board.")
    given = request.headers.get("last-event-id") or request.query_params.get("last", "")
    return Stream(viewer, watched, _place(viewer.player, given))


def _watched(request: Request, viewer: Viewer) -> Watched | None:
    slug = request.query_params.get("board")
    if not slug:
        return None
    try:
        query = BoardQuery.read({"window": request.query_params.get("window", "")}, boards.get(slug))
    except UnknownBoard as error:
        raise Refused(404, f"There is no board {slug!r}.") from error
    except ValidationError as error:
        raise Refused(400, " ".join(error.messages)) from error
    return Watched(slug, query.window, viewer.language)


def _place(player: str | None, given: str) -> str:
    """Behind which news the stream begins: what the browser has seen last, else what there is now."""
    if player is None:
        return feed.START
    if given and len(given) <= MAX_ENTRY_ID_LENGTH:
        with suppress(ValueError):
            feed.order(given)
            return given
    return feed.last_id(player)


def _headers(asked: Headers) -> RawHeaders:
    """The answer's headers. Pages of this site alone may read it: their origin is ours but for the port."""
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # nginx must not gather what is to arrive at once
    ]
    origin = asked.get("origin")
    if origin is None:
        return headers
    if origin not in settings.CSRF_TRUSTED_ORIGINS and not validate_host(
        urlsplit(origin).hostname or "", settings.ALLOWED_HOSTS
    ):
        raise Refused(403, "Pages of other sites get no stream.")
    return [
        *headers,
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def _send_all(stream: Stream, headers: RawHeaders, send: Send) -> None:
    """Sends what comes until the stream is closed; who reads too slowly is dropped, never waited for."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    # The id tells the browser where it is, before there are any news: it says so when it comes back.
    retry = f"retry: {random.randint(*RETRY)}\n".encode()  # noqa: S311  (so that not all come back at once)
    await send(_body(retry + event("ping", "", stream.last)))
    with suppress(TimeoutError):
        while not stream.is_closed:
            data = await stream.take()
            if data:
                await asyncio.wait_for(send(_body(data)), SLOWEST)
        await asyncio.wait_for(send(_body(b"", is_last=True)), SLOWEST)


def _body(data: bytes, *, is_last: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": not is_last}


async def _close_when_gone(stream: Stream, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()


def _end_with(work: asyncio.Task[None]) -> None:
    """Without the hub nothing would ever be sent: a process that is replaced is better than one that is silent."""
    if not work.cancelled() and work.exception():
        logger.critical("The hub has failed; the process ends.", exc_info=work.exception())
        os._exit(1)


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _metrics(request: Request) -> Response:
    """The numbers of this process, for whom the web process tells its own."""
    asked = HttpRequest()
    asked.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    asked.META["REMOTE_ADDR"] = request.client.host if request.client else ""
    try:
        await asyncio.to_thread(check_local_or_reader, asked)
    except NoReader as refused:
        return PlainTextResponse(f"{refused}\n", refused.status, refused.headers)
    except UNANSWERED:
        return PlainTextResponse("The data store does not answer.\n", 503, {"Retry-After": "30"})
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


def make() -> ASGIApp:
    """The ASGI application, with a hub of its own."""
    hub = Hub()

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        task = asyncio.create_task(hub.run())
        task.add_done_callback(_end_with)
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    routes = [Route("/live/stream", Streams(hub)), Route("/live/healthz", _healthz), Route("/metrics", _metrics)]
    OPEN_STREAMS.set_function(lambda: len(hub.streams))
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.hub = hub
    return app
