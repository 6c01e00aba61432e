"""What a request sends: at most 1 MiB, plain or gzip, one strict JSON value."""

import zlib
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from ninja.parser import Parser
from pydantic import ValidationError as SchemaError
from pydantic_core import from_json

from gamify_site.api.problems import Refused

MOST_BYTES = 1_048_576
GZIP = 16 + zlib.MAX_WBITS  # a gzip header, not a bare stream


def read(request: HttpRequest) -> bytes:
    """The body, unpacked. Raises `Refused`: 413 where it is too long, 415 for another encoding, 400 for broken gzip."""
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
    """No more of it than may be: a small file can unpack to gigabytes."""
    unpacker = zlib.decompressobj(GZIP)
    try:
        unpacked = unpacker.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise Refused(400, f"The body is no gzip: {error}.") from None
    if len(unpacked) > MOST_BYTES:
        raise _too_long()
    if not unpacker.eof:
        raise Refused(400, "The gzip file ends too early.")
    return unpacked


def _too_long() -> Refused:
    return Refused(413, f"A body has at most {MOST_BYTES} bytes, unpacked too.")


def parse(body: bytes) -> Any:
    """The JSON value. Raises `Refused` with 400: bad UTF-8, NaN, nesting too deep, anything after it."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(400, f"The body is no JSON: {error}.") from None


def check_json(error: SchemaError) -> None:
    """Raises `Refused` with 400 where a body is no JSON at all, and not only another one than was asked for."""
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        if found["type"] == "json_invalid":
            raise Refused(400, f"The body is no JSON: {found['msg']}.")


class StrictParser(Parser):
    """Bodies as `read` and `parse` take them."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The JSON value of the body."""
        return parse(read(request))
