"""Write answers as JSON, with decimals exactly as numbers."""

import json
import re
import secrets
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from ninja.renderers import BaseRenderer
from ninja.responses import NinjaJSONEncoder

MARK = secrets.token_hex(16)  # of this process; no text that anybody sends can hold it
MARKED = re.compile(f'"{MARK}([^"]*)"')


class _Encoder(NinjaJSONEncoder):
    """Marks decimals, which Python's JSON cannot write as numbers."""

    def default(self, o: Any) -> Any:
        """Return what stands for the value."""
        return f"{MARK}{o:f}" if isinstance(o, Decimal) else super().default(o)


def dump(value: Any) -> str:
    """Return the value as JSON; a decimal is a number with all its digits: 61.25, not "61.25" and never 61.2499999."""
    text = json.dumps(value, cls=_Encoder)
    return MARKED.sub(r"\1", text) if MARK in text else text


class ExactRenderer(BaseRenderer):
    """Let Ninja write answers in this way."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:  # noqa: ARG002
        """Return an answer as JSON."""
        return dump(data)
