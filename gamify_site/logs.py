"""Log lines as JSON, one object a line, each with the id of the request that it belongs to."""

import json
import logging
import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """The id of the request that is being answered here; None outside of requests."""
    return _request_id.get()


def _forget(**_: Any) -> None:
    _request_id.set(None)


# Not when the middleware is left: Django logs some answers, and sends the bodies of some, after that.
request_finished.connect(_forget)


class RequestIdMiddleware:
    """Takes the id that a request came with, or makes one; the answer says it too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        chosen = given if GOOD_ID.fullmatch(given) else secrets.token_hex(8)
        _request_id.set(chosen)
        response = self.get_response(request)
        response.headers[HEADER] = chosen
        return response


class RequestIdFilter(logging.Filter):
    """Puts the id of the request on every record, as `request_id`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass."""
        record.request_id = request_id()
        return True


class JsonLines(logging.Formatter):
    """A record as one line: time, level, logger, message, request_id, and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, in ASCII, so that nothing in a message can end or break it."""
        line: dict[str, str | None] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", None),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
