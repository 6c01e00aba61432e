"""Errors of the HTTP API as `application/problem+json` (RFC 9457): title, detail, and for fields `errors`."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from ninja import Schema

from gamify_site.api.answers import dump
from gamify_site.api.fields import FORM, PATTERN_REASONS, Score
from gamify_site.store.errors import StoreUnavailable
from gamify_site.texts import quoted

PREFIX = "/api/v1/"
PAGES = {"/api/v1/docs"}  # pages for people, which want the policy for scripts
CONTENT_TYPE = "application/problem+json"
MOST_REASONS = 50
ONLY_WITH_ID = (
    "It may have been carried out. Send it again if all in it has an id, or it an Idempotency-Key; "
    "without, it may count twice."
)


def is_for_program(path: str) -> bool:
    """Return whether the API answers at the path with JSON, errors included."""
    return path.startswith(PREFIX) and path not in PAGES


class Problem(Schema):
    """What went wrong: `errors` names fields and why each is refused; `balance` where there is too little to spend."""

    title: str
    detail: str
    status: int
    errors: dict[str, list[str]] | None = None
    balance: Score | None = None


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
    return HttpResponse(dump(body), content_type=CONTENT_TYPE, status=status, headers=dict(headers or {}))


def of_unavailable(error: BaseException, *, may_count_twice: bool = False) -> HttpResponse:
    """Return 503 with `Retry-After`: the data store does not answer; and whether the call may be sent again."""
    unavailable = error if isinstance(error, StoreUnavailable) else StoreUnavailable()
    headers = {"Retry-After": str(unavailable.retry_after)}
    again = ONLY_WITH_ID if may_count_twice else "Send it again."
    return problem(503, f"{unavailable} {again}", headers=headers)


def of_bug() -> HttpResponse:
    """Return 500: the reason is in the log."""
    return problem(500, "This is our mistake. It is in the log.")


def of_fields(errors: Mapping[str, Sequence[str]]) -> HttpResponse:
    """422: some fields are refused, each with its reasons."""
    told = {name: [str(reason) for reason in reasons] for name, reasons in errors.items()}
    detail = " ".join(f"{name}: {' '.join(reasons)}" for name, reasons in told.items())
    return problem(422, detail[:2000] or "The request is refused.", errors=told)


def of_validation(error: ValidationError) -> HttpResponse:
    """422 for the error of a service."""
    if hasattr(error, "error_dict"):
        return of_fields(error.message_dict)
    return of_fields({"request": error.messages})


def of_schema(errors: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """422 for what Ninja does not find in a request: the place of each value, such as `scores.3.score`, and why."""
    return of_fields(
        reasons({**error, "loc": error["loc"][2 if error["loc"][0] == "body" else 1 :]} for error in errors)
    )


def reasons(errors: Iterable[Mapping[str, Any]], whole: str = "request") -> dict[str, list[str]]:
    """Return why a value does not fit its schema, as sentences by the path of each field; `whole` is all of it."""
    told: dict[str, list[str]] = {}
    for error in islice(errors, MOST_REASONS):
        path = ".".join(part for part in map(quoted, error["loc"]) if not part.startswith(FORM))
        told.setdefault(path or whole, []).append(f"{_reason(error).rstrip('.')}.")
    return told


def _reason(error: Mapping[str, Any]) -> str:
    """Return what to do about an error of Pydantic; its own text if we have no words for its type."""
    limits = error.get("ctx", {})
    match error["type"]:
        case "model_type" | "model_attributes_type":  # their texts name our classes
            return "Enter an object"
        case "too_long":
            return f"Send at most {limits['max_length']:,} items, not {limits['actual_length']:,}"
        case "string_too_long":
            return f"Enter at most {_characters(limits['max_length'])}"
        case "string_too_short":
            return f"Enter at least {_characters(limits['min_length'])}"
        case "string_pattern_mismatch":
            return PATTERN_REASONS[limits["pattern"]]
    return str(error["msg"])


def _characters(count: int) -> str:
    return f"{count:,} character{'' if count == 1 else 's'}"
