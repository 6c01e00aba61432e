"""Errors of the HTTP API as `application/problem+json` (RFC 9457): title, detail, and for fields `errors`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from ninja import Schema
from pydantic_core import to_json

CONTENT_TYPE = "application/problem+json"


class Problem(Schema):
    """What went wrong: `errors` names fields and why each is refused; `balance` where there is too little to spend."""

    title: str
    detail: str
    status: int
    errors: dict[str, list[str]] | None = None
    balance: float | None = None


class Refused(Exception):
    """The request is answered with a problem."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more

    def response(self) -> HttpResponse:
        """The problem as an answer."""
        return problem(self.status, self.detail, headers=self.headers, **self.more)


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> HttpResponse:
    """An answer that says what went wrong."""
    body = {"title": HTTPStatus(status).phrase, "detail": detail, "status": status} | more
    return HttpResponse(to_json(body), content_type=CONTENT_TYPE, status=status, headers=dict(headers or {}))


def of_fields(errors: Mapping[str, Sequence[str]]) -> HttpResponse:
    """422: some fields are refused, each with its reasons."""
    told = {name: [str(reason) for reason in reasons] for name, reasons in errors.items()}
    detail = "; ".join(f"{name}: {' '.join(reasons)}" for name, reasons in told.items())
    return problem(422, detail[:2000] or "The request is refused.", errors=told)


def of_validation(error: ValidationError) -> HttpResponse:
    """422 for the error of a service."""
    if hasattr(error, "error_dict"):
        return of_fields(error.message_dict)
    return of_fields({"request": error.messages})


def of_schema(errors: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """422 for what does not fit the schema: the place of each value, such as `events.3.amount`, and why."""
    told: dict[str, list[str]] = {}
    for error in errors[:50]:
        place = [str(part) for part in error.get("loc", ())]
        if place and place[0] in ("body", "query", "path"):
            place = place[2:] if place[0] == "body" else place[1:]
        # Which of several shapes was tried says nothing to who sent it.
        place = [part for part in place if not part[:1].isupper() and part not in ("int", "float", "str")]
        told.setdefault(".".join(place) or "request", []).append(str(error.get("msg", "")))
    return of_fields(told)
