"""Read what a request sends: at most 1 MiB, plain or gzip, one JSON value whose numbers are exact."""

import json
import zlib
from decimal import Decimal, InvalidOperation
from gzip import GzipFile
from io import BytesIO
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from ninja.parser import Parser

from gamify_site.api.fields import MAX_INTEGER_DIGITS
from gamify_site.api.problems import Refused

MOST_BYTES = 1_048_576
NOT_A_NUMBER = float("nan")  # what is no number, or none that can be told; every field refuses it by its name


def read(request: HttpRequest) -> bytes:
    """Return the body, unpacked. Raises `Refused`: 413 if it is too long, 415 for another encoding, 400 for bad gzip.

    One that is cut off is a `BadRequest`, which `gamify_site.web` raises.
    """
    try:
        body = request.body
    except RequestDataTooBig:
        raise _too_long() from None
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        body = _unpack(body)
    elif encoding not in ("", "identity"):
        raise Refused(415, "Send the body as it is, or with Content-Encoding: gzip.")
    if len(body) > MOST_BYTES:
        raise _too_long()
    return body


def _unpack(body: bytes) -> bytes:
    """Unpack all members, but no more than a body may have: a small file can unpack to gigabytes."""
    try:
        return GzipFile(fileobj=BytesIO(body)).read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(400, f"The body is no gzip: {error}.") from None


def _too_long() -> Refused:
    return Refused(413, f"A body has at most {MOST_BYTES} bytes, unpacked too.")


def parse(body: bytes) -> Any:
    """Return the JSON value, with numbers as int or Decimal, exactly as they are written.

    NaN, Infinity and numbers out of all proportion are `NOT_A_NUMBER`, so that they are refused at their field. Raises
    `Refused` with 400: bad UTF-8, nesting too deep, anything after the value.
    """
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, parse_int=_integer, parse_float=_decimal, parse_constant=lambda _: NOT_A_NUMBER)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is no JSON: {error}.") from None


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= MAX_INTEGER_DIGITS else NOT_A_NUMBER


def _decimal(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        return NOT_A_NUMBER


class ExactParser(Parser):
    """Let Ninja read bodies in this way."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the JSON value of the body."""
        return parse(read(request))
